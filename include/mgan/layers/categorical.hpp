#pragma once
/// \file
/// A head that chooses: from logits to probabilities, a loss, and a value for every level z.
///
/// A column of logits a has one number for each value of a category. With a temperature tau > 0,
///
///     p_v = exp(a_v / tau) / sum_i exp(a_i / tau)                               (1)
///     log p_v = a_v / tau - log sum_i exp(a_i / tau)                            (2)
///
/// The largest a_i is subtracted first: the quotient stays what it is, and no exponential exceeds
/// 1. A logit of `kMasked` (minus infinity) forbids its value: its probability is exactly 0, and so
/// is its gradient.
///
/// The loss of a column whose true value is v is -log p_v. One p_v depends on every logit,
///
///     dp_v/da_i = p_v ([i = v] - p_i) / tau            the Jacobian of the softmax
///     d(-log p_v)/da_i = -1/p_v dp_v/da_i = (p_i - [i = v]) / tau               (3)
///
/// so the gradient of logits is "what is claimed minus what is true", and p_v cancels: nothing is
/// divided by a small probability.
///
/// To *choose*, put the values in their order and add up,
///
///     F(v) = p_0 + ... + p_v,      F(-1) = 0                                    (4)
///     F^-1(z) = the v with F(v - 1) <= z < F(v)                                 (5)
///
///       z = 0     0.2    0.3               0.9   1
///         |--------|------|------------------|---|       p = 0.2  0.1  0.6  0.1
///         |  v = 0 |  1   |        2         | 3 |       z = 0.5 falls to v = 2
///
/// (5) is the quantile function of the choice, a staircase over [0, 1). A uniform z falls on step v
/// with probability p_v, so uniform noise is all that a song needs, and (5) makes an event of it
/// without another random number. Backwards, the value of an event says that its z lay in
/// [F(v - 1), F(v)): `interval`. Both compare z with the same doubles, so they agree to the bit.
/// docs/step-quantiles.md derives it.

#include <mgan/core/error.hpp>
#include <mgan/tensor/matrix.hpp>

#include <cmath>
#include <limits>
#include <span>

namespace mgan::inline MGAN_ABI {

/// The logit of a value that must not be chosen.
template <typename Scalar>
inline constexpr RealOf<Scalar> kMasked = -std::numeric_limits<RealOf<Scalar>>::infinity();

namespace categorical_detail {

/// max and log of the sum of exponentials of one column of logits / tau. `peak` is -infinity where
/// every value is masked.
template <typename Scalar>
struct Normaliser {
    RealOf<Scalar> peak;  ///< max_i a_i, undivided
    Scalar log_sum;       ///< log sum_i exp((a_i - peak) / tau)
};

template <typename Scalar>
[[nodiscard]] bool masked(const Scalar& logit) noexcept {
    return real_part(logit) == kMasked<Scalar>;
}

template <typename Scalar>
[[nodiscard]] Normaliser<Scalar> normaliser(const ConstMatrixRef<Scalar>& logits, Index j,
                                            RealOf<Scalar> inverse) {
    using std::exp, std::log;
    RealOf<Scalar> peak = kMasked<Scalar>;
    for (Index i = 0; i < logits.rows(); ++i)
        if (real_part(logits(i, j)) > peak) peak = real_part(logits(i, j));
    Scalar sum(0);
    for (Index i = 0; i < logits.rows(); ++i)
        if (!masked(logits(i, j))) sum += exp((logits(i, j) - peak) * inverse);
    return {peak, log(sum)};
}

template <typename Scalar>
void check(const char* where, const ConstMatrixRef<Scalar>& logits, Index rows, Index cols,
           RealOf<Scalar> temperature) {
    require<ShapeError>(rows == logits.rows() && cols == logits.cols(), where, ": logits are ",
                        logits.rows(), " x ", logits.cols(), ", the result is ", rows, " x ", cols);
    require<ConfigError>(temperature > 0, where, ": a temperature of ", temperature,
                         "; it must be above 0");
}

}  // namespace categorical_detail

/// Equation (2), column by column; masked values get minus infinity. logits, y: values x N; y may
/// be logits. In every column at least one value is not masked. Throws ShapeError, ConfigError.
template <typename Scalar>
void log_softmax(const ConstMatrixRef<Scalar>& logits, MatrixRef<Scalar> y,
                 RealOf<Scalar> temperature = 1) {
    namespace detail = categorical_detail;
    detail::check<Scalar>("log_softmax", logits, y.rows(), y.cols(), temperature);
    const RealOf<Scalar> inverse = RealOf<Scalar>(1) / temperature;
    for (Index j = 0; j < logits.cols(); ++j) {
        const detail::Normaliser<Scalar> of = detail::normaliser<Scalar>(logits, j, inverse);
        for (Index i = 0; i < logits.rows(); ++i) {
            const Scalar logit = logits(i, j);
            y(i, j) = detail::masked(logit) ? Scalar(kMasked<Scalar>)
                                            : (logit - of.peak) * inverse - of.log_sum;
        }
    }
}

/// The gradient of logits, given that of (2): da_i = (dy_i - p_i sum_v dy_v) / tau. y: what
/// `log_softmax` gave; dy, d_logits: values x N, d_logits written, may be dy. Masked values count
/// as if dy were 0 there.
template <typename Scalar>
void log_softmax_backward(const ConstMatrixRef<Scalar>& y, const ConstMatrixRef<Scalar>& dy,
                          MatrixRef<Scalar> d_logits, RealOf<Scalar> temperature = 1) {
    using std::exp;
    namespace detail = categorical_detail;
    detail::check<Scalar>("log_softmax_backward", y, dy.rows(), dy.cols(), temperature);
    detail::check<Scalar>("log_softmax_backward", y, d_logits.rows(), d_logits.cols(), temperature);
    const RealOf<Scalar> inverse = RealOf<Scalar>(1) / temperature;
    for (Index j = 0; j < y.cols(); ++j) {
        Scalar sum(0);
        for (Index i = 0; i < y.rows(); ++i)
            if (!detail::masked(y(i, j))) sum += dy(i, j);
        for (Index i = 0; i < y.rows(); ++i) {
            d_logits(i, j) =
                detail::masked(y(i, j)) ? Scalar(0) : inverse * (dy(i, j) - exp(y(i, j)) * sum);
        }
    }
}

/// Equation (1), column by column; masked values get exactly 0. logits, p: values x N; p may be
/// logits. In every column at least one value is not masked. Throws ShapeError, ConfigError.
template <typename Scalar>
void softmax(const ConstMatrixRef<Scalar>& logits, MatrixRef<Scalar> p,
             RealOf<Scalar> temperature = 1) {
    using std::exp;
    log_softmax<Scalar>(logits, p, temperature);
    for (Index j = 0; j < p.cols(); ++j) {
        for (Index i = 0; i < p.rows(); ++i)
            p(i, j) = categorical_detail::masked(p(i, j)) ? Scalar(0) : exp(p(i, j));
    }
}

/// Cross-entropy of logits: the sum over columns of weight (-log p_target), as the losses of
/// layers/loss.hpp. logits, d_logits: values x N, d_logits written by (3); targets: N, -1 for a
/// column that does not count. Throws ShapeError (also for a target that is not among the values),
/// ConfigError, and NumericalError where a target is masked: its loss would be infinite.
template <typename Scalar>
[[nodiscard]] Scalar softmax_cross_entropy(const ConstMatrixRef<Scalar>& logits,
                                           std::span<const Index> targets, RealOf<Scalar> weight,
                                           MatrixRef<Scalar> d_logits,
                                           RealOf<Scalar> temperature = 1) {
    using std::exp;
    namespace detail = categorical_detail;
    detail::check<Scalar>("softmax_cross_entropy", logits, d_logits.rows(), d_logits.cols(),
                          temperature);
    require<ShapeError>(static_cast<Index>(targets.size()) == logits.cols(),
                        "softmax_cross_entropy: ", targets.size(), " targets for ", logits.cols(),
                        " columns");
    const RealOf<Scalar> inverse = RealOf<Scalar>(1) / temperature;
    Scalar sum(0);
    for (Index j = 0; j < logits.cols(); ++j) {
        const Index target = targets[static_cast<std::size_t>(j)];
        require<ShapeError>(target >= -1 && target < logits.rows(),
                            "softmax_cross_entropy: column ", j, " has the target ", target,
                            ", there are ", logits.rows(), " values");
        if (target == -1) {
            d_logits.col(j).setZero();
            continue;
        }
        require<NumericalError>(!detail::masked(logits(target, j)),
                                "softmax_cross_entropy: the target ", target, " of column ", j,
                                " is masked");
        const detail::Normaliser<Scalar> of = detail::normaliser<Scalar>(logits, j, inverse);
        // p_target - 1 is minus the sum of the others: as a difference it would have no digits left
        // once the net is sure.
        Scalar others(0);
        for (Index i = 0; i < logits.rows(); ++i) {
            const Scalar log_p = (logits(i, j) - of.peak) * inverse - of.log_sum;
            if (i == target) {
                sum -= log_p;
                continue;
            }
            const Scalar p = detail::masked(logits(i, j)) ? Scalar(0) : exp(log_p);
            others += p;
            d_logits(i, j) = weight * inverse * p;
        }
        d_logits(target, j) = -weight * inverse * others;
    }
    return weight * sum;
}

/// The part [begin, end) of [0, 1) that belongs to a value; empty where begin == end.
struct LevelInterval {
    double begin = 0.0;
    double end = 0.0;

    [[nodiscard]] bool empty() const noexcept { return !(begin < end); }
    [[nodiscard]] bool contains(double z) const noexcept { return begin <= z && z < end; }
    /// The level at `share` of the way, share in [0, 1); always inside, if the part is not empty. A
    /// uniform share makes a z that is uniform among those that give the value.
    [[nodiscard]] double at(double share) const noexcept {
        const double z = begin + share * (end - begin);
        return z < end ? z : std::nextafter(end, begin);
    }
};

namespace categorical_detail {

/// Calls function(v, c_v) for the sums c_v = w_0 + ... + w_v of weights w_i = exp((a_i - peak) /
/// tau), masked ones 0, until it returns false. Always in double and in one order: a value has the
/// same part of [0, 1) whoever asks.
template <typename Derived, typename Function>
double accumulate(const Eigen::DenseBase<Derived>& logits, double inverse,
                  Function&& function) noexcept {
    const auto at = [&](Index i) { return static_cast<double>(logits.derived().coeff(i)); };
    double peak = kMasked<double>;
    for (Index i = 0; i < logits.size(); ++i)
        if (at(i) > peak) peak = at(i);
    double sum = 0.0;
    for (Index i = 0; i < logits.size(); ++i) {
        const double logit = at(i);
        if (logit != kMasked<double>) sum += std::exp((logit - peak) * inverse);
        if (!function(i, sum)) break;
    }
    return sum;
}

template <typename Derived>
double total(const Eigen::DenseBase<Derived>& logits, double inverse) noexcept {
    return accumulate(logits, inverse, [](Index, double) { return true; });
}

}  // namespace categorical_detail

/// Equation (5): the value whose part of the cumulative softmax of `logits` (a vector of real
/// numbers) holds z. z in [0, 1); below, it counts as 0, above, as the largest level there is. A
/// value that is masked, or whose probability is 0 in double, is never chosen. Returns -1 if there
/// is no other, or a logit is NaN or plus infinity. Allocates nothing.
template <typename Derived>
[[nodiscard]] Index quantile(const Eigen::DenseBase<Derived>& logits, double z,
                             double temperature = 1.0) noexcept {
    namespace detail = categorical_detail;
    const double inverse = 1.0 / temperature;
    const double total = detail::total(logits, inverse);
    if (!(total > 0.0)) return -1;
    Index chosen = -1;
    double before = 0.0;
    detail::accumulate(logits, inverse, [&](Index v, double sum) {
        if (sum > before) chosen = v;  // a step of the staircase; the last one takes z >= 1
        before = sum;
        return !(chosen == v && z < sum / total);
    });
    return chosen;
}

/// The reverse of (5): the levels z for which `quantile` gives `value`, [F(value - 1), F(value)).
/// The intervals of all values lie side by side and cover [0, 1). Empty for a value that is masked,
/// or not among the values. Allocates nothing.
template <typename Derived>
[[nodiscard]] LevelInterval interval(const Eigen::DenseBase<Derived>& logits, Index value,
                                     double temperature = 1.0) noexcept {
    namespace detail = categorical_detail;
    const double inverse = 1.0 / temperature;
    const double total = detail::total(logits, inverse);
    LevelInterval result;
    if (!(total > 0.0) || value < 0 || value >= logits.size()) return result;
    double before = 0.0;
    detail::accumulate(logits, inverse, [&](Index v, double sum) {
        if (v == value) result = {before / total, sum / total};
        before = sum;
        return v < value;
    });
    return result;
}

}  // namespace mgan::inline MGAN_ABI
