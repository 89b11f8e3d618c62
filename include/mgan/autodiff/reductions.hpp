#pragma once
/// \file
/// Many entries to few: sum, mean, max; and softmax, whose entries are tied together by a sum.
///
///     y = sum of x_ij            dx_ij += dy              every entry gets the whole gradient
///     y = max of x_ij            dx_ij += dy              only the first largest entry
///     y = softmax(x)             dx += y * (dy - sum_k y_k dy_k)       column by column
///
/// The last: y_k = e^(x_k) / S with S = sum of all e^(x_i). A change of x_i moves its own numerator
/// and the S of all, dy_k/dx_i = y_k ([i = k] - y_i); summed over k with weights dy_k that is the
/// line above.

#include <mgan/autodiff/arithmetic.hpp>
#include <mgan/autodiff/nonlinear.hpp>

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

/// Which of the argument's sizes the result has; the others are 1.
enum class Keep { nothing, rows, columns, all };

/// Records `name` of x, a result that `fill(y)` computes, with its backward function.
template <typename Scalar, typename Fill>
[[nodiscard]] Variable<Scalar> record(const char* name, const Variable<Scalar>& x, Keep keep,
                                      const Fill& fill, typename Node<Scalar>::Backward backward) {
    Tape<Scalar>& tape = x.tape(name);
    const Index rows = keep == Keep::rows || keep == Keep::all ? x.rows() : 1;
    const Index cols = keep == Keep::columns || keep == Keep::all ? x.cols() : 1;
    const NodeIndex argument = tape.mine(x, name);
    const NodeIndex y = tape.add(rows, cols, {argument}, backward);
    fill(value(tape.node(y)));
    return tape.handle(y);
}

/// Throws ShapeError for a matrix without entries.
template <typename Scalar>
void require_entries(const char* name, const Variable<Scalar>& x) {
    (void)x.tape(name);
    require<ShapeError>(x.size() > 0, name, ": x is ", x.rows(), " x ", x.cols(),
                        ", it has no entries");
}

/// The sum of all entries, divided by `count`.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> scaled_sum(const char* name, const Operand<Scalar>& x, Index count) {
    Tape<Scalar>& tape = x.variable.tape(name);
    const auto factor = Scalar(RealOf<Scalar>(1) / static_cast<RealOf<Scalar>>(count));
    const NodeIndex argument = tape.node_of(x.variable, name);
    if (element_detail::is_expression(x, tape.node(argument)))
        return element_detail::sum_of_expression(tape, argument, factor);
    tape.compute(argument);
    const NodeIndex index = tape.add(1, 1, {argument}, [](Tape<Scalar>& t, const Node<Scalar>& n) {
        gradient(t.parent(n, 0)).array() += *n.gradient * n.parameter;
    });
    Node<Scalar>& y = tape.node(index);
    y.parameter = factor;
    *y.value =
        element_detail::sum_of(tape.node(argument).value, tape.node(argument).size()) * factor;
    return tape.handle(index);
}

}  // namespace reductions_detail

/// The sum of all entries, 1 x 1. x: any shape. Where x is an expression that was written for this
/// alone, as in sum(a * b), no matrix of products is made.
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> sum(Type&& x) {
    return reductions_detail::scaled_sum("sum", operand(std::forward<Type>(x)), 1);
}

/// The mean of all entries, 1 x 1. Throws ShapeError for a matrix without entries.
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> mean(Type&& x) {
    reductions_detail::require_entries("mean", x);
    return reductions_detail::scaled_sum("mean", operand(std::forward<Type>(x)), x.size());
}

/// The sum over the columns: x is R x C, the result R x 1.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> row_sums(const Variable<Scalar>& x) {
    namespace detail = reductions_detail;
    return detail::record(
        "row_sums", x, detail::Keep::rows,
        [&](MatrixMap<Scalar> y) { y.col(0) = x.value().rowwise().sum(); },
        [](Tape<Scalar>& t, const Node<Scalar>& n) {
            detail::gradient(t.parent(n, 0)).colwise() += detail::gradient(n).col(0);
        });
}

/// The sum over the rows: x is R x C, the result 1 x C (a sample's total, since a sample is a
/// column).
template <typename Scalar>
[[nodiscard]] Variable<Scalar> column_sums(const Variable<Scalar>& x) {
    namespace detail = reductions_detail;
    return detail::record(
        "column_sums", x, detail::Keep::columns,
        [&](MatrixMap<Scalar> y) { y.row(0) = x.value().colwise().sum(); },
        [](Tape<Scalar>& t, const Node<Scalar>& n) {
            detail::gradient(t.parent(n, 0)).rowwise() += detail::gradient(n).row(0);
        });
}

/// The largest entry, 1 x 1, by real part; of several, the first in memory order has the gradient.
/// Throws ShapeError for a matrix without entries.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> max(const Variable<Scalar>& x) {
    namespace detail = reductions_detail;
    detail::require_entries("max", x);
    Tape<Scalar>& tape = x.tape("max");
    const NodeIndex argument = tape.mine(x, "max");
    const NodeIndex index = tape.add(1, 1, {argument}, [](Tape<Scalar>& t, const Node<Scalar>& n) {
        t.parent(n, 0).gradient[*t.integers(n.first_integer)] += *n.gradient;
    });
    const Scalar* const values = tape.node(argument).value;
    Index largest = 0;
    for (Index i = 1; i < x.size(); ++i)
        if (real_part(values[i]) > real_part(values[largest])) largest = i;
    Node<Scalar>& y = tape.node(index);
    *y.value = values[largest];
    y.first_integer = tape.add_integers(1);
    *tape.integers(y.first_integer) = largest;
    return tape.handle(index);
}

/// The mean of each row: x is R x C, the result R x 1; C > 0 (ShapeError otherwise).
template <typename Scalar>
[[nodiscard]] Variable<Scalar> row_means(const Variable<Scalar>& x) {
    reductions_detail::require_entries("row_means", x);
    return row_sums(x) * Scalar(RealOf<Scalar>(1) / static_cast<RealOf<Scalar>>(x.cols()));
}
/// The mean of each column: x is R x C, the result 1 x C; R > 0 (ShapeError otherwise).
template <typename Scalar>
[[nodiscard]] Variable<Scalar> column_means(const Variable<Scalar>& x) {
    reductions_detail::require_entries("column_means", x);
    return column_sums(x) * Scalar(RealOf<Scalar>(1) / static_cast<RealOf<Scalar>>(x.rows()));
}
/// The smallest entry, 1 x 1; of several, the first in memory order has the gradient.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> min(const Variable<Scalar>& x) {
    reductions_detail::require_entries("min", x);
    return -max(-x);
}

/// softmax of every column: y_ij = exp(x_ij) / sum over k of exp(x_kj). The largest entry of the
/// column is subtracted first, which changes nothing but the range of the exponentials.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> softmax(const Variable<Scalar>& x) {
    namespace detail = reductions_detail;
    return detail::record(
        "softmax", x, detail::Keep::all,
        [&](MatrixMap<Scalar> result) {
            const ConstMatrixMap<Scalar> argument = x.value();
            for (Index j = 0; j < result.cols(); ++j) {
                const Scalar* const in = argument.data() + j * argument.rows();
                Scalar* const y = result.data() + j * result.rows();
                Index largest = 0;
                for (Index i = 1; i < result.rows(); ++i)
                    if (real_part(in[i]) > real_part(in[largest])) largest = i;
                using std::exp;
                Scalar total(0);
                for (Index i = 0; i < result.rows(); ++i) total += y[i] = exp(in[i] - in[largest]);
                for (Index i = 0; i < result.rows(); ++i) y[i] /= total;
            }
        },
        [](Tape<Scalar>& t, const Node<Scalar>& n) {
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
}

}  // namespace mgan::inline MGAN_ABI
