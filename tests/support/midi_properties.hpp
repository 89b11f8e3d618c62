#pragma once
// What must hold for any bytes given to the MIDI reader. The tests ask it about prefixes and bit
// flips of small files, the fuzzer about everything else. Include it in one source file of a
// program, as memory_peak.hpp.

#include <mgan/midi/notes.hpp>
#include <support/memory_peak.hpp>

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace midi_properties {

using namespace mgan::midi;

// Both modes, and what they made of the bytes; nothing where they refused them.
inline std::optional<ReadResult> try_parse(std::span<const std::byte> bytes, ReadMode mode) {
    ReadOptions options;
    options.mode = mode;
    try {
        return parse(bytes, options);
    } catch (const mgan::FormatError&) {
        return std::nullopt;
    }
}

struct Loading {
    std::optional<ReadResult> result;
    std::vector<Song> songs;
    std::size_t peak = 0;  ///< bytes
};

// Loads songs as `load_songs` does, and measures the most memory that it took.
inline Loading load(std::span<const std::byte> bytes) {
    Loading loading;
    const MemoryPeak peak;
    {
        const std::vector<std::byte> copy(bytes.begin(), bytes.end());
        loading.result = try_parse(copy, ReadMode::recover);
    }
    if (loading.result) loading.songs = to_songs(loading.result->file, {.drums = true});
    loading.peak = peak.bytes();
    return loading;
}

inline std::string song_violation(const Song& song, std::span<const int> formats) {
    if (!std::is_sorted(song.notes.begin(), song.notes.end(), note_order))
        return "notes out of order";
    for (const Note& note : song.notes) {
        if (note.onset < 0 || note.length < 0 || note.pitch < 0 || note.pitch > 127 ||
            note.velocity < 1 || note.velocity > 127 || note.channel < 0 || note.channel > 15)
            return "a note out of range";
    }
    for (std::size_t i = 0; i < song.tempo.size(); ++i) {
        if (song.tempo[i].microseconds_per_quarter < 1) return "a tempo of zero";
        if (i > 0 && song.tempo[i].tick <= song.tempo[i - 1].tick) return "tempos out of order";
    }
    // Written and read, a song pairs its notes first in, first out; from then on it must not
    // change. Whatever was read can be written, so that nothing may throw here.
    for (const int format : formats) {
        const auto again = [&](const Song& s) {
            ReadOptions strict;
            strict.mode = ReadMode::strict;
            return to_song(parse(serialise(to_midi_file(s, {.format = format})), strict).file,
                           {.drums = true});
        };
        const Song once = again(song);
        if (once.notes.size() != song.notes.size()) return "writing changed the number of notes";
        if (once.tempo != song.tempo || once.title != song.title)
            return "writing changed tempo or title";
        if (again(once) != once) return "a song that was read changes when written and read again";
    }
    return "";
}

inline constexpr std::array<int, 2> kFormats = {0, 1};

// The first property that does not hold, or nothing. What is read is written in `formats`.
inline std::string violation(std::span<const std::byte> bytes,
                             std::span<const int> formats = kFormats) {
    const Loading loading = load(bytes);
    if (loading.peak > 64 * 1024 + 24 * bytes.size()) return "memory beyond 64 KiB + 24 x the size";
    const std::optional<ReadResult>& recovered = loading.result;
    const auto strict = try_parse(bytes, ReadMode::strict);
    if (strict && !(recovered && recovered->file == strict->file))
        return "recover reads what strict accepts otherwise";
    if (!recovered) return "";
    if (strict.has_value() != (recovered->repair_count == 0))
        return "repairs do not tell what strict refuses";
    if (recovered->bytes_examined > 4 * bytes.size() + 64) return "bytes were looked at too often";
    for (const Repair& repair : recovered->repairs) {
        if (repair.offset > bytes.size()) return "a repair beyond the end";
    }

    const auto again = try_parse(serialise(recovered->file), ReadMode::strict);
    if (!again) return "strict refuses what was written";
    if (!(again->file == recovered->file)) return "what was written reads otherwise";

    std::size_t expected = 0;
    for (const Track& track : recovered->file.tracks)
        expected += count_notes(track, {.drums = true});
    std::size_t found = 0;
    for (const Song& song : loading.songs) {
        found += song.notes.size();
        if (std::string why = song_violation(song, formats); !why.empty()) return why;
    }
    return found == expected ? "" : "note-ons and notes differ in number";
}

}  // namespace midi_properties
