#pragma once
// Songs for the tests of encodings.

#include <mgan/core/random.hpp>
#include <mgan/midi/song.hpp>

#include <algorithm>
#include <vector>

namespace songs {

/// `size` notes with chords, long rests and several channels; ticks on no grid unless `grid` says
/// so.
inline mgan::midi::Song random_song(std::uint64_t seed, std::size_t size, std::int64_t grid = 1) {
    const mgan::Random random(seed, "test song");
    mgan::midi::Song song;
    std::int64_t onset = 0;
    for (std::size_t i = 0; i < size; ++i) {
        const auto draw = [&](std::uint64_t what, std::uint64_t count) {
            return static_cast<std::int64_t>(random.integer(8 * i + what, count));
        };
        if (draw(0, 3) > 0) onset += grid * draw(1, draw(2, 10) == 0 ? 5000 : 200);
        song.notes.push_back({onset, grid * (1 + draw(3, 900)), static_cast<int>(30 + draw(4, 60)),
                              static_cast<int>(1 + draw(5, 127)), static_cast<int>(draw(6, 3))});
    }
    std::sort(song.notes.begin(), song.notes.end(), mgan::midi::note_order);
    return song;
}

inline std::vector<mgan::midi::Song> corpus(std::size_t count, std::int64_t grid = 1) {
    std::vector<mgan::midi::Song> songs;
    for (std::size_t i = 0; i < count; ++i) songs.push_back(random_song(i, 10 + 17 * i, grid));
    return songs;
}

/// One note a quarter.
inline mgan::midi::Song melody(const std::vector<int>& pitches) {
    mgan::midi::Song song;
    for (const int pitch : pitches)
        song.notes.push_back(
            {static_cast<std::int64_t>(song.notes.size()) * 384, 192, pitch, 64, 0});
    return song;
}

}  // namespace songs
