/// \file
/// `mgan evaluate`: how alike a set of generated songs and a set of real ones are.

#include "data.hpp"
#include "metrics_json.hpp"
#include "program.hpp"

#include <mgan/dataset/load_data_set.hpp>
#include <mgan/metrics/crop.hpp>
#include <mgan/metrics/set_comparison.hpp>
#include <mgan/runs/run_files.hpp>

#include <CLI/CLI.hpp>

#include <iostream>
#include <set>

namespace mgan::program {

namespace {

struct EvaluateOptions {
    std::string songs;
    std::string against;
    std::string run;
    std::string part = "test";
    std::uint64_t seed = 1;
    bool json = false;
};

/// The real songs: all of --against, or those of one part of a run's split.
std::vector<midi::Song> real_songs(const EvaluateOptions& options) {
    if (options.run.empty()) return load_data(options.against).songs;
    const RunFiles run(options.run);
    if (!(std::filesystem::exists(run.config())))
        fail<DataError>(printable(options.run),
                        ": holds no run (no config.json); give the folder of a run of mgan train");
    std::string where = options.against;
    if (where.empty()) {
        for (const auto& [key, text] : run.read_config().second) {
            if (key == "data") where = text;
        }
    }
    DataSet data = load_data(where);
    const Part part = options.part == "train"        ? Part::train
                      : options.part == "validation" ? Part::validation
                                                     : Part::test;
    const std::vector<std::string> files = run.files_of(part);
    if (files.empty()) {
        fail<DataError>(run.split(), ": no song is in the part ", options.part,
                        ", since there were too few to keep some apart; compare with all of them: "
                        "--against ",
                        shell_word(where), ", without --run");
    }
    const std::set<std::string> wanted(files.begin(), files.end());
    std::vector<midi::Song> songs;
    for (std::size_t i = 0; i < data.songs.size(); ++i) {
        if (wanted.contains(RunFiles::tsv_field(data.names[i])))
            songs.push_back(std::move(data.songs[i]));
    }
    require<DataError>(!songs.empty(), run.split(), ": no song of ", where, " is in the part ",
                       options.part, "; is it the data of this run?");
    return songs;
}

Json json_of(const metrics::Summary& summary) {
    return {{"mean", program::json_of(summary.mean)}, {"sd", program::json_of(summary.sd)}};
}

Json json_of(const metrics::SetComparison& comparison) {
    Json metrics = Json::object();
    for (const metrics::Metric metric : metrics::kMetrics) {
        const metrics::MetricComparison& one = comparison[metric];
        metrics[std::string(metrics::key(metric))] = {
            {"real", json_of(one.real)},
            {"generated", json_of(one.generated)},
            {"overlap_area", one.overlap_area},
            {"kl_divergence", program::json_of(one.kl_divergence)},
            {"wasserstein", program::json_of(one.wasserstein)},
            {"gap", program::json_of(one.gap)}};
    }
    return {
        {"metrics", std::move(metrics)},
        {"mean_overlap_area", comparison.mean_overlap_area},
        {"mean_gap", program::json_of(comparison.mean_gap)},
        {"longest_run",
         {{"real", program::json_of(comparison.longest_run_real)},
          {"generated", program::json_of(comparison.longest_run_generated)}}},
        {"songs", {{"real", comparison.songs_real}, {"generated", comparison.songs_generated}}}};
}

std::string padded(const std::string& text, std::size_t width) {
    return std::string(text.size() < width ? width - text.size() : 0, ' ') + text;
}

std::string cell(const std::optional<double>& value, int digits, std::size_t width) {
    return padded(value ? fixed(*value, digits) : "-", width);
}

void print_table(const metrics::SetComparison& comparison) {
    std::cout << comparison.songs_generated
              << (comparison.songs_generated == 1 ? " song" : " songs") << " against crops of "
              << comparison.songs_real
              << (comparison.songs_real == 1 ? " real one\n\n" : " real ones\n\n")
              << "                       real (sd)          generated (sd)   overlap     KL  "
                 "Wasserstein    gap\n";
    for (const metrics::Metric metric : metrics::kMetrics) {
        const metrics::MetricComparison& one = comparison[metric];
        std::string name(metrics::key(metric));
        name.resize(18, ' ');
        std::cout << name << cell(one.real.mean, 2, 9) << " (" << cell(one.real.sd, 2, 0) << ")";
        const std::string generated =
            concat(cell(one.generated.mean, 2, 0), " (", cell(one.generated.sd, 2, 0), ")");
        const std::size_t used = 9 + 3 + cell(one.real.sd, 2, 0).size();
        std::cout << padded(generated, 37 > used ? 37 - used : 1) << cell(one.overlap_area, 3, 10)
                  << cell(one.kl_divergence, 2, 7) << cell(one.wasserstein, 2, 13)
                  << cell(one.gap, 2, 7) << '\n';
    }
    std::cout << "longest run       " << cell(comparison.longest_run_real, 2, 9)
              << padded(cell(comparison.longest_run_generated, 2, 0), 20) << "\n\n"
              << "mean overlap area " << fixed(comparison.mean_overlap_area, 3)
              << " (1 is best), mean gap " << cell(comparison.mean_gap, 2, 0)
              << " (0 is best), over the metrics but notes\n";
}

int evaluate(const EvaluateOptions& options) {
    if (options.against.empty() && options.run.empty())
        throw UsageError(
            "--against is required: the folder of real songs to compare with (see mgan evaluate "
            "--help)");
    // Of a run's folder the songs that it made, not the real ones beside them.
    const RunFiles run(options.songs);
    const std::vector<midi::Song> generated =
        load_data_set(std::filesystem::exists(run.config()) ? run.songs() : run.path()).songs;
    // Most metrics grow with the length, so real songs are cut to the length of generated ones.
    const std::vector<midi::Song> real =
        metrics::random_crops(real_songs(options), generated, options.seed);
    const metrics::SetComparison comparison =
        metrics::compare(metrics::measure(real), metrics::measure(generated));
    if (options.json) {
        std::cout << json_of(comparison).dump(2) << '\n';
    } else {
        print_table(comparison);
    }
    return kDone;
}

}  // namespace

Run add_evaluate(CLI::App& app) {
    app.description("Compares generated songs with real ones, metric by metric.");
    auto options = std::make_shared<EvaluateOptions>();
    app.add_option("SONGS", options->songs, "folder of generated songs, or of a run that has some")
        ->type_name("")
        ->required();
    app.add_option("--against", options->against,
                   "folder of real songs, or the word bundled; may be left out with --run")
        ->type_name("DATA");
    app.add_option("--run", options->run,
                   "compare with one part of this run's data only (--part): songs that the model "
                   "has not learnt from")
        ->type_name("RUN");
    app.add_option("--part", options->part, "train, validation or test")
        ->type_name("PART")
        ->check(CLI::IsMember({"train", "validation", "test"}).description(""))
        ->capture_default_str();
    app.add_option("--seed", options->seed, "determines where the real songs are cut")
        ->type_name("N")
        ->check(CLI::Validator(&seed_fault, ""))
        ->capture_default_str();
    app.add_flag("--json", options->json, "as JSON");
    app.footer(
        "Real songs are cut at random to the number of notes of the generated ones.\n"
        "  overlap   shared area of two densities of distances, within the real set and between "
        "the\n"
        "            sets (Yang and Lerch); 1 is best. Lenient: notes drawn at random score 0.8\n"
        "  KL        divergence of these densities; 0 is best\n"
        "  gap       |difference of means| / standard deviation of the real songs; 0 is best\n\n"
        "Examples:\n"
        "  mgan evaluate songs --against my-midi-folder\n"
        "  mgan evaluate songs --run run --part test --json");
    return [options] { return evaluate(*options); };
}

}  // namespace mgan::program
