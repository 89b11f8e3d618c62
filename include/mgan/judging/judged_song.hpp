#pragma once
/// \file
/// A song as the judges read it: its notes on a grid, cut into windows.
///
///     Song -> tones (no drums) -> onsets and lengths on a grid of 24 ticks -> JudgedNotes
///
/// The grid keeps the judges honest: a generator that writes on a grid would otherwise be told from
/// a pianist by one tick. What is judged is the music, not its resolution.

#include <mgan/core/random.hpp>
#include <mgan/encoding/grid.hpp>
#include <mgan/midi/sounding_notes.hpp>

#include <cassert>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace mgan::inline MGAN_ABI::judging {

/// Ticks of a step: a sixteenth of a quarter note.
inline constexpr std::int64_t kTicksPerStep = 24;

/// Notes of a window, the unit that is judged.
inline constexpr std::size_t kWindow = 100;

/// One note. Times are in steps of the grid.
struct JudgedNote {
    int gap = 0;       ///< from the onset of the note before; of the first note 0
    int length = 1;    ///< >= 1
    int pitch = 60;    ///< MIDI number
    int velocity = 0;  ///< 1 .. 127

    friend bool operator==(const JudgedNote&, const JudgedNote&) = default;
};

/// Where in a song windows lie.
enum class WindowPlace { any, first, last };

/// A song with the name of its file. Songs of one file are resampled together.
struct JudgedSong {
    std::string file;
    std::vector<JudgedNote> notes;
    WindowPlace place = WindowPlace::any;  ///< of the windows that are taken from it
};

/// Consecutive notes of a song. The gap of the first one belongs to the note before: read it as 0.
using Window = std::span<const JudgedNote>;

/// The tones of `song` on the grid, in order of onset, then pitch.
[[nodiscard]] inline JudgedSong judged_song(const midi::Song& song, std::string file) {
    std::vector<midi::Note> notes = midi::sounding_notes(song);
    encoding::snap(notes, kTicksPerStep);
    JudgedSong judged{std::move(file), {}};
    judged.notes.reserve(notes.size());
    std::int64_t before = notes.empty() ? 0 : notes.front().onset;
    for (const midi::Note& note : notes) {
        judged.notes.push_back({static_cast<int>((note.onset - before) / kTicksPerStep),
                                static_cast<int>(note.length / kTicksPerStep), note.pitch,
                                note.velocity});
        before = note.onset;
    }
    return judged;
}

/// A window of `song`: where `song.place` says, or at a random place, number `index` of `random`.
/// The song has at least kWindow notes.
[[nodiscard]] inline Window random_window(const JudgedSong& song, const Random& random,
                                          std::uint64_t index) {
    assert(song.notes.size() >= kWindow);
    const std::size_t last = song.notes.size() - kWindow;
    const std::size_t begin = song.place == WindowPlace::first  ? 0
                              : song.place == WindowPlace::last ? last
                                                                : random.integer(index, last + 1);
    return Window(song.notes).subspan(begin, kWindow);
}

/// `count` windows: one of each song in turn, at random places.
[[nodiscard]] inline std::vector<Window> windows_in_turn(const std::vector<JudgedSong>& songs,
                                                         std::size_t count, const Random& random) {
    std::vector<Window> windows;
    windows.reserve(count);
    for (std::size_t i = 0; i < count; ++i)
        windows.push_back(random_window(songs[i % songs.size()], random, i));
    return windows;
}

}  // namespace mgan::inline MGAN_ABI::judging
