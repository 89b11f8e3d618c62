#pragma once
/// \file
/// A transposed copy of a matrix.
///
///     a row of each       a0 a1 a2 a3         a0 b0 c0 d0
///     vector: four        b0 b1 b2 b3    ->   a1 b1 c1 d1
///     columns of A        c0 c1 c2 c3         a2 b2 c2 d2
///                         d0 d1 d2 d3         a3 b3 c3 d3
///
/// Number by number, one side is read or written across columns, each time in another cache line;
/// and where a column has a power of two of numbers, these lines compete for the same few places of
/// the cache. So blocks are transposed in registers: vectors that lie L/2 apart exchange halves,
/// then vectors L/4 apart quarters, and so on (L numbers a vector).

#include <mgan/tensor/kernels/vector.hpp>
#include <mgan/tensor/matrix.hpp>

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>

namespace mgan::inline MGAN_ABI::kernels {

#if defined(MGAN_LANE_SHUFFLES)

/// Numbers of one vector of a block. Vectors of 64 bytes gain nothing more.
template <typename Scalar>
inline constexpr int kTransposeLanes = std::min(kVectorBytes, 32) /
                                       static_cast<int>(sizeof(Scalar));

/// `a` and `b` lie `Apart` vectors apart, and exchange the lanes that do not belong to them: the
/// upper ones of each pair of `Apart` lanes of a, for the lower ones of b.
template <typename Vec, int Apart, int... Lane>
inline void exchange_lanes(Vec& a, Vec& b, std::integer_sequence<int, Lane...>) noexcept {
    constexpr int kSide = sizeof...(Lane);
    const Vec before = a;
    a = __builtin_shufflevector(before, b, ((Lane & Apart) == 0 ? Lane : Lane - Apart + kSide)...);
    b = __builtin_shufflevector(before, b, ((Lane & Apart) == 0 ? Lane + Apart : Lane + kSide)...);
}

/// All exchanges of vectors `Apart` apart, then of those half as far.
template <typename Vec, int Lanes, int Apart>
inline void transpose_lanes(Vec* block) noexcept {
    if constexpr (Apart > 0) {
        for (int i = 0; i < Lanes; ++i) {
            if ((i & Apart) != 0) continue;
            exchange_lanes<Vec, Apart>(block[i], block[i + Apart],
                                       std::make_integer_sequence<int, Lanes>());
        }
        transpose_lanes<Vec, Lanes, Apart / 2>(block);
    }
}

/// A square block of `kTransposeLanes` columns.
template <typename Scalar>
inline void transpose_block(const Scalar* a, Index a_stride, Scalar* result,
                            Index result_stride) noexcept {
    constexpr int kSide = kTransposeLanes<Scalar>;
    using Vec = typename VectorOf<Scalar, kSide>::Type;
    Vec block[std::size_t{kSide}];
    for (int i = 0; i < kSide; ++i) std::memcpy(&block[i], a + i * a_stride, sizeof(Vec));
    transpose_lanes<Vec, kSide, kSide / 2>(block);
    for (int i = 0; i < kSide; ++i) std::memcpy(result + i * result_stride, &block[i], sizeof(Vec));
}
#endif

/// result (columns x rows) = A^T, A: rows x columns; columns are contiguous on both sides, and lie
/// `stride` entries apart. Nothing is conjugated.
template <typename Scalar>
void transpose(const Scalar* a, Index a_stride, Scalar* result, Index result_stride, Index rows,
               Index columns) noexcept {
    Index rows_done = 0, columns_done = 0;
#if defined(MGAN_LANE_SHUFFLES)
    if constexpr (std::is_same_v<Scalar, float> || std::is_same_v<Scalar, double>) {
        constexpr Index kSide = kTransposeLanes<Scalar>;
        rows_done = rows - rows % kSide;
        columns_done = columns - columns % kSide;
        for (Index i = 0; i < rows_done; i += kSide) {
            for (Index j = 0; j < columns_done; j += kSide) {
                transpose_block(a + j * a_stride + i, a_stride, result + i * result_stride + j,
                                result_stride);
            }
        }
    }
#endif
    // What fills no block: the last columns, and the last rows of the others.
    for (Index j = 0; j < columns; ++j) {
        for (Index i = j < columns_done ? rows_done : 0; i < rows; ++i) {
            result[i * result_stride + j] = a[j * a_stride + i];
        }
    }
}

}  // namespace mgan::inline MGAN_ABI::kernels
