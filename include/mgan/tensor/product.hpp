#pragma once
/// \file
/// The three matrix products of a layer, as the rest of the library calls them.
///
///     forward    y  (+)= W x          W: out x in,   x: in x N
///     backward   dx (+)= W^T dy       as  V dy  with V = W^T kept ready
///     weights    dW  += dy x^T        a sum over the N columns
///
/// None of them allocates or throws; sizes are asserted. None conjugates: with complex scalars they
/// stay the analytic functions that the complex step needs.

#include <mgan/tensor/kernels/dual_gemm.hpp>
#include <mgan/tensor/kernels/transpose.hpp>
#include <mgan/tensor/matrix.hpp>

#include <cassert>

namespace mgan::inline MGAN_ABI {

/// v (K x M) = w^T, w: M x K. v is resized, which allocates the first time.
template <typename Scalar>
void transpose(const ConstMatrixRef<Scalar>& w, Matrix<Scalar>& v) {
    v.resize(w.cols(), w.rows());
    kernels::transpose<Scalar>(w.data(), w.outerStride(), v.data(), v.outerStride(), w.rows(),
                               w.cols());
}

/// Whether a product replaces what is in its result or adds to it.
enum class Update {
    assign,
    add,
    add_derivatives,  ///< `outer_product` of dual numbers: values stay as they are
};

/// y (M x N) = or += w (M x K) x (K x N).
template <typename Scalar>
void multiply(const ConstMatrixRef<Scalar>& w, const ConstMatrixRef<Scalar>& x, MatrixRef<Scalar> y,
              Update update) noexcept {
    assert(w.cols() == x.rows() && y.rows() == w.rows() && y.cols() == x.cols());
    kernels::gemm<Scalar>(w.data(), w.outerStride(), {x.data(), 1, x.outerStride()}, y.data(),
                          y.outerStride(), y.rows(), y.cols(), w.cols(), update == Update::add);
}

/// The same, where `prepared` was set to w: of dual numbers, w is taken apart once, not each time.
template <typename Scalar>
void multiply(const ConstMatrixRef<Scalar>& w,
              [[maybe_unused]] const kernels::TakenApart<Scalar>& prepared,
              const ConstMatrixRef<Scalar>& x, MatrixRef<Scalar> y, Update update) noexcept {
    if constexpr (kIsDual<Scalar>) {
        assert(prepared.values.rows() == y.rows() && prepared.values.cols() == x.rows());
        if (w.cols() == 0 || y.cols() == 0) {
            multiply<Scalar>(w, x, y, update);
            return;
        }
        kernels::GemmOf<Scalar>::run(prepared, {x.data(), 1, x.outerStride()}, y.data(),
                                     y.outerStride(), y.cols(), update == Update::add);
    } else {
        multiply<Scalar>(w, x, y, update);
    }
}

/// dw (M x K) = or += dy (M x N) x^T (N x K).
template <typename Scalar>
void outer_product(const ConstMatrixRef<Scalar>& dy, const ConstMatrixRef<Scalar>& x,
                   MatrixRef<Scalar> dw, Update update) noexcept {
    assert(dy.cols() == x.cols() && dw.rows() == dy.rows() && dw.cols() == x.rows());
    if constexpr (kIsDual<Scalar>) {
        if (update == Update::add_derivatives) {
            kernels::GemmOf<Scalar>::add_slopes(dy.data(), dy.outerStride(),
                                                {x.data(), x.outerStride(), 1}, dw.data(),
                                                dw.outerStride(), dw.rows(), dw.cols(), dy.cols());
            return;
        }
    }
    kernels::gemm<Scalar>(dy.data(), dy.outerStride(), {x.data(), x.outerStride(), 1}, dw.data(),
                          dw.outerStride(), dw.rows(), dw.cols(), dy.cols(),
                          update != Update::assign);
}

/// dw (M x K) += dy (M x N) x^T (N x K).
template <typename Scalar>
void add_outer_product(const ConstMatrixRef<Scalar>& dy, const ConstMatrixRef<Scalar>& x,
                       MatrixRef<Scalar> dw) noexcept {
    outer_product<Scalar>(dy, x, dw, Update::add);
}

/// sum (M) += the columns of dy (M x N), one after the other.
template <typename Scalar>
void add_columns(const ConstMatrixRef<Scalar>& dy, Vector<Scalar>& sum) noexcept {
    assert(dy.rows() == sum.rows());
    for (Index j = 0; j < dy.cols(); ++j) sum += dy.col(j);
}

}  // namespace mgan::inline MGAN_ABI
