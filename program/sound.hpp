#pragma once
/// \file
/// A song as sound: the library's synthesiser with a few partials and a decay, for listening.
///
/// The sound is mono and comes block by block, so ten hours need no more memory than ten seconds.
/// Two passes over the song: the first measures its loudness, the second plays it at an even
/// loudness. Peaks are limited softly, so nothing clips.
///
/// Drums are left out (their numbers are not pitches). The tempo map is kept, and so is the silence
/// before the first note.

#include <mgan/midi/song.hpp>

#include <functional>
#include <limits>
#include <span>

namespace mgan::program {

/// Sample rate of sound files, Hz.
inline constexpr double kSoundRate = 44100.0;

/// The longest song that can be played: what fits into a WAV file, whose byte count has 32 bits.
inline constexpr double kMaxSoundSeconds = 12.0 * 3600.0;

/// Seconds from the start of a song to the end of its last note's fading; 0 where there is no note.
[[nodiscard]] double sound_seconds(const midi::Song& song);

/// Plays a song: calls `use` with one block of samples after another, all within -0.95 .. 0.95.
/// `limit`: seconds after which it ends (fading out). Equal songs give equal samples. Throws
/// DataError where more than `kMaxSoundSeconds` would be played; what `use` throws is passed on.
/// `on_progress` is told the share that is done, from 0 to 1.
void play(const midi::Song& song, double rate, double limit,
          const std::function<void(std::span<const float>)>& use,
          const std::function<void(double)>& on_progress = {});

}  // namespace mgan::program
