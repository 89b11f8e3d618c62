/// \file
/// `mgan train`: from a folder of MIDI files to a model, in a run directory.

#include "copied.hpp"
#include "data.hpp"
#include "interrupt.hpp"
#include "program.hpp"
#include "progress.hpp"
#include "ranks.hpp"
#include "real_set.hpp"
#include "report.hpp"
#include "train_settings.hpp"

#include <mgan/runs/run_directory.hpp>
#include <mgan/settings/presets.hpp>

#include <CLI/CLI.hpp>

#include <iostream>

namespace mgan::program {

namespace {

struct TrainOptions {
    std::string data;
    std::string out;
    SettingOptions settings;
    int threads = 0;  ///< 0: as many as there are
    bool resume = false;
    bool keep_damaged = false;
    bool quiet = false;
    std::string print_config;  ///< empty, or the form: true (json), markdown, schema
};

/// `run`, `run-2`, `run-3`, ...
std::filesystem::path default_folder(int number) {
    return number == 1 ? "run" : concat("run-", number);
}

/// Without --out: the first of `run`, `run-2`, ... that is free; to resume, the last one that is
/// not.
std::filesystem::path run_folder(const TrainOptions& options) {
    if (!options.out.empty()) return options.out;
    for (int number = 1;; ++number) {
        if (RunFiles(default_folder(number)).holds_run()) continue;
        return default_folder(options.resume && number > 1 ? number - 1 : number);
    }
}

/// Takes the first of `run`, `run-2`, ... for this process alone. Of several trainings that are
/// started at once each gets its own: only one can make a folder, and only one lock it.
RunDirectory claim_default_folder() {
    for (int number = 1;; ++number) {
        RunDirectory run(default_folder(number));
        std::error_code failure;
        const bool made = std::filesystem::create_directory(run.path(), failure);
        if (failure && failure != std::errc::file_exists)
            throw_io_error(run.path(), "make the folder", failure);
        if (!made && (!std::filesystem::is_directory(run.path(), failure) || run.holds_run()))
            continue;
        try {
            run.lock();
        } catch (const LockedError&) {
            continue;  // another training is about to begin there, in a folder that we made, even
        } catch (const IoError&) {
            if (made) throw;
            continue;
        }
        // A folder that was there is ours only if the lock keeps others out.
        if (!run.holds_run() && (made || run.is_locked())) return run;
    }
}

void say_skipped(Progress& progress, const DataSet& data, bool resumes) {
    constexpr std::size_t kShown = 3;
    for (std::size_t i = 0; i < std::min(kShown, data.skipped.size()); ++i) {
        progress.say(concat("  skipped ", printable(data.skipped[i].file), ": ",
                            printable(data.skipped[i].reason)));
    }
    if (data.skipped.size() > kShown)
        progress.say(concat("  skipped ", data.skipped.size() - kShown,
                            " more: all are listed in skipped.tsv of the run"));
    const std::size_t copies = count_copies(data.names, data.pieces);
    if (copies > 0 && !resumes)  // a run keeps its split, whatever rule made it
        progress.say(concat("  ", copies, copies == 1 ? " file is" : " files are",
                            " another version of a piece that is there already; all versions of a "
                            "piece are learnt from, or none"));
}

/// The page of the run. It is no reason to fail: the model is there.
void make_report(Progress& progress, const RunFiles& run, int threads) {
    try {
        const std::filesystem::path folder = run.path();
        const ReportResult result = write_report({&folder, 1}, run.report(), threads);
        progress.say(concat("Report: open ", run.report().string(), " in a browser"));
        if (!result.problem.empty()) progress.say(concat("  ", printable(result.problem)));
    } catch (const std::exception& error) {
        progress.say(concat("The report could not be written: ", printable(error.what())));
    }
}

/// What the songs of a run copied. It is no reason to fail, either.
template <typename AnyTrainer>
void look_for_copies(Progress& progress, const RunFiles& run, const DataSet& data,
                     const AnyTrainer& trainer) {
    try {
        save_copied(run, data, trainer.part(Part::train), trainer.part(Part::validation));
    } catch (const std::exception& error) {
        progress.say(concat("What was copied could not be found out: ", printable(error.what())));
    }
}

/// The command that goes on with a run.
std::string resuming(const RunFiles& run) {
    return concat("mgan train --resume --out ", shell_word(run.path().string()));
}

/// `data`: what to compare songs with; empty where the run has songs that it has not learnt from.
void say_end(Progress& progress, const RunFiles& run, const std::string& data) {
    const std::string name = shell_word(run.path().string());
    progress.say(
        concat("Done: songs are in ", run.songs().string(), "; open them in any music program"));
    progress.say(concat("Next: mgan generate ", name,
                        " --count 20 --out songs; mgan evaluate songs ",
                        data.empty() ? "--run " + name : "--against " + shell_word(data)));
}

std::string epochs_text(std::int64_t count) {
    return concat(count, count == 1 ? " epoch" : " epochs");
}

/// What is asked for: where, with which settings, on which music.
struct Plan {
    RunDirectory run;
    bool resumes = false;            ///< the folder holds a run that goes on
    std::optional<Settings> before;  ///< the settings of that run
    Settings settings;
    std::string data;    ///< the folder of the music; empty: the bundled music
    SettingNotes notes;  ///< of the run that goes on
    bool keep_damaged = false;
};

/// Looks into the folder of the run; of several ranks, rank 0 alone.
void look_for_run(Plan& plan, const TrainOptions& options) {
    plan.run = RunDirectory(run_folder(options));
    std::error_code unknown;
    plan.resumes = options.resume && std::filesystem::exists(plan.run.config(), unknown);
    // A misspelt name must not become another training, on the music that mgan brings along.
    require<DataError>(!options.resume || plan.resumes || !options.data.empty(), plan.run.path(),
                       ": holds no run to go on with (no config.json); is the name right? To start "
                       "one, leave out --resume, or name the folder of the music as well");
    if (!plan.resumes) return;
    auto [settings, notes] = plan.run.read_config();
    plan.before = std::move(settings);
    plan.notes = std::move(notes);
}

/// Tells the other ranks what rank 0 has found. Collective.
void share_run(Plan& plan, Communicator& ranks) {
    if (ranks.size() == 1) return;
    const std::string path = broadcast_text(ranks, plan.run.path().string());
    const std::string config =
        broadcast_text(ranks, plan.resumes ? settings_to_json(*plan.before, plan.notes) : "");
    if (ranks.writes()) return;
    plan.run = RunDirectory(path);
    plan.resumes = !config.empty();
    if (!plan.resumes) return;
    plan.notes = settings_from_json(std::as_bytes(std::span(config)), "config.json of rank 0",
                                    plan.before.emplace(), run_note_keys());
}

/// Collective.
Plan plan_of(const TrainOptions& options, Communicator& ranks) {
    Plan plan{.run = RunDirectory(""),
              .before = std::nullopt,
              .settings = {},
              .data = options.data,
              .notes = {}};
    together(ranks, [&] {
        if (ranks.writes()) look_for_run(plan, options);
    });
    share_run(plan, ranks);
    together(ranks, [&] {
        plan.keep_damaged = options.keep_damaged;
        if (plan.resumes) {
            if (plan.data.empty()) plan.data = data_place(plan.notes);
            plan.keep_damaged =
                plan.keep_damaged || damaged_of_run(plan.notes) == DamagedFiles::keep;
        }
        plan.settings = settings_from(options.settings, plan.before);
    });
    return plan;
}

/// What can be checked before minutes of reading. Throws if the plan cannot be carried out.
void check(Plan& plan, const TrainOptions& options, const Communicator& ranks) {
    if (plan.settings.has_pf_classifier()) require_ear();
    require_divisible_width(plan.settings.generator.attention_heads,
                            plan.settings.generator.hidden);
    if (plan.before) {
        // A setting that differs is an error that names it. Whether the number of epochs may differ
        // depends on the checkpoint; it is judged when that is read.
        for (const SettingDifference& difference : differences(*plan.before, plan.settings)) {
            if (difference.key == "adversarial.epochs") continue;
            fail<ConfigError>(plan.run.path().string(), ": the run was started with ",
                              difference.key, " = ", difference.before, ", not ", difference.after,
                              "; resume it without that option, or start another run with "
                              "--out");
        }
    }
    if (!ranks.writes()) return;
    // Without --out a free folder is taken later, whatever has happened to this one by then.
    require<DataError>(options.resume || options.out.empty() || !plan.run.holds_run(),
                       plan.run.path(),
                       ": holds a run already; go on with it (--resume), or take another folder "
                       "(--out)");
    if (!plan.resumes) return;
    plan.run.lock();
    std::error_code unknown;
    if (std::filesystem::exists(plan.run.checkpoint(), unknown))
        require_fitting_checkpoint(plan.run.checkpoint(), *plan.before);
}

/// The music; where a run goes on, that of the run unless another folder is named.
DataSet load_songs(const Plan& plan, const TrainOptions& options) {
    if (plan.resumes && options.data.empty())
        return open_data_of_run(plan.notes,
                                concat("say where it is: mgan train FOLDER --resume --out ",
                                       shell_word(plan.run.path().string())));
    return open_data(plan.data, plan.keep_damaged ? DamagedFiles::keep : DamagedFiles::skip);
}

/// Which song is for what: the run's own split, if it goes on, since mgan may have split songs by
/// other rules when it was started. The folder of the run is rank 0's.
std::array<std::vector<std::size_t>, 3> parts_of(const Plan& plan, const DataSet& data,
                                                 Progress& progress, const Communicator& ranks) {
    if (plan.resumes && ranks.writes()) {
        if (const auto parts = plan.run.kept_parts(data)) return *parts;
        progress.say(concat("  ", plan.run.split().string(),
                            " is not there: the songs are split again, as for a new run"));
    }
    const EvaluationSettings& evaluation = plan.settings.evaluation;
    return split_songs(data.names, data.pieces, evaluation.validation_share, evaluation.test_share,
                       plan.settings.seed);
}

/// Names the song by whose longest wait or note a linear scaling measures all others, if that is an
/// outlier: eight times as long as in 99 of 100 notes, and four bars at least. Of many songs, some
/// are looked at.
void say_outlier(Progress& progress, const DataSet& data, const std::vector<std::size_t>& part) {
    constexpr std::int64_t kFourBars = 16 * midi::kTicksPerQuarter;
    std::vector<std::int64_t> times;
    std::int64_t longest = 0;
    std::size_t where = 0;
    constexpr std::size_t kMost = 10'000;
    const Songs songs = data.view();
    midi::Song memory;
    for (const std::size_t place : sample_places(part.size(), kMost)) {
        const std::size_t index = part[place];
        std::int64_t before = 0;
        for (const midi::Note& note : songs.get(index, memory).notes) {
            times.push_back(std::max(note.length, note.onset - before));
            before = note.onset;
            if (times.back() > longest) where = index;
            longest = std::max(longest, times.back());
        }
    }
    if (longest < kFourBars) return;
    const auto most = times.begin() + static_cast<std::ptrdiff_t>(times.size() * 99 / 100);
    std::nth_element(times.begin(), most, times.end());
    if (longest >= 8 * *most)
        progress.say(concat(
            "  the longest wait or note has ",
            fixed(static_cast<double>(longest) / static_cast<double>(midi::kTicksPerQuarter), 1),
            " quarters, far more than the others, which are scaled by it: see ",
            printable(data.names[where])));
}

/// What may surprise about the songs.
template <typename AnyTrainer>
void say_songs(Progress& progress, const DataSet& data, const AnyTrainer& trainer) {
    const encoding::NormalisationKind kind = trainer.settings().encoding.events.normalisation;
    const bool is_linear =
        kind == encoding::NormalisationKind::minmax || kind == encoding::NormalisationKind::zscore;
    if (is_linear && !trainer.settings().has_step_heads())  // steps cut what is too long
        say_outlier(progress, data, trainer.part(Part::train));
    if (trainer.looped_songs() > 0)
        progress.say(concat("  ", trainer.looped_songs(), " of the training songs have fewer than ",
                            trainer.settings().length, " events and are repeated to that length"));
    if (trainer.part(Part::test).empty() && trainer.settings().evaluation.test_share > 0.0)
        progress.say(
            "  too few pieces to keep some apart: the figures below compare the generated songs "
            "with those that are learnt from; a few dozen pieces are a start");
}

/// `parts_of` on rank 0, for all. Collective.
std::array<std::vector<std::size_t>, 3> shared_parts(const Plan& plan, const DataSet& data,
                                                     Progress& progress, Communicator& ranks) {
    std::array<std::vector<std::size_t>, 3> parts;
    together(ranks, [&] { parts = parts_of(plan, data, progress, ranks); });
    for (std::vector<std::size_t>& part : parts) {
        std::uint64_t size = part.size();
        ranks.broadcast(bytes_of(std::span(&size, 1)), 0);
        part.resize(static_cast<std::size_t>(size));
        ranks.broadcast(bytes_of(std::span(part)), 0);
    }
    return parts;
}

/// Brings folder and trainer to the start of a run, or to where it stopped.
template <typename AnyTrainer>
void open_run(Plan& plan, const std::string& out, AnyTrainer& trainer, const DataSet& data) {
    SettingNotes notes = data_notes(plan.data);
    if (plan.keep_damaged) notes.emplace_back("keep_damaged", "yes");
    if (plan.resumes) {
        plan.run.resume(trainer, data, data_name(plan.data), notes);
        if (!is_there(plan.run.split())) plan.run.write_split(plan.settings, data);
    } else {
        if (out.empty() && !plan.run.is_locked()) plan.run = claim_default_folder();
        plan.run.start(plan.settings, data, data_name(plan.data), notes);
    }
    save_real_set(
        plan.run, plan.settings, data,
        {trainer.part(Part::train), trainer.part(Part::validation), trainer.part(Part::test)},
        trainer.real_metrics());
}

/// A run that is resumed after its end: writes its results again, and says how it could go on.
template <typename AnyTrainer>
int finish_again(Progress& progress, const Plan& plan, const AnyTrainer& trainer,
                 const DataSet& data, int threads) {
    plan.run.save_results(trainer, threads);
    look_for_copies(progress, plan.run, data, trainer);
    make_report(progress, plan.run, threads);
    Settings longer = plan.settings;
    ++longer.adversarial.epochs;
    const bool may_go_on = reason_against(plan.settings, longer, trainer.state().place()).empty();
    progress.say(concat(plan.run.path().string(), ": this run is finished after ",
                        epochs_text(trainer.epochs()),
                        may_go_on ? "; --epochs with a larger number goes on" : ""));
    return kDone;
}

template <typename AnyTrainer>
void say_start(Progress& progress, const Plan& plan, const TrainOptions& options,
               const AnyTrainer& trainer) {
    const Settings& settings = plan.settings;
    const int ranks = trainer.ranks().size();
    progress.say(concat(plan.resumes     ? "Resuming"
                        : options.resume ? "Nothing to resume yet, starting"
                                         : "Training",
                        " in ", plan.run.path().string(),
                        plan.resumes ? concat(" at epoch ", trainer.state().epoch) : "", ": ",
                        epochs_text(settings.pretrain.epochs), " of pretraining, ",
                        settings.adversarial.epochs, " adversarial, ",
                        parameter_count(trainer.nets().generator.net), " parameters, ",
                        ranks > 1 ? concat(ranks, " ranks of ") : "", options.threads,
                        options.threads == 1 ? " thread" : " threads"));
    const std::int64_t shards = shard_count(settings.batch, settings.shard_songs);
    if (shards < ranks)
        progress.say(concat("  a minibatch has ", shards, shards == 1 ? " shard" : " shards",
                            ", so that only as many ranks have work; a larger --batch has more"));
}

/// What this file system cannot do.
void say_losses(Progress& progress, const RunDirectory& run) {
    if (!run.is_locked())
        progress.say(
            "  the file system of this folder knows no locks: see to it that no other training "
            "works in it");
    if (!can_bring_to_disk(run.path()))
        progress.say(
            "  the file system of this folder cannot bring files to the disk at once (fsync): a "
            "power cut may cost the last minutes");
}

/// Options of a training that reports to `progress` and stops on Ctrl-C.
RunOptions reporting_to(Progress& progress, int threads) {
    RunOptions options;
    options.threads = threads;
    options.on_step = [&progress](const StepReport& step) {
        progress.on_step({step.adversarial, step.epoch, step.step, step.steps, step.loss_g,
                          step.loss_d, step.loss_f});
        return !interrupted();
    };
    options.on_warmup = [&progress](const WarmupReport& warmup) {
        progress.on_warmup(warmup.done, warmup.steps);
        return !interrupted();
    };
    options.on_rollback = [&progress](const RollbackReport& report) {
        progress.say(concat("  ", report.cause, " Back to the beginning of epoch ", report.epoch,
                            ", with half the learning rates (roll-back ", report.rollbacks, " of ",
                            kMostRollbacks, ")."));
    };
    options.on_epoch = [&progress](const EpochReport& report, double seconds) {
        const Losses& losses = report.validation;
        EpochEnd end{.seconds = seconds,
                     .validation_loss_g =
                         report.adversarial ? losses.loss_non_saturating : losses.loss_pretrain,
                     .validation_loss_d = losses.loss_d,
                     .validation_loss_f = losses.f_loss,
                     .longest_run = report.longest_run,
                     .best = report.best};
        if (report.judged)
            end.judged = {report.judged->network.accuracy, report.judged->statistics.accuracy};
        if (report.comparison) {
            end.overlap = report.comparison->mean_overlap_area;
            end.gap = report.comparison->mean_gap;
        }
        progress.on_epoch(end);
    };
    return options;
}

/// Trains to the end (true) or to Ctrl-C (false). Errors say that the run can be resumed.
template <typename AnyTrainer>
bool train_to_end(Progress& progress, const Plan& plan, AnyTrainer& trainer, int threads) {
    try {
        return run_training(trainer, plan.run, reporting_to(progress, threads));
    } catch (const NumericalError& error) {
        progress.finish();
        fail<NumericalError>(plan.run.path().string(), ": ", error.what(),
                             " The last checkpoint is unharmed.");
    } catch (const IoError& error) {
        progress.finish();
        fail<IoError>(error.what(), "; once that is mended, go on with: ", resuming(plan.run));
    }
}

/// The training itself, from the songs on.
template <typename AnyTrainer>
int train_on(Plan& plan, const TrainOptions& options, Progress& progress, const DataSet& data,
             Communicator& ranks) {
    auto parts = shared_parts(plan, data, progress, ranks);
    std::optional<AnyTrainer> made;
    together(ranks, [&] {
        made.emplace(plan.settings, data.view(), std::move(parts), options.threads, ranks);
    });
    AnyTrainer& trainer = *made;
    together(ranks, [&] {
        if (!ranks.writes()) return;
        say_songs(progress, data, trainer);
        open_run(plan, options.out, trainer, data);
    });
    begin_saving();
    if (plan.resumes) share_state(trainer, fingerprint(data));
    require_same_start(trainer);
    if (plan.resumes && trainer.finished())
        return ranks.writes() ? finish_again(progress, plan, trainer, data, options.threads)
                              : kDone;

    if (ranks.writes()) {
        say_start(progress, plan, options, trainer);
        for (const std::string& key : without_effect(options.settings, plan.settings))
            progress.say(concat("Note: ", key, " has no effect with generator.heads = steps."));
        say_losses(progress, plan.run);
    }
    const bool ended = train_to_end(progress, plan, trainer, options.threads);
    if (!ranks.writes()) return ended ? kDone : kInterrupted;
    if (ended) {
        progress.finish();
        look_for_copies(progress, plan.run, data, trainer);
    }
    make_report(progress, plan.run, options.threads);
    if (!ended) {
        progress.say(concat("Interrupted; go on with: ", resuming(plan.run)));
        return kInterrupted;
    }
    say_end(progress, plan.run, trainer.part(Part::test).empty() ? data_path(plan.data) : "");
    return kDone;
}

/// Of little music a preset learns less long, unless the command line says how long.
void suit_collection(Plan& plan, const TrainOptions& options, Progress& progress,
                     const DataSet& data) {
    const std::size_t notes = data.distinct_notes();
    if (notes >= kSmallCollection) return;
    Settings small = for_small_collection(options.settings, plan.settings);
    std::string changes;
    for (const SettingDifference& one : differences(plan.settings, small))
        changes += concat(changes.empty() ? "" : ", ", one.key, "=", one.after);
    if (changes.empty()) return;
    plan.settings = std::move(small);
    progress.expect(plan.settings);
    progress.say(concat("  a small collection, ", grouped(notes),
                        " notes of different pieces, so with ", changes,
                        "; --set chooses otherwise"));
}

/// All ranks of a training run this side by side.
int train_with(const TrainOptions& options, Communicator& ranks) {
    require_alike(ranks, build_facts());
    Plan plan = plan_of(options, ranks);
    together(ranks, [&] { check(plan, options, ranks); });
    require_alike(ranks, setting_facts(plan.settings));

    catch_interrupts();
    ignore_broken_pipes();
    Progress progress(plan.settings, options.quiet || !ranks.writes());
    DataSet data;
    together(ranks, [&] { data = load_songs(plan, options); });
    progress.say(concat("Data: ", describe(data)));
    say_skipped(progress, data, plan.resumes);
    if (ranks.size() > 1) require_alike(ranks, data_facts(data));

    if (!plan.resumes) suit_collection(plan, options, progress, data);

    if (plan.settings.has_step_heads())
        return train_on<StepTrainer<float>>(plan, options, progress, data, ranks);
    return train_on<Trainer<float>>(plan, options, progress, data, ranks);
}

int train(TrainOptions options) {
    if (!options.print_config.empty()) {
        if (is_later_rank()) return kDone;
        std::cout << settings_as(options.print_config, plan_of(options, one_process()).settings);
        return kDone;
    }
    Ranks ranks;
    if (options.threads == 0) options.threads = ranks.threads();
    options.threads = possible_threads(options.threads);
    return ranks.run([&] { return train_with(options, ranks.all()); });
}

}  // namespace

Run add_train(CLI::App& app) {
    app.description(
        "Trains a model on MIDI files: pretraining first, then generator against discriminator.");
    auto options = std::make_shared<TrainOptions>();
    app.add_option(
           "DATA", options->data,
           "folder that is searched for .mid, .midi, .rmi and .kar files, or a file of mgan "
           "pack; without it, the music that comes with mgan")
        ->type_name("");
    app.add_option(
           "-o,--out", options->out,
           "folder of the run; without it: run, or run-2, run-3, ... if that is taken (with "
           "--resume: the last one that is)")
        ->type_name("DIR");
    app.add_flag("--resume", options->resume,
                 "continue the run in --out where it stopped; DATA and settings are known already");
    app.add_option("--threads", options->threads,
                   "number of threads; changes the time it takes, not the result")
        ->type_name("N")
        ->check(CLI::Range(1, 1024).description(""))
        ->default_str(std::to_string(available_threads()));
    app.add_flag("--keep-damaged", options->keep_damaged,
                 "learn from damaged files too, which are skipped otherwise: more than a tenth of "
                 "them had to be mended");
    app.add_flag("--quiet", options->quiet, "print errors only");
    app.add_flag("--print-config", options->print_config,
                 "print every setting as JSON (what --config reads), and train nothing; "
                 "--print-config=markdown: the tables of the manual; =schema: a JSON schema");
    add_setting_options(app, options->settings);
    app.footer(
        "All there is to know about a run is in its folder: config.json, history.jsonl, "
        "checkpoint,\n"
        "model, songs, report.html. Ctrl-C saves and stops; --resume goes on, with the same bits\n"
        "as if the run had never stopped.\n\n"
        "Settings come from the preset, then --config, then --set, then the options with names of\n"
        "their own; the later one wins.\n\n"
        "Examples:\n"
        "  mgan train                                        the bundled music, in the folder run\n"
        "  mgan train my-midi-folder --out mine\n"
        "  mgan train --resume --out mine                    after Ctrl-C, a crash, a power cut\n"
        "  mgan train my-midi-folder --preset paper --seed 7\n"
        "  mgan train --set generator.hidden=150 --set pretrain.epochs=100");
    return [options] { return train(*options); };
}

}  // namespace mgan::program
