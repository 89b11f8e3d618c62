#pragma once
/// \file
/// Key normalisation: every song transposed as near to C major or A minor as it will go.
///
/// A corpus in twelve keys teaches a small network that all semitones are about equally likely, and
/// it plays chromatically. Transposed so that most notes are white keys, the same corpus shows its
/// scale. It is a mild use of music theory, which the paper does without, and so an option. The
/// metrics do not change when generated songs are transposed back at random.

#include <mgan/core/version.hpp>
#include <mgan/midi/song.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mgan::inline MGAN_ABI::encoding {

/// The transposition s in -5 .. +6 semitones after which most notes are white keys:
/// argmax_s #{notes: (pitch + s) mod 12 in {0, 2, 4, 5, 7, 9, 11}}. Of equally good ones the
/// smallest |s|, downwards before upwards. 0 for no notes.
[[nodiscard]] inline int key_shift(std::span<const midi::Note> notes) noexcept {
    //                                    B A# A G# G F# F E D# D C# C
    constexpr unsigned kWhiteKeys = 0b1'0'1'0'1'0'1'1'0'1'0'1u;
    std::array<std::int64_t, 12> count{};
    for (const midi::Note& note : notes) ++count[static_cast<std::size_t>(note.pitch % 12)];
    int best = 0;
    std::int64_t most = -1;
    for (const int shift : {0, -1, 1, -2, 2, -3, 3, -4, 4, -5, 5, 6}) {
        std::int64_t white = 0;
        for (int pitch_class = 0; pitch_class < 12; ++pitch_class)
            if ((kWhiteKeys >> ((pitch_class + shift + 12) % 12)) & 1u)
                white += count[static_cast<std::size_t>(pitch_class)];
        if (white > most) {
            most = white;
            best = shift;
        }
    }
    return best;
}

/// Adds `semitones` (-12 .. 12) to every pitch. A note that would leave 0 .. 127 goes to the same
/// pitch class an octave further in. In `note_order` afterwards.
inline void transpose(std::vector<midi::Note>& notes, int semitones) {
    for (midi::Note& note : notes) {
        note.pitch += semitones;
        if (note.pitch < 0) note.pitch += 12;
        if (note.pitch > 127) note.pitch -= 12;
    }
    if (!std::is_sorted(notes.begin(), notes.end(), midi::note_order))
        std::sort(notes.begin(), notes.end(), midi::note_order);
}

}  // namespace mgan::inline MGAN_ABI::encoding
