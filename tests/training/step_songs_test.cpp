// The crops that a generator with step heads learns from, of which some are ends, and how songs
// begin.

#include <mgan/training/step_songs.hpp>

#include <bundled_corpus.hpp>
#include <support/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

using namespace mgan;
using encoding::StepSong;
using encoding::StepVocabulary;

namespace {

constexpr std::size_t kLength = 100;

struct Music {
    std::vector<midi::Song> all = program::bundled_songs();
    StepPreparation prepare;
    StepVocabulary words = StepVocabulary::fit(
        all.size(), [&](std::size_t song) { return prepare(all, song); }, {.grid_ticks = 24});
    StepSongs songs;

    Music() {
        std::vector<std::size_t> part(all.size());
        std::iota(part.begin(), part.end(), std::size_t{0});
        songs = StepSongs(all, part, prepare, words, kLength);
    }
};

}  // namespace

TEST_CASE("Step songs: a share of the lessons is the end of the song") {
    const Music music;
    const Random random(3, "lessons");
    int ends = 0, tried = 0;
    for (std::uint64_t place = 0; place < 600; ++place) {
        const std::size_t number = place % music.songs.size();
        const StepSong whole = music.songs.song(number, music.words);
        const StepSong lesson = music.songs.lesson(number, random, place, 0.25, music.words);
        CHECK(lesson == music.songs.lesson(number, random, place, 0.25, music.words));
        REQUIRE(lesson.events.size() == kLength);
        const StepSong crop = music.songs.crop(number, random, place, music.words);
        CHECK(music.songs.lesson(number, random, place, 0.0, music.words) == crop);
        if (lesson.ends == 0) CHECK(lesson == crop);
        if (whole.events.size() < kLength) {
            CHECK(lesson.ends == 0);
            continue;
        }
        ++tried;
        if (lesson.ends == 0) continue;
        ++ends;
        CHECK(lesson.ends == kLength - 1);
        CHECK(std::equal(lesson.events.begin() + 1, lesson.events.end() - 1,
                         whole.events.end() - (kLength - 2)));
    }
    REQUIRE(tried > 200);
    CHECK(static_cast<double>(ends) / tried == Approx(0.25).margin(0.08));
}

TEST_CASE("Step songs: openings are first events with the style of what follows") {
    const Music music;
    const std::vector<StepOpening> openings = openings_of(music.songs, music.words, 20);
    REQUIRE(openings.size() >= 15);
    encoding::StyleMeter meter(music.words);
    for (const StepOpening& opening : openings) {
        REQUIRE(opening.events.size() == StepOpening::kEvents);
        bool found = false;
        for (std::size_t i = 0; i < music.songs.size() && !found; ++i) {
            const StepSong song = music.songs.song(i, music.words);
            found = std::equal(opening.events.begin(), opening.events.end(), song.events.begin()) &&
                    opening.start == start_of(encoding::crop_of(song, 0, 100, music.words), meter);
        }
        CHECK(found);
    }
    CHECK(openings_of(music.songs, music.words, 5).size() <= 5);
}
