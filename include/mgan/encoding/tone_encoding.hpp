#pragma once
/// \file
/// The encoding `tone`: one event per note, as in C-RNN-GAN (Mogren 2016, section 3).
///
///     (onset - previous onset, length, pitch, velocity)
///
/// in the order of the song. The first difference is taken from the start of the song, 0. Channels,
/// tempo map and title are not written down; everything else comes back exactly.

#include <mgan/core/version.hpp>
#include <mgan/encoding/features.hpp>
#include <mgan/midi/song.hpp>

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace mgan::inline MGAN_ABI::encoding {

/// Notes in `note_order` -> one event each, [n, F], raw values.
[[nodiscard]] inline Events<double> encode_tones(std::span<const midi::Note> notes,
                                                 const EncodingSettings& options) {
    Events<double> events;
    events.reserve(notes.size());
    std::int64_t previous = 0;
    for (const midi::Note& note : notes) {
        const double pitch = note.pitch;
        events.push_back(
            {static_cast<double>(note.onset - previous), static_cast<double>(note.length),
             options.pitch_in_hz ? hz_of_pitch(pitch) : pitch, static_cast<double>(note.velocity)});
        previous = note.onset;
    }
    return events;
}

/// Events, [n, F] -> one note each, on channel 0, in `note_order`. Any values: each is replaced by
/// the valid one nearest to it, so the notes are always valid ones.
[[nodiscard]] inline std::vector<midi::Note> decode_tones(std::span<const Event<double>> events,
                                                          const EncodingSettings& options) {
    const auto meaning = features(options);
    std::vector<midi::Note> notes;
    notes.reserve(events.size());
    std::int64_t onset = 0;
    for (const Event<double>& event : events) {
        Event<double> valid{};
        for (std::size_t f = 0; f < kFeatures; ++f)
            valid[f] = nearest_valid(meaning[f], options, event[f]);
        // Differences on the grid add up to onsets on the grid.
        onset += static_cast<std::int64_t>(valid[0]);
        const double pitch = options.pitch_in_hz ? pitch_of_hz(valid[2]) : valid[2];
        notes.push_back({onset, static_cast<std::int64_t>(valid[1]),
                         static_cast<int>(std::lround(pitch)), static_cast<int>(valid[3]), 0});
    }
    std::sort(notes.begin(), notes.end(), midi::note_order);
    return notes;
}

}  // namespace mgan::inline MGAN_ABI::encoding
