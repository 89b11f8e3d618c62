#pragma once
/// \file
/// From a folder of MIDI files to a packed file, in little memory.
///
///     pack_data_set("my-midi-folder", "songs.mgan", {.threads = 4});
///
/// The songs stand in the file as `load_data_set` orders them, and so a training from it has the
/// bits of one from the folder.

#include <mgan/dataset/load_data_set.hpp>
#include <mgan/dataset/pack_writer.hpp>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// Arguments of `pack_data_set`.
struct PackOptions {
    int threads = 1;
    DamagedFiles damaged = DamagedFiles::skip;
    /// Keep what is in the file already, and add what is new: the files whose names it does not
    /// know. (A file that has changed keeps its old songs: pack anew to take it in.)
    bool add = false;
    /// After every few hundred files: how many of how many are done.
    std::function<void(std::size_t done, std::size_t files)> on_progress = nullptr;
};

/// What was packed.
struct PackResult {
    std::size_t songs = 0;    ///< in the file now
    std::size_t added = 0;    ///< of them new
    std::size_t known = 0;    ///< files that were there already
    std::uint64_t bytes = 0;  ///< of the file
};

namespace pack_detail {

/// A file that gives songs: of the folder, or one that is packed already.
struct Origin {
    std::string label;
    std::filesystem::path path;          ///< of the folder
    const PackedFile* packed = nullptr;  ///< or songs begin .. end of this
    std::size_t begin = 0, end = 0;
};

/// The files whose songs a packed file holds.
inline void list_packed(const PackedFile& file, std::vector<Origin>& origins) {
    std::vector<std::string> names = file.names();
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (i > 0 && names[i] == names[i - 1]) {
            origins.back().end = i + 1;
            continue;
        }
        origins.push_back({names[i], {}, &file, i, i + 1});
    }
}

/// What became of one file.
struct Packed {
    data_set_detail::ReadFile read;
    std::vector<PackedSong> songs;
};
[[nodiscard]] inline Packed pack_one(const Origin& origin, DamagedFiles damaged) {
    Packed result;
    if (origin.packed == nullptr) {
        result.read = data_set_detail::read_one(origin.path, damaged);
        if (!result.read.reason.empty()) return result;
    } else {
        result.read.songs.resize(origin.end - origin.begin);
        for (std::size_t i = 0; i < result.read.songs.size(); ++i)
            origin.packed->read(origin.begin + i, result.read.songs[i]);
    }
    for (const midi::Song& song : result.read.songs) {
        try {
            result.songs.push_back(pack_song(song));
        } catch (const DataError& error) {
            if (origin.packed != nullptr) throw;
            result.songs.clear();
            result.read.reason = error.what();
            break;
        }
    }
    return result;
}

}  // namespace pack_detail

/// Packs the songs of `data` (a folder, a MIDI file, or another packed file) into `file`, all or
/// nothing. Throws what `load_data_set` throws, and IoError.
inline PackResult pack_data_set(const std::filesystem::path& data,
                                const std::filesystem::path& file, const PackOptions& options) {
    using namespace pack_detail;
    PackResult result;
    packed::Facts facts;
    facts.version = kVersion;
    facts.keeps_damaged = options.damaged == DamagedFiles::keep;
    std::vector<Origin> origins;
    std::vector<SkippedFile> skipped;
    std::vector<MendedFile> mended;

    // When the file was written that is added to, which another program may replace meanwhile.
    const auto written = [&] {
        std::error_code unknown;
        return std::filesystem::last_write_time(file, unknown);
    };
    const std::filesystem::file_time_type written_before = written();
    std::unique_ptr<const PackedFile> before, other;
    const auto take = [&](const PackedFile& packed) {
        for (SkippedFile& one : packed.skipped()) skipped.push_back(std::move(one));
        for (MendedFile& one : packed.mended()) mended.push_back(std::move(one));
        facts.of_runs += packed.facts().of_runs;
        facts.keeps_damaged = facts.keeps_damaged || packed.facts().keeps_damaged;
    };
    if (options.add && std::filesystem::exists(file)) {
        before = std::make_unique<const PackedFile>(file);
        require<DataError>(before->facts().keeps_damaged == facts.keeps_damaged, file,
                           ": was packed with another choice of --keep-damaged; add with the same");
        list_packed(*before, origins);
        take(*before);
    }
    if (PackedFile::is_packed(data)) {
        other = std::make_unique<const PackedFile>(data);
        list_packed(*other, origins);
        take(*other);
    } else {
        data_set_detail::Listing listing = data_set_detail::list_folder(data);
        // These were looked at again: what was said of them does not count any more.
        std::set<std::string_view> again(listing.labels.begin(), listing.labels.end());
        for (const SkippedFile& place : listing.unread) again.insert(place.file);
        std::erase_if(skipped, [&](const SkippedFile& one) { return again.contains(one.file); });
        facts.of_runs = std::max<std::uint64_t>(facts.of_runs, listing.of_runs);
        for (SkippedFile& place : listing.unread) skipped.push_back(std::move(place));
        for (std::size_t i = 0; i < listing.files.size(); ++i)
            origins.push_back(
                {std::move(listing.labels[i]), std::move(listing.files[i]), nullptr, 0, 0});
    }
    if (before) {
        // In the order of a folder that holds all of them; of equal names the first stays.
        std::stable_sort(origins.begin(), origins.end(),
                         [](const Origin& a, const Origin& b) { return a.label < b.label; });
        const std::size_t all = origins.size();
        origins.erase(
            std::unique(origins.begin(), origins.end(),
                        [](const Origin& a, const Origin& b) { return a.label == b.label; }),
            origins.end());
        result.known = all - origins.size();
    }

    PackWriter writer(file);
    constexpr std::size_t kChunk = 512;
    for (std::size_t begin = 0; begin < origins.size(); begin += kChunk) {
        const std::size_t size = std::min(kChunk, origins.size() - begin);
        std::vector<Packed> chunk(size);
        parallel_for(static_cast<std::ptrdiff_t>(size), options.threads, [&](std::ptrdiff_t index) {
            const auto i = static_cast<std::size_t>(index);
            chunk[i] = pack_one(origins[begin + i], options.damaged);
        });
        for (std::size_t i = 0; i < size; ++i) {
            const Origin& origin = origins[begin + i];
            Packed& one = chunk[i];
            if (!one.read.reason.empty()) {
                skipped.push_back({origin.label, std::move(one.read.reason)});
                continue;
            }
            if (!one.read.repairs.empty())
                mended.push_back({origin.label, std::move(one.read.repairs)});
            for (std::size_t song = 0; song < one.songs.size(); ++song)
                writer.add(std::move(one.songs[song]), one.read.songs[song], origin.label);
            if (origin.packed == nullptr || origin.packed == other.get())
                result.added += one.songs.size();
            ++facts.files;
        }
        if (options.on_progress) options.on_progress(begin + size, origins.size());
    }
    data_set_detail::sort_by_file(skipped);
    std::stable_sort(mended.begin(), mended.end(),
                     [](const MendedFile& a, const MendedFile& b) { return a.file < b.file; });
    for (const SkippedFile& one : skipped) ++(one.is_folder ? facts.unlisted : facts.files);
    facts.repaired = mended.size();
    if (writer.size() == 0)
        fail<DataError>(data_set_detail::nothing_usable_text(
            data, static_cast<std::size_t>(facts.files), skipped));
    if (options.add && written() != written_before)
        fail<DataError>(file,
                        ": another program has written it while the songs were read; nothing was "
                        "changed: pack again");
    before.reset();  // some systems rename no file that is open
    other.reset();
    writer.finish(facts, skipped, mended, options.threads);
    result.songs = writer.size();
    result.bytes = writer.bytes();
    return result;
}

/// Packs the songs of a data set, in its order, with its pieces.
inline PackResult pack_data_set(const DataSet& data, const std::filesystem::path& file,
                                int threads = 1) {
    PackWriter writer(file);
    midi::Song memory;
    const Songs songs = data.view();
    for (std::size_t i = 0; i < songs.size(); ++i) {
        const midi::Song& song = songs.get(i, memory);
        writer.add(pack_song(song), song, data.names[i]);
    }
    packed::Facts facts;
    facts.version = kVersion;
    facts.files = data.files;
    facts.repaired = data.repaired;
    facts.of_runs = data.of_runs;
    facts.unlisted = data.unlisted;
    std::vector<std::size_t> pieces = data.pieces;
    if (pieces.empty()) {  // every name is one
        const std::vector<std::size_t> group = name_groups(data.names);
        std::vector<std::size_t> first(group.size(), group.size());
        for (std::size_t i = 0; i < group.size(); ++i) {
            first[group[i]] = std::min(first[group[i]], i);
            pieces.push_back(first[group[i]]);
        }
    }
    writer.finish(facts, data.skipped, data.mended, threads, pieces);
    return {.songs = writer.size(), .added = writer.size(), .known = 0, .bytes = writer.bytes()};
}

}  // namespace mgan::inline MGAN_ABI
