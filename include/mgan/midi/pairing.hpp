#pragma once
/// \file
/// `MidiFile` -> `Song`: which note-off ends which note-on, and when that is in quarter notes.
///
/// A file does not say "a C of one quarter"; it says "C down", and some time later "C up". Mostly
/// that is clear. Where it is not, mgan decides:
///
/// - Two equal notes sound, and one is released: the one that began first ends (first in, first
/// out).
///   Pairs are sought within one track and one channel.
/// - A note never released ends with its track. The controllers "all sound off" and "all notes off"
/// (120, and
///   123 to 127, which imply it) release every note of their channel in their track.
/// - A release without a note is nothing. A note released at once has length 0, and is a note.
/// - Times become 384 a quarter by rounding onset and end, each counted from the start of the song;
/// the
///   length is their difference, so errors neither add up nor tear apart what was joined.

#include <mgan/midi/file.hpp>
#include <mgan/midi/text.hpp>
#include <mgan/midi/tones.hpp>

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

/// The queues of notes that sound, one for each channel and pitch. The notes are those of a song
/// being built; while a note sounds, its `length` holds its link to the next in its queue:
///
///     length >= 0         the note has ended
///     length == -1        it sounds, and is the last of its queue
///     length == -2 - i    it sounds, and notes[i] is the next of its queue
///
/// so that hostile files with a million open notes need no memory beyond that of the notes.
class SoundingNotes {
public:
    explicit SoundingNotes(std::vector<Note>& notes) : notes_(notes) {
        first_.fill(kNone);
        last_.fill(kNone);
    }

    void begin(std::int64_t tick, int channel, int pitch, int velocity) {
        const auto index = static_cast<std::int64_t>(notes_.size());
        const std::size_t key = key_of(channel, pitch);
        if (first_[key] == kNone) {
            first_[key] = index;
        } else {
            notes_[static_cast<std::size_t>(last_[key])].length = -2 - index;
        }
        last_[key] = index;
        ++sounding_[static_cast<std::size_t>(channel)];
        notes_.push_back({tick, -1, pitch, velocity, channel});
    }

    /// Ends the note that began first; nothing if none sounds.
    void end(std::int64_t tick, int channel, int pitch) {
        const std::size_t key = key_of(channel, pitch);
        if (first_[key] == kNone) return;
        Note& note = notes_[static_cast<std::size_t>(first_[key])];
        first_[key] = note.length == -1 ? kNone : -2 - note.length;
        note.length = tick - note.onset;
        --sounding_[static_cast<std::size_t>(channel)];
    }

    void end_channel(std::int64_t tick, int channel) {
        for (int pitch = 0; pitch < 128 && sounding_[static_cast<std::size_t>(channel)] > 0;
             ++pitch) {
            while (first_[key_of(channel, pitch)] != kNone) end(tick, channel, pitch);
        }
    }

    void end_all(std::int64_t tick) {
        for (int channel = 0; channel < 16; ++channel) end_channel(tick, channel);
    }

private:
    static constexpr std::int64_t kNone = -1;
    static std::size_t key_of(int channel, int pitch) noexcept {
        return static_cast<std::size_t>(channel) * 128 + static_cast<std::size_t>(pitch);
    }

    std::vector<Note>& notes_;
    std::array<std::int64_t, 16 * 128> first_;
    std::array<std::int64_t, 16 * 128> last_;
    std::array<std::size_t, 16> sounding_{};
};

/// Appends the notes of one track; times stay in the file's ticks.
inline void append_notes(const Track& track, const NoteOptions& options, SoundingNotes& sounding) {
    for (const Event& event : track.events) {
        if (!event.is_channel() || (event.channel() == kDrumChannel && !options.drums)) continue;
        if (event.is_note_on()) {
            sounding.begin(event.tick, event.channel(), event.data1, event.data2);
        } else if (event.is_note_off()) {
            sounding.end(event.tick, event.channel(), event.data1);
        } else if ((event.status & 0xF0) == 0xB0 && (event.data1 == 120 || event.data1 >= 123)) {
            sounding.end_channel(event.tick, event.channel());
        }
    }
    sounding.end_all(track.end);
}

/// The song of `tracks`, which sound together.
///
/// \param division of the file; valid. With SMPTE a tick is a part of a second: the song is written
/// as if it were
///        played at 120 quarters a minute, and tempo events mean nothing.
/// The tempo map collects the tempo events of all tracks, the last one where several share a tick.
/// The title is the name of the first track.
[[nodiscard]] inline Song song_of_tracks(std::span<const Track> tracks, std::uint16_t division,
                                         const NoteOptions& options = {}) {
    require<DataError>(is_valid_division(division), "midi::song_of_tracks: division ", division,
                       " is neither ticks a quarter nor SMPTE");
    const TickScale scale = TickScale::of(division);
    const auto is_tempo = [](const Track& track, const Event& event) {
        return event.is_meta(kMetaTempo) && track.bytes_of(event).size() == 3;
    };
    std::size_t notes = 0;
    std::size_t tempos = 0;
    for (const Track& track : tracks) {
        notes += count_notes(track, options);
        for (const Event& event : track.events) {
            if (is_tempo(track, event)) ++tempos;
        }
    }
    if (is_smpte(division)) tempos = 0;

    Song song;
    song.notes.reserve(notes);
    SoundingNotes sounding(song.notes);
    for (const Track& track : tracks) append_notes(track, options, sounding);
    for (Note& note : song.notes) {
        const std::int64_t end = scale(note.onset + note.length);
        note.onset = scale(note.onset);
        note.length = end - note.onset;
    }
    if (!std::is_sorted(song.notes.begin(), song.notes.end(), note_order))
        std::sort(song.notes.begin(), song.notes.end(), note_order);

    song.tempo.reserve(tempos);
    for (const Track& track : tracks) {
        for (const Event& event : track.events) {
            if (tempos == 0 || !is_tempo(track, event)) continue;
            std::int64_t microseconds = 0;
            for (const std::byte b : track.bytes_of(event))
                microseconds = microseconds << 8 | std::to_integer<int>(b);
            if (microseconds > 0) song.tempo.push_back({scale(event.tick), microseconds});
        }
    }
    const auto earlier = [](const TempoChange& a, const TempoChange& b) { return a.tick < b.tick; };
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
