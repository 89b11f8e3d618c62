#pragma once
/// \file
/// The training: pretraining, then the adversarial phase, epoch by epoch.
///
///     each minibatch       minibatch.hpp
///     after each epoch     losses on the validation songs
///                          songs generated and measured
///                          G is kept if these come closer to the validation songs than any before
///
/// A `Trainer` is made of parts that can be used without it: the songs (dataset/crops.hpp), the
/// nets with their optimisers (nets.hpp), the memory and the steps of a minibatch (minibatch.hpp),
/// and the state (epoch.hpp). Only nets and state change. Save them (runs/checkpoint.hpp), go on
/// elsewhere with another number of threads, and the bits are those of a training that never
/// stopped.
///
/// With several ranks (distributed/communicator.hpp) each has a `Trainer` of its own, made with the
/// same settings and songs. `run_epoch` is collective: the ranks compute different shards, and have
/// the same nets, state and report after every minibatch, with the bits of one process.
///
/// The class does no input or output; runs/run_directory.hpp does.

#include <mgan/dataset/corpus_statistics.hpp>
#include <mgan/dataset/data_set.hpp>
#include <mgan/dataset/split.hpp>
#include <mgan/generation/sampler.hpp>
#include <mgan/optimisation/schedule.hpp>
#include <mgan/training/calibrate_ear.hpp>
#include <mgan/training/evaluation.hpp>
#include <mgan/training/minibatch.hpp>
#include <mgan/training/phases.hpp>

#include <functional>
#include <optional>

namespace mgan::inline MGAN_ABI {

template <typename Scalar = float>
class Trainer {
public:
    /// Prepares a training on `data`. `threads` changes the time it takes, nothing else. Throws
    /// ConfigError if settings contradict each other, DataError if there is no song.
    Trainer(const Settings& settings, const DataSet& data, int threads,
            Communicator& ranks = one_process())
        : Trainer(settings, data.view(),
                  split_songs(data.names, data.pieces, settings.evaluation.validation_share,
                              settings.evaluation.test_share, settings.seed),
                  threads, ranks) {}

    /// The same for songs that were not read from files, each on its own.
    Trainer(const Settings& settings, const std::vector<midi::Song>& songs, int threads)
        : Trainer(settings, data_set_of(songs), threads) {}

    /// The same with the parts (train, validation, test; indices into `songs`) given. Refers to
    /// `ranks`.
    Trainer(const Settings& settings, const Songs& songs,
            std::array<std::vector<std::size_t>, 3> parts, int threads,
            Communicator& ranks = one_process())
        : settings_(settings),
          threads_(std::max(1, threads)),
          ranks_(&ranks),
          parts_(std::move(parts)),
          codec_(fit_codec(settings.encoding.events, songs, parts_[0], threads_)),
          train_(songs, parts_[0], codec_, settings.length),
          validation_(songs, parts_[1], codec_, settings.length),
          real_metrics_(measure_real(songs, parts_[1], static_cast<std::size_t>(settings.length), 4,
                                     settings.seed, threads_)),
          styles_(settings.encoding.context.style
                      ? corpus_styles(train_, codec_, songs, parts_[0], settings.length,
                                      settings.seed, threads_)
                      : std::vector<encoding::Style>{}) {
        require<ConfigError>(!settings.has_step_heads(),
                             "Trainer: generator.heads is steps; take a StepTrainer");
        require<ConfigError>(settings.pretrain.quantile_low < settings.pretrain.quantile_high,
                             "pretrain.quantile_low must be below pretrain.quantile_high");
        std::unique_ptr<Ear<Scalar>> ear;
        if (has_pf_classifier()) ear = calibrate_ear<Scalar>(settings_, codec_, train_);
        nets_ = TrainingNets<Scalar>(settings_, ear ? ear->values() : 0);
        minibatch_.emplace(settings_, codec_, nets_, std::move(ear), threads_, ranks);
    }

    Trainer(const Trainer&) = delete;  // the minibatch refers to settings and codec
    Trainer& operator=(const Trainer&) = delete;

    [[nodiscard]] const Settings& settings() const noexcept { return settings_; }
    /// The processes that train together.
    [[nodiscard]] Communicator& ranks() const noexcept { return *ranks_; }
    [[nodiscard]] const encoding::Codec& codec() const noexcept { return codec_; }
    [[nodiscard]] const std::vector<std::size_t>& part(Part which) const noexcept {
        return parts_[static_cast<std::size_t>(which)];
    }
    /// Metrics of crops of the validation songs, with which generated songs are compared.
    [[nodiscard]] const std::vector<metrics::SongMetrics>& real_metrics() const noexcept {
        return real_metrics_;
    }
    /// Styles of the training songs, if the settings ask for styles.
    [[nodiscard]] const std::vector<encoding::Style>& styles() const noexcept { return styles_; }
    /// Training songs shorter than `length`, which are repeated.
    [[nodiscard]] std::size_t looped_songs() const noexcept { return train_.looped(); }
    /// The constants that the ear of the PF classifier was calibrated to; empty without one.
    [[nodiscard]] std::vector<double> ear_constants() const { return minibatch_->ear_constants(); }

    [[nodiscard]] const TrainingState& state() const noexcept { return state_; }
    [[nodiscard]] const TrainingNets<Scalar>& nets() const noexcept { return nets_; }
    /// Within an epoch: where that began (rollback.hpp), or nullptr if that is not known.
    [[nodiscard]] const EpochStart<TrainingNets<Scalar>>* epoch_start() const noexcept {
        return state_.step > 0 && epoch_start_ ? &*epoch_start_ : nullptr;
    }
    /// Puts the training where `state` and `nets`, of a trainer with the same settings and songs,
    /// were taken, and within an epoch its `epoch_start`.
    void restore(
        const TrainingState& state, TrainingNets<Scalar> nets,
        std::optional<EpochStart<TrainingNets<Scalar>>> epoch_start = std::nullopt) noexcept {
        state_ = state;
        std::swap(nets_, nets);
        epoch_start_.swap(epoch_start);
    }

    /// Epochs of both phases together.
    [[nodiscard]] std::int64_t epochs() const noexcept { return phases().epochs(); }
    [[nodiscard]] bool finished() const noexcept { return phases().finished(state_); }
    /// Whether the adversarial phase has begun.
    [[nodiscard]] bool adversarial() const noexcept { return phases().adversarial(state_); }
    /// Minibatches of an epoch.
    [[nodiscard]] std::int64_t steps_per_epoch() const noexcept {
        return phases().steps_per_epoch();
    }

    /// The generator that songs are generated with: the moving average, if there is one, from the
    /// first minibatch of the adversarial phase on.
    [[nodiscard]] const Generator<Scalar>& current_generator() const noexcept {
        return begun_adversarial() && settings_.adversarial.average > 0.0 ? nets_.average
                                                                          : nets_.generator.net;
    }

    /// The generator to keep: that of the best comparison, or the current one.
    [[nodiscard]] const Generator<Scalar>& kept() const noexcept {
        return settings_.evaluation.keep_best && state_.best_epoch > 0 ? nets_.best
                                                                       : current_generator();
    }

    /// Whether `kept` comes from the adversarial phase.
    [[nodiscard]] bool kept_is_adversarial() const noexcept {
        if (settings_.evaluation.keep_best && state_.best_epoch > 0)
            return state_.best_epoch > settings_.pretrain.epochs;
        return begun_adversarial();
    }

    /// Continues the epoch that is under way to its end, and reports it. If `on_step` (called after
    /// every minibatch) returns false, nothing is reported; the training stands behind that
    /// minibatch, and may be saved. Where a loss or a gradient is not finite, the epoch is run
    /// again with lower rates, or DivergenceError is thrown (rollback.hpp).
    std::optional<EpochReport> run_epoch(
        const std::function<bool(const StepReport&)>& on_step,
        const std::function<void(const RollbackReport&)>& on_rollback = {}) {
        require<Error>(!finished(), "Trainer::run_epoch: the training is finished");
        return run_with_rollbacks(state_, nets_, epoch_start_, on_rollback,
                                  [&] { return finish_epoch(on_step); });
    }

    /// `count` songs by `from`, of the full length, from song number `first` of the seed on.
    [[nodiscard]] std::vector<midi::Song> sample(const Generator<Scalar>& from, Index count,
                                                 std::uint64_t seed, Index first = 0) const {
        return sample_songs(from, codec_, settings_.encoding.context, styles_,
                            noise_range(settings_.pretrain), settings_.discriminator.quantise,
                            count, settings_.length, seed, threads_, first);
    }

private:
    /// Goes on with the epoch that is under way.
    std::optional<EpochReport> finish_epoch(const std::function<bool(const StepReport&)>& on_step) {
        const std::int64_t steps = steps_per_epoch();
        EpochOrder order(train_.size(),
                         Random(settings_.seed, "order", static_cast<std::uint64_t>(state_.epoch)));
        std::vector<std::size_t> songs(static_cast<std::size_t>(settings_.batch));
        if (state_.step == 0 && state_.epoch == settings_.pretrain.epochs + 1)
            begin_adversarial_phase();
        const auto minibatch = [&](std::int64_t step) {
            order.copy(static_cast<std::size_t>(step * settings_.batch), songs);
            if (adversarial()) {
                adversarial_step(songs);
            } else {
                pretraining_step(songs);
            }
        };
        return continue_epoch(
            state_, steps, on_step, minibatch, [&] { return step_report(); },
            [&] { return evaluate(); });
    }

    [[nodiscard]] bool has_pf_classifier() const noexcept { return settings_.has_pf_classifier(); }
    [[nodiscard]] bool begun_adversarial() const noexcept {
        return phases().begun_adversarial(state_);
    }

    [[nodiscard]] Draws draws() const {
        return {settings_.seed, kTrainingDraws, static_cast<std::uint64_t>(state_.total_steps)};
    }

    [[nodiscard]] Phases phases() const noexcept { return {settings_, train_.size()}; }
    [[nodiscard]] StepSizes step_sizes() const {
        const AdversarialSettings& phase = settings_.adversarial;
        const auto rate = [&](double base, RateSchedule schedule, std::int64_t warmup = 0) {
            return phases().rate(state_, base, schedule, warmup);
        };
        if (!adversarial()) {
            return {.generator = rate(settings_.pretrain.learning_rate, settings_.pretrain.schedule,
                                      settings_.pretrain.warmup)};
        }
        return {.generator = rate(phase.learning_rate, phase.schedule),
                .discriminator = rate(phase.discriminator_learning_rate, phase.schedule),
                .pf_classifier = rate(settings_.pf.learning_rate, phase.schedule)};
    }

    void pretraining_step(std::span<const std::size_t> songs) {
        const PretrainSettings& phase = settings_.pretrain;
        const Index steps = phase.curriculum_start == 0
                                ? settings_.length
                                : curriculum_length(state_.epoch, phase.epochs,
                                                    phase.curriculum_start, settings_.length);
        minibatch_->pretrain(nets_, {train_, songs, steps, draws()}, step_sizes().generator,
                             state_.place(), state_.sums);
    }

    /// The phase goes on from the best generator so far, if one was chosen: the last epochs of
    /// pretraining gain in loss what they lose in variety.
    void begin_adversarial_phase() {
        if (settings_.evaluation.keep_best && state_.best_epoch > 0)
            nets_.generator.net = nets_.best;
        nets_.average = nets_.generator.net;
        nets_.restart_optimisers(settings_);
    }

    void adversarial_step(std::span<const std::size_t> songs) {
        const StepSizes sizes = step_sizes();
        warm_up(songs, sizes);
        const Learning learning = who_learns();
        const Batch<Scalar> batch{train_, songs, static_cast<Index>(settings_.length), draws()};
        minibatch_->discriminator_half(nets_, batch, learning, sizes, state_.place(), state_.sums);
        const Losses losses =
            minibatch_->generator_half(nets_, batch, learning, sizes, state_.place(), state_.sums);
        if (settings_.adversarial.average > 0.0)
            update_average(nets_.average, std::as_const(nets_.generator.net),
                           settings_.adversarial.average);
        state_.last_loss_d = losses.loss_d;
        state_.last_loss_g = losses.loss_non_saturating;
        state_.last_loss_f = losses.f_loss;
        state_.last_loss_g_f = losses.f_loss_non_saturating;
        state_.sums.freezes_g += learning.generator ? 0.0 : 1.0;
        state_.sums.freezes_d += learning.discriminator ? 0.0 : 1.0;
        state_.sums.freezes_f += learning.pf_classifier ? 0.0 : 1.0;
    }

    /// D (and F) alone, before the phase: minibatches with noise and crops of their own.
    void warm_up(std::span<const std::size_t> songs, const StepSizes& sizes) {
        while (state_.warmup_done < settings_.adversarial.discriminator_warmup) {
            const auto number = static_cast<std::uint64_t>(state_.warmup_done);
            minibatch_->discriminator_half(nets_,
                                           {train_, songs, static_cast<Index>(settings_.length),
                                            Draws(settings_.seed, kWarmupDraws, number)},
                                           Learning{.generator = false}, sizes, state_.place(),
                                           state_.sums);
            ++state_.warmup_done;
        }
    }

    /// The freezing rule, between G and D and between G and F, by the losses of the last minibatch.
    [[nodiscard]] Learning who_learns() const {
        if (!(state_.last_loss_d > 0.0)) return {};  // before the first minibatch
        const double ratio = settings_.adversarial.freezing_ratio;
        const Freezing frozen =
            freeze(settings_.adversarial.freezing, state_.last_loss_d, state_.last_loss_g, ratio);
        const bool rest_f = has_pf_classifier() && freeze(settings_.pf.freezing, state_.last_loss_f,
                                                          state_.last_loss_g_f, ratio)
                                                       .discriminator;
        return {.generator = !frozen.generator,
                .discriminator = !frozen.discriminator,
                .pf_classifier = !rest_f};
    }

    [[nodiscard]] StepReport step_report() const {
        const Losses& sums = state_.sums.losses;
        const double n = state_.sums.steps;
        return {.adversarial = adversarial(),
                .epoch = state_.epoch,
                .epochs = epochs(),
                .step = state_.step,
                .steps = steps_per_epoch(),
                .loss_g = (adversarial() ? sums.loss_non_saturating : sums.loss_pretrain) / n,
                .loss_d = sums.loss_d / n,
                .loss_f = adversarial() && has_pf_classifier() ? std::optional(sums.f_loss / n)
                                                               : std::nullopt};
    }

    /// Losses on the validation songs, the metrics of generated songs, and the comparison.
    [[nodiscard]] EpochReport evaluate() {
        EpochReport report;
        report.epoch = state_.epoch;
        report.adversarial = adversarial();
        report.length = settings_.length;
        report.rollbacks = state_.rollbacks;
        report.mean = state_.sums.mean();
        const StepSizes sizes = step_sizes();
        report.learning_rate = sizes.generator;
        report.discriminator_learning_rate = sizes.discriminator;
        report.has_pf_classifier = adversarial() && has_pf_classifier();
        if (report.has_pf_classifier) report.pf_learning_rate = sizes.pf_classifier;
        report.validation = validate();

        const EvaluationSettings& evaluation = settings_.evaluation;
        const bool compares = evaluation.keep_best && (state_.epoch % evaluation.every == 0 ||
                                                       phases().is_last_of_phase(state_));
        report_songs(report,
                     measure_generated(*ranks_, evaluation_songs(evaluation, compares),
                                       [&](Index first, Index count) {
                                           return sample(current_generator(), count,
                                                         settings_.seed + 0x5eed, first);
                                       }),
                     real_metrics_, evaluation, compares);
        if (compares) report.best = keep_if_best(*report.comparison);
        return report;
    }

    /// Keeps the current generator if its songs compare better than any before.
    bool keep_if_best(const metrics::SetComparison& comparison) {
        const double score = selection_score(comparison);
        if (!(score > state_.best_score)) return false;
        state_.best_score = score;
        state_.best_epoch = state_.epoch;
        nets_.best = current_generator();
        return true;
    }

    /// Losses of the nets as they are now on a fixed batch of validation crops.
    [[nodiscard]] Losses validate() {
        const std::vector<std::size_t> songs = validation_.order(
            Random(settings_.seed, "validation order"), static_cast<std::size_t>(settings_.batch));
        const std::span<const std::size_t> chosen(
            songs.data(),
            std::min<std::size_t>(songs.size(), static_cast<std::size_t>(settings_.batch)));
        return minibatch_->validate(nets_,
                                    {validation_, chosen, static_cast<Index>(settings_.length),
                                     Draws(settings_.seed, kValidationDraws)},
                                    adversarial());
    }

    Settings settings_;
    int threads_;
    Communicator* ranks_;
    std::array<std::vector<std::size_t>, 3> parts_;
    encoding::Codec codec_;
    CropSource<Scalar> train_, validation_;
    std::vector<metrics::SongMetrics> real_metrics_;
    std::vector<encoding::Style> styles_;
    TrainingState state_;
    TrainingNets<Scalar> nets_;
    std::optional<EpochStart<TrainingNets<Scalar>>> epoch_start_;
    std::optional<Minibatch<Scalar>> minibatch_;
};

}  // namespace mgan::inline MGAN_ABI
