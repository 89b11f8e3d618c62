#pragma once
/// \file
/// A training on disk: a folder with its settings, its history and its results.
///
///     config.json              every setting, and notes: version, data, data_fingerprint, ...
///     history.jsonl            a line per epoch (history_record.hpp lists the keys)
///     checkpoint.safetensors   what a resumed training needs (checkpoint.hpp)
///     model.safetensors        the model (generation/model_file.hpp)
///     songs/                   the model's first songs, as MIDI files
///     split.tsv                file <tab> train | validation | test, one line a file
///     skipped.tsv              file <tab> reason
///     mended.tsv               file <tab> what was mended
///     .lock                    held by the process that works on the run (core/file_lock.hpp)
///
/// Each file is replaced whole or not at all, in an order that leaves the run resumable after a
/// kill at any moment:
///
///     an epoch ends
///         1. a line is added to the history
///                killed here: resume cuts that line, and repeats from the checkpoint before it
///         2. the checkpoint is replaced
///                killed here: resume writes model and songs again
///         3. model and songs are replaced
///
///     RunDirectory directory("run");
///     directory.start(settings, data, "my-midi-folder");
///     Trainer<float> trainer(settings, data, threads);
///     run_training(trainer, directory, {});

#include <mgan/core/file_lock.hpp>
#include <mgan/dataset/data_set.hpp>
#include <mgan/dataset/fingerprint.hpp>
#include <mgan/runs/checkpoint.hpp>
#include <mgan/runs/history_record.hpp>
#include <mgan/runs/ranks_alike.hpp>
#include <mgan/runs/run_files.hpp>
#include <mgan/training/shared_songs.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace mgan::inline MGAN_ABI {

/// The phase that the generator to keep comes from.
template <typename AnyTrainer>
[[nodiscard]] std::string kept_phase(const AnyTrainer& trainer) {
    return trainer.kept_is_adversarial() ? "adversarial" : "pretraining";
}

/// The model of a training, as it is now.
template <typename Scalar>
[[nodiscard]] BasicModel<Scalar> model_of(const Trainer<Scalar>& trainer) {
    return {trainer.settings(), trainer.kept(), trainer.codec(),
            trainer.styles(),   std::nullopt,   kept_phase(trainer)};
}
template <typename Scalar>
[[nodiscard]] BasicModel<Scalar> model_of(const StepTrainer<Scalar>& trainer) {
    BasicModel<Scalar> model;
    model.settings = trainer.settings();
    model.kept_phase = kept_phase(trainer);
    model.steps = BasicStepModel<Scalar>{trainer.data().vocabulary,
                                         trainer.data().scale,
                                         trainer.data().starts,
                                         trainer.kept(),
                                         std::nullopt,
                                         trainer.data().openings};
    if (trainer.begun_adversarial()) model.steps->discriminator = trainer.nets().discriminator.net;
    return model;
}

/// A run directory for writing.
class RunDirectory : public RunFiles {
public:
    using RunFiles::RunFiles;

    /// Takes the folder, which is created if need be, for this process alone, until the object is
    /// gone. `start` and `resume` do it, unless it was done before. Throws IoError, which names the
    /// other process, if there is one.
    void lock() {
        if (lock_) return;
        make_folder(path());
        lock_.emplace(RunFiles::lock());
    }

    /// Whether other processes are kept out: false before `lock`, and where the file system knows
    /// no locks.
    [[nodiscard]] bool is_locked() const noexcept { return lock_ && lock_->held(); }

    /// Begins a run: creates the folder, locks it, and writes settings and lists of songs.
    /// `more_notes`: further notes for config.json, with keys of `run_note_keys`. Throws DataError
    /// if it holds a run already, and IoError.
    void start(const Settings& settings, const DataSet& data, const std::string& data_name,
               const SettingNotes& more_notes = {}) {
        const auto require_free = [&] {
            require<DataError>(!holds_run(), path(),
                               ": holds a run already; go on with it (--resume) or take another "
                               "folder (--out)");
        };
        require_free();
        lock();
        require_free();  // nobody may have come between
        remove_leftovers();
        fingerprint_ = fingerprint(data);
        write_lists(settings, data);
        start_history(history(), 0);
        // The last of them: a folder with settings has everything else too.
        write_config(settings, data, data_name, more_notes);
    }

    /// Brings `trainer` to where the run stopped (to its start, if there was no checkpoint yet),
    /// and cuts the history back to that. `data_name` and `more_notes` as for `start`: the music
    /// may lie elsewhere now. Throws what `restore_checkpoint` throws, and IoError; then neither
    /// trainer nor files have changed.
    template <typename AnyTrainer>
    void resume(AnyTrainer& trainer, const DataSet& data, const std::string& data_name,
                const SettingNotes& more_notes = {}) {
        lock();
        fingerprint_ = fingerprint(data);
        const auto [before, notes] = read_config();
        require_same_songs(notes, data, fingerprint_);
        std::error_code failure;
        const bool checkpointed = std::filesystem::exists(checkpoint(), failure);
        if (checkpointed) {
            restore_checkpoint(read_safetensors(checkpoint()), trainer, fingerprint_);
        } else {
            const std::string against =
                reason_against(before, trainer.settings(), trainer.state().place());
            require<ConfigError>(against.empty(), config(), ": ", against);
        }
        remove_leftovers();
        start_history(history(), trainer.state().epoch - 1);
        // The settings that go on may have more epochs, and the music may have moved.
        const bool moved = note_of(notes, "data") != data_name ||
                           note_of(notes, "data_bytes") != note_of(more_notes, "data_bytes");
        if (!moved && differences(before, trainer.settings()).empty()) return;
        write_config(trainer.settings(), data, data_name, more_notes);
    }

    /// The part of every song of the run, by its split.tsv. Where that is not there, nothing: the
    /// songs are to be split by the settings, and `write_split` is to write that down. Throws
    /// DataError where these are other songs or split.tsv is damaged, and IoError.
    [[nodiscard]] std::optional<std::array<std::vector<std::size_t>, 3>> kept_parts(
        const DataSet& data) const {
        require_same_songs(read_config().second, data, fingerprint(data));
        if (std::error_code failure; !std::filesystem::exists(split(), failure)) return {};
        return parts_of_all(data.names);
    }

    /// Writes split.tsv, as `start` does. Throws IoError.
    void write_split(const Settings& settings, const DataSet& data) const {
        const auto parts =
            split_songs(data.names, data.pieces, settings.evaluation.validation_share,
                        settings.evaluation.test_share, settings.seed);
        std::string lines;
        for (const Part part : {Part::train, Part::validation, Part::test}) {
            // Songs of one file stand together and are in one part.
            std::optional<std::string> last;
            for (const std::size_t song : parts[static_cast<std::size_t>(part)]) {
                std::string file = tsv_field(data.names.at(song));
                if (file == last) continue;
                lines.append(file).append("\t").append(name(part)).append("\n");
                last = std::move(file);
            }
        }
        write_file_atomically(split(), std::as_bytes(std::span(lines)));
    }

    /// Appends an epoch's line to the history.
    void append(const HistoryRecord& record) const { append_history(history(), record); }

    template <typename AnyTrainer>
    void save(const AnyTrainer& trainer) const {
        save_checkpoint(checkpoint(), trainer, fingerprint_);
    }

    /// Writes model.safetensors and songs/, which are those of `mgan generate` with the run's seed.
    template <typename AnyTrainer>
    void save_results(const AnyTrainer& trainer, int threads) const {
        OneWriter writer(one_process());
        save_results(trainer, threads, one_process(), writer);
    }

    /// Collective: the same, where ranks generate some of the songs each, and `writer` writes.
    template <typename AnyTrainer>
    void save_results(const AnyTrainer& trainer, int threads, Communicator& ranks,
                      OneWriter& writer) const {
        const auto generated = model_of(trainer);
        const Settings& settings = generated.settings;
        const std::vector<midi::Song> sampled =
            share_songs(ranks, settings.evaluation.songs, [&](Index first, Index count) {
                return generated.songs(count, settings.length, settings.seed, threads, first);
            });
        writer.write([&] {
            save_model(model(), generated);
            save_songs(songs(), sampled);
        });
    }

private:
    /// Removes what killed processes left half written, in the run's folder and those inside it.
    void remove_leftovers() const {
        remove_stale_temporaries(path());
        std::error_code failure;
        for (std::filesystem::directory_iterator entry(path(), failure), end;
             !failure && entry != end; entry.increment(failure)) {
            std::error_code none;
            if (!entry->is_symlink(none) && entry->is_directory(none))
                remove_stale_temporaries(entry->path());
        }
    }

    /// What was left out of `data`: a song that cannot be read for a moment makes it other data.
    [[nodiscard]] static std::string skipped_text(const DataSet& data) {
        if (data.skipped.empty()) return "";
        const SkippedFile& first = data.skipped.front();
        return concat("; ", data.skipped.size(),
                      data.skipped.size() == 1 ? " file was skipped: " : " files were skipped: ",
                      first.file, ": ", first.reason, data.skipped.size() == 1 ? "" : ", ...");
    }

    /// Throws DataError unless `data`, of that fingerprint, are the songs of the run whose notes
    /// these are.
    void require_same_songs(const SettingNotes& notes, const DataSet& data,
                            std::uint64_t fingerprint) const {
        const std::string before = note_of(notes, "data_fingerprint");
        const std::string now = fingerprint_text(fingerprint);
        if (!before.empty() && before != now)
            fail<DataError>(config().string(),
                            ": the run was started with other songs (fingerprint ",
                            in_quotes(before), ", these have ", now, ")", skipped_text(data));
    }

    void write_config(const Settings& settings, const DataSet& data, const std::string& data_name,
                      const SettingNotes& more_notes) const {
        SettingNotes notes = {{"version", kVersion},
                              {"simd", kSimdName},
                              {"data", data_name},
                              {"data_fingerprint", fingerprint_text(fingerprint_)},
                              {"data_songs", std::to_string(data.size())}};
        notes.insert(notes.end(), more_notes.begin(), more_notes.end());
        write_settings(config(), settings, notes);
    }

    /// split.tsv, skipped.tsv and mended.tsv.
    void write_lists(const Settings& settings, const DataSet& data) const {
        write_split(settings, data);
        const auto write = [](const std::filesystem::path& path, const std::string& text) {
            write_file_atomically(path, std::as_bytes(std::span(text)));
        };
        std::string lines;
        for (const SkippedFile& file : data.skipped)
            lines += concat(tsv_field(file.file), "\t", tsv_field(file.reason), "\n");
        write(skipped(), lines);
        lines.clear();
        for (const MendedFile& file : data.mended)
            lines += concat(tsv_field(file.file), "\t", file.repairs, "\n");
        write(mended(), lines);
    }

    std::uint64_t fingerprint_ = 0;
    std::optional<FileLock> lock_;
};

/// Arguments of `run_training`.
struct RunOptions {
    int threads = 1;                   ///< for generating songs; the trainer has its own
    double checkpoint_seconds = 60.0;  ///< longest time between checkpoints within an epoch
    double results_seconds = 10.0;     ///< shortest time between writes of model and songs
    /// After every minibatch; false: stop, save, return. Of several ranks, one is enough.
    std::function<bool(const StepReport&)> on_step;
    /// While D learns alone, before the adversarial phase with step heads; false: stop, save,
    /// return; D then begins again when the training is resumed.
    std::function<bool(const WarmupReport&)> on_warmup;
    /// After every epoch, when its line and its checkpoint are on the disk; on the rank that
    /// writes.
    std::function<void(const EpochReport&, double seconds)> on_epoch;
    /// After every roll-back (training/rollback.hpp); on the rank that writes.
    std::function<void(const RollbackReport&)> on_rollback;
};

/// Trains until the end, keeping `directory` up to date. Returns whether the end was reached; if
/// not, `on_step` or `on_warmup` has stopped it, and a checkpoint was written. Throws
/// DivergenceError (a loss or a gradient is not finite, after all roll-backs: the last checkpoint
/// stays) and IoError.
///
/// With several ranks it is collective. Rank 0 writes, while the others go on; the directories of
/// those are not used. If it cannot write, it throws IoError, and they RankError; all throw
/// DivergenceError. Where ranks have drifted apart, rank 0 throws ConfigError and the others
/// RankError.
template <typename AnyTrainer>
bool run_training(AnyTrainer& trainer, const RunDirectory& directory, const RunOptions& options) {
    using Clock = std::chrono::steady_clock;
    const auto seconds_since = [](Clock::time_point begin) {
        return std::chrono::duration<double>(Clock::now() - begin).count();
    };
    Clock::time_point saved = Clock::now(), results = saved;
    std::error_code unknown;
    bool has_results = std::filesystem::exists(directory.model(), unknown);
    OneWriter writer(trainer.ranks());
    const auto save = [&] {
        directory.save(trainer);
        saved = Clock::now();
    };
    const auto save_results = [&] {
        directory.save_results(trainer, options.threads, trainer.ranks(), writer);
    };
    const auto stop = [&] {
        save_results();
        (void)writer.agree(true);
        return false;
    };
    while (!trainer.finished()) {
        const Clock::time_point begin = Clock::now();
        bool stopped = false;  // perhaps at the epoch's last minibatch: then it still ends
        const auto on_step = [&](const StepReport& step) {
            stopped = writer.agree(options.on_step && !options.on_step(step));
            if (stopped) return false;
            const bool whole = step.step == step.steps;
            if (!whole && seconds_since(saved) > options.checkpoint_seconds) writer.write(save);
            return true;
        };
        const auto on_rollback = trainer.ranks().writes()
                                     ? options.on_rollback
                                     : std::function<void(const RollbackReport&)>();
        const auto on_warmup = [&](const WarmupReport& warmup) {
            return !writer.agree(options.on_warmup && !options.on_warmup(warmup));
        };
        const auto report = trainer.run_epoch(on_step, on_rollback, on_warmup);
        if (!report) {
            writer.write(save);
            return stop();
        }
        const double seconds = seconds_since(begin);
        require_same_nets(trainer);
        writer.write([&] {
            directory.append(
                history_record(*report, seconds).set("kept_phase", kept_phase(trainer)));
            save();
        });
        // By the clock and the folder of rank 0.
        const bool due =
            writer.decide(!has_results || seconds_since(results) > options.results_seconds);
        if (!trainer.finished() && due) {
            save_results();
            results = Clock::now();
            has_results = true;
        }
        writer.write([&] {
            if (options.on_epoch) options.on_epoch(*report, seconds);
        });
        if (stopped && !trainer.finished()) return stop();
    }
    save_results();
    (void)writer.agree(false);
    return true;
}

}  // namespace mgan::inline MGAN_ABI
