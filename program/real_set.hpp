#pragma once
/// \file
/// What a run remembers of the real songs, so that a report needs the data no more.
///
///     RUN/real.json      facts of the data set, and mean and standard deviation of every metric
///     over
///                        the validation songs' crops (those that the training compares with)
///     RUN/real/          a few such crops as MIDI files, to be heard and seen beside generated songs

#include <mgan/dataset/data_set.hpp>
#include <mgan/metrics/song_metrics.hpp>
#include <mgan/runs/run_files.hpp>

#include <array>
#include <span>

namespace mgan::program {

/// Crops that a run keeps.
inline constexpr std::size_t kRealSongs = 6;

[[nodiscard]] inline std::filesystem::path real_facts(const RunFiles& run) {
    return run.path() / "real.json";
}
[[nodiscard]] inline std::filesystem::path real_songs(const RunFiles& run) {
    return run.path() / "real";
}

/// Writes both, unless they are there already. `parts`: songs of the three parts, by `Part`;
/// `measured`: the metrics of the validation songs' crops. Throws IoError.
void save_real_set(const RunFiles& run, const Settings& settings, const DataSet& data,
                   const std::array<std::span<const std::size_t>, 3>& parts,
                   std::span<const metrics::SongMetrics> measured);

}  // namespace mgan::program
