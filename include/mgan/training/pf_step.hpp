#pragma once
/// \file
/// The PF classifier F in one shard of an adversarial step (section 3.3.3, equations (6) and (7)).
///
/// F works beside the discriminator D. G learns from both:
///
///     L_{D,F} = L_D + lambda ( -log F(x) - log(1 - F(G(z))) )                               (7)
///     L_{G,F} = L_G + lambda log(1 - F(G(z)))           or  - lambda log F(G(z))            (6)
///
/// (6) has the form of L_G (`adversarial.loss`), and `adversarial.loss_weight` scales both parts. D
/// and F share no weights, so (7) separates: each learns from its own part with its own optimiser.
/// In (7) lambda then only scales F's step; it stays, as in the paper.
///
///     1.  hear          real and generated songs -> spectra, after `generate_songs`
///     2.  F learns      beside D
///     3.  G learns      through the *updated* F: logit -> spectrum -> sound -> notes -> events
///
/// The wide layer's gradient is formed once for all shards, in blocks of rows: `wide_gradients`.
///
/// Songs that are drawn from lists have no gradient: what F teaches there is in step_minibatch.hpp.

#include <mgan/core/parallel.hpp>
#include <mgan/hearing/ear.hpp>
#include <mgan/layers/loss.hpp>
#include <mgan/models/pf_classifier.hpp>
#include <mgan/training/adversarial_step.hpp>

#include <memory>

namespace mgan::inline MGAN_ABI {

/// What F works with in one shard. Memory is reused from step to step.
template <typename Scalar>
struct HeardShard {
    Matrix<Scalar> real, generated;  ///< spectra, I x B
    typename PfClassifier<Scalar>::Cache real_cache, generated_cache;
    PfHead<Scalar> gradient;  ///< of F without its wide layer
    Matrix<Scalar> d_logit;
};

/// And what G learns from it, where songs have a gradient.
template <typename Scalar>
struct PfShard : HeardShard<Scalar> {
    std::unique_ptr<Ear<Scalar>> ear;
    Matrix<Scalar> d_features, d_spectrum;
    Matrix<Scalar> none;       ///< stays empty: no gradient of the features
    Sequence<Scalar> d_event;  ///< gradient of F's part by the generated events, [T, B, F]
};

/// Part 1. The generated songs come last, so that the ear remembers them.
template <typename Scalar>
void hear_songs(const AdversarialShard<Scalar>& songs, PfShard<Scalar>& shard) {
    shard.ear->listen(std::as_const(songs.inputs.target).view(), shard.real);
    shard.ear->listen(std::as_const(songs.generated_cache.event).view(), shard.generated);
}

/// Part 2 for a batch of `batch` songs: F's losses, added to, and, if `learn`, lambda times its
/// gradient, added to `shard.gradient`; the wide layer's stays in the caches.
template <typename Scalar>
void pf_classifier_pass(const PfClassifier<Scalar>& classifier, const AdversarialSettings& settings,
                        Index batch, HeardShard<Scalar>& shard, Losses& losses, bool learn) {
    using Real = RealOf<Scalar>;
    const double share = 1.0 / static_cast<double>(batch);
    const auto weight = static_cast<Real>(settings.lambda * share);
    const auto pass = [&](const Matrix<Scalar>& spectra,
                          typename PfClassifier<Scalar>::Cache& cache, bool real) {
        const Matrix<Scalar>& logit = classifier.forward(spectra, cache);
        shard.d_logit.resize(1, logit.cols());
        const auto label = static_cast<Real>(real ? 1.0 - settings.label_smoothing : 0.0);
        for (Index b = 0; b < logit.cols(); ++b) {
            const LossValue<Scalar> loss = logit_cross_entropy(logit(0, b), label);
            shard.d_logit(0, b) = weight * loss.derivative;
            const auto f = static_cast<double>(real_part(sigmoid(logit(0, b))));
            losses.f_loss += share * static_cast<double>(real_part(loss.value));
            (real ? losses.f_real : losses.f_fake) += share * f;
            if (real == (f > 0.5)) losses.f_accuracy += 0.5 * share;
        }
        if (learn) classifier.backward_head(shard.d_logit, cache, shard.gradient);
    };
    pass(shard.real, shard.real_cache, true);
    pass(shard.generated, shard.generated_cache, false);
}

/// Part 3: F's part of G's loss (into songs.losses) and, if `learn`, lambda times its gradient by
/// the generated events in `shard.d_event`.
template <typename Scalar>
void pf_generator_pass(const PfClassifier<Scalar>& classifier, const AdversarialStep<Scalar>& step,
                       bool feature_matching, AdversarialShard<Scalar>& songs,
                       PfShard<Scalar>& shard, bool learn) {
    using Real = RealOf<Scalar>;
    const AdversarialSettings& settings = step.settings;
    const double share = 1.0 / static_cast<double>(step.batch);
    const auto weight = static_cast<Real>(settings.lambda * settings.loss_weight * share);
    const Matrix<Scalar>& logit = classifier.forward(shard.generated, shard.generated_cache);
    shard.d_logit.resize(1, logit.cols());
    for (Index b = 0; b < logit.cols(); ++b) {
        const LossValue<Scalar> loss = logit_generator_loss(logit(0, b), settings.loss);
        shard.d_logit(0, b) = weight * loss.derivative;
        songs.losses.f_loss_g += share * static_cast<double>(real_part(loss.value));
        songs.losses.f_loss_non_saturating +=
            share * static_cast<double>(real_part(softplus(Scalar(-logit(0, b)))));
    }
    if (!learn) return;
    if (feature_matching) {
        // The songs' distribution inside F, as `energy` of feature_matching.hpp compares it.
        classifier.forward(shard.real, shard.real_cache);
        const double songs_share = share * static_cast<double>(logit.cols());
        songs.losses.f_loss_feature_matching +=
            static_cast<double>(real_part(energy_distance<Scalar>(
                shard.real_cache.features(), shard.generated_cache.features(),
                static_cast<Real>(settings.lambda * settings.feature_matching_weight * songs_share),
                shard.d_features)));
    }
    shard.d_spectrum.resize(shard.generated.rows(), shard.generated.cols());
    classifier.backward_through(shard.d_logit, shard.d_spectrum, shard.generated_cache,
                                feature_matching ? shard.d_features : shard.none);
    const Sequence<Scalar>& generated = songs.generated_cache.event;
    shard.d_event.resize(generated.steps(), generated.batch(), generated.features());
    shard.d_event.set_zero();
    shard.ear->backward(shard.d_spectrum, shard.d_event.view());
}

/// The wide layer's gradient of all shards, written: blocks of rows side by side, in each the
/// shards in their order, so that threads change no bit.
template <typename Scalar, typename ShardAt>
void wide_gradients(Index shards, const ShardAt& shard_at, int threads, Dense<Scalar>& gradient) {
    constexpr Index kRows = 64;
    const Index rows = gradient.weight.rows();
    parallel_for(shard_count(rows, kRows), threads, [&](std::ptrdiff_t block) {
        const Index begin = block * kRows, count = std::min(kRows, rows - begin);
        gradient.weight.middleRows(begin, count).setZero();
        gradient.bias.segment(begin, count).setZero();
        for (Index i = 0; i < shards; ++i) {
            const HeardShard<Scalar>& shard = shard_at(i);
            PfClassifier<Scalar>::wide_gradient(shard.real, shard.real_cache, begin, count,
                                                gradient);
            PfClassifier<Scalar>::wide_gradient(shard.generated, shard.generated_cache, begin,
                                                count, gradient);
        }
    });
}

}  // namespace mgan::inline MGAN_ABI
