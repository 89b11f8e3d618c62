#pragma once
/// \file
/// The songs that a training learns from: found, read, split, and cut into crops.
///
///     folder -> files (sorted) -> songs           a file that cannot be read is listed, not fatal
///     songs  -> train | validation | test         by song, decided by the seed alone
///     song   -> a crop of T events                a new random place in every epoch
///
/// Three parts: `train` is learnt from; `validation` chooses the best checkpoint; `test` is never
/// used for a choice, so that figures measured on it mean something.

#include <mgan/core/parallel.hpp>
#include <mgan/core/random.hpp>
#include <mgan/encoding/context.hpp>
#include <mgan/midi/corpus.hpp>
#include <mgan/midi/notes.hpp>

#include <algorithm>
#include <filesystem>
#include <map>
#include <numeric>
#include <set>

namespace mgan::inline MGAN_ABI {

/// Which part of the data a song belongs to.
enum class Part { train, validation, test };

/// The name of a part in files and options.
[[nodiscard]] constexpr std::string_view name(Part part) noexcept {
    constexpr std::array<std::string_view, 3> names = {"train", "validation", "test"};
    return names[static_cast<std::size_t>(part)];
}

/// A file that gave no song, and why.
struct SkippedFile {
    std::string file;
    std::string reason;
};

/// Songs, where they came from, and what was left out.
struct DataSet {
    std::vector<midi::Song> songs;
    std::vector<std::string> names;  ///< of the songs: the path within the folder
    std::vector<SkippedFile> skipped;
    std::size_t files = 0;     ///< that were found
    std::size_t repaired = 0;  ///< files that had to be mended to be read
    std::size_t of_runs = 0;   ///< files that were left out because a training wrote them

    [[nodiscard]] std::size_t notes() const noexcept {
        std::size_t count = 0;
        for (const midi::Song& song : songs) count += song.notes.size();
        return count;
    }

    /// Playing time of all songs at their tempo, in hours.
    [[nodiscard]] double hours() const noexcept {
        double seconds = 0.0;
        for (const midi::Song& song : songs) {
            std::int64_t end = 0;
            for (const midi::Note& note : song.notes) end = std::max(end, note.onset + note.length);
            std::int64_t tick = 0, tempo = 500'000;
            const auto advance = [&](std::int64_t to) {
                if (to <= tick) return;
                seconds += static_cast<double>(to - tick) * static_cast<double>(tempo) * 1e-6 /
                           static_cast<double>(midi::kTicksPerQuarter);
                tick = to;
            };
            for (const midi::TempoChange& change : song.tempo) {
                advance(std::min(change.tick, end));
                tempo = change.microseconds_per_quarter;
            }
            advance(end);
        }
        return seconds / 3600.0;
    }

    /// Number of different folders the songs lie in ("composers", in most collections).
    [[nodiscard]] std::size_t folders() const {
        std::set<std::string> found;
        for (const std::string& file : names)
            found.insert(std::filesystem::path(file).parent_path().string());
        return found.size();
    }

    /// A number that changes with any note of any song: two runs with one fingerprint had one data
    /// set.
    [[nodiscard]] std::uint64_t fingerprint() const noexcept {
        std::uint64_t hash = 0xcbf29ce484222325u;
        const auto add = [&hash](std::int64_t value) {
            for (int byte = 0; byte < 8; ++byte) {
                hash = (hash ^ static_cast<std::uint64_t>((value >> (8 * byte)) & 0xff)) *
                       0x100000001b3u;
            }
        };
        for (const midi::Song& song : songs) {
            add(static_cast<std::int64_t>(song.notes.size()));
            for (const midi::Note& note : song.notes) {
                add(note.onset);
                add(note.length);
                add(note.pitch);
                add(note.velocity);
                add(note.channel);
            }
        }
        return hash;
    }
};

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
            if (!midi::tones(song).empty()) result.songs.push_back(std::move(song));
        }
        if (result.songs.empty()) result.reason = "no notes";
        result.repaired = read.repair_count > 0;
    } catch (const Error& error) {
        result.reason = error.what();
        // Who lists the reason says the name first.
        if (const std::string name = path.string() + ": "; result.reason.starts_with(name))
            result.reason.erase(0, name.size());
    }
    return result;
}

/// Removes the files that lie in the directory of a run below `folder`: its songs, which were made,
/// and its crops of real ones. Whoever trains in the folder of the music (`mgan train . --out run`)
/// would otherwise have other data at each start, and learn what the model said. Returns how many.
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

/// Reads every MIDI file under `folder` (or the file itself), `threads` at a time, which changes
/// nothing but the time it takes. A file that cannot be read, or holds no note, is listed in
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
        std::string message =
            concat(folder.string(), ": no usable MIDI file (", data.files, " found");
        if (!data.skipped.empty()) {
            message += concat("; ", data.skipped.front().file, ": ", data.skipped.front().reason);
            if (data.skipped.size() > 1)
                message += concat("; and ", data.skipped.size() - 1, " more");
        }
        throw DataError(message +
                        "). Give a folder with .mid, .midi, .rmi or .kar files that hold notes.");
    }
    return data;
}

/// Deals songs to the three parts. `names` says which songs belong together: songs of one name (the
/// variants of a piece, the tracks of a file) all go to one part, or the validation would be heard
/// in training. The names are put in a random order fixed by the seed; the first share goes to
/// validation, the next to test, the rest to train. Every part that has a share gets at least one
/// name where there are at least three; with fewer, all songs are in train, and validation repeats
/// them. Returns indices, ascending.
[[nodiscard]] inline std::array<std::vector<std::size_t>, 3> split_songs(
    const std::vector<std::string>& names, double validation_share, double test_share,
    std::uint64_t seed) {
    std::map<std::string_view, std::size_t> group_of_name;
    std::vector<std::size_t> group(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
        group[i] = group_of_name.emplace(names[i], group_of_name.size()).first->second;
    }
    const std::size_t count = group_of_name.size();
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    const Random random(seed, "split");
    for (std::size_t i = count; i > 1; --i) std::swap(order[i - 1], order[random.integer(i, i)]);

    const auto share = [count](double s) -> std::size_t {
        if (s <= 0.0 || count < 3) return 0;
        return std::max<std::size_t>(
            1, static_cast<std::size_t>(std::llround(s * static_cast<double>(count))));
    };
    const std::size_t validation = share(validation_share);
    const std::size_t test = count < 3 ? 0 : std::min(share(test_share), count - validation - 1);
    std::vector<std::size_t> part_of_group(count);
    for (std::size_t i = 0; i < count; ++i) {
        part_of_group[order[i]] = i < validation ? 1 : (i < validation + test ? 2 : 0);
    }
    std::array<std::vector<std::size_t>, 3> parts;
    for (std::size_t i = 0; i < names.size(); ++i) parts[part_of_group[group[i]]].push_back(i);
    if (parts[1].empty()) parts[1] = parts[0];
    return parts;
}

/// Songs that were made rather than found, each on its own: "song 0", "song 1", ...
[[nodiscard]] inline DataSet data_set_of(std::vector<midi::Song> songs) {
    DataSet data;
    data.files = songs.size();
    for (std::size_t i = 0; i < songs.size(); ++i) data.names.push_back(concat("song ", i));
    data.songs = std::move(songs);
    return data;
}

/// The songs of one part as encoded events, and the crops that are taken of them.
template <typename Scalar>
class CropSource {
public:
    CropSource() = default;

    /// Encodes `songs` (those of `part`) for crops of `length` events.
    CropSource(const std::vector<midi::Song>& songs, const std::vector<std::size_t>& part,
               const encoding::Codec& codec, std::int64_t length)
        : length_(static_cast<std::size_t>(length)) {
        for (const std::size_t index : part) {
            songs_.push_back(codec.template encode<Scalar>(songs[index]));
            if (songs_.back().size() < length_) ++looped_;
        }
    }

    [[nodiscard]] std::size_t size() const noexcept { return songs_.size(); }

    /// Songs shorter than a crop: they are repeated from their start until the crop is full.
    [[nodiscard]] std::size_t looped() const noexcept { return looped_; }

    /// Where the crop begins that `random` (of the minibatch) takes of song `song` for its place in
    /// the batch.
    [[nodiscard]] std::size_t crop_begin(std::size_t song, const Random& random,
                                         std::size_t place) const {
        const std::size_t size = songs_[song].size();
        return size <= length_ ? 0 : random.integer(place, size - length_ + 1);
    }

    /// Event t of the crop that begins there.
    [[nodiscard]] const encoding::Event<Scalar>& event(std::size_t song, std::size_t begin,
                                                       std::size_t t) const {
        const encoding::Events<Scalar>& events = songs_[song];
        return events[(begin + t) % events.size()];
    }

    /// The style of one crop of each song.
    [[nodiscard]] std::vector<encoding::Style> styles(const encoding::Codec& codec,
                                                      std::uint64_t seed) const {
        std::vector<encoding::Style> styles;
        const Random random(seed, "style crop");
        encoding::Events<Scalar> crop(length_);
        for (std::size_t song = 0; song < size(); ++song) {
            const std::size_t begin = crop_begin(song, random, song);
            for (std::size_t t = 0; t < length_; ++t) crop[t] = event(song, begin, t);
            styles.push_back(
                encoding::style_of(crop.front().data(), length_, encoding::kFeatures, codec));
        }
        return styles;
    }

    /// The songs of an epoch: permutations of 0 .. size - 1, one after the other, at least `least`
    /// songs.
    [[nodiscard]] std::vector<std::size_t> order(const Random& random, std::size_t least) const {
        std::vector<std::size_t> songs;
        do {
            const std::size_t begin = songs.size();
            for (std::size_t i = 0; i < size(); ++i) songs.push_back(i);
            for (std::size_t i = size(); i > 1; --i) {
                std::swap(songs[begin + i - 1], songs[begin + random.integer(begin + i, i)]);
            }
        } while (songs.size() < least);
        return songs;
    }

private:
    std::vector<encoding::Events<Scalar>> songs_;
    std::size_t length_ = 0;
    std::size_t looped_ = 0;
};

}  // namespace mgan::inline MGAN_ABI
