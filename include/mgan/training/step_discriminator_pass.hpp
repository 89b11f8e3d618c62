#pragma once
/// \file
/// How D learns in one shard of a minibatch with step heads: from the songs of a roll-out and as
/// many real ones, equation (3) of step_minibatch.hpp.

#include <mgan/layers/loss.hpp>
#include <mgan/training/step_shard.hpp>

#include <cstdint>
#include <span>
#include <utility>

namespace mgan::inline MGAN_ABI {

template <typename Scalar>
class StepDiscriminatorPass : public StepPass<Scalar> {
public:
    using StepPass<Scalar>::StepPass;

    /// Equation (3) for one shard of a roll-out of `rolled` songs, against as many crops of `real`:
    /// losses go to the shard, and, with `learns`, the gradient of D.
    void learn(const StepDiscriminator<Scalar>& net, const StepSongs& real,
               std::span<const std::size_t> songs, const StepDraw& draw, Shard range, Index rolled,
               bool learns, StepShard<Scalar>& shard) const {
        const Random crops(settings_.seed, draw.purpose, draw.number);
        const Index n = range.size(), columns = 2 * n, steps = settings_.length;
        fill_judged(real, songs, crops, range, shard);
        SequenceView<const Scalar> mask;
        const double rate = learns ? settings_.discriminator.dropout : 0.0;
        if (rate > 0.0) {
            Dropout<Scalar>(rate).draw(
                Random(settings_.seed, "step discriminator dropout", draw.number), 2 * range.begin,
                steps, columns, net.masked_size(), shard.mask);
            mask = std::as_const(shard.mask.mask).view();
        }
        const Sequence<Scalar>& logit =
            net.forward(shard.inputs, steps, columns, mask, shard.judged);
        shard.losses = {};
        if (settings_.discriminator.loss == DiscriminatorLoss::relativistic)
            compare_pairs(logit, rolled, shard);
        else
            judge_each(logit, rolled, shard);
        if (!learns) return;
        set_zero(shard.discriminator_gradient);
        net.backward(shard.inputs, std::as_const(shard.d_logit).view(), mask, shard.judged,
                     shard.discriminator_gradient);
        const Random mix(settings_.seed, "step penalty", draw.number);
        penalty_pass(net, mix, range, rolled, shard);
    }

private:
    using StepPass<Scalar>::settings_, StepPass<Scalar>::data_;

    /// Inputs of D: as many real crops as there are songs of the roll-out, and these behind them.
    void fill_judged(const StepSongs& real, std::span<const std::size_t> songs, const Random& crops,
                     Shard range, StepShard<Scalar>& shard) const {
        const Index n = range.size(), columns = 2 * n;
        shard.inputs.resize(data_.shape, settings_.length * columns);
        for (Index b = 0; b < n; ++b) {
            this->hear_crop(real, songs, crops, range.begin + b, StepReader::discriminator, b,
                            columns, shard);
            const auto own = static_cast<std::size_t>(b);
            this->hear(shard.played_starts[own], shard.played[own], StepReader::discriminator,
                       n + b, columns, shard);
        }
    }

    /// Cross-entropy of each of the 2n songs of a shard at each step, the real ones first: losses,
    /// and their gradient by the logits.
    static void judge_each(const Sequence<Scalar>& logit, Index rolled, StepShard<Scalar>& shard) {
        const Index steps = logit.steps(), columns = logit.batch();
        shard.d_logit.resize(steps, columns, 1);
        const double share = 1.0 / static_cast<double>(rolled);
        const double each = share / static_cast<double>(steps);
        for (Index t = 0; t < steps; ++t) {
            for (Index i = 0; i < columns; ++i) {
                const bool is_real = 2 * i < columns, last = t + 1 == steps;
                const double l = static_cast<double>(logit(t, i, 0));
                const LossValue<double> loss = logit_cross_entropy(l, is_real ? 1.0 : 0.0);
                shard.losses.loss_d += each * loss.value;
                if (!is_real) shard.losses.loss_non_saturating += each * softplus(-l);
                (is_real ? shard.losses.d_real : shard.losses.d_fake) += each * sigmoid(l);
                if (last && (l > 0.0) == is_real) shard.losses.accuracy += 0.5 * share;
                shard.d_logit(t, i, 0) = static_cast<Scalar>(each * loss.derivative);
            }
        }
    }

    /// The relativistic loss at each step. What D is said to give a song is then the mean
    /// probability of being the real one of a pair, and its accuracy the share of pairs in which
    /// it is right at the end.
    static void compare_pairs(const Sequence<Scalar>& logit, Index rolled,
                              StepShard<Scalar>& shard) {
        const Index steps = logit.steps(), n = logit.batch() / 2;
        shard.d_logit.resize(steps, 2 * n, 1);
        const double share = 1.0 / static_cast<double>(rolled);
        const double each = share / static_cast<double>(steps);
        for (Index t = 0; t < steps; ++t) {
            shard.losses.loss_d += static_cast<double>(relativistic_loss<Scalar>(
                logit.step(t), static_cast<RealOf<Scalar>>(each), shard.d_logit.step(t)));
            for (Index i = 0; i < n; ++i) {
                for (Index j = n; j < 2 * n; ++j) {
                    const double ahead =
                        static_cast<double>(logit(t, i, 0)) - static_cast<double>(logit(t, j, 0));
                    const double pair = 1.0 / static_cast<double>(n);
                    shard.losses.loss_non_saturating += each * pair * softplus(ahead);
                    shard.losses.d_real += each * pair * sigmoid(ahead);
                    shard.losses.d_fake += each * pair * sigmoid(-ahead);
                    if (t + 1 == steps && ahead > 0.0) shard.losses.accuracy += share * pair;
                }
            }
        }
    }

    /// What D's slope costs, as the settings say: adds its gradient. Real songs are the first n of
    /// the 2n that were judged. (`loss_d` does not count it.)
    void penalty_pass(const StepDiscriminator<Scalar>& net, const Random& mix, Shard range,
                      Index rolled, StepShard<Scalar>& shard) const {
        const DiscriminatorSettings& costs = settings_.discriminator;
        const Index n = range.size(), steps = settings_.length;
        const auto songs = static_cast<double>(rolled);
        const Sequence<Scalar>& input = shard.judged.input;  // [T, 2n, inputs]
        const auto add = [&](GradientPenalty kind, double weight, const auto& share_of_real) {
            shard.penalised.resize(steps, n, input.features());
            shard.penalised_sets.resize(data_.shape.sets, steps * n);
            const auto for_each_song = [&](const auto& visit) {
                for (Index b = 0; b < n; ++b) {
                    const auto u = static_cast<Scalar>(share_of_real(b));
                    for (Index t = 0; t < steps; ++t) visit(t, b, u, Scalar(1) - u);
                }
            };
            for_each_song([&](Index t, Index b, Scalar u, Scalar rest) {
                const Index real = 2 * n * t + b, generated = real + n;
                shard.penalised.step(t).col(b) =
                    u * input.all().col(real) + rest * input.all().col(generated);
                shard.penalised_sets.col(n * t + b) =
                    u * shard.inputs.sets.col(real) + rest * shard.inputs.sets.col(generated);
            });
            shard.penalty.add(kind, weight, net, shard.penalised, shard.penalised_sets,
                              shard.discriminator_gradient);
            // Back through the mixture to the embeddings.
            shard.d_embedded.resize(steps, 2 * n, input.features());
            const Sequence<Scalar>& d = shard.penalty.d_input();
            for_each_song([&](Index t, Index b, Scalar u, Scalar rest) {
                shard.d_embedded.step(t).col(b) = u * d.step(t).col(b);
                shard.d_embedded.step(t).col(n + b) = rest * d.step(t).col(b);
            });
            net.scatter_input(shard.inputs, std::as_const(shard.d_embedded).view(),
                              shard.discriminator_gradient);
        };
        if (costs.r1 > 0.0)
            add(GradientPenalty::r1, costs.r1 / (2.0 * songs), [](Index) { return 1.0; });
        if (costs.gradient_penalty > 0.0) {
            add(GradientPenalty::wgan_gp, costs.gradient_penalty / songs,
                [&](Index b) { return mix.uniform(static_cast<std::uint64_t>(range.begin + b)); });
        }
    }
};

}  // namespace mgan::inline MGAN_ABI
