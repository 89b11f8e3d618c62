#pragma once
/// \file
/// Songs from MIDI files and back: the header that most users need of this room.
///
///     const Song song = load_song("minuet.mid");
///     save_song("copy.mid", song);
///
/// pairing.hpp says how notes are found, arrangement.hpp how they are written, and fault.hpp what
/// happens to damaged files.

#include <mgan/midi/arrangement.hpp>
#include <mgan/midi/pairing.hpp>
#include <mgan/midi/reader.hpp>
#include <mgan/midi/writer.hpp>

#include <filesystem>
#include <span>
#include <vector>

namespace mgan::inline MGAN_ABI::midi {

/// The songs of a file. Formats 0 and 1: exactly one, perhaps without notes. Format 2: one for each
/// track that has notes, with its own time and tempo.
/// \throws DataError if the division is not valid (that of a parsed file is)
[[nodiscard]] inline std::vector<Song> to_songs(const MidiFile& file,
                                                const NoteOptions& options = {}) {
    std::vector<Song> songs;
    if (file.format != 2) {
        songs.push_back(song_of_tracks(file.tracks, file.division, options));
        return songs;
    }
    std::size_t count = 0;
    for (const Track& track : file.tracks) {
        if (count_notes(track, options) > 0) ++count;
    }
    songs.reserve(count);
    for (const Track& track : file.tracks) {
        if (count_notes(track, options) > 0)
            songs.push_back(song_of_tracks(std::span(&track, 1), file.division, options));
    }
    return songs;
}

/// The song of a file of format 0 or 1.
/// \throws DataError for format 2 with more than one song: use `to_songs`
[[nodiscard]] inline Song to_song(const MidiFile& file, const NoteOptions& options = {}) {
    std::vector<Song> songs = to_songs(file, options);
    require<DataError>(songs.size() <= 1, "midi::to_song: the file has format 2 and holds ",
                       songs.size(), " songs; take them with to_songs");
    return songs.empty() ? Song{} : std::move(songs.front());
}

/// Reads the songs of a file. \throws IoError, FormatError
[[nodiscard]] inline std::vector<Song> load_songs(const std::filesystem::path& path,
                                                  const ReadOptions& reading = {},
                                                  const NoteOptions& options = {}) {
    return to_songs(read_file(path, reading).file, options);
}

/// Reads the song of a file. \throws IoError, FormatError, and DataError where there are several
[[nodiscard]] inline Song load_song(const std::filesystem::path& path,
                                    const ReadOptions& reading = {},
                                    const NoteOptions& options = {}) {
    std::vector<Song> songs = load_songs(path, reading, options);
    require<DataError>(songs.size() <= 1, path, ": has format 2 and holds ", songs.size(),
                       " songs; take them with load_songs");
    return songs.empty() ? Song{} : std::move(songs.front());
}

/// Writes a song as a MIDI file, all or nothing. \throws DataError, IoError
inline void save_song(const std::filesystem::path& path, const Song& song,
                      const ArrangeOptions& options = {}) {
    write_file(path, to_midi_file(song, options));
}

}  // namespace mgan::inline MGAN_ABI::midi
