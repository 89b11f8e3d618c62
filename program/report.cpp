/// \file
/// `mgan report`: what became of a training, as a page to look at and to listen to.

#include "report.hpp"

#include "data.hpp"
#include "html.hpp"
#include "interrupt.hpp"
#include "program.hpp"
#include "report_figures.hpp"
#include "report_songs.hpp"

#include <mgan/core/atomic_file.hpp>
#include <mgan/core/parallel.hpp>
#include <mgan/core/setting.hpp>
#include <mgan/io/settings_json.hpp>

#include <CLI/CLI.hpp>

#include <iostream>

namespace mgan::program {

namespace {

std::string note(const RunStory& story, const std::string& key) {
    const auto at = story.notes.find(key);
    return at == story.notes.end() ? std::string() : at->second;
}

/// A setting's value as in --set.
std::string value_text(const Setting& setting) {
    return std::visit(
        [](auto&& value) -> std::string {
            using Value = std::decay_t<decltype(value)>;
            if constexpr (std::is_same_v<Value, std::string>)
                return printable(value);
            else if constexpr (std::is_same_v<Value, bool>)
                return value ? "true" : "false";
            else if constexpr (std::is_same_v<Value, double>)
                return mgan::number_text(value);
            else
                return std::to_string(value);
        },
        setting.get());
}

std::string card(const std::string& what, const std::string& value) {
    return value.empty() ? ""
                         : concat("<div>", escaped(what), "<b>", escaped(value), "</b></div>\n");
}

/// A number of the history's line, or "" where it has none.
std::string number_of(const HistoryRecord* record, std::string_view key, int digits) {
    const auto value = record == nullptr ? std::nullopt : record->number(key);
    return value && std::isfinite(*value) ? fixed(*value, digits) : "";
}

/// The settings of all runs: those that differ, then all.
std::string settings_section(std::span<const RunStory> stories) {
    std::vector<std::string> heads = {"setting"};
    std::vector<std::vector<std::string>> all;
    for (std::size_t run = 0; run < stories.size(); ++run) {
        heads.push_back(stories.size() == 1 ? "value" : run_letter(run));
        Settings settings = stories[run].settings.value_or(Settings{});
        std::size_t row = 0;
        for (const Setting& setting : list_settings(settings)) {
            if (run == 0) all.push_back({setting.key});
            all[row++].push_back(stories[run].settings ? value_text(setting) : "-");
        }
    }
    std::vector<std::vector<std::string>> different;
    for (const std::vector<std::string>& row : all) {
        if (std::adjacent_find(row.begin() + 1, row.end(), std::not_equal_to<>()) != row.end())
            different.push_back(row);
    }
    std::string out = "<section>\n<h2>Settings</h2>\n";
    if (stories.size() > 1)
        out += different.empty() ? "<p>The runs have equal settings.</p>\n"
                                 : "<p>Where the runs differ:</p>\n" + table(heads, different);
    return out + "<details><summary>All settings</summary>\n" + table(heads, all) +
           "</details>\n</section>\n";
}

std::string data_section(std::span<const RunStory> stories) {
    std::vector<std::string> heads = {"data"};
    std::vector<std::vector<std::string>> rows = {{"from"}};
    const std::pair<const char*, const char*> facts[] = {
        {"data.files", "files found"},
        {"data.skipped", "files skipped"},
        {"data.mended", "files mended"},
        {"data.songs", "songs"},
        {"data.folders", "composers (folders)"},
        {"data.notes", "notes"},
        {"data.hours", "hours"},
        {"parts.train", "songs to learn from"},
        {"parts.validation", "songs to choose the model by"},
        {"parts.test", "songs never used"}};
    for (const auto& [key, label] : facts) rows.push_back({label});
    rows.push_back({"fingerprint"});
    std::string skipped;
    for (std::size_t run = 0; run < stories.size(); ++run) {
        const RunStory& story = stories[run];
        heads.push_back(stories.size() == 1 ? "" : run_letter(run));
        std::size_t row = 0;
        rows[row++].push_back(note(story, "data"));
        for (const auto& [key, label] : facts) {
            const auto value = story.facts.number(key);
            rows[row++].push_back(!value || !(*value >= 0.0) ? "-"
                                  : std::string_view(key) == "data.hours"
                                      ? fixed(*value, 2)
                                      : grouped(static_cast<std::size_t>(std::min(*value, 1e15))));
        }
        rows[row++].push_back(note(story, "data_fingerprint"));
        if (story.skipped.empty()) continue;
        std::vector<std::vector<std::string>> files;
        for (const auto& [file, reason] : story.skipped) files.push_back({file, reason});
        skipped += concat("<details><summary>Files that were skipped",
                          stories.size() == 1 ? "" : " (" + run_letter(run) + ")", "</summary>\n",
                          table({"file", "reason"}, files), "</details>\n");
    }
    return concat("<section>\n<h2>Data</h2>\n", table(heads, rows), skipped, "</section>\n");
}

/// What there is to say of each run before all pictures.
std::string head(std::span<const RunStory> stories) {
    std::string out;
    for (std::size_t run = 0; run < stories.size(); ++run) {
        const RunStory& story = stories[run];
        const HistoryRecord* kept = story.kept();
        if (stories.size() > 1)
            out += concat(
                "<h3><span class=\"dot\" style=\"background:", kColours[run % kColours.size()],
                "\"></span>", run_letter(run), ": ", escaped(story.name), "</h3>\n");
        out += "<div class=\"cards\">\n";
        if (story.settings) {
            Settings settings = *story.settings;
            for (const Setting& setting : list_settings(settings)) {
                if (setting.key == "variant") out += card("model", value_text(setting));
                if (setting.key == "preset") out += card("preset", value_text(setting));
            }
        }
        out +=
            card("epochs", story.epochs() > 0 ? concat(story.history.size(), " of ", story.epochs())
                                              : std::to_string(story.history.size()));
        out += card("model of epoch", number_of(kept, "epoch", 0));
        out += card("mean overlap area", number_of(kept, "mean_overlap_area", 3));
        out += card("mean gap", number_of(kept, "mean_gap", 2));
        if (kept != nullptr && kept->number("judge_network"))
            out += card("told by fresh judges", concat(number_of(kept, "judge_network", 2), ", ",
                                                       number_of(kept, "judge_statistics", 2)));
        if (const auto copied = story.copied.number("6.generated")) {
            const auto real = story.copied.number("6.real");
            out += card("passages of 7 notes that stand in a training song",
                        concat(fixed(100.0 * *copied, 1), " %",
                               real ? concat("; real songs ", fixed(100.0 * *real, 1), " %") : ""));
        }
        if (const auto notes = story.copied.number("longest.notes"); notes && *notes > 0.0)
            out += card("longest copied passage",
                        concat(fixed(*notes, 0), " notes of ",
                               story.copied.text("longest.training").value_or("?")));
        out += card("time used", clock_text(story.seconds()));
        out += card("mgan", note(story, "version"));
        out += "</div>\n";
        if (!story.missing.empty()) {
            out += "<div class=\"note\"><b>Not complete</b><ul>\n";
            for (const std::string& sentence : story.missing)
                out += concat("<li>", escaped(sentence), "</li>\n");
            out += "</ul></div>\n";
        }
    }
    return out;
}

struct ReportOptions {
    std::vector<std::string> runs;
    std::string out;
    int threads = available_threads();
};

int report(const ReportOptions& options) {
    const std::vector<std::filesystem::path> runs(options.runs.begin(), options.runs.end());
    std::filesystem::path out = options.out;
    if (out.empty()) out = runs.size() == 1 ? runs.front() / "report.html" : "report.html";
    catch_interrupts();
    remove_drafts(out.parent_path(), temporary_stem(out));
    const ReportResult result = write_report(runs, out, possible_threads(options.threads));
    std::cout << printable(out.string()) << ": "
              << fixed(static_cast<double>(result.bytes) / 1e6, 1)
              << " MB; open it in a browser, it needs no network\n";
    if (!result.problem.empty()) std::cout << printable(result.problem) << '\n';
    return kDone;
}

}  // namespace

ReportResult write_report(std::span<const std::filesystem::path> runs,
                          const std::filesystem::path& out, int threads) {
    std::vector<RunStory> stories;
    for (const std::filesystem::path& run : runs) stories.push_back(read_story(run));
    Plotter plotter;
    const std::string figures =
        loss_section(stories, plotter) + discriminator_section(stories, plotter) +
        metric_section(stories, plotter) + overlap_section(stories, plotter);
    SongOptions songs;
    songs.threads = threads;
    if (stories.size() > 1) songs.of_each_run = 4;

    const std::string title = stories.size() == 1
                                  ? "mgan: " + stories.front().name
                                  : concat("mgan: ", stories.size(), " runs compared");
    std::string body =
        concat("<header>\n<h1>", escaped(title), "</h1>\n", head(stories), "</header>\n<main>\n");
    if (!plotter.problem().empty())
        body += concat("<p class=\"note\">", escaped(plotter.problem()), ".</p>\n");
    body += song_section(stories, songs) + figures + data_section(stories) +
            settings_section(stories) + "</main>\n";
    const std::string page = html_document(title, body);
    const DraftGuard guard(temporary_path(out));
    write_file_atomically(out, std::as_bytes(std::span(page)));
    return {page.size(), plotter.problem()};
}

Run add_report(CLI::App& app) {
    app.description("Writes a page about one or more runs, to look at and to listen to.");
    auto options = std::make_shared<ReportOptions>();
    app.add_option("RUN", options->runs, "a run's folder; several are compared on one page")
        ->type_name("")
        ->required();
    app.add_option("-o,--out", options->out,
                   "the page to write; default: report.html in the run's folder, or here for "
                   "several")
        ->type_name("FILE");
    app.add_option("--threads", options->threads, "number of threads")
        ->type_name("N")
        ->check(CLI::Range(1, 1024).description(""))
        ->capture_default_str();
    app.footer(
        "The page is one file: curves of losses and metrics (drawn by gnuplot, if installed),\n"
        "piano rolls, players, settings, facts about the data. A run need not have ended.\n\n"
        "Examples:\n"
        "  mgan report run\n"
        "  mgan report run run-2 run-3 -o compared.html");
    return [options] { return report(*options); };
}

}  // namespace mgan::program
