#pragma once
/// \file
/// Choosing: minimum, clip, where, the largest entry of each column, dropout.
///
/// A choice copies one of its arguments, so the gradient goes to the chosen one and nowhere else:
///
///     y_ij = a_ij or b_ij       da_ij or db_ij += dy_ij
///
/// Comparisons look at real parts alone, and are not differentiated: where two arguments are equal,
/// the first has the gradient.

#include <mgan/autodiff/arithmetic.hpp>
#include <mgan/core/random.hpp>

#include <cstdint>
#include <vector>

namespace mgan::inline MGAN_ABI {

namespace selection_detail {

using element_detail::kReadsArguments;

struct Minimum {
    static constexpr const char* kName = "min";
    static constexpr unsigned kReads = kReadsArguments;
    static bool left(const auto& a, const auto& b) { return real_part(a) <= real_part(b); }
    static auto value(const auto& a, const auto& b) { return left(a, b) ? a : b; }
    static auto slope_a(const auto& a, const auto& b, const auto&) {
        return decltype(a + a)(left(a, b) ? 1 : 0);
    }
    static auto slope_b(const auto& a, const auto& b, const auto&) {
        return decltype(a + a)(left(a, b) ? 0 : 1);
    }
};
struct MinimumWithNumber {
    static constexpr const char* kName = "min";
    static constexpr unsigned kReads = kReadsArguments;
    static auto value(const auto& a, const auto& p) { return Minimum::value(a, p); }
    static auto slope(const auto& a, const auto&, const auto& p) {
        return Minimum::slope_a(a, p, a);
    }
};
/// b where the mask a is not 0, else 0: not a product, which would turn an infinite b into NaN.
struct Where {
    static constexpr const char* kName = "where";
    static constexpr unsigned kReads = kReadsArguments;
    static auto value(const auto& a, const auto& b) {
        return real_part(a) != 0 ? b : decltype(a + b)(0);
    }
    static auto slope_a(const auto& a, const auto&, const auto&) { return decltype(a + a)(0); }
    static auto slope_b(const auto& a, const auto&, const auto&) {
        return decltype(a + a)(real_part(a) != 0 ? 1 : 0);
    }
};

/// A constant of 0 and 1. condition: a matrix or array of bool.
template <typename Scalar, typename Derived>
[[nodiscard]] Variable<Scalar> mask_of(Tape<Scalar>& tape,
                                       const Eigen::DenseBase<Derived>& condition, bool wanted) {
    const NodeIndex index = tape.add(condition.rows(), condition.cols(), {}, nullptr);
    const Node<Scalar>& n = tape.node(index);
    MatrixMap<Scalar> values(n.value, n.rows, n.cols);
    for (Index j = 0; j < values.cols(); ++j)
        for (Index i = 0; i < values.rows(); ++i)
            values(i, j) = Scalar(condition.derived()(i, j) == wanted ? 1 : 0);
    return tape.handle(index);
}

/// Row of the largest entry of a column, the first of several.
template <typename Scalar>
[[nodiscard]] Index largest_of(const Scalar* x, Index rows) {
    Index largest = 0;
    for (Index i = 1; i < rows; ++i)
        if (real_part(x[i]) > real_part(x[largest])) largest = i;
    return largest;
}

}  // namespace selection_detail

/// y_ij = the smaller of a_ij and b_ij, with broadcasting; at a tie the gradient goes to a.
template <typename Left, typename Right>
requires VariablePair<Left, Right>
[[nodiscard]] Variable<ScalarOf<Left>> min(Left&& a, Right&& b) {
    return element_detail::record<selection_detail::Minimum>(operand(std::forward<Left>(a)),
                                                             operand(std::forward<Right>(b)));
}
template <typename Scalar>
[[nodiscard]] Variable<Scalar> min(const Variable<Scalar>& a, const Variable<Scalar>& b) {
    return element_detail::record<selection_detail::Minimum>(operand(a), operand(b));
}
/// With a number; at a tie the gradient goes to a.
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> min(Type&& a, const ScalarOf<Type>& b) {
    return element_detail::record<selection_detail::MinimumWithNumber>(
        operand(std::forward<Type>(a)), b);
}

/// x, but at least `low` and at most `high`. The gradient is dy within these limits, both of them
/// included, and 0 outside. Throws ConfigError if low > high.
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> clip(Type&& x, const ScalarOf<Type>& low,
                                            const ScalarOf<Type>& high) {
    require<ConfigError>(real_part(low) <= real_part(high), "clip: the lower limit ",
                         real_part(low), " is above the upper one, ", real_part(high));
    return min(max(std::forward<Type>(x), low), high);
}

/// y_ij = a_ij where the condition holds, else b_ij. condition: a matrix or array of bool, such as
/// `x.value().array() > 0`; all three broadcast. What is not chosen has no influence, even if it is
/// not finite; its gradient is zero.
template <typename Derived, typename Left, typename Right>
requires VariablePair<Left, Right>
[[nodiscard]] Variable<ScalarOf<Left>> where(const Eigen::DenseBase<Derived>& condition, Left&& a,
                                             Right&& b) {
    using Scalar = ScalarOf<Left>;
    namespace detail = selection_detail;
    Tape<Scalar>& tape = a.tape("where");
    const Variable<Scalar> yes = detail::mask_of(tape, condition, true);
    const Variable<Scalar> no = detail::mask_of(tape, condition, false);
    return element_detail::record<detail::Where>(operand(yes), operand(std::forward<Left>(a))) +
           element_detail::record<detail::Where>(operand(no), operand(std::forward<Right>(b)));
}

/// The largest entry of each column: x is R x C, the result 1 x C. Throws ShapeError for R = 0.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> column_max(const Variable<Scalar>& x) {
    Tape<Scalar>& tape = x.tape("column_max");
    const NodeIndex argument = tape.mine(x, "column_max");
    const Index rows = x.rows(), cols = x.cols();
    require<ShapeError>(rows > 0, "column_max: x is 0 x ", cols, ", its columns have no entries");
    const NodeIndex index =
        tape.add(1, cols, {argument}, [](Tape<Scalar>& t, const Node<Scalar>& n) {
            const Index* const from = t.integers(n.first_integer);
            for (Index j = 0; j < n.cols; ++j) t.parent(n, 0).gradient[from[j]] += n.gradient[j];
        });
    Node<Scalar>& y = tape.node(index);
    y.first_integer = tape.add_integers(static_cast<std::size_t>(cols));
    Index* const from = tape.integers(y.first_integer);
    const Scalar* const values = tape.node(argument).value;
    for (Index j = 0; j < cols; ++j) {
        from[j] = j * rows + selection_detail::largest_of(values + j * rows, rows);
        y.value[j] = values[from[j]];
    }
    return tape.handle(index);
}

/// The row of the largest entry of each column, the first of several: numbers, without a gradient.
/// Throws ShapeError if columns have no entries.
template <typename Scalar>
[[nodiscard]] std::vector<Index> column_argmax(const Variable<Scalar>& x) {
    const ConstMatrixMap<Scalar> values = x.value();
    require<ShapeError>(values.rows() > 0 || values.cols() == 0, "column_argmax: x is 0 x ",
                        values.cols(), ", its columns have no entries");
    std::vector<Index> rows;
    for (Index j = 0; j < values.cols(); ++j)
        rows.push_back(
            selection_detail::largest_of(values.data() + j * values.rows(), values.rows()));
    return rows;
}

/// Sets each entry to zero with probability `rate`, and divides the others by 1 - rate, so that the
/// expectation is x. The mask is a function of `random` and of the entry's place: the same for the
/// same seed. 0 <= rate < 1 (ConfigError otherwise).
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> dropout(Type&& x, double rate, const Random& random) {
    using Scalar = ScalarOf<Type>;
    Tape<Scalar>& tape = x.tape("dropout");
    require<ConfigError>(rate >= 0 && rate < 1, "dropout: a rate of ", rate,
                         "; it must be at least 0 and less than 1");
    const NodeIndex index = tape.add(x.rows(), x.cols(), {}, nullptr);
    const Node<Scalar>& mask = tape.node(index);
    const auto kept = static_cast<RealOf<Scalar>>(1 / (1 - rate));
    for (Index i = 0; i < mask.size(); ++i)
        mask.value[i] = Scalar(random.uniform(static_cast<std::uint64_t>(i)) < rate ? 0 : kept);
    const Variable<Scalar> m = tape.handle(index);
    return std::forward<Type>(x) * m;
}

}  // namespace mgan::inline MGAN_ABI
