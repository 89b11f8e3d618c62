#include <bundled_corpus.hpp>

#include <support/catch.hpp>

#include <cstddef>
#include <set>
#include <string>
#include <vector>

using namespace mgan;

TEST_CASE("bundled corpus: every score parses, and gives twelve songs of at least 100 notes") {
    const auto scores = program::bundled_score_texts();
    const std::vector<midi::Song> songs = program::bundled_songs();
    REQUIRE(songs.size() == scores.size() * program::kVariantsPerScore);
    for (const midi::Song& song : songs) {
        INFO(song.title);
        CHECK(song.notes.size() >= 100);
    }
}
