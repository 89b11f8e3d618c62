#pragma once
/// \file
/// One shard of an adversarial step (section 3.1.3 of the paper, equations (3) to (5)).
///
///     1.  made  = G(z)                      free running; real = crops of the data
///     2.  D learns:  -log D(real) - log(1 - D(made))
///     3.  G learns through the *updated* D:  -log D(made) or log(1 - D(made)),
///         plus feature matching, plus the pretraining loss if it goes on
///
/// Between 2 and 3 stands the optimiser, and therefore a barrier: `discriminator_pass` and
/// `generator_pass` are called for all shards each. The songs made in 1 serve both.

#include <mgan/training/discriminator_view.hpp>
#include <mgan/training/pretraining_step.hpp>

namespace mgan::inline MGAN_ABI {

/// Losses and decisions of one shard; sums over its songs, divided by the songs of the whole batch.
struct AdversarialLosses {
    double discriminator = 0.0;   ///< L_D
    double generator = 0.0;       ///< L_G, the one that is minimised
    double non_saturating = 0.0;  ///< -log D(G(z)), always reported
    double feature_matching = 0.0;
    double pretrain = 0.0;
    double d_real = 0.0;    ///< D(real)
    double d_fake = 0.0;    ///< D(made)
    double accuracy = 0.0;  ///< share of songs on the right side of 1/2

    // Of the PF classifier F (pf_step.hpp), where there is one; none is multiplied by lambda.
    double f_loss = 0.0;            ///< -log F(x) - log(1 - F(G(z)))
    double f_generator = 0.0;       ///< F's part of L_{G,F}
    double f_non_saturating = 0.0;  ///< -log F(G(z))
    double f_matching = 0.0;        ///< feature matching inside F
    double f_real = 0.0;            ///< F(real)
    double f_fake = 0.0;            ///< F(made)
    double f_accuracy = 0.0;        ///< share of songs on the right side of 1/2

    AdversarialLosses& operator+=(const AdversarialLosses& other) noexcept {
        discriminator += other.discriminator;
        generator += other.generator;
        non_saturating += other.non_saturating;
        feature_matching += other.feature_matching;
        pretrain += other.pretrain;
        d_real += other.d_real;
        d_fake += other.d_fake;
        accuracy += other.accuracy;
        f_loss += other.f_loss;
        f_generator += other.f_generator;
        f_non_saturating += other.f_non_saturating;
        f_matching += other.f_matching;
        f_real += other.f_real;
        f_fake += other.f_fake;
        f_accuracy += other.f_accuracy;
        return *this;
    }
};

/// What one shard of an adversarial step works with. Memory is reused from step to step.
template <typename Scalar>
struct AdversarialShard {
    ShardInputs<Scalar> inputs;
    CodecFeedback<Scalar> feedback;
    typename Generator<Scalar>::Cache
        generated_cache;  ///< of the free run; holds the generated events
    typename Generator<Scalar>::Cache teacher_cache;  ///< of the teacher-forced pass
    Sequence<Scalar> real_view, generated_view;
    typename Discriminator<Scalar>::Cache real_cache, generated_view_cache;
    Vector<Scalar> d_decision;
    Sequence<Scalar> d_view, d_event, d_teacher, d_features;
    Matrix<Scalar> pooled_real, pooled_generated, d_pooled;
    Generator<Scalar> generator_gradient;
    Discriminator<Scalar> discriminator_gradient;
    AdversarialLosses losses;
};

/// What does not change between the shards of a step.
template <typename Scalar>
struct AdversarialStep {
    const AdversarialSettings& settings;
    PretrainLoss pretrain_loss;
    DiscriminatorView view;
    const encoding::Codec& codec;
    Index batch;  ///< songs of the whole batch
};

/// Part 1: the generated songs, and what D sees of them and of the real ones.
template <typename Scalar>
void make_songs(const Generator<Scalar>& generator, const AdversarialStep<Scalar>& step,
                AdversarialShard<Scalar>& shard) {
    shard.feedback.reset(shard.inputs.styles);
    const Sequence<Scalar>& generated = generator.forward(
        shard.inputs.generator_noise(), shard.inputs.first, shard.generated_cache, shard.feedback);
    step.view.show(generated.view(), step.codec, shard.generated_view);
    step.view.show(std::as_const(shard.inputs.target).view(), step.codec, shard.real_view);
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
            shard.losses.discriminator += share * static_cast<double>(real_part(loss.value));
            (real ? shard.losses.d_real : shard.losses.d_fake) += share * d;
            if (real == (d > 0.5)) shard.losses.accuracy += 0.5 * share;
        }
        if (learn)
            discriminator.backward(shard.d_decision, {}, cache, shard.discriminator_gradient);
    };
    pass(shard.real_view, shard.real_cache, true);
    pass(shard.generated_view, shard.generated_view_cache, false);
}

namespace adversarial_detail {

/// Feature matching on the discriminator's features s: loss, and ds in shard.d_features ([T, B,
/// 2H]).
template <typename Scalar>
double match_features(const Discriminator<Scalar>& discriminator,
                      const AdversarialStep<Scalar>& step, AdversarialShard<Scalar>& shard) {
    discriminator.forward(std::as_const(shard.real_view).view(), shard.real_cache);
    const SequenceView<const Scalar> real = shard.real_cache.features;
    const SequenceView<const Scalar> generated = shard.generated_view_cache.features;
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
/// `d_heard`, [T, B, F] or empty: what the PF classifier says about the events.
template <typename Scalar>
void generator_pass(const Generator<Scalar>& generator, const Discriminator<Scalar>& discriminator,
                    const AdversarialStep<Scalar>& step, AdversarialShard<Scalar>& shard,
                    bool learn, SequenceView<const Scalar> d_heard = {}) {
    const AdversarialSettings& settings = step.settings;
    const double share = 1.0 / static_cast<double>(step.batch);
    const Sequence<Scalar>& generated = shard.generated_cache.event;

    const Vector<Scalar>& decision = discriminator.forward(
        std::as_const(shard.generated_view).view(), shard.generated_view_cache);
    shard.d_decision.resize(decision.size());
    for (Index b = 0; b < decision.size(); ++b) {
        const LossValue<Scalar> loss = generator_loss(decision(b), settings.loss);
        shard.d_decision(b) =
            Scalar(static_cast<RealOf<Scalar>>(share * settings.loss_weight)) * loss.derivative;
        shard.losses.generator += share * static_cast<double>(real_part(loss.value));
        shard.losses.non_saturating +=
            share * static_cast<double>(real_part(negative_log(decision(b)).value));
    }
    if (!learn) return;

    SequenceView<const Scalar> d_features;
    const bool inside = settings.feature_matching != FeatureMatching::none &&
                        settings.feature_matching != FeatureMatching::output &&
                        settings.feature_matching_weight > 0.0;
    if (inside) {
        shard.losses.feature_matching +=
            adversarial_detail::match_features(discriminator, step, shard);
        d_features = std::as_const(shard.d_features).view();
    }
    shard.d_view.resize(generated.steps(), generated.batch(), shard.generated_view.features());
    discriminator.backward_through(shard.d_decision, shard.d_view.view(),
                                   shard.generated_view_cache, d_features);
    shard.d_event.resize(generated.steps(), generated.batch(), generated.features());
    shard.d_event.all() = shard.d_view.all().topRows(generated.features());  // straight-through
    if (!d_heard.empty()) shard.d_event.all() += d_heard.all();
    if (settings.feature_matching == FeatureMatching::output) {
        const double weight =
            settings.feature_matching_weight * share / static_cast<double>(generated.steps());
        shard.losses.feature_matching += static_cast<double>(real_part(
            paired_distance<Scalar>(std::as_const(shard.inputs.target).view(), generated.view(),
                                    static_cast<RealOf<Scalar>>(weight), shard.d_event.view())));
    }
    generator.backward(std::as_const(shard.d_event).view(), shard.generated_cache,
                       shard.generator_gradient, settings.through_feedback);
    if (settings.pretrain_weight > 0.0) {
        shard.losses.pretrain +=
            pretraining_pass(generator, shard.inputs, step.pretrain_loss,
                             step.batch * generated.steps(), settings.pretrain_weight, true,
                             shard.teacher_cache, shard.d_teacher, shard.generator_gradient);
    }
}

}  // namespace mgan::inline MGAN_ABI
