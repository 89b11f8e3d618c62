#pragma once
/// \file
/// What has been copied from the songs that a model learnt from: for `mgan judge`, `mgan evaluate`
/// and the report.
///
///     RUN/copied.json    that of RUN/songs, with its passages of 7, 13 and 25 notes

#include "metrics_json.hpp"

#include <mgan/dataset/data_set.hpp>
#include <mgan/judging/copying.hpp>
#include <mgan/runs/run_files.hpp>

#include <filesystem>
#include <span>
#include <vector>

namespace mgan::program {

/// Songs of a list, as judges hear them.
[[nodiscard]] std::vector<judging::JudgedSong> judged_songs(const DataSet& data,
                                                            std::span<const std::size_t> songs);
/// All songs of a data set.
[[nodiscard]] std::vector<judging::JudgedSong> judged_songs(const DataSet& data);

/// Songs that are searched for copies: of more training songs, so many, evenly spaced.
inline constexpr std::size_t kMostSearched = 20'000;

/// What `generated` copied from the training songs `learnt` of `data`, beside what `others` did.
[[nodiscard]] judging::Copying copying_of(const DataSet& data, std::span<const std::size_t> learnt,
                                          std::span<const std::size_t> others,
                                          const std::vector<judging::JudgedSong>& generated);

/// Shares by the moves of a passage ("6": of seven notes).
[[nodiscard]] Json json_of(const judging::Copying& copying);
/// How many notes, in which files, and from which notes (1, 2, ...) on.
[[nodiscard]] Json json_of(const judging::CopiedPassage& passage);

/// A table on standard output.
void print_copying(const judging::Copying& copying);

[[nodiscard]] inline std::filesystem::path copied_facts(const RunFiles& run) {
    return run.path() / "copied.json";
}

/// Writes RUN/copied.json. `held`: songs of `data` that the model did not learn from; where there
/// are none, or the same as `learnt`, the shares of real songs are null. Throws IoError, and what
/// reading the songs of the run throws.
void save_copied(const RunFiles& run, const DataSet& data, std::span<const std::size_t> learnt,
                 std::span<const std::size_t> held);

}  // namespace mgan::program
