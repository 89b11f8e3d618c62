#pragma once
/// \file
/// One shard of an adversarial step (section 3.1.3 of the paper, equations (3) to (5)).
///
///     1.  generated = G(z), free running;  real = crops of the data
///     2.  D learns:  -log D(real) - log(1 - D(generated)),
///         plus what its slope costs (models/gradient_penalty.hpp), if it costs something
///     3.  G learns through the *updated* D:  -log D(generated)  or  log(1 - D(generated)),
///         plus feature matching, plus the pretraining loss if it goes on
///
/// D's optimiser stands between 2 and 3, and so does a barrier: all shards pass
/// `discriminator_pass` before the first enters `generator_pass`. Both use the songs of 1.

#include <mgan/layers/feature_matching.hpp>
#include <mgan/layers/loss.hpp>
#include <mgan/models/gradient_penalty.hpp>
#include <mgan/training/discriminator_view.hpp>
#include <mgan/training/losses.hpp>
#include <mgan/training/pretraining_step.hpp>

namespace mgan::inline MGAN_ABI {

/// The memory of one shard of an adversarial step, reused from step to step.
template <typename Scalar>
struct AdversarialShard {
    ShardInputs<Scalar> inputs;
    CodecFeedback<Scalar> feedback;
    typename Generator<Scalar>::Cache
        generated_cache;  ///< of the free run; holds the generated events
    typename Generator<Scalar>::Cache teacher_cache;  ///< of the teacher-forced pass
    Sequence<Scalar> real_input, generated_input;
    typename Discriminator<Scalar>::Cache real_input_cache, generated_input_cache;
    Vector<Scalar> d_decision;
    Sequence<Scalar> d_input, d_event, d_teacher, d_features;
    Matrix<Scalar> pooled_real, pooled_generated, d_pooled;
    Generator<Scalar> generator_gradient;
    Discriminator<Scalar> discriminator_gradient;
    DiscriminatorPenalty<Scalar> penalty;  ///< empty where D's slope costs nothing
    Sequence<Scalar> mixed_input;
    Index first_song = 0;  ///< place of the shard's first song in the batch
    Losses losses;
};

/// What does not change between the shards of a step.
template <typename Scalar>
struct AdversarialStep {
    const AdversarialSettings& settings;
    PretrainLoss pretrain_loss;
    DiscriminatorView view;
    const encoding::Codec& codec;
    Index batch;  ///< songs of the whole batch
    const DiscriminatorSettings& discriminator;
    const Random& mix;  ///< places between real and generated songs, one for each song
};

/// Part 1: the generated songs, and D's inputs from them and from the real ones.
template <typename Scalar>
void generate_songs(const Generator<Scalar>& generator, const AdversarialStep<Scalar>& step,
                    AdversarialShard<Scalar>& shard) {
    shard.feedback.reset(shard.inputs.styles);
    const Sequence<Scalar>& generated = generator.forward(
        shard.inputs.generator_noise(), shard.inputs.first, shard.generated_cache, shard.feedback);
    step.view.show(generated.view(), step.codec, shard.generated_input);
    step.view.show(std::as_const(shard.inputs.target).view(), step.codec, shard.real_input);
}

/// What D's slope costs, as the settings say: adds its gradient. (`loss_d` does not count it.)
template <typename Scalar>
void penalty_pass(const Discriminator<Scalar>& discriminator, const AdversarialStep<Scalar>& step,
                  AdversarialShard<Scalar>& shard) {
    const auto batch = static_cast<double>(step.batch);
    const auto real = std::as_const(shard.real_input).view();
    if (step.discriminator.r1 > 0.0) {
        shard.penalty.add(GradientPenalty::r1, step.discriminator.r1 / (2.0 * batch), discriminator,
                          real, shard.discriminator_gradient, &shard.real_input_cache);
    }
    if (step.discriminator.gradient_penalty > 0.0) {
        const auto place = [&](Index b) {
            return step.mix.uniform(static_cast<std::uint64_t>(shard.first_song + b));
        };
        mix_songs<Scalar>(real, std::as_const(shard.generated_input).view(), place,
                          shard.mixed_input);
        shard.penalty.add(GradientPenalty::wgan_gp, step.discriminator.gradient_penalty / batch,
                          discriminator, std::as_const(shard.mixed_input).view(),
                          shard.discriminator_gradient);
    }
}

/// Part 2: D's losses and, if `learn`, its gradient, added to `shard.discriminator_gradient`.
template <typename Scalar>
void discriminator_pass(const Discriminator<Scalar>& discriminator,
                        const AdversarialStep<Scalar>& step, AdversarialShard<Scalar>& shard,
                        bool learn) {
    const double share = 1.0 / static_cast<double>(step.batch);
    const auto pass = [&](const Sequence<Scalar>& view,
                          typename Discriminator<Scalar>::Cache& cache, bool real) {
        const Vector<Scalar>& decision = discriminator.forward(view.view(), cache);
        shard.d_decision.resize(decision.size());
        const double label = real ? 1.0 - step.settings.label_smoothing : 0.0;
        for (Index b = 0; b < decision.size(); ++b) {
            const LossValue<Scalar> loss =
                cross_entropy(decision(b), static_cast<RealOf<Scalar>>(label));
            shard.d_decision(b) = Scalar(static_cast<RealOf<Scalar>>(share)) * loss.derivative;
            const double d = static_cast<double>(real_part(decision(b)));
            shard.losses.loss_d += share * static_cast<double>(real_part(loss.value));
            (real ? shard.losses.d_real : shard.losses.d_fake) += share * d;
            if (real == (d > 0.5)) shard.losses.accuracy += 0.5 * share;
        }
        if (learn)
            discriminator.backward(shard.d_decision, {}, cache, shard.discriminator_gradient);
    };
    pass(shard.real_input, shard.real_input_cache, true);
    pass(shard.generated_input, shard.generated_input_cache, false);
    if (learn) penalty_pass(discriminator, step, shard);
}

namespace adversarial_detail {

/// Feature matching on the discriminator's features s: loss, and ds in shard.d_features ([T, B,
/// 2H]).
template <typename Scalar>
double match_features(const Discriminator<Scalar>& discriminator,
                      const AdversarialStep<Scalar>& step, AdversarialShard<Scalar>& shard) {
    discriminator.forward(std::as_const(shard.real_input).view(), shard.real_input_cache);
    const SequenceView<const Scalar> real = shard.real_input_cache.features;
    const SequenceView<const Scalar> generated = shard.generated_input_cache.features;
    shard.d_features.resize(generated.steps(), generated.batch(), generated.features());
    shard.d_features.set_zero();
    const double songs_share =
        static_cast<double>(generated.batch()) / static_cast<double>(step.batch);
    const auto weight =
        static_cast<RealOf<Scalar>>(step.settings.feature_matching_weight * songs_share);
    Scalar loss(0);
    if (step.settings.feature_matching == FeatureMatching::discriminator) {
        loss = paired_distance<Scalar>(
            real, generated,
            weight / static_cast<RealOf<Scalar>>(generated.steps() * generated.batch()),
            shard.d_features.view());
    } else {
        pool_over_time(real, shard.pooled_real);
        pool_over_time(generated, shard.pooled_generated);
        loss = step.settings.feature_matching == FeatureMatching::batch_mean
                   ? mean_distance<Scalar>(shard.pooled_real, shard.pooled_generated, weight,
                                           shard.d_pooled)
                   : energy_distance<Scalar>(shard.pooled_real, shard.pooled_generated, weight,
                                             shard.d_pooled);
        pool_over_time_backward(shard.d_pooled, shard.d_features.view());
    }
    return static_cast<double>(real_part(loss));
}

}  // namespace adversarial_detail

/// Part 3: G's losses and, if `learn`, its gradient, added to `shard.generator_gradient`.
/// `d_heard`, [T, B, F] or empty: the PF classifier's gradient by the events.
template <typename Scalar>
void generator_pass(const Generator<Scalar>& generator, const Discriminator<Scalar>& discriminator,
                    const AdversarialStep<Scalar>& step, AdversarialShard<Scalar>& shard,
                    bool learn, SequenceView<const Scalar> d_heard = {}) {
    const AdversarialSettings& settings = step.settings;
    const double share = 1.0 / static_cast<double>(step.batch);
    const Sequence<Scalar>& generated = shard.generated_cache.event;

    const Vector<Scalar>& decision = discriminator.forward(
        std::as_const(shard.generated_input).view(), shard.generated_input_cache);
    shard.d_decision.resize(decision.size());
    for (Index b = 0; b < decision.size(); ++b) {
        const LossValue<Scalar> loss = generator_loss(decision(b), settings.loss);
        shard.d_decision(b) =
            Scalar(static_cast<RealOf<Scalar>>(share * settings.loss_weight)) * loss.derivative;
        shard.losses.loss_g += share * static_cast<double>(real_part(loss.value));
        shard.losses.loss_non_saturating +=
            share * static_cast<double>(real_part(negative_log(decision(b)).value));
    }
    if (!learn) return;

    SequenceView<const Scalar> d_features;
    const bool inside = settings.feature_matching != FeatureMatching::none &&
                        settings.feature_matching != FeatureMatching::output &&
                        settings.feature_matching_weight > 0.0;
    if (inside) {
        shard.losses.loss_feature_matching +=
            adversarial_detail::match_features(discriminator, step, shard);
        d_features = std::as_const(shard.d_features).view();
    }
    shard.d_input.resize(generated.steps(), generated.batch(), shard.generated_input.features());
    discriminator.backward_through(shard.d_decision, shard.d_input.view(),
                                   shard.generated_input_cache, d_features);
    shard.d_event.resize(generated.steps(), generated.batch(), generated.features());
    shard.d_event.all() = shard.d_input.all().topRows(generated.features());  // straight-through
    if (!d_heard.empty()) shard.d_event.all() += d_heard.all();
    if (settings.feature_matching == FeatureMatching::output) {
        const double weight =
            settings.feature_matching_weight * share / static_cast<double>(generated.steps());
        shard.losses.loss_feature_matching += static_cast<double>(real_part(
            paired_distance<Scalar>(std::as_const(shard.inputs.target).view(), generated.view(),
                                    static_cast<RealOf<Scalar>>(weight), shard.d_event.view())));
    }
    generator.backward(std::as_const(shard.d_event).view(), shard.generated_cache,
                       shard.generator_gradient, settings.through_feedback);
    if (settings.pretrain_weight > 0.0) {
        shard.losses.loss_pretrain +=
            pretraining_pass(generator, shard.inputs, step.pretrain_loss,
                             step.batch * generated.steps(), settings.pretrain_weight, true,
                             shard.teacher_cache, shard.d_teacher, shard.generator_gradient);
    }
}

}  // namespace mgan::inline MGAN_ABI
