#pragma once
/// \file
/// What the keys of `mgan play` do to the controls of a player.

#include <mgan/player/accompanist.hpp>

#include <cstddef>
#include <string>

namespace mgan::program {

/// One line for each group of keys.
inline constexpr const char* kKeysHelp =
    "  space  pause             q    quit             n  the next song     r  again\n"
    "  - +    density           t T  temperature      l L  loudness        g G  length of notes\n"
    "  s S    scale, its root   [ ]  octave           < >  tempo           v V  voices at most\n"
    "  x      next side of style     , .  less, more of it                 a  how it answers\n"
    "  0      as the model was trained                                     ?  these keys\n";

/// What is directed while a model plays.
struct Live {
    PlayerControls controls;
    double tempo = 120.0;
    bool paused = false;
    Answer answer = Answer::duet;

    bool quit = false;  ///< wishes, which whoever plays fulfils and clears
    bool again = false;
    bool next_song = false;
    bool help = false;

    // Where the keys stand.
    std::size_t mode = 0;  ///< of kModes
    int root = 0;          ///< of the scale, 0 is C
    std::size_t word = 0;  ///< of kStyleWords
};

/// The scales that `s` goes through.
inline constexpr std::array<std::string_view, 8> kModes = {
    "chromatic", "major", "minor", "dorian", "mixolydian", "pentatonic", "blues", "whole"};

/// Does what a key says. A key that means nothing, or would leave the range of a control, changes
/// nothing. `has_steps`: whether the model has styles and voices.
void press(Live& live, char key, bool has_steps);

/// "120/min  C dorian  temperature 0.9  density 1.25": what is not as the model was trained.
[[nodiscard]] std::string describe(const Live& live);

}  // namespace mgan::program
