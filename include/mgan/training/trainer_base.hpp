#pragma once
/// \file
/// What a training is, whatever its heads: settings, the parts of the songs, nets, and where it
/// stands; and how an epoch begins, is interrupted, goes on, and is run again.
///
///     epoch     where a phase begins, its preparations; then minibatch by minibatch; then a report
///     stop      behind a minibatch, or at the beginning of the epoch while D warms up
///     loss or gradient not finite      back to the beginning of the epoch (rollback.hpp)
///
/// What a minibatch is, how D warms up, and what a report measures is the trainer's own:
/// trainer.hpp for numeric heads, step_trainer.hpp for step heads.

#include <mgan/dataset/data_set.hpp>
#include <mgan/dataset/epoch_order.hpp>
#include <mgan/dataset/split.hpp>
#include <mgan/distributed/communicator.hpp>
#include <mgan/training/evaluation.hpp>
#include <mgan/training/phases.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// The parts (train, validation, test) of a data set, as indices of songs.
using SongParts = std::array<std::vector<std::size_t>, 3>;

[[nodiscard]] inline SongParts parts_of(const DataSet& data, const Settings& settings) {
    return split_songs(data.names, data.pieces, settings.evaluation.validation_share,
                       settings.evaluation.test_share, settings.seed);
}

template <typename Nets>
class TrainerBase {
public:
    using GeneratorNet = decltype(Nets::best);

    TrainerBase(const TrainerBase&) = delete;  // a trainer's minibatch refers to its settings
    TrainerBase& operator=(const TrainerBase&) = delete;

    [[nodiscard]] const Settings& settings() const noexcept { return settings_; }
    /// The processes that train together.
    [[nodiscard]] Communicator& ranks() const noexcept { return *ranks_; }
    [[nodiscard]] const std::vector<std::size_t>& part(Part which) const noexcept {
        return parts_[static_cast<std::size_t>(which)];
    }
    /// Metrics of crops of the validation songs, with which generated songs are compared.
    [[nodiscard]] const std::vector<metrics::SongMetrics>& real_metrics() const noexcept {
        return real_metrics_;
    }

    [[nodiscard]] const TrainingState& state() const noexcept { return state_; }
    [[nodiscard]] const Nets& nets() const noexcept { return nets_; }
    /// Within an epoch: where that began (rollback.hpp), or nullptr if that is not known.
    [[nodiscard]] const EpochStart<Nets>* epoch_start() const noexcept {
        return state_.step > 0 && epoch_start_ ? &*epoch_start_ : nullptr;
    }
    /// Puts the training where `state` and `nets`, of a trainer with the same settings and songs,
    /// were taken, and within an epoch its `epoch_start`.
    void restore(const TrainingState& state, Nets nets,
                 std::optional<EpochStart<Nets>> epoch_start = std::nullopt) noexcept {
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
    [[nodiscard]] const GeneratorNet& current_generator() const noexcept {
        return begun_adversarial() && settings_.adversarial.average > 0.0 ? nets_.average
                                                                          : nets_.generator.net;
    }

    /// The generator to keep: the best so far, if the settings ask for it, or the current one.
    [[nodiscard]] const GeneratorNet& kept() const noexcept {
        return chooses() ? nets_.best : current_generator();
    }
    /// Whether `kept` comes from the adversarial phase.
    [[nodiscard]] bool kept_is_adversarial() const noexcept {
        return chooses() ? state_.best_epoch > settings_.pretrain.epochs : begun_adversarial();
    }
    /// Whether a minibatch of the adversarial phase is done.
    [[nodiscard]] bool begun_adversarial() const noexcept {
        return phases().begun_adversarial(state_);
    }

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
        require<Error>(!finished(), "run_epoch: the training is finished");
        return run_with_rollbacks(state_, nets_, epoch_start_, on_rollback,
                                  [&] { return finish_epoch(on_step, on_warmup); });
    }

protected:
    TrainerBase(const Settings& settings, const Songs& songs, SongParts parts, int threads,
                Communicator& ranks)
        : settings_(settings),
          threads_(std::max(1, threads)),
          ranks_(&ranks),
          parts_(std::move(parts)),
          real_metrics_(measure_real(songs, parts_[1], static_cast<std::size_t>(settings.length), 4,
                                     settings.seed, threads_)) {}
    ~TrainerBase() = default;

    /// Songs that are learnt from.
    [[nodiscard]] virtual std::size_t training_songs() const noexcept = 0;
    /// D (and F) alone, before the adversarial phase: what is left of it. `songs`: of the minibatch
    /// that follows. Returns whether all is done; false: `on_warmup` did not want to go on.
    virtual bool warm_up(std::span<const std::size_t> songs,
                         const std::function<bool(const WarmupReport&)>& on_warmup) = 0;
    /// One minibatch of the phase that is under way, on `songs`.
    virtual void learn(std::span<const std::size_t> songs) = 0;
    /// The losses on the validation songs, the metrics of generated songs, and the comparison.
    [[nodiscard]] virtual EpochReport evaluate() = 0;

    [[nodiscard]] Phases phases() const noexcept { return {settings_, training_songs()}; }
    /// Makes the current generator, which `score` speaks for, the one to keep.
    void keep(double score) {
        state_.best_score = score;
        state_.best_epoch = state_.epoch;
        nets_.best = current_generator();
    }
    /// A report of the epoch that is under way: the means over its minibatches.
    [[nodiscard]] EpochReport report_of_minibatches() const {
        EpochReport report;
        report.epoch = state_.epoch;
        report.adversarial = adversarial();
        report.length = settings_.length;
        report.rollbacks = state_.rollbacks;
        report.mean = state_.sums.mean();
        report.has_pf_classifier = report.adversarial && settings_.has_pf_classifier();
        return report;
    }

    Settings settings_;
    int threads_;
    Communicator* ranks_;
    SongParts parts_;
    std::vector<metrics::SongMetrics> real_metrics_;
    TrainingState state_;
    Nets nets_;

private:
    /// Whether a best generator was chosen.
    [[nodiscard]] bool chooses() const noexcept {
        return settings_.evaluation.keep_best && state_.best_epoch > 0;
    }

    /// Goes on with the epoch that is under way.
    std::optional<EpochReport> finish_epoch(
        const std::function<bool(const StepReport&)>& on_step,
        const std::function<bool(const WarmupReport&)>& on_warmup) {
        EpochOrder order(training_songs(),
                         Random(settings_.seed, "order", static_cast<std::uint64_t>(state_.epoch)));
        std::vector<std::size_t> songs(static_cast<std::size_t>(settings_.batch));
        const auto draw = [&](std::int64_t step) {
            order.copy(static_cast<std::size_t>(step * settings_.batch), songs);
        };
        if (state_.step == 0 && state_.epoch == settings_.pretrain.epochs + 1)
            begin_adversarial_phase();
        if (adversarial()) {
            draw(state_.step);
            if (!warm_up(songs, on_warmup)) {
                const std::int64_t rollbacks = state_.rollbacks;
                state_ = epoch_start_->state;
                state_.rollbacks = rollbacks;
                nets_ = epoch_start_->nets;
                return std::nullopt;
            }
        }
        const std::int64_t steps = steps_per_epoch();
        while (state_.step < steps) {
            draw(state_.step);
            learn(songs);
            ++state_.step;
            ++state_.total_steps;
            state_.sums.steps += 1.0;
            if (on_step && !on_step(step_report()) && state_.step < steps) return std::nullopt;
        }
        EpochReport report = evaluate();
        ++state_.epoch;
        state_.step = 0;
        state_.sums = {};
        return report;
    }

    /// The phase goes on from the best generator so far, if one was chosen.
    void begin_adversarial_phase() {
        if (chooses()) nets_.generator.net = nets_.best;
        nets_.average = nets_.generator.net;
        nets_.restart_optimisers(settings_);
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

    std::optional<EpochStart<Nets>> epoch_start_;
};

}  // namespace mgan::inline MGAN_ABI
