#pragma once
/// \file
/// The matrix product, and its two gradients.
///
///     y = a b            y_ij = sum over k of a_ik b_kj          a: M x K, b: K x N, y: M x N
///
/// Who used a_ik? Row i of y, once in each column j, with the factor b_kj. Who used b_kj? Column j
/// of y, once in each row i, with the factor a_ik. The chain rule sums over the users:
///
///     da_ik += sum over j of dy_ij b_kj          that is, da += dy b^T
///     db_kj += sum over i of a_ik dy_ij          that is, db += a^T dy
///
/// The index that is summed decides what is transposed; for square matrices the shapes would not.
/// No conjugation: with complex numbers these remain the derivatives of an analytic function.

#include <mgan/autodiff/tape.hpp>
#include <mgan/tensor/product.hpp>

namespace mgan::inline MGAN_ABI {

/// y = a b. Throws ShapeError, with both shapes, if the inner sizes differ.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> matmul(const Variable<Scalar>& a, const Variable<Scalar>& b) {
    Tape<Scalar>& tape = a.tape("matmul");
    const NodeIndex l = a.index(), r = tape.mine(b, "matmul");
    require<ShapeError>(a.cols() == b.rows(), "matmul: a is ", a.rows(), " x ", a.cols(), ", b is ",
                        b.rows(), " x ", b.cols(), "; the columns of a must be the rows of b");
    const auto backward = [](Tape<Scalar>& t, const Node<Scalar>& y) {
        const Node<Scalar>& first = t.parent(y, 0);
        const Node<Scalar>& second = t.parent(y, 1);
        const ConstMatrixMap<Scalar> dy(y.gradient, y.rows, y.cols);
        const ConstMatrixMap<Scalar> left(first.value, first.rows, first.cols);
        const ConstMatrixMap<Scalar> right(second.value, second.rows, second.cols);
        if (first.needs_gradient) {
            add_outer_product<Scalar>(dy, right,
                                      MatrixMap<Scalar>(first.gradient, first.rows, first.cols));
        }
        if (second.needs_gradient) {
            // The product reads the columns of its left operand: those of a^T are made first.
            MatrixMap<Scalar> transposed(t.scratch(first.size()), first.cols, first.rows);
            transposed = left.transpose();
            multiply<Scalar>(transposed, dy,
                             MatrixMap<Scalar>(second.gradient, second.rows, second.cols),
                             Update::add);
        }
    };
    const NodeIndex index = tape.add(a.rows(), b.cols(), {l, r}, backward);
    const Node<Scalar>& y = tape.node(index);
    multiply<Scalar>(a.value(), b.value(), MatrixMap<Scalar>(y.value, y.rows, y.cols),
                     Update::assign);
    return tape.handle(index);
}

}  // namespace mgan::inline MGAN_ABI
