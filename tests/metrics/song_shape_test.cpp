// Bars that return, drift, and how a song ends.

#include <mgan/core/random.hpp>
#include <mgan/metrics/song_shape.hpp>
#include <mgan/midi/song.hpp>

#include <support/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

using namespace mgan::metrics;
using mgan::midi::kTicksPerQuarter;
using mgan::midi::Note;
using mgan::midi::Song;

namespace {

/// Eighth notes.
Song eighths(const std::vector<int>& pitches) {
    Song song;
    for (std::size_t i = 0; i < pitches.size(); ++i)
        song.notes.push_back({static_cast<std::int64_t>(i) * 192, 192, pitches[i], 64, 0});
    return song;
}

/// The definition, with sets and every pair of quarters.
SongShape by_definition(const Song& song) {
    const auto bar = [&](std::int64_t q) {
        std::set<std::pair<std::int64_t, int>> notes;
        for (const Note& note : song.notes) {
            const std::int64_t step = (note.onset + 48) / 96;
            if (step >= 4 * q && step < 4 * q + 16) notes.insert({step - 4 * q, note.pitch});
        }
        return notes;
    };
    const auto alike = [](const auto& a, const auto& b) {
        std::vector<std::pair<std::int64_t, int>> both;
        std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
        return std::min(a.size(), b.size()) >= 3 &&
               static_cast<double>(both.size()) >=
                   0.8 * static_cast<double>(std::max(a.size(), b.size())) - 1e-9;
    };
    const std::int64_t first = (song.notes.front().onset + 48) / 96 / 4;
    const std::int64_t last = (song.notes.back().onset + 48) / 96 / 4;
    SongShape shape;
    double could = 0, returned = 0;
    std::array<double, 6> could_at{}, returned_at{};
    for (std::int64_t q = first; q + 3 <= last; ++q) {
        if (bar(q).size() < 3) continue;
        ++shape.bars;
        if (q - 4 >= first) ++could;
        bool returns = false;
        for (std::int64_t d = 4; d <= 256 && q - d >= first; ++d)
            returns = returns || alike(bar(q), bar(q - d));
        returned += returns ? 1 : 0;
        for (std::size_t i = 0; i < 6; ++i) {
            if (q - kReturnDistances[i] < first) continue;
            ++could_at[i];
            returned_at[i] += alike(bar(q), bar(q - kReturnDistances[i])) ? 1 : 0;
        }
    }
    if (could > 0) shape.returning = returned / could;
    for (std::size_t i = 0; i < 6; ++i)
        if (could_at[i] > 0) shape.returning_at[i] = returned_at[i] / could_at[i];
    return shape;
}

}  // namespace

TEST_CASE("Song shape: a theme that comes again after eight quarters") {
    std::vector<int> pitches;
    for (int phrase = 0; phrase < 4; ++phrase)
        for (int i = 0; i < 16; ++i) pitches.push_back(40 + 3 * i);
    const SongShape shape = shape_of(eighths(pitches));
    CHECK(shape.bars == 29);
    CHECK(*shape.returning_at[1] == 1.0);
    CHECK(*shape.returning_at[3] == 1.0);
    CHECK(*shape.returning_at[0] == 0.0);
    CHECK(*shape.returning_at[2] == 0.0);
    CHECK_FALSE(shape.returning_at[4].has_value());
    CHECK(*shape.returning == Approx(21.0 / 25.0));  // bars 4 to 7 are new
}

TEST_CASE("Song shape: one note of five may be another, two may not") {
    for (const int others : {0, 1, 2}) {
        Song song;
        for (int bar = 0; bar < 2; ++bar)
            for (int i = 0; i < 5; ++i) {
                const bool other = bar == 1 && i < others;
                song.notes.push_back(
                    {bar * 1536 + i * 288, 192, 60 + 2 * i + (other ? 1 : 0), 64, 0});
            }
        CHECK(shape_of(song).bars == 5);
        CHECK(*shape_of(song).returning_at[0] == (others < 2 ? 1.0 : 0.0));
        CHECK(*shape_of(song).returning == (others < 2 ? 1.0 : 0.0));
    }
}

TEST_CASE("Song shape: agrees with its definition on random songs") {
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        const mgan::Random random(seed, "shape");
        Song song;
        std::int64_t onset = static_cast<std::int64_t>(random.integer(0, 3000));
        const std::uint64_t size = 1 + random.integer(1, 120), phrase = 4 + random.integer(2, 20);
        for (std::uint64_t i = 0; i < size; ++i) {
            // Phrases come again, with a note changed now and then.
            const std::uint64_t from = random.integer(100 + 5 * i, 9) == 0 ? i : i % phrase;
            onset += static_cast<std::int64_t>(random.integer(1000 + from, 3)) * 96;
            song.notes.push_back(
                {onset, 96, 50 + static_cast<int>(random.integer(2000 + from, 12)), 64, 0});
        }
        std::sort(song.notes.begin(), song.notes.end(), mgan::midi::note_order);
        song.notes.erase(std::unique(song.notes.begin(), song.notes.end()), song.notes.end());
        const SongShape shape = shape_of(song), expected = by_definition(song);
        INFO("seed " << seed);
        CHECK(shape.bars == expected.bars);
        CHECK(shape.returning == expected.returning);
        CHECK(shape.returning_at == expected.returning_at);
    }
}

TEST_CASE("Song shape: stretches, and the last chord") {
    Song song = eighths(std::vector<int>(150, 60));
    CHECK_FALSE(shape_of(song).first.has_value());
    for (int i = 0; i < 100; ++i) song.notes.push_back({150 * 192 + i * 96, 48, 72, 100, 0});
    const SongShape shape = shape_of(song);
    CHECK(shape.first->pitch == 60.0);
    CHECK(shape.last->pitch == 72.0);
    CHECK(shape.last->velocity == 100.0);
    CHECK(shape.first->density == Approx(100.0 * 384 / (99 * 192)));
    CHECK(shape.last->density == Approx(100.0 * 384 / (99 * 96)));

    // G major, and its dominant before the end.
    Song tune = eighths({67, 69, 71, 72, 74, 76, 78, 79, 74});
    CHECK(*shape_of(tune).ends_at_home == false);
    const std::int64_t end = 9 * 192;
    tune.notes.push_back({end, 4 * 192, 55, 64, 0});
    tune.notes.push_back({end, 2 * 192, 71, 64, 0});
    CHECK(*shape_of(tune).ends_at_home);
    CHECK(*shape_of(tune).last_length == 4.0);
    // A hand does not strike both keys at one tick.
    tune.notes.back().onset += 9;
    CHECK(*shape_of(tune).ends_at_home);
    CHECK(*shape_of(tune).last_length == 4.0);
}

TEST_CASE("Song shape: of songs with nothing in them, and with silences of hours") {
    CHECK(shape_of(Song{}) == SongShape{});
    Song song;
    song.notes = {{0, 96, 60, 64, 0}, {std::int64_t{1} << 40, 96, 60, 64, 0}};
    CHECK(shape_of(song).bars == 0);
    CHECK_FALSE(shape_of(song).returning.has_value());
    song.notes = {{0, 0, 60, 64, 0}};
    CHECK(*shape_of(song).last_length >= 0.0);
}
