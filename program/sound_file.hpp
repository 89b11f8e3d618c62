#pragma once
/// \file
/// Sound files: through libsndfile or, for those who have a sound font, the program fluidsynth.
///
/// libsndfile is optional when mgan is built. Without it only .wav is written, and calls report
/// what is missing.

#include <mgan/midi/song.hpp>

#include <filesystem>
#include <functional>
#include <string>

namespace mgan::program {

/// What is missing for writing a sound file of this name; "" if nothing.
[[nodiscard]] std::string sound_files_missing(const std::filesystem::path& path);

/// Throws UsageError unless the name ends in .wav, .ogg or .flac (any case).
void require_sound_name(const std::filesystem::path& path);

/// Writes a song as sound: .wav and .flac in 16 bits, .ogg as Vorbis; 44.1 kHz, mono; all or
/// nothing. Throws UsageError for another name, ConfigError for .flac and .ogg where mgan was built
/// without libsndfile, DataError where the song is too long, IoError. `on_progress`: as of `play`.
void save_sound(const std::filesystem::path& path, const midi::Song& song,
                const std::function<void(double)>& on_progress = {});

/// The first `limit` seconds of a song as an Ogg Vorbis file in memory, small enough to stand in a
/// page: 22.05 kHz, mono, some 4 kB a second. "" without libsndfile, or where the song has no note.
[[nodiscard]] std::string small_ogg(const midi::Song& song, double limit);

/// Plays a MIDI file into a sound file with a sound font (.sf2), by the program fluidsynth. Throws
/// UsageError for another name, ConfigError where fluidsynth is not installed or fails, IoError.
void save_with_soundfont(const std::filesystem::path& path, const std::filesystem::path& midi_file,
                         const std::filesystem::path& soundfont);

}  // namespace mgan::program
