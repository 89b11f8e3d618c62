#pragma once
/// \file
/// Many entries to few: sum, mean, max; and softmax, whose entries hang together by a sum.
///
///     y = sum of x_ij            dx_ij += dy              every entry gets the whole gradient
///     y = max of x_ij            dx_ij += dy, for the first largest entry alone
///     y = softmax(x)             dx = y * (dy - sum of y dy), column by column
///
/// The last: y_i = e^(x_i) / S with S = sum of e^(x_k). A change of x_i moves its own numerator and
/// the S of all, dy_k/dx_i = y_k ([i = k] - y_i); summed over k with weights dy_k that is the line
/// above.

#include <mgan/autodiff/tape.hpp>

#include <cmath>
#include <complex>

namespace mgan::inline MGAN_ABI {

namespace reductions_detail {

/// Views for the backward functions, so that they read as equations.
template <typename Scalar>
[[nodiscard]] MatrixMap<Scalar> value(const Node<Scalar>& n) {
    return {n.value, n.rows, n.cols};
}
template <typename Scalar>
[[nodiscard]] MatrixMap<Scalar> gradient(const Node<Scalar>& n) {
    return {n.gradient, n.rows, n.cols};
}

/// Adds a node with one parent.
template <typename Scalar>
NodeIndex unary(Tape<Scalar>& tape, const Variable<Scalar>& x, Index rows, Index cols,
                typename Node<Scalar>::Backward backward) {
    return tape.add(rows, cols, {x.index()}, backward);
}

}  // namespace reductions_detail

/// The sum of all entries, 1 x 1. x: any shape.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> sum(const Variable<Scalar>& x) {
    namespace detail = reductions_detail;
    Tape<Scalar>& tape = x.tape("sum");
    const NodeIndex y = detail::unary(tape, x, 1, 1, [](Tape<Scalar>& t, const Node<Scalar>& n) {
        detail::gradient(t.parent(n, 0)).array() += *n.gradient;
    });
    *tape.node(y).value = x.value().sum();
    return tape.handle(y);
}

/// The mean of all entries, 1 x 1. Throws ShapeError for a matrix without entries.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> mean(const Variable<Scalar>& x) {
    namespace detail = reductions_detail;
    Tape<Scalar>& tape = x.tape("mean");
    require<ShapeError>(x.size() > 0, "mean: x is ", x.rows(), " x ", x.cols(),
                        ", it has no entries");
    const NodeIndex y = detail::unary(tape, x, 1, 1, [](Tape<Scalar>& t, const Node<Scalar>& n) {
        const Node<Scalar>& p = t.parent(n, 0);
        detail::gradient(p).array() += *n.gradient / static_cast<RealOf<Scalar>>(p.size());
    });
    *tape.node(y).value = x.value().sum() / static_cast<RealOf<Scalar>>(x.size());
    return tape.handle(y);
}

/// The sum over the columns: x is R x C, the result R x 1.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> row_sums(const Variable<Scalar>& x) {
    namespace detail = reductions_detail;
    Tape<Scalar>& tape = x.tape("row_sums");
    const NodeIndex y =
        detail::unary(tape, x, x.rows(), 1, [](Tape<Scalar>& t, const Node<Scalar>& n) {
            detail::gradient(t.parent(n, 0)).colwise() += detail::gradient(n).col(0);
        });
    detail::value(tape.node(y)).col(0) = x.value().rowwise().sum();
    return tape.handle(y);
}

/// The sum over the rows: x is R x C, the result 1 x C (a sample's total, since a sample is a
/// column).
template <typename Scalar>
[[nodiscard]] Variable<Scalar> column_sums(const Variable<Scalar>& x) {
    namespace detail = reductions_detail;
    Tape<Scalar>& tape = x.tape("column_sums");
    const NodeIndex y =
        detail::unary(tape, x, 1, x.cols(), [](Tape<Scalar>& t, const Node<Scalar>& n) {
            detail::gradient(t.parent(n, 0)).rowwise() += detail::gradient(n).row(0);
        });
    detail::value(tape.node(y)).row(0) = x.value().colwise().sum();
    return tape.handle(y);
}

/// The largest entry, 1 x 1, by real part; of several, the first in memory order has the gradient.
/// Throws ShapeError for a matrix without entries.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> max(const Variable<Scalar>& x) {
    namespace detail = reductions_detail;
    Tape<Scalar>& tape = x.tape("max");
    require<ShapeError>(x.size() > 0, "max: x is ", x.rows(), " x ", x.cols(),
                        ", it has no entries");
    const NodeIndex index =
        detail::unary(tape, x, 1, 1, [](Tape<Scalar>& t, const Node<Scalar>& n) {
            t.parent(n, 0).gradient[*t.integers(n.first_integer)] += *n.gradient;
        });
    const Scalar* const values = tape.node(x.index()).value;
    Index largest = 0;
    for (Index i = 1; i < x.size(); ++i)
        if (real_part(values[i]) > real_part(values[largest])) largest = i;
    Node<Scalar>& y = tape.node(index);
    *y.value = values[largest];
    y.first_integer = tape.add_integers(1);
    *tape.integers(y.first_integer) = largest;
    return tape.handle(index);
}

/// softmax of every column: y_ij = exp(x_ij) / sum over k of exp(x_kj). The largest entry of the
/// column is subtracted first, which changes nothing but the range of the exponentials.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> softmax(const Variable<Scalar>& x) {
    namespace detail = reductions_detail;
    Tape<Scalar>& tape = x.tape("softmax");
    const NodeIndex index =
        detail::unary(tape, x, x.rows(), x.cols(), [](Tape<Scalar>& t, const Node<Scalar>& n) {
            const Node<Scalar>& p = t.parent(n, 0);
            for (Index j = 0; j < n.cols; ++j) {
                const Scalar* const y = n.value + j * n.rows;
                const Scalar* const dy = n.gradient + j * n.rows;
                Scalar* const dx = p.gradient + j * n.rows;
                Scalar average(0);
                for (Index i = 0; i < n.rows; ++i) average += y[i] * dy[i];
                for (Index i = 0; i < n.rows; ++i) dx[i] += y[i] * (dy[i] - average);
            }
        });
    const Node<Scalar>& n = tape.node(index);
    for (Index j = 0; j < n.cols; ++j) {
        const Scalar* const in = tape.node(x.index()).value + j * n.rows;
        Scalar* const y = n.value + j * n.rows;
        Index largest = 0;
        for (Index i = 1; i < n.rows; ++i)
            if (real_part(in[i]) > real_part(in[largest])) largest = i;
        Scalar total(0);
        for (Index i = 0; i < n.rows; ++i) total += y[i] = std::exp(in[i] - in[largest]);
        for (Index i = 0; i < n.rows; ++i) y[i] /= total;
    }
    return tape.handle(index);
}

}  // namespace mgan::inline MGAN_ABI
