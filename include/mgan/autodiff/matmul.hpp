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

/// A product is computed when somebody needs it. Where a sum is made of products (and a bias),
///
///     a = W x + U h + b
///
/// they are added up in the memory of the sum (element.hpp), and the gradient of the sum is that of
/// each: no product has a matrix of its own.

#include <mgan/autodiff/tape.hpp>
#include <mgan/tensor/product.hpp>
#include <mgan/tensor/transposed_product.hpp>

#include <array>

namespace mgan::inline MGAN_ABI {

namespace matmul_detail {

template <typename Scalar>
[[nodiscard]] ConstMatrixMap<Scalar> value_of(const Node<Scalar>& n) {
    return {n.value, n.rows, n.cols};
}

template <typename Scalar>
void backward(Tape<Scalar>& t, const Node<Scalar>& y) {
    const Node<Scalar>& a = t.parent(y, 0);
    const Node<Scalar>& b = t.parent(y, 1);
    const ConstMatrixMap<Scalar> dy(y.gradient, y.rows, y.cols);
    if (a.needs_gradient) {
        add_outer_product<Scalar>(dy, value_of(b), MatrixMap<Scalar>(a.gradient, a.rows, a.cols));
    }
    if (b.needs_gradient) {
        const ConstMatrixMap<Scalar> transposed(t.transposed(a), a.cols, a.rows);
        multiply<Scalar>(transposed, dy, MatrixMap<Scalar>(b.gradient, b.rows, b.cols),
                         Update::add);
    }
}

template <typename Scalar>
void compute(Tape<Scalar>& tape, NodeIndex index) {
    Node<Scalar>& y = tape.node(index);
    tape.allocate_value(y);
    multiply<Scalar>(value_of(tape.parent(y, 0)), value_of(tape.parent(y, 1)),
                     MatrixMap<Scalar>(y.value, y.rows, y.cols), Update::assign);
}

template <typename Scalar>
inline constexpr Recipe<Scalar> kRecipe{&compute<Scalar>};

}  // namespace matmul_detail

/// y = a b. Throws ShapeError, with both shapes, if the inner sizes differ.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> matmul(const Variable<Scalar>& a, const Variable<Scalar>& b) {
    Tape<Scalar>& tape = a.tape("matmul");
    const std::array<NodeIndex, 2> parents{tape.mine(a, "matmul"), tape.mine(b, "matmul")};
    require<ShapeError>(a.cols() == b.rows(), "matmul: a is ", a.rows(), " x ", a.cols(), ", b is ",
                        b.rows(), " x ", b.cols(), "; the columns of a must be the rows of b");
    const NodeIndex index = tape.add_pending(NodeKind::product, a.rows(), b.cols(), parents,
                                             &matmul_detail::kRecipe<Scalar>);
    tape.node(index).backward = &matmul_detail::backward<Scalar>;
    return tape.handle(index);
}

/// `count` products side by side, as of the steps of a sequence or the samples of a batch:
///
///     a = [a_1 ... a_n]      M x (n K)
///     b = [b_1 ... b_n]      K x (n N)        y = [a_1 b_1 ... a_n b_n]      M x (n N)
///
/// Throws ShapeError, with both shapes, where they are not made of so many parts that fit.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> matmul_blocks(const Variable<Scalar>& a, const Variable<Scalar>& b,
                                             Index count) {
    Tape<Scalar>& tape = a.tape("matmul_blocks");
    const NodeIndex left = tape.mine(a, "matmul_blocks"), right = tape.mine(b, "matmul_blocks");
    require<ShapeError>(
        count > 0 && a.cols() % count == 0 && b.cols() % count == 0 && a.cols() / count == b.rows(),
        "matmul_blocks: a is ", a.rows(), " x ", a.cols(), ", b is ", b.rows(), " x ", b.cols(),
        "; they are not ", count, " matrices that fit");
    // Calls block(part of a, part of b, part of y) for each product.
    const auto for_each = [](const Node<Scalar>& x, const Node<Scalar>& z, const Node<Scalar>& y,
                             Scalar* const* parts, const auto& block) {
        const Index inner = z.rows, width = inner > 0 ? y.cols * inner / x.cols : 0;
        for (Index first = 0, column = 0; first < x.cols; first += inner, column += width) {
            block(MatrixMap<Scalar>(parts[0] + first * x.rows, x.rows, inner),
                  MatrixMap<Scalar>(parts[1] + column * z.rows, inner, width),
                  MatrixMap<Scalar>(parts[2] + column * y.rows, y.rows, width));
        }
    };
    const auto backward = [](Tape<Scalar>& t, const Node<Scalar>& y) {
        const Node<Scalar>& x = t.parent(y, 0);
        const Node<Scalar>& z = t.parent(y, 1);
        constexpr decltype(for_each) kForEach{};
        if (x.needs_gradient) {
            Scalar* const parts[] = {x.gradient, z.value, y.gradient};
            kForEach(x, z, y, parts, [](auto dx, const auto& factor, const auto& dy) {
                add_outer_product<Scalar>(dy, factor, dx);
            });
        }
        if (z.needs_gradient) {
            Scalar* const room = t.scratch(x.rows * Index{z.rows});
            Scalar* const parts[] = {x.value, z.gradient, y.gradient};
            kForEach(x, z, y, parts, [&](const auto& factor, auto dz, const auto& dy) {
                MatrixMap<Scalar> transposed(room, factor.cols(), factor.rows());
                kernels::transpose<Scalar>(factor.data(), factor.outerStride(), room,
                                           transposed.rows(), factor.rows(), factor.cols());
                multiply<Scalar>(transposed, dy, dz, Update::add);
            });
        }
    };
    const NodeIndex index = tape.add(a.rows(), b.cols(), {left, right}, backward);
    const Node<Scalar>& y = tape.node(index);
    if (b.rows() == 0) std::fill_n(y.value, y.size(), Scalar(0));
    Scalar* const parts[] = {tape.node(left).value, tape.node(right).value, y.value};
    for_each(
        tape.node(left), tape.node(right), y, parts,
        [](const auto& x, const auto& z, auto to) { multiply<Scalar>(x, z, to, Update::assign); });
    return tape.handle(index);
}

}  // namespace mgan::inline MGAN_ABI
