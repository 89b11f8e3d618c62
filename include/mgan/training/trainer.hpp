#pragma once
/// \file
/// The training: pretraining, then the adversarial phase, epoch by epoch.
///
///     minibatches             minibatch.hpp
///     after each epoch        losses on the validation songs; songs sampled and measured; if the
///                             comparison with the validation songs is the best so far, G is kept
///
/// Saving the state (checkpoint.hpp) and going on elsewhere, with another number of threads, gives
/// the same bits as never having stopped. The class does no input or output; run_directory.hpp
/// does.

#include <mgan/dataset/split.hpp>
#include <mgan/generation/sampler.hpp>
#include <mgan/training/evaluation.hpp>
#include <mgan/training/minibatch.hpp>

#include <functional>
#include <optional>

namespace mgan::inline MGAN_ABI {

template <typename Scalar = float>
class Trainer : public MinibatchTrainer<Scalar> {
    using Base = MinibatchTrainer<Scalar>;

public:
    using Base::adversarial, Base::epochs, Base::finished, Base::steps_per_epoch;
    using Base::generator, Base::average, Base::best, Base::discriminator, Base::pf_classifier;
    using Base::state;

    /// Prepares a training on `data`. `threads` changes the time it takes, nothing else. Throws
    /// ConfigError if settings contradict each other, DataError if there is no song.
    Trainer(const Settings& settings, const DataSet& data, int threads)
        : Trainer(settings, data.songs,
                  split_songs(data.names, settings.evaluation.validation_share,
                              settings.evaluation.test_share, settings.seed),
                  threads) {}

    /// The same for songs that were not read from files, each on its own.
    Trainer(const Settings& settings, const std::vector<midi::Song>& songs, int threads)
        : Trainer(settings, data_set_of(songs), threads) {}

    /// The same with the parts (train, validation, test; indices into `songs`) given.
    Trainer(const Settings& settings, const std::vector<midi::Song>& songs,
            std::array<std::vector<std::size_t>, 3> parts, int threads)
        : Base(settings, songs, parts[0], threads),
          parts_(std::move(parts)),
          validation_(songs, parts_[1], codec_, settings.length),
          real_metrics_(measure_real(songs, parts_[1], static_cast<std::size_t>(settings.length), 4,
                                     settings.seed)),
          styles_(settings.encoding.context.style ? train_.styles(codec_, settings.seed)
                                                  : std::vector<encoding::Style>{}) {}

    [[nodiscard]] const std::vector<std::size_t>& part(Part which) const noexcept {
        return parts_[static_cast<std::size_t>(which)];
    }
    [[nodiscard]] const std::vector<metrics::SongMetrics>& real_metrics() const noexcept {
        return real_metrics_;
    }
    [[nodiscard]] const std::vector<encoding::Style>& styles() const noexcept { return styles_; }
    [[nodiscard]] std::size_t looped_songs() const noexcept { return train_.looped(); }
    /// The generator that makes the songs: its moving average, if there is one, from the first
    /// minibatch of the adversarial phase on.
    [[nodiscard]] const Generator<Scalar>& current_generator() const noexcept {
        const bool begun =
            state.epoch > settings_.pretrain.epochs + 1 || (adversarial() && state.step > 0);
        return begun && settings_.adversarial.average > 0.0 ? average : generator;
    }

    /// The generator to keep: that of the best comparison, or the current one.
    [[nodiscard]] const Generator<Scalar>& kept() const noexcept {
        return settings_.evaluation.keep_best && state.best_epoch > 0 ? best : current_generator();
    }

    /// Goes on with the epoch that is under way until it ends, and reports it; nothing if `on_step`
    /// (called after every minibatch) returned false. Then all is as after that minibatch, and may
    /// be saved.
    std::optional<EpochReport> run_epoch(const std::function<bool(const StepReport&)>& on_step) {
        require<Error>(!finished(), "Trainer::run_epoch: the training is finished");
        const std::int64_t steps = steps_per_epoch();
        const std::vector<std::size_t> order =
            train_.order(Random(settings_.seed, "order", static_cast<std::uint64_t>(state.epoch)),
                         static_cast<std::size_t>(steps * settings_.batch));
        if (state.step == 0 && state.epoch == settings_.pretrain.epochs + 1)
            begin_adversarial_phase();
        while (state.step < steps) {
            const std::span<const std::size_t> songs(order.data() + state.step * settings_.batch,
                                                     static_cast<std::size_t>(settings_.batch));
            if (adversarial()) {
                adversarial_step(songs);
            } else {
                pretraining_step(songs);
            }
            ++state.step;
            ++state.total_steps;
            state.sums.steps += 1.0;
            const double n = state.sums.steps;
            const StepReport report{
                .adversarial = adversarial(),
                .epoch = state.epoch,
                .epochs = epochs(),
                .step = state.step,
                .steps = steps,
                .loss_g = (adversarial() ? state.sums.non_saturating : state.sums.pretrain) / n,
                .loss_d = state.sums.loss_d / n,
                .loss_f = adversarial() && has_pf_classifier()
                              ? std::optional(state.sums.f_loss / n)
                              : std::nullopt};
            if (on_step && !on_step(report) && state.step < steps) return std::nullopt;
        }
        EpochReport report = evaluate();
        ++state.epoch;
        state.step = 0;
        state.sums = {};
        return report;
    }

    /// `count` songs by `playing()`, of the full length.
    [[nodiscard]] std::vector<midi::Song> sample(const Generator<Scalar>& from, Index count,
                                                 std::uint64_t seed) const {
        return sample_songs(from, codec_, settings_.encoding.context, styles_,
                            noise_range(settings_.pretrain), settings_.discriminator.quantise,
                            count, settings_.length, seed, threads_);
    }

private:
    using Base::adversarial_step, Base::begin_adversarial_phase, Base::pretraining_step;
    using Base::for_each_shard, Base::prepare_inputs, Base::prepare_noise, Base::sum_shards;
    using Base::has_pf_classifier, Base::rate;
    using Base::settings_, Base::threads_, Base::codec_, Base::train_, Base::view_;
    using typename Base::Work;

    /// Losses on the validation songs, the metrics of sampled songs, and the comparison.
    [[nodiscard]] EpochReport evaluate() {
        EpochReport report;
        report.epoch = state.epoch;
        report.adversarial = adversarial();
        report.length = settings_.length;
        const double n = std::max(1.0, state.sums.steps);
        report.mean = state.sums;
        for (double* member : report.mean.members()) *member /= n;
        report.mean.steps = state.sums.steps;
        report.mean.freezes_g = state.sums.freezes_g;
        report.mean.freezes_d = state.sums.freezes_d;
        report.mean.freezes_f = state.sums.freezes_f;
        if (report.adversarial) {
            report.learning_rate =
                rate(settings_.adversarial.learning_rate, settings_.adversarial.schedule);
            report.discriminator_learning_rate = rate(
                settings_.adversarial.discriminator_learning_rate, settings_.adversarial.schedule);
            report.has_pf_classifier = has_pf_classifier();
            if (has_pf_classifier()) {
                report.pf_learning_rate =
                    rate(settings_.pf.learning_rate, settings_.adversarial.schedule);
            }
        } else {
            report.learning_rate =
                rate(settings_.pretrain.learning_rate, settings_.pretrain.schedule);
        }
        validate(report);

        const EvaluationSettings& evaluation = settings_.evaluation;
        const bool last_of_phase =
            state.epoch == settings_.pretrain.epochs || state.epoch == epochs();
        const bool compares =
            evaluation.keep_best && (state.epoch % evaluation.every == 0 || last_of_phase);
        const Index count =
            std::max<Index>(evaluation.songs, compares ? evaluation.selection_songs : 0);
        const std::vector<midi::Song> songs =
            sample(current_generator(), count, settings_.seed + 0x5eed);
        const std::vector<metrics::SongMetrics> measured = metrics::measure(songs);
        const std::span<const metrics::SongMetrics> reported(
            measured.data(), static_cast<std::size_t>(evaluation.songs));
        report_songs(report, reported);
        report.comparison =
            metrics::compare(real_metrics_, compares ? std::span(measured) : reported);
        if (compares) {
            const double score = selection_score(*report.comparison);
            if (score > state.best_score) {
                state.best_score = score;
                state.best_epoch = state.epoch;
                best = current_generator();
                report.best = true;
            }
        }
        return report;
    }

    /// Losses of the nets as they are now on a fixed batch of validation crops.
    void validate(EpochReport& report) {
        const std::vector<std::size_t> songs = validation_.order(
            Random(settings_.seed, "validation order"), static_cast<std::size_t>(settings_.batch));
        const auto batch = std::min<Index>(static_cast<Index>(songs.size()), settings_.batch);
        const std::span<const std::size_t> chosen(songs.data(), static_cast<std::size_t>(batch));
        const Random noise(settings_.seed, "validation noise"),
            first(settings_.seed, "validation first"), crop(settings_.seed, "validation crop");
        const AdversarialStep<Scalar> step{settings_.adversarial, settings_.pretrain.loss, view_,
                                           codec_, batch};
        const bool with_discriminator = adversarial();
        prepare_noise(batch, settings_.length, noise);
        for_each_shard(batch, [&](Shard shard, Work& work) {
            AdversarialShard<Scalar>& memory = work.adversarial;
            prepare_inputs(memory.inputs, validation_, chosen, shard, settings_.length, first,
                           crop);
            memory.losses = {};
            memory.losses.pretrain = pretraining_pass(
                generator, memory.inputs, settings_.pretrain.loss, batch * settings_.length, 1.0,
                false, memory.teacher_cache, memory.d_teacher, memory.generator_gradient);
            if (!with_discriminator) return;
            make_songs(generator, step, memory);
            discriminator_pass(discriminator, step, memory, false);
            if (has_pf_classifier()) {
                hear_songs(memory, work.pf);
                pf_classifier_pass(pf_classifier, step, memory, work.pf, false);
                pf_generator_pass(pf_classifier, step, false, memory, work.pf, false);
            }
            generator_pass(generator, discriminator, step, memory, false);
        });
        report.validation = sum_shards(batch);
        report.validation_pretrain = report.validation.pretrain;
    }

    std::array<std::vector<std::size_t>, 3> parts_;
    CropSource<Scalar> validation_;
    std::vector<metrics::SongMetrics> real_metrics_;
    std::vector<encoding::Style> styles_;
};

}  // namespace mgan::inline MGAN_ABI
