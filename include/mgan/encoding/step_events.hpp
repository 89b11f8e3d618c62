#pragma once
/// \file
/// Songs as step events, and back.
///
///     song --prepare_steps--> tones in key, on the grid --step_events--> indices, one event a note
///     song <---------------- voices <-------------------song_of-------- indices
///
/// Four notes at 16 grid steps a quarter, a chord and two single notes:
///
///     onset    pitch   length |  move   gap   pitch   length
///         0    60          16 |     1    16      60       16
///         0    64          16 |     0    16      64       16      the chord shares its gap
///        16    67           8 |     1     8      67        8
///        24    72          16 |     1    16      72       16      the last gap is a quarter
///
/// Gaps are rounded so that errors do not add up: the gap that is written leads from the onset *as
/// written so far* to the true next one. A rest that is longer than the vocabulary goes is
/// shortened by whole quarters, so that the beat stays where it is.
///
/// On the way back, a key that is struck while it sounds goes to another channel (voices.hpp). A
/// prepared song whose times and velocities are in the vocabulary comes back exactly, up to the
/// channels.

#include <mgan/core/version.hpp>
#include <mgan/encoding/grid.hpp>
#include <mgan/encoding/key.hpp>
#include <mgan/encoding/step_vocabulary.hpp>
#include <mgan/encoding/voices.hpp>
#include <mgan/midi/song.hpp>
#include <mgan/midi/sounding_notes.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI::encoding {

/// One event: for each component of a vocabulary the index of its value; the rest is 0.
struct StepEvent {
    std::array<std::int16_t, kMaxComponents> value{};

    friend bool operator==(const StepEvent&, const StepEvent&) = default;
};

/// A song as events. The first event is always a move: nothing lies before it.
struct StepSong {
    std::vector<StepEvent> events;
    /// Onset of the first event in grid steps, modulo 12 quarters: where in the bar it begins.
    std::int32_t first_phase = 0;
    /// Events up to and with the last one of the song, where it is known that it ends there; 0: it
    /// is not.
    std::size_t ends = 0;

    friend bool operator==(const StepSong&, const StepSong&) = default;
};

/// The song as the step encoding sees it: its tones (no drums) on channel 0, transposed towards
/// white keys if `normalise_key`, on the grid. Onsets stay where they are in the bar: silence
/// before the first note is shortened by whole multiples of 12 quarters. Title and tempo map are
/// kept.
[[nodiscard]] inline midi::Song prepare_steps(const midi::Song& song, std::int64_t grid_ticks,
                                              bool normalise_key = true) {
    midi::Song prepared;
    prepared.title = song.title;
    prepared.tempo = song.tempo;
    prepared.notes = midi::sounding_notes(song);
    if (normalise_key) transpose(prepared.notes, key_shift(prepared.notes));
    for (midi::Note& note : prepared.notes) note.channel = 0;
    snap(prepared.notes, grid_ticks);  // sorts, too
    if (prepared.notes.empty()) return prepared;
    constexpr std::int64_t kPhase = 12 * midi::kTicksPerQuarter;
    const std::int64_t silence = prepared.notes.front().onset / kPhase * kPhase;
    for (midi::Note& note : prepared.notes) note.onset -= silence;
    for (midi::TempoChange& change : prepared.tempo)
        change.tick = std::max<std::int64_t>(0, change.tick - silence);
    return prepared;
}

/// The events of a prepared song (`prepare_steps`): one a note, in the order of the notes. Times
/// and velocities that are not in the vocabulary go to their nearest value. Labels are 0.
[[nodiscard]] inline StepSong step_events(const midi::Song& song,
                                          const StepVocabulary& vocabulary) {
    StepSong steps;
    const std::vector<midi::Note>& notes = song.notes;
    if (notes.empty()) return steps;
    const auto step = [&](std::int64_t ticks) {
        return snap(ticks, vocabulary.grid_ticks()) / vocabulary.grid_ticks();
    };
    const std::int64_t quarter = vocabulary.quarter_steps();
    const std::int64_t longest = vocabulary.components()[StepVocabulary::gap()].values.back();
    std::int64_t written = step(notes.front().onset);  // where the events so far have come to
    steps.first_phase = static_cast<std::int32_t>(written % vocabulary.phase_steps());
    steps.events.reserve(notes.size());
    std::int64_t moved = 0;  // by how much shortened rests bring later notes forward
    for (std::size_t begin = 0; begin < notes.size();) {
        const std::int64_t onset = step(notes[begin].onset);
        std::size_t end = begin + 1;
        while (end < notes.size() && step(notes[end].onset) == onset) ++end;
        std::int64_t ahead = quarter;
        if (end < notes.size()) {
            ahead = step(notes[end].onset) - moved - written;
            if (ahead > longest) {
                const std::int64_t cut = (ahead - longest + quarter - 1) / quarter * quarter;
                const std::int64_t shorter = ahead - cut > 0 ? cut : ahead - longest;
                moved += shorter;
                ahead -= shorter;
            }
        }
        const std::int16_t gap = vocabulary.nearest(StepVocabulary::gap(), ahead);
        for (std::size_t i = begin; i < end; ++i) {
            StepEvent event;
            event.value[StepVocabulary::move()] = i == begin ? 1 : 0;
            event.value[StepVocabulary::gap()] = gap;
            event.value[vocabulary.pitch()] =
                vocabulary.nearest(vocabulary.pitch(), notes[i].pitch);
            event.value[vocabulary.length()] =
                vocabulary.nearest(vocabulary.length(), step(notes[i].length));
            event.value[vocabulary.velocity()] =
                vocabulary.nearest(vocabulary.velocity(), notes[i].velocity);
            steps.events.push_back(event);
        }
        written += vocabulary.value(StepVocabulary::gap(), gap);
        begin = end;
    }
    return steps;
}

/// Grid steps from the first onset to that of event `last`, or of the song's last event if there is
/// none of that number.
[[nodiscard]] inline std::int64_t steps_to(const StepSong& song, std::size_t last,
                                           const StepVocabulary& vocabulary) {
    std::int64_t steps = 0;
    for (std::size_t i = 1; i <= last && i < song.events.size(); ++i)
        if (song.events[i].value[StepVocabulary::move()] != 0)
            steps += vocabulary.value(StepVocabulary::gap(),
                                      song.events[i - 1].value[StepVocabulary::gap()]);
    return steps;
}

/// `count` events of a song from event `begin` on, fewer where it ends. The crop knows its place in
/// the bar; its first event is a move, as nothing lies before it, and its last gap still leads to
/// the onset that follows in the song. Precondition: begin <= events.
[[nodiscard]] inline StepSong crop_of(const StepSong& song, std::size_t begin, std::size_t count,
                                      const StepVocabulary& vocabulary) {
    StepSong crop;
    const std::int64_t phase = song.first_phase + steps_to(song, begin, vocabulary);
    crop.first_phase = static_cast<std::int32_t>(phase % vocabulary.phase_steps());
    const auto first = song.events.begin() + static_cast<std::ptrdiff_t>(begin);
    count = std::min(count, song.events.size() - begin);
    crop.events.assign(first, first + static_cast<std::ptrdiff_t>(count));
    if (!crop.events.empty()) crop.events.front().value[StepVocabulary::move()] = 1;
    return crop;
}

/// The last `count` - 1 events of a song, and its first event again: where music goes on, it begins
/// anew. `ends` is set. Precondition: 2 <= count <= events + 1.
[[nodiscard]] inline StepSong ending_of(const StepSong& song, std::size_t count,
                                        const StepVocabulary& vocabulary) {
    StepSong ending = crop_of(song, song.events.size() - (count - 1), count - 1, vocabulary);
    ending.ends = ending.events.size();
    ending.events.push_back(song.events.front());
    ending.events.back().value[StepVocabulary::move()] = 1;
    return ending;
}

/// A song from events: any events whose indices are in the vocabulary, a crop of a longer song too.
/// The first note begins `first_onset` grid steps after the start. Without title and tempo, in
/// `midi::note_order`, on channel 0 where its key is free (voices.hpp).
[[nodiscard]] inline midi::Song song_of(std::span<const StepEvent> events,
                                        const StepVocabulary& vocabulary,
                                        std::int64_t first_onset = 0) {
    midi::Song song;
    song.notes.reserve(events.size());
    const std::int64_t grid = vocabulary.grid_ticks();
    std::int64_t onset = first_onset;
    for (std::size_t i = 0; i < events.size(); ++i) {
        const auto value = [&](std::size_t component) {
            return vocabulary.value(component, events[i].value[component]);
        };
        if (i > 0 && value(StepVocabulary::move()) != 0)
            onset +=
                vocabulary.value(StepVocabulary::gap(), events[i - 1].value[StepVocabulary::gap()]);
        song.notes.push_back({onset * grid, value(vocabulary.length()) * grid,
                              value(vocabulary.pitch()), value(vocabulary.velocity()), 0});
    }
    std::sort(song.notes.begin(), song.notes.end(), midi::note_order);
    Voices voices;
    for (midi::Note& note : song.notes) {
        note.channel = voices.channel_of(note);
        voices.strike(note);
    }
    return song;
}

}  // namespace mgan::inline MGAN_ABI::encoding
