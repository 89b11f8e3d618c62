// Copies of a piece are in one part of the split.
#include <mgan/dataset/piece_groups.hpp>
#include <mgan/dataset/split.hpp>

#include <support/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace mgan;

namespace {

using Parts = std::array<std::vector<std::size_t>, 3>;

std::vector<std::string> names_of(std::size_t count) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i) names.push_back("song " + std::to_string(i));
    return names;
}

std::size_t part_of(const Parts& parts, std::size_t song) {
    for (std::size_t part = 3; part-- > 0;)
        if (std::count(parts[part].begin(), parts[part].end(), song) > 0) return part;
    return 3;
}

}  // namespace

TEST_CASE("Split of pieces: where there are no copies, nothing changes") {
    for (std::size_t count = 1; count < 40; ++count) {
        const auto names = names_of(count);
        std::vector<std::size_t> pieces(count);
        for (std::size_t i = 0; i < count; ++i) pieces[i] = i;
        for (std::uint64_t seed = 0; seed < 5; ++seed) {
            const Parts before = split_songs(names, 0.1, 0.1, seed);
            CHECK(split_songs(names, pieces, 0.1, 0.1, seed) == before);
            CHECK(split_songs(names, {}, 0.1, 0.1, seed) == before);
        }
    }
}

TEST_CASE("Split of pieces: all copies of a piece are in one part, and no part is lost") {
    for (const std::size_t count : {3u, 4u, 7u, 30u, 100u}) {
        // Songs 0 .. count - 1, and each of them once more.
        const auto names = names_of(2 * count);
        std::vector<std::size_t> pieces(2 * count);
        for (std::size_t i = 0; i < 2 * count; ++i) pieces[i] = i % count;
        CHECK(count_copies(names, pieces) == count);
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
            const Parts parts = split_songs(names, pieces, 0.1, 0.1, seed);
            for (std::size_t i = 0; i < count; ++i)
                CHECK(part_of(parts, i) == part_of(parts, i + count));
            for (const auto& part : parts) CHECK_FALSE(part.empty());
            CHECK(parts[0].size() + parts[1].size() + parts[2].size() == 2 * count);
            CHECK(split_songs(names, pieces, 0.1, 0.1, seed) == parts);
        }
    }
}

TEST_CASE("Split of pieces: songs without copies stay in the part that they had") {
    const auto names = names_of(60);
    std::vector<std::size_t> pieces(60);
    for (std::size_t i = 0; i < 60; ++i) pieces[i] = i >= 50 ? i - 50 : i;
    const Parts before = split_songs(names, 0.1, 0.1, 4);
    const Parts parts = split_songs(names, pieces, 0.1, 0.1, 4);
    for (std::size_t i = 0; i < 50; ++i) CHECK(part_of(parts, i) == part_of(before, i));
}

TEST_CASE("Split of pieces: one piece in many copies is all there is to learn from") {
    const std::vector<std::size_t> pieces(10, 0);
    const Parts parts = split_songs(names_of(10), pieces, 0.1, 0.1, 1);
    CHECK(parts[0].size() == 10);
    CHECK(parts[1] == parts[0]);
    CHECK(parts[2].empty());
}
