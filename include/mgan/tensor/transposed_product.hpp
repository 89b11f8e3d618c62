#pragma once
/// \file
/// y = W^T x, with W as it lies in memory: see tensor/kernels/dots.hpp for when this pays.

#include <mgan/tensor/kernels/dots.hpp>
#include <mgan/tensor/matrix.hpp>

#include <cassert>

namespace mgan::inline MGAN_ABI {

/// y (M x N) = w^T x, with w: K x M and x: K x N. Neither conjugates nor allocates nor throws.
template <typename Scalar>
void multiply_transposed(const ConstMatrixRef<Scalar>& w, const ConstMatrixRef<Scalar>& x,
                         MatrixRef<Scalar> y) noexcept {
    assert(w.rows() == x.rows() && y.rows() == w.cols() && y.cols() == x.cols());
    kernels::dots<Scalar>(w.data(), w.outerStride(), x.data(), x.outerStride(), y.data(),
                          y.outerStride(), y.rows(), y.cols(), w.rows());
}

}  // namespace mgan::inline MGAN_ABI
