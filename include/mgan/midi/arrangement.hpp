#pragma once
/// \file
/// `Song` -> `MidiFile`: notes become presses and releases again.
///
/// The order of what happens at one tick matters. A repeated note is released before it is struck
/// again, or one long note would sound; a note of length 0 is released right after it was struck:
///
///     tick 384:   release of what sounded     (strike, release) of length 0     strike, strike ...
///
/// The way back pairs first in, first out (pairing.hpp). So a song comes back as it was unless a
/// note contains an equal one (same channel and pitch, later onset, earlier end): a file cannot say
/// which of the two a release means. Those two then swap their ends, and sound the same.
///
/// A file can wait 268 435 455 ticks at a time, two days at 120 quarters a minute. Longer waits are
/// written in several steps, with an empty text event after each.

#include <mgan/midi/file.hpp>
#include <mgan/midi/pairing.hpp>

#include <algorithm>
#include <array>
#include <span>
#include <tuple>
#include <vector>

namespace mgan::inline MGAN_ABI::midi {

struct ArrangeOptions {
    /// 0: everything in one track; 1: a track of tempo and title, then one for each channel.
    int format = 1;
};

/// Steps towards `tick` with empty texts until a time difference can hold the rest.
inline void wait_until(Track& track, std::int64_t tick) {
    while (tick - track.end > std::int64_t{kMaxQuantity})
        track.add_meta(track.end + std::int64_t{kMaxQuantity}, kMetaText, {});
}

/// Appends a tempo event. Precondition: 0 < microseconds < 2^24
inline void add_tempo(Track& track, const TempoChange& change) {
    const auto microseconds = static_cast<std::uint32_t>(change.microseconds_per_quarter);
    const std::array<std::byte, 3> bytes = {static_cast<std::byte>(microseconds >> 16),
                                            static_cast<std::byte>(microseconds >> 8),
                                            static_cast<std::byte>(microseconds)};
    wait_until(track, change.tick);
    track.add_meta(change.tick, kMetaTempo, bytes);
}

/// \throws DataError where a note or a tempo has no MIDI form
inline void check_song(const Song& song) {
    for (const Note& note : song.notes) {
        require<DataError>(
            note.onset >= 0 && note.onset <= kMaxSongTick && note.length >= 0 &&
                note.length <= kMaxSongTick && note.pitch >= 0 && note.pitch <= 127 &&
                note.velocity >= 1 && note.velocity <= 127 && note.channel >= 0 &&
                note.channel <= 15,
            "midi::arrange: a note with onset ", note.onset, ", length ", note.length, ", pitch ",
            note.pitch, ", velocity ", note.velocity, ", channel ", note.channel,
            " cannot be written (onset and length 0 to 2^40, pitch 0 to 127, velocity 1 to 127, "
            "channel 0 to 15)");
    }
    for (std::size_t i = 0; i < song.tempo.size(); ++i) {
        const TempoChange& change = song.tempo[i];
        require<DataError>(
            change.tick >= 0 && change.tick <= kMaxSongTick &&
                (i == 0 || song.tempo[i - 1].tick <= change.tick) &&
                change.microseconds_per_quarter >= 1 && change.microseconds_per_quarter < (1 << 24),
            "midi::arrange: tempo ", i, " at tick ", change.tick, " of ",
            change.microseconds_per_quarter,
            " microseconds a quarter cannot be written (in order of ticks, 1 to 16777215)");
    }
}

/// A song as a file of 384 ticks a quarter. The notes may come in any order.
/// \throws DataError where a note or a tempo is out of range, or format is neither 0 nor 1
[[nodiscard]] inline MidiFile to_midi_file(const Song& song, const ArrangeOptions& options = {}) {
    require<DataError>(options.format == 0 || options.format == 1, "midi::to_midi_file: format ",
                       options.format, ", a song is written as 0 or 1");
    check_song(song);

    // An entry for each press and each release; a note of length 0 has one for both. At equal ticks
    // they go in the order of the enumerators: were a long note struck before an equal one of
    // length 0, the two would swap.
    enum class What { release, tap, press };
    struct Action {
        std::int64_t tick;
        What what;
        const Note* note;
    };
    std::vector<Action> actions;
    actions.reserve(2 * song.notes.size());
    for (const Note& note : song.notes) {
        actions.push_back({note.onset, note.length == 0 ? What::tap : What::press, &note});
        if (note.length > 0) actions.push_back({note.onset + note.length, What::release, &note});
    }
    std::sort(actions.begin(), actions.end(), [](const Action& a, const Action& b) {
        return std::tie(a.tick, a.what) != std::tie(b.tick, b.what)
                   ? std::tie(a.tick, a.what) < std::tie(b.tick, b.what)
                   : note_order(*a.note, *b.note);
    });

    MidiFile file;
    file.format = options.format;
    file.division = static_cast<std::uint16_t>(kTicksPerQuarter);
    Track first;
    if (!song.title.empty())
        first.add_meta(0, kMetaTrackName, std::as_bytes(std::span(song.title)));

    std::array<Track, 16> by_channel;
    auto change = song.tempo.begin();
    const auto add_tempos_until = [&](std::int64_t tick) {
        for (; change != song.tempo.end() && change->tick <= tick; ++change)
            add_tempo(first, *change);
    };
    for (const Action& action : actions) {
        const Note& note = *action.note;
        const auto channel = static_cast<unsigned>(note.channel);
        const auto pitch = static_cast<std::uint8_t>(note.pitch);
        add_tempos_until(action.tick);
        Track& track = options.format == 0 ? first : by_channel[channel];
        wait_until(track, action.tick);
        if (action.what != What::release) {
            track.add_channel(action.tick, static_cast<std::uint8_t>(0x90 | channel), pitch,
                              static_cast<std::uint8_t>(note.velocity));
        }
        if (action.what != What::press)
            track.add_channel(action.tick, static_cast<std::uint8_t>(0x80 | channel), pitch, 64);
    }
    add_tempos_until(song.tempo.empty() ? 0 : song.tempo.back().tick);

    file.tracks.push_back(std::move(first));
    for (Track& track : by_channel) {
        if (!track.events.empty()) file.tracks.push_back(std::move(track));
    }
    return file;
}

}  // namespace mgan::inline MGAN_ABI::midi
