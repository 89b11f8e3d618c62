#pragma once
/// \file
/// The softmax of one column of scores, and its derivative.
///
///     p_j = exp(s_j - m) / l,     m = max_j s_j,     l = sum_j exp(s_j - m)
///
/// Subtracting the maximum m changes nothing in exact arithmetic (numerator and denominator share
/// the factor e^-m), but without it exp overflows at scores of 89 (float). With it the largest
/// exponential is 1, and no score is too large.
///
/// Backward: one p_j depends on every s_i, dp_j/ds_i = p_j ([i = j] - p_i), so that
///
///     ds_j = p_j (dp_j - sum_i p_i dp_i)
///
/// Scores lie in a column of which only [begin, end) counts (the steps that a step may see). Bits
/// do not depend on how many others are computed, or where a window begins: exponentials are taken
/// by whole vectors, and entry j is always added in lane j mod 16.

#include <mgan/tensor/matrix.hpp>

#include <algorithm>
#include <type_traits>

namespace mgan::inline MGAN_ABI::kernels {

/// Columns of weights start at a cache line and have a multiple of this many entries.
inline constexpr Index kSoftmaxLanes = 16;

[[nodiscard]] constexpr Index lanes_floor(Index n) noexcept {
    return n / kSoftmaxLanes * kSoftmaxLanes;
}
[[nodiscard]] constexpr Index lanes_ceil(Index n) noexcept {
    return lanes_floor(n + kSoftmaxLanes - 1);
}

/// Entries [lanes_floor(begin), lanes_ceil(end)) of a column, as whole vectors.
template <typename Scalar>
using LaneArray = Eigen::Map<Eigen::Array<Scalar, Eigen::Dynamic, 1>, Eigen::Aligned64>;
template <typename Scalar>
[[nodiscard]] LaneArray<Scalar> lanes_of(Scalar* column, Index begin, Index end) noexcept {
    return {column + lanes_floor(begin), lanes_ceil(end) - lanes_floor(begin)};
}

/// Sets the entries of those vectors that lie outside [begin, end) to `value`.
template <typename Scalar>
void fill_outside(Scalar* column, Index begin, Index end, Scalar value) noexcept {
    std::fill(column + lanes_floor(begin), column + begin, value);
    std::fill(column + end, column + lanes_ceil(end), value);
}

/// What the backward pass needs to compute p again from s, to the bit.
template <typename Scalar>
struct SoftmaxScale {
    Scalar peak;         ///< m, a real number
    Scalar inverse_sum;  ///< 1 / l
};

/// s[begin, end) := p, given m and 1 / l; what lies outside, up to whole vectors, becomes 0.
template <typename Scalar>
void softmax_apply(Scalar* column, Index begin, Index end,
                   const SoftmaxScale<Scalar>& scale) noexcept {
    fill_outside(column, begin, end, scale.peak);
    LaneArray<Scalar> values = lanes_of(column, begin, end);
    values = (values - scale.peak).exp() * scale.inverse_sum;
    fill_outside(column, begin, end, Scalar(0));
}

/// s[begin, end) := p; begin < end. The column starts at a cache line and reaches at least to
/// lanes_ceil(end).
template <typename Scalar>
SoftmaxScale<Scalar> softmax(Scalar* column, Index begin, Index end) noexcept {
    RealOf<Scalar> peak = real_part(column[begin]);
    if constexpr (!std::is_floating_point_v<Scalar>) {
        for (Index j = begin + 1; j < end; ++j) peak = std::max(peak, real_part(column[j]));
    } else {
        fill_outside(column, begin, end, peak);
        peak = lanes_of(column, begin, end).maxCoeff();
    }
    SoftmaxScale<Scalar> scale{Scalar(peak), Scalar(1)};
    softmax_apply(column, begin, end, scale);
    Scalar sums[kSoftmaxLanes] = {};
    LaneArray<Scalar> values = lanes_of(column, begin, end);
    for (Index j = 0; j < values.size(); j += kSoftmaxLanes)
        for (Index lane = 0; lane < kSoftmaxLanes; ++lane) sums[lane] += values(j + lane);
    for (Index half = kSoftmaxLanes / 2; half > 0; half /= 2)
        for (Index lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
    scale.inverse_sum = Scalar(1) / sums[0];
    values *= scale.inverse_sum;
    return scale;
}

/// dp[begin, end) := factor * ds, given p (zero outside [begin, end)); outside, ds is 0 as well.
template <typename Scalar>
void softmax_backward(const Scalar* p, Scalar* dp, Index begin, Index end, Scalar factor) noexcept {
    fill_outside(dp, begin, end, Scalar(0));
    const Eigen::Map<const Eigen::Array<Scalar, Eigen::Dynamic, 1>, Eigen::Aligned64> weights(
        p + lanes_floor(begin), lanes_ceil(end) - lanes_floor(begin));
    LaneArray<Scalar> values = lanes_of(dp, begin, end);
    const Scalar mean = (weights * values).sum();
    values = factor * weights * (values - mean);
}

}  // namespace mgan::inline MGAN_ABI::kernels
