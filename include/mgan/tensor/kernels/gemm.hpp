#pragma once
/// \file
/// The matrix product of recurrent nets: tall, thin, and the same weights hundreds of times.
///
///     C (M x N)  =  [C or 0]  +  A (M x K)  op(B) (K x N)
///
/// A recurrent step multiplies a 400 x 100 matrix by 10 to 20 columns. General GEMM libraries copy
/// ("pack") both operands at each call, which costs as much as such a product itself. Here A is
/// read where it lies, column by column, and a tile of C stays in registers for the whole sum over
/// k:
///
///            j .. j+4                      one step k of a tile, with 32 registers of 16 floats:
///         +-----------+                      load   5 vectors of column k of A   (80 rows)
///     i   | c c c c c |  16 rows each        load   5 values  of row k of op(B), each broadcast
///     :   | c c c c c |                      25 fused multiply-adds
///    i+79 | c c c c c |
///         +-----------+                    25 accumulators + 5 + 1 = 31 of 32 registers
///
/// The vectors are those of the compiler (`vector_size`), so one source serves AVX-512, AVX2, SSE2
/// and NEON. Rows that fill no vector of their own share one with their neighbours above: 100 rows
/// are seven vectors of 16, the last of which begins at row 84 and computes rows 84 .. 95 again, to
/// the same bits. A matrix with fewer rows than one vector goes through vectors of half the width,
/// and so on down to one row.
///
/// Each entry of C is one sum in the order k = 0, 1, ..., whatever tile it falls in: a sample's
/// result does not depend on which other samples are in the batch. Scalars other than float and
/// double (and other compilers) take the plain loop at the end, which is also the reference in the
/// tests; dual numbers have dual_gemm.hpp.

#include <mgan/tensor/kernels/vector.hpp>
#include <mgan/tensor/matrix.hpp>

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace mgan::inline MGAN_ABI::kernels {

/// The highest tile, in vectors of rows, and the columns of a tile of that many vectors: columns *
/// vectors accumulators, the vectors of A and one of B fit into the registers. With 16 of them, 2 x
/// 6 loads 8 times for 12 multiply-adds; 3 x 4 needs a register more than there are and loads 7
/// times. So the panels of such a processor have two vectors, and one has three if they are odd.
/// With 32 of NEON, g++ loads all columns of B before it multiplies, and 5 x 5 do not fit: 4 x 5.
inline constexpr int kTileVectors = kVectorRegisters < 32 ? 3 : kVectorBytes == 64 ? 5 : 4;
[[nodiscard]] constexpr int tile_columns(int vectors) noexcept {
    return kVectorRegisters >= 32 ? 5 : vectors <= 2 ? 6 : 4;
}

/// Vectors of rows where there is a single column: it reads A once for each panel, and has enough
/// sums side by side to keep the multiply-adds busy.
inline constexpr int kColumnVectors = kVectorRegisters >= 32 ? 8 : 6;

/// Terms of the sum that are added before a tile of C is written back: 256 columns of 80 rows of A
/// are 80 KiB, well inside a level 2 cache, while the tile's part of B stays in level 1.
inline constexpr Index kDepthBlock = 256;

/// One operand of a product: entry (i, j) is data[i * row_stride + j * column_stride].
template <typename Scalar>
struct Operand {
    const Scalar* data;
    Index row_stride;
    Index column_stride;
};

#if defined(MGAN_COMPILER_VECTORS)
#define MGAN_UNROLL _Pragma("GCC unroll 8")

/// Rows of a product that one pass covers.
struct Panel {
    Index overlap;    ///< rows that the last vector shares with the one above it
    bool accumulate;  ///< C is read first; otherwise it starts at zero
};

/// The tile of C with `Vectors` x `Width` rows (less the overlap) and `Columns` columns: C += sum
/// over k of a_k b_k^T. Shared rows are read before any is written, so that both vectors that hold
/// them compute the same.
template <typename Scalar, int Width, int Vectors, int Columns>
inline void gemm_tile(const Scalar* a, Index a_stride, const Scalar* b, Index b_row_stride,
                      Index b_column_stride, Scalar* c, Index c_stride, Index depth,
                      Panel panel) noexcept {
    using Vec = typename VectorOf<Scalar, Width>::Type;
    const Index last = (Vectors - 1) * Width - panel.overlap;
    const auto row = [last](int i) { return i + 1 < Vectors ? Index{i} * Width : last; };
    Vec sum[std::size_t{Columns}][std::size_t{Vectors}];
    MGAN_UNROLL for (int j = 0; j < Columns; ++j) {
        MGAN_UNROLL for (int i = 0; i < Vectors; ++i) {
            if (panel.accumulate) {
                std::memcpy(&sum[j][i], c + j * c_stride + row(i), sizeof(Vec));
            } else {
                sum[j][i] = Vec{};
            }
        }
    }
    for (Index k = 0; k < depth; ++k) {
        Vec column[std::size_t{Vectors}];
        MGAN_UNROLL for (int i = 0; i < Vectors; ++i) {
            std::memcpy(&column[i], a + row(i), sizeof(Vec));
            if constexpr (Columns > 1) keep_in_register(column[i]);
        }
        MGAN_UNROLL for (int j = 0; j < Columns; ++j) {
            const Vec factor =
                b[j * b_column_stride] - Vec{};  // a broadcast (x - 0 is x, also for -0)
            MGAN_UNROLL for (int i = 0; i < Vectors; ++i) sum[j][i] =
                multiply_add<Scalar, Width>(column[i], factor, sum[j][i]);
        }
        a += a_stride;
        b += b_row_stride;
    }
    MGAN_UNROLL for (int j = 0; j < Columns; ++j) {
        MGAN_UNROLL for (int i = 0; i < Vectors; ++i) {
            std::memcpy(c + j * c_stride + row(i), &sum[j][i], sizeof(Vec));
        }
    }
}

/// The next `count` of `columns` columns, 1 <= count <= `Columns`.
template <typename Scalar, int Width, int Vectors, int Columns>
inline void gemm_columns(Index count, const Scalar* a, Index a_stride, Operand<Scalar> b, Scalar* c,
                         Index c_stride, Index depth, Panel panel) noexcept {
    if (count == Columns) {
        gemm_tile<Scalar, Width, Vectors, Columns>(a, a_stride, b.data, b.row_stride,
                                                   b.column_stride, c, c_stride, depth, panel);
    } else if constexpr (Columns > 1) {
        gemm_columns<Scalar, Width, Vectors, Columns - 1>(count, a, a_stride, b, c, c_stride, depth,
                                                          panel);
    }
}

/// All columns of `Vectors` x `Width` rows of C, in tiles of nearly equal width: 6 columns are 3 +
/// 3, not 5 + 1, since a narrow tile loads as much of A for fewer multiply-adds.
template <typename Scalar, int Width, int Vectors>
inline void gemm_panel(const Scalar* a, Index a_stride, Operand<Scalar> b, Scalar* c,
                       Index c_stride, Index columns, Index depth, Panel panel) noexcept {
    constexpr int kColumns = tile_columns(Vectors);
    for (Index tiles = (columns + kColumns - 1) / kColumns; tiles > 0; --tiles) {
        const Index count = (columns + tiles - 1) / tiles;
        gemm_columns<Scalar, Width, Vectors, kColumns>(count, a, a_stride, b, c, c_stride, depth,
                                                       panel);
        b.data += count * b.column_stride;
        c += count * c_stride;
        columns -= count;
    }
}

/// Less than a vector of rows: with vectors of half the width, a quarter, ... one row.
template <typename Scalar, int Width>
inline void gemm_low(const Scalar* a, Index a_stride, Operand<Scalar> b, Scalar* c, Index c_stride,
                     Index rows, Index columns, Index depth, bool accumulate) noexcept {
    if (rows >= Width) {
        gemm_panel<Scalar, Width, 1>(a, a_stride, b, c, c_stride, columns, depth, {0, accumulate});
        a += Width;
        c += Width;
        rows -= Width;
    }
    if constexpr (Width > 1) {
        if (rows > 0)
            gemm_low<Scalar, Width / 2>(a, a_stride, b, c, c_stride, rows, columns, depth,
                                        accumulate);
    }
}

/// `vectors` of C's rows, 1 to `Vectors`; more than `kTileVectors` only of a single column.
template <typename Scalar, int Width, int Vectors>
inline void gemm_rows(Index vectors, const Scalar* a, Index a_stride, Operand<Scalar> b, Scalar* c,
                      Index c_stride, Index columns, Index depth, Panel panel) noexcept {
    if (vectors == Vectors) {
        if constexpr (Vectors > kTileVectors) {
            gemm_tile<Scalar, Width, Vectors, 1>(a, a_stride, b.data, b.row_stride, b.column_stride,
                                                 c, c_stride, depth, panel);
        } else {
            gemm_panel<Scalar, Width, Vectors>(a, a_stride, b, c, c_stride, columns, depth, panel);
        }
    } else if constexpr (Vectors > 1) {
        gemm_rows<Scalar, Width, Vectors - 1>(vectors, a, a_stride, b, c, c_stride, columns, depth,
                                              panel);
    }
}

/// Panels that `vectors` of rows are cut into. With 16 registers, they have two vectors (and one of
/// them three, if there are odd vectors), but three where there are few columns.
[[nodiscard]] constexpr Index panel_count(Index vectors, Index columns) noexcept {
    const auto at_most = [vectors](Index most) { return (vectors + most - 1) / most; };
    if (columns == 1) return at_most(kColumnVectors);
    if (kVectorRegisters >= 32 || columns <= 3) return at_most(kTileVectors);
    return vectors < 4 ? 1 : vectors / 2;
}

/// C (M x N) (+)= A (M x K) B (K x N) for float and double; A's columns are contiguous.
template <typename Scalar>
void gemm_fast(const Scalar* a, Index a_stride, Operand<Scalar> b, Scalar* c, Index c_stride,
               Index rows, Index columns, Index depth, bool accumulate) noexcept {
    constexpr int kWidth = kVectorBytes / static_cast<int>(sizeof(Scalar));
    for (Index first = 0; first < depth; first += kDepthBlock, accumulate = true) {
        const Index block = std::min(depth - first, kDepthBlock);
        const Scalar* a_row = a + first * a_stride;
        const Operand<Scalar> b_block{b.data + first * b.row_stride, b.row_stride, b.column_stride};
        if (rows < kWidth) {
            gemm_low<Scalar, kWidth / 2>(a_row, a_stride, b_block, c, c_stride, rows, columns,
                                         block, accumulate);
            continue;
        }
        Scalar* c_row = c;
        Index vectors = (rows + kWidth - 1) / kWidth;
        const Index overlap = vectors * kWidth - rows;
        // Panels of nearly equal height: 7 vectors are 4 + 3, not 5 + 2, since a low tile waits for
        // its multiply-adds. So a panel has one vector only where all rows are one, and the last
        // finds the rows that it shares in its own tile.
        for (Index panels = panel_count(vectors, columns); panels > 0; --panels) {
            const Index height = (vectors + panels - 1) / panels;
            gemm_rows<Scalar, kWidth, kColumnVectors>(height, a_row, a_stride, b_block, c_row,
                                                      c_stride, columns, block,
                                                      {panels == 1 ? overlap : 0, accumulate});
            a_row += height * kWidth;
            c_row += height * kWidth;
            vectors -= height;
        }
    }
}
#undef MGAN_UNROLL
#endif

/// The same product for any scalar, one entry after the other. The reference of the fast path.
template <typename Scalar>
void gemm_plain(const Scalar* a, Index a_stride, Operand<Scalar> b, Scalar* c, Index c_stride,
                Index rows, Index columns, Index depth, bool accumulate) noexcept {
    for (Index j = 0; j < columns; ++j) {
        Scalar* out = c + j * c_stride;
        if (!accumulate) std::fill_n(out, rows, Scalar(0));
        for (Index k = 0; k < depth; ++k) {
            const Scalar factor = b.data[k * b.row_stride + j * b.column_stride];
            for (Index i = 0; i < rows; ++i) out[i] += a[k * a_stride + i] * factor;
        }
    }
}

/// How products of a scalar are computed; specialised for dual numbers (dual_gemm.hpp).
template <typename Scalar>
struct GemmOf {
    static void run(const Scalar* a, Index a_stride, Operand<Scalar> b, Scalar* c, Index c_stride,
                    Index rows, Index columns, Index depth, bool accumulate) noexcept {
#if defined(MGAN_COMPILER_VECTORS)
        if constexpr (std::is_same_v<Scalar, float> || std::is_same_v<Scalar, double>) {
            gemm_fast(a, a_stride, b, c, c_stride, rows, columns, depth, accumulate);
            return;
        }
#endif
        gemm_plain(a, a_stride, b, c, c_stride, rows, columns, depth, accumulate);
    }
};

/// C (+)= A B, dispatched at compile time.
template <typename Scalar>
void gemm(const Scalar* a, Index a_stride, Operand<Scalar> b, Scalar* c, Index c_stride, Index rows,
          Index columns, Index depth, bool accumulate) noexcept {
    if (rows == 0 || columns == 0) return;
    if (depth == 0) {  // an empty sum; a and b may be null
        for (Index j = 0; j < columns && !accumulate; ++j)
            std::fill_n(c + j * c_stride, rows, Scalar(0));
        return;
    }
    GemmOf<Scalar>::run(a, a_stride, b, c, c_stride, rows, columns, depth, accumulate);
}

}  // namespace mgan::inline MGAN_ABI::kernels
