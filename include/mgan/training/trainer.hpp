#pragma once
/// \file
/// The training with numeric heads: pretraining, then the adversarial phase, epoch by epoch.
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
/// stopped. How an epoch goes on and is interrupted is the same for step heads: trainer_base.hpp.
///
/// With several ranks (distributed/communicator.hpp) each has a `Trainer` of its own, made with the
/// same settings and songs. `run_epoch` is collective: the ranks compute different shards, and have
/// the same nets, state and report after every minibatch, with the bits of one process.
///
/// The class does no input or output; runs/run_directory.hpp does.

#include <mgan/dataset/corpus_statistics.hpp>
#include <mgan/generation/sampler.hpp>
#include <mgan/optimisation/schedule.hpp>
#include <mgan/training/calibrate_ear.hpp>
#include <mgan/training/minibatch.hpp>
#include <mgan/training/trainer_base.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace mgan::inline MGAN_ABI {

template <typename Scalar = float>
class Trainer final : public TrainerBase<TrainingNets<Scalar>> {
    using Base = TrainerBase<TrainingNets<Scalar>>;

public:
    using ScalarType = Scalar;
    using Base::adversarial, Base::current_generator;

    /// Prepares a training on `data`. `threads` changes the time it takes, nothing else. Throws
    /// ConfigError if settings contradict each other, DataError if there is no song.
    Trainer(const Settings& settings, const DataSet& data, int threads,
            Communicator& ranks = one_process())
        : Trainer(settings, data.view(), parts_of(data, settings), threads, ranks) {}

    /// The same for songs that were not read from files, each on its own.
    Trainer(const Settings& settings, const std::vector<midi::Song>& songs, int threads)
        : Trainer(settings, data_set_of(songs), threads) {}

    /// The same with the parts given. Refers to `ranks`.
    Trainer(const Settings& settings, const Songs& songs, SongParts parts, int threads,
            Communicator& ranks = one_process())
        : Base(checked(settings), songs, std::move(parts), threads, ranks),
          codec_(fit_codec(settings.encoding.events, songs, parts_[0], threads_)),
          train_(songs, parts_[0], codec_, settings.length),
          validation_(songs, parts_[1], codec_, settings.length),
          styles_(settings.encoding.context.style
                      ? corpus_styles(train_, codec_, songs, parts_[0], settings.length,
                                      settings.seed, threads_)
                      : std::vector<encoding::Style>{}) {
        std::unique_ptr<Ear<Scalar>> ear;
        if (has_pf_classifier()) ear = calibrate_ear<Scalar>(settings_, codec_, train_);
        nets_ = TrainingNets<Scalar>(settings_, ear ? ear->values() : 0);
        minibatch_.emplace(settings_, codec_, nets_, std::move(ear), threads_, ranks);
    }

    [[nodiscard]] const encoding::Codec& codec() const noexcept { return codec_; }
    /// Styles of the training songs, if the settings ask for styles.
    [[nodiscard]] const std::vector<encoding::Style>& styles() const noexcept { return styles_; }
    /// Training songs shorter than `length`, which are repeated.
    [[nodiscard]] std::size_t looped_songs() const noexcept { return train_.looped(); }
    /// The constants that the ear of the PF classifier was calibrated to; empty without one.
    [[nodiscard]] std::vector<double> ear_constants() const { return minibatch_->ear_constants(); }

    /// `count` songs by `from`, of the full length, from song number `first` of the seed on.
    [[nodiscard]] std::vector<midi::Song> sample(const Generator<Scalar>& from, Index count,
                                                 std::uint64_t seed, Index first = 0) const {
        return sample_songs(from, codec_, settings_.encoding.context, styles_,
                            noise_range(settings_.pretrain), settings_.discriminator.quantise,
                            count, settings_.length, seed, threads_, first);
    }

private:
    using Base::keep, Base::phases;
    using Base::nets_, Base::parts_, Base::ranks_, Base::real_metrics_, Base::settings_,
        Base::state_, Base::threads_;

    [[nodiscard]] static const Settings& checked(const Settings& settings) {
        require<ConfigError>(!settings.has_step_heads(),
                             "Trainer: generator.heads is steps; take a StepTrainer");
        require<ConfigError>(settings.pretrain.quantile_low < settings.pretrain.quantile_high,
                             "pretrain.quantile_low must be below pretrain.quantile_high");
        return settings;
    }

    [[nodiscard]] bool has_pf_classifier() const noexcept { return settings_.has_pf_classifier(); }
    [[nodiscard]] std::size_t training_songs() const noexcept override { return train_.size(); }

    [[nodiscard]] Draws draws() const {
        return {settings_.seed, kTrainingDraws, static_cast<std::uint64_t>(state_.total_steps)};
    }

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

    void learn(std::span<const std::size_t> songs) override {
        if (adversarial()) {
            adversarial_step(songs);
        } else {
            pretraining_step(songs);
        }
    }

    void adversarial_step(std::span<const std::size_t> songs) {
        const StepSizes sizes = step_sizes();
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

    /// Minibatches with noise and crops of their own.
    bool warm_up(std::span<const std::size_t> songs,
                 const std::function<bool(const WarmupReport&)>& on_warmup) override {
        const StepSizes sizes = step_sizes();
        const std::int64_t steps = settings_.adversarial.discriminator_warmup;
        for (; state_.warmup_done < steps; ++state_.warmup_done) {
            if (on_warmup && !on_warmup({state_.warmup_done, steps})) return false;
            const auto number = static_cast<std::uint64_t>(state_.warmup_done);
            minibatch_->discriminator_half(nets_,
                                           {train_, songs, static_cast<Index>(settings_.length),
                                            Draws(settings_.seed, kWarmupDraws, number)},
                                           Learning{.generator = false}, sizes, state_.place(),
                                           state_.sums);
        }
        return true;
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

    [[nodiscard]] EpochReport evaluate() override {
        EpochReport report = this->report_of_minibatches();
        const StepSizes sizes = step_sizes();
        report.learning_rate = sizes.generator;
        report.discriminator_learning_rate = sizes.discriminator;
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
        keep(score);
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

    encoding::Codec codec_;
    CropSource<Scalar> train_, validation_;
    std::vector<encoding::Style> styles_;
    std::optional<Minibatch<Scalar>> minibatch_;
};

}  // namespace mgan::inline MGAN_ABI
