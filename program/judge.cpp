/// \file
/// `mgan judge`: can a classifier, trained from nothing, tell generated songs from real ones?

#include "copied.hpp"
#include "data.hpp"
#include "metrics_json.hpp"
#include "program.hpp"
#include "run_data.hpp"

#include <mgan/dataset/load_data_set.hpp>
#include <mgan/judging/judge.hpp>
#include <mgan/runs/run_files.hpp>

#include <CLI/CLI.hpp>

#include <iostream>
#include <numeric>

namespace mgan::program {

namespace {

/// Statistics that are listed, in JSON and in print.
constexpr std::size_t kListed = 20;
constexpr std::size_t kPrinted = 12;

struct JudgeCommandOptions {
    std::string songs;
    std::string against;
    std::string run;
    std::string part = "test";
    std::string window = "any", real_window = "any";
    int seeds = 3;
    int steps = judging::JudgeTrainingOptions{}.steps;
    bool json = false;
};

/// Judged, and learned from, are windows there.
void place_windows(std::vector<judging::JudgedSong>& songs, const std::string& place) {
    for (judging::JudgedSong& song : songs)
        song.place = place == "first"  ? judging::WindowPlace::first
                     : place == "last" ? judging::WindowPlace::last
                                       : judging::WindowPlace::any;
}

/// The real songs, split as the run has split them.
void split_as_run(const JudgeCommandOptions& options, judging::JudgedSongs& songs) {
    const RunData music = open_run_data(options.run, options.against);
    songs.learn = judged_songs(music.data, music.songs_of(Part::train));
    songs.judge = judged_songs(music.data, music.songs_of(part_of(options.part)));
    if (songs.judge.size() < judging::kLeastJudge)
        fail<DataError>(music.run.split(), ": ", songs.judge.size(), " songs of ",
                        shell_word(printable(music.where)), " are in the part ", options.part,
                        ", and at least ", judging::kLeastJudge,
                        " are needed; is it the data of this run? Without --run, two thirds of all "
                        "songs are learned from and one third is judged");
}

Json json_of(const judging::Verdict& verdict) {
    return {{"accuracy", verdict.accuracy},
            {"interval", {verdict.low, verdict.high}},
            {"auc", verdict.auc}};
}

Json json_of(const judging::Accuracies& accuracies) {
    return {{"network", accuracies.network}, {"statistics", accuracies.statistics}};
}

Json json_of(const judging::Judgement& judgement) {
    Json give_aways = Json::array();
    for (const judging::GiveAway& one : judgement.give_aways) {
        if (give_aways.size() == kListed) break;
        give_aways.push_back({{"name", one.name},
                              {"auc", one.auc},
                              {"real", one.real},
                              {"generated", one.generated}});
    }
    return {
        {"network", json_of(judgement.network)},
        {"statistics", json_of(judgement.statistics)},
        {"controls",
         {{"real_real", json_of(judgement.real_real)}, {"shuffled", json_of(judgement.shuffled)}}},
        {"give_aways", std::move(give_aways)},
        {"songs", {{"real", judgement.real_songs}, {"generated", judgement.generated_songs}}},
        {"copied", program::json_of(judgement.copied)}};
}

std::string padded(const std::string& text, std::size_t width) {
    return std::string(text.size() < width ? width - text.size() : 0, ' ') + text;
}
std::string named(std::string text, std::size_t width) {
    if (text.size() < width) text.resize(width, ' ');
    return text;
}

void print_verdict(const char* name, const judging::Verdict& verdict, double real_real,
                   double shuffled) {
    std::cout << named(name, 12) << padded(fixed(verdict.accuracy, 3), 8)
              << padded(concat(fixed(verdict.low, 3), " to ", fixed(verdict.high, 3)), 18)
              << padded(fixed(verdict.auc, 3), 8) << padded(fixed(real_real, 3), 20)
              << padded(fixed(shuffled, 3), 11) << '\n';
}

void print(const judging::Judgement& judgement) {
    std::cout << "judge       accuracy     95 % interval     AUC   real against real   shuffled\n";
    print_verdict("network", judgement.network, judgement.real_real.network,
                  judgement.shuffled.network);
    print_verdict("statistics", judgement.statistics, judgement.real_real.statistics,
                  judgement.shuffled.statistics);
    std::cout << "(0.5: the songs cannot be told apart; 1: they are told every time)\n\n"
              << "What gives them away           AUC        real   generated\n";
    for (std::size_t i = 0; i < std::min(kPrinted, judgement.give_aways.size()); ++i) {
        const judging::GiveAway& one = judgement.give_aways[i];
        std::cout << named("  " + one.name, 28) << padded(fixed(one.auc, 3), 6)
                  << padded(fixed(one.real, 3), 12) << padded(fixed(one.generated, 3), 12) << '\n';
    }
    std::cout << "  accuracy with one group of statistics alone:";
    const char* before = "\n    ";
    for (const auto& [group, accuracy] : judgement.group_accuracy) {
        std::cout << before << name(group) << ' ' << fixed(accuracy, 2);
        before = ", ";
    }
    std::cout << "\n\n";
    print_copying(judgement.copied);
}

int judge(const JudgeCommandOptions& options) {
    if (options.against.empty() && options.run.empty())
        throw UsageError(
            "--against is required: the folder of real songs to compare with (see mgan judge "
            "--help)");
    judging::JudgedSongs songs;
    // Of a run's folder the songs that it made, not the real ones beside them.
    const RunFiles made(options.songs);
    songs.generated = judged_songs(
        load_data_set(std::filesystem::exists(made.config()) ? made.songs() : made.path()));
    if (options.run.empty())
        judging::split_real(judged_songs(open_data(options.against)), songs);
    else
        split_as_run(options, songs);
    place_windows(songs.generated, options.window);
    for (auto* real : {&songs.learn, &songs.judge}) place_windows(*real, options.real_window);
    const std::size_t found = songs.generated.size();
    judging::JudgeOptions settings;
    settings.seeds = options.seeds;
    settings.training.steps = options.steps;
    const judging::Judgement judgement = judging::judge(std::move(songs), settings);
    if (options.json) {
        std::cout << json_of(judgement).dump(2) << '\n';
        return kDone;
    }
    const std::size_t used = judgement.generated_songs;
    const std::size_t learned = used * 7 / 10;
    std::cout << grouped(used - learned) << " generated songs against "
              << grouped(judgement.real_songs) << " real ones, after learning from "
              << grouped(learned) << " and " << grouped(judgement.learned_songs) << " others";
    if (found > used)
        std::cout << "; " << grouped(found - used) << " generated of fewer than "
                  << judging::kWindow << " notes left out";
    std::cout << "\n\n";
    print(judgement);
    return kDone;
}

}  // namespace

Run add_judge(CLI::App& app) {
    app.description("Tries to tell generated songs from real ones, with classifiers trained anew.");
    auto options = std::make_shared<JudgeCommandOptions>();
    app.add_option("MADE", options->songs, "folder of generated songs, or of a run that made some")
        ->type_name("")
        ->required();
    app.add_option(
           "--against", options->against,
           "folder of real songs, a file of mgan pack, or the word bundled; may be left out "
           "with --run")
        ->type_name("DATA");
    app.add_option("--run", options->run,
                   "learn from the training part of this run's data, and judge --part; without it, "
                   "two thirds of the real songs are learned from and one third is judged")
        ->type_name("RUN");
    app.add_option(
           "--part", options->part,
           "with --run: validation or test; songs of the part train are those to learn from")
        ->type_name("PART")
        ->check(CLI::IsMember({"validation", "test"}).description(""))
        ->capture_default_str();
    const auto add_window = [&](const char* option, std::string& place, const char* what) {
        app.add_option(option, place, what)
            ->type_name("PLACE")
            ->check(CLI::IsMember({"any", "first", "last"}).description(""))
            ->capture_default_str();
    };
    add_window("--window", options->window,
               "where the 100 notes lie in generated songs: any, first or last: does a long "
               "song hold up, does it end as others do?");
    add_window("--real-window", options->real_window, "the same in real songs");
    app.add_option("--seeds", options->seeds,
                   "classifiers of each kind whose scores are averaged: more are steadier, and "
                   "take longer")
        ->type_name("N")
        ->check(CLI::Range(1, 100).description(""))
        ->capture_default_str();
    app.add_option("--steps", options->steps,
                   "training steps of a network: fewer are quicker, and see less")
        ->type_name("N")
        ->check(CLI::Range(1, 100000).description(""))
        ->capture_default_str();
    app.add_flag("--json", options->json, "as JSON");
    app.footer(
        "Windows of 100 notes are judged by a recurrent net on the notes, and by boosted trees on\n"
        "statistics; both learn from 70 % of the generated songs and judge the rest. A few "
        "hundred\n"
        "generated songs give a useful interval.\n"
        "  accuracy            mean share judged right; 0.5 is chance\n"
        "  real against real   the same with real songs in place of generated ones: about 0.5\n"
        "  shuffled            the same with real songs whose pitches are shuffled: near 1\n\n"
        "Examples:\n"
        "  mgan judge songs --against my-midi-folder\n"
        "  mgan judge songs --run run --seeds 5 --json");
    return [options] { return judge(*options); };
}

}  // namespace mgan::program
