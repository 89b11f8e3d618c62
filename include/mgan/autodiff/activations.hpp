#pragma once
/// \file
/// More functions of one number: what nets of today use between their layers.
///
///     f                                            f'
///     silu x        x s,  s = sigmoid(x)           s + x s (1 - s)
///     gelu x        x Phi(x)                       Phi(x) + x phi(x)
///     leaky_relu    x, or p x where x <= 0         1, or p
///     elu           x, or e^x - 1 where x <= 0     1, or e^x
///     erf x         2 / sqrt(pi) integral of e^-t^2 from 0 to x
///     atan x                                       1 / (1 + x^2)
///     log1p x       log(1 + x)                     1 / (1 + x)
///     reciprocal    1 / x                          -1 / x^2
///
/// Phi and phi are the distribution and the density of a standard normal number,
/// Phi(x) = (1 + erf(x / sqrt 2)) / 2. At its kink leaky_relu has the slope p.
///
/// erf of a complex number, which the complex step needs, is the series of Abramowitz and Stegun,
/// "Handbook of Mathematical Functions" (1964), 7.1.29: good to 1e-16 near the real axis.

#include <mgan/autodiff/arithmetic.hpp>
#include <mgan/autodiff/nonlinear.hpp>

#include <cmath>
#include <complex>
#include <numbers>

namespace mgan::inline MGAN_ABI {

namespace activations_detail {

using element_detail::kReadsArguments;
using element_detail::kReadsResult;
using nonlinear_detail::log_of_one_plus;
using nonlinear_detail::record;
using nonlinear_detail::sigmoid_of;

template <typename Scalar>
[[nodiscard]] Scalar erf_of(const Scalar& z) {
    if constexpr (!Eigen::NumTraits<Scalar>::IsComplex) {
        using std::erf;
        return erf(z);
    } else {
        using Real = RealOf<Scalar>;
        constexpr Real kPi = std::numbers::pi_v<Real>;
        const Real x = z.real(), y = z.imag();
        const Real cosine = std::cos(2 * x * y), sine = std::sin(2 * x * y);
        const Real decay = std::exp(-x * x);
        // (1 - cos 2xy + i sin 2xy) / 2 pi x, and its limit at x = 0.
        Scalar sum = x == 0 ? Scalar(0, y / kPi)
                            : Scalar((1 - cosine) / (2 * kPi * x), sine / (2 * kPi * x));
        for (int n = 1; n <= 13; ++n) {
            const auto k = static_cast<Real>(n);
            const Real weight = 2 / kPi * std::exp(-k * k / 4) / (k * k + 4 * x * x);
            const Real hyperbolic_cosine = std::cosh(k * y), hyperbolic_sine = std::sinh(k * y);
            sum += weight *
                   Scalar(2 * x - 2 * x * hyperbolic_cosine * cosine + k * hyperbolic_sine * sine,
                          2 * x * hyperbolic_cosine * sine + k * hyperbolic_sine * cosine);
        }
        return std::erf(x) + decay * sum;
    }
}

/// e^-x^2 2 / sqrt(pi): the derivative of erf.
template <typename Scalar>
[[nodiscard]] Scalar erf_slope(const Scalar& x) {
    using std::exp;
    return RealOf<Scalar>(2) * std::numbers::inv_sqrtpi_v<RealOf<Scalar>> * exp(-x * x);
}

struct Erf {
    static constexpr const char* kName = "erf";
    static constexpr unsigned kReads = kReadsArguments;
    static auto value(const auto& a, const auto&) { return erf_of(a); }
    static auto slope(const auto& a, const auto&, const auto&) { return erf_slope(a); }
};
struct Gelu {
    static constexpr const char* kName = "gelu";
    static constexpr unsigned kReads = kReadsArguments;
    template <typename Scalar>
    static Scalar distribution(const Scalar& a) {
        using Real = RealOf<Scalar>;
        return Real(0.5) + Real(0.5) * erf_of(Scalar(a * (std::numbers::sqrt2_v<Real> / 2)));
    }
    template <typename Scalar>
    static Scalar value(const Scalar& a, const Scalar&) {
        return a * distribution(a);
    }
    template <typename Scalar>
    static Scalar slope(const Scalar& a, const Scalar&, const Scalar&) {
        using Real = RealOf<Scalar>;
        constexpr Real kHalf = std::numbers::sqrt2_v<Real> / 2;
        return distribution(a) + a * (kHalf * Real(0.5)) * erf_slope(Scalar(a * kHalf));
    }
};
struct Silu {
    static constexpr const char* kName = "silu";
    static constexpr unsigned kReads = kReadsArguments;
    static auto value(const auto& a, const auto&) { return a * sigmoid_of(a); }
    template <typename Scalar>
    static Scalar slope(const Scalar& a, const Scalar&, const Scalar&) {
        const Scalar s = sigmoid_of(a);
        return s + a * s * (Scalar(1) - s);
    }
};
struct LeakyRelu {
    static constexpr const char* kName = "leaky_relu";
    static constexpr unsigned kReads = kReadsArguments;
    template <typename Scalar>
    static Scalar value(const Scalar& a, const Scalar& p) {
        return real_part(a) > 0 ? a : Scalar(a * p);
    }
    template <typename Scalar>
    static Scalar slope(const Scalar& a, const Scalar&, const Scalar& p) {
        return real_part(a) > 0 ? Scalar(1) : p;
    }
};
struct Elu {
    static constexpr const char* kName = "elu";
    static constexpr unsigned kReads = kReadsArguments | kReadsResult;
    template <typename Scalar>
    static Scalar value(const Scalar& a, const Scalar&) {
        if constexpr (Eigen::NumTraits<Scalar>::IsComplex) {
            return real_part(a) > 0 ? a : std::exp(a) - Scalar(1);
        } else {
            using std::expm1;
            return a > 0 ? a : expm1(a);
        }
    }
    template <typename Scalar>
    static Scalar slope(const Scalar& a, const Scalar& y, const Scalar&) {
        return real_part(a) > 0 ? Scalar(1) : Scalar(y + Scalar(1));
    }
};
struct Atan {
    static constexpr const char* kName = "atan";
    static constexpr unsigned kReads = kReadsArguments;
    static auto value(const auto& a, const auto&) {
        using std::atan;
        return atan(a);
    }
    static auto slope(const auto& a, const auto&, const auto&) {
        return decltype(a + a)(1) / (decltype(a + a)(1) + a * a);
    }
};
struct Log1p {
    static constexpr const char* kName = "log1p";
    static constexpr unsigned kReads = kReadsArguments;
    static auto value(const auto& a, const auto&) { return log_of_one_plus(a); }
    static auto slope(const auto& a, const auto&, const auto&) {
        return decltype(a + a)(1) / (decltype(a + a)(1) + a);
    }
};

/// The angle of the point (x, y), in (-pi, pi]. Of a quotient that is at most 1, so that the real
/// parts alone choose the branch.
struct Atan2 {
    static constexpr const char* kName = "atan2";
    static constexpr unsigned kReads = kReadsArguments;
    template <typename Scalar>
    static Scalar value(const Scalar& y, const Scalar& x) {
        if constexpr (!Eigen::NumTraits<Scalar>::IsComplex) {
            using std::atan2;
            return atan2(y, x);
        } else {
            using Real = RealOf<Scalar>;
            constexpr Real kPi = std::numbers::pi_v<Real>;
            const Real sign = std::signbit(y.real()) ? Real(-1) : Real(1);
            if (std::abs(x.real()) < std::abs(y.real()))
                return sign * kPi / 2 - std::atan(Scalar(x / y));
            return std::atan(Scalar(y / x)) + (x.real() < 0 ? sign * kPi : Real(0));
        }
    }
    static auto slope_a(const auto& y, const auto& x, const auto&) { return x / (x * x + y * y); }
    static auto slope_b(const auto& y, const auto& x, const auto&) { return -y / (x * x + y * y); }
};

}  // namespace activations_detail

/// The table at the top of the file says what each of these is. x: any shape; the result has the
/// same.
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> erf(Type&& x) {
    return activations_detail::record<activations_detail::Erf>(std::forward<Type>(x));
}
/// Hendrycks and Gimpel, "Gaussian Error Linear Units" (2016): the exact form.
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> gelu(Type&& x) {
    return activations_detail::record<activations_detail::Gelu>(std::forward<Type>(x));
}
/// Also called swish.
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> silu(Type&& x) {
    return activations_detail::record<activations_detail::Silu>(std::forward<Type>(x));
}
/// x where x > 0, slope * x elsewhere.
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> leaky_relu(
    Type&& x, const ScalarOf<Type>& slope = ScalarOf<Type>(0.01)) {
    return activations_detail::record<activations_detail::LeakyRelu>(std::forward<Type>(x), slope);
}
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> elu(Type&& x) {
    return activations_detail::record<activations_detail::Elu>(std::forward<Type>(x));
}
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> atan(Type&& x) {
    return activations_detail::record<activations_detail::Atan>(std::forward<Type>(x));
}
/// log(1 + x), x > -1, with all digits of a small x.
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> log1p(Type&& x) {
    return activations_detail::record<activations_detail::Log1p>(std::forward<Type>(x));
}
/// 1 / x.
template <AnyVariable Type>
[[nodiscard]] Variable<ScalarOf<Type>> reciprocal(Type&& x) {
    return ScalarOf<Type>(1) / std::forward<Type>(x);
}
/// The angle of the points (x, y), with broadcasting. Not differentiable at (0, 0).
template <typename Left, typename Right>
requires VariablePair<Left, Right>
[[nodiscard]] Variable<ScalarOf<Left>> atan2(Left&& y, Right&& x) {
    return element_detail::record<activations_detail::Atan2>(operand(std::forward<Left>(y)),
                                                             operand(std::forward<Right>(x)));
}

}  // namespace mgan::inline MGAN_ABI
