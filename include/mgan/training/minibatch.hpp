#pragma once
/// \file
/// One minibatch: shards, gradient sum, optimiser step.
///
///     inputs of each shard         batch.hpp; noise path for all shards at once: batch_noise.hpp
///     losses and gradients         pretraining_step.hpp, adversarial_step.hpp, pf_step.hpp
///     sums over the shards         shard_pool.hpp, always in their order
///     one step of each optimiser   optimisation/optimiser.hpp
///
/// Every random number is a function of the seed, a purpose and the place in the training, so these
/// steps keep no state: `nets` is all that they change. The object owns memory only, which is
/// reused from step to step.
///
/// `Trainer` (trainer.hpp) leads from minibatch to minibatch, through epochs and phases.

#include <mgan/generation/noise_range.hpp>
#include <mgan/training/batch_noise.hpp>
#include <mgan/training/diagnosis.hpp>
#include <mgan/training/epoch.hpp>
#include <mgan/training/pf_gradient.hpp>

#include <memory>
#include <utility>

namespace mgan::inline MGAN_ABI {

/// Who learns from a minibatch. The others rest: their losses are computed all the same.
struct Learning {
    bool generator = true;
    bool discriminator = true;
    bool pf_classifier = true;
};

/// The step sizes of a minibatch.
struct StepSizes {
    double generator = 0.0;
    double discriminator = 0.0;
    double pf_classifier = 0.0;
};

template <typename Scalar>
class Minibatch {
public:
    /// Refers to `settings`, `codec` and `ranks`. `ear`: that of the PF classifier, or null without
    /// one.
    Minibatch(const Settings& settings, const encoding::Codec& codec,
              const TrainingNets<Scalar>& nets, std::unique_ptr<Ear<Scalar>> ear, int threads,
              Communicator& ranks = one_process())
        : settings_(settings),
          codec_(codec),
          view_{settings.discriminator.quantise, settings.discriminator.pitch_class},
          has_pf_classifier_(ear != nullptr),
          shards_(settings.batch, settings.shard_songs, threads, ranks),
          noise_gradient_(nets.generator.net.noise_path) {
        for (ShardMemory<Scalar>& memory : shards_.all()) {
            AdversarialShard<Scalar>& shard = memory.adversarial;
            shard.generator_gradient = nets.generator.net;
            shard.generator_gradient.noise_path = {};  // noise_gradient_ is for all shards
            shard.discriminator_gradient = nets.discriminator.net;
            shard.feedback = CodecFeedback<Scalar>(codec, settings.encoding.context,
                                                   settings.discriminator.quantise);
        }
        if (!has_pf_classifier_) return;
        pf_gradient_ = PfGradient<Scalar>(nets.pf_classifier.net);
        for (ShardMemory<Scalar>& memory : shards_.all()) {
            memory.pf.ear = ear ? std::move(ear) : shards_.all().front().pf.ear->clone();
            memory.pf.gradient = nets.pf_classifier.net.head;
        }
    }

    /// The constants that the ear of the PF classifier was calibrated to; empty without one.
    [[nodiscard]] std::vector<double> ear_constants() const {
        return has_pf_classifier_ ? shards_.all().front().pf.ear->constants()
                                  : std::vector<double>{};
    }

    /// G learns by teacher forcing. Adds losses and gradient norm to `sums`.
    void pretrain(TrainingNets<Scalar>& nets, const Batch<Scalar>& batch, double step_size,
                  TrainingPlace place, EpochSums& sums) {
        const Generator<Scalar>& generator = nets.generator.net;
        const Index columns = batch.size() * batch.steps;
        prepare_noise(generator, batch);
        shards_.for_each(batch.size(), [&](Shard range, ShardMemory<Scalar>& memory) {
            AdversarialShard<Scalar>& shard = memory.adversarial;
            prepare_inputs(generator, batch, range, shard.inputs);
            set_zero(shard.generator_gradient);
            shard.losses = {};
            shard.losses.loss_pretrain = pretraining_pass(
                generator, shard.inputs, settings_.pretrain.loss, columns, 1.0, true,
                shard.teacher_cache, shard.d_teacher, shard.generator_gradient);
            if (!generator.noise_path.empty()) noise_.collect(range, shard.teacher_cache);
        });
        const Losses losses = sum_losses(batch.size());
        check_loss("the pretraining loss", losses.loss_pretrain, place, nets, shards_);
        sums.losses += losses;
        sums.gradient_g += learn_generator(nets, batch.size(), step_size, place);
    }

    /// D and F learn, G does not: parts 1 and 2 of adversarial_step.hpp and pf_step.hpp for all
    /// shards, and the steps of D and F. Adds their gradient norms to `sums`.
    void discriminator_half(TrainingNets<Scalar>& nets, const Batch<Scalar>& batch,
                            Learning learning, const StepSizes& sizes, TrainingPlace place,
                            EpochSums& sums) {
        prepare_noise(nets.generator.net, batch);
        const AdversarialStep<Scalar> step = adversarial_step(batch);
        shards_.for_each(batch.size(), [&](Shard range, ShardMemory<Scalar>& memory) {
            prepare_inputs(nets.generator.net, batch, range, memory.adversarial.inputs);
            memory.adversarial.losses = {};
            memory.adversarial.first_song = range.begin;
            judge(nets, step, memory, learning);
        });
        const Losses losses = sum_losses(batch.size());
        check_loss("the discriminator's loss", losses.loss_d, place, nets, shards_);
        check_loss("the PF classifier's loss", losses.f_loss, place, nets, shards_);
        if (has_pf_classifier_ && learning.pf_classifier)
            sums.gradient_f += take_step(
                nets.pf_classifier,
                pf_gradient_.sum(shards_, batch.size(),
                                 [](auto& memory) -> HeardShard<Scalar>& { return memory.pf; }),
                sizes.pf_classifier, "PF classifier", shards_.threads(), place, nets);
        if (!learning.discriminator) return;
        Discriminator<Scalar>& gradient = shards_.sum_gradients(
            batch.size(), [](ShardMemory<Scalar> & memory) -> auto& {
                return memory.adversarial.discriminator_gradient;
            });
        sums.gradient_d += take_step(nets.discriminator, gradient, sizes.discriminator,
                                     "discriminator", shards_.threads(), place, nets);
    }

    /// G learns from the songs of the `discriminator_half` before: part 3. Adds losses and gradient
    /// norm to `sums`, and returns the losses of the whole minibatch.
    Losses generator_half(TrainingNets<Scalar>& nets, const Batch<Scalar>& batch, Learning learning,
                          const StepSizes& sizes, TrainingPlace place, EpochSums& sums) {
        const AdversarialStep<Scalar> step = adversarial_step(batch);
        const bool collects = learning.generator && !nets.generator.net.noise_path.empty();
        shards_.for_each(batch.size(), [&](Shard range, ShardMemory<Scalar>& memory) {
            set_zero(memory.adversarial.generator_gradient);
            answer(nets, step, memory, learning.generator);
            if (!collects) return;
            noise_.collect(range, memory.adversarial.generated_cache);
            if (settings_.adversarial.pretrain_weight > 0.0)
                noise_.collect(range, memory.adversarial.teacher_cache);
        });
        const Losses losses = sum_losses(batch.size());
        const auto check = [&](const char* what, double loss) {
            check_loss(what, loss, place, nets, shards_);
        };
        check("the generator's loss", losses.loss_g);
        check("the feature matching loss", losses.loss_feature_matching);
        check("the generator's loss by the PF classifier", losses.f_loss_g);
        check("the feature matching loss of the PF classifier", losses.f_loss_feature_matching);
        if (learning.generator)
            sums.gradient_g += learn_generator(nets, batch.size(), sizes.generator, place);
        sums.losses += losses;
        return losses;
    }

    /// The losses of the nets on a batch from which nobody learns; without `judged`, that of
    /// pretraining only.
    [[nodiscard]] Losses validate(const TrainingNets<Scalar>& nets, const Batch<Scalar>& batch,
                                  bool judged) {
        constexpr Learning kNobody{false, false, false};
        const Generator<Scalar>& generator = nets.generator.net;
        const Index columns = batch.size() * batch.steps;
        prepare_noise(generator, batch);
        const AdversarialStep<Scalar> step = adversarial_step(batch);
        shards_.for_each(batch.size(), [&](Shard range, ShardMemory<Scalar>& memory) {
            AdversarialShard<Scalar>& shard = memory.adversarial;
            prepare_inputs(generator, batch, range, shard.inputs);
            shard.losses = {};
            shard.losses.loss_pretrain = pretraining_pass(
                generator, shard.inputs, settings_.pretrain.loss, columns, 1.0, false,
                shard.teacher_cache, shard.d_teacher, shard.generator_gradient);
            if (!judged) return;
            judge(nets, step, memory, kNobody);
            answer(nets, step, memory, false);
        });
        return sum_losses(batch.size());
    }

private:
    [[nodiscard]] Losses sum_losses(Index batch) {
        return shards_.sum_losses(batch, [](const ShardMemory<Scalar>& memory) -> const Losses& {
            return memory.adversarial.losses;
        });
    }
    [[nodiscard]] AdversarialStep<Scalar> adversarial_step(const Batch<Scalar>& batch) const {
        return {settings_.adversarial, settings_.pretrain.loss, view_,          codec_,
                batch.size(),          settings_.discriminator, batch.draws.mix};
    }

    /// The noise of a batch and, with a noise path, what it makes of it.
    void prepare_noise(const Generator<Scalar>& generator, const Batch<Scalar>& batch) {
        const GeneratorSettings& net = generator.settings();
        // A mapping network reads the noise of a whole song, even where the song is cut.
        const Index plane = net.mapping_layers > 0 ? settings_.length : batch.steps;
        const bool path = !generator.noise_path.empty();
        if (path) noise_.resize(plane, batch.size(), net.noise);
        shards_.for_each(batch.size(), [&](Shard range, ShardMemory<Scalar>& memory) {
            Sequence<Scalar>& z = memory.adversarial.inputs.noise;
            fill_noise(z, plane, net.noise, range, batch.size(), batch.draws.noise,
                       noise_range(settings_.pretrain));
            if (path) noise_.put(range, z);
        });
        if (!path) return;
        const Shard mine = shards_.own(batch.size());
        parallel_for(shards_.count(batch.size()), shards_.threads(), [&](std::ptrdiff_t index) {
            if (index >= mine.begin && index < mine.end) return;
            const Shard range = shards_.songs_of(batch.size(), index);  // of another rank
            Sequence<Scalar> z;
            fill_noise(z, plane, net.noise, range, batch.size(), batch.draws.noise,
                       noise_range(settings_.pretrain));
            noise_.put(range, z);
        });
        noise_.forward(generator, shards_.threads());
    }

    /// What else a shard needs, after `prepare_noise`.
    void prepare_inputs(const Generator<Scalar>& generator, const Batch<Scalar>& batch, Shard range,
                        ShardInputs<Scalar>& inputs) const {
        const GeneratorSettings& net = generator.settings();
        if (!generator.noise_path.empty()) noise_.get(range, inputs.w);
        fill_first(inputs.first, net.features, net.context, range, batch.draws.first);
        fill_crops(inputs, batch.source, batch.songs, batch.draws.crop, range, batch.steps, codec_,
                   settings_.encoding.context);
    }

    /// Parts 1 and 2 for one shard: the generated songs, and what D and F say of them.
    void judge(const TrainingNets<Scalar>& nets, const AdversarialStep<Scalar>& step,
               ShardMemory<Scalar>& memory, Learning learning) const {
        AdversarialShard<Scalar>& shard = memory.adversarial;
        if (learning.discriminator) set_zero(shard.discriminator_gradient);
        generate_songs(nets.generator.net, step, shard);
        discriminator_pass(nets.discriminator.net, step, shard, learning.discriminator);
        if (!has_pf_classifier_) return;
        hear_songs(shard, memory.pf);
        if (learning.pf_classifier) set_zero(memory.pf.gradient);
        pf_classifier_pass(nets.pf_classifier.net, settings_.adversarial, step.batch, memory.pf,
                           shard.losses, learning.pf_classifier);
    }

    /// Part 3 for one shard: what G learns from D and F.
    void answer(const TrainingNets<Scalar>& nets, const AdversarialStep<Scalar>& step,
                ShardMemory<Scalar>& memory, bool learn) const {
        SequenceView<const Scalar> d_heard;
        if (has_pf_classifier_) {
            pf_generator_pass(nets.pf_classifier.net, step, settings_.pf.feature_matching,
                              memory.adversarial, memory.pf, learn);
            if (learn) d_heard = std::as_const(memory.pf.d_event).view();
        }
        generator_pass(nets.generator.net, nets.discriminator.net, step, memory.adversarial, learn,
                       d_heard);
    }

    /// Sums the shards' generator gradients, and takes a step.
    double learn_generator(TrainingNets<Scalar>& nets, Index batch, double step_size,
                           TrainingPlace place) {
        Generator<Scalar>& gradient = shards_.sum_gradients(
            batch, [](ShardMemory<Scalar> & memory) -> auto& {
                return memory.adversarial.generator_gradient;
            });
        const Generator<Scalar>& generator = nets.generator.net;
        if (!generator.noise_path.empty()) {
            if (shards_.ranks().size() > 1)
                noise_.exchange([&](Matrix<Scalar>& dw) { shards_.gather_columns(batch, dw); });
            noise_.backward(generator, noise_gradient_, shards_.threads());
        }
        const LentNoisePath lent(gradient.noise_path, noise_gradient_);
        return take_step(nets.generator, gradient, step_size, "generator", shards_.threads(), place,
                         nets);
    }

    /// The noise path has one gradient for the whole batch. While this lives, it completes the
    /// gradient of a generator.
    struct LentNoisePath {
        LentNoisePath(NoisePath<Scalar>& to, NoisePath<Scalar>& from) : to_(to), from_(from) {
            std::swap(to_, from_);
        }
        ~LentNoisePath() { std::swap(to_, from_); }
        LentNoisePath(const LentNoisePath&) = delete;
        LentNoisePath& operator=(const LentNoisePath&) = delete;

    private:
        NoisePath<Scalar>&to_, &from_;
    };

    const Settings& settings_;
    const encoding::Codec& codec_;
    DiscriminatorView view_;
    bool has_pf_classifier_;
    ShardPool<ShardMemory<Scalar>> shards_;
    BatchNoise<Scalar> noise_;
    NoisePath<Scalar> noise_gradient_;
    PfGradient<Scalar> pf_gradient_;
};

}  // namespace mgan::inline MGAN_ABI
