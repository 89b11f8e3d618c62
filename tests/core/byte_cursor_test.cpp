#include <mgan/core/byte_cursor.hpp>
#include <support/catch.hpp>
#include <support/smf_bytes.hpp>

using mgan::ByteCursor;
using mgan::FormatError;

TEST_CASE("ByteCursor reads integers of both byte orders") {
    const Bytes bytes = hex("7f 0102 03040506 04030201 0807060504030201");
    ByteCursor in(bytes);
    CHECK(in.peek() == 0x7F);
    CHECK(in.u8() == 0x7F);
    CHECK(in.be16() == 0x0102);
    CHECK(in.be32() == 0x03040506u);
    CHECK(in.le32() == 0x01020304u);
    CHECK(in.le64() == 0x0102030405060708u);
    CHECK(in.remaining() == 0);
    CHECK(in.offset() == bytes.size());
}

TEST_CASE("ByteCursor: every read beyond the limit is a FormatError and moves nothing") {
    const Bytes bytes = hex("01 02 03");
    ByteCursor in(bytes, "song.mid");
    in.skip(2);
    CHECK_THROWS_AS(in.be16(), FormatError);
    CHECK_THROWS_AS(in.be32(), FormatError);
    CHECK_THROWS_AS(in.le32(), FormatError);
    CHECK_THROWS_AS(in.le64(), FormatError);
    CHECK_THROWS_AS(in.take(2), FormatError);
    CHECK_THROWS_AS(in.skip(2), FormatError);
    CHECK_THROWS_AS(in.skip(~0ull), FormatError);
    CHECK_THROWS_AS(in.seek(4), FormatError);
    CHECK_THROWS_AS(in.set_limit(4), FormatError);
    CHECK_THROWS_AS(in.set_limit(1), FormatError);
    CHECK(in.offset() == 2);
    CHECK(in.u8() == 3);
    CHECK_THROWS_AS(in.peek(), FormatError);
    CHECK_THROWS_AS(in.u8(), FormatError);
}

TEST_CASE("ByteCursor: an error names the data, the offset and what was missing") {
    const Bytes bytes = hex("01 02 03");
    ByteCursor in(bytes, "song.mid");
    in.skip(1);
    try {
        (void)in.be32();
        FAIL("4 bytes were read where 2 remain");
    } catch (const FormatError& error) {
        CHECK(std::string(error.what()) == "song.mid: byte 1: expected 4 more bytes, 2 remain");
        CHECK(error.offset() == 1);
    }
}

TEST_CASE("ByteCursor: a limit inside the data holds like its end") {
    const Bytes bytes = hex("01 02 03 04");
    ByteCursor in(bytes);
    in.set_limit(2);
    CHECK(in.has(2));
    CHECK_FALSE(in.has(3));
    CHECK_FALSE(in.has(~0ull));
    CHECK(in.take(2).size() == 2);
    CHECK_THROWS_AS(in.u8(), FormatError);
    in.set_limit(4);
    CHECK(in.u8() == 3);
}

TEST_CASE("ByteCursor finds a text ahead, and stays where there is none") {
    const Bytes bytes = text_bytes("..MTMTrk..MTrk");
    ByteCursor in(bytes);
    CHECK_FALSE(in.next_is("MTrk"));
    REQUIRE(in.find("MTrk"));
    CHECK(in.offset() == 4);
    CHECK(in.next_is("MTrk"));
    in.skip(1);
    in.set_limit(13);
    CHECK_FALSE(in.find("MTrk"));
    CHECK(in.offset() == 5);
    in.set_limit(14);
    CHECK(in.find("MTrk"));
    CHECK(in.offset() == 10);
    CHECK_FALSE(in.next_is("MTrk..."));
}

TEST_CASE("ByteCursor: what remains ends at the limit, and a look moves and counts nothing") {
    const Bytes bytes = hex("01 02 03 04 05");
    ByteCursor in(bytes);
    in.skip(1);
    in.set_limit(4);
    const auto rest = in.rest();
    CHECK(Bytes(rest.begin(), rest.end()) == hex("02 03 04"));
    CHECK(in.offset() == 1);
    CHECK(in.reads() == 0);
    in.skip(3);
    CHECK(in.rest().empty());
}

TEST_CASE("ByteCursor counts the bytes that were looked at, not those stepped over") {
    const Bytes bytes(100, std::byte{1});
    ByteCursor in(bytes);
    in.skip(50);
    CHECK(in.reads() == 0);
    (void)in.be32();
    CHECK(in.reads() == 4);
    CHECK_FALSE(in.find("x"));
    CHECK(in.reads() == 4 + 46);
}

TEST_CASE("ByteCursor over nothing") {
    ByteCursor in({});
    CHECK(in.has(0));
    CHECK_FALSE(in.has(1));
    CHECK_FALSE(in.find("x"));
    CHECK_FALSE(in.next_is("x"));
    CHECK(in.take(0).empty());
    CHECK_THROWS_AS(in.u8(), FormatError);
}

TEST_CASE("ByteCursor keeps neither bytes nor a name that are gone") {
    using View = std::span<const std::byte>;
    STATIC_REQUIRE(std::is_constructible_v<ByteCursor, std::vector<std::byte>&>);
    STATIC_REQUIRE_FALSE(std::is_constructible_v<ByteCursor, std::vector<std::byte>>);
    STATIC_REQUIRE_FALSE(std::is_constructible_v<ByteCursor, View, std::string>);
    STATIC_REQUIRE(std::is_constructible_v<ByteCursor, View, std::string&>);
}
