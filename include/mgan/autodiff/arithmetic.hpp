#pragma once
/// \file
/// Operations of two matrices, entry by entry: + - * / pow max, with broadcasting.
///
/// If y_ij = f(a_ij, b_ij), then a change of a_ij reaches the loss through y_ij alone:
///
///     da_ij += f_a(a_ij, b_ij) dy_ij         f_a, f_b: the partial derivatives of f
///     db_ij += f_b(a_ij, b_ij) dy_ij
///
/// Broadcasting: where one operand has a single column (or row) and the other more, it stands for
/// all of them, as the bias in W x + b. One entry then has many users, and its gradient is the sum
/// over them:
///
///     y_ij = a_ij + b_i    ->    db_i += sum over j of dy_ij
///
/// The loop below does that by itself: an operand that stands still in a direction has stride 0
/// there, and `+=` meets the same entry again and again.
///
/// `*` is the product of entries; the matrix product is `matmul`.

#include <mgan/autodiff/tape.hpp>

#include <cmath>
#include <complex>
#include <type_traits>

namespace mgan::inline MGAN_ABI {

namespace arithmetic_detail {

/// How an operand of rows x cols is read in a result of R x C.
struct Strides {
    Index row;
    Index col;

    template <typename Scalar>
    explicit Strides(const Node<Scalar>& n)
        : row(n.rows == 1 ? 0 : 1), col(n.cols == 1 ? 0 : n.rows) {}
};

/// The size of the result in one direction: equal, or one of the two is 1.
[[nodiscard]] inline bool broadcast(Index a, Index b, Index& result) noexcept {
    result = a == 1 ? b : a;
    return a == b || a == 1 || b == 1;
}

template <typename Function, typename Scalar>
void backward(Tape<Scalar>& tape, const Node<Scalar>& y) {
    const Node<Scalar>& a = tape.parent(y, 0);
    const Node<Scalar>& b = tape.parent(y, 1);
    const Strides of_a(a), of_b(b);
    for (Index j = 0; j < y.cols; ++j) {
        for (Index i = 0; i < y.rows; ++i) {
            const Index ia = i * of_a.row + j * of_a.col;
            const Index ib = i * of_b.row + j * of_b.col;
            const Index iy = i + j * y.rows;
            const Scalar dy = y.gradient[iy];
            if (a.needs_gradient)
                a.gradient[ia] += dy * Function::slope_a(a.value[ia], b.value[ib], y.value[iy]);
            if (b.needs_gradient)
                b.gradient[ib] += dy * Function::slope_b(a.value[ia], b.value[ib], y.value[iy]);
        }
    }
}

template <typename Function, typename Scalar>
[[nodiscard]] Variable<Scalar> record(const Variable<Scalar>& left, const Variable<Scalar>& right) {
    Tape<Scalar>& tape = left.tape(Function::kName);
    const NodeIndex l = left.index(), r = tape.mine(right, Function::kName);
    Index rows = 0, cols = 0;
    const bool fits = broadcast(tape.node(l).rows, tape.node(r).rows, rows) &&
                      broadcast(tape.node(l).cols, tape.node(r).cols, cols);
    require<ShapeError>(fits, Function::kName, ": a is ", tape.node(l).rows, " x ",
                        tape.node(l).cols, ", b is ", tape.node(r).rows, " x ", tape.node(r).cols,
                        "; sizes must be equal, or 1 to be repeated");
    const NodeIndex index = tape.add(rows, cols, {l, r}, &backward<Function, Scalar>);
    const Node<Scalar>& y = tape.node(index);
    const Node<Scalar>& a = tape.node(l);
    const Node<Scalar>& b = tape.node(r);
    const Strides of_a(a), of_b(b);
    for (Index j = 0; j < cols; ++j)
        for (Index i = 0; i < rows; ++i)
            y.value[i + j * rows] = Function::value(a.value[i * of_a.row + j * of_a.col],
                                                    b.value[i * of_b.row + j * of_b.col]);
    return tape.handle(index);
}

struct Add {
    static constexpr const char* kName = "operator+";
    static auto value(const auto& a, const auto& b) { return a + b; }
    static auto slope_a(const auto& a, const auto&, const auto&) { return decltype(a + a)(1); }
    static auto slope_b(const auto& a, const auto&, const auto&) { return decltype(a + a)(1); }
};
struct Subtract {
    static constexpr const char* kName = "operator-";
    static auto value(const auto& a, const auto& b) { return a - b; }
    static auto slope_a(const auto& a, const auto&, const auto&) { return decltype(a + a)(1); }
    static auto slope_b(const auto& a, const auto&, const auto&) { return decltype(a + a)(-1); }
};
struct Multiply {
    static constexpr const char* kName = "operator*";
    static auto value(const auto& a, const auto& b) { return a * b; }
    static auto slope_a(const auto&, const auto& b, const auto&) { return b; }
    static auto slope_b(const auto& a, const auto&, const auto&) { return a; }
};
struct Divide {
    static constexpr const char* kName = "operator/";
    static auto value(const auto& a, const auto& b) { return a / b; }
    static auto slope_a(const auto& a, const auto& b, const auto&) {
        return decltype(a + a)(1) / b;
    }
    static auto slope_b(const auto&, const auto& b, const auto& y) { return -y / b; }
};
struct Power {
    static constexpr const char* kName = "pow";
    static auto value(const auto& a, const auto& b) { return std::pow(a, b); }
    static auto slope_a(const auto& a, const auto& b, const auto&) {
        return b * std::pow(a, b - decltype(a + a)(1));
    }
    static auto slope_b(const auto& a, const auto&, const auto& y) { return y * std::log(a); }
};
struct Maximum {
    static constexpr const char* kName = "max";
    static auto value(const auto& a, const auto& b) { return left(a, b) ? a : b; }
    static auto slope_a(const auto& a, const auto& b, const auto&) {
        return decltype(a + a)(left(a, b) ? 1 : 0);
    }
    static auto slope_b(const auto& a, const auto& b, const auto&) {
        return decltype(a + a)(left(a, b) ? 0 : 1);
    }
    static bool left(const auto& a, const auto& b) { return real_part(a) >= real_part(b); }
};

}  // namespace arithmetic_detail

/// y = a + b; a, b: R x C, or 1 in place of R or C to be repeated. All operations of this file
/// broadcast so, and throw ShapeError with both shapes where they do not fit, Error where the
/// operands are of different tapes.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> operator+(const Variable<Scalar>& a, const Variable<Scalar>& b) {
    return arithmetic_detail::record<arithmetic_detail::Add>(a, b);
}
/// y = a - b.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> operator-(const Variable<Scalar>& a, const Variable<Scalar>& b) {
    return arithmetic_detail::record<arithmetic_detail::Subtract>(a, b);
}
/// y_ij = a_ij b_ij.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> operator*(const Variable<Scalar>& a, const Variable<Scalar>& b) {
    return arithmetic_detail::record<arithmetic_detail::Multiply>(a, b);
}
/// y_ij = a_ij / b_ij.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> operator/(const Variable<Scalar>& a, const Variable<Scalar>& b) {
    return arithmetic_detail::record<arithmetic_detail::Divide>(a, b);
}
/// y_ij = a_ij ^ b_ij, a_ij > 0 (the gradient of b contains log a). For a constant exponent and any
/// base there is `pow(a, exponent)` in nonlinear.hpp.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> pow(const Variable<Scalar>& a, const Variable<Scalar>& b) {
    return arithmetic_detail::record<arithmetic_detail::Power>(a, b);
}
/// y_ij = the larger of a_ij and b_ij; at a tie the whole gradient goes to a.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> max(const Variable<Scalar>& a, const Variable<Scalar>& b) {
    return arithmetic_detail::record<arithmetic_detail::Maximum>(a, b);
}

/// With a plain number on one side: it becomes a constant of the tape.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> operator+(const Variable<Scalar>& a,
                                         const std::type_identity_t<Scalar>& b) {
    return a + a.tape("operator+").constant(b);
}
template <typename Scalar>
[[nodiscard]] Variable<Scalar> operator+(const std::type_identity_t<Scalar>& a,
                                         const Variable<Scalar>& b) {
    return b.tape("operator+").constant(a) + b;
}
template <typename Scalar>
[[nodiscard]] Variable<Scalar> operator-(const Variable<Scalar>& a,
                                         const std::type_identity_t<Scalar>& b) {
    return a - a.tape("operator-").constant(b);
}
template <typename Scalar>
[[nodiscard]] Variable<Scalar> operator-(const std::type_identity_t<Scalar>& a,
                                         const Variable<Scalar>& b) {
    return b.tape("operator-").constant(a) - b;
}
template <typename Scalar>
[[nodiscard]] Variable<Scalar> operator*(const Variable<Scalar>& a,
                                         const std::type_identity_t<Scalar>& b) {
    return a * a.tape("operator*").constant(b);
}
template <typename Scalar>
[[nodiscard]] Variable<Scalar> operator*(const std::type_identity_t<Scalar>& a,
                                         const Variable<Scalar>& b) {
    return b.tape("operator*").constant(a) * b;
}
template <typename Scalar>
[[nodiscard]] Variable<Scalar> operator/(const Variable<Scalar>& a,
                                         const std::type_identity_t<Scalar>& b) {
    return a / a.tape("operator/").constant(b);
}
template <typename Scalar>
[[nodiscard]] Variable<Scalar> operator/(const std::type_identity_t<Scalar>& a,
                                         const Variable<Scalar>& b) {
    return b.tape("operator/").constant(a) / b;
}
/// y = max(a, b) for a number b; at a tie the gradient goes to a.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> max(const Variable<Scalar>& a,
                                   const std::type_identity_t<Scalar>& b) {
    return max(a, a.tape("max").constant(b));
}

}  // namespace mgan::inline MGAN_ABI
