#pragma once
/// \file
/// Functions of one number, applied to every entry of a matrix.
///
/// If y_ij = f(x_ij), then dx_ij += f'(x_ij) dy_ij. Many derivatives are cheapest by the value y,
/// which is there already: that of tanh is 1 - y^2.
///
///     f           f'                       f            f'
///     -x          -1                       sigmoid      y (1 - y)
///     exp x       y                        tanh x       1 - y^2
///     log x       1 / x                    relu         [x > 0]
///     sqrt x      1 / (2 y)                softplus     sigmoid(x)
///     x^p         p x^(p-1)                sin x        cos x
///     |x|         sign x                   cos x        -sin x
///
/// Where a function has a kink, a subgradient is taken: 0 at x = 0, both for relu and for |x|.
/// Branches look at the real part alone, so that all of them are analytic beside their kinks and a
/// complex step through a tape is possible.

#include <mgan/autodiff/tape.hpp>

#include <cmath>
#include <complex>
#include <type_traits>

namespace mgan::inline MGAN_ABI {

namespace nonlinear_detail {

/// value(x) or value(x, p), slope(x, y) or slope(x, y, p): most functions have no parameter p.
template <typename Function, typename Scalar, typename... Arguments>
[[nodiscard]] Scalar call(const Function& function, const Scalar& p,
                          const Arguments&... arguments) {
    if constexpr (std::is_invocable_v<Function, const Arguments&..., const Scalar&>) {
        return function(arguments..., p);
    } else {
        return function(arguments...);
    }
}

/// dx_i += f'(x_i) dy_i. A node keeps a plain function pointer, so the slope is part of the type: a
/// lambda without captures.
template <typename Slope, typename Scalar>
void backward(Tape<Scalar>& tape, const Node<Scalar>& y) {
    const Node<Scalar>& x = tape.parent(y, 0);
    for (Index i = 0; i < y.size(); ++i)
        x.gradient[i] += y.gradient[i] * call(Slope{}, y.parameter, x.value[i], y.value[i]);
}

/// Records y_i = value(x_i), with f'(x_i) = slope(x_i, y_i).
template <typename Scalar, typename Value, typename Slope>
[[nodiscard]] Variable<Scalar> record(const char* name, const Variable<Scalar>& argument,
                                      const Value& value, const Slope&,
                                      const Scalar& parameter = Scalar(0)) {
    Tape<Scalar>& tape = argument.tape(name);
    const NodeIndex p = argument.index();
    const NodeIndex index =
        tape.add(tape.node(p).rows, tape.node(p).cols, {p}, &backward<Slope, Scalar>);
    Node<Scalar>& y = tape.node(index);
    const Node<Scalar>& x = tape.node(p);
    y.parameter = parameter;
    for (Index i = 0; i < y.size(); ++i) y.value[i] = call(value, parameter, x.value[i]);
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

}  // namespace nonlinear_detail

/// Each of these takes a variable of any shape and gives one of the same shape; the table at the
/// top of the file says what and with which derivative. Throws Error if `x` is on no tape.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> operator-(const Variable<Scalar>& x) {
    return nonlinear_detail::record(
        "operator-", x, [](const Scalar& a) { return -a; },
        [](const Scalar&, const Scalar&) { return Scalar(-1); });
}
template <typename Scalar>
[[nodiscard]] Variable<Scalar> exp(const Variable<Scalar>& x) {
    return nonlinear_detail::record(
        "exp", x, [](const Scalar& a) { return std::exp(a); },
        [](const Scalar&, const Scalar& y) { return y; });
}
/// Natural logarithm; x > 0.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> log(const Variable<Scalar>& x) {
    return nonlinear_detail::record(
        "log", x, [](const Scalar& a) { return std::log(a); },
        [](const Scalar& a, const Scalar&) { return Scalar(1) / a; });
}
/// x >= 0; the gradient is infinite at 0.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> sqrt(const Variable<Scalar>& x) {
    return nonlinear_detail::record(
        "sqrt", x, [](const Scalar& a) { return std::sqrt(a); },
        [](const Scalar&, const Scalar& y) { return Scalar(1) / (y + y); });
}
/// x^p with a number p; defined where std::pow is.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> pow(const Variable<Scalar>& x,
                                   const std::type_identity_t<Scalar>& p) {
    return nonlinear_detail::record(
        "pow", x, [](const Scalar& a, const Scalar& q) { return nonlinear_detail::power_of(a, q); },
        [](const Scalar& a, const Scalar&, const Scalar& q) {
            if (q == Scalar(0)) return Scalar(0);  // also at a = 0, where a^(q-1) is infinite
            return Scalar(q * nonlinear_detail::power_of(a, Scalar(q - Scalar(1))));
        },
        p);
}
template <typename Scalar>
[[nodiscard]] Variable<Scalar> abs(const Variable<Scalar>& x) {
    return nonlinear_detail::record(
        "abs", x, [](const Scalar& a) { return real_part(a) < 0 ? Scalar(-a) : a; },
        [](const Scalar& a, const Scalar&) {
            const RealOf<Scalar> real = real_part(a);
            return Scalar(real > 0 ? 1 : real < 0 ? -1 : 0);
        });
}
/// 1 / (1 + e^-x).
template <typename Scalar>
[[nodiscard]] Variable<Scalar> sigmoid(const Variable<Scalar>& x) {
    return nonlinear_detail::record(
        "sigmoid", x, [](const Scalar& a) { return nonlinear_detail::sigmoid_of(a); },
        [](const Scalar&, const Scalar& y) { return y * (Scalar(1) - y); });
}
template <typename Scalar>
[[nodiscard]] Variable<Scalar> tanh(const Variable<Scalar>& x) {
    return nonlinear_detail::record(
        "tanh", x, [](const Scalar& a) { return std::tanh(a); },
        [](const Scalar&, const Scalar& y) { return Scalar(1) - y * y; });
}
/// max(x, 0).
template <typename Scalar>
[[nodiscard]] Variable<Scalar> relu(const Variable<Scalar>& x) {
    return nonlinear_detail::record(
        "relu", x, [](const Scalar& a) { return real_part(a) > 0 ? a : Scalar(0); },
        [](const Scalar& a, const Scalar&) { return Scalar(real_part(a) > 0 ? 1 : 0); });
}
/// log(1 + e^x), as x + log(1 + e^-x) where x > 0: the exponential is at most 1.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> softplus(const Variable<Scalar>& x) {
    return nonlinear_detail::record(
        "softplus", x,
        [](const Scalar& a) {
            return real_part(a) > 0
                       ? Scalar(a + nonlinear_detail::log_of_one_plus<Scalar>(std::exp(-a)))
                       : nonlinear_detail::log_of_one_plus<Scalar>(std::exp(a));
        },
        [](const Scalar& a, const Scalar&) { return nonlinear_detail::sigmoid_of(a); });
}
template <typename Scalar>
[[nodiscard]] Variable<Scalar> sin(const Variable<Scalar>& x) {
    return nonlinear_detail::record(
        "sin", x, [](const Scalar& a) { return std::sin(a); },
        [](const Scalar& a, const Scalar&) { return std::cos(a); });
}
template <typename Scalar>
[[nodiscard]] Variable<Scalar> cos(const Variable<Scalar>& x) {
    return nonlinear_detail::record(
        "cos", x, [](const Scalar& a) { return std::cos(a); },
        [](const Scalar& a, const Scalar&) { return -std::sin(a); });
}

}  // namespace mgan::inline MGAN_ABI
