// How errors are written and thrown.

#include <mgan/core/error.hpp>
#include <mgan/core/quote.hpp>
#include <support/catch.hpp>

#include <cstdint>
#include <filesystem>
#include <limits>
#include <locale>
#include <new>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>

namespace {

/// Something that `<<` writes, and that counts how often.
struct Counted {
    int* count;
    friend std::ostream& operator<<(std::ostream& text, const Counted& counted) {
        return text << "written " << ++*counted.count;
    }
};

/// Something that `<<` cannot write.
struct OutOfMemory {
    friend std::ostream& operator<<(std::ostream&, const OutOfMemory&) { throw std::bad_alloc(); }
};

/// What `<<` makes of one value in the classic locale.
template <typename T>
std::string streamed(const T& value) {
    std::ostringstream text;
    text.imbue(std::locale::classic());
    text << value;
    return text.str();
}

/// A locale that writes 1.234.567,5.
struct GermanNumbers : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
};

}  // namespace

TEST_CASE("concat writes every part as << does") {
    CHECK(mgan::concat() == "");
    CHECK(mgan::concat("step ", 3, " of ", std::size_t{8}) == "step 3 of 8");
    CHECK(mgan::concat(true, false) == "10");
    CHECK(mgan::concat('a', std::string("b"), std::string_view("c")) == "abc");
    CHECK(mgan::concat(std::uint8_t{65}) == "A");
    for (const double x : {0.0, -0.1, 1.0 / 3.0, 1e300, std::numeric_limits<double>::infinity()})
        CHECK(mgan::concat(x) == streamed(x));
    CHECK(mgan::concat(1.5F, std::int64_t{-7}, 7u) == "1.5-77");
    const char array[] = "array";
    const char* const pointer = "pointer";
    CHECK(mgan::concat(array, ' ', pointer) == "array pointer");
    const int number = 1;
    CHECK(mgan::concat(static_cast<const void*>(&number)) ==
          streamed(static_cast<const void*>(&number)));
}

TEST_CASE("concat writes paths without quotes") {
    const std::filesystem::path path = "a folder/b \"c\".mid";
    CHECK(mgan::concat(path, ": no") == path.string() + ": no");
}

TEST_CASE("concat writes numbers the same way in every locale") {
    const std::locale before =
        std::locale::global(std::locale(std::locale::classic(), new GermanNumbers));
    const std::string text = mgan::concat(1234567, " ", 0.5);
    std::locale::global(before);
    CHECK(text == "1234567 0.5");
}

TEST_CASE("concat returns no half text: what << throws comes through") {
    CHECK_THROWS_AS(mgan::concat("begun, ", OutOfMemory{}, ", ended"), std::bad_alloc);
}

TEST_CASE("require writes its message only where the condition fails") {
    int count = 0;
    const Counted counted{&count};
    CHECK_NOTHROW(mgan::require<mgan::DataError>(true, "never ", counted));
    CHECK(count == 0);
    CHECK_THROWS_WITH(mgan::require<mgan::DataError>(false, "now ", counted, ", ", 5),
                      "now written 1, 5");
    CHECK(count == 1);
}

TEST_CASE("require throws the error that was asked for, and it is an mgan::Error") {
    CHECK_THROWS_AS(mgan::require<mgan::ShapeError>(false, "x"), mgan::ShapeError);
    CHECK_THROWS_AS(mgan::require<mgan::ConfigError>(false, "x"), mgan::ConfigError);
    CHECK_THROWS_AS(mgan::require<mgan::IoError>(false, "x"), mgan::Error);
    CHECK_THROWS_AS(mgan::fail<mgan::NumericalError>("x"), std::runtime_error);
    const std::string text = "a text that lives on may be a part";
    CHECK_THROWS_WITH(mgan::require<mgan::DataError>(false, text), text);
}

TEST_CASE("fail takes parts that build a text") {
    CHECK_THROWS_WITH(mgan::fail<mgan::DataError>("no song ", mgan::in_quotes("a\nb")),
                      "no song 'a?b'");
}

TEST_CASE("fail_at names source and byte, in words and as a number") {
    try {
        mgan::fail_at("song.mid", 42, "expected ", 4, " more bytes");
        FAIL();
    } catch (const mgan::FormatError& error) {
        CHECK(std::string(error.what()) == "song.mid: byte 42: expected 4 more bytes");
        CHECK(error.offset() == 42);
    }
}
