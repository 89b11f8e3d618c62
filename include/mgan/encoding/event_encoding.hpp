#pragma once
/// \file
/// The encoding `event`: equation 1 of the paper, (on/off, channel, note number, velocity).
///
/// A song is the list of its note-ons and note-offs in order of time; their order is written down,
/// their times are not. Decoded, event i (from 0) happens at tick i * step_ticks:
///
///     song    C ----        events  (1, 0, 60, 80)     decoded  C --------
///             E --------            (1, 0, 64, 70)                E --------
///                                   (0, 0, 60,  0)
///                                   (0, 0, 64,  0)
///
/// So chords become arpeggios and all rhythm is lost: that is what equation 1 says. Pitches,
/// velocities, channels and the order of all events come back exactly, and a song that was decoded
/// once comes back whole.

#include <mgan/core/version.hpp>
#include <mgan/encoding/features.hpp>
#include <mgan/midi/song.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <vector>

namespace mgan::inline MGAN_ABI::encoding {

/// Notes in `note_order` -> their 2n note-ons and note-offs, [2n, F], raw values. Of events at one
/// tick the note-offs come first, so that a repeated pitch ends before it begins again; a note of
/// length 0 counts as 1 tick long. Note-offs have velocity 0.
[[nodiscard]] inline Events<double> encode_events(std::span<const midi::Note> notes) {
    struct Moment {
        std::int64_t tick;
        bool on;
        std::size_t note;
    };
    std::vector<Moment> moments;
    moments.reserve(2 * notes.size());
    for (std::size_t i = 0; i < notes.size(); ++i) {
        moments.push_back({notes[i].onset, true, i});
        moments.push_back({notes[i].onset + std::max<std::int64_t>(1, notes[i].length), false, i});
    }
    std::sort(moments.begin(), moments.end(), [](const Moment& a, const Moment& b) {
        return std::tie(a.tick, a.on, a.note) < std::tie(b.tick, b.on, b.note);
    });
    Events<double> events;
    events.reserve(moments.size());
    for (const Moment& moment : moments) {
        const midi::Note& note = notes[moment.note];
        events.push_back({moment.on ? 1.0 : 0.0, static_cast<double>(note.channel),
                          static_cast<double>(note.pitch),
                          moment.on ? static_cast<double>(note.velocity) : 0.0});
    }
    return events;
}

/// Events, [T, F] -> notes in `note_order`; event i happens at tick i * step_ticks. Any values:
/// each is replaced by the valid one nearest to it. As in MIDI, a note-on of velocity 0 is a
/// note-off; a note-off ends the oldest note of its channel and pitch, or nothing if none sounds;
/// notes that are never ended sound until tick T * step_ticks.
[[nodiscard]] inline std::vector<midi::Note> decode_events(std::span<const Event<double>> events,
                                                           const EncodingSettings& options) {
    const auto meaning = features(options);
    std::vector<midi::Note> notes;
    // The notes that sound on one channel and pitch are a list, oldest first: `first` and `last` of
    // each, and the one `after` each note. kNone ends a list.
    constexpr std::size_t kNone = static_cast<std::size_t>(-1);
    std::vector<std::size_t> first(16 * 128, kNone), last(16 * 128, kNone), after;
    std::int64_t tick = 0;
    for (const Event<double>& event : events) {
        std::array<int, kFeatures> valid{};
        for (std::size_t f = 0; f < kFeatures; ++f)
            valid[f] = static_cast<int>(nearest_valid(meaning[f], options, event[f]));
        const auto [on, channel, pitch, velocity] = valid;
        const auto key = static_cast<std::size_t>(channel) * 128 + static_cast<std::size_t>(pitch);
        if (on == 1 && velocity > 0) {
            (first[key] == kNone ? first[key] : after[last[key]]) = notes.size();
            last[key] = notes.size();
            after.push_back(kNone);
            notes.push_back({tick, 0, pitch, velocity, channel});
        } else if (first[key] != kNone) {
            midi::Note& oldest = notes[first[key]];
            oldest.length = tick - oldest.onset;
            first[key] = after[first[key]];
        }
        tick += options.step_ticks;
    }
    for (std::size_t i : first)
        for (; i != kNone; i = after[i]) notes[i].length = tick - notes[i].onset;
    std::sort(notes.begin(), notes.end(), midi::note_order);
    return notes;
}

}  // namespace mgan::inline MGAN_ABI::encoding
