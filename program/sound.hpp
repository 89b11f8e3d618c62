#pragma once
/// \file
/// A song as sound: the library's synthesiser with a few partials and a decay, for listening.
///
/// The sound comes block by block, so that ten hours of it need no more memory than ten seconds. It
/// is mono. Two walks are made over the song: one that only measures how loud it is, one that plays
/// it at an even loudness. Peaks are rounded off softly, so that nothing ever clips.
///
/// Drums are left out (their numbers are no pitches), the tempo map is kept, and what comes before
/// the first note is silence as in the file.

#include <mgan/midi/song.hpp>

#include <functional>
#include <limits>
#include <span>

namespace mgan::program {

/// Samples a second of sound files.
inline constexpr double kSoundRate = 44100.0;

/// The longest song that is turned into sound: what fits into a WAV file, which counts its bytes
/// with 32 bits.
inline constexpr double kMaxSoundSeconds = 12.0 * 3600.0;

/// Seconds from the start of a song to the end of its last note's fading; 0 where there is no note.
[[nodiscard]] double sound_seconds(const midi::Song& song);

/// Plays a song: calls `use` with one block of samples after another, all within -0.95 .. 0.95.
/// `limit`: seconds after which it ends (fading out). Equal songs give equal samples. Throws
/// DataError where more than `kMaxSoundSeconds` would be played; what `use` throws is passed on.
void play(const midi::Song& song, double rate, double limit,
          const std::function<void(std::span<const float>)>& use);

}  // namespace mgan::program
