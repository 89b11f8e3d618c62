#pragma once
/// \file
/// The training of a generator with step heads: pretraining, then the adversarial phase.
///
///     each minibatch of pretraining    cross-entropy on crops (step_minibatch.hpp, equation 1)
///     before the adversarial phase     D alone learns to tell G's songs from real ones, and F,
///                                      a PF classifier, if one takes part
///     each minibatch of that phase     G plays some songs, D judges every event; then G takes
///                                      `generator_steps`, D `discriminator_steps`, F one
///     after each epoch                 losses on the validation songs; songs, measured
///
/// **D stays ahead.** D's gains mean something only while D can tell the songs. So D learns alone
/// first, and G rests while the moving mean of D's accuracy is below `adversarial.lead`. Where D
/// falls behind, G finds a direction that this D does not see, and a fresh judge sees at once.
///
/// **Which generator is kept.** With `evaluation.keep_best`, that of the lowest validation loss of
/// pretraining begins the adversarial phase; of that phase, the moving average of its end. D never
/// chooses among generators that were trained against it.
///
/// The class has the interface of `Trainer` (trainer.hpp), whose files and programs serve both, and
/// shares a minibatch among ranks as that does.

#include <mgan/dataset/data_set.hpp>
#include <mgan/generation/step_sampler.hpp>
#include <mgan/training/calibrate_ear.hpp>
#include <mgan/training/evaluation.hpp>
#include <mgan/training/phases.hpp>
#include <mgan/training/step_minibatch.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace mgan::inline MGAN_ABI {

template <typename Scalar = float>
class StepTrainer {
public:
    using ScalarType = Scalar;

    /// Prepares a training on `data`. `threads` changes the time it takes, nothing else. Throws
    /// ConfigError if settings contradict each other, DataError if there is no song.
    StepTrainer(const Settings& settings, const DataSet& data, int threads,
                Communicator& ranks = one_process())
        : StepTrainer(settings, data.view(),
                      split_songs(data.names, data.pieces, settings.evaluation.validation_share,
                                  settings.evaluation.test_share, settings.seed),
                      threads, ranks) {}

    /// The same for songs that were not read from files, each on its own.
    StepTrainer(const Settings& settings, const std::vector<midi::Song>& songs, int threads)
        : StepTrainer(settings, data_set_of(songs), threads) {}

    /// The same with the parts (train, validation, test; indices into `songs`) given. Refers to
    /// `ranks`.
    StepTrainer(const Settings& settings, const Songs& songs,
                std::array<std::vector<std::size_t>, 3> parts, int threads,
                Communicator& ranks = one_process())
        : settings_(settings),
          threads_(std::max(1, threads)),
          ranks_(&ranks),
          parts_(std::move(parts)),
          data_(checked(settings), songs, parts_),
          real_metrics_(measure_real(songs, parts_[1], static_cast<std::size_t>(settings.length), 4,
                                     settings.seed, threads_)),
          ear_(settings_.has_pf_classifier() ? calibrate_ear<Scalar>(settings_, data_) : nullptr),
          nets_(settings_, data_.shape, ear_ ? ear_->values() : 0),
          minibatch_(settings_, data_, nets_, ear_.get(), threads_, ranks) {}

    StepTrainer(const StepTrainer&) = delete;  // the minibatch refers to settings and data
    StepTrainer& operator=(const StepTrainer&) = delete;

    [[nodiscard]] const Settings& settings() const noexcept { return settings_; }
    /// The processes that train together.
    [[nodiscard]] Communicator& ranks() const noexcept { return *ranks_; }
    [[nodiscard]] const StepData& data() const noexcept { return data_; }
    [[nodiscard]] const std::vector<std::size_t>& part(Part which) const noexcept {
        return parts_[static_cast<std::size_t>(which)];
    }
    /// Metrics of crops of the validation songs, with which generated songs are compared.
    [[nodiscard]] const std::vector<metrics::SongMetrics>& real_metrics() const noexcept {
        return real_metrics_;
    }
    /// Training songs shorter than `length`, which are repeated.
    [[nodiscard]] std::size_t looped_songs() const noexcept { return data_.train.looped(); }

    /// The constants that the ear of the PF classifier was calibrated to; empty without one.
    [[nodiscard]] std::vector<double> ear_constants() const {
        return ear_ ? ear_->constants() : std::vector<double>{};
    }

    [[nodiscard]] const TrainingState& state() const noexcept { return state_; }
    [[nodiscard]] const StepNets<Scalar>& nets() const noexcept { return nets_; }
    /// Within an epoch: where that began (rollback.hpp), or nullptr if that is not known.
    [[nodiscard]] const EpochStart<StepNets<Scalar>>* epoch_start() const noexcept {
        return state_.step > 0 && epoch_start_ ? &*epoch_start_ : nullptr;
    }
    /// Puts the training where `state` and `nets`, of a trainer with the same settings and songs,
    /// were taken, and within an epoch its `epoch_start`.
    void restore(const TrainingState& state, StepNets<Scalar> nets,
                 std::optional<EpochStart<StepNets<Scalar>>> epoch_start = std::nullopt) noexcept {
        state_ = state;
        std::swap(nets_, nets);
        epoch_start_.swap(epoch_start);
    }

    [[nodiscard]] std::int64_t epochs() const noexcept { return phases().epochs(); }
    [[nodiscard]] bool finished() const noexcept { return phases().finished(state_); }
    [[nodiscard]] bool adversarial() const noexcept { return phases().adversarial(state_); }
    [[nodiscard]] std::int64_t steps_per_epoch() const noexcept {
        return phases().steps_per_epoch();
    }

    /// The generator that songs are generated with: the moving average, if there is one, from the
    /// first minibatch of the adversarial phase on.
    [[nodiscard]] const StepGenerator<Scalar>& current_generator() const noexcept {
        return begun_adversarial() && settings_.adversarial.average > 0.0 ? nets_.average
                                                                          : nets_.generator.net;
    }
    /// The generator to keep.
    [[nodiscard]] const StepGenerator<Scalar>& kept() const noexcept {
        const bool best = settings_.evaluation.keep_best && state_.best_epoch > 0;
        return best && !begun_adversarial() ? nets_.best : current_generator();
    }
    /// Whether `kept` has learnt from D.
    [[nodiscard]] bool kept_is_adversarial() const noexcept { return begun_adversarial(); }

    /// Continues the epoch that is under way to its end, and reports it. If `on_step` (called after
    /// every minibatch) returns false, nothing is reported; the training stands behind that
    /// minibatch, and may be saved. Where a loss or a gradient is not finite, the epoch is run
    /// again with lower rates, or DivergenceError is thrown (rollback.hpp).
    /// While D learns alone, before the adversarial phase, `on_warmup` is asked whether to go on.
    /// If not, nothing is reported, and the training stands at the beginning of the epoch: what D
    /// had learnt is forgotten, and will be learnt again to the same bits.
    std::optional<EpochReport> run_epoch(
        const std::function<bool(const StepReport&)>& on_step,
        const std::function<void(const RollbackReport&)>& on_rollback = {},
        const std::function<bool(const WarmupReport&)>& on_warmup = {}) {
        require<Error>(!finished(), "StepTrainer::run_epoch: the training is finished");
        return run_with_rollbacks(state_, nets_, epoch_start_, on_rollback,
                                  [&] { return finish_epoch(on_step, on_warmup); });
    }

    /// `count` songs by `from`, of the full length, the plain stream, from song number `first` of
    /// the seed on.
    [[nodiscard]] std::vector<midi::Song> sample(const StepGenerator<Scalar>& from, Index count,
                                                 std::uint64_t seed, Index first = 0) const {
        PlayingSettings plain = settings_.playing;
        plain.guide = 0;
        const StepBand<Scalar> band{&from, nullptr, &data_.vocabulary, &data_.scale};
        return StepSampler<Scalar>{band, data_.starts, plain}.songs(count, settings_.length, seed,
                                                                    threads_, first);
    }

private:
    /// Goes on with the epoch that is under way.
    std::optional<EpochReport> finish_epoch(
        const std::function<bool(const StepReport&)>& on_step,
        const std::function<bool(const WarmupReport&)>& on_warmup) {
        const std::int64_t steps = steps_per_epoch();
        EpochOrder order(data_.train.size(),
                         Random(settings_.seed, "order", static_cast<std::uint64_t>(state_.epoch)));
        std::vector<std::size_t> songs(static_cast<std::size_t>(settings_.batch));
        if (state_.step == 0 && state_.epoch == settings_.pretrain.epochs + 1)
            begin_adversarial_phase();
        if (adversarial() && !warm_up(on_warmup)) {
            const std::int64_t rollbacks = state_.rollbacks;
            state_ = epoch_start_->state;
            state_.rollbacks = rollbacks;
            nets_ = epoch_start_->nets;
            return std::nullopt;
        }
        const auto minibatch = [&](std::int64_t step) {
            if (adversarial()) {
                adversarial_step();  // which draws its songs itself
            } else {
                order.copy(static_cast<std::size_t>(step * settings_.batch), songs);
                minibatch_.pretrain(nets_, songs, number(), generator_rate(), state_.place(),
                                    state_.sums);
            }
        };
        return continue_epoch(
            state_, steps, on_step, minibatch, [&] { return step_report(); },
            [&] { return evaluate(); });
    }

    /// Validation crops of the loss by which a generator is kept.
    static constexpr Index kValidationCrops = 96;

    [[nodiscard]] static const Settings& checked(const Settings& settings) {
        require<ConfigError>(settings.has_step_heads(),
                             "StepTrainer: generator.heads is numeric; take a Trainer");
        require<ConfigError>(settings.length >= 2, "length is ", settings.length,
                             "; with step heads it must be at least 2");
        require<ConfigError>(settings.generator.mapping_layers == 0 || settings.length >= 4,
                             "length is ", settings.length,
                             "; a mapping network needs songs of at least 4 events");
        return settings;
    }

    [[nodiscard]] Phases phases() const noexcept { return {settings_, data_.train.size()}; }
    [[nodiscard]] bool begun_adversarial() const noexcept {
        return phases().begun_adversarial(state_);
    }
    /// Of the minibatch that is under way.
    [[nodiscard]] std::uint64_t number() const noexcept {
        return static_cast<std::uint64_t>(state_.total_steps);
    }
    [[nodiscard]] double generator_rate() const {
        const AdversarialSettings& phase = settings_.adversarial;
        if (adversarial()) return phases().rate(state_, phase.learning_rate, phase.schedule);
        return phases().rate(state_, settings_.pretrain.learning_rate, settings_.pretrain.schedule,
                             settings_.pretrain.warmup);
    }

    [[nodiscard]] double discriminator_rate() const {
        return rate_after_rollbacks(settings_.adversarial.discriminator_learning_rate, state_);
    }

    [[nodiscard]] double pf_classifier_rate() const {
        return rate_after_rollbacks(settings_.pf.learning_rate, state_);
    }

    void begin_adversarial_phase() {
        if (settings_.evaluation.keep_best && state_.best_epoch > 0)
            nets_.generator.net = nets_.best;
        nets_.average = nets_.generator.net;
        nets_.restart_optimisers(settings_);
    }

    /// One roll-out, from which D and then G learn.
    void adversarial_step() {
        const AdversarialSettings& phase = settings_.adversarial;
        minibatch_.roll_out(nets_, nets_.generator.net, number(), phase.songs, true);
        const bool leads = state_.d_accuracy >= phase.lead;
        if (leads) {
            for (Index piece = 0; piece < phase.generator_steps; ++piece)
                minibatch_.improve(nets_, number(), piece, generator_rate(), state_.place(),
                                   state_.sums);
        } else {
            state_.sums.freezes_g += 1.0;
        }
        if (phase.average > 0.0) {
            // Short at first, so that it does not cling to where it began.
            const auto done = static_cast<double>(
                (state_.epoch - 1 - settings_.pretrain.epochs) * steps_per_epoch() + state_.step);
            update_average(nets_.average, std::as_const(nets_.generator.net),
                           std::min(phase.average, (1.0 + done) / (5.0 + done)));
        }
        for (Index i = 0; i < phase.discriminator_steps; ++i)
            discriminator_step(64 * number() + static_cast<std::uint64_t>(i), state_.sums);
        minibatch_.learn_to_hear(nets_, number(), pf_classifier_rate(), state_.place(),
                                 state_.sums);
    }

    /// D learns from the last roll-out. `number`: of the step, for its random numbers.
    void discriminator_step(std::uint64_t number, EpochSums& sums) {
        const double accuracy =
            minibatch_.discriminate(nets_, number, discriminator_rate(), state_.place(), sums);
        state_.d_accuracy += 0.1 * (accuracy - state_.d_accuracy);
    }

    /// D and F alone, before the phase. Every roll-out serves `discriminator_steps` of D and one of
    /// F. Returns whether D has learnt all that it should; false: `on_warmup` did not want to go
    /// on.
    bool warm_up(const std::function<bool(const WarmupReport&)>& on_warmup) {
        const AdversarialSettings& phase = settings_.adversarial;
        const Index each = std::max<Index>(1, phase.discriminator_steps);
        EpochSums aside;
        while (state_.warmup_done < phase.discriminator_warmup) {
            if (on_warmup && !on_warmup({state_.warmup_done, phase.discriminator_warmup}))
                return false;
            const auto done = static_cast<std::uint64_t>(state_.warmup_done);
            constexpr std::uint64_t kWarmup = std::uint64_t{1} << 32;
            minibatch_.roll_out(nets_, nets_.generator.net, kWarmup + done, phase.songs, false);
            for (Index i = 0; i < each && state_.warmup_done < phase.discriminator_warmup; ++i) {
                discriminator_step(kWarmup + static_cast<std::uint64_t>(state_.warmup_done), aside);
                ++state_.warmup_done;
            }
            minibatch_.learn_to_hear(nets_, kWarmup + done, pf_classifier_rate(), state_.place(),
                                     aside);
        }
        return true;
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
                .loss_f = adversarial() && settings_.has_pf_classifier()
                              ? std::optional(sums.f_loss / n)
                              : std::nullopt};
    }

    /// Losses on the validation songs, the metrics of generated songs, and the comparison.
    [[nodiscard]] EpochReport evaluate() {
        const EvaluationSettings& evaluation = settings_.evaluation;
        EpochReport report;
        report.epoch = state_.epoch;
        report.adversarial = adversarial();
        report.length = settings_.length;
        report.rollbacks = state_.rollbacks;
        report.mean = state_.sums.mean();
        report.learning_rate = generator_rate();
        report.discriminator_learning_rate = discriminator_rate();
        report.has_pf_classifier = report.adversarial && settings_.has_pf_classifier();
        if (report.has_pf_classifier) report.pf_learning_rate = pf_classifier_rate();
        const StepGenerator<Scalar>& current = current_generator();
        if (report.adversarial) {
            constexpr std::uint64_t kValidation = std::uint64_t{1} << 33;
            minibatch_.roll_out(nets_, current, kValidation, settings_.adversarial.songs, false);
            report.validation =
                minibatch_.judge(nets_, data_.validation, kValidation, state_.place());
        }
        report.validation.loss_pretrain =
            minibatch_.validate(nets_, current, kValidationCrops, state_.place());

        const bool compares =
            state_.epoch % evaluation.every == 0 || phases().is_last_of_phase(state_);
        report_songs(report,
                     measure_generated(*ranks_, evaluation_songs(evaluation, compares),
                                       [&](Index first, Index count) {
                                           return sample(current, count, settings_.seed + 0x5eed,
                                                         first);
                                       }),
                     real_metrics_, evaluation, compares);
        report.best = keep_if_best(report);
        return report;
    }

    /// Whether this epoch's generator is the one to keep so far.
    bool keep_if_best(const EpochReport& report) {
        if (!settings_.evaluation.keep_best) return false;
        if (!report.adversarial) {
            const double score = -report.validation.loss_pretrain;
            if (!(score > state_.best_score)) return false;
            state_.best_score = score;
            nets_.best = nets_.generator.net;
        }
        state_.best_epoch = state_.epoch;
        return true;
    }

    Settings settings_;
    int threads_;
    Communicator* ranks_;
    std::array<std::vector<std::size_t>, 3> parts_;
    StepData data_;
    std::vector<metrics::SongMetrics> real_metrics_;
    std::unique_ptr<NoteEar<Scalar>> ear_;  // null without a PF classifier
    TrainingState state_;
    StepNets<Scalar> nets_;
    std::optional<EpochStart<StepNets<Scalar>>> epoch_start_;
    StepMinibatch<Scalar> minibatch_;
};

}  // namespace mgan::inline MGAN_ABI
