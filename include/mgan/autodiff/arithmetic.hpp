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
/// element.hpp does that: a block of an operand that stands still in a direction repeats its
/// entries, and the gradient's block is summed up.
///
/// `*` is the product of entries; the matrix product is `matmul`. A plain number on one side is a
/// part of the operation, and costs no node.

#include <mgan/autodiff/element.hpp>

#include <cmath>
#include <complex>

namespace mgan::inline MGAN_ABI {

namespace arithmetic_detail {

using element_detail::kReadsArguments;
using element_detail::kReadsNothing;
using element_detail::kReadsResult;
using element_detail::record;

struct Add {
    static constexpr const char* kName = "operator+";
    static constexpr unsigned kReads = kReadsNothing;
    static constexpr bool kAdds = true;
    static auto value(const auto& a, const auto& b) { return a + b; }
    static auto slope_a(const auto& a, const auto&, const auto&) { return decltype(a + a)(1); }
    static auto slope_b(const auto& a, const auto&, const auto&) { return decltype(a + a)(1); }
};
struct Subtract {
    static constexpr const char* kName = "operator-";
    static constexpr unsigned kReads = kReadsNothing;
    static auto value(const auto& a, const auto& b) { return a - b; }
    static auto slope_a(const auto& a, const auto&, const auto&) { return decltype(a + a)(1); }
    static auto slope_b(const auto& a, const auto&, const auto&) { return decltype(a + a)(-1); }
};
struct Multiply {
    static constexpr const char* kName = "operator*";
    static constexpr unsigned kReads = kReadsArguments;
    static auto value(const auto& a, const auto& b) { return a * b; }
    static auto slope_a(const auto&, const auto& b, const auto&) { return b; }
    static auto slope_b(const auto& a, const auto&, const auto&) { return a; }
};
struct Divide {
    static constexpr const char* kName = "operator/";
    static constexpr unsigned kReads = kReadsArguments | kReadsResult;
    static auto value(const auto& a, const auto& b) { return a / b; }
    static auto slope_a(const auto& a, const auto& b, const auto&) {
        return decltype(a + a)(1) / b;
    }
    static auto slope_b(const auto&, const auto& b, const auto& y) { return -y / b; }
};
struct Power {
    static constexpr const char* kName = "pow";
    static constexpr unsigned kReads = kReadsArguments | kReadsResult;
    static auto value(const auto& a, const auto& b) {
        using std::pow;
        return pow(a, b);
    }
    static auto slope_a(const auto& a, const auto& b, const auto&) {
        using std::pow;
        return b * pow(a, b - decltype(a + a)(1));
    }
    static auto slope_b(const auto& a, const auto&, const auto& y) {
        using std::log;
        return y * log(a);
    }
};
struct Maximum {
    static constexpr const char* kName = "max";
    static constexpr unsigned kReads = kReadsArguments;
    static auto value(const auto& a, const auto& b) { return left(a, b) ? a : b; }
    static auto slope_a(const auto& a, const auto& b, const auto&) {
        return decltype(a + a)(left(a, b) ? 1 : 0);
    }
    static auto slope_b(const auto& a, const auto& b, const auto&) {
        return decltype(a + a)(left(a, b) ? 0 : 1);
    }
    static bool left(const auto& a, const auto& b) { return real_part(a) >= real_part(b); }
};

// With a number p on one side.
struct AddNumber {
    static constexpr const char* kName = "operator+";
    static constexpr unsigned kReads = kReadsNothing;
    static auto value(const auto& a, const auto& p) { return a + p; }
    static auto slope(const auto& a, const auto&, const auto&) { return decltype(a + a)(1); }
};
struct SubtractNumber {
    static constexpr const char* kName = "operator-";
    static constexpr unsigned kReads = kReadsNothing;
    static auto value(const auto& a, const auto& p) { return a - p; }
    static auto slope(const auto& a, const auto&, const auto&) { return decltype(a + a)(1); }
};
struct SubtractFromNumber {
    static constexpr const char* kName = "operator-";
    static constexpr unsigned kReads = kReadsNothing;
    static auto value(const auto& a, const auto& p) { return p - a; }
    static auto slope(const auto& a, const auto&, const auto&) { return decltype(a + a)(-1); }
};
struct MultiplyByNumber {
    static constexpr const char* kName = "operator*";
    static constexpr unsigned kReads = kReadsNothing;
    static auto value(const auto& a, const auto& p) { return a * p; }
    static auto slope(const auto&, const auto&, const auto& p) { return p; }
};
struct DivideByNumber {
    static constexpr const char* kName = "operator/";
    static constexpr unsigned kReads = kReadsNothing;
    static auto value(const auto& a, const auto& p) { return a / p; }
    static auto slope(const auto& a, const auto&, const auto& p) { return decltype(a + a)(1) / p; }
};
struct DivideNumber {
    static constexpr const char* kName = "operator/";
    static constexpr unsigned kReads = kReadsArguments | kReadsResult;
    static auto value(const auto& a, const auto& p) { return p / a; }
    static auto slope(const auto& a, const auto& y, const auto&) { return -y / a; }
};
struct MaximumWithNumber {
    static constexpr const char* kName = "max";
    static constexpr unsigned kReads = kReadsArguments;
    static auto value(const auto& a, const auto& p) { return Maximum::value(a, p); }
    static auto slope(const auto& a, const auto&, const auto& p) {
        return Maximum::slope_a(a, p, a);
    }
};

}  // namespace arithmetic_detail

/// Two variables of one tape; a number that stands beside one becomes a `Scalar`.
template <typename Left, typename Right>
concept VariablePair =
    AnyVariable<Left> && AnyVariable<Right> && std::is_same_v<ScalarOf<Left>, ScalarOf<Right>>;

/// y = a + b; a, b: R x C, or 1 in place of R or C to be repeated. All operations of this file
/// broadcast so, and throw ShapeError with both shapes where they do not fit, Error where the
/// operands are of different tapes.
template <typename Left, typename Right>
requires VariablePair<Left, Right>
[[nodiscard]] Variable<ScalarOf<Left>> operator+(Left&& a, Right&& b) {
    return arithmetic_detail::record<arithmetic_detail::Add>(operand(std::forward<Left>(a)),
                                                             operand(std::forward<Right>(b)));
}
/// y = a - b.
template <typename Left, typename Right>
requires VariablePair<Left, Right>
[[nodiscard]] Variable<ScalarOf<Left>> operator-(Left&& a, Right&& b) {
    return arithmetic_detail::record<arithmetic_detail::Subtract>(operand(std::forward<Left>(a)),
                                                                  operand(std::forward<Right>(b)));
}
/// y_ij = a_ij b_ij.
template <typename Left, typename Right>
requires VariablePair<Left, Right>
[[nodiscard]] Variable<ScalarOf<Left>> operator*(Left&& a, Right&& b) {
    return arithmetic_detail::record<arithmetic_detail::Multiply>(operand(std::forward<Left>(a)),
                                                                  operand(std::forward<Right>(b)));
}
/// y_ij = a_ij / b_ij.
template <typename Left, typename Right>
requires VariablePair<Left, Right>
[[nodiscard]] Variable<ScalarOf<Left>> operator/(Left&& a, Right&& b) {
    return arithmetic_detail::record<arithmetic_detail::Divide>(operand(std::forward<Left>(a)),
                                                                operand(std::forward<Right>(b)));
}
/// y_ij = a_ij ^ b_ij, a_ij > 0 (the gradient of b contains log a). For a constant exponent and any
/// base there is `pow(a, exponent)` in nonlinear.hpp.
template <typename Left, typename Right>
requires VariablePair<Left, Right>
[[nodiscard]] Variable<ScalarOf<Left>> pow(Left&& a, Right&& b) {
    return arithmetic_detail::record<arithmetic_detail::Power>(operand(std::forward<Left>(a)),
                                                               operand(std::forward<Right>(b)));
}
/// y_ij = the larger of a_ij and b_ij; at a tie the whole gradient goes to a.
template <typename Left, typename Right>
requires VariablePair<Left, Right>
[[nodiscard]] Variable<ScalarOf<Left>> max(Left&& a, Right&& b) {
    return arithmetic_detail::record<arithmetic_detail::Maximum>(operand(std::forward<Left>(a)),
                                                                 operand(std::forward<Right>(b)));
}
/// The same for two constants of C++: std::max would fit them better than the template above.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> max(const Variable<Scalar>& a, const Variable<Scalar>& b) {
    return arithmetic_detail::record<arithmetic_detail::Maximum>(operand(a), operand(b));
}

/// With a plain number on one side.
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> operator+(Type&& a, const ScalarOf<Type>& b) {
    return arithmetic_detail::record<arithmetic_detail::AddNumber>(operand(std::forward<Type>(a)),
                                                                   b);
}
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> operator+(const ScalarOf<Type>& a, Type&& b) {
    return arithmetic_detail::record<arithmetic_detail::AddNumber>(operand(std::forward<Type>(b)),
                                                                   a);
}
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> operator-(Type&& a, const ScalarOf<Type>& b) {
    return arithmetic_detail::record<arithmetic_detail::SubtractNumber>(
        operand(std::forward<Type>(a)), b);
}
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> operator-(const ScalarOf<Type>& a, Type&& b) {
    return arithmetic_detail::record<arithmetic_detail::SubtractFromNumber>(
        operand(std::forward<Type>(b)), a);
}
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> operator*(Type&& a, const ScalarOf<Type>& b) {
    return arithmetic_detail::record<arithmetic_detail::MultiplyByNumber>(
        operand(std::forward<Type>(a)), b);
}
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> operator*(const ScalarOf<Type>& a, Type&& b) {
    return arithmetic_detail::record<arithmetic_detail::MultiplyByNumber>(
        operand(std::forward<Type>(b)), a);
}
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> operator/(Type&& a, const ScalarOf<Type>& b) {
    return arithmetic_detail::record<arithmetic_detail::DivideByNumber>(
        operand(std::forward<Type>(a)), b);
}
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> operator/(const ScalarOf<Type>& a, Type&& b) {
    return arithmetic_detail::record<arithmetic_detail::DivideNumber>(
        operand(std::forward<Type>(b)), a);
}
/// y = max(a, b) for a number b; at a tie the gradient goes to a.
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> max(Type&& a, const ScalarOf<Type>& b) {
    return arithmetic_detail::record<arithmetic_detail::MaximumWithNumber>(
        operand(std::forward<Type>(a)), b);
}

}  // namespace mgan::inline MGAN_ABI
