#pragma once
/// \file
/// A song as musicians think of it: notes with an onset, a length, a pitch and a velocity.
///
/// Between the bytes of a MIDI file (note-on, note-off, running status, tempo events) and what a
/// network sees, everything in mgan works on this.

#include <mgan/core/version.hpp>

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

namespace mgan::inline MGAN_BOUNDARY {

/// One note. Times are in ticks of 1/384 quarter note.
struct Note {
    std::int64_t onset = 0;   ///< ticks since the start of the song, >= 0
    std::int64_t length = 0;  ///< ticks, >= 0
    int pitch = 0;            ///< MIDI number, 0 .. 127; 60 is middle C
    int velocity = 0;         ///< 1 .. 127
    int channel = 0;          ///< 0 .. 15; 9 is the drum channel ("channel 10")

    friend bool operator==(const Note&, const Note&) = default;
};

/// From `tick` on, a quarter note lasts `microseconds_per_quarter`.
struct TempoChange {
    std::int64_t tick = 0;
    std::int64_t microseconds_per_quarter = 500'000;  ///< 500 000 is 120 quarters a minute

    friend bool operator==(const TempoChange&, const TempoChange&) = default;
};

/// A song: its notes in `note_order`, and its tempo map in order of ticks (empty means 120 quarters
/// a minute throughout).
struct Song {
    std::string title;
    std::vector<Note> notes;
    std::vector<TempoChange> tempo;

    friend bool operator==(const Song&, const Song&) = default;
};

}  // namespace mgan::inline MGAN_BOUNDARY

namespace mgan::inline MGAN_ABI::midi {

using mgan::Note;
using mgan::Song;
using mgan::TempoChange;

/// Ticks of a quarter note, everywhere but in the file (the paper's resolution, section 4).
inline constexpr std::int64_t kTicksPerQuarter = 384;

/// The order of a song's notes: by onset, then pitch; the rest only makes it total. (An object, not
/// a function, so that std::sort inlines it.)
inline constexpr auto note_order = [](const Note& a, const Note& b) noexcept {
    if (a.onset != b.onset) return a.onset < b.onset;
    if (a.pitch != b.pitch) return a.pitch < b.pitch;
    return std::tie(a.length, a.velocity, a.channel) < std::tie(b.length, b.velocity, b.channel);
};

}  // namespace mgan::inline MGAN_ABI::midi
