/// \file
/// `mgan evaluate`: how alike a set of generated songs and a set of real ones are.

#include "copied.hpp"
#include "data.hpp"
#include "metrics_json.hpp"
#include "program.hpp"
#include "run_data.hpp"

#include <mgan/dataset/load_data_set.hpp>
#include <mgan/metrics/crop.hpp>
#include <mgan/metrics/set_comparison.hpp>
#include <mgan/runs/run_files.hpp>
#include <mgan/training/evaluation.hpp>

#include <CLI/CLI.hpp>

#include <array>
#include <iostream>
#include <numeric>
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

/// Those songs; of more than `kMostMeasured`, so many, evenly spaced.
std::vector<midi::Song> some_of(const Songs& songs, const std::vector<std::size_t>& wanted) {
    std::vector<midi::Song> some;
    midi::Song memory;
    for (const std::size_t place : sample_places(wanted.size(), kMostMeasured))
        some.push_back(songs.get(wanted[place], memory));
    return some;
}

/// What generated songs are compared with.
struct RealSongs {
    std::vector<midi::Song> compared;  ///< those of --against, or of one part of a run's split
    /// Songs of the run's training part, to stand where generated songs stand; empty without a run,
    /// or where they are what is compared.
    std::vector<midi::Song> others;
    /// What the generated songs copied from the training part, under the same conditions.
    std::optional<judging::Copying> copied;
};

RealSongs real_songs(const EvaluateOptions& options,
                     const std::vector<judging::JudgedSong>& generated) {
    if (options.run.empty()) {
        const DataSet data = open_data(options.against);
        std::vector<std::size_t> all(data.size());
        std::iota(all.begin(), all.end(), std::size_t{0});
        return {some_of(data.view(), all), {}, std::nullopt};
    }
    const RunData music = open_run_data(options.run, options.against);
    const Part part = part_of(options.part);
    const auto songs_of = [&](Part which) {
        return some_of(music.data.view(), music.songs_of(which));
    };
    if (music.run.files_of(part).empty()) {
        fail<DataError>(music.run.split(), ": no song is in the part ", options.part,
                        ", since there were too few to keep some apart; compare with all of them: "
                        "--against ",
                        shell_word(music.where), ", without --run");
    }
    RealSongs songs{songs_of(part), {}, std::nullopt};
    if (songs.compared.empty())
        fail<DataError>(music.run.split(), ": no song of ", printable(music.where),
                        " is in the part ", options.part, "; is it the data of this run?");
    if (part == Part::train) return songs;
    songs.others = songs_of(Part::train);
    songs.copied =
        copying_of(music.data, music.songs_of(Part::train), music.songs_of(part), generated);
    return songs;
}

Json json_of(const metrics::Summary& summary) {
    return {{"mean", program::json_of(summary.mean)}, {"sd", program::json_of(summary.sd)}};
}

/// A comparison, and for each metric the share of generated songs with the mean value of the real
/// ones.
struct Comparison {
    metrics::SetComparison sets;
    std::array<double, metrics::kMetrics.size()> equal{};

    Comparison(std::span<const metrics::SongMetrics> real,
               std::span<const metrics::SongMetrics> generated)
        : sets(metrics::compare(real, generated)) {
        for (const metrics::Metric metric : metrics::kMetrics) {
            const metrics::MetricComparison& one = sets[metric];
            for (const metrics::SongMetrics& song : generated) {
                if (one.real.mean && metrics::value(song, metric) == one.real.mean)
                    equal[static_cast<std::size_t>(metric)] +=
                        1.0 / static_cast<double>(one.generated.count);
            }
        }
    }
};

/// Figures where there are such, else why not.
struct Defined {
    std::optional<double> overlap, kl_divergence, gap;
    std::string why_no_overlap, why_no_kl_divergence, why_no_gap;
};

/// What a comparison in one metric says, where it says anything. (The library calls an overlap
/// without densities 0, since a generator that has collapsed should score 0.)
Defined defined(const Comparison& comparison, metrics::Metric metric) {
    const metrics::MetricComparison& one = comparison.sets[metric];
    Defined result;
    const auto nothing = [&](const std::string& reason) {
        result.why_no_overlap = result.why_no_kl_divergence = result.why_no_gap = reason;
        return result;
    };
    if (one.real.count == 0) return nothing("no real song has this metric");
    if (one.generated.count == 0) return nothing("no generated song has this metric");
    if (one.real.count < 2)
        return nothing("a single real song shows no spread by which to measure; give more");
    result.gap = one.gap;
    if (!one.gap) result.why_no_gap = "all real songs have the same value";
    if (one.generated.count < 2) {
        result.why_no_overlap = "a single generated song has no distribution; generate more";
    } else if (one.real.sd == 0.0) {
        // All distances between real songs are 0: what overlaps is the share of generated songs
        // with the same value.
        const double share = comparison.equal[static_cast<std::size_t>(metric)];
        result.overlap = std::min(1.0, share);
        if (one.generated.sd == 0.0 && share > 0.0) result.kl_divergence = 0.0;
    } else if (!one.kl_divergence && one.generated.sd != 0.0) {
        result.why_no_overlap = "too few real songs: all their distances are equal";
    } else {
        result.overlap = one.overlap_area;
        result.kl_divergence = one.kl_divergence;
    }
    if (!result.kl_divergence) {
        result.why_no_kl_divergence =
            !result.overlap ? result.why_no_overlap
                            : concat("all ", one.real.sd == 0.0 ? "real" : "generated",
                                     " songs have the same value");
    }
    return result;
}

/// The means over the metrics but notes, of those that are defined.
Defined defined_means(const Comparison& comparison) {
    double overlaps = 0.0, gaps = 0.0, overlap_count = 0.0, gap_count = 0.0;
    Defined result;
    for (const metrics::Metric metric : metrics::kMetrics) {
        if (metric == metrics::Metric::notes) continue;
        const Defined one = defined(comparison, metric);
        overlaps += one.overlap.value_or(0.0);
        overlap_count += one.overlap ? 1.0 : 0.0;
        gaps += one.gap.value_or(0.0);
        gap_count += one.gap ? 1.0 : 0.0;
        if (result.why_no_overlap.empty()) result.why_no_overlap = one.why_no_overlap;
        if (result.why_no_gap.empty()) result.why_no_gap = one.why_no_gap;
    }
    if (overlap_count > 0.0) result.overlap = overlaps / overlap_count;
    if (gap_count > 0.0) result.gap = gaps / gap_count;
    return result;
}

/// What is not defined: the reason by the metric's key (or that of the mean).
Json undefined_of(const Comparison& comparison) {
    Json reasons = Json::object();
    for (const metrics::Metric metric : metrics::kMetrics) {
        const Defined one = defined(comparison, metric);
        std::string text;
        for (const auto& [figure, reason] : {std::pair("overlap_area", &one.why_no_overlap),
                                             std::pair("kl_divergence", &one.why_no_kl_divergence),
                                             std::pair("gap", &one.why_no_gap)}) {
            if (!reason->empty()) text += concat(text.empty() ? "" : "; ", figure, ": ", *reason);
        }
        if (!text.empty()) reasons[std::string(metrics::key(metric))] = text;
    }
    const Defined means = defined_means(comparison);
    if (!means.overlap) reasons["mean_overlap_area"] = means.why_no_overlap;
    if (!means.gap) reasons["mean_gap"] = means.why_no_gap;
    return reasons;
}

/// What real songs reach in the place of the generated ones: other pieces are not the same either.
struct Control {
    std::optional<double> overlap, gap;
    std::size_t songs = 0;
};
std::optional<Control> control_of(const RealSongs& songs,
                                  std::span<const metrics::SongMetrics> compared,
                                  std::span<const midi::Song> generated, std::uint64_t seed) {
    if (songs.others.empty()) return std::nullopt;
    const Comparison comparison(
        compared, metrics::measure(metrics::random_crops(songs.others, generated, seed)));
    const Defined means = defined_means(comparison);
    return Control{means.overlap, means.gap, songs.others.size()};
}

Json json_of(const Comparison& compared, const std::optional<Control>& control) {
    const metrics::SetComparison& comparison = compared.sets;
    Json metrics = Json::object();
    for (const metrics::Metric metric : metrics::kMetrics) {
        const metrics::MetricComparison& one = comparison[metric];
        const Defined figures = defined(compared, metric);
        metrics[std::string(metrics::key(metric))] = {
            {"real", json_of(one.real)},
            {"generated", json_of(one.generated)},
            {"overlap_area", program::json_of(figures.overlap)},
            {"kl_divergence", program::json_of(figures.kl_divergence)},
            {"wasserstein", program::json_of(one.wasserstein)},
            {"gap", program::json_of(figures.gap)}};
    }
    const Defined means = defined_means(compared);
    Json object = {
        {"metrics", std::move(metrics)},
        {"mean_overlap_area", program::json_of(means.overlap)},
        {"mean_gap", program::json_of(means.gap)},
        {"longest_run",
         {{"real", program::json_of(comparison.longest_run_real)},
          {"generated", program::json_of(comparison.longest_run_generated)}}},
        {"songs", {{"real", comparison.songs_real}, {"generated", comparison.songs_generated}}}};
    if (control)
        object["control"] = {{"mean_overlap_area", program::json_of(control->overlap)},
                             {"mean_gap", program::json_of(control->gap)},
                             {"songs", control->songs}};
    if (Json reasons = undefined_of(compared); !reasons.empty())
        object["undefined"] = std::move(reasons);
    return object;
}

std::string padded(const std::string& text, std::size_t width) {
    return std::string(text.size() < width ? width - text.size() : 0, ' ') + text;
}

std::string cell(const std::optional<double>& value, int digits, std::size_t width) {
    return padded(value ? fixed(*value, digits) : "-", width);
}

void print_table(const Comparison& compared, const std::optional<Control>& control) {
    const metrics::SetComparison& comparison = compared.sets;
    std::set<std::string> reasons;
    std::cout << comparison.songs_generated
              << (comparison.songs_generated == 1 ? " song" : " songs") << " against crops of "
              << comparison.songs_real
              << (comparison.songs_real == 1 ? " real one\n\n" : " real ones\n\n")
              << "                       real (sd)          generated (sd)   overlap     KL  "
                 "Wasserstein    gap\n";
    for (const metrics::Metric metric : metrics::kMetrics) {
        const metrics::MetricComparison& one = comparison[metric];
        const Defined figures = defined(compared, metric);
        std::string name(metrics::key(metric));
        name.resize(18, ' ');
        std::cout << name << cell(one.real.mean, 2, 9) << " (" << cell(one.real.sd, 2, 0) << ")";
        const std::string generated =
            concat(cell(one.generated.mean, 2, 0), " (", cell(one.generated.sd, 2, 0), ")");
        const std::size_t used = 9 + 3 + cell(one.real.sd, 2, 0).size();
        std::cout << padded(generated, 37 > used ? 37 - used : 1) << cell(figures.overlap, 3, 10)
                  << cell(figures.kl_divergence, 2, 7) << cell(one.wasserstein, 2, 13)
                  << cell(figures.gap, 2, 7) << '\n';
        for (const std::string& reason :
             {figures.why_no_overlap, figures.why_no_kl_divergence, figures.why_no_gap})
            if (!reason.empty()) reasons.insert(reason);
    }
    const Defined means = defined_means(compared);
    std::cout << "longest run       " << cell(comparison.longest_run_real, 2, 9)
              << padded(cell(comparison.longest_run_generated, 2, 0), 20) << "\n\n"
              << "mean overlap area " << cell(means.overlap, 3, 0) << " (1 is best), mean gap "
              << cell(means.gap, 2, 0) << " (0 is best), over the metrics but notes\n";
    if (control)
        std::cout << "in their place " << control->songs
                  << (control->songs == 1 ? " real song" : " real songs")
                  << " of the training part: " << cell(control->overlap, 3, 0) << " and "
                  << cell(control->gap, 2, 0) << '\n';
    if (reasons.empty()) return;
    std::cout << "- is not defined:";
    const char* separator = " ";
    for (const std::string& reason : reasons) {
        std::cout << separator << reason;
        separator = "; ";
    }
    std::cout << '\n';
}

int evaluate(const EvaluateOptions& options) {
    if (options.against.empty() && options.run.empty())
        throw UsageError(
            "--against is required: the folder of real songs to compare with (see mgan evaluate "
            "--help)");
    // Of a run's folder the songs that it made, not the real ones beside them.
    const RunFiles run(options.songs);
    std::error_code unknown;
    const DataSet made =
        load_data_set(std::filesystem::exists(run.config(), unknown) ? run.songs() : run.path());
    const std::vector<midi::Song>& generated = made.songs;
    // Most metrics grow with the length, so real songs are cut to the length of generated ones.
    const RealSongs songs = real_songs(options, judged_songs(made));
    const std::vector<metrics::SongMetrics> real =
        metrics::measure(metrics::random_crops(songs.compared, generated, options.seed));
    const Comparison comparison(real, metrics::measure(generated));
    const std::optional<Control> control = control_of(songs, real, generated, options.seed);
    if (options.json) {
        Json object = json_of(comparison, control);
        if (songs.copied) {
            object["copied"] = program::json_of(*songs.copied);
            object["longest_copied"] = program::json_of(songs.copied->longest);
        }
        std::cout << object.dump(2) << '\n';
    } else {
        print_table(comparison, control);
        if (songs.copied) {
            std::cout << '\n';
            print_copying(*songs.copied);
        }
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
    app.add_option(
           "--against", options->against,
           "folder of real songs, a file of mgan pack, or the word bundled; may be left out "
           "with --run")
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
        "  gap       |difference of means| / standard deviation of the real songs; 0 is best\n"
        "With --run also what real songs of its training part reach in the place of the generated "
        "ones:\nno more can be asked for; and which passages stand in a training song.\n\n"
        "Examples:\n"
        "  mgan evaluate songs --against my-midi-folder\n"
        "  mgan evaluate songs --run run --part test --json");
    return [options] { return evaluate(*options); };
}

}  // namespace mgan::program
