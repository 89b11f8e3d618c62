#include <mgan/core/random.hpp>
#include <support/catch.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

using mgan::inverse_normal_cdf;
using mgan::philox4x32;
using mgan::Random;

TEST_CASE("Philox4x32-10 gives the published known answers") {
    // Random123, kat_vectors: counter and key all zero, all ones, and the digits of pi.
    CHECK(philox4x32({0, 0, 0, 0}, {0, 0}) ==
          std::array<std::uint32_t, 4>{0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u});
    CHECK(philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}) ==
          std::array<std::uint32_t, 4>{0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu});
    CHECK(philox4x32({0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u},
                     {0xa4093822u, 0x299f31d0u}) ==
          std::array<std::uint32_t, 4>{0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u});
}

TEST_CASE("Random: equal arguments give equal numbers, each different argument other ones") {
    const Random random(7, "noise", 3);
    CHECK(random.bits(11) == Random(7, "noise").at(3).bits(11));
    CHECK(random.bits(11) != random.bits(12));
    CHECK(random.bits(11) != random.at(4).bits(11));
    CHECK(random.bits(11) != Random(8, "noise", 3).bits(11));
    CHECK(random.bits(11) != Random(7, "crop", 3).bits(11));
}

TEST_CASE("Random: uniform numbers have the moments of the uniform distribution") {
    const Random random(1, "moments");
    const int n = 200000;
    double sum = 0, sum2 = 0, low = 1, high = 0;
    for (int i = 0; i < n; ++i) {
        const double u = random.uniform(static_cast<std::uint64_t>(i));
        sum += u;
        sum2 += u * u;
        low = std::min(low, u);
        high = std::max(high, u);
    }
    CHECK(low >= 0.0);
    CHECK(high < 1.0);
    CHECK(std::abs(sum / n - 0.5) < 5 * std::sqrt(1.0 / 12 / n));
    CHECK(std::abs(sum2 / n - 1.0 / 3) < 5 * std::sqrt(4.0 / 45 / n));
}

TEST_CASE("Random: normal numbers have the moments of the normal distribution") {
    const Random random(1, "normal");
    const int n = 200000;
    double sum = 0, sum2 = 0, sum4 = 0;
    for (int i = 0; i < n; ++i) {
        const double x = random.normal(static_cast<std::uint64_t>(i));
        sum += x;
        sum2 += x * x;
        sum4 += x * x * x * x;
    }
    CHECK(std::abs(sum / n) < 5 / std::sqrt(n));
    CHECK(std::abs(sum2 / n - 1) < 5 * std::sqrt(2.0 / n));
    CHECK(std::abs(sum4 / n - 3) < 5 * std::sqrt(96.0 / n));
}

TEST_CASE("Random: integers cover their range evenly") {
    const Random random(3, "integers");
    std::array<int, 7> count{};
    for (std::uint64_t i = 0; i < 70000; ++i) ++count.at(random.integer(i, 7));
    for (const int c : count) CHECK(std::abs(c - 10000) < 5 * std::sqrt(10000.0));
    CHECK(random.integer(5, 1) == 0);
    CHECK(random.integer(5, 1ull << 63) < (1ull << 63));
}

TEST_CASE("inverse_normal_cdf inverts the normal distribution function") {
    for (const double p : {1e-300, 1e-100, 1e-20, 1e-9, 0.001, 0.07, 0.075, 0.3, 0.5, 0.9, 0.925,
                           0.999, 1 - 1e-12}) {
        const double x = inverse_normal_cdf(p);
        const double back = 0.5 * std::erfc(-x / std::sqrt(2.0));
        // A relative error of x grows by x^2 in the tail: that of AS 241 itself and the four
        // roundings on the way back (x, sqrt 2, their quotient, erfc) are each about 2e-16.
        CHECK(std::abs(back - p) <= 1e-15 * p * (1 + x * x));
    }
    CHECK(inverse_normal_cdf(0.5) == 0.0);
    CHECK(inverse_normal_cdf(0.975) == Approx(1.959963984540054).epsilon(1e-14));
}

TEST_CASE("shuffle gives each order of its items equally often, and the same one again") {
    std::map<std::array<int, 4>, int> seen;
    for (std::uint64_t i = 0; i < 24000; ++i) {
        std::array<int, 4> items = {1, 2, 3, 4};
        mgan::shuffle(std::span<int>(items), Random(2, "shuffle", i));
        ++seen[items];
    }
    CHECK(seen.size() == 24);
    for (const auto& [order, count] : seen) CHECK(std::abs(count - 1000) < 5 * std::sqrt(1000.0));

    std::array<int, 5> one = {1, 2, 3, 4, 5}, two = one, other = one;
    mgan::shuffle(std::span<int>(one), Random(2, "shuffle"));
    mgan::shuffle(std::span<int>(two), Random(2, "shuffle"));
    mgan::shuffle(std::span<int>(other), Random(2, "shuffle"), 5);
    CHECK(one == two);
    CHECK(one != other);
    mgan::shuffle(std::span<int>(), Random(2, "shuffle"));
}

TEST_CASE("shuffle exchanges item i with item integer(first + i + 1, i + 1), from the last") {
    const Random random(9, "shuffle");
    std::vector<int> items(40), expected(40);
    for (std::size_t i = 0; i < 40; ++i) items[i] = expected[i] = static_cast<int>(i);
    mgan::shuffle(std::span<int>(items), random, 100);
    for (std::size_t i = 40; i > 1; --i)
        std::swap(expected[i - 1], expected[random.integer(100 + i, i)]);
    CHECK(items == expected);
}
