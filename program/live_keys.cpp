/// \file
/// The keys of `mgan play`.

#include "live_keys.hpp"

#include "data.hpp"

#include <mgan/core/error.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace mgan::program {

namespace {

constexpr std::array<std::string_view, 12> kRoots = {"C",  "Db", "D",  "Eb", "E",  "F",
                                                     "Gb", "G",  "Ab", "A",  "Bb", "B"};

std::string scale_name(const Live& live) {
    return concat(kRoots[static_cast<std::size_t>(live.root)], " ", kModes[live.mode]);
}

/// Multiplies a control, within its range; close to 1 it becomes 1.
void scale_by(double& value, double factor) {
    const double changed = value * factor;
    value = std::abs(changed - 1.0) < 0.02 ? 1.0 : std::clamp(changed, 0.1, 10.0);
}

/// Keys that multiply a control.
struct Turn {
    char key;
    double PlayerControls::*control;
    double factor;
};
constexpr std::array<Turn, 9> kTurns = {{{'+', &PlayerControls::density, 1.25},
                                         {'=', &PlayerControls::density, 1.25},
                                         {'-', &PlayerControls::density, 0.8},
                                         {'T', &PlayerControls::temperature, 1.1},
                                         {'t', &PlayerControls::temperature, 1.0 / 1.1},
                                         {'L', &PlayerControls::loudness, 1.1},
                                         {'l', &PlayerControls::loudness, 1.0 / 1.1},
                                         {'G', &PlayerControls::legato, 1.25},
                                         {'g', &PlayerControls::legato, 0.8}}};

}  // namespace

void press(Live& live, char key, bool has_steps) {
    PlayerControls changed = live.controls;
    double& style = changed.style[static_cast<std::size_t>(kStyleWords[live.word].axis)];
    const double sign = kStyleWords[live.word].sign;
    switch (key) {
        case 'q':
            live.quit = true;
            return;
        case 'r':
            live.again = true;
            return;
        case 'n':
            live.next_song = true;
            return;
        case '?':
        case 'h':
            live.help = true;
            return;
        case ' ':
            live.paused = !live.paused;
            return;
        case '<':
            live.tempo = std::max(20.0, live.tempo - 4.0);
            return;
        case '>':
            live.tempo = std::min(400.0, live.tempo + 4.0);
            return;
        case 'a':
            live.answer = live.answer == Answer::duet    ? Answer::turns
                          : live.answer == Answer::turns ? Answer::harmony
                                                         : Answer::duet;
            return;
        case 'x':
            live.word = (live.word + 1) % kStyleWords.size();
            return;
        case '0':
            changed = PlayerControls{};
            changed.end = live.controls.end;  // of --minutes, which no key has set
            live.mode = 0;
            break;
        case 's':
            live.mode = (live.mode + 1) % kModes.size();
            break;
        case 'S':
            live.root = (live.root + 7) % 12;
            break;
        case '[':
            changed.transpose -= 12;
            break;
        case ']':
            changed.transpose += 12;
            break;
        case 'v':
        case 'V':
            // 0 is any number, which lies above the most.
            if (key == 'v')
                changed.voices = changed.voices == 0 ? 4 : std::max(1, changed.voices - 1);
            else
                changed.voices =
                    changed.voices == 0 || changed.voices >= 8 ? 0 : changed.voices + 1;
            break;
        case '.':
        case ',':
            if (!has_steps) return;
            style = (std::isnan(style) ? 0.0 : style) + (key == '.' ? 0.5 : -0.5) * sign;
            style = std::clamp(style, -4.0, 4.0);
            changed.glide = 4.0;
            break;
        default: {
            const auto turn = std::find_if(kTurns.begin(), kTurns.end(),
                                           [key](const Turn& one) { return one.key == key; });
            if (turn == kTurns.end()) return;
            scale_by(changed.*turn->control, turn->factor);
        }
    }
    if (key == 's' || key == 'S') changed.scale = *scale_of(scale_name(live));
    if (fault_of(changed) == nullptr) live.controls = changed;
}

std::string describe(const Live& live) {
    const PlayerControls& c = live.controls;
    std::string text = concat(fixed(live.tempo, 0), "/min");
    if (live.paused) text += "  paused";
    if (c.scale != 0xFFF) {
        // --scale may have asked for one that no key leads to.
        const bool ours = scale_of(scale_name(live)) == c.scale;
        text += concat("  ", ours ? scale_name(live) : std::string("own scale"));
    }
    const auto add = [&](std::string_view name, double value) {
        if (value != 1.0) text += concat("  ", name, " ", fixed(value, 2));
    };
    add("density", c.density);
    add("temperature", c.temperature);
    add("loudness", c.loudness);
    add("length", c.legato);
    if (c.transpose != 0) text += concat("  transpose ", c.transpose);
    if (c.voices != 0) text += concat("  voices ", c.voices);
    for (std::size_t w = 0; w < kStyleWords.size(); ++w) {
        const double style = c.style[static_cast<std::size_t>(kStyleWords[w].axis)];
        const bool named = w > 0 && kStyleWords[w].axis == kStyleWords[w - 1].axis;
        if (named || (std::isnan(style) && w != live.word)) continue;
        text += concat("  ", w == live.word ? "[" : "", kStyleWords[w].word,
                       std::isnan(style) ? "" : concat(" ", fixed(kStyleWords[w].sign * style, 1)),
                       w == live.word ? "]" : "");
    }
    return text;
}

}  // namespace mgan::program
