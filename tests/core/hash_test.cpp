#include <mgan/core/hash.hpp>
#include <support/catch.hpp>

#include <cstdint>

TEST_CASE("FNV-1a gives the published known answers") {
    CHECK(mgan::fnv_1a("") == 0xcbf29ce484222325u);
    CHECK(mgan::fnv_1a("a") == 0xaf63dc4c8601ec8cu);
    CHECK(mgan::fnv_1a("foobar") == 0x85944171f73967e8u);
    mgan::Fnv1a number, bytes;
    number.add(std::int64_t{-2});
    for (const int byte : {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
        bytes.add(static_cast<std::uint8_t>(byte));
    CHECK(number.value() == bytes.value());
}
