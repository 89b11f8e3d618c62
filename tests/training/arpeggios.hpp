#pragma once
/// \file
/// Songs of one simple figure, which a small net learns in seconds.

#include <mgan/core/random.hpp>
#include <mgan/midi/song.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace mgan_test {

/// Songs of broken chords in eighths, each with a bass note that sounds through the bar.
inline std::vector<mgan::midi::Song> arpeggios(int count) {
    std::vector<mgan::midi::Song> songs;
    for (int i = 0; i < count; ++i) {
        const mgan::Random random(5, "arpeggios", static_cast<std::uint64_t>(i));
        mgan::midi::Song song;
        std::int64_t onset = 0;
        for (std::uint64_t bar = 0; bar < 16; ++bar) {
            const int root = 48 + std::vector<int>{0, 5, 7}[random.integer(bar, 3)];
            song.notes.push_back({onset, 1536, root - 12, 60, 0});
            for (const int step : {0, 4, 7, 12, 7, 4, 0, 7}) {
                song.notes.push_back({onset, 192, root + step, 80, 0});
                onset += 192;
            }
        }
        std::sort(song.notes.begin(), song.notes.end(), mgan::midi::note_order);
        songs.push_back(std::move(song));
    }
    return songs;
}

}  // namespace mgan_test
