#include "bytes.hpp"

#include <mgan/core/checksum.hpp>
#include <mgan/io/flat_json.hpp>
#include <mgan/io/json_text.hpp>
#include <support/catch.hpp>

#include <bit>
#include <limits>

using mgan::Checksum;
using mgan::FlatJsonItem;
using mgan::FormatError;
using mgan_test::message_of;
using mgan_test::to_bytes;

namespace {

std::string string_text(std::string_view text) {
    std::string json;
    mgan::append_json_string(json, text);
    return json;
}
std::string scalar_text(const mgan::JsonScalar& scalar) {
    std::string json;
    mgan::append_json_scalar(json, scalar);
    return json;
}
std::vector<FlatJsonItem> flat(std::string_view text) {
    return mgan::read_flat_json(to_bytes(text), "x.json");
}

}  // namespace

TEST_CASE("Checksum is CRC-64/XZ, with its published check value") {
    Checksum sum;
    CHECK(sum.text() == "0000000000000000");
    const auto digits = to_bytes("123456789");
    sum.add(digits);
    CHECK(sum.value() == 0x995DC9BBDF1939FAu);
    CHECK(sum.text() == "995dc9bbdf1939fa");
}

TEST_CASE("Checksum: the pieces in which bytes come play no part") {
    std::vector<std::byte> bytes;
    for (unsigned i = 0; i < 67; ++i) bytes.push_back(static_cast<std::byte>(i * 37 + 11));
    Checksum whole;
    whole.add(bytes);
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        Checksum parts;
        parts.add(std::span<const std::byte>(bytes).first(cut));
        parts.add(std::span<const std::byte>(bytes).subspan(cut));
        CHECK(parts.value() == whole.value());
    }
    Checksum a, b;
    a.add("ab"), a.add("c");
    b.add("a"), b.add("bc");
    CHECK(a.value() != b.value());
}

TEST_CASE("is_utf8 knows the well-formed sequences of RFC 3629") {
    for (const char* good :
         {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
          "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "a\xc3\xa9z"}) {
        CHECK(mgan::is_utf8(good));
    }
    for (const char* bad : {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2g", "\xe0\x9f\xbf",
                            "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
                            "\xf5\x80\x80\x80", "\xff", "\xe2\x9c", "\xe2\x9cz", "\xc2\xc2"}) {
        CHECK_FALSE(mgan::is_utf8(bad));
    }
}

TEST_CASE("JSON strings are escaped in one way, and read back as they were") {
    CHECK(string_text("a/\xc3\xa9") == "\"a/\xc3\xa9\"");
    const std::string all = "\b\t\n\f\r\"\\";
    CHECK(string_text(all) == "\"\\b\\t\\n\\f\\r\\\"\\\\\"");
    const auto items = flat("{\"x\":" + string_text(all) + "}");
    CHECK(std::get<std::string>(items.at(0).value) == all);
    CHECK_THROWS_AS(string_text("\x1f"), mgan::Error);
    CHECK_THROWS_AS(string_text("\xff"), mgan::Error);
}

TEST_CASE("JSON numbers are the shortest that read back as the same bits") {
    for (const double x : {0.0, -0.0, 1.0, 0.1, 1.0 / 3, 1e22, 1e23, 123456789012345680.0, -5.5e-7,
                           5e-324, std::numeric_limits<double>::max(), 0x1.fffffffffffffp-3}) {
        const auto items = flat("{\"x\":" + scalar_text(x) + "}");
        const double back = std::get<double>(items.at(0).value);
        CHECK(std::bit_cast<std::uint64_t>(back) == std::bit_cast<std::uint64_t>(x));
    }
    CHECK(scalar_text(0.1) == "0.1");
    CHECK(scalar_text(5.0) == "5.0");
    CHECK(scalar_text(std::numeric_limits<double>::quiet_NaN()) == "null");
    CHECK(scalar_text(~std::uint64_t{0}) == "18446744073709551615");
    CHECK(scalar_text(std::int64_t{-7}) == "-7");
    CHECK(scalar_text(true) == "true");
    CHECK(scalar_text(false) == "false");
    CHECK(scalar_text({}) == "null");
}

TEST_CASE("in_quotes: a hostile text neither floods nor steers a terminal") {
    CHECK(mgan::in_quotes("a\x1b[2J\x7f\n") ==
          "'a?[2J?"
          "?'");
    CHECK(mgan::in_quotes(std::string(81, 'x')) == "'" + std::string(80, 'x') + "...'");
}

TEST_CASE("Flat JSON: nested objects are dotted keys") {
    const auto items =
        flat(R"({"a":1,"b":{"c":-2,"d":{"e":"x"},"f":{}},"g":[1,{"h":2},[3]],"i":null,
                               "j":true,"k":0.5,"l":{}})");
    REQUIRE(items.size() == 9);
    CHECK(items[0].key == "a");
    CHECK(std::get<std::uint64_t>(items[0].value) == 1);
    CHECK(items[1].key == "b.c");
    CHECK(std::get<std::int64_t>(items[1].value) == -2);
    CHECK(items[2].key == "b.d.e");
    CHECK(std::get<std::string>(items[2].value) == "x");
    CHECK(items[3].key == "b.f");
    CHECK(items[3].kind == FlatJsonItem::Kind::empty_object);
    CHECK(items[4].key == "g");
    CHECK(items[4].kind == FlatJsonItem::Kind::array);
    CHECK(items[5].key == "i");
    CHECK(std::holds_alternative<std::monostate>(items[5].value));
    CHECK(std::get<bool>(items[6].value));
    CHECK(std::get<double>(items[7].value) == 0.5);
    CHECK(items[8].key == "l");
    CHECK(flat("{}").empty());
}

TEST_CASE("Flat JSON: what is no object, or too deep, is refused") {
    for (const char* bad : {"", "1", "[]", "\"x\"", "null", "{", "{}x", "{\"a\":1,}", "{\"a\":nan}",
                            "{\"a\":1e999}", "{\"a\":-}", "{\"a\":Infinity}"}) {
        INFO(bad);
        CHECK_THROWS_AS(flat(bad), FormatError);
    }
    std::string deep = "{\"a\":" + std::string(1000, '[');
    CHECK(message_of<FormatError>([&] { flat(deep); }).find("deeper than 16") != std::string::npos);
    CHECK_THROWS_AS(flat("{\"" + std::string(1025, 'k') + "\":1}"), FormatError);
}
