#pragma once
/// \file
/// From a folder of MIDI files, or a packed file, to songs. A MIDI file that cannot be read is
/// listed, not fatal.
///
///     a file                                     becomes
///     read without a fault                       songs
///     read with repairs, waits over 64 quarters  songs; named in `mended` with what was done
///     damaged: see `DamagedFiles`                skipped, with the reason
///     unreadable, or without notes               skipped, with the reason

#include <mgan/core/parallel.hpp>
#include <mgan/dataset/data_set.hpp>
#include <mgan/dataset/packed_file.hpp>
#include <mgan/dataset/piece_groups.hpp>
#include <mgan/midi/copy_damage.hpp>
#include <mgan/midi/find_files.hpp>
#include <mgan/midi/long_waits.hpp>
#include <mgan/midi/notes.hpp>
#include <mgan/midi/sounding_notes.hpp>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// What to do with a file that is damaged: one that a copy took for text (copy_damage.hpp), and one
/// in which the faults that cost events (`loses_events`) are more than a tenth of its events, or
/// the bytes that could not be read more than a tenth of its bytes.
enum class DamagedFiles { skip, keep };

/// What `loss_text` allows: a share of the events, and of the bytes.
inline constexpr double kMostDamage = 0.1;

/// What was mended: "velocity_over_127 (12), long_wait (1)"; empty for nothing.
[[nodiscard]] inline std::string repairs_text(const midi::FaultCounts& counts, std::size_t waits) {
    std::string text;
    const auto add = [&](std::string_view name, std::uint64_t count) {
        if (count > 0) text += concat(text.empty() ? "" : ", ", name, " (", count, ")");
    };
    for (std::size_t fault = 0; fault < counts.size(); ++fault)
        add(name(static_cast<midi::Fault>(fault)), counts[fault]);
    add("long_wait", waits);
    return text;
}

/// How much of a file is lost, if it is so much that it counts as damaged; empty if it is not.
/// `size`: of the file, bytes.
[[nodiscard]] inline std::string loss_text(const midi::ReadResult& read, std::size_t size) {
    std::uint64_t lost = 0, events = 0;
    for (std::size_t fault = 0; fault < read.repairs_of.size(); ++fault)
        if (loses_events(static_cast<midi::Fault>(fault))) lost += read.repairs_of[fault];
    for (const midi::Track& track : read.file.tracks) events += track.events.size();
    if (static_cast<double>(lost) > kMostDamage * static_cast<double>(events))
        return concat(lost, lost == 1 ? " fault" : " faults",
                      events == 0   ? ", and no event is left"
                      : events == 1 ? " in 1 event"
                                    : concat(" in ", events, " events"),
                      " (", repairs_text(read.repairs_of, 0), ")");
    if (static_cast<double>(read.lost_bytes) > kMostDamage * static_cast<double>(size))
        return concat(read.lost_bytes, " of its ", size, " bytes cannot be read (",
                      repairs_text(read.repairs_of, 0), ")");
    return "";
}

/// Why a file counts as damaged, so that no training takes it unless it is asked to; empty if it
/// does not.
[[nodiscard]] inline std::string damage_text(const midi::ReadResult& read,
                                             std::span<const std::byte> bytes) {
    if (read.repair_count == 0) return "";
    const std::string_view copy = midi::copy_damage(bytes);
    return copy.empty() ? loss_text(read, bytes.size()) : std::string(copy);
}

namespace data_set_detail {

/// What became of one file.
struct ReadFile {
    std::vector<midi::Song> songs;  ///< those with notes
    std::string reason;             ///< why it cannot be used; empty: it can
    std::string repairs;            ///< what was mended
};

/// Why a file has no notes to learn from.
[[nodiscard]] inline std::string_view no_notes_text(const midi::MidiFile& file) {
    const bool drums = std::any_of(file.tracks.begin(), file.tracks.end(), [](const auto& track) {
        return count_notes(track, {.drums = true}) > 0;
    });
    return drums ? "no notes but those of drums (channel 10), which are left out" : "no notes";
}

[[nodiscard]] inline ReadFile read_one(const std::filesystem::path& path, DamagedFiles damaged) {
    ReadFile result;
    std::vector<std::byte> bytes;
    try {
        bytes = read_file_bytes(path, std::uint64_t{1} << 31);
        const midi::ReadResult read = midi::parse(bytes, {.name = path.string()});
        if (damaged == DamagedFiles::skip) {
            const std::string damage = damage_text(read, bytes);
            if (!damage.empty()) {
                result.reason = "damaged: " + damage;
                return result;
            }
        }
        std::size_t waits = 0;
        for (midi::Song& song : midi::to_songs(read.file)) {
            waits += midi::shorten_waits(song);
            if (!midi::sounding_notes(song).empty()) result.songs.push_back(std::move(song));
        }
        result.repairs = repairs_text(read.repairs_of, waits);
        if (result.songs.empty()) result.reason = no_notes_text(read.file);
    } catch (const Error& error) {
        result.reason = error.what();
        // The list of skipped files has the name already.
        if (const std::string name = path.string() + ": "; result.reason.starts_with(name))
            result.reason.erase(0, name.size());
        if (const std::string_view copy = midi::copy_damage(bytes); !copy.empty())
            result.reason += concat("; ", copy);
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

/// What a folder holds, before a file of it is read.
struct Listing {
    std::vector<std::filesystem::path> files;
    std::vector<std::string> labels;  ///< of the files: their paths within the folder
    std::vector<SkippedFile> unread;  ///< places that could not be looked into
    std::size_t of_runs = 0;
};
[[nodiscard]] inline Listing list_folder(const std::filesystem::path& folder) {
    Listing listing;
    std::vector<midi::UnreadPlace> unread;
    listing.files = midi::find_midi_files(folder, &unread);
    listing.of_runs = leave_out_runs(folder, listing.files);
    listing.labels.reserve(listing.files.size());
    for (const std::filesystem::path& file : listing.files) {
        std::string label = file.lexically_relative(folder).generic_string();
        if (label.empty() || label == ".") label = file.filename().generic_string();
        listing.labels.push_back(std::move(label));
    }
    for (midi::UnreadPlace& place : unread)
        listing.unread.push_back(
            {std::move(place.place), std::move(place.reason), place.is_folder});
    return listing;
}

/// Why there is nothing to learn from in `folder`.
[[nodiscard]] inline std::string nothing_usable_text(const std::filesystem::path& folder,
                                                     std::size_t files,
                                                     const std::vector<SkippedFile>& skipped) {
    std::string message = concat(folder, ": no usable MIDI file (", files, " found");
    if (!skipped.empty()) {
        message += concat("; ", skipped.front().file, ": ", skipped.front().reason);
        if (skipped.size() > 1) message += concat("; and ", skipped.size() - 1, " more");
    }
    return message + "). Give a folder with .mid, .midi, .rmi or .kar files that hold notes.";
}

/// The same order whatever came first.
inline void sort_by_file(std::vector<SkippedFile>& skipped) {
    std::sort(skipped.begin(), skipped.end(),
              [](const SkippedFile& a, const SkippedFile& b) { return a.file < b.file; });
}

}  // namespace data_set_detail

/// Reads every MIDI file under `folder` (or the file itself), `threads` at a time, which affects
/// only the time it takes. A file that cannot be read, or holds no note, is listed in
/// `skipped`, and so are damaged ones, folders that cannot be listed and links that lead nowhere;
/// what lies in run directories below the folder is left out. Or reads all songs of a packed file.
/// Throws IoError if there is no such folder, DataError if no file is usable; the message names the
/// first few reasons; of a packed file FormatError.
[[nodiscard]] inline DataSet load_data_set(const std::filesystem::path& folder,
                                           int threads = available_threads(),
                                           DamagedFiles damaged = DamagedFiles::skip);

/// The same, but the songs of a packed file stay there (`DataSet::source`): its names and index are
/// read, which takes about 150 bytes a song.
[[nodiscard]] inline DataSet open_data_set(const std::filesystem::path& folder,
                                           int threads = available_threads(),
                                           DamagedFiles damaged = DamagedFiles::skip);

namespace data_set_detail {

[[nodiscard]] inline DataSet load_packed(const std::filesystem::path& path, DamagedFiles damaged,
                                         bool in_memory) {
    auto file = std::make_shared<const PackedFile>(path);
    if (damaged == DamagedFiles::keep && !file->facts().keeps_damaged)
        fail<DataError>(path,
                        ": was packed without the damaged files; pack the folder again, with "
                        "--keep-damaged");
    return packed_data_set(std::move(file), in_memory);
}

[[nodiscard]] inline DataSet load_folder(const std::filesystem::path& folder, int threads,
                                         DamagedFiles damaged) {
    DataSet data;
    Listing listing = list_folder(folder);
    data.of_runs = listing.of_runs;
    data.files = listing.files.size();
    std::vector<ReadFile> read(listing.files.size());
    parallel_for(static_cast<std::ptrdiff_t>(read.size()), threads, [&](std::ptrdiff_t index) {
        const auto i = static_cast<std::size_t>(index);
        read[i] = read_one(listing.files[i], damaged);
    });
    for (std::size_t i = 0; i < read.size(); ++i) {
        const std::string& label = listing.labels[i];
        if (!read[i].reason.empty()) {
            data.skipped.push_back({label, read[i].reason});
            continue;
        }
        if (!read[i].repairs.empty()) {
            ++data.repaired;
            data.mended.push_back({label, read[i].repairs});
        }
        for (midi::Song& song : read[i].songs) {
            data.songs.push_back(std::move(song));
            data.names.push_back(label);
        }
    }
    for (SkippedFile& place : listing.unread) {
        ++(place.is_folder ? data.unlisted : data.files);
        data.skipped.push_back(std::move(place));
    }
    if (!listing.unread.empty()) sort_by_file(data.skipped);
    if (data.songs.empty()) fail<DataError>(nothing_usable_text(folder, data.files, data.skipped));
    data.pieces = piece_groups(Songs(data.songs), name_groups(data.names), threads);
    return data;
}

}  // namespace data_set_detail

inline DataSet load_data_set(const std::filesystem::path& folder, int threads,
                             DamagedFiles damaged) {
    if (PackedFile::is_packed(folder)) return data_set_detail::load_packed(folder, damaged, true);
    return data_set_detail::load_folder(folder, threads, damaged);
}

inline DataSet open_data_set(const std::filesystem::path& folder, int threads,
                             DamagedFiles damaged) {
    if (PackedFile::is_packed(folder)) return data_set_detail::load_packed(folder, damaged, false);
    return data_set_detail::load_folder(folder, threads, damaged);
}

}  // namespace mgan::inline MGAN_ABI
