#pragma once
/// \file
/// The sections of a report that show numbers: losses, discriminator, metrics, overlap.
///
/// One run: a curve for each quantity, training and validation in one picture. Several runs: a
/// picture for each quantity, a curve for each run; a run keeps its letter and colour throughout
/// the page. Without gnuplot, tables show the same numbers.

#include "report_plots.hpp"
#include "report_story.hpp"

#include <span>
#include <string>

namespace mgan::program {

/// "A", "B", ..., "Z", "27", ...: the name of a run in pictures.
[[nodiscard]] std::string run_letter(std::size_t run);

/// The sections as HTML.
[[nodiscard]] std::string loss_section(std::span<const RunStory> stories, Plotter& plotter);
[[nodiscard]] std::string discriminator_section(std::span<const RunStory> stories,
                                                Plotter& plotter);
[[nodiscard]] std::string metric_section(std::span<const RunStory> stories, Plotter& plotter);
[[nodiscard]] std::string overlap_section(std::span<const RunStory> stories, Plotter& plotter);

}  // namespace mgan::program
