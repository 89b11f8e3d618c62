#pragma once
/// \file
/// The songs to train on, the names of their files, and what was left out.
///
///     folder -> files (sorted) -> songs           load_data_set.hpp
///     packed file -> songs, one by one            packed_file.hpp
///     songs  -> train | validation | test         split.hpp
///     song   -> a crop of T events                crops.hpp

#include <mgan/core/error.hpp>
#include <mgan/dataset/songs.hpp>
#include <mgan/midi/tempo.hpp>

#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// A file that gave no song, and why.
struct SkippedFile {
    std::string file;
    std::string reason;
    bool is_folder = false;  ///< a folder: what is in it is not known
};

/// A file with faults that were mended, and what they were.
struct MendedFile {
    std::string file;
    std::string repairs;  ///< names and counts: "velocity_over_127 (12), long_wait (1)"
};

/// Songs, their files, and what was left out.
struct DataSet {
    std::vector<midi::Song> songs;
    /// Songs that stay in their file (`open_data_set`): then `songs` is empty, and `view` gives
    /// them.
    std::shared_ptr<const SongStore> source;
    std::vector<std::string> names;  ///< of the songs: the path within the folder
    std::vector<SkippedFile> skipped;
    std::vector<MendedFile> mended;  ///< by file, as `skipped`
    /// The piece of each song: the index of the first song of it (piece_groups.hpp). Empty: every
    /// name is a piece.
    std::vector<std::size_t> pieces;
    std::size_t files = 0;         ///< files found
    std::size_t repaired = 0;      ///< files with faults that were mended
    std::size_t of_runs = 0;       ///< files left out because a training wrote them
    std::size_t unlisted = 0;      ///< folders among `skipped`: what is in them is not known
    std::size_t source_notes = 0;  ///< of the songs in `source`
    double source_seconds = 0.0;   ///< their playing time

    /// All songs, wherever they are. The data set must outlive the view.
    [[nodiscard]] Songs view() const { return source ? Songs(source) : Songs(songs); }

    [[nodiscard]] std::size_t size() const noexcept {
        return source ? source->size() : songs.size();
    }

    [[nodiscard]] std::size_t notes() const noexcept {
        if (source) return source_notes;
        std::size_t count = 0;
        for (const midi::Song& song : songs) count += song.notes.size();
        return count;
    }

    /// Sounding notes of all pieces, of each in its first version: how much different music there
    /// is.
    [[nodiscard]] std::size_t distinct_notes() const {
        const Songs all = view();
        std::set<std::string_view> seen;
        std::size_t count = 0;
        for (std::size_t i = 0; i < all.size(); ++i) {
            const bool first = pieces.empty() ? seen.insert(names[i]).second : pieces[i] == i;
            if (first) count += all.sounding(i);
        }
        return count;
    }

    /// Playing time of all songs at their tempo, in hours.
    [[nodiscard]] double hours() const noexcept {
        double seconds = source_seconds;
        for (const midi::Song& song : songs) seconds += midi::duration(song);
        return seconds / 3600.0;
    }

    /// Number of different folders the songs lie in ("composers", in most collections).
    [[nodiscard]] std::size_t folders() const {
        std::set<std::string_view> found;
        std::string_view last;  // songs of one folder stand together
        for (const std::string& file : names) {
            const std::size_t slash = file.rfind('/');
            const std::string_view folder =
                std::string_view(file).substr(0, slash == std::string::npos ? 0 : slash);
            if (found.empty() || folder != last) found.insert(folder);
            last = folder;
        }
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
