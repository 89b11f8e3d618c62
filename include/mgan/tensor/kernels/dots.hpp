#pragma once
/// \file
/// Products with a transposed matrix, read where it lies.
///
///     C (M x N)  =  A^T (M x K) B (K x N),     c_ij = sum over k of a_ki b_kj
///
/// Every entry is a scalar product of two columns, and columns are contiguous: no copy of A^T is
/// needed. That pays where A is large and met with few columns of B at a time: the keys of an
/// attention (K x t, one query), or a square layer of 1000 x 1000 whose transpose would cost more
/// to write than to multiply.
///
///     lanes     0   1   ...  15 | 0   1   ...  15 | the last 16 rows once more, counted where new
///     a_k      [ ][ ] ... [ ]   |[ ][ ] ... [ ]   |   [ ]...[ ]
///     b_k       *  *        *      *                         each lane adds up its own products;
///               |  |        |                                then lane 0 + lane 8, 1 + 9, ...
///               +--+---+----+--> c
///
/// The order of the sum depends on K alone: an entry has the same bits whatever else is computed
/// beside it. Nothing is conjugated.

#include <mgan/tensor/kernels/gemm.hpp>

#include <utility>

namespace mgan::inline MGAN_ABI::kernels {

/// Columns of B that one tile covers, against four of A: 16 accumulators where there are registers.
inline constexpr int kDotColumns = kVectorRegisters >= 32 ? 4 : 2;

#if defined(MGAN_LANE_SHUFFLES)
#define MGAN_DOTS_UNROLL _Pragma("GCC unroll 16")

/// Vectors u and v, in which sums are spread over groups of `Lanes` lanes each, become one, in
/// which they are spread over half as many: those of u first, then those of v. Each lane of the
/// lower half of a group is added to its lane of the upper half.
template <typename Scalar, int Width, int Lanes, int... To>
[[nodiscard]] inline typename VectorOf<Scalar, Width>::Type add_halves(
    typename VectorOf<Scalar, Width>::Type u, typename VectorOf<Scalar, Width>::Type v,
    std::integer_sequence<int, To...>) noexcept {
    constexpr int kHalf = Lanes / 2;
    return __builtin_shufflevector(u, v, (To / kHalf * Lanes + To % kHalf)...) +
           __builtin_shufflevector(u, v, (To / kHalf * Lanes + To % kHalf + kHalf)...);
}

/// The sums of the lanes of `Count` vectors (a power of two), in their order: of each, the upper
/// half is added to the lower half, again and again. Two vectors at a time become one, so that no
/// lane is idle until there is one left.
///
///     u0 u1 u2 u3 | v0 v1 v2 v3   ->   u0+u2 u1+u3 v0+v2 v1+v3   ->   (u0+u2)+(u1+u3) ...
template <typename Scalar, int Width, int Count, int Lanes = Width, int Sums = Count>
inline void sums_of_lanes(typename VectorOf<Scalar, Width>::Type* vectors, Scalar* sums) noexcept {
    static_assert((Count & (Count - 1)) == 0, "vectors are folded in pairs");
    if constexpr (Lanes > 1) {
        constexpr auto kTo = std::make_integer_sequence<int, Width>();
        if constexpr (Count > 1) {
            MGAN_DOTS_UNROLL for (int i = 0; i < Count / 2; ++i) vectors[i] =
                add_halves<Scalar, Width, Lanes>(vectors[2 * i], vectors[2 * i + 1], kTo);
        } else {
            vectors[0] = add_halves<Scalar, Width, Lanes>(vectors[0], vectors[0], kTo);
        }
        sums_of_lanes<Scalar, Width, std::max(1, Count / 2), Lanes / 2, Sums>(vectors, sums);
    } else {
        std::memcpy(sums, vectors, std::size_t{Sums} * sizeof(Scalar));
    }
}

/// `Rows` columns of A against `Columns` columns of B; depth >= Width. `tail` holds, for each
/// column of B, its last Width entries with those set to zero that full vectors have counted
/// already.
template <typename Scalar, int Width, int Rows, int Columns>
inline void dots_tile(const Scalar* a, Index a_stride, const Scalar* b, Index b_stride,
                      const Scalar* tail, Scalar* c, Index c_stride, Index depth) noexcept {
    using Vec = typename VectorOf<Scalar, Width>::Type;
    Vec sum[std::size_t{Columns}][std::size_t{Rows}] = {};
    const auto add = [&](const Scalar* a_k, const Scalar* b_k, Index b_k_stride) {
        Vec right[std::size_t{Columns}];
        MGAN_DOTS_UNROLL for (int j = 0; j < Columns; ++j)
            std::memcpy(&right[j], b_k + j * b_k_stride, sizeof(Vec));
        MGAN_DOTS_UNROLL for (int i = 0; i < Rows; ++i) {
            Vec left;
            std::memcpy(&left, a_k + i * a_stride, sizeof(Vec));
            MGAN_DOTS_UNROLL for (int j = 0; j < Columns; ++j) sum[j][i] =
                multiply_add<Scalar, Width>(left, right[j], sum[j][i]);
        }
    };
    Index k = 0;
    for (; k + Width <= depth; k += Width) add(a + k, b + k, b_stride);
    if (k < depth) add(a + (depth - Width), tail, Width);
    Scalar sums[std::size_t{Columns}][std::size_t{Rows}];
    sums_of_lanes<Scalar, Width, Columns * Rows>(&sum[0][0], &sums[0][0]);
    MGAN_DOTS_UNROLL for (int j = 0; j < Columns; ++j)
        std::memcpy(c + j * c_stride, sums[j], sizeof(sums[j]));
}

/// `Rows` columns of A against `columns` of B, a tile at a time.
template <typename Scalar, int Width, int Rows>
inline void dots_panel(const Scalar* a, Index a_stride, const Scalar* b, Index b_stride,
                       const Scalar* tails, Scalar* c, Index c_stride, Index columns,
                       Index depth) noexcept {
    Index j = 0;
    for (; j + kDotColumns <= columns; j += kDotColumns) {
        dots_tile<Scalar, Width, Rows, kDotColumns>(a, a_stride, b + j * b_stride, b_stride,
                                                    tails + j * Width, c + j * c_stride, c_stride,
                                                    depth);
    }
    for (; j < columns; ++j) {
        dots_tile<Scalar, Width, Rows, 1>(a, a_stride, b + j * b_stride, b_stride,
                                          tails + j * Width, c + j * c_stride, c_stride, depth);
    }
}

/// Vectors no longer than the columns: halves the width until one fits. A, the larger operand, is
/// read once for every `kMostColumns` columns of B.
template <typename Scalar, int Width>
inline void dots_fast(const Scalar* a, Index a_stride, const Scalar* b, Index b_stride, Scalar* c,
                      Index c_stride, Index rows, Index columns, Index depth) noexcept {
    if constexpr (Width > 1) {
        if (depth < Width) {
            dots_fast<Scalar, Width / 2>(a, a_stride, b, b_stride, c, c_stride, rows, columns,
                                         depth);
            return;
        }
    }
    constexpr Index kMostColumns = 32;
    const Index rest = depth % Width;
    for (Index first = 0; first < columns; first += kMostColumns) {
        const Index count = std::min(kMostColumns, columns - first);
        const Scalar* b_chunk = b + first * b_stride;
        Scalar* c_chunk = c + first * c_stride;
        Scalar tails[std::size_t{kMostColumns * Width}];
        if (rest == 0) tails[0] = Scalar(0);  // none is read, which compilers cannot always see
        for (Index j = 0; rest > 0 && j < count; ++j) {
            std::fill_n(tails + j * Width, Width - rest, Scalar(0));
            std::copy_n(b_chunk + j * b_stride + depth - rest, rest,
                        tails + (j + 1) * Width - rest);
        }
        Index i = 0;
        // A single column: as many sums side by side as tiles of several columns have.
        constexpr Index kTall = 4 * kDotColumns;
        for (; count == 1 && i + kTall <= rows; i += kTall) {
            dots_tile<Scalar, Width, kTall, 1>(a + i * a_stride, a_stride, b_chunk, b_stride, tails,
                                               c_chunk + i, c_stride, depth);
        }
        for (; i + 4 <= rows; i += 4) {
            dots_panel<Scalar, Width, 4>(a + i * a_stride, a_stride, b_chunk, b_stride, tails,
                                         c_chunk + i, c_stride, count, depth);
        }
        for (; i < rows; ++i) {
            dots_panel<Scalar, Width, 1>(a + i * a_stride, a_stride, b_chunk, b_stride, tails,
                                         c_chunk + i, c_stride, count, depth);
        }
    }
}

#undef MGAN_DOTS_UNROLL
#endif

/// C (rows x columns) = A^T B, with A: depth x rows and B: depth x columns, each with contiguous
/// columns that lie `stride` entries apart.
template <typename Scalar>
void dots(const Scalar* a, Index a_stride, const Scalar* b, Index b_stride, Scalar* c,
          Index c_stride, Index rows, Index columns, Index depth) noexcept {
#if defined(MGAN_LANE_SHUFFLES)
    if constexpr (std::is_same_v<Scalar, float> || std::is_same_v<Scalar, double>) {
        constexpr int kWidth = kVectorBytes / static_cast<int>(sizeof(Scalar));
        dots_fast<Scalar, kWidth>(a, a_stride, b, b_stride, c, c_stride, rows, columns, depth);
        return;
    }
#endif
    for (Index j = 0; j < columns; ++j) {
        for (Index i = 0; i < rows; ++i) {
            Scalar sum(0);
            for (Index k = 0; k < depth; ++k) sum += a[i * a_stride + k] * b[j * b_stride + k];
            c[j * c_stride + i] = sum;
        }
    }
}

}  // namespace mgan::inline MGAN_ABI::kernels
