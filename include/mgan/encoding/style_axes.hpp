#pragma once
/// \file
/// The axes of a style: 37 numbers with names, from the lowest pitch to how often phrases return.
///
/// style_meter.hpp measures them; a listener tells the generator what was asked for and how far the
/// song has come, and a musician may set them by name.

#include <mgan/core/version.hpp>

#include <array>
#include <cstddef>
#include <string_view>

namespace mgan::inline MGAN_ABI::encoding {

/// The axes of a style, in their order. `kStyleAxisInfo` says what each one measures.
enum class StyleAxis : std::size_t {
    pitch_mean,
    pitch_deviation,
    pitch_lowest,
    pitch_highest,
    pitches_used,
    velocity_mean,
    velocity_deviation,
    velocity_least,
    velocity_greatest,
    velocities_used,
    velocity_kept,
    velocity_change,
    time_mean,
    time_deviation,
    gaps_used,
    rhythm_repeated,
    on_sixteenths,
    on_eighths,
    length_mean,
    length_deviation,
    lengths_used,
    legato,
    overlapping,
    length_kept,
    lengths_repeated,
    fullness,
    onsets,
    chord_lengths_equal,
    most_at_once,
    classes_used,
    evenness,
    diatonic,
    interval_mean,
    pitch_kept,
    pitches_repeated,
    phrases_repeated,
    repetitions
};

/// Number of axes.
inline constexpr std::size_t kStyleAxes = 37;

/// The axes of one style, raw: each in the unit that `kStyleAxisInfo` names.
using StepStyle = std::array<double, kStyleAxes>;

/// One axis for people: what it is called, to which side of music it belongs, what it measures.
struct StyleAxisInfo {
    std::string_view name;
    std::string_view group;
    std::string_view meaning;
};

/// Every axis, in the order of `StyleAxis`. "log" is the natural logarithm; times under it are in
/// sixteenths of a quarter note, whatever the grid. Neighbours are events that follow each other.
inline constexpr std::array<StyleAxisInfo, kStyleAxes> kStyleAxisInfo = {{
    {"pitch_mean", "register", "mean pitch, MIDI number"},
    {"pitch_deviation", "register", "standard deviation of the pitch, semitones"},
    {"pitch_lowest", "register", "lowest pitch, MIDI number"},
    {"pitch_highest", "register", "highest pitch, MIDI number"},
    {"pitches_used", "register", "log of the number of different pitches"},
    {"velocity_mean", "loudness", "mean velocity"},
    {"velocity_deviation", "loudness", "standard deviation of the velocity"},
    {"velocity_least", "loudness", "softest velocity"},
    {"velocity_greatest", "loudness", "loudest velocity"},
    {"velocities_used", "loudness", "log of the number of different velocities"},
    {"velocity_kept", "loudness", "share of neighbours of equal velocity"},
    {"velocity_change", "loudness", "log of 1 + the mean change of velocity between neighbours"},
    {"time_mean", "density", "mean of log(1 + time since the last event); 0 in a chord"},
    {"time_deviation", "density", "standard deviation of the same"},
    {"gaps_used", "rhythm", "log of the number of different gaps between onsets"},
    {"rhythm_repeated", "rhythm", "share of pairs (length, time to the next event) heard again"},
    {"on_sixteenths", "syncopation", "share of onsets that lie on a quarter of a quarter note"},
    {"on_eighths", "syncopation", "share of onsets that lie on half a quarter note"},
    {"length_mean", "articulation", "mean of log length"},
    {"length_deviation", "articulation", "standard deviation of log length"},
    {"lengths_used", "articulation", "log of the number of different lengths"},
    {"legato", "articulation", "share of notes that end where the next onset is"},
    {"overlapping", "articulation", "share of notes that sound beyond the next onset"},
    {"length_kept", "articulation", "share of neighbours of equal length"},
    {"lengths_repeated", "articulation", "share of four lengths in a row heard again"},
    {"fullness", "density", "log of the sum of lengths over the time from first to last onset"},
    {"onsets", "chords", "onsets to a note: 1 for a single voice"},
    {"chord_lengths_equal", "chords",
     "share of neighbours in one chord that are of equal length; 1/2 without chords"},
    {"most_at_once", "chords", "most keys that sound at once"},
    {"classes_used", "chromaticism", "number of different pitch classes"},
    {"evenness", "chromaticism", "entropy of the pitch classes over log 12; 1: all equally often"},
    {"diatonic", "chromaticism", "share of notes in the best major scale"},
    {"interval_mean", "melody", "mean step between neighbours, semitones up or down"},
    {"pitch_kept", "melody", "share of neighbours of equal pitch"},
    {"pitches_repeated", "repetition", "share of pairs of pitches heard again"},
    {"phrases_repeated", "repetition", "share of four (interval, time) in a row heard again"},
    {"repetitions", "repetition", "log of 1 + pairs of equal pitch triples, 3 or more apart"},
}};

}  // namespace mgan::inline MGAN_ABI::encoding
