#pragma once
/// \file
/// Dual numbers: a number together with its derivative along one direction.
///
///     a + a' e        with  e e = 0
///
///     (a + a' e) + (b + b' e)  =  (a + b) + (a' + b') e
///     (a + a' e) (b + b' e)    =  a b     + (a b' + a' b) e              the product rule
///     f(a + a' e)              =  f(a)    + f'(a) a' e                   the chain rule
///
/// So a computation that is a template on its scalar, run with dual numbers at x + v e, returns
/// f(x) and, beside it, the derivative of f along v: exactly, for about the price of three
/// computations, however many entries v has. The complex step (autodiff/complex_step.hpp) is the
/// same idea with i h in place of e; it needs a double and the care that complex numbers ask for.
///
/// The computation may itself be a gradient, written by hand or recorded on a tape. Then the
/// derivative is one of a gradient ("forward over reverse"),
///
///     g(x + v e)  =  g(x) + H v e,       H = dg/dx, the matrix of second derivatives
///
/// a product with the Hessian that never forms it (B. Pearlmutter, "Fast exact multiplication by
/// the Hessian", 1994). Every layer of this library takes `Dual<float>` (to train) or
/// `Dual<double>` (to check) as its scalar; autodiff/second_derivatives.hpp has the functions for
/// users.
///
/// Comparisons with < and > look at the value alone, so that a dual computation takes the branches
/// of the plain one; == looks at both parts, so that what is skipped because it equals 0 has no
/// derivative either. Where a function has a kink, the derivative is that of the side taken.

#include <mgan/tensor/matrix.hpp>

#include <cmath>
#include <numbers>
#include <type_traits>

namespace mgan::inline MGAN_ABI {

/// value + derivative e. `Real`: float or double. Two numbers side by side in memory.
template <typename Real>
struct Dual {
    Real value;
    Real derivative;

    /// Unspecified, as for a plain number; `Dual{}` is 0.
    Dual() = default;
    /// A constant: its derivative is 0.
    template <typename Number>
    requires std::is_arithmetic_v<Number>
    constexpr Dual(Number x) noexcept  // NOLINT: a plain number is a dual one
        : value(static_cast<Real>(x)), derivative(0) {}
    constexpr Dual(Real x, Real slope) noexcept : value(x), derivative(slope) {}

    constexpr Dual& operator+=(const Dual& b) noexcept { return *this = *this + b; }
    constexpr Dual& operator-=(const Dual& b) noexcept { return *this = *this - b; }
    constexpr Dual& operator*=(const Dual& b) noexcept { return *this = *this * b; }
    constexpr Dual& operator/=(const Dual& b) noexcept { return *this = *this / b; }

    friend constexpr Dual operator+(const Dual& a) noexcept { return a; }
    friend constexpr Dual operator-(const Dual& a) noexcept { return {-a.value, -a.derivative}; }
    friend constexpr Dual operator+(const Dual& a, const Dual& b) noexcept {
        return {a.value + b.value, a.derivative + b.derivative};
    }
    friend constexpr Dual operator-(const Dual& a, const Dual& b) noexcept {
        return {a.value - b.value, a.derivative - b.derivative};
    }
    friend constexpr Dual operator*(const Dual& a, const Dual& b) noexcept {
        return {a.value * b.value, a.value * b.derivative + a.derivative * b.value};
    }
    friend constexpr Dual operator/(const Dual& a, const Dual& b) noexcept {
        const Real quotient = a.value / b.value;
        return {quotient, (a.derivative - quotient * b.derivative) / b.value};
    }
    friend constexpr bool operator==(const Dual& a, const Dual& b) noexcept {
        return a.value == b.value && a.derivative == b.derivative;
    }
    friend constexpr bool operator!=(const Dual& a, const Dual& b) noexcept { return !(a == b); }
    friend constexpr bool operator<(const Dual& a, const Dual& b) noexcept {
        return a.value < b.value;
    }
    friend constexpr bool operator>(const Dual& a, const Dual& b) noexcept {
        return a.value > b.value;
    }
    friend constexpr bool operator<=(const Dual& a, const Dual& b) noexcept {
        return a.value <= b.value;
    }
    friend constexpr bool operator>=(const Dual& a, const Dual& b) noexcept {
        return a.value >= b.value;
    }
    /// "2 + 3 e".
    template <typename Stream>
    requires requires(Stream& stream) { stream.width(); }
    friend Stream& operator<<(Stream& stream, const Dual& x) {
        stream << x.value << " + " << x.derivative << " e";
        return stream;
    }
};

template <typename Scalar>
inline constexpr bool kIsDual = false;
template <typename Real>
inline constexpr bool kIsDual<Dual<Real>> = true;

template <typename Real>
struct RealPartOf<Dual<Real>> {
    using Type = Real;
};
/// The value, at which branches look.
template <typename Real>
[[nodiscard]] constexpr Real real_part(const Dual<Real>& x) noexcept {
    return x.value;
}

// ---- functions, found by their argument: `using std::exp; exp(x)` -------------------------------

namespace dual_detail {
/// f(a) + slope a' e. A constant stays one where the slope is infinite: sqrt(0), log(0).
template <typename Real>
[[nodiscard]] Dual<Real> chain(const Dual<Real>& a, Real value, Real slope) noexcept {
    return {value, a.derivative == Real(0) ? Real(0) : slope * a.derivative};
}
}  // namespace dual_detail

template <typename Real>
[[nodiscard]] Dual<Real> exp(const Dual<Real>& a) noexcept {
    const Real y = std::exp(a.value);
    return dual_detail::chain(a, y, y);
}
template <typename Real>
[[nodiscard]] Dual<Real> expm1(const Dual<Real>& a) noexcept {
    const Real y = std::expm1(a.value);
    return dual_detail::chain(a, y, y + Real(1));
}
template <typename Real>
[[nodiscard]] Dual<Real> log(const Dual<Real>& a) noexcept {
    return dual_detail::chain(a, std::log(a.value), Real(1) / a.value);
}
template <typename Real>
[[nodiscard]] Dual<Real> log1p(const Dual<Real>& a) noexcept {
    return dual_detail::chain(a, std::log1p(a.value), Real(1) / (Real(1) + a.value));
}
template <typename Real>
[[nodiscard]] Dual<Real> sqrt(const Dual<Real>& a) noexcept {
    const Real y = std::sqrt(a.value);
    return dual_detail::chain(a, y, Real(0.5) / y);
}
template <typename Real>
[[nodiscard]] Dual<Real> tanh(const Dual<Real>& a) noexcept {
    const Real y = std::tanh(a.value);
    return dual_detail::chain(a, y, Real(1) - y * y);
}
template <typename Real>
[[nodiscard]] Dual<Real> sin(const Dual<Real>& a) noexcept {
    return dual_detail::chain(a, std::sin(a.value), std::cos(a.value));
}
template <typename Real>
[[nodiscard]] Dual<Real> cos(const Dual<Real>& a) noexcept {
    return dual_detail::chain(a, std::cos(a.value), -std::sin(a.value));
}
template <typename Real>
[[nodiscard]] Dual<Real> atan(const Dual<Real>& a) noexcept {
    return dual_detail::chain(a, std::atan(a.value), Real(1) / (Real(1) + a.value * a.value));
}
template <typename Real>
[[nodiscard]] Dual<Real> atan2(const Dual<Real>& y, const Dual<Real>& x) noexcept {
    const Real square = x.value * x.value + y.value * y.value;
    return {std::atan2(y.value, x.value),
            (x.value * y.derivative - y.value * x.derivative) / square};
}
template <typename Real>
[[nodiscard]] Dual<Real> erf(const Dual<Real>& a) noexcept {
    const Real slope = Real(2) * std::numbers::inv_sqrtpi_v<Real> * std::exp(-a.value * a.value);
    return dual_detail::chain(a, std::erf(a.value), slope);
}
/// a^b. With a constant b, a may be negative where b is whole.
template <typename Real>
[[nodiscard]] Dual<Real> pow(const Dual<Real>& a, const Dual<Real>& b) noexcept {
    const Real y = std::pow(a.value, b.value);
    Real derivative(0);
    if (a.derivative != Real(0) && b.value != Real(0))
        derivative += b.value * std::pow(a.value, b.value - Real(1)) * a.derivative;
    if (b.derivative != Real(0)) derivative += y * std::log(a.value) * b.derivative;
    return {y, derivative};
}
template <typename Real>
[[nodiscard]] Dual<Real> abs(const Dual<Real>& a) noexcept {
    return a.value < Real(0) ? -a : a;
}
template <typename Real>
[[nodiscard]] bool isfinite(const Dual<Real>& a) noexcept {
    return std::isfinite(a.value) && std::isfinite(a.derivative);
}

}  // namespace mgan::inline MGAN_ABI

namespace Eigen {

/// What Eigen must know of a scalar of a user's own.
template <typename Number>
struct NumTraits<mgan::Dual<Number>> : GenericNumTraits<mgan::Dual<Number>> {
    using Real = mgan::Dual<Number>;
    using NonInteger = mgan::Dual<Number>;
    using Nested = mgan::Dual<Number>;
    using Literal = Number;
    enum {
        IsComplex = 0,
        IsInteger = 0,
        IsSigned = 1,
        RequireInitialization = 0,
        ReadCost = 2 * int{NumTraits<Number>::ReadCost},
        AddCost = 2 * int{NumTraits<Number>::AddCost},
        MulCost = 3 * int{NumTraits<Number>::MulCost} + int{NumTraits<Number>::AddCost}
    };
    static Real epsilon() { return NumTraits<Number>::epsilon(); }
    static Real dummy_precision() { return NumTraits<Number>::dummy_precision(); }
    static Real highest() { return NumTraits<Number>::highest(); }
    static Real lowest() { return NumTraits<Number>::lowest(); }
    static int digits10() { return NumTraits<Number>::digits10(); }
};

/// matrix of dual numbers * plain number, and the other way round.
template <typename Number, typename Operation>
struct ScalarBinaryOpTraits<mgan::Dual<Number>, Number, Operation> {
    using ReturnType = mgan::Dual<Number>;
};
template <typename Number, typename Operation>
struct ScalarBinaryOpTraits<Number, mgan::Dual<Number>, Operation> {
    using ReturnType = mgan::Dual<Number>;
};

}  // namespace Eigen
