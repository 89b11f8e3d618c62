// Text of numbers: the form for libraries without std::to_chars gives the same characters.

#include <mgan/core/number_text.hpp>
#include <mgan/core/random.hpp>
#include <support/catch.hpp>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

namespace {

std::string by_trial(double value) {
    char text[mgan::kNumberCharacters];
    return {text, mgan::shortest_digits(text, value)};
}

std::string by_library(double value) {
    char text[mgan::kNumberCharacters];
    return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

}  // namespace

TEST_CASE("number_text: trying one digit, two digits, ... gives the characters of std::to_chars") {
    using Limits = std::numeric_limits<double>;
    if (std::strtod("3.839223843572815e-239", nullptr) ==
        std::strtod("3.8392238435728152e-239", nullptr)) {
        WARN("skipped: the C library takes two numbers for one (that of wine does)");
        return;
    }
    for (const double value : {0.0,
                               1.0,
                               0.1,
                               0.3,
                               1.5,
                               100.0,
                               1e5,
                               123456.0,
                               1e22,
                               1e23,
                               1e-5,
                               1.25e-5,
                               0.0001,
                               1e100,
                               1.5e-100,
                               1e15,
                               123456789012345678.0,
                               9007199254740993.0,
                               Limits::max(),
                               Limits::min(),
                               Limits::denorm_min(),
                               Limits::epsilon(),
                               Limits::infinity()}) {
        CHECK(by_trial(value) == by_library(value));
        CHECK(by_trial(-value) == by_library(-value));
    }
    // At powers of two the doubles below are denser than those above.
    for (int power = -1074; power < 1024; ++power) {
        const double value = std::ldexp(1.0, power);
        if (by_trial(value) != by_library(value)) CHECK(by_trial(value) == by_library(value));
    }
    const mgan::Random random(5, "number text");
    std::size_t other = 0;
    for (std::uint64_t i = 0; i < 20000; ++i) {
        const double any = std::bit_cast<double>(random.bits(i));
        const double whole = std::floor(std::ldexp(random.uniform(i), static_cast<int>(i % 70)));
        const double rounded = std::floor(random.uniform(i) * 1e4) / 1e3;
        for (const double value : {any, whole, rounded})
            if (!std::isnan(value) && by_trial(value) != by_library(value)) ++other;
    }
    CHECK(other == 0);
}

TEST_CASE("number_text: the shortest digits") {
    CHECK(mgan::number_text(0.1) == "0.1");
    CHECK(mgan::number_text(1e23) == "1e+23");
    CHECK(mgan::number_text(-2.5) == "-2.5");
}
