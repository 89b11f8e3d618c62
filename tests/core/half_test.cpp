// Numbers of 16 bits: every one of them, and what lies between two.
#include <mgan/core/half.hpp>

#include <support/catch.hpp>

#include <cmath>

using namespace mgan;

TEST_CASE("bfloat16: each of the 65,536 is a float, and rounds to itself") {
    for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
        const auto half = static_cast<std::uint16_t>(bits);
        const float x = from_bfloat16(half);
        if (std::isnan(x)) {
            CHECK(std::isnan(from_bfloat16(bfloat16_of(x))));
        } else {
            CHECK(bfloat16_of(x) == half);
        }
    }
}

TEST_CASE("bfloat16: a float goes to the nearer neighbour, from half way to the even one") {
    for (std::uint32_t below = 0; below < 0x7F80; ++below) {  // all that are finite, and infinity
        for (const std::uint32_t rest : {1u, 0x7FFFu, 0x8000u, 0x8001u, 0xFFFFu}) {
            const bool up = rest > 0x8000u || (rest == 0x8000u && below % 2 == 1);
            const auto x = bit_cast<float>(below << 16 | rest);
            const auto expected = static_cast<std::uint16_t>(below + (up ? 1 : 0));
            CHECK(bfloat16_of(x) == expected);
            CHECK(bfloat16_of(-x) == (expected | 0x8000));
        }
    }
    // A NaN whose fraction lies in the lower bits alone must not become infinity.
    CHECK(std::isnan(from_bfloat16(bfloat16_of(bit_cast<float>(0x7F800001u)))));
}

TEST_CASE("float16: the value is (-1)^s 2^(e - 15) (1 + f / 1024)") {
    for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
        const auto exponent = static_cast<int>(bits >> 10 & 31);
        const double fraction = static_cast<double>(bits & 1023);
        const float x = from_float16(static_cast<std::uint16_t>(bits));
        CHECK(std::signbit(x) == (bits > 0x7FFF));
        if (exponent == 31) {
            CHECK((fraction == 0.0 ? std::isinf(x) : std::isnan(x)));
        } else {
            const double size = exponent == 0 ? std::ldexp(fraction, -24)
                                              : std::ldexp(1024.0 + fraction, exponent - 25);
            CHECK(std::abs(static_cast<double>(x)) == size);
        }
    }
}
