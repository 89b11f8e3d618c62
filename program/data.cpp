#include "data.hpp"

#include "bundled_corpus.hpp"

#include <mgan/dataset/load_data_set.hpp>
#include <mgan/io/json_text.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace mgan::program {

namespace {

bool is_bundled(const std::string& where) {
    return where.empty() || (where == kBundled && !std::filesystem::exists(where));
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

DataSet load_data(const std::string& where) {
    return is_bundled(where) ? load_bundled() : load_data_set(where);
}

std::string data_name(const std::string& where) {
    if (is_bundled(where)) return kBundled;
    return printable(std::filesystem::absolute(where).lexically_normal().string());
}

std::string describe(const DataSet& data) {
    const auto count = [](std::size_t number, const char* what) {
        return concat(grouped(number), " ", what, number == 1 ? "" : "s");
    };
    const std::size_t used = data.files - std::min(data.files, data.skipped.size());
    // In most collections a folder is a composer.
    const std::string folders =
        data.folders() > 1 ? count(data.folders(), "composer") + " (folders)" : "1 folder";
    std::string text =
        concat(count(data.songs.size(), "song"), " in ", count(used, "file"), " of ", folders, ": ",
               count(data.notes(), "note"), ", ", fixed(data.hours(), 1), " hours");
    if (!data.skipped.empty()) text += concat("; ", count(data.skipped.size(), "file"), " skipped");
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
    const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
               (byte >= 'a' && byte <= 'z') ||
               std::string_view("_./+,:@%-").find(c) != std::string_view::npos;
    });
    if (plain) return std::string(text);
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
