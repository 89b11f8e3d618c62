#pragma once
/// \file
/// The rows that a step head writes: one for each value, and below them those that speak for a
/// value by its role (step_head.hpp, equation 3).

#include <mgan/models/step_inputs.hpp>

namespace mgan::inline MGAN_ABI {

/// First row of each role, and the end.
struct StepRows {
    static constexpr Index kIntervals = 12;  ///< semitones up and down
    static constexpr Index kLegato = 4;      ///< values up and down
    static constexpr Index kClasses = 12;    ///< semitones of an octave
    static constexpr Index kLoudness = 6;    ///< values up and down

    Index copy = 0, used = 0, sounding = 0, interval = 0, used_class = 0, harmony = 0, keys = 0,
          arrival = 0, release = 0, legato = 0, loudness = 0, end = 0;

    StepRows() = default;
    /// The rows of the head of component `component`.
    StepRows(const StepShape& shape, Index component) {
        const StepComponentShape& mine = shape.components[static_cast<std::size_t>(component)];
        const bool pitch = mine.kind == StepKind::pitch, length = mine.kind == StepKind::length;
        const bool time = length || mine.kind == StepKind::gap;
        const auto voices = static_cast<Index>(shape.voice_sources.size());
        copy = mine.size();
        used = copy + shape.sources;
        sounding = used + (mine.kind == StepKind::move ? 0 : 2);
        interval = sounding + (pitch ? 1 : 0);
        const auto from = static_cast<Index>(shape.interval_sources.size());
        used_class = interval + (pitch ? from * (2 * kIntervals + 1) : 0);
        harmony = used_class + (pitch ? 2 : 0);
        keys = harmony + (pitch ? voices * kClasses : 0);
        arrival = keys + (pitch ? shape.key_sets : 0);
        release = arrival + (time ? shape.quarter : 0);
        legato = release + (time ? shape.releases : 0);
        loudness = legato + (length && shape.find(StepKind::gap) >= 0 ? 2 * kLegato + 1 : 0);
        end = loudness + (mine.kind == StepKind::velocity ? voices * (2 * kLoudness + 1) : 0);
    }
};

}  // namespace mgan::inline MGAN_ABI
