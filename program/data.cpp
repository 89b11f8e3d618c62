#include "data.hpp"

#include "bundled_corpus.hpp"

#include <mgan/dataset/load_data_set.hpp>
#include <mgan/io/json_text.hpp>
#include <mgan/runs/run_files.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <system_error>
#include <thread>

namespace mgan::program {

namespace {

bool is_bundled(const std::string& where) {
    std::error_code unknown;
    return where.empty() || (where == kBundled && !std::filesystem::exists(where, unknown));
}

DataSet load_bundled() {
    DataSet data;
    for (const BundledScore& score : bundled_score_texts()) {
        ++data.files;
        for (midi::Song& song : variants(score::parse_score(score.text, score.name))) {
            data.songs.push_back(std::move(song));
            data.names.emplace_back(score.name);  // one name: all in one part of the split
        }
    }
    return data;
}

}  // namespace

DataSet load_data(const std::string& where, DamagedFiles damaged) {
    return is_bundled(where) ? load_bundled() : load_data_set(where, available_threads(), damaged);
}

DataSet open_data(const std::string& where, DamagedFiles damaged) {
    return is_bundled(where) ? load_bundled() : open_data_set(where, available_threads(), damaged);
}

DamagedFiles damaged_of_run(const SettingNotes& notes) {
    return note_of(notes, "keep_damaged").empty() ? DamagedFiles::skip : DamagedFiles::keep;
}

DataSet open_data_of_run(const SettingNotes& notes, std::string_view advice) {
    try {
        return open_data(data_place(notes), damaged_of_run(notes));
    } catch (const IoError& error) {
        fail<IoError>(printable(error.what()), "; if the music of this run has moved, ", advice);
    }
}

std::string data_place(const SettingNotes& notes) {
    const std::string digits = note_of(notes, "data_bytes");
    std::string bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        unsigned byte = 0;
        const char* const end = digits.data() + i + 2;
        if (std::from_chars(digits.data() + i, end, byte, 16).ptr != end)
            return note_of(notes, "data");
        bytes += static_cast<char>(byte);
    }
    return bytes.empty() ? note_of(notes, "data") : bytes;
}

std::string data_path(const std::string& where) {
    if (is_bundled(where)) return kBundled;
    std::error_code failure;
    const std::filesystem::path path = std::filesystem::absolute(where, failure);
    return failure ? where : path.lexically_normal().string();
}

std::string data_name(const std::string& where) {
    return printable(data_path(where));
}

SettingNotes data_notes(const std::string& where) {
    const std::string path = data_path(where);
    if (printable(path) == path) return {};
    std::string digits;
    for (const char c : path) {
        const auto byte = static_cast<unsigned char>(c);
        digits += "0123456789abcdef"[byte >> 4];
        digits += "0123456789abcdef"[byte & 15];
    }
    return {{"data_bytes", digits}};
}

SongsOfFile read_songs_of(const std::filesystem::path& file, const midi::NoteOptions& options) {
    const std::vector<std::byte> bytes = read_file_bytes(file, std::uint64_t{1} << 31);
    const std::string name = printable(file.string());
    const auto copied = [&](std::string_view damage) {
        if (!damage.empty()) fail<DataError>(name, ": damaged: ", damage);
    };
    try {
        const midi::ReadResult read = midi::parse(bytes, {.name = name});
        if (read.repair_count > 0) copied(midi::copy_damage(bytes));
        return {midi::to_songs(read.file, options), repairs_text(read.repairs_of, 0),
                loss_text(read, bytes.size())};
    } catch (const FormatError&) {
        copied(midi::copy_damage(bytes));
        throw;
    }
}

std::vector<midi::Song> load_songs_of(const std::filesystem::path& file,
                                      const midi::NoteOptions& options) {
    return read_songs_of(file, options).songs;
}

bool is_there(const std::filesystem::path& path) {
    std::error_code unknown;
    return std::filesystem::exists(path, unknown);
}
bool is_folder(const std::filesystem::path& path) {
    std::error_code unknown;
    return std::filesystem::is_directory(path, unknown);
}

int possible_threads(int wanted) {
    std::mutex mutex;
    std::condition_variable wake;
    bool done = false;
    std::vector<std::thread> threads;
    try {
        for (int i = 1; i < wanted; ++i) {
            threads.emplace_back([&] {
                std::unique_lock lock(mutex);
                wake.wait(lock, [&] { return done; });
            });
        }
    } catch (const std::system_error&) {  // no more than these
    }
    {
        const std::lock_guard lock(mutex);
        done = true;
    }
    wake.notify_all();
    for (std::thread& thread : threads) thread.join();
    return static_cast<int>(threads.size()) + 1;
}

std::string describe(const DataSet& data) {
    const auto count = [](std::size_t number, const char* what) {
        return concat(grouped(number), " ", what, number == 1 ? "" : "s");
    };
    const std::size_t skipped = data.skipped.size() - std::min(data.skipped.size(), data.unlisted);
    const std::size_t used = data.files - std::min(data.files, skipped);
    // In most collections a folder is a composer.
    const std::string folders =
        data.folders() > 1 ? count(data.folders(), "composer") + " (folders)" : "1 folder";
    std::string text =
        concat(count(data.size(), "song"), " in ", count(used, "file"), " of ", folders, ": ",
               count(data.notes(), "note"), ", ", fixed(data.hours(), 1), " hours");
    if (skipped > 0) text += concat("; ", count(skipped, "file"), " skipped");
    if (data.unlisted > 0)
        text += concat("; ", count(data.unlisted, "folder"), " not read in full");
    if (data.repaired > 0) text += concat("; ", count(data.repaired, "file"), " mended");
    if (data.of_runs > 0)
        text += concat("; ", count(data.of_runs, "file"), " in the folders of runs left out");
    return text;
}

std::string printable(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        // The longest prefix of up to four bytes that is one character.
        std::size_t length = 0;
        for (std::size_t n = 1; n <= 4 && n <= text.size() && length == 0; ++n) {
            if (is_utf8(text.substr(0, n))) length = n;
        }
        const auto byte = static_cast<unsigned char>(text.front());
        if (length == 0 || byte < 0x20 || byte == 0x7F) {
            out += '?';
            length = 1;
        } else {
            out += text.substr(0, length);
        }
        text.remove_prefix(length);
    }
    return out;
}

std::string shell_word(std::string_view text) {
    const bool plain = !text.empty() && printable(text) == text &&
                       std::all_of(text.begin(), text.end(), [](char c) {
                           const auto byte = static_cast<unsigned char>(c);
                           return byte >= 0x80 || (byte >= '0' && byte <= '9') ||
                                  (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
                                  std::string_view("_./+,:@%-").find(c) != std::string_view::npos;
                       });
    if (plain) return std::string(text);
    if (printable(text) != text) {
        std::string coded = "$'";
        for (const char c : text) {
            const auto byte = static_cast<unsigned char>(c);
            if (byte < 0x20 || byte >= 0x7F) {
                char digits[8];
                std::snprintf(digits, sizeof digits, "\\x%02x", static_cast<unsigned>(byte));
                coded += digits;
            } else {
                if (c == '\'' || c == '\\') coded += '\\';
                coded += c;
            }
        }
        return coded + "'";
    }
    std::string quoted = "'";
    for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return quoted + "'";
}

std::string grouped(std::size_t number) {
    std::string text = std::to_string(number);
    for (std::size_t at = text.size(); at > 3;) {
        at -= 3;
        text.insert(at, 1, ' ');
    }
    return text;
}

std::string clock_text(double seconds) {
    const auto whole = static_cast<long long>(std::max(0.0, std::min(seconds, 1e9)) + 0.5);
    char text[48];
    if (whole >= 3600) {
        std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60,
                      whole % 60);
    } else {
        std::snprintf(text, sizeof text, "%lld:%02lld", whole / 60, whole % 60);
    }
    return text;
}

std::string fixed(double number, int digits) {
    char text[64];
    const bool huge = !(std::abs(number) < 1e9);  // a table has no room for 40 digits
    std::snprintf(text, sizeof text, huge ? "%.*g" : "%.*f", huge ? 4 : digits, number);
    return text;
}

}  // namespace mgan::program
