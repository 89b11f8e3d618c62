#include <mgan/dataset/epoch_order.hpp>
#include <support/catch.hpp>

#include <algorithm>
#include <vector>

using mgan::EpochOrder;
using mgan::Random;
using mgan::song_order;

namespace {

/// One entry after the other.
std::vector<std::size_t> singly(std::size_t size, const Random& random, std::size_t count) {
    EpochOrder order(size, random);
    std::vector<std::size_t> songs(count);
    for (std::size_t i = 0; i < count; ++i) order.copy(i, std::span(songs).subspan(i, 1));
    return songs;
}

/// Each of 0 .. size - 1 once, from `begin` on.
bool is_permutation_from(const std::vector<std::size_t>& songs, std::size_t begin,
                         std::size_t size) {
    std::vector<std::size_t> sorted(songs.begin() + static_cast<std::ptrdiff_t>(begin),
                                    songs.begin() + static_cast<std::ptrdiff_t>(begin + size));
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < size; ++i)
        if (sorted[i] != i) return false;
    return true;
}

constexpr std::size_t kFew = EpochOrder::kMostShuffled, kMany = kFew + 1;

}  // namespace

TEST_CASE("An order up to 65,536 songs is their shuffles, one after the other") {
    for (const std::size_t size : {std::size_t{1}, std::size_t{5}, std::size_t{100}, kFew}) {
        CAPTURE(size);
        const Random random(3, "order", 2);
        const auto order = song_order(size, random, 2 * size + 1);
        REQUIRE(order.size() == 3 * size);
        for (std::size_t begin = 0; begin < order.size(); begin += size) {
            std::vector<std::size_t> expected(size);
            for (std::size_t i = 0; i < size; ++i) expected[i] = i;
            mgan::shuffle(std::span(expected), random, begin);
            CHECK(std::equal(expected.begin(), expected.end(),
                             order.begin() + static_cast<std::ptrdiff_t>(begin)));
        }
    }
}

TEST_CASE(
    "An order of more songs is permutations, one after the other, and has what is asked for") {
    const Random random(3, "order", 2);
    const auto order = song_order(kMany, random, 3 * kMany);
    REQUIRE(order.size() == 3 * kMany);
    for (std::size_t begin = 0; begin < order.size(); begin += kMany)
        CHECK(is_permutation_from(order, begin, kMany));
    for (const std::size_t least : {std::size_t{1}, std::size_t{32}, kMany - 1, kMany + 1}) {
        const auto few = song_order(kMany, random, least);
        REQUIRE(few.size() == least);
        CHECK(std::equal(few.begin(), few.end(), order.begin()));
    }
    // One epoch after the other, and one permutation after the other, has an order of its own.
    CHECK(song_order(kMany, random.at(3), 9) != song_order(kMany, random, 9));
    CHECK_FALSE(std::equal(order.begin(), order.begin() + 9, order.begin() + kMany));
    CHECK_FALSE(std::equal(order.begin(), order.begin() + 9, order.begin() + 2 * kMany));
}

TEST_CASE("An entry of an order depends on its place alone, not on what was asked before") {
    for (const std::size_t size : {std::size_t{7}, kMany}) {
        CAPTURE(size);
        const Random random(1, "order", 4);
        const auto whole = song_order(size, random, 2 * size + 40);
        EpochOrder order(size, random);
        CHECK(order.size() == size);
        // Within a permutation, from one to the next, back again, and to the end.
        for (const std::size_t first : {std::size_t{3}, size - 2, std::size_t{0}, 2 * size - 1}) {
            std::vector<std::size_t> songs(5);
            order.copy(first, songs);
            CHECK(std::equal(songs.begin(), songs.end(),
                             whole.begin() + static_cast<std::ptrdiff_t>(first)));
        }
        const auto one_by_one = singly(size, random, 40);
        CHECK(std::equal(one_by_one.begin(), one_by_one.end(), whole.begin()));
    }
}
