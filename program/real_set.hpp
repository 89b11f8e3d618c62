#pragma once
/// \file
/// What a run keeps of the real songs, so that a report no longer needs the data.
///
///     RUN/real.json     facts of the data set; mean and standard deviation of every metric over
///                       crops of the validation songs (those that the training compares with)
///     RUN/real/         a few such crops as MIDI files, to show beside the generated songs

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

/// Writes both, unless they exist already. `parts`: songs of the three parts, by `Part`;
/// `measured`: the metrics of the validation songs' crops. Throws IoError.
void save_real_set(const RunFiles& run, const Settings& settings, const DataSet& data,
                   const std::array<std::span<const std::size_t>, 3>& parts,
                   std::span<const metrics::SongMetrics> measured);

}  // namespace mgan::program
