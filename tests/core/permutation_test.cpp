#include <mgan/core/permutation.hpp>
#include <support/catch.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

using mgan::Permutation;
using mgan::Random;

namespace {

using Entry = std::function<std::uint64_t(std::uint64_t)>;

constexpr std::size_t kBins = 64;

/// sum (count - expected)^2 / expected: with kBins - 1 degrees of freedom its mean is 63 and its
/// standard deviation 11.2, if all bins are equally likely.
double chi_square(const std::array<double, kBins>& count) {
    double total = 0.0, sum = 0.0;
    for (const double c : count) total += c;
    for (const double c : count) sum += (c - total / kBins) * (c - total / kBins);
    return sum / (total / kBins);
}
/// Five standard deviations and more above the mean.
constexpr double kMost = 125.0;

/// How evenly the entries at one place are spread, over many permutations of 0 .. size - 1.
double spread_at(std::uint64_t place, std::uint64_t size,
                 const std::function<std::uint64_t(std::uint64_t, std::uint64_t)>& entry) {
    std::array<double, kBins> count{};
    for (std::uint64_t number = 0; number < 6400; ++number)
        ++count.at(entry(number, place) * kBins / size);
    return chi_square(count);
}
/// How evenly the distances from one entry to the next are spread, within one permutation.
double spread_of_distances(std::uint64_t size, const Entry& entry) {
    std::array<double, kBins> count{};
    for (std::uint64_t place = 0; place + 1 < 20'000; ++place)
        ++count.at((entry(place + 1) + size - entry(place)) % size * kBins / size);
    return chi_square(count);
}
/// How evenly pairs of neighbours are spread over a square of 8 x 8.
double spread_of_pairs(std::uint64_t size, const Entry& entry) {
    std::array<double, kBins> count{};
    for (std::uint64_t place = 0; place + 1 < 20'000; place += 2)
        ++count.at(entry(place) * 8 / size * 8 + entry(place + 1) * 8 / size);
    return chi_square(count);
}

}  // namespace

TEST_CASE("Permutation: every number stands at one place, whatever the size") {
    std::vector<std::uint64_t> sizes = {1000, 4095, 4096, 4097, 65'535, 65'536, 65'537, 100'003};
    for (std::uint64_t size = 1; size <= 300; ++size) sizes.push_back(size);
    for (const std::uint64_t size : sizes) {
        const Permutation permutation(size, Random(size, "bijection"));
        REQUIRE(permutation.size() == size);
        std::vector<bool> seen(size);
        for (std::uint64_t place = 0; place < size; ++place) {
            const std::uint64_t number = permutation(place);
            if (number < size) seen[number] = true;
        }
        CAPTURE(size);
        CHECK(std::count(seen.begin(), seen.end(), true) == static_cast<std::ptrdiff_t>(size));
    }
}

TEST_CASE("Permutation: the entries are those of another program") {
    // tests/oracles/permutation.py
    struct Case {
        std::uint64_t size, seed, step, number;
        std::array<std::uint64_t, 8> entries;
    };
    for (const Case& one :
         {Case{65'537, 1, 1, 0, {36787, 1022, 14097, 18685, 22715, 7814, 24539, 26033}},
          Case{100'000, 2, 7, 1, {15800, 96339, 73180, 73900, 88773, 30827, 56073, 34148}},
          Case{1'000'000,
               3,
               0,
               0,
               {527901, 134972, 534201, 276469, 930746, 396571, 921018, 402806}}}) {
        const Permutation permutation(one.size, Random(one.seed, "order", one.step), one.number);
        for (std::uint64_t place = 0; place < 8; ++place)
            CHECK(permutation(place) == one.entries.at(place));
    }
}

TEST_CASE("Permutation: another seed, step or number gives another one") {
    // Two random permutations of any size have one entry in common on average, and more than ten in
    // one pair of a hundred million.
    constexpr std::uint64_t kSize = 70'000;
    const Random random(1, "others", 5);
    const Permutation first(kSize, random);
    for (const Permutation& other :
         {Permutation(kSize, Random(2, "others", 5)), Permutation(kSize, random.at(6)),
          Permutation(kSize, random, 1)}) {
        int common = 0;
        for (std::uint64_t place = 0; place < kSize; ++place)
            common += other(place) == first(place) ? 1 : 0;
        CHECK(common <= 10);
    }
}

TEST_CASE("Permutation: entries are spread evenly, and neighbours know nothing of each other") {
    for (const std::uint64_t size : {std::uint64_t{65'537}, std::uint64_t{131'072},
                                     std::uint64_t{1'000'000}, std::uint64_t{1} << 40}) {
        CAPTURE(size);
        const Random random(3, "spread");
        for (const std::uint64_t place : {std::uint64_t{0}, std::uint64_t{1}, size / 2, size - 1}) {
            CAPTURE(place);
            CHECK(spread_at(place, size, [&](std::uint64_t number, std::uint64_t at) {
                      return Permutation(size, random.at(number))(at);
                  }) < kMost);
        }
        for (std::uint64_t step = 0; step < 4; ++step) {
            const Permutation permutation(size, random.at(step));
            CHECK(spread_of_distances(size, permutation) < kMost);
            CHECK(spread_of_pairs(size, permutation) < kMost);
        }
    }
}

TEST_CASE("The measures of a permutation's evenness notice permutations that are not random") {
    constexpr std::uint64_t kSize = 65'537;  // a prime
    const Random random(4, "planted");
    // Each place has every entry equally often; only neighbours betray it.
    const auto turned = [&](std::uint64_t number, std::uint64_t at) {
        return (at + random.integer(number, kSize)) % kSize;
    };
    CHECK(spread_at(7, kSize, turned) < kMost);
    CHECK(spread_of_distances(kSize, [&](std::uint64_t at) { return turned(0, at); }) > kMost);
    CHECK(spread_of_pairs(kSize, [&](std::uint64_t at) { return turned(0, at); }) > kMost);
    // Steps of one size, through the whole range.
    CHECK(spread_of_distances(kSize, [](std::uint64_t at) { return at * 40'503 % kSize; }) > kMost);
    // One entry in sixteen stays where it was.
    CHECK(spread_at(7, kSize, [&](std::uint64_t number, std::uint64_t at) {
              return number % 16 == 0 ? at : turned(number, at);
          }) > kMost);
}
