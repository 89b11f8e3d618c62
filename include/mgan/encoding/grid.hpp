#pragma once
/// \file
/// Onsets and lengths on a grid, so that notes that are meant to sound together have equal onsets.
///
/// A pianist's chord is spread over a few ticks; a network that must learn those differences to the
/// tick never outputs a 0, and never a chord. On a grid of 24 ticks (a sixteenth of a quarter note;
/// it contains thirds and quarters of a quarter note) a chord is a difference of 0.
///
/// *Absolute* onsets are rounded, and then the differences taken. If the differences were rounded,
/// their errors would add up, and the song would drift.

#include <mgan/core/version.hpp>
#include <mgan/midi/song.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace mgan::inline MGAN_ABI::encoding {

/// The multiple of `grid` nearest to `ticks` >= 0; halves go up.
[[nodiscard]] constexpr std::int64_t snap(std::int64_t ticks, std::int64_t grid) noexcept {
    const std::int64_t below = ticks / grid * grid;
    return below + (2 * (ticks - below) >= grid ? grid : 0);
}

/// All onsets and lengths on the grid (>= 1), lengths at least one step of it; in `note_order`
/// again, as notes that now begin together are ordered by pitch.
inline void snap(std::vector<midi::Note>& notes, std::int64_t grid) {
    for (midi::Note& note : notes) {
        note.onset = snap(note.onset, grid);
        note.length = std::max(grid, snap(note.length, grid));
    }
    if (!std::is_sorted(notes.begin(), notes.end(), midi::note_order))
        std::sort(notes.begin(), notes.end(), midi::note_order);
}

}  // namespace mgan::inline MGAN_ABI::encoding
