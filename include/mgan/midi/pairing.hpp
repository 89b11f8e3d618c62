#pragma once
/// \file
/// `MidiFile` -> `Song`: which note-off ends which note-on, and when that is in quarter notes.
///
/// A file does not say "a C of one quarter"; it says "C down", and some time later "C up". Usually
/// that is clear. Where it is not, mgan decides:
///
/// - Two equal notes sound, and one is released: the one that began first ends (first in, first
///   out). Pairs are sought within one track and one channel.
/// - A note never released ends with its track. The controllers "all sound off" and "all notes off"
///   (120, and 123 to 127, which imply it) release every note of their channel in their track.
/// - A release without a note does nothing. A note released at once has length 0, and is a note.
/// - Times become 384 a quarter by rounding onset and end, each counted from the start of the song;
///   the length is their difference. So errors do not add up, and notes that touched still touch.
///   Times beyond kMaxSongTick (90 years) are kMaxSongTick: whatever was read can be written.

#include <mgan/midi/file.hpp>
#include <mgan/midi/sounding_notes.hpp>
#include <mgan/midi/text.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace mgan::inline MGAN_ABI::midi {

struct NoteOptions {
    bool drums = false;  ///< keep the notes of kDrumChannel, where a pitch is an instrument
};

/// Number of note-ons with velocity > 0 in a track: as many notes will be made of it.
[[nodiscard]] inline std::size_t count_notes(const Track& track,
                                             const NoteOptions& options = {}) noexcept {
    return static_cast<std::size_t>(
        std::count_if(track.events.begin(), track.events.end(), [&](const Event& event) {
            return event.is_note_on() && (options.drums || event.channel() != kDrumChannel);
        }));
}

/// The notes of a song being built that still sound: a queue for each channel and pitch. While a
/// note sounds, its `length` holds the link to the next in its queue:
///
///     length >= 0         the note has ended
///     length == -1        it sounds, and is the last of its queue
///     length == -2 - i    it sounds, and notes[i] is the next of its queue
///
/// so a hostile file with a million open notes needs no memory beyond that of the notes.
class OpenNotes {
public:
    explicit OpenNotes(std::vector<Note>& notes) : notes_(notes) {}

    void begin(std::int64_t tick, int channel, int pitch, int velocity) {
        const auto index = static_cast<std::int64_t>(notes_.size());
        Queue& queue = queue_of(channel, pitch);
        if (queue.first == kNone) {
            queue.first = index;
        } else {
            notes_[static_cast<std::size_t>(queue.last)].length = -2 - index;
        }
        queue.last = index;
        ++sounding_[static_cast<std::size_t>(channel)];
        notes_.push_back({tick, -1, pitch, velocity, channel});
    }

    /// Ends the note that began first; nothing if none sounds.
    void end(std::int64_t tick, int channel, int pitch) {
        Queue& queue = queue_of(channel, pitch);
        if (queue.first == kNone) return;
        Note& note = notes_[static_cast<std::size_t>(queue.first)];
        queue.first = note.length == -1 ? kNone : -2 - note.length;
        note.length = tick - note.onset;
        --sounding_[static_cast<std::size_t>(channel)];
    }

    void end_channel(std::int64_t tick, int channel) {
        for (int pitch = 0; pitch < 128 && sounding_[static_cast<std::size_t>(channel)] > 0;
             ++pitch) {
            while (queue_of(channel, pitch).first != kNone) end(tick, channel, pitch);
        }
    }

    void end_all(std::int64_t tick) {
        for (int channel = 0; channel < 16; ++channel) end_channel(tick, channel);
    }

private:
    static constexpr std::int64_t kNone = -1;
    struct Queue {  // of indices into the notes; `last` means something where `first` does
        std::int64_t first = kNone;
        std::int64_t last = kNone;
    };
    Queue& queue_of(int channel, int pitch) noexcept {
        return queues_[static_cast<std::size_t>(channel) * 128 + static_cast<std::size_t>(pitch)];
    }

    std::vector<Note>& notes_;
    std::array<Queue, 16 * 128> queues_;
    std::array<std::size_t, 16> sounding_{};
};

/// Appends the notes of one track, with times as `scale` makes them of the file's ticks.
inline void append_notes(const Track& track, const TickScale& scale, const NoteOptions& options,
                         OpenNotes& sounding) {
    // Notes of a chord share a tick: it is scaled once.
    std::int64_t file_tick = 0;
    std::int64_t tick = 0;
    for (const Event& event : track.events) {
        if (!event.is_channel() || (event.channel() == kDrumChannel && !options.drums)) continue;
        if (event.tick != file_tick) {
            file_tick = event.tick;
            tick = std::min(scale(file_tick), kMaxSongTick);
        }
        if (event.is_note_on()) {
            sounding.begin(tick, event.channel(), event.data1, event.data2);
        } else if (event.is_note_off()) {
            sounding.end(tick, event.channel(), event.data1);
        } else if ((event.status & 0xF0) == 0xB0 && (event.data1 == 120 || event.data1 >= 123)) {
            sounding.end_channel(tick, event.channel());
        }
    }
    sounding.end_all(std::min(scale(track.end), kMaxSongTick));
}

/// Brings the notes of tracks that stand one after another into `note_order`. Those of one track
/// begin in order of time already, so only the notes of each chord have to be sorted, and then the
/// tracks merged: two and two of them, until one is left.
inline void merge_tracks(std::vector<Note>& notes) {
    std::vector<std::ptrdiff_t> ends;  // of the runs in order of onsets: usually the tracks
    const auto begin = notes.begin();
    for (auto chord = begin; chord != notes.end();) {
        auto next = chord + 1;
        while (next != notes.end() && next->onset == chord->onset) ++next;
        std::sort(chord, next, note_order);
        if (next == notes.end() || next->onset < chord->onset) ends.push_back(next - begin);
        chord = next;
    }
    while (ends.size() > 1) {
        std::size_t merged = 0;
        std::ptrdiff_t first = 0;
        for (std::size_t run = 0; run < ends.size(); run += 2) {
            const std::ptrdiff_t last = ends[std::min(run + 1, ends.size() - 1)];
            std::inplace_merge(begin + first, begin + ends[run], begin + last, note_order);
            ends[merged++] = first = last;
        }
        ends.resize(merged);
    }
}

/// The song of `tracks`, which sound together.
///
/// \param division  of the file; valid. With SMPTE a tick is a part of a second: tempo events mean
///                  nothing, and the song is written as if played at 120 quarters a minute.
/// The tempo map collects the tempo events of all tracks, the last one where several share a tick.
/// The title is the name of the first track.
[[nodiscard]] inline Song song_of_tracks(std::span<const Track> tracks, std::uint16_t division,
                                         const NoteOptions& options = {}) {
    require<DataError>(is_valid_division(division), "midi::song_of_tracks: division ", division,
                       " is neither ticks a quarter nor SMPTE");
    const TickScale scale = TickScale::of(division);
    std::size_t notes = 0;
    for (const Track& track : tracks) notes += count_notes(track, options);

    Song song;
    song.notes.reserve(notes);
    OpenNotes sounding(song.notes);
    for (const Track& track : tracks) append_notes(track, scale, options, sounding);
    merge_tracks(song.notes);

    for (const Track& track : tracks) {
        if (is_smpte(division)) break;
        for (const Event& event : track.events) {
            if (!event.is_meta(kMetaTempo) || track.bytes_of(event).size() != 3) continue;
            std::int64_t microseconds = 0;
            for (const std::byte b : track.bytes_of(event))
                microseconds = microseconds << 8 | std::to_integer<int>(b);
            if (microseconds > 0)
                song.tempo.push_back({std::min(scale(event.tick), kMaxSongTick), microseconds});
        }
    }
    const auto earlier = [](const TempoChange& a, const TempoChange& b) { return a.tick < b.tick; };
    if (!std::is_sorted(song.tempo.begin(), song.tempo.end(), earlier))
        std::stable_sort(song.tempo.begin(), song.tempo.end(), earlier);
    std::size_t kept = 0;
    for (const TempoChange& change : song.tempo) {
        if (kept > 0 && song.tempo[kept - 1].tick == change.tick) --kept;
        song.tempo[kept++] = change;
    }
    song.tempo.resize(kept);

    if (!tracks.empty()) {
        for (const Event& event : tracks.front().events) {
            if (!event.is_meta(kMetaTrackName)) continue;
            song.title = text_of(tracks.front().bytes_of(event));
            break;
        }
    }
    return song;
}

}  // namespace mgan::inline MGAN_ABI::midi
