#pragma once
/// \file
/// The MIDI files of a folder, in an order that is the same on every machine.
///
/// A data set is a folder that somebody filled by hand: folders within it, names in many alphabets,
/// extensions in capitals, perhaps a link that leads back up. File systems list it in any order; a
/// training that is to repeat bit for bit needs a fixed one.

#include <mgan/core/error.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <string>
#include <system_error>
#include <vector>

namespace mgan::inline MGAN_ABI::midi {

/// Whether the name ends in .mid, .midi, .rmi or .kar, in small or capital letters.
[[nodiscard]] inline bool has_midi_extension(const std::filesystem::path& path) {
    std::string extension = path.extension().string();
    for (char& c : extension) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    constexpr std::array kExtensions = {".mid", ".midi", ".rmi", ".kar"};
    return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

/// A place below a folder that could not be looked into, or a file that is not there.
struct UnreadPlace {
    std::string place;  ///< within the folder; "." is the folder itself
    std::string reason;
    bool is_folder = false;  ///< there may be files in it
};

/// All regular files with a MIDI extension in `folder` and the folders inside it, sorted by the
/// bytes of their path relative to `folder`. Links are followed, but no folder is entered twice, so
/// circular links end. If `folder` names a file, that is the one.
/// \param unread  takes what is left out: folders inside that cannot be listed, or not to their
///                end, and links that lead nowhere; may be null
/// \return paths that begin with `folder`
/// \throws IoError if `folder` does not exist or cannot be read
[[nodiscard]] inline std::vector<std::filesystem::path> find_midi_files(
    const std::filesystem::path& folder, std::vector<UnreadPlace>* unread = nullptr) {
    namespace fs = std::filesystem;
    std::error_code failure;
    const fs::file_status status = fs::status(folder, failure);
    if (status.type() == fs::file_type::none)
        fail<IoError>(folder, ": cannot be opened: ", failure.message());
    require<IoError>(fs::exists(status), folder, ": no such file or folder");
    if (!fs::is_directory(status)) return {folder};

    // Folders are entered in sorted order, so of two ways to one folder always the same is taken.
    struct Found {
        std::string relative;  // generic: the same separators, and so the same order, everywhere
        fs::path path;
    };
    std::vector<Found> files;
    std::vector<Found> folders{{"", folder}};
    std::set<fs::path> entered;
    while (!folders.empty()) {
        const Found here = std::move(folders.back());
        folders.pop_back();
        const auto leave_out = [&](const std::string& place, std::string reason, bool is_folder) {
            if (unread != nullptr) unread->push_back({place, std::move(reason), is_folder});
        };
        const std::string name_here = here.relative.empty() ? "." : here.relative;
        const fs::path real = fs::canonical(here.path, failure);
        if (failure) leave_out(name_here, concat("cannot be opened: ", failure.message()), true);
        if (failure || !entered.insert(real).second) continue;
        std::vector<Found> inside;
        fs::directory_iterator entry(here.path, failure);
        if (failure && here.relative.empty())
            fail<IoError>(folder, ": cannot list the folder: ", failure.message());
        if (failure)
            leave_out(name_here, concat("the folder cannot be listed: ", failure.message()), true);
        const bool listed = !failure;
        for (; !failure && entry != fs::directory_iterator(); entry.increment(failure)) {
            std::error_code unreadable;
            const fs::file_status kind = entry->status(unreadable);
            const std::string name = entry->path().filename().generic_string();
            Found found{here.relative.empty() ? name : here.relative + "/" + name, entry->path()};
            if (fs::is_directory(kind)) {
                inside.push_back(std::move(found));
            } else if (fs::is_regular_file(kind) && has_midi_extension(entry->path())) {
                files.push_back(std::move(found));
            } else if (!fs::is_regular_file(kind) &&
                       (has_midi_extension(entry->path()) || !entry->path().has_extension())) {
                // A link without an extension may have led to a folder.
                std::error_code unknown;
                const bool is_link = entry->is_symlink(unknown);
                if (kind.type() == fs::file_type::not_found) {
                    leave_out(found.relative,
                              is_link ? "the link leads nowhere" : "was gone when it was looked at",
                              false);
                } else if (unreadable) {
                    leave_out(found.relative, concat("cannot be looked at: ", unreadable.message()),
                              false);
                } else if (has_midi_extension(entry->path())) {
                    leave_out(found.relative, "is no file", false);
                }
            }
        }
        if (listed && failure)
            leave_out(name_here,
                      concat("the listing of the folder breaks off: ", failure.message()), true);
        std::sort(inside.begin(), inside.end(),
                  [](const Found& a, const Found& b) { return a.relative > b.relative; });
        for (Found& next : inside) folders.push_back(std::move(next));
    }
    std::sort(files.begin(), files.end(),
              [](const Found& a, const Found& b) { return a.relative < b.relative; });

    std::vector<fs::path> paths;
    paths.reserve(files.size());
    for (Found& found : files) paths.push_back(std::move(found.path));
    return paths;
}

}  // namespace mgan::inline MGAN_ABI::midi
