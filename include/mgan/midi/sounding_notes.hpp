#pragma once
/// \file
/// The notes that the networks learn from and the metrics measure.

#include <mgan/core/version.hpp>
#include <mgan/midi/song.hpp>

#include <algorithm>
#include <vector>

namespace mgan::inline MGAN_ABI::midi {

/// Channel 10, as musicians count: its note numbers are drums, not pitches.
inline constexpr int kDrumChannel = 9;

/// The notes of a song that sound (velocity > 0) and are not drums, in `note_order`. Repeated equal
/// notes are all kept.
[[nodiscard]] inline std::vector<Note> sounding_notes(const Song& song) {
    std::vector<Note> kept;
    kept.reserve(song.notes.size());
    for (const Note& note : song.notes)
        if (note.velocity > 0 && note.channel != kDrumChannel) kept.push_back(note);
    // A song from the reader is in order; one that a program put together may not be.
    if (!std::is_sorted(kept.begin(), kept.end(), note_order))
        std::sort(kept.begin(), kept.end(), note_order);
    return kept;
}

}  // namespace mgan::inline MGAN_ABI::midi
