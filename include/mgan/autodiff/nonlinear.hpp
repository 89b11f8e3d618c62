#pragma once
/// \file
/// Functions of one number, applied to every entry of a matrix.
///
/// If y_ij = f(x_ij), then dx_ij += f'(x_ij) dy_ij. Many derivatives are cheapest from the value
/// that is there already, as tanh' = 1 - tanh^2.
///
///     f           f'                       f            f'
///     -x          -1                       sigmoid      y (1 - y)
///     exp x       y                        tanh x       1 - y^2
///     log x       1 / x                    relu         1 if x > 0, else 0
///     sqrt x      1 / (2 y)                softplus     sigmoid(x)
///     x^p         p x^(p-1)                sin x        cos x
///     |x|         sign x                   cos x        -sin x
///
/// Where a function has a kink, one of its subgradients is taken: relu'(0) = 0 and |.|'(0) = 0.
/// Branches look at the real part alone, so that all of them are analytic beside their kinks and a
/// complex step through a tape is possible.

#include <mgan/autodiff/tape.hpp>

#include <cmath>
#include <complex>
#include <type_traits>

namespace mgan::inline MGAN_ABI {

namespace nonlinear_detail {

template <typename Function, typename Scalar>
void backward(Tape<Scalar>& tape, const Node<Scalar>& y) {
    const Node<Scalar>& x = tape.parent(y, 0);
    for (Index i = 0; i < y.size(); ++i)
        x.gradient[i] += y.gradient[i] * Function::slope(x.value[i], y.value[i], y.parameter);
}

template <typename Function, typename Scalar>
[[nodiscard]] Variable<Scalar> record(const Variable<Scalar>& argument,
                                      const Scalar& parameter = Scalar(0)) {
    Tape<Scalar>& tape = argument.tape(Function::kName);
    const NodeIndex p = argument.index();
    const NodeIndex index =
        tape.add(tape.node(p).rows, tape.node(p).cols, {p}, &backward<Function, Scalar>);
    Node<Scalar>& y = tape.node(index);
    const Node<Scalar>& x = tape.node(p);
    y.parameter = parameter;
    for (Index i = 0; i < y.size(); ++i) y.value[i] = Function::value(x.value[i], parameter);
    return tape.handle(index);
}

/// 1 / (1 + exp(-x)) without overflow: the exponential of a number that is not positive.
template <typename Scalar>
[[nodiscard]] Scalar sigmoid_of(const Scalar& x) {
    if (real_part(x) >= 0) return Scalar(1) / (Scalar(1) + std::exp(-x));
    const Scalar e = std::exp(x);
    return e / (Scalar(1) + e);
}

/// log(1 + z) for |z| <= 1; the real function keeps the digits of a small z.
template <typename Scalar>
[[nodiscard]] Scalar log_of_one_plus(const Scalar& z) {
    if constexpr (Eigen::NumTraits<Scalar>::IsComplex) {
        return std::log(Scalar(1) + z);
    } else {
        return std::log1p(z);
    }
}

/// x^p. Over the complex numbers std::pow goes through the logarithm, whose imaginary part is pi
/// for a negative base: the rounding of exp(i pi p) would drown a complex step. So a small whole
/// exponent is a product.
template <typename Scalar>
[[nodiscard]] Scalar power_of(const Scalar& x, const Scalar& p) {
    if constexpr (Eigen::NumTraits<Scalar>::IsComplex) {
        constexpr RealOf<Scalar> kMost = 64;
        const RealOf<Scalar> exponent = real_part(p);
        if (p == Scalar(exponent) && std::abs(exponent) <= kMost &&
            exponent == std::floor(exponent)) {
            Scalar product(1);
            for (RealOf<Scalar> k = 0; k < std::abs(exponent); k += 1) product *= x;
            return exponent < 0 ? Scalar(1) / product : product;
        }
    }
    return std::pow(x, p);
}

struct Negate {
    static constexpr const char* kName = "operator-";
    static auto value(const auto& x, const auto&) { return -x; }
    static auto slope(const auto& x, const auto&, const auto&) { return decltype(x + x)(-1); }
};
struct Exp {
    static constexpr const char* kName = "exp";
    static auto value(const auto& x, const auto&) { return std::exp(x); }
    static auto slope(const auto&, const auto& y, const auto&) { return y; }
};
struct Log {
    static constexpr const char* kName = "log";
    static auto value(const auto& x, const auto&) { return std::log(x); }
    static auto slope(const auto& x, const auto&, const auto&) { return decltype(x + x)(1) / x; }
};
struct Sqrt {
    static constexpr const char* kName = "sqrt";
    static auto value(const auto& x, const auto&) { return std::sqrt(x); }
    static auto slope(const auto& x, const auto& y, const auto&) {
        return decltype(x + x)(1) / (y + y);
    }
};
struct Power {
    static constexpr const char* kName = "pow";
    static auto value(const auto& x, const auto& p) { return power_of(x, p); }
    static auto slope(const auto& x, const auto&, const auto& p) {
        using Scalar = decltype(x + x);
        if (p == Scalar(0)) return Scalar(0);  // also at x = 0, where x^(p-1) is infinite
        return p * power_of(x, p - Scalar(1));
    }
};
struct Abs {
    static constexpr const char* kName = "abs";
    static auto value(const auto& x, const auto&) { return real_part(x) < 0 ? -x : x; }
    static auto slope(const auto& x, const auto&, const auto&) {
        const auto real = real_part(x);
        return decltype(x + x)(real > 0 ? 1 : real < 0 ? -1 : 0);
    }
};
struct Sigmoid {
    static constexpr const char* kName = "sigmoid";
    static auto value(const auto& x, const auto&) { return sigmoid_of(x); }
    static auto slope(const auto& x, const auto& y, const auto&) {
        return y * (decltype(x + x)(1) - y);
    }
};
struct Tanh {
    static constexpr const char* kName = "tanh";
    static auto value(const auto& x, const auto&) { return std::tanh(x); }
    static auto slope(const auto& x, const auto& y, const auto&) {
        return decltype(x + x)(1) - y * y;
    }
};
struct Relu {
    static constexpr const char* kName = "relu";
    static auto value(const auto& x, const auto&) {
        using Scalar = decltype(x + x);
        return real_part(x) > 0 ? Scalar(x) : Scalar(0);
    }
    static auto slope(const auto& x, const auto&, const auto&) {
        return decltype(x + x)(real_part(x) > 0 ? 1 : 0);
    }
};
struct Softplus {
    static constexpr const char* kName = "softplus";
    static auto value(const auto& x, const auto&) {
        // log(1 + e^x) = x + log(1 + e^-x): the branch whose exponential is at most 1.
        using Scalar = decltype(x + x);
        return real_part(x) > 0 ? Scalar(x + log_of_one_plus<Scalar>(std::exp(-x)))
                                : log_of_one_plus<Scalar>(std::exp(x));
    }
    static auto slope(const auto& x, const auto&, const auto&) { return sigmoid_of(x); }
};
struct Sin {
    static constexpr const char* kName = "sin";
    static auto value(const auto& x, const auto&) { return std::sin(x); }
    static auto slope(const auto& x, const auto&, const auto&) { return std::cos(x); }
};
struct Cos {
    static constexpr const char* kName = "cos";
    static auto value(const auto& x, const auto&) { return std::cos(x); }
    static auto slope(const auto& x, const auto&, const auto&) { return -std::sin(x); }
};

}  // namespace nonlinear_detail

/// Each of these takes a variable of any shape and gives one of the same shape; the table at the
/// top of the file says what and with which derivative. Throws Error if `x` is on no tape.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> operator-(const Variable<Scalar>& x) {
    return nonlinear_detail::record<nonlinear_detail::Negate>(x);
}
template <typename Scalar>
[[nodiscard]] Variable<Scalar> exp(const Variable<Scalar>& x) {
    return nonlinear_detail::record<nonlinear_detail::Exp>(x);
}
/// Natural logarithm; x > 0.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> log(const Variable<Scalar>& x) {
    return nonlinear_detail::record<nonlinear_detail::Log>(x);
}
/// x >= 0; the gradient is infinite at 0.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> sqrt(const Variable<Scalar>& x) {
    return nonlinear_detail::record<nonlinear_detail::Sqrt>(x);
}
/// x^p with a number p; defined where std::pow is.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> pow(const Variable<Scalar>& x,
                                   const std::type_identity_t<Scalar>& p) {
    return nonlinear_detail::record<nonlinear_detail::Power>(x, p);
}
template <typename Scalar>
[[nodiscard]] Variable<Scalar> abs(const Variable<Scalar>& x) {
    return nonlinear_detail::record<nonlinear_detail::Abs>(x);
}
/// 1 / (1 + e^-x).
template <typename Scalar>
[[nodiscard]] Variable<Scalar> sigmoid(const Variable<Scalar>& x) {
    return nonlinear_detail::record<nonlinear_detail::Sigmoid>(x);
}
template <typename Scalar>
[[nodiscard]] Variable<Scalar> tanh(const Variable<Scalar>& x) {
    return nonlinear_detail::record<nonlinear_detail::Tanh>(x);
}
/// max(x, 0).
template <typename Scalar>
[[nodiscard]] Variable<Scalar> relu(const Variable<Scalar>& x) {
    return nonlinear_detail::record<nonlinear_detail::Relu>(x);
}
/// log(1 + e^x).
template <typename Scalar>
[[nodiscard]] Variable<Scalar> softplus(const Variable<Scalar>& x) {
    return nonlinear_detail::record<nonlinear_detail::Softplus>(x);
}
template <typename Scalar>
[[nodiscard]] Variable<Scalar> sin(const Variable<Scalar>& x) {
    return nonlinear_detail::record<nonlinear_detail::Sin>(x);
}
template <typename Scalar>
[[nodiscard]] Variable<Scalar> cos(const Variable<Scalar>& x) {
    return nonlinear_detail::record<nonlinear_detail::Cos>(x);
}

}  // namespace mgan::inline MGAN_ABI
