#include "report_story.hpp"

#include "copied.hpp"
#include "data.hpp"
#include "real_set.hpp"

#include <mgan/midi/find_files.hpp>

#include <algorithm>
#include <cmath>

namespace mgan::program {

namespace {

/// Every line that can be read. The writer never leaves a bad one, but people edit files.
void read_lines(const std::filesystem::path& path, RunStory& story) {
    if (!is_there(path)) {
        story.missing.push_back("no history.jsonl: no epoch has ended yet, so there are no curves");
        return;
    }
    const std::vector<std::byte> bytes = read_file_bytes(path);
    std::size_t begin = 0, bad = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (bytes[i] != std::byte{'\n'}) continue;
        try {
            HistoryRecord record = parse_history_line(std::span(bytes).subspan(begin, i - begin),
                                                      path.string(), begin);
            const auto epoch = record.number("epoch");
            if (epoch && std::isfinite(*epoch)) {
                story.history.push_back(std::move(record));
            } else {
                ++bad;
            }
        } catch (const FormatError&) {
            ++bad;
        }
        begin = i + 1;
    }
    if (bad > 0)
        story.missing.push_back(
            concat(bad, bad == 1 ? " line" : " lines", " of history.jsonl cannot be read"));
    if (story.history.empty())
        story.missing.push_back("no epoch has ended yet, so there are no curves");
}

std::vector<NamedSong> read_songs(const std::filesystem::path& folder, RunStory& story) {
    std::vector<NamedSong> songs;
    if (!is_folder(folder)) return songs;
    for (const std::filesystem::path& file : midi::find_midi_files(folder)) {
        if (songs.size() == kMaxReportSongs) break;
        const std::string name = printable(file.filename().string());
        try {
            for (midi::Song& song : midi::load_songs(file))
                songs.push_back({name, std::move(song)});
        } catch (const Error& error) {
            story.missing.push_back(concat("a song cannot be read: ", printable(error.what())));
        }
    }
    return songs;
}

void read_skipped(const std::filesystem::path& path, RunStory& story) {
    constexpr std::size_t kShown = 50;
    if (!is_there(path)) return;
    const std::vector<std::byte> bytes = read_file_bytes(path);
    const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    for (std::size_t begin = 0; begin < text.size() && story.skipped.size() < kShown;) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        const std::string line = text.substr(begin, end - begin);
        const std::size_t tab = std::min(line.find('\t'), line.size());
        story.skipped.emplace_back(
            printable(line.substr(0, tab)),
            tab < line.size() ? printable(line.substr(tab + 1)) : std::string());
        begin = end + 1;
    }
}

}  // namespace

std::int64_t RunStory::epochs() const noexcept {
    return settings ? settings->pretrain.epochs + settings->adversarial.epochs : 0;
}

std::vector<std::pair<double, double>> RunStory::series(std::string_view key) const {
    return series(key, "");
}

std::vector<std::pair<double, double>> RunStory::series(std::string_view key,
                                                        std::string_view phase) const {
    std::vector<std::pair<double, double>> points;
    for (const HistoryRecord& record : history) {
        if (!phase.empty() && record.text("phase") != phase) continue;
        if (const auto value = record.number(key))
            points.emplace_back(*record.number("epoch"), *value);
    }
    return points;
}

const HistoryRecord* RunStory::kept() const noexcept {
    if (history.empty()) return nullptr;
    for (auto record = history.rbegin(); record != history.rend(); ++record)
        if (record->number("best") == 1.0) return &*record;
    return &history.back();
}

double RunStory::seconds() const noexcept {
    double sum = 0.0;
    for (const HistoryRecord& record : history) {
        const double seconds = record.number("seconds").value_or(0.0);
        if (std::isfinite(seconds)) sum += seconds;
    }
    return sum;
}

std::optional<std::pair<double, double>> RunStory::real_metric(std::string_view metric) const {
    const auto mean = facts.number(concat("metrics.", metric, ".mean"));
    const auto sd = facts.number(concat("metrics.", metric, ".sd"));
    if (!mean || !sd || !std::isfinite(*mean) || !std::isfinite(*sd)) return std::nullopt;
    return std::pair(*mean, *sd);
}

RunStory read_story(const std::filesystem::path& folder) {
    const RunFiles run(folder);
    require<DataError>(is_folder(folder), folder,
                       ": no such folder; give the folder of a run of mgan train");
    require<DataError>(is_there(run.config()) || is_there(run.history()), folder,
                       ": holds no run (no config.json); give the folder of a run of mgan train");
    RunStory story;
    story.name = printable(folder.string());
    const auto attempt = [&](const char* what, const auto& read) {
        try {
            read();
        } catch (const Error& error) {
            story.missing.push_back(concat(what, ": ", printable(error.what())));
        }
    };
    attempt("the settings cannot be read", [&] {
        auto [settings, notes] = run.read_config();
        story.settings = std::move(settings);
        for (auto& [key, text] : notes) story.notes[key] = printable(text);
    });
    attempt("the history cannot be read", [&] { read_lines(run.history(), story); });
    attempt("the songs cannot be read", [&] { story.generated = read_songs(run.songs(), story); });
    attempt("the real songs cannot be read",
            [&] { story.real = read_songs(real_songs(run), story); });
    attempt("the list of skipped files cannot be read",
            [&] { read_skipped(run.skipped(), story); });
    if (is_there(copied_facts(run)))
        attempt("what has been copied cannot be read", [&] {
            story.copied = parse_history_line(read_file_bytes(copied_facts(run)),
                                              copied_facts(run).string(), 0);
        });
    if (is_there(real_facts(run))) {
        attempt("the facts of the data cannot be read", [&] {
            story.facts =
                parse_history_line(read_file_bytes(real_facts(run)), real_facts(run).string(), 0);
        });
    } else {
        story.missing.push_back(
            "no real.json: an older version wrote the run, so the metrics of the real songs "
            "are unknown (mgan train --resume writes it)");
    }
    if (story.generated.empty()) story.missing.push_back("no songs yet");
    if (story.real.empty() && !story.facts.items().empty())
        story.missing.push_back("no real songs to compare with");
    const auto done = static_cast<std::int64_t>(story.history.size());
    if (story.epochs() > done && done > 0)
        story.missing.push_back(
            concat("the training has not ended: ", done, " of ", story.epochs(), " epochs"));
    return story;
}

}  // namespace mgan::program
