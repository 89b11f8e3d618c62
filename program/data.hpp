#pragma once
/// \file
/// The music that a command reads: a folder, a file, or the bundled corpus.

#include <mgan/dataset/load_data_set.hpp>
#include <mgan/io/settings_json.hpp>

#include <filesystem>
#include <string>

namespace mgan::program {

/// The word for the bundled corpus, in options and in config.json.
inline constexpr const char* kBundled = "bundled";

/// The songs of a folder, a file or a packed file; of the bundled corpus if `where` is empty, or
/// "bundled" and no such file is there. Throws what `load_data_set` throws.
[[nodiscard]] DataSet load_data(const std::string& where,
                                DamagedFiles damaged = DamagedFiles::skip);

/// The same, but songs of a packed file stay there (`DataSet::view` gives them).
[[nodiscard]] DataSet open_data(const std::string& where,
                                DamagedFiles damaged = DamagedFiles::skip);

/// The same for the data of a run, `notes`: those of its config.json. An error says what to do if
/// the music has moved: `advice`.
[[nodiscard]] DataSet open_data_of_run(const SettingNotes& notes, std::string_view advice);
/// Whether a run learns from damaged files, too.
[[nodiscard]] DamagedFiles damaged_of_run(const SettingNotes& notes);

/// A note of a config.json, or "".
[[nodiscard]] std::string note(const SettingNotes& notes, std::string_view key);

/// Where the music of a run is, byte by byte.
[[nodiscard]] std::string data_place(const SettingNotes& notes);

/// What config.json says of `where`, so that it is found again from any folder: the absolute path.
/// JSON can hold UTF-8 only; where the path is something else, or has control characters, the note
/// data_bytes holds its bytes as hexadecimal digits.
[[nodiscard]] std::string data_name(const std::string& where);
[[nodiscard]] SettingNotes data_notes(const std::string& where);

/// The absolute path itself; "bundled" for the music that comes with mgan.
[[nodiscard]] std::string data_path(const std::string& where);

/// What one MIDI file holds, and what the reader made of it.
struct SongsOfFile {
    std::vector<midi::Song> songs;
    std::string mended;   ///< as in mended.tsv; empty: nothing
    std::string damaged;  ///< why a training leaves it out; empty: it does not
};

/// The songs of one MIDI file. Throws IoError, FormatError, and DataError that says what a copy has
/// done to the file, if that can be told; all name it.
[[nodiscard]] SongsOfFile read_songs_of(const std::filesystem::path& file,
                                        const midi::NoteOptions& options = {});
[[nodiscard]] std::vector<midi::Song> load_songs_of(const std::filesystem::path& file,
                                                    const midi::NoteOptions& options = {});

/// Whether there is such a file or folder; false too where that cannot be found out.
[[nodiscard]] bool is_there(const std::filesystem::path& path);
[[nodiscard]] bool is_folder(const std::filesystem::path& path);

/// Threads of `wanted` that the system lets us have, at least 1. OpenMP would end the program where
/// one cannot be made.
[[nodiscard]] int possible_threads(int wanted);

/// One line: songs, folders, notes, hours, and files that were skipped or mended.
[[nodiscard]] std::string describe(const DataSet& data);

/// Text that is safe to print and to write as JSON: UTF-8 as it is, other bytes and control
/// characters as '?'.
[[nodiscard]] std::string printable(std::string_view text);

/// A word for pasting into a shell: as it is, in single quotes if it has a space or another
/// character with a meaning there, or as $'\x83' if it has bytes that cannot be printed.
[[nodiscard]] std::string shell_word(std::string_view text);

/// "1 234 567".
[[nodiscard]] std::string grouped(std::size_t number);

/// "2:05" (minutes and seconds), "1:02:05" with hours.
[[nodiscard]] std::string clock_text(double seconds);

/// A number with this many digits after the point.
[[nodiscard]] std::string fixed(double number, int digits);

}  // namespace mgan::program
