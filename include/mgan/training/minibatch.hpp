#pragma once
/// \file
/// What the nets learn from one minibatch.
///
///     for each minibatch      fixed shards, each computed by one thread
///                             gradients added in the order of the shards
///                             one step of the optimiser
///
/// Every random number is a function of the seed, a purpose and the place in the training, so the
/// whole state is: weights, moments of the optimisers, and where we are (`TrainingState`).
///
/// `Trainer` (trainer.hpp) leads from minibatch to minibatch, through epochs and phases.

#include <mgan/generation/noise_range.hpp>
#include <mgan/hearing/make_ear.hpp>
#include <mgan/training/adversarial_step.hpp>
#include <mgan/training/batch_noise.hpp>
#include <mgan/training/epoch.hpp>
#include <mgan/training/pf_step.hpp>

namespace mgan::inline MGAN_ABI {

/// The nets, their optimisers, the memory of the shards, and a step of each phase.
template <typename Scalar>
class MinibatchTrainer {
public:
    MinibatchTrainer(const MinibatchTrainer&) = delete;  // shards refer to the codec
    MinibatchTrainer& operator=(const MinibatchTrainer&) = delete;

    [[nodiscard]] const Settings& settings() const noexcept { return settings_; }
    [[nodiscard]] const encoding::Codec& codec() const noexcept { return codec_; }
    /// What the ear of the PF classifier has measured on the training songs; empty without one.
    [[nodiscard]] std::vector<double> ear_constants() const {
        return has_pf_classifier() ? shards_.front().pf.ear->constants() : std::vector<double>{};
    }
    [[nodiscard]] std::int64_t epochs() const noexcept {
        return settings_.pretrain.epochs + settings_.adversarial.epochs;
    }
    [[nodiscard]] bool finished() const noexcept { return state.epoch > epochs(); }
    [[nodiscard]] bool adversarial() const noexcept {
        return state.epoch > settings_.pretrain.epochs;
    }

    /// Minibatches of an epoch.
    [[nodiscard]] std::int64_t steps_per_epoch() const noexcept {
        const auto songs =
            std::max<std::int64_t>(static_cast<std::int64_t>(train_.size()), settings_.epoch_songs);
        return std::max<std::int64_t>(1, songs / settings_.batch);
    }

protected:
    /// On the songs whose indices are in `part`. Throws ConfigError, DataError.
    MinibatchTrainer(const Settings& settings, const std::vector<midi::Song>& songs,
                     const std::vector<std::size_t>& part, int threads)
        : settings_(settings),
          threads_(std::max(1, threads)),
          codec_(fit_codec(settings, songs, part)),
          train_(songs, part, codec_, settings.length),
          view_{settings.discriminator.quantise, settings.discriminator.pitch_class},
          generator(settings.generator_settings()),
          discriminator(settings.discriminator_settings()) {
        require<ConfigError>(settings.pretrain.quantile_low < settings.pretrain.quantile_high,
                             "pretrain.quantile_low must be below pretrain.quantile_high");
        initialise(generator, Random(settings.seed, "generator weights"), settings.initialisation);
        if (settings.generator.mapping_layers > 0) {
            initialise_mapping(generator.noise_path.mapping,
                               Random(settings.seed, "mapping weights"));
        }
        initialise(discriminator, Random(settings.seed, "discriminator weights"),
                   settings.initialisation);
        average = generator;
        best = generator;
        generator_optimiser = Optimiser<Scalar>(settings.optimiser.settings());
        discriminator_optimiser = Optimiser<Scalar>(settings.optimiser.settings());
        shards_.resize(static_cast<std::size_t>(shard_count(settings.batch, settings.shard_songs)));
        for (Work& work : shards_) {
            work.adversarial.generator_gradient = generator;
            work.adversarial.generator_gradient.noise_path = {};  // noise_gradient_ is for all
            work.adversarial.discriminator_gradient = discriminator;
            work.adversarial.feedback = CodecFeedback<Scalar>(codec_, settings.encoding.context,
                                                              settings.discriminator.quantise);
        }
        noise_gradient_ = generator.noise_path;
        if (settings.has_pf_classifier()) prepare_pf_classifier();
    }

    ~MinibatchTrainer() = default;

    /// The memory of one shard.
    struct Work {
        AdversarialShard<Scalar> adversarial;
        PfShard<Scalar> pf;  ///< empty without PF classifier
    };

    [[nodiscard]] bool has_pf_classifier() const noexcept { return settings_.has_pf_classifier(); }

    /// The ear, with its scale measured on one crop of each of some training songs, and the net
    /// behind it.
    void prepare_pf_classifier() {
        const auto count = static_cast<Index>(std::min<std::size_t>(
            train_.size(), static_cast<std::size_t>(settings_.pf.scale_songs)));
        constexpr auto kEvent = static_cast<Index>(encoding::kFeatures);
        Sequence<Scalar> songs(settings_.length, count, kEvent);
        const Random crop(settings_.seed, "ear crop");
        for (Index b = 0; b < count; ++b) {
            const auto song = static_cast<std::size_t>(b);
            const std::size_t begin = train_.crop_begin(song, crop, song);
            for (Index t = 0; t < settings_.length; ++t) {
                const auto& event = train_.event(song, begin, static_cast<std::size_t>(t));
                std::copy_n(event.data(), kEvent, songs.step(t).col(b).data());
            }
        }
        shards_.front().pf.ear =
            make_ear<Scalar>(settings_.pf, codec_, std::as_const(songs).view());
        PfClassifierSettings config = settings_.pf.classifier;
        config.inputs = shards_.front().pf.ear->values();
        pf_classifier = PfClassifier<Scalar>(config);
        initialise(pf_classifier, Random(settings_.seed, "pf classifier weights"),
                   settings_.initialisation);
        pf_optimiser = Optimiser<Scalar>(settings_.pf_optimiser_settings());
        pf_gradient_ = pf_classifier;
        for (Work& work : shards_) {
            if (!work.pf.ear) work.pf.ear = shards_.front().pf.ear->clone();
            work.pf.gradient = pf_classifier.head;
        }
    }

    [[nodiscard]] static encoding::Codec fit_codec(const Settings& settings,
                                                   const std::vector<midi::Song>& songs,
                                                   const std::vector<std::size_t>& part) {
        require<DataError>(!songs.empty(), "there is no song to train on");
        std::vector<midi::Song> chosen;
        for (const std::size_t index : part) chosen.push_back(songs[index]);
        return encoding::Codec::fit(settings.encoding.events, chosen);
    }

    Settings settings_;
    int threads_;
    encoding::Codec codec_;
    CropSource<Scalar> train_;
    DiscriminatorView view_;
    std::vector<Work> shards_;
    BatchNoise<Scalar> noise_;
    NoisePath<Scalar> noise_gradient_;
    PfClassifier<Scalar> pf_gradient_;

public:
    TrainingState state;
    Generator<Scalar> generator, average, best;
    Discriminator<Scalar> discriminator;
    PfClassifier<Scalar> pf_classifier;  ///< without parameters where there is none
    Optimiser<Scalar> generator_optimiser, discriminator_optimiser, pf_optimiser;

protected:
    [[nodiscard]] Random random(std::string_view purpose) const {
        return Random(settings_.seed, purpose, static_cast<std::uint64_t>(state.total_steps));
    }
    /// Shards that a batch of `batch` songs fills.
    [[nodiscard]] Index shards_of(Index batch) const noexcept {
        return std::min<Index>(static_cast<Index>(shards_.size()),
                               shard_count(batch, settings_.shard_songs));
    }

    [[nodiscard]] double rate(double base, RateSchedule schedule) const {
        const std::int64_t before = adversarial() ? settings_.pretrain.epochs : 0;
        const std::int64_t count =
            adversarial() ? settings_.adversarial.epochs : settings_.pretrain.epochs;
        const double steps = static_cast<double>(steps_per_epoch());
        const double progress = (static_cast<double>(state.epoch - 1 - before) +
                                 static_cast<double>(state.step) / steps) /
                                static_cast<double>(std::max<std::int64_t>(1, count));
        return base * rate_factor(schedule, state.epoch - before, progress,
                                  settings_.optimiser.anneal_start,
                                  settings_.optimiser.anneal_gamma,
                                  settings_.optimiser.cosine_floor);
    }

    /// Calls work(shard's range, its memory) for every shard of a batch of `batch` songs.
    template <typename Body>
    void for_each_shard(Index batch, Body&& body) {
        const Index count = shards_of(batch);
        parallel_for(count, threads_, [&](std::ptrdiff_t index) {
            body(shard_of(batch, count, index), shards_[static_cast<std::size_t>(index)]);
        });
    }

    /// The noise of a batch for songs of `steps` events and, with a noise path, what becomes of it.
    void prepare_noise(Index batch, Index steps, const Random& noise) {
        const GeneratorSettings& config = generator.settings();
        // A mapping network reads the noise of a whole song, even where the song is cut.
        const Index plane = config.mapping_layers > 0 ? settings_.length : steps;
        const bool path = !generator.noise_path.empty();
        if (path) noise_.resize(plane, batch, config.noise);
        for_each_shard(batch, [&](Shard shard, Work& work) {
            Sequence<Scalar>& z = work.adversarial.inputs.noise;
            fill_noise(z, plane, config.noise, shard, batch, noise,
                       noise_range(settings_.pretrain));
            if (path) noise_.put(shard, z);
        });
        if (path) noise_.forward(generator, threads_);
    }

    /// What else a shard needs, after `prepare_noise`.
    void prepare_inputs(ShardInputs<Scalar>& inputs, const CropSource<Scalar>& source,
                        std::span<const std::size_t> songs, Shard shard, Index steps,
                        const Random& first, const Random& crop) const {
        const GeneratorSettings& config = generator.settings();
        if (!generator.noise_path.empty()) noise_.get(shard, inputs.w);
        fill_first(inputs.first, config.features, config.context, shard, first);
        fill_crops(inputs, source, songs, crop, shard, steps, codec_, settings_.encoding.context);
    }

    void pretraining_step(std::span<const std::size_t> songs) {
        const PretrainSettings& pretrain = settings_.pretrain;
        const Index steps = pretrain.curriculum_start == 0
                                ? settings_.length
                                : curriculum_length(state.epoch, pretrain.epochs,
                                                    pretrain.curriculum_start, settings_.length);
        const auto batch = static_cast<Index>(songs.size());
        const Random noise = random("noise"), first = random("first"), crop = random("crop");
        prepare_noise(batch, steps, noise);
        for_each_shard(batch, [&](Shard shard, Work& work) {
            AdversarialShard<Scalar>& memory = work.adversarial;
            prepare_inputs(memory.inputs, train_, songs, shard, steps, first, crop);
            set_zero(memory.generator_gradient);
            memory.losses = {};
            memory.losses.pretrain =
                pretraining_pass(generator, memory.inputs, pretrain.loss, batch * steps, 1.0, true,
                                 memory.teacher_cache, memory.d_teacher, memory.generator_gradient);
            if (!generator.noise_path.empty()) noise_.collect(shard, memory.teacher_cache);
        });
        const AdversarialLosses losses = sum_shards(batch);
        check_loss("the pretraining loss", losses.pretrain);
        state.sums.pretrain += losses.pretrain;
        step_generator(batch, rate(pretrain.learning_rate, pretrain.schedule));
    }

    /// The phase goes on from the best generator so far, if one was chosen: the last epochs of
    /// pretraining gain in loss what they lose in variety.
    void begin_adversarial_phase() {
        if (settings_.evaluation.keep_best && state.best_epoch > 0) generator = best;
        average = generator;
        generator_optimiser = Optimiser<Scalar>(settings_.optimiser.settings());
        discriminator_optimiser = Optimiser<Scalar>(settings_.optimiser.settings());
        pf_optimiser = Optimiser<Scalar>(settings_.pf_optimiser_settings());
    }

    void adversarial_step(std::span<const std::size_t> songs) {
        const AdversarialSettings& settings = settings_.adversarial;
        const auto batch = static_cast<Index>(songs.size());
        const AdversarialStep<Scalar> step{settings, settings_.pretrain.loss, view_, codec_, batch};
        // D alone, before the phase: minibatches of its own.
        while (state.warmup_done < settings.discriminator_warmup) {
            const auto number = static_cast<std::uint64_t>(state.warmup_done);
            discriminator_half(step, songs, Random(settings_.seed, "warm-up noise", number),
                               Random(settings_.seed, "warm-up first", number),
                               Random(settings_.seed, "warm-up crop", number), true, true);
            ++state.warmup_done;
        }
        const Freezing frozen = freeze(settings.freezing, state.last_loss_d, state.last_loss_g,
                                       settings.freezing_ratio);
        const bool rule_applies = state.last_loss_d > 0.0;  // not before the first minibatch
        const bool rest_g = rule_applies && frozen.generator,
                   rest_d = rule_applies && frozen.discriminator;
        // The same rule between G and the PF classifier F says when F rests.
        const bool rest_f = has_pf_classifier() && rule_applies &&
                            freeze(settings_.pf.freezing, state.last_loss_f, state.last_loss_g_f,
                                   settings.freezing_ratio)
                                .discriminator;

        discriminator_half(step, songs, random("noise"), random("first"), random("crop"), !rest_d,
                           !rest_f);
        for_each_shard(batch, [&](Shard shard, Work& work) {
            set_zero(work.adversarial.generator_gradient);
            SequenceView<const Scalar> d_heard;
            if (has_pf_classifier()) {
                pf_generator_pass(pf_classifier, step, settings_.pf.feature_matching,
                                  work.adversarial, work.pf, !rest_g);
                if (!rest_g) d_heard = std::as_const(work.pf.d_event).view();
            }
            generator_pass(generator, discriminator, step, work.adversarial, !rest_g, d_heard);
            if (rest_g || generator.noise_path.empty()) return;
            noise_.collect(shard, work.adversarial.generated_cache);
            if (settings.pretrain_weight > 0.0)
                noise_.collect(shard, work.adversarial.teacher_cache);
        });
        const AdversarialLosses losses = sum_shards(batch);
        check_loss("the generator's loss", losses.generator);
        check_loss("the feature matching loss", losses.feature_matching);
        check_loss("the generator's loss by the PF classifier", losses.f_generator);
        check_loss("the feature matching loss of the PF classifier", losses.f_matching);
        if (!rest_g) step_generator(batch, rate(settings.learning_rate, settings.schedule));
        if (settings.average > 0.0)
            update_average(average, std::as_const(generator), settings.average);

        state.last_loss_d = losses.discriminator;
        state.last_loss_g = losses.non_saturating;
        state.last_loss_f = losses.f_loss;
        state.last_loss_g_f = losses.f_non_saturating;
        state.sums.add(losses);
        state.sums.freezes_g += rest_g ? 1.0 : 0.0;
        state.sums.freezes_d += rest_d ? 1.0 : 0.0;
        state.sums.freezes_f += rest_f ? 1.0 : 0.0;
    }

    /// Parts 1 and 2 of adversarial_step.hpp and pf_step.hpp for all shards, and the steps of D and
    /// F.
    void discriminator_half(const AdversarialStep<Scalar>& step, std::span<const std::size_t> songs,
                            const Random& noise, const Random& first, const Random& crop,
                            bool learn, bool learn_f) {
        prepare_noise(step.batch, settings_.length, noise);
        for_each_shard(step.batch, [&](Shard shard, Work& work) {
            AdversarialShard<Scalar>& memory = work.adversarial;
            prepare_inputs(memory.inputs, train_, songs, shard, settings_.length, first, crop);
            memory.losses = {};
            set_zero(memory.discriminator_gradient);
            make_songs(generator, step, memory);
            discriminator_pass(discriminator, step, memory, learn);
            if (!has_pf_classifier()) return;
            hear_songs(memory, work.pf);
            set_zero(work.pf.gradient);
            pf_classifier_pass(pf_classifier, step, memory, work.pf, learn_f);
        });
        const AdversarialLosses losses = sum_shards(step.batch);
        check_loss("the discriminator's loss", losses.discriminator);
        check_loss("the PF classifier's loss", losses.f_loss);
        if (has_pf_classifier() && learn_f) step_pf_classifier(step.batch);
        if (!learn) return;
        const Index count = shards_of(step.batch);
        Discriminator<Scalar>& gradient = shards_[0].adversarial.discriminator_gradient;
        for (Index i = 1; i < count; ++i) {
            add_parameters(gradient,
                           shards_[static_cast<std::size_t>(i)].adversarial.discriminator_gradient,
                           Scalar(1));
        }
        state.sums.gradient_d += take_step(
            discriminator_optimiser, discriminator, gradient,
            rate(settings_.adversarial.discriminator_learning_rate, settings_.adversarial.schedule),
            "discriminator");
    }

    void step_pf_classifier(Index batch) {
        const Index count = shards_of(batch);
        const auto shard = [&](Index i) -> const PfShard<Scalar>& {
            return shards_[static_cast<std::size_t>(i)].pf;
        };
        wide_gradients<Scalar>(count, shard, threads_, pf_gradient_.wide);
        set_zero(pf_gradient_.head);
        for (Index i = 0; i < count; ++i)
            add_parameters(pf_gradient_.head, shard(i).gradient, Scalar(1));
        state.sums.gradient_f += take_step(
            pf_optimiser, pf_classifier, pf_gradient_,
            rate(settings_.pf.learning_rate, settings_.adversarial.schedule), "PF classifier");
    }

    [[nodiscard]] AdversarialLosses sum_shards(Index batch) const {
        AdversarialLosses sum;
        const Index count = shards_of(batch);
        for (Index i = 0; i < count; ++i)
            sum += shards_[static_cast<std::size_t>(i)].adversarial.losses;
        return sum;
    }

    /// Adds up what the shards say of the generator, and takes a step.
    void step_generator(Index batch, double step_size) {
        const Index count = shards_of(batch);
        Generator<Scalar>& gradient = shards_[0].adversarial.generator_gradient;
        for (Index i = 1; i < count; ++i) {
            add_parameters(gradient,
                           shards_[static_cast<std::size_t>(i)].adversarial.generator_gradient,
                           Scalar(1));
        }
        if (!generator.noise_path.empty()) noise_.backward(generator, noise_gradient_, threads_);
        const Lent lent(gradient.noise_path, noise_gradient_);
        state.sums.gradient_g +=
            take_step(generator_optimiser, generator, gradient, step_size, "generator");
    }

    /// The noise path has one gradient for the whole batch. While this lives, it completes the
    /// gradient of a generator.
    struct Lent {
        Lent(NoisePath<Scalar>& to, NoisePath<Scalar>& from) : to_(to), from_(from) {
            std::swap(to_, from_);
        }
        ~Lent() { std::swap(to_, from_); }
        Lent(const Lent&) = delete;
        Lent& operator=(const Lent&) = delete;

    private:
        NoisePath<Scalar>&to_, &from_;
    };

    [[nodiscard]] std::string place() const {
        return concat("epoch ", state.epoch, ", step ", state.step + 1);
    }

    void check_loss(const char* what, double loss) const {
        if (std::isfinite(loss)) return;
        fail<NumericalError>(place(), ": ", what, " is ", loss, " (", culprit(),
                             "); it has not reached the weights. Try a lower learning "
                             "rate.");
    }

    /// "NAME is not finite" for the first such parameter of `model`, or "".
    template <typename Model>
    [[nodiscard]] static std::string not_finite(const char* net, const Model& model) {
        const std::string name = first_non_finite(model);
        return name.empty() ? name : concat(net, name, " is not finite");
    }
    [[nodiscard]] std::string bad_weight() const {
        std::string found = not_finite("the weight generator.", generator);
        if (found.empty()) found = not_finite("the weight discriminator.", discriminator);
        return found.empty() ? not_finite("the weight pf_classifier.", pf_classifier) : found;
    }

    /// Where a loss that is not finite comes from, as far as weights and gradients tell.
    [[nodiscard]] std::string culprit() const {
        std::string found = bad_weight();
        for (const Work& work : shards_) {
            const AdversarialShard<Scalar>& shard = work.adversarial;
            if (found.empty())
                found = not_finite("the gradient of generator.", shard.generator_gradient);
            if (found.empty())
                found = not_finite("the gradient of discriminator.", shard.discriminator_gradient);
            if (found.empty())
                found = not_finite("the gradient of pf_classifier.", work.pf.gradient);
        }
        return found.empty() ? "weights and gradients are finite: a sum overflows" : found;
    }

    /// A step of an optimiser. If the gradient is not finite, the message says where, and whether
    /// that is because a weight is not.
    template <typename Model>
    double take_step(Optimiser<Scalar>& optimiser, Model& model, Model& gradient, double step_size,
                     const char* net) const {
        try {
            return optimiser.step(model, gradient, step_size, net, threads_);
        } catch (const NumericalError& error) {
            const std::string weight = bad_weight();
            fail<NumericalError>(place(), ", ", error.what(), weight.empty() ? "" : " (", weight,
                                 weight.empty() ? "" : ")");
        }
    }
};

}  // namespace mgan::inline MGAN_ABI
