#pragma once
/// \file
/// Gradient penalties of a discriminator: its slope is part of what it is trained for.
///
/// A discriminator that tells real from generated songs perfectly has slopes as steep as it likes,
/// and what the generator learns from it is noise. So let D pay for its slope. With l(x) the logit
/// of a song (below) and g_b = dl/dx_b, all T F entries of it for song b,
///
///     R1         gamma/2  1/B sum_b |g_b|^2            at real songs                          (1)
///     WGAN-GP    lambda   1/B sum_b (|g_b| - 1)^2      between real and generated ones:       (2)
///                         x = u real + (1 - u) generated,  u uniform, one for each song
///
/// The gradient of such a penalty by the parameters W is one of a function of gradients,
///
///     dP/dW  =  sum_b v_b^T  dg_b/dW,        v_b = dP/dg_b:   gamma/B g_b,  or
///                                                     2 lambda/B (1 - 1/|g_b|) g_b            (3)
///
/// in which dg/dW is a block of the Hessian of l, as large as all songs times all weights. But only
/// its product with v is wanted, and because second derivatives may be swapped, that is the
/// derivative of dl/dW when x moves along v:
///
///     dP/dW  =  d/de  dl/dW (x + v e)                                                         (4)
///
/// So: one pass forward and back for g, and one of dual numbers at x + v e for (4), in which the
/// backward pass written by hand differentiates itself (tensor/dual.hpp). Exact, through time.
///
/// What l and x are:
///   - The discriminator on features: l is the mean over time of the logits a_t; x is what D
///     reads, [T, B, F], with the rows of `pitch_class` if D is shown them.
///   - The one that answers after every event: l is the mean over time of l_t, without dropout; x
///     is what equation (1) of step_discriminator.hpp reads, the embedded inputs with the flags
///     and numbers beside them. sets_t stand still. Embeddings are part of x: the penalty moves
///     them, too.
///
/// With the minibatch deviation, songs of a shard see each other, and l is the sum over them.
///
/// Sources: L. Mescheder et al., "Which training methods for GANs do actually converge?" (2018);
/// I. Gulrajani et al., "Improved training of Wasserstein GANs" (2017).

#include <mgan/layers/dual_parameters.hpp>
#include <mgan/models/discriminator.hpp>
#include <mgan/models/step_discriminator.hpp>

#include <cmath>

namespace mgan::inline MGAN_ABI {

/// Which of (1) and (2).
enum class GradientPenalty { r1, wgan_gp };

/// slopes: g, [T, B, F], becomes v of (3) for  weight sum_b |g_b|^2  or  weight sum_b (|g_b|-1)^2;
/// returns that sum.
template <typename Scalar>
double penalise_slopes(GradientPenalty kind, double weight, SequenceView<Scalar> slopes) {
    double penalty = 0.0;
    for (Index b = 0; b < slopes.batch(); ++b) {
        double square = 0.0;
        for (Index t = 0; t < slopes.steps(); ++t)
            square += slopes.step(t).col(b).template cast<double>().squaredNorm();
        const double length = std::sqrt(square);
        double factor = 2.0 * weight;
        if (kind == GradientPenalty::r1) {
            penalty += weight * square;
        } else {
            penalty += weight * (length - 1.0) * (length - 1.0);
            factor = length > 0.0 ? 2.0 * weight * (1.0 - 1.0 / length) : 0.0;
        }
        for (Index t = 0; t < slopes.steps(); ++t)
            slopes.step(t).col(b) *= static_cast<Scalar>(factor);
    }
    return penalty;
}

/// x + v e.
template <typename Scalar>
void move_along(SequenceView<const Scalar> x, SequenceView<const Scalar> v,
                Sequence<Dual<Scalar>>& dual) {
    dual.resize(x.steps(), x.batch(), x.features());
    for (Index t = 0; t < x.steps(); ++t) {
        for (Index b = 0; b < x.batch(); ++b) {
            const Scalar* const value = x.step(t).col(b).data();
            const Scalar* const slope = v.step(t).col(b).data();
            Dual<Scalar>* const to = dual.step(t).col(b).data();
            for (Index f = 0; f < x.features(); ++f) to[f] = {value[f], slope[f]};
        }
    }
}

/// u_b real_b + (1 - u_b) generated_b, song by song.
template <typename Scalar, typename Uniform>
void mix_songs(SequenceView<const Scalar> real, SequenceView<const Scalar> generated,
               const Uniform& u, Sequence<Scalar>& mixed) {
    mixed.resize(real.steps(), real.batch(), real.features());
    for (Index b = 0; b < real.batch(); ++b) {
        const auto share = static_cast<Scalar>(u(b));
        for (Index t = 0; t < real.steps(); ++t)
            mixed.step(t).col(b) =
                share * real.step(t).col(b) + (Scalar(1) - share) * generated.step(t).col(b);
    }
}

/// The penalty of `Discriminator`, with the memory that it takes. One for each thread.
template <typename Scalar>
class DiscriminatorPenalty {
public:
    /// P = weight sum_b ... of `penalise_slopes` at x, [T, B, F]: gamma/2B or lambda/B. dP/dW is
    /// added to `gradients`. Returns P. `forwarded`: the cache of a `forward` of x by this net,
    /// which then need not be done again; or null.
    double add(GradientPenalty kind, double weight, const Discriminator<Scalar>& net,
               SequenceView<const Scalar> x, Discriminator<Scalar>& gradients,
               typename Discriminator<Scalar>::Cache* forwarded = nullptr) {
        const auto share = RealOf<Scalar>(1) / static_cast<RealOf<Scalar>>(x.steps());
        slopes_.resize(x.steps(), x.batch(), x.features());
        seed_.resize(x.steps(), x.batch(), 1);
        seed_.all().setConstant(Scalar(share));
        if (forwarded == nullptr) (void)net.forward(x, *(forwarded = &cache_));
        net.backward_logits(std::as_const(seed_).view(), slopes_.view(), *forwarded, nullptr);
        const double penalty = penalise_slopes<Scalar>(kind, weight, slopes_.view());

        if (parameter_count(dual_net_) == 0)
            dual_net_ = dual_gradients_ = Discriminator<Dual<Scalar>>(net.settings());
        set_dual(dual_net_, net);
        move_along<Scalar>(x, std::as_const(slopes_).view(), dual_x_);
        dual_seed_.resize(x.steps(), x.batch(), 1);
        dual_seed_.all().setConstant(Dual<Scalar>(share));
        (void)dual_net_.forward(std::as_const(dual_x_).view(), dual_cache_);
        set_zero(dual_gradients_);
        for (auto& layer : dual_cache_.bilstm.layers)
            layer.forward.derivatives_only = layer.backward.derivatives_only = true;
        dual_net_.backward_logits(std::as_const(dual_seed_).view(), {}, dual_cache_,
                                  &dual_gradients_);
        add_derivatives(dual_gradients_, Scalar(1), gradients);
        return penalty;
    }

private:
    Sequence<Scalar> slopes_, seed_;
    typename Discriminator<Scalar>::Cache cache_;
    Discriminator<Dual<Scalar>> dual_net_, dual_gradients_;
    Sequence<Dual<Scalar>> dual_x_, dual_seed_;
    typename Discriminator<Dual<Scalar>>::Cache dual_cache_;
};

/// The same of `StepDiscriminator`.
template <typename Scalar>
class StepDiscriminatorPenalty {
public:
    /// P at x, [T, B, inputs], with sets_t, a column for each event. dP/dW of all layers is added
    /// to `gradients`; dP/dx, for whoever embedded x, is left in `d_input()`. Returns P.
    double add(GradientPenalty kind, double weight, const StepDiscriminator<Scalar>& net,
               const Sequence<Scalar>& x, const ConstMatrixRef<Scalar>& sets,
               StepDiscriminator<Scalar>& gradients) {
        const auto share = RealOf<Scalar>(1) / static_cast<RealOf<Scalar>>(x.steps());
        seed_.resize(x.steps(), x.batch(), 1);
        seed_.all().setConstant(Scalar(share));
        cache_.input = x;
        (void)net.forward_input(sets, {}, cache_);
        net.backward_input(std::as_const(seed_).view(), {}, cache_, nullptr);
        const double penalty = penalise_slopes<Scalar>(kind, weight, cache_.d_input.view());

        if (parameter_count(dual_net_) == 0)
            dual_net_ = dual_gradients_ =
                StepDiscriminator<Dual<Scalar>>(net.shape(), net.config());
        set_dual(dual_net_, net);
        move_along<Scalar>(x.view(), std::as_const(cache_.d_input).view(), dual_cache_.input);
        dual_sets_ = sets.template cast<Dual<Scalar>>();
        dual_seed_.resize(x.steps(), x.batch(), 1);
        dual_seed_.all().setConstant(Dual<Scalar>(share));
        (void)dual_net_.forward_input(dual_sets_, {}, dual_cache_);
        set_zero(dual_gradients_);
        for (auto& layer : dual_cache_.lstm.layers) layer.derivatives_only = true;
        dual_net_.backward_input(std::as_const(dual_seed_).view(), {}, dual_cache_,
                                 &dual_gradients_);
        add_derivatives(dual_gradients_, Scalar(1), gradients);
        d_input_.resize(x.steps(), x.batch(), x.features());
        for (Index i = 0; i < d_input_.size(); ++i)
            d_input_.data()[i] = dual_cache_.d_input.data()[i].derivative;
        return penalty;
    }

    /// dP/dx of the last `add`, [T, B, inputs].
    [[nodiscard]] const Sequence<Scalar>& d_input() const noexcept { return d_input_; }

private:
    Sequence<Scalar> seed_, d_input_;
    typename StepDiscriminator<Scalar>::Cache cache_;
    StepDiscriminator<Dual<Scalar>> dual_net_, dual_gradients_;
    Matrix<Dual<Scalar>> dual_sets_;
    Sequence<Dual<Scalar>> dual_seed_;
    typename StepDiscriminator<Dual<Scalar>>::Cache dual_cache_;
};

}  // namespace mgan::inline MGAN_ABI
