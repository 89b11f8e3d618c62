#pragma once
/// \file
/// The matrix product of dual numbers, as products of plain ones:
///
///     C  (+)=  A B:        C.value  (+)=  A.value B.value
///                          C.slope  (+)=  A.value B.slope + A.slope B.value
///
/// A block of A and of C is taken apart (dual_vector.hpp) and multiplied by the kernel of gemm.hpp,
/// which reads B with a stride and needs no copy of it. The last product is left out where A has no
/// derivatives: weights have none where the derivative goes along the input. Values have the bits
/// that the product of plain numbers has.

#include <mgan/tensor/kernels/dual_vector.hpp>
#include <mgan/tensor/kernels/gemm.hpp>

#include <algorithm>

namespace mgan::inline MGAN_ABI::kernels {

/// A matrix that is multiplied again and again, taken apart once. (Of plain numbers: nothing.)
template <typename Scalar>
struct TakenApart {
    void set(const Matrix<Scalar>&) noexcept {}
};
template <typename Real>
struct TakenApart<Dual<Real>> {
    Matrix<Real> values, slopes;
    bool moves = false;  ///< whether any slope is not 0

    void set(const Matrix<Dual<Real>>& a) {
        values.resize(a.rows(), a.cols());
        slopes.resize(a.rows(), a.cols());
        moves = take_apart(a.data(), values.data(), slopes.data(), a.size());
    }
};

template <typename Real>
struct GemmOf<Dual<Real>> {
    /// Of one block; all of its parts take 105 KiB.
    static constexpr Index kRows = 80;
    static constexpr Index kDepth = 256 / static_cast<Index>(sizeof(Real));
    static constexpr Index kColumns = 400 / static_cast<Index>(sizeof(Real));

    static void run(const Dual<Real>* a, Index a_stride, Operand<Dual<Real>> b, Dual<Real>* c,
                    Index c_stride, Index rows, Index columns, Index depth,
                    bool accumulate) noexcept {
        blocks(a, a_stride, b, c, c_stride, rows, columns, depth, accumulate, false);
    }

    /// C (+)= A B with A taken apart.
    static void run(const TakenApart<Dual<Real>>& a, Operand<Dual<Real>> b, Dual<Real>* c,
                    Index c_stride, Index columns, bool accumulate) noexcept {
        alignas(kAlignment) Real c_value[static_cast<std::size_t>(kRows * kColumns)];
        alignas(kAlignment) Real c_slope[static_cast<std::size_t>(kRows * kColumns)];
        const Index stride = a.values.rows(), depth = a.values.cols();
        for (Index i = 0; i < stride; i += kRows) {
            const Index rows = std::min(kRows, stride - i);
            for (Index j = 0; j < columns; j += kColumns) {
                const Index count = std::min(kColumns, columns - j);
                Dual<Real>* const to = c + i + j * c_stride;
                for (Index l = 0; l < count && accumulate; ++l)
                    take_apart(to + l * c_stride, c_value + l * kRows, c_slope + l * kRows, rows);
                const Dual<Real>* const first = b.data + j * b.column_stride;
                const Operand<Real> value{&first->value, 2 * b.row_stride, 2 * b.column_stride};
                const Operand<Real> slope{&first->derivative, 2 * b.row_stride,
                                          2 * b.column_stride};
                const Real* const a_value = a.values.data() + i;
                gemm<Real>(a_value, stride, value, c_value, kRows, rows, count, depth, accumulate);
                gemm<Real>(a_value, stride, slope, c_slope, kRows, rows, count, depth, accumulate);
                if (a.moves)
                    gemm<Real>(a.slopes.data() + i, stride, value, c_slope, kRows, rows, count,
                               depth, true);
                for (Index l = 0; l < count; ++l)
                    put_together(c_value + l * kRows, c_slope + l * kRows, to + l * c_stride, rows);
            }
        }
    }

    /// The slopes of C += A B; values stay as they are.
    static void add_slopes(const Dual<Real>* a, Index a_stride, Operand<Dual<Real>> b,
                           Dual<Real>* c, Index c_stride, Index rows, Index columns,
                           Index depth) noexcept {
        blocks(a, a_stride, b, c, c_stride, rows, columns, depth, true, true);
    }

private:
    static void blocks(const Dual<Real>* a, Index a_stride, Operand<Dual<Real>> b, Dual<Real>* c,
                       Index c_stride, Index rows, Index columns, Index depth, bool accumulate,
                       bool slopes_only) noexcept {
        for (Index i = 0; i < rows; i += kRows) {
            for (Index j = 0; j < columns; j += kColumns) {
                block(a + i, a_stride,
                      {b.data + j * b.column_stride, b.row_stride, b.column_stride},
                      c + i + j * c_stride, c_stride, std::min(kRows, rows - i),
                      std::min(kColumns, columns - j), depth, accumulate, slopes_only);
            }
        }
    }

    static void block(const Dual<Real>* a, Index a_stride, Operand<Dual<Real>> b, Dual<Real>* c,
                      Index c_stride, Index rows, Index columns, Index depth, bool accumulate,
                      bool slopes_only) noexcept {
        alignas(kAlignment) Real a_value[static_cast<std::size_t>(kRows * kDepth)];
        alignas(kAlignment) Real a_slope[static_cast<std::size_t>(kRows * kDepth)];
        alignas(kAlignment) Real c_value[static_cast<std::size_t>(kRows * kColumns)];
        alignas(kAlignment) Real c_slope[static_cast<std::size_t>(kRows * kColumns)];
        for (Index j = 0; j < columns && accumulate; ++j)
            take_apart(c + j * c_stride, c_value + j * kRows, c_slope + j * kRows, rows);
        for (Index k = 0; k < depth; k += kDepth, accumulate = true) {
            const Index count = std::min(kDepth, depth - k);
            bool moves = false;
            for (Index l = 0; l < count; ++l)
                moves |= take_apart(a + (k + l) * a_stride, a_value + l * kRows,
                                    a_slope + l * kRows, rows);
            const Dual<Real>* const first = b.data + k * b.row_stride;
            const Operand<Real> value{&first->value, 2 * b.row_stride, 2 * b.column_stride};
            const Operand<Real> slope{&first->derivative, 2 * b.row_stride, 2 * b.column_stride};
            if (!slopes_only)
                gemm<Real>(a_value, kRows, value, c_value, kRows, rows, columns, count, accumulate);
            gemm<Real>(a_value, kRows, slope, c_slope, kRows, rows, columns, count, accumulate);
            if (moves)
                gemm<Real>(a_slope, kRows, value, c_slope, kRows, rows, columns, count, true);
        }
        for (Index j = 0; j < columns; ++j)
            put_together(c_value + j * kRows, c_slope + j * kRows, c + j * c_stride, rows);
    }
};

}  // namespace mgan::inline MGAN_ABI::kernels
