#pragma once
/// \file
/// From a folder of MIDI files to songs. A file that cannot be read is listed, not fatal.

#include <mgan/core/parallel.hpp>
#include <mgan/dataset/data_set.hpp>
#include <mgan/midi/find_files.hpp>
#include <mgan/midi/notes.hpp>
#include <mgan/midi/sounding_notes.hpp>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace mgan::inline MGAN_ABI {

namespace data_set_detail {

/// What became of one file.
struct ReadFile {
    std::vector<midi::Song> songs;  ///< those with notes
    std::string reason;             ///< why it cannot be used; empty: it can
    bool repaired = false;
};

[[nodiscard]] inline ReadFile read_one(const std::filesystem::path& path) {
    ReadFile result;
    try {
        const midi::ReadResult read = midi::read_file(path);
        for (midi::Song& song : midi::to_songs(read.file)) {
            if (!midi::sounding_notes(song).empty()) result.songs.push_back(std::move(song));
        }
        if (result.songs.empty()) result.reason = "no notes";
        result.repaired = read.repair_count > 0;
    } catch (const Error& error) {
        result.reason = error.what();
        // The list of skipped files has the name already.
        if (const std::string name = path.string() + ": "; result.reason.starts_with(name))
            result.reason.erase(0, name.size());
    }
    return result;
}

/// Removes files in run directories below `folder`: generated songs, and crops of real ones.
/// Otherwise a training in the folder of the music (`mgan train . --out run`) would have other data
/// at each start, and would learn from generated songs. Returns how many.
[[nodiscard]] inline std::size_t leave_out_runs(const std::filesystem::path& folder,
                                                std::vector<std::filesystem::path>& files) {
    std::map<std::filesystem::path, bool> known;
    const auto is_run = [&](const std::filesystem::path& place) {
        const auto [entry, is_new] = known.try_emplace(place, false);
        std::error_code ignored;
        if (is_new)
            entry->second = std::filesystem::exists(place / "config.json", ignored) &&
                            std::filesystem::exists(place / "split.tsv", ignored);
        return entry->second;
    };
    return std::erase_if(files, [&](const std::filesystem::path& file) {
        std::filesystem::path place = folder;
        for (const std::filesystem::path& part : file.lexically_relative(folder).parent_path()) {
            if (is_run(place /= part)) return true;
        }
        return false;
    });
}

}  // namespace data_set_detail

/// Reads every MIDI file under `folder` (or the file itself), `threads` at a time, which affects
/// only the time it takes. A file that cannot be read, or holds no note, is listed in
/// `skipped`; what lies in run directories below the folder is left out. Throws IoError if there is
/// no such folder, DataError if no file is usable; the message names the first few reasons.
[[nodiscard]] inline DataSet load_data_set(const std::filesystem::path& folder,
                                           int threads = available_threads()) {
    DataSet data;
    std::vector<std::filesystem::path> files = midi::find_midi_files(folder);
    data.of_runs = data_set_detail::leave_out_runs(folder, files);
    data.files = files.size();
    std::vector<data_set_detail::ReadFile> read(files.size());
    parallel_for(static_cast<std::ptrdiff_t>(files.size()), threads, [&](std::ptrdiff_t index) {
        const auto i = static_cast<std::size_t>(index);
        read[i] = data_set_detail::read_one(files[i]);
    });
    for (std::size_t i = 0; i < files.size(); ++i) {
        std::string label = files[i].lexically_relative(folder).generic_string();
        if (label.empty() || label == ".") label = files[i].filename().generic_string();
        if (!read[i].reason.empty()) {
            data.skipped.push_back({label, read[i].reason});
            continue;
        }
        if (read[i].repaired) ++data.repaired;
        for (midi::Song& song : read[i].songs) {
            data.songs.push_back(std::move(song));
            data.names.push_back(label);
        }
    }
    if (data.songs.empty()) {
        std::string message = concat(folder, ": no usable MIDI file (", data.files, " found");
        if (!data.skipped.empty()) {
            message += concat("; ", data.skipped.front().file, ": ", data.skipped.front().reason);
            if (data.skipped.size() > 1)
                message += concat("; and ", data.skipped.size() - 1, " more");
        }
        fail<DataError>(message,
                        "). Give a folder with .mid, .midi, .rmi or .kar files that hold notes.");
    }
    return data;
}

}  // namespace mgan::inline MGAN_ABI
