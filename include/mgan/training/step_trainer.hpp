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
/// **Which generator is kept.** Pretraining goes to its end. With `evaluation.keep_best` a
/// generator of the adversarial phase takes the place of that one, unless fresh judges clearly tell
/// its songs better from the validation songs (fresh_judge.hpp). D never chooses among generators
/// that were trained against it.
///
/// The class has the interface of `Trainer` (trainer.hpp), whose files and programs serve both, and
/// shares a minibatch among ranks as that does.

#include <mgan/generation/step_sampler.hpp>
#include <mgan/training/calibrate_ear.hpp>
#include <mgan/training/fresh_judge.hpp>
#include <mgan/training/step_minibatch.hpp>
#include <mgan/training/trainer_base.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

namespace mgan::inline MGAN_ABI {

template <typename Scalar = float>
class StepTrainer final : public TrainerBase<StepNets<Scalar>> {
    using Base = TrainerBase<StepNets<Scalar>>;

public:
    using ScalarType = Scalar;
    using Base::adversarial, Base::current_generator, Base::steps_per_epoch;

    /// Prepares a training on `data`. `threads` changes the time it takes, nothing else. Throws
    /// ConfigError if settings contradict each other, DataError if there is no song.
    StepTrainer(const Settings& settings, const DataSet& data, int threads,
                Communicator& ranks = one_process())
        : StepTrainer(settings, data.view(), parts_of(data, settings), threads, ranks) {}

    /// The same for songs that were not read from files, each on its own.
    StepTrainer(const Settings& settings, const std::vector<midi::Song>& songs, int threads)
        : StepTrainer(settings, data_set_of(songs), threads) {}

    /// The same with the parts given. Refers to `ranks`.
    StepTrainer(const Settings& settings, const Songs& songs, SongParts parts, int threads,
                Communicator& ranks = one_process())
        : Base(checked(settings), songs, std::move(parts), threads, ranks),
          data_(settings_, songs, parts_),
          judge_(has_judges(settings_) ? FreshJudge(songs, parts_) : FreshJudge()),
          ear_(settings_.has_pf_classifier() ? calibrate_ear<Scalar>(settings_, data_) : nullptr),
          minibatch_(settings_, data_, initial_nets(), ear_.get(), threads_, ranks) {}

    [[nodiscard]] const StepData& data() const noexcept { return data_; }
    /// Training songs shorter than `length`, which are repeated.
    [[nodiscard]] std::size_t looped_songs() const noexcept { return data_.train.looped(); }
    /// The constants that the ear of the PF classifier was calibrated to; empty without one.
    [[nodiscard]] std::vector<double> ear_constants() const {
        return ear_ ? ear_->constants() : std::vector<double>{};
    }

    /// Who decides between the phases.
    [[nodiscard]] FreshJudge& judge() noexcept { return judge_; }

    /// `count` songs by `from`, of the full length, the plain stream, from song number `first` of
    /// the seed on.
    [[nodiscard]] std::vector<midi::Song> sample(const StepGenerator<Scalar>& from, Index count,
                                                 std::uint64_t seed, Index first = 0) const {
        PlayingSettings plain = settings_.playing;
        plain.guide = plain.particles = 0;
        const StepBand<Scalar> band{&from, nullptr, &data_.vocabulary, &data_.scale};
        return StepSampler<Scalar>{band, data_.starts, plain}.songs(count, settings_.length, seed,
                                                                    threads_, first);
    }

private:
    using Base::keep, Base::phases;
    using Base::nets_, Base::parts_, Base::ranks_, Base::real_metrics_, Base::settings_,
        Base::state_, Base::threads_;

    /// The score of a generator that nobody has judged; -AUC is more.
    static constexpr double kUnjudged = -2.0;
    /// What is no clear difference: the AUCs of other songs of the same generator spread by 0.02.
    static constexpr double kMargin = 0.03;

    /// Validation crops of the loss that is reported.
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

    /// The nets at the start of the training, of which the minibatch takes the sizes.
    [[nodiscard]] const StepNets<Scalar>& initial_nets() {
        nets_ = StepNets<Scalar>(settings_, data_.shape, ear_ ? ear_->values() : 0);
        return nets_;
    }

    [[nodiscard]] std::size_t training_songs() const noexcept override {
        return data_.train.size();
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

    void learn(std::span<const std::size_t> songs) override {
        if (adversarial()) {
            adversarial_step();  // which draws its songs itself
        } else {
            minibatch_.pretrain(nets_, songs, number(), generator_rate(), state_.place(),
                                state_.sums);
        }
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

    /// Every roll-out serves `discriminator_steps` of D and one of F.
    bool warm_up(std::span<const std::size_t>,
                 const std::function<bool(const WarmupReport&)>& on_warmup) override {
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

    [[nodiscard]] EpochReport evaluate() override {
        const EvaluationSettings& evaluation = settings_.evaluation;
        EpochReport report = this->report_of_minibatches();
        report.learning_rate = generator_rate();
        report.discriminator_learning_rate = discriminator_rate();
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
        const std::uint64_t seed = settings_.seed + 0x5eed;
        report_songs(report,
                     measure_generated(*ranks_, evaluation_songs(evaluation, compares),
                                       [&](Index first, Index count) {
                                           return sample(current, count, seed, first);
                                       }),
                     real_metrics_, evaluation, compares);
        const bool decides = compares && (report.adversarial || phases().is_last_of_phase(state_));
        if (decides && has_judges(settings_) && judge_.can_judge(settings_.length))
            report.judged = judge_(sample(current, FreshJudge::kSongs, seed), threads_);
        report.best = (decides || !report.adversarial) && keep_if_best(report);
        return report;
    }

    /// Whether this epoch's generator is the one to keep so far. Where nobody can judge, it is.
    bool keep_if_best(const EpochReport& report) {
        if (!settings_.evaluation.keep_best) return false;
        const double score = report.judged ? -report.judged->auc() : kUnjudged;
        if (report.adversarial && score < state_.best_score - kMargin) return false;
        keep(report.adversarial ? std::max(score, state_.best_score) : score);
        return true;
    }

    StepData data_;
    FreshJudge judge_;
    std::unique_ptr<NoteEar<Scalar>> ear_;  // null without a PF classifier
    StepMinibatch<Scalar> minibatch_;
};

}  // namespace mgan::inline MGAN_ABI
