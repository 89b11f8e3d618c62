#pragma once
/// \file
/// A song as a picture: time to the right, pitch upwards, a bar for each note, louder notes in a
/// stronger colour.

#include <mgan/midi/song.hpp>

#include <string>

namespace mgan::program {

/// The song as an SVG document, drums left out. A song without notes gives an empty grid; of a
/// long one, the first `kMaxRollNotes` notes are drawn.
[[nodiscard]] std::string piano_roll(const midi::Song& song, const std::string& colour);

inline constexpr std::size_t kMaxRollNotes = 2000;

}  // namespace mgan::program
