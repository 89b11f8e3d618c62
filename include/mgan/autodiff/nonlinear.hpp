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

#include <mgan/autodiff/element.hpp>
#include <mgan/tensor/kernels/functions.hpp>

#include <cmath>
#include <complex>
#include <type_traits>

namespace mgan::inline MGAN_ABI {

namespace nonlinear_detail {

using element_detail::kReadsArguments;
using element_detail::kReadsNothing;
using element_detail::kReadsResult;

/// 1 / (1 + exp(-x)) without overflow: the exponential of a number that is not positive.
template <typename Scalar>
[[nodiscard]] Scalar sigmoid_of(const Scalar& x) {
    using std::exp;
    if (real_part(x) >= 0) return Scalar(1) / (Scalar(1) + exp(-x));
    const Scalar e = exp(x);
    return e / (Scalar(1) + e);
}

/// log(1 + z) for |z| <= 1; the real function keeps the digits of a small z.
template <typename Scalar>
[[nodiscard]] Scalar log_of_one_plus(const Scalar& z) {
    if constexpr (Eigen::NumTraits<Scalar>::IsComplex) {
        return std::log(Scalar(1) + z);
    } else {
        using std::log1p;
        return log1p(z);
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
    using std::pow;
    return pow(x, p);
}

struct Negate {
    static constexpr const char* kName = "operator-";
    static constexpr unsigned kReads = kReadsNothing;
    static auto value(const auto& a, const auto&) { return -a; }
    static auto slope(const auto& a, const auto&, const auto&) { return decltype(a + a)(-1); }
};
struct Exp {
    static constexpr const char* kName = "exp";
    static constexpr unsigned kReads = kReadsResult;
    static auto value(const auto& a, const auto&) {
        using std::exp;
        return exp(a);
    }
    static auto slope(const auto&, const auto& y, const auto&) { return y; }
    static void run(const float* a, float* y, Index n) noexcept { kernels::exp_of_all(a, y, n); }
};
struct Log {
    static constexpr const char* kName = "log";
    static constexpr unsigned kReads = kReadsArguments;
    static auto value(const auto& a, const auto&) {
        using std::log;
        return log(a);
    }
    static auto slope(const auto& a, const auto&, const auto&) { return decltype(a + a)(1) / a; }
};
struct Sqrt {
    static constexpr const char* kName = "sqrt";
    static constexpr unsigned kReads = kReadsResult;
    static auto value(const auto& a, const auto&) {
        using std::sqrt;
        return sqrt(a);
    }
    static auto slope(const auto&, const auto& y, const auto&) {
        return decltype(y + y)(1) / (y + y);
    }
};
struct PowerOfNumber {
    static constexpr const char* kName = "pow";
    static constexpr unsigned kReads = kReadsArguments;
    template <typename Scalar>
    static Scalar value(const Scalar& a, const Scalar& p) {
        return power_of(a, p);
    }
    template <typename Scalar>
    static Scalar slope(const Scalar& a, const Scalar&, const Scalar& p) {
        if (p == Scalar(0)) return Scalar(0);  // also at a = 0, where a^(p-1) is infinite
        return Scalar(p * power_of(a, Scalar(p - Scalar(1))));
    }
};
struct Square {
    static constexpr const char* kName = "pow";
    static constexpr unsigned kReads = kReadsArguments;
    static auto value(const auto& a, const auto&) { return a * a; }
    static auto slope(const auto& a, const auto&, const auto&) { return a + a; }
};
struct Abs {
    static constexpr const char* kName = "abs";
    static constexpr unsigned kReads = kReadsArguments;
    template <typename Scalar>
    static Scalar value(const Scalar& a, const Scalar&) {
        return real_part(a) < 0 ? Scalar(-a) : a;
    }
    template <typename Scalar>
    static Scalar slope(const Scalar& a, const Scalar&, const Scalar&) {
        const RealOf<Scalar> real = real_part(a);
        return Scalar(real > 0 ? RealOf<Scalar>(1) : real < 0 ? RealOf<Scalar>(-1) : 0);
    }
};
struct Sigmoid {
    static constexpr const char* kName = "sigmoid";
    static constexpr unsigned kReads = kReadsResult;
    static auto value(const auto& a, const auto&) { return sigmoid_of(a); }
    static auto slope(const auto&, const auto& y, const auto&) {
        return y * (decltype(y + y)(1) - y);
    }
    static void run(const float* a, float* y, Index n) noexcept {
        kernels::sigmoid_of_all(a, y, n);
    }
};
struct Tanh {
    static constexpr const char* kName = "tanh";
    static constexpr unsigned kReads = kReadsResult;
    static auto value(const auto& a, const auto&) {
        using std::tanh;
        return tanh(a);
    }
    static auto slope(const auto&, const auto& y, const auto&) {
        return decltype(y + y)(1) - y * y;
    }
    static void run(const float* a, float* y, Index n) noexcept { kernels::tanh_of_all(a, y, n); }
};
struct Relu {
    static constexpr const char* kName = "relu";
    static constexpr unsigned kReads = kReadsResult;
    template <typename Scalar>
    static Scalar value(const Scalar& a, const Scalar&) {
        return real_part(a) > 0 ? a : Scalar(0);
    }
    template <typename Scalar>
    static Scalar slope(const Scalar&, const Scalar& y, const Scalar&) {
        return real_part(y) > 0 ? Scalar(1) : Scalar(0);
    }
};
struct Softplus {
    static constexpr const char* kName = "softplus";
    static constexpr unsigned kReads = kReadsArguments;
    template <typename Scalar>
    static Scalar value(const Scalar& a, const Scalar&) {
        using std::exp;
        return real_part(a) > 0 ? Scalar(a + log_of_one_plus<Scalar>(exp(-a)))
                                : log_of_one_plus<Scalar>(exp(a));
    }
    static auto slope(const auto& a, const auto&, const auto&) { return sigmoid_of(a); }
};
struct Sin {
    static constexpr const char* kName = "sin";
    static constexpr unsigned kReads = kReadsArguments;
    static auto value(const auto& a, const auto&) {
        using std::sin;
        return sin(a);
    }
    static auto slope(const auto& a, const auto&, const auto&) {
        using std::cos;
        return cos(a);
    }
};
struct Cos {
    static constexpr const char* kName = "cos";
    static constexpr unsigned kReads = kReadsArguments;
    static auto value(const auto& a, const auto&) {
        using std::cos;
        return cos(a);
    }
    static auto slope(const auto& a, const auto&, const auto&) {
        using std::sin;
        return -sin(a);
    }
};

/// Records y = f(x; p).
template <typename Function, typename Type>
[[nodiscard]] Variable<ScalarOf<Type>> record(Type&& x, const ScalarOf<Type>& p = {}) {
    return element_detail::record<Function>(operand(std::forward<Type>(x)), p);
}

}  // namespace nonlinear_detail

/// Each of these takes a variable of any shape and gives one of the same shape; the table at the
/// top of the file says what and with which derivative. Throws Error if `x` is on no tape.
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> operator-(Type&& x) {
    return nonlinear_detail::record<nonlinear_detail::Negate>(std::forward<Type>(x));
}
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> exp(Type&& x) {
    return nonlinear_detail::record<nonlinear_detail::Exp>(std::forward<Type>(x));
}
/// Natural logarithm; x > 0.
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> log(Type&& x) {
    return nonlinear_detail::record<nonlinear_detail::Log>(std::forward<Type>(x));
}
/// x >= 0; the gradient is infinite at 0.
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> sqrt(Type&& x) {
    return nonlinear_detail::record<nonlinear_detail::Sqrt>(std::forward<Type>(x));
}
/// x^p with a number p; defined where std::pow is.
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> pow(Type&& x, const ScalarOf<Type>& p) {
    if (p == ScalarOf<Type>(2))
        return nonlinear_detail::record<nonlinear_detail::Square>(std::forward<Type>(x));
    return nonlinear_detail::record<nonlinear_detail::PowerOfNumber>(std::forward<Type>(x), p);
}
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> abs(Type&& x) {
    return nonlinear_detail::record<nonlinear_detail::Abs>(std::forward<Type>(x));
}
/// 1 / (1 + e^-x).
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> sigmoid(Type&& x) {
    return nonlinear_detail::record<nonlinear_detail::Sigmoid>(std::forward<Type>(x));
}
// (layers/activation.hpp has functions of these names for plain numbers, which would fit better.)
template <typename Scalar>
[[nodiscard]] Variable<Scalar> sigmoid(const Variable<Scalar>& x) {
    return nonlinear_detail::record<nonlinear_detail::Sigmoid>(x);
}
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> tanh(Type&& x) {
    return nonlinear_detail::record<nonlinear_detail::Tanh>(std::forward<Type>(x));
}
/// max(x, 0).
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> relu(Type&& x) {
    return nonlinear_detail::record<nonlinear_detail::Relu>(std::forward<Type>(x));
}
/// log(1 + e^x), as x + log(1 + e^-x) where x > 0: the exponential is at most 1.
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> softplus(Type&& x) {
    return nonlinear_detail::record<nonlinear_detail::Softplus>(std::forward<Type>(x));
}
template <typename Scalar>
[[nodiscard]] Variable<Scalar> softplus(const Variable<Scalar>& x) {
    return nonlinear_detail::record<nonlinear_detail::Softplus>(x);
}
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> sin(Type&& x) {
    return nonlinear_detail::record<nonlinear_detail::Sin>(std::forward<Type>(x));
}
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> cos(Type&& x) {
    return nonlinear_detail::record<nonlinear_detail::Cos>(std::forward<Type>(x));
}

}  // namespace mgan::inline MGAN_ABI
