#pragma once
/// \file
/// More ways to move entries: split, stack, pad, flip, broadcast, embed; and running sums.
///
/// As in shaping.hpp, each entry of the result is a copy of one entry of the argument (or a number
/// that is not), and the gradient goes the same way back. A running sum adds up what came before:
///
///     y_j = x_1 + ... + x_j          dx_j += dy_j + ... + dy_C       the sum runs back
///
/// Rows, columns: a sample is a column; a sequence [T, B, F] is F x (T B), all samples of the first
/// step first.

#include <mgan/autodiff/shaping.hpp>

#include <initializer_list>
#include <span>
#include <vector>

namespace mgan::inline MGAN_ABI {

namespace arranging_detail {

template <typename Scalar, typename Slice>
[[nodiscard]] std::vector<Variable<Scalar>> split(const char* name, Index total,
                                                  std::span<const Index> sizes,
                                                  const Slice& slice) {
    Index sum = 0;
    for (const Index size : sizes) {
        require<ShapeError>(size >= 0, name, ": a part of ", size);
        sum += size;
    }
    require<ShapeError>(sum == total, name, ": the parts have ", sum, " together, x has ", total);
    std::vector<Variable<Scalar>> parts;
    Index first = 0;
    for (const Index size : sizes) {
        parts.push_back(slice(first, size));
        first += size;
    }
    return parts;
}

/// Running sums over `count` steps of `length` entries each; `from`, `to` may be one.
template <typename Scalar>
void run_forward(const Scalar* from, Scalar* to, Index length, Index count) {
    std::copy_n(from, length, to);
    for (Index i = length; i < length * count; ++i) to[i] = to[i - length] + from[i];
}
/// dx += the sums of dy that run back; `total`: room for one step.
template <typename Scalar>
void run_back(const Scalar* dy, Scalar* dx, Scalar* total, Index length, Index count) {
    std::fill_n(total, length, Scalar(0));
    for (Index j = count; j-- > 0;) {
        for (Index i = 0; i < length; ++i) {
            total[i] += dy[j * length + i];
            dx[j * length + i] += total[i];
        }
    }
}

}  // namespace arranging_detail

/// x in parts of `sizes` rows each, from the top. Throws ShapeError unless they make up all rows.
template <typename Scalar>
[[nodiscard]] std::vector<Variable<Scalar>> split_rows(const Variable<Scalar>& x,
                                                       std::initializer_list<Index> sizes) {
    return arranging_detail::split<Scalar>(
        "split_rows", x.rows(), {sizes.begin(), sizes.size()},
        [&](Index first, Index count) { return slice_rows(x, first, count); });
}
/// x in parts of `sizes` columns each, from the left.
template <typename Scalar>
[[nodiscard]] std::vector<Variable<Scalar>> split_columns(const Variable<Scalar>& x,
                                                          std::initializer_list<Index> sizes) {
    return arranging_detail::split<Scalar>(
        "split_columns", x.cols(), {sizes.begin(), sizes.size()},
        [&](Index first, Index count) { return slice_columns(x, first, count); });
}

/// Each part as one column, side by side: n parts of R x C give R C x n. All have the same number
/// of entries (ShapeError otherwise).
template <typename Scalar>
[[nodiscard]] Variable<Scalar> stack(std::span<const Variable<Scalar>> parts) {
    std::vector<Variable<Scalar>> columns;
    for (const Variable<Scalar>& part : parts) columns.push_back(reshape(part, part.size(), 1));
    return concat_columns<Scalar>(std::span<const Variable<Scalar>>(columns));
}
template <typename Scalar>
[[nodiscard]] Variable<Scalar> stack(std::initializer_list<Variable<Scalar>> parts) {
    return stack<Scalar>(std::span<const Variable<Scalar>>(parts.begin(), parts.size()));
}

/// How many rows and columns `pad` adds on each side.
struct Padding {
    Index top = 0;
    Index bottom = 0;
    Index left = 0;
    Index right = 0;
};
/// x with a frame of `value` around it. Throws ShapeError for a negative width.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> pad(const Variable<Scalar>& x, const Padding& frame,
                                   const std::type_identity_t<Scalar>& value = Scalar(0)) {
    Tape<Scalar>& tape = x.tape("pad");
    const NodeIndex argument = tape.mine(x, "pad");
    require<ShapeError>(frame.top >= 0 && frame.bottom >= 0 && frame.left >= 0 && frame.right >= 0,
                        "pad: a frame of ", frame.top, ", ", frame.bottom, ", ", frame.left, ", ",
                        frame.right);
    const auto backward = [](Tape<Scalar>& t, const Node<Scalar>& n) {
        const Node<Scalar>& p = t.parent(n, 0);
        const Index* const at = t.integers(n.first_integer);
        MatrixMap<Scalar>(p.gradient, p.rows, p.cols) +=
            ConstMatrixMap<Scalar>(n.gradient, n.rows, n.cols).block(at[0], at[1], p.rows, p.cols);
    };
    const NodeIndex index = tape.add(x.rows() + frame.top + frame.bottom,
                                     x.cols() + frame.left + frame.right, {argument}, backward);
    Node<Scalar>& n = tape.node(index);
    n.first_integer = tape.add_integers(2);
    tape.integers(n.first_integer)[0] = frame.top;
    tape.integers(n.first_integer)[1] = frame.left;
    std::fill_n(n.value, n.size(), Scalar(value));
    MatrixMap<Scalar>(n.value, n.rows, n.cols).block(frame.top, frame.left, x.rows(), x.cols()) =
        x.value();
    return tape.handle(index);
}

/// The rows in reverse order, the last on top.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> flip_rows(const Variable<Scalar>& x) {
    const Index rows = x.rows();
    return shaping_detail::take(x, rows, x.cols(),
                                [=](Index i, Index j) { return rows - 1 - i + rows * j; });
}
/// The columns in reverse order. With B samples a step, `step` = B reverses time: groups of so many
/// columns keep their order within. Throws ShapeError if they do not divide the columns.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> flip_columns(const Variable<Scalar>& x, Index step = 1) {
    const Index rows = x.rows(), cols = x.cols();
    require<ShapeError>(step > 0 && cols % step == 0, "flip_columns: ", cols,
                        " columns are no multiple of ", step);
    return shaping_detail::take(x, rows, cols, [=](Index i, Index j) {
        return i + rows * ((cols / step - 1 - j / step) * step + j % step);
    });
}

/// x repeated to rows x cols: a single row, a single column or a single entry stands for all.
/// Throws ShapeError where a size is neither 1 nor the one that is asked for.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> broadcast_to(const Variable<Scalar>& x, Index rows, Index cols) {
    const Index from_rows = x.rows(), from_cols = x.cols();
    require<ShapeError>((from_rows == rows || from_rows == 1) &&
                            (from_cols == cols || from_cols == 1) && rows >= 0 && cols >= 0,
                        "broadcast_to: x is ", from_rows, " x ", from_cols,
                        ", it cannot be repeated to ", rows, " x ", cols);
    return shaping_detail::take(x, rows, cols, [=](Index i, Index j) {
        return (from_rows == 1 ? 0 : i) + from_rows * (from_cols == 1 ? 0 : j);
    });
}

/// Columns `indices` of a table, F x V: what stands for each word of a text. The gradient of a
/// column is the sum over all places where it was used. (`gather_columns` by its usual name.)
template <typename Scalar>
[[nodiscard]] Variable<Scalar> embedding(const Variable<Scalar>& table,
                                         std::span<const Index> indices) {
    return gather_columns<Scalar>(table, indices);
}

/// Running sums from left to right: column j of the result is the sum of columns 1 to j. With B
/// samples a step, `step` = B sums over time, each sample by itself. Throws ShapeError if `step`
/// does not divide the columns.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> cumulative_sum_columns(const Variable<Scalar>& x, Index step = 1) {
    Tape<Scalar>& tape = x.tape("cumulative_sum_columns");
    const NodeIndex argument = tape.mine(x, "cumulative_sum_columns");
    const Index rows = x.rows(), cols = x.cols();
    require<ShapeError>(step > 0 && cols % step == 0, "cumulative_sum_columns: ", cols,
                        " columns are no multiple of ", step);
    const auto backward = [](Tape<Scalar>& t, const Node<Scalar>& n) {
        const Index length = n.rows * *t.integers(n.first_integer);
        if (length == 0) return;
        arranging_detail::run_back(n.gradient, t.parent(n, 0).gradient, t.scratch(length), length,
                                   n.size() / length);
    };
    const NodeIndex index = tape.add(rows, cols, {argument}, backward);
    Node<Scalar>& n = tape.node(index);
    n.first_integer = tape.add_integers(1);
    *tape.integers(n.first_integer) = step;
    if (n.size() > 0)
        arranging_detail::run_forward(tape.node(argument).value, n.value, rows * step, cols / step);
    return tape.handle(index);
}
/// Running sums from top to bottom.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> cumulative_sum_rows(const Variable<Scalar>& x) {
    Tape<Scalar>& tape = x.tape("cumulative_sum_rows");
    const NodeIndex argument = tape.mine(x, "cumulative_sum_rows");
    const auto backward = [](Tape<Scalar>& t, const Node<Scalar>& n) {
        Scalar* const total = t.scratch(1);
        for (Index j = 0; j < n.cols; ++j) {
            arranging_detail::run_back(n.gradient + j * n.rows,
                                       t.parent(n, 0).gradient + j * n.rows, total, Index{1},
                                       Index{n.rows});
        }
    };
    const NodeIndex index = tape.add(x.rows(), x.cols(), {argument}, backward);
    const Node<Scalar>& n = tape.node(index);
    const Scalar* const values = tape.node(argument).value;
    for (Index j = 0; j < n.cols && n.rows > 0; ++j)
        arranging_detail::run_forward(values + j * n.rows, n.value + j * n.rows, Index{1},
                                      Index{n.rows});
    return tape.handle(index);
}

}  // namespace mgan::inline MGAN_ABI
