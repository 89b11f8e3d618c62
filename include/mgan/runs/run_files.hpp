#pragma once
/// \file
/// The files of a run directory: their paths, and how to read those that need no trainer.
///
/// run_directory.hpp says what they hold and when they are written.

#include <mgan/core/quote.hpp>
#include <mgan/dataset/split.hpp>
#include <mgan/io/settings_json.hpp>
#include <mgan/midi/notes.hpp>
#include <mgan/settings/settings.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// Keys of config.json that are not settings.
[[nodiscard]] inline const Words& run_note_keys() {
    static const Words keys = {"version",    "data", "data_fingerprint", "data_bytes",
                               "data_songs", "simd", "keep_damaged",     "$schema"};
    return keys;
}

/// One of the notes that stand beside the settings; "" where it is not there.
[[nodiscard]] inline std::string note_of(const SettingNotes& notes, std::string_view key) {
    for (const auto& [name, text] : notes) {
        if (name == key) return text;
    }
    return "";
}

/// A name for a file in a list: `stem-07.mid` of 20, `stem-007.mid` of 200; numbers from 1.
[[nodiscard]] inline std::string numbered_name(std::string_view stem, std::size_t number,
                                               std::size_t count) {
    const std::size_t width = std::max<std::size_t>(2, std::to_string(count).size());
    std::string digits = std::to_string(number);
    digits.insert(0, width - std::min(width, digits.size()), '0');
    return concat(stem, "-", digits, ".mid");
}

/// Writes songs as `song-01.mid`, `song-02.mid`, ... into a folder, which is created if needed;
/// files of these names are replaced. Throws IoError.
inline void save_songs(const std::filesystem::path& folder, std::span<const midi::Song> songs) {
    make_folder(folder);
    for (std::size_t i = 0; i < songs.size(); ++i)
        midi::save_song(folder / numbered_name("song", i + 1, songs.size()), songs[i]);
}

/// The paths of a run's files.
class RunFiles {
public:
    explicit RunFiles(std::filesystem::path path) : path_(std::move(path)) {}

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
    [[nodiscard]] std::filesystem::path config() const { return path_ / "config.json"; }
    [[nodiscard]] std::filesystem::path history() const { return path_ / "history.jsonl"; }
    [[nodiscard]] std::filesystem::path checkpoint() const {
        return path_ / "checkpoint.safetensors";
    }
    [[nodiscard]] std::filesystem::path model() const { return path_ / "model.safetensors"; }
    [[nodiscard]] std::filesystem::path songs() const { return path_ / "songs"; }
    [[nodiscard]] std::filesystem::path report() const { return path_ / "report.html"; }
    [[nodiscard]] std::filesystem::path split() const { return path_ / "split.tsv"; }
    [[nodiscard]] std::filesystem::path skipped() const { return path_ / "skipped.tsv"; }
    [[nodiscard]] std::filesystem::path mended() const { return path_ / "mended.tsv"; }
    [[nodiscard]] std::filesystem::path lock() const { return path_ / ".lock"; }

    /// Whether the folder holds something that a new run would overwrite.
    [[nodiscard]] bool holds_run() const {
        for (const auto& file : {config(), checkpoint(), model(), songs()}) {
            std::error_code failure;
            if (std::filesystem::exists(file, failure)) return true;
        }
        return false;
    }

    /// The settings of the run in the folder, and the notes beside them. Throws IoError,
    /// ConfigError, FormatError.
    [[nodiscard]] std::pair<Settings, SettingNotes> read_config() const {
        Settings settings;
        try {
            SettingNotes notes = mgan::read_settings(config(), settings, run_note_keys());
            return {std::move(settings), std::move(notes)};
        } catch (const ConfigError& error) {
            fail<ConfigError>(error.what(),
                              "; if a newer mgan wrote this run, use that one (this is ", kVersion,
                              ")");
        }
    }

    /// A text as a field of a .tsv file: tab, line feed, carriage return and backslash as `\t`,
    /// `\n`, `\r` and two backslashes.
    [[nodiscard]] static std::string tsv_field(std::string_view text) {
        std::string field;
        for (const char c : text) {
            if (c == '\t')
                field += "\\t";
            else if (c == '\n')
                field += "\\n";
            else if (c == '\r')
                field += "\\r";
            else if (c == '\\')
                field += "\\\\";
            else
                field += c;
        }
        return field;
    }

    /// The files of one part of a run's split. Throws IoError, and DataError where a line is
    /// damaged.
    [[nodiscard]] std::vector<std::string> files_of(Part part) const {
        const std::vector<std::byte> bytes = read_file_bytes(split());
        const auto fields = fields_of(bytes);
        return {fields[index(part)].begin(), fields[index(part)].end()};
    }

    /// The parts of the run's split for songs of these names: indices, ascending. Empty ones where
    /// there is no split yet. Throws IoError, and DataError where a line is damaged.
    [[nodiscard]] std::array<std::vector<std::size_t>, 3> parts_of(
        const std::vector<std::string>& names) const {
        std::array<std::vector<std::size_t>, 3> parts;
        std::error_code failure;
        if (!std::filesystem::exists(split(), failure)) return parts;
        const std::vector<std::byte> bytes = read_file_bytes(split());
        const auto fields = fields_of(bytes);
        for (const Part part : kParts) parts[index(part)] = find_names(names, fields[index(part)]);
        return parts;
    }

    /// The same where the names are those of all songs of the run: then every song has a part, and
    /// but one, except that few songs may be for training and validation both. Throws DataError
    /// that names the line of split.tsv that is wrong, or the song that has none, and IoError.
    [[nodiscard]] std::array<std::vector<std::size_t>, 3> parts_of_all(
        const std::vector<std::string>& names) const {
        const auto parts = parts_of(names);
        const bool repeats = parts[index(Part::train)] == parts[index(Part::validation)];
        std::vector<bool> has_part(names.size());
        for (const Part part : kParts) {
            if (repeats && part == Part::validation) continue;
            for (const std::size_t song : parts[index(part)]) {
                if (has_part[song]) fail_twice(names[song]);
                has_part[song] = true;
            }
        }
        const auto without = std::find(has_part.begin(), has_part.end(), false);
        if (without != has_part.end())
            fail_without(names, names[static_cast<std::size_t>(without - has_part.begin())]);
        if (parts[index(Part::validation)].empty())
            fail<DataError>(split(), ": no line has the part validation", split_advice());
        return parts;
    }

private:
    static constexpr std::array kParts = {Part::train, Part::validation, Part::test};

    [[nodiscard]] static constexpr std::size_t index(Part part) noexcept {
        return static_cast<std::size_t>(part);
    }

    /// What to do about a damaged split.tsv.
    [[nodiscard]] static constexpr const char* split_advice() noexcept {
        return "; put the file back as it was, from a copy of the run; or remove it, and train "
               "--resume splits the songs again, as it would for a new run";
    }

    /// Calls `see(NUMBER, FIELD, PART)` for every line of a split; `part` is what stands behind the
    /// tab. Editors of other systems may have put a carriage return before each line feed.
    template <typename See>
    static void for_each_line(const std::vector<std::byte>& bytes, const See& see) {
        const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        std::size_t number = 0;
        for (std::size_t begin = 0; begin < text.size();) {
            const std::size_t end = std::min(text.find('\n', begin), text.size());
            std::string_view line = text.substr(begin, end - begin);
            if (line.ends_with('\r')) line.remove_suffix(1);
            const std::size_t tab = std::min(line.find('\t'), line.size());
            see(++number, line.substr(0, tab), line.substr(std::min(tab + 1, line.size())));
            begin = end + 1;
        }
    }

    /// The fields of the files of each part, in the bytes of a split.
    [[nodiscard]] std::array<std::vector<std::string_view>, 3> fields_of(
        const std::vector<std::byte>& bytes) const {
        std::array<std::vector<std::string_view>, 3> fields;
        for_each_line(
            bytes, [&](std::size_t number, std::string_view field, std::string_view text) {
                const auto part = std::find_if(kParts.begin(), kParts.end(),
                                               [&](Part one) { return name(one) == text; });
                if (part == kParts.end() || field.empty())
                    fail<DataError>(
                        split(), ": line ", number,
                        ": expected a file, a tab, and train, validation or test, but it "
                        "is ",
                        in_quotes(concat(field, text.empty() ? "" : "\t", text)), split_advice());
                fields[index(*part)].push_back(field);
            });
        if (fields[index(Part::train)].empty())
            fail<DataError>(split(), ": no line has the part train", split_advice());
        return fields;
    }

    /// Names the line that puts a song into a second part.
    [[noreturn]] void fail_twice(const std::string& song) const {
        const std::vector<std::byte> bytes = read_file_bytes(split());
        const std::string wanted = tsv_field(song);
        std::string_view first;
        std::size_t line = 0;
        for_each_line(bytes,
                      [&](std::size_t number, std::string_view field, std::string_view text) {
                          if (field != wanted || line > 0) return;
                          if (first.empty())
                              first = text;
                          else if (text != first)
                              line = number;
                      });
        fail<DataError>(split(), ": line ", line, ": ", in_quotes(song), " is in the part ", first,
                        " already", split_advice());
    }

    /// Says that a song has no part, and names the line that may have been its.
    [[noreturn]] void fail_without(const std::vector<std::string>& names,
                                   const std::string& song) const {
        const std::vector<std::byte> bytes = read_file_bytes(split());
        std::set<std::string> known;
        for (const std::string& one : names) known.insert(tsv_field(one));
        std::string other;
        for_each_line(bytes, [&](std::size_t number, std::string_view field, std::string_view) {
            if (other.empty() && !known.contains(std::string(field)))
                other = concat("line ", number, " names ", in_quotes(field),
                               ", which is no song of this run, and ");
        });
        fail<DataError>(split(), ": ", other, "no line names the song ", in_quotes(song),
                        split_advice());
    }

    /// The places of the names whose fields are among `fields`, ascending.
    [[nodiscard]] static std::vector<std::size_t> find_names(
        const std::vector<std::string>& names, const std::vector<std::string_view>& fields) {
        // Fields stand in the order of the names, each once for names that stand together, if the
        // songs are those of the run. A table of a million texts takes seconds.
        std::vector<std::size_t> found;
        std::size_t next = 0;
        for (std::size_t i = 0; i < names.size(); ++i) {
            const std::string field = tsv_field(names[i]);
            if (next < fields.size() && field == fields[next])
                ++next;
            else if (next == 0 || field != fields[next - 1])
                continue;
            found.push_back(i);
        }
        if (next == fields.size()) return found;
        found.clear();
        const std::set<std::string_view> wanted(fields.begin(), fields.end());
        for (std::size_t i = 0; i < names.size(); ++i)
            if (wanted.contains(tsv_field(names[i]))) found.push_back(i);
        return found;
    }

    std::filesystem::path path_;
};

}  // namespace mgan::inline MGAN_ABI
