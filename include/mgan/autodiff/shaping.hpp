#pragma once
/// \file
/// Operations that move entries and compute nothing: transpose, reshape, concat, slice, gather.
///
/// Each entry of the result is a copy of one entry of the argument, y_k = x_s(k), so the gradient
/// goes the same way back: dx_s(k) += dy_k. An entry that was taken twice (`gather` may) gets two
/// shares; one that was not taken gets none.
///
/// `reshape` and `slice_columns` copy nothing at all: the columns of a matrix lie one after the
/// other, so the result is a part of the argument's own memory under another shape, and its
/// gradient is that part of the argument's gradient.

#include <mgan/autodiff/tape.hpp>

#include <initializer_list>
#include <span>

namespace mgan::inline MGAN_ABI {

namespace shaping_detail {

/// Copies the rows of `slice_rows` that an expression does not read where they lie.
template <typename Scalar>
void compute_rows(Tape<Scalar>& tape, NodeIndex index) {
    Node<Scalar>& y = tape.node(index);
    const Node<Scalar>& x = tape.parent(y, 0);
    tape.allocate_value(y);
    MatrixMap<Scalar>(y.value, y.rows, y.cols) =
        ConstMatrixMap<Scalar>(x.value, x.rows, x.cols)
            .middleRows(*tape.integers(y.first_integer), y.rows);
}
template <typename Scalar>
inline constexpr Recipe<Scalar> kRows{&compute_rows<Scalar>};

}  // namespace shaping_detail

/// y = x^T. x: R x C, y: C x R.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> transpose(const Variable<Scalar>& x) {
    Tape<Scalar>& tape = x.tape("transpose");
    const auto backward = [](Tape<Scalar>& t, const Node<Scalar>& y) {
        const Node<Scalar>& p = t.parent(y, 0);
        MatrixMap<Scalar>(p.gradient, p.rows, p.cols) +=
            ConstMatrixMap<Scalar>(y.gradient, y.rows, y.cols).transpose();
    };
    const NodeIndex argument = tape.mine(x, "transpose");
    const NodeIndex index = tape.add(x.cols(), x.rows(), {argument}, backward);
    const Node<Scalar>& y = tape.node(index);
    MatrixMap<Scalar>(y.value, y.rows, y.cols) = x.value().transpose();
    return tape.handle(index);
}

/// The same entries in memory order (column by column) under another shape. Throws ShapeError if
/// rows * cols is not their number.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> reshape(const Variable<Scalar>& x, Index rows, Index cols) {
    Tape<Scalar>& tape = x.tape("reshape");
    require<ShapeError>(rows >= 0 && cols >= 0 && rows * cols == x.size(), "reshape: x is ",
                        x.rows(), " x ", x.cols(), ", it cannot become ", rows, " x ", cols);
    return tape.handle(tape.add_alias(tape.mine(x, "reshape"), 0, rows, cols));
}

/// Columns first .. first + count - 1 of x. Throws ShapeError where x has no such columns.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> slice_columns(const Variable<Scalar>& x, Index first, Index count) {
    Tape<Scalar>& tape = x.tape("slice_columns");
    require<ShapeError>(first >= 0 && count >= 0 && count <= x.cols() - first,
                        "slice_columns: x is ", x.rows(), " x ", x.cols(), ", it has no columns ",
                        first, " to ", first + count - 1);
    return tape.handle(
        tape.add_alias(tape.mine(x, "slice_columns"), first * x.rows(), x.rows(), count));
}

/// Rows first .. first + count - 1 of x. Throws ShapeError where x has no such rows.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> slice_rows(const Variable<Scalar>& x, Index first, Index count) {
    Tape<Scalar>& tape = x.tape("slice_rows");
    require<ShapeError>(first >= 0 && count >= 0 && count <= x.rows() - first, "slice_rows: x is ",
                        x.rows(), " x ", x.cols(), ", it has no rows ", first, " to ",
                        first + count - 1);
    const NodeIndex argument = tape.mine(x, "slice_rows");
    const NodeIndex index = tape.add_pending(
        NodeKind::rows, count, x.cols(), std::span(&argument, 1), &shaping_detail::kRows<Scalar>);
    Node<Scalar>& y = tape.node(index);
    y.first_integer = tape.add_integers(1);
    *tape.integers(y.first_integer) = first;
    y.backward = [](Tape<Scalar>& t, const Node<Scalar>& n) {
        const Node<Scalar>& p = t.parent(n, 0);
        MatrixMap<Scalar>(p.gradient, p.rows, p.cols)
            .middleRows(*t.integers(n.first_integer), n.rows) +=
            ConstMatrixMap<Scalar>(n.gradient, n.rows, n.cols);
    };
    return tape.handle(index);
}

namespace shaping_detail {

/// Both directions of concat. The sizes along the joint are those of the parents.
template <bool kRows, typename Scalar>
[[nodiscard]] Variable<Scalar> concat(std::span<const Variable<Scalar>> parts) {
    const char* const name = kRows ? "concat_rows" : "concat_columns";
    require<ShapeError>(!parts.empty(), name, ": there is nothing to put together");
    Tape<Scalar>& tape = parts[0].tape(name);
    std::vector<NodeIndex>& parents = tape.parent_list();
    Index joined = 0;
    const Index across = kRows ? parts[0].cols() : parts[0].rows();
    for (const Variable<Scalar>& part : parts) {
        parents.push_back(tape.mine(part, name));
        require<ShapeError>((kRows ? part.cols() : part.rows()) == across, name,
                            ": the first part is ", parts[0].rows(), " x ", parts[0].cols(),
                            ", part ", parents.size() - 1, " is ", part.rows(), " x ", part.cols());
        joined += kRows ? part.rows() : part.cols();
    }
    const auto backward = [](Tape<Scalar>& t, const Node<Scalar>& y) {
        const ConstMatrixMap<Scalar> dy(y.gradient, y.rows, y.cols);
        Index at = 0;
        for (std::uint32_t k = 0; k < y.parent_count; ++k) {
            const Node<Scalar>& p = t.parent(y, k);
            if (p.needs_gradient) {
                MatrixMap<Scalar> dx(p.gradient, p.rows, p.cols);
                if constexpr (kRows) {
                    dx += dy.middleRows(at, p.rows);
                } else {
                    dx += dy.middleCols(at, p.cols);
                }
            }
            at += kRows ? p.rows : p.cols;
        }
    };
    const NodeIndex index =
        tape.add(kRows ? joined : across, kRows ? across : joined, parents, backward);
    const Node<Scalar>& n = tape.node(index);
    MatrixMap<Scalar> y(n.value, n.rows, n.cols);
    Index at = 0;
    for (const Variable<Scalar>& part : parts) {
        if constexpr (kRows) {
            y.middleRows(at, part.rows()) = part.value();
            at += part.rows();
        } else {
            y.middleCols(at, part.cols()) = part.value();
            at += part.cols();
        }
    }
    return tape.handle(index);
}

/// Takes entries, rows or columns: `source(i, j)` is the place in memory of x of entry (i, j).
template <typename Scalar, typename Source>
[[nodiscard]] Variable<Scalar> take(const Variable<Scalar>& x, Index rows, Index cols,
                                    const Source& source) {
    Tape<Scalar>& tape = x.tape("gather");
    const auto backward = [](Tape<Scalar>& t, const Node<Scalar>& y) {
        const Node<Scalar>& p = t.parent(y, 0);
        const Index* const from = t.integers(y.first_integer);
        for (Index k = 0; k < y.size(); ++k) p.gradient[from[k]] += y.gradient[k];
    };
    const NodeIndex argument = tape.mine(x, "gather");
    const NodeIndex index = tape.add(rows, cols, {argument}, backward);
    Node<Scalar>& y = tape.node(index);
    const Scalar* const values = tape.node(argument).value;
    y.first_integer = tape.add_integers(static_cast<std::size_t>(y.size()));
    Index* const from = tape.integers(y.first_integer);
    for (Index j = 0; j < cols; ++j) {
        for (Index i = 0; i < rows; ++i) {
            from[i + j * rows] = source(i, j);
            y.value[i + j * rows] = values[source(i, j)];
        }
    }
    return tape.handle(index);
}

/// Throws ShapeError for an index that is not in [0, count).
inline void check_indices(const char* name, std::span<const Index> indices, Index count) {
    for (const Index i : indices)
        require<ShapeError>(i >= 0 && i < count, name, ": index ", i, " is not among the ", count,
                            " that there are");
}

}  // namespace shaping_detail

/// The parts on top of each other: y = [a; b; ...]. All have the same number of columns
/// (ShapeError otherwise).
template <typename Scalar>
[[nodiscard]] Variable<Scalar> concat_rows(std::span<const Variable<Scalar>> parts) {
    return shaping_detail::concat<true, Scalar>(parts);
}
template <typename Scalar>
[[nodiscard]] Variable<Scalar> concat_rows(std::initializer_list<Variable<Scalar>> parts) {
    return shaping_detail::concat<true, Scalar>({parts.begin(), parts.size()});
}
/// The parts side by side: y = [a, b, ...]. All have the same number of rows (ShapeError
/// otherwise).
template <typename Scalar>
[[nodiscard]] Variable<Scalar> concat_columns(std::span<const Variable<Scalar>> parts) {
    return shaping_detail::concat<false, Scalar>(parts);
}
template <typename Scalar>
[[nodiscard]] Variable<Scalar> concat_columns(std::initializer_list<Variable<Scalar>> parts) {
    return shaping_detail::concat<false, Scalar>({parts.begin(), parts.size()});
}

/// Columns `indices` of x, in this order, repetitions allowed: y_ij = x_i,indices[j]. A table
/// look-up. Throws ShapeError for an index that x does not have.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> gather_columns(const Variable<Scalar>& x,
                                              std::span<const Index> indices) {
    shaping_detail::check_indices("gather_columns", indices, x.cols());
    const Index rows = x.rows();
    return shaping_detail::take(x, rows, static_cast<Index>(indices.size()), [=](Index i, Index j) {
        return i + rows * indices[static_cast<std::size_t>(j)];
    });
}
/// Rows `indices` of x: y_ij = x_indices[i],j.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> gather_rows(const Variable<Scalar>& x,
                                           std::span<const Index> indices) {
    shaping_detail::check_indices("gather_rows", indices, x.rows());
    const Index rows = x.rows();
    return shaping_detail::take(
        x, static_cast<Index>(indices.size()), x.cols(),
        [=](Index i, Index j) { return indices[static_cast<std::size_t>(i)] + rows * j; });
}
/// Each row `times` times in a row: y_ij = x_(i / times),j.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> repeat_rows(const Variable<Scalar>& x, Index times) {
    require<ShapeError>(times >= 0, "repeat_rows: ", times, " times");
    const Index rows = x.rows();
    return shaping_detail::take(x, rows * times, x.cols(),
                                [=](Index i, Index j) { return i / times + rows * j; });
}

/// The value of x as a constant: no gradient flows back through it.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> stop_gradient(const Variable<Scalar>& x) {
    Tape<Scalar>& tape = x.tape("stop_gradient");
    const NodeIndex y = tape.add_alias(tape.mine(x, "stop_gradient"), 0, x.rows(), x.cols());
    tape.node(y).needs_gradient = false;
    return tape.handle(y);
}

}  // namespace mgan::inline MGAN_ABI
