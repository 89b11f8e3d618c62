#pragma once
/// \file
/// Losses, each with its derivative in the same pass.
///
/// Every function returns its share of the loss and writes the derivative. The caller gives
/// `weight`, what one column counts (1 / (B T) for a mean over songs and steps): a batch is
/// computed in shards, and a shard does not know the size of the batch.
///
/// The two regression losses differ in what the best constant answer is: the mean (squared error),
/// or the z-quantile (pinball). A net that is trained on the mean and then fed its own answers
/// drifts to a single note; a net that is trained on random quantiles *samples*.

#include <mgan/layers/activation.hpp>
#include <mgan/layers/loss_settings.hpp>
#include <mgan/tensor/matrix.hpp>

#include <algorithm>
#include <cmath>

namespace mgan::inline MGAN_ABI {

/// Squared error, equation (2) of the paper: sum over columns of weight |y - target|^2.
/// y, target, dy: F x N; dy = 2 weight (y - target) is written.
template <typename Scalar>
[[nodiscard]] Scalar squared_error(const ConstMatrixRef<Scalar>& y,
                                   const ConstMatrixRef<Scalar>& target, RealOf<Scalar> weight,
                                   MatrixRef<Scalar> dy) {
    Scalar sum(0);
    for (Index j = 0; j < y.cols(); ++j) {
        for (Index i = 0; i < y.rows(); ++i) {
            const Scalar e = y(i, j) - target(i, j);
            sum += e * e;
            dy(i, j) = RealOf<Scalar>(2) * weight * e;
        }
    }
    return weight * sum;
}

/// Pinball (quantile) loss with a level of its own for every entry (Koenker and Bassett 1978; with
/// a random level: implicit quantile networks, Dabney et al. 2018):
///
///     e = target - y,    L = max(z e, (z - 1) e)
///     dy = -z if e > 0,    1 - z if e < 0,    0 if e = 0
///
/// y, target, level (z in (0, 1)), dy: F x N. The mean over the F features is taken.
template <typename Scalar>
[[nodiscard]] Scalar pinball(const ConstMatrixRef<Scalar>& y, const ConstMatrixRef<Scalar>& target,
                             const ConstMatrixRef<Scalar>& level, RealOf<Scalar> weight,
                             MatrixRef<Scalar> dy) {
    Scalar sum(0);
    const RealOf<Scalar> entry_weight = weight / static_cast<RealOf<Scalar>>(y.rows());
    for (Index j = 0; j < y.cols(); ++j) {
        for (Index i = 0; i < y.rows(); ++i) {
            const Scalar e = target(i, j) - y(i, j);
            const Scalar z = level(i, j);
            const RealOf<Scalar> sign = real_part(e);
            const Scalar slope = sign > 0 ? z : z - Scalar(1);
            sum += slope * e;
            dy(i, j) = sign == 0 ? Scalar(0) : Scalar(-entry_weight * slope);
        }
    }
    return entry_weight * sum;
}

/// Arguments of logarithms are kept at or above this.
inline constexpr double kLogFloor = 1e-7;

/// A loss of one probability and its derivative.
template <typename Scalar>
struct LossValue {
    Scalar value;
    Scalar derivative;
};

/// -log(max(p, floor)); the derivative is that of the clamped function (0 below the floor).
template <typename Scalar>
[[nodiscard]] LossValue<Scalar> negative_log(const Scalar& p) {
    using std::log;
    const auto floor = static_cast<RealOf<Scalar>>(kLogFloor);
    if (real_part(p) < floor) return {-log(Scalar(floor)), Scalar(0)};
    return {-log(p), Scalar(-1) / p};
}

/// The discriminator's loss of one song, d = D(song) in (0, 1), for a label in [0, 1]: 1 real, 0
/// generated, 0.9 a smoothed "real" (Salimans et al. 2016). -label log d - (1 - label) log(1 - d).
template <typename Scalar>
[[nodiscard]] LossValue<Scalar> cross_entropy(const Scalar& d, RealOf<Scalar> label) {
    const LossValue<Scalar> yes = negative_log(d);
    const LossValue<Scalar> no = negative_log(Scalar(Scalar(1) - d));
    return {label * yes.value + (RealOf<Scalar>(1) - label) * no.value,
            label * yes.derivative - (RealOf<Scalar>(1) - label) * no.derivative};
}

/// The generator's loss of one generated song, d = D(y).
template <typename Scalar>
[[nodiscard]] LossValue<Scalar> generator_loss(const Scalar& d, GeneratorLoss kind) {
    switch (kind) {  // no default: the compiler names a kind that has no line here
        case GeneratorLoss::non_saturating:
            return negative_log(d);
        case GeneratorLoss::saturating:
            break;
    }
    const LossValue<Scalar> no = negative_log(Scalar(Scalar(1) - d));  // log(1 - d) = -no
    return {-no.value, no.derivative};
}

/// `cross_entropy` of d = sigmoid(a), by the logit a: label softplus(-a) + (1 - label) softplus(a).
/// Nothing to clamp and no digit lost, however sure the classifier is; the derivative by a is
/// d - label.
template <typename Scalar>
[[nodiscard]] LossValue<Scalar> logit_cross_entropy(const Scalar& a, RealOf<Scalar> label) {
    return {label * softplus(Scalar(-a)) + (RealOf<Scalar>(1) - label) * softplus(a),
            sigmoid(a) - label};
}

/// `generator_loss` of d = sigmoid(a), by the logit a: log(1 - d) = -softplus(a), or
/// -log d = softplus(-a).
template <typename Scalar>
[[nodiscard]] LossValue<Scalar> logit_generator_loss(const Scalar& a, GeneratorLoss kind) {
    switch (kind) {  // no default, as above
        case GeneratorLoss::saturating:
            return {-softplus(a), -sigmoid(a)};
        case GeneratorLoss::non_saturating:
            break;
    }
    return {softplus(Scalar(-a)), sigmoid(a) - Scalar(1)};
}

/// The relativistic loss (Jolicoeur-Martineau 2018): which of two songs is the real one? Over all
/// pairs of n real and n generated songs,
///
///     L = weight / n  sum over i, j <= n of  softplus(-(a_i - a_{n+j}))
///     da_i     -= weight / n  sum over j of  sigmoid(-(a_i - a_{n+j}))
///     da_{n+j} += weight / n  sum over i of  the same
///
/// It is least at a = log p_real / p_generated, as `logit_cross_entropy` is, but leaves open what
/// all logits have in common. a, da (written): 1 x 2n, the real songs first.
template <typename Scalar>
[[nodiscard]] Scalar relativistic_loss(const ConstMatrixRef<Scalar>& a, RealOf<Scalar> weight,
                                       MatrixRef<Scalar> da) {
    const Index n = a.cols() / 2;
    const RealOf<Scalar> each = weight / static_cast<RealOf<Scalar>>(n);
    Scalar sum(0);
    da.setZero();
    for (Index i = 0; i < n; ++i) {
        for (Index j = n; j < 2 * n; ++j) {
            const LossValue<Scalar> loss =
                logit_cross_entropy(Scalar(a(0, i) - a(0, j)), RealOf<Scalar>(1));
            sum += loss.value;
            da(0, i) += each * loss.derivative;
            da(0, j) -= each * loss.derivative;
        }
    }
    return each * sum;
}

}  // namespace mgan::inline MGAN_ABI
