#pragma once
/// \file
/// Dual numbers apart and together again: n of them lie in memory as
///
///     v0 d0 v1 d1 v2 d2 ...            and are computed as     v0 v1 v2 ...
///                                                              d0 d1 d2 ...
///
/// since the vector kernels of plain numbers then serve values and derivatives alike.

#include <mgan/tensor/dual.hpp>
#include <mgan/tensor/kernels/vector.hpp>

#include <cstddef>
#include <cstring>
#include <utility>

namespace mgan::inline MGAN_ABI::kernels {

#if defined(MGAN_COMPILER_VECTORS) && defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)  // gcc 12 and clang
#define MGAN_SHUFFLES
#endif
#endif

#if defined(MGAN_SHUFFLES)
namespace dual_vector_detail {
template <typename Vec, int Offset, std::size_t... I>
[[nodiscard]] inline Vec every_second(Vec low, Vec high, std::index_sequence<I...>) noexcept {
    return __builtin_shufflevector(low, high, (2 * static_cast<int>(I) + Offset)...);
}
template <typename Vec, int First, std::size_t... I>
[[nodiscard]] inline Vec in_turn(Vec values, Vec slopes, std::index_sequence<I...>) noexcept {
    constexpr int kWidth = static_cast<int>(sizeof...(I));
    return __builtin_shufflevector(
        values, slopes,
        (First + static_cast<int>(I) / 2 + (static_cast<int>(I) % 2 == 0 ? 0 : kWidth))...);
}
}  // namespace dual_vector_detail
#endif

/// Dual numbers of one register of plain ones.
template <typename Real>
inline constexpr Index kDualWidth = kVectorBytes / static_cast<int>(sizeof(Real));

/// values_i, slopes_i = the two parts of x_i, 0 <= i < n. Returns whether any slope is not 0.
template <typename Real>
inline bool take_apart(const Dual<Real>* x, Real* values, Real* slopes, Index n) noexcept {
    Index i = 0;
    bool moves = false;
#if defined(MGAN_SHUFFLES)
    constexpr Index kWidth = kDualWidth<Real>;
    using Vec = typename VectorOf<Real, int{kWidth}>::Type;
    constexpr auto kIndices = std::make_index_sequence<std::size_t{kWidth}>();
    Vec any{};
    for (; i + kWidth <= n; i += kWidth) {
        Vec low, high;
        std::memcpy(&low, &x[i].value, sizeof(Vec));
        std::memcpy(&high, &x[i + kWidth / 2].value, sizeof(Vec));
        const Vec value = dual_vector_detail::every_second<Vec, 0>(low, high, kIndices);
        const Vec slope = dual_vector_detail::every_second<Vec, 1>(low, high, kIndices);
        any = slope != Vec{} ? Vec{} + Real(1) : any;
        std::memcpy(values + i, &value, sizeof(Vec));
        std::memcpy(slopes + i, &slope, sizeof(Vec));
    }
    for (Index lane = 0; lane < kWidth; ++lane) moves |= any[lane] != Real(0);
#endif
    for (; i < n; ++i) {
        values[i] = x[i].value;
        slopes[i] = x[i].derivative;
        moves |= slopes[i] != Real(0);
    }
    return moves;
}

/// x_i = values_i + slopes_i e.
template <typename Real>
inline void put_together(const Real* values, const Real* slopes, Dual<Real>* x, Index n) noexcept {
    Index i = 0;
#if defined(MGAN_SHUFFLES)
    constexpr Index kWidth = kDualWidth<Real>;
    using Vec = typename VectorOf<Real, int{kWidth}>::Type;
    constexpr auto kIndices = std::make_index_sequence<std::size_t{kWidth}>();
    for (; i + kWidth <= n; i += kWidth) {
        Vec value, slope;
        std::memcpy(&value, values + i, sizeof(Vec));
        std::memcpy(&slope, slopes + i, sizeof(Vec));
        const Vec low = dual_vector_detail::in_turn<Vec, 0>(value, slope, kIndices);
        const Vec high = dual_vector_detail::in_turn<Vec, int{kWidth / 2}>(value, slope, kIndices);
        std::memcpy(&x[i].value, &low, sizeof(Vec));
        std::memcpy(&x[i + kWidth / 2].value, &high, sizeof(Vec));
    }
#endif
    for (; i < n; ++i) x[i] = {values[i], slopes[i]};
}

/// A chunk (gates.hpp) of dual numbers: a chunk of values, one of derivatives. `Plain` is a vector
/// of the compiler, or an array of Eigen.
template <typename Real, typename Plain>
struct DualChunk {
    Plain value;
    Plain slope;

    friend DualChunk operator-(const DualChunk& a) noexcept { return {-a.value, -a.slope}; }
    friend DualChunk operator+(const DualChunk& a, const DualChunk& b) noexcept {
        return {a.value + b.value, a.slope + b.slope};
    }
    friend DualChunk operator-(const DualChunk& a, const DualChunk& b) noexcept {
        return {a.value - b.value, a.slope - b.slope};
    }
    friend DualChunk operator*(const DualChunk& a, const DualChunk& b) noexcept {
        return {a.value * b.value, a.value * b.slope + a.slope * b.value};
    }
    friend DualChunk operator+(const DualChunk& a, const Dual<Real>& b) noexcept {
        return {a.value + b.value, a.slope + b.derivative};
    }
    friend DualChunk operator-(const DualChunk& a, const Dual<Real>& b) noexcept {
        return {a.value - b.value, a.slope - b.derivative};
    }
    friend DualChunk operator*(const DualChunk& a, const Dual<Real>& b) noexcept {
        return {a.value * b.value, a.value * b.derivative + a.slope * b.value};
    }
    [[nodiscard]] Dual<Real> operator[](Index lane) const noexcept {
        return {value[lane], slope[lane]};
    }
};

}  // namespace mgan::inline MGAN_ABI::kernels

#undef MGAN_SHUFFLES
