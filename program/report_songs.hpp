#pragma once
/// \file
/// The songs of a report, as piano rolls and in players: generated and real ones side by side.

#include "report_story.hpp"

#include <span>
#include <string>

namespace mgan::program {

/// How many songs, and how much of each.
struct SongOptions {
    int threads = 1;
    std::size_t of_each_run = kMaxReportSongs;  ///< songs that are shown
    double seconds = 60.0;                      ///< of each song that is played
    std::size_t sound_bytes = 12'000'000;       ///< of all players together, in the page
};

/// The section as HTML; "" where there are no songs at all.
[[nodiscard]] std::string song_section(std::span<const RunStory> stories,
                                       const SongOptions& options);

}  // namespace mgan::program
