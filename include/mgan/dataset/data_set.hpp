#pragma once
/// \file
/// The songs to train on, the names of their files, and what was left out.
///
///     folder -> files (sorted) -> songs           load_data_set.hpp
///     songs  -> train | validation | test         split.hpp
///     song   -> a crop of T events                crops.hpp

#include <mgan/core/error.hpp>
#include <mgan/midi/tempo.hpp>

#include <cstddef>
#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// A file that gave no song, and why.
struct SkippedFile {
    std::string file;
    std::string reason;
};

/// A file with faults that were mended, and what they were.
struct MendedFile {
    std::string file;
    std::string repairs;  ///< names and counts: "velocity_over_127 (12), long_wait (1)"
};

/// Songs, their files, and what was left out.
struct DataSet {
    std::vector<midi::Song> songs;
    std::vector<std::string> names;  ///< of the songs: the path within the folder
    std::vector<SkippedFile> skipped;
    std::vector<MendedFile> mended;  ///< by file, as `skipped`
    /// The piece of each song: the index of the first song of it (piece_groups.hpp). Empty: every
    /// name is a piece.
    std::vector<std::size_t> pieces;
    std::size_t files = 0;     ///< files found
    std::size_t repaired = 0;  ///< files with faults that were mended
    std::size_t of_runs = 0;   ///< files left out because a training wrote them
    std::size_t unlisted = 0;  ///< folders among `skipped`: what is in them is not known

    [[nodiscard]] std::size_t notes() const noexcept {
        std::size_t count = 0;
        for (const midi::Song& song : songs) count += song.notes.size();
        return count;
    }

    /// Playing time of all songs at their tempo, in hours.
    [[nodiscard]] double hours() const noexcept {
        double seconds = 0.0;
        for (const midi::Song& song : songs) seconds += midi::duration(song);
        return seconds / 3600.0;
    }

    /// Number of different folders the songs lie in ("composers", in most collections).
    [[nodiscard]] std::size_t folders() const {
        std::set<std::string> found;
        for (const std::string& file : names)
            found.insert(std::filesystem::path(file).parent_path().string());
        return found.size();
    }
};

/// Songs held in memory, each with a name of its own: "song 0", "song 1", ...
[[nodiscard]] inline DataSet data_set_of(std::vector<midi::Song> songs) {
    DataSet data;
    data.files = songs.size();
    for (std::size_t i = 0; i < songs.size(); ++i) data.names.push_back(concat("song ", i));
    data.songs = std::move(songs);
    return data;
}

}  // namespace mgan::inline MGAN_ABI
