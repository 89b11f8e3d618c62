#pragma once
/// \file
/// All that a report says of a run, as far as its folder has it.
///
/// Users ask for a report during training, after a crash, of a folder by an older version, or of
/// one that lost half of its files. So only a folder that is not a run is an error; for every other
/// piece that is missing there is a sentence in `missing`.

#include <mgan/midi/song.hpp>
#include <mgan/runs/history.hpp>
#include <mgan/settings/settings.hpp>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mgan::program {

/// A song and the file that it came from.
struct NamedSong {
    std::string name;
    midi::Song song;
};

/// One run.
struct RunStory {
    std::string name;  ///< the folder as it was given, safe to print
    std::optional<Settings> settings;
    std::map<std::string, std::string> notes;  ///< version, data, ... (run_note_keys)
    std::vector<HistoryRecord> history;        ///< in order of epochs
    std::vector<NamedSong> generated, real;
    HistoryRecord facts;   ///< real.json, dotted keys; empty where it is missing
    HistoryRecord copied;  ///< the same of copied.json
    std::vector<std::pair<std::string, std::string>> skipped;  ///< file, reason; the first few
    std::vector<std::string> missing;

    /// Epochs that were asked for; 0 if unknown.
    [[nodiscard]] std::int64_t epochs() const noexcept;
    /// Number under `key` by epoch, where a line has it.
    [[nodiscard]] std::vector<std::pair<double, double>> series(std::string_view key) const;
    /// The same of one phase.
    [[nodiscard]] std::vector<std::pair<double, double>> series(std::string_view key,
                                                                std::string_view phase) const;
    /// The line of the model that is kept: the best so far, or the last; nullptr for no history.
    [[nodiscard]] const HistoryRecord* kept() const noexcept;
    /// Seconds of work, summed over the epochs.
    [[nodiscard]] double seconds() const noexcept;
    /// Mean and standard deviation of a metric over real songs.
    [[nodiscard]] std::optional<std::pair<double, double>> real_metric(
        std::string_view metric) const;
};

/// Songs of a run that a report shows.
inline constexpr std::size_t kMaxReportSongs = 20;

/// Reads a run directory. Throws DataError where the folder is not one.
[[nodiscard]] RunStory read_story(const std::filesystem::path& folder);

}  // namespace mgan::program
