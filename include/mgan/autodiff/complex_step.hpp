#pragma once
/// \file
/// The complex step: a derivative to the last bit from one evaluation.
///
/// A difference quotient (f(x + h) - f(x)) / h subtracts two nearly equal numbers: a large h is
/// wrong because f bends, a small h because the difference has no digits left. Eight digits is
/// what it can give. Take the step along the imaginary axis instead. For an analytic f that is
/// real on the real line,
///
///     f(x + i h) = f(x) + i h f'(x) - h^2 f''(x) / 2 - i h^3 f'''(x) / 6 + ...
///
///     f'(x) = Im f(x + i h) / h  +  O(h^2).
///
/// Nothing is subtracted, so h may be arbitrarily small: with h = 1e-100 the error term
/// h^2 = 1e-200 is below any rounding, and derivatives from 1e-200 to 1e+200 stay in the range of
/// a double. One evaluation gives the derivative along one direction v; a gradient of n entries
/// takes n. (For more entries than that, use the tape: tape.hpp.)
///
/// What it asks of the code of f:
///   - a template on the scalar type, run here with std::complex<double>;
///   - no conjugation: `transpose()` and `cwiseProduct().sum()`, never `adjoint()`, `dot()` or
///     `norm()`. These are not analytic, and the result would be silently wrong;
///   - branches on `real_part(x)` alone, so that the complex run takes the branch of the real one;
///     |x| is x or -x, never the complex modulus.
///
/// Source: W. Squire, G. Trapp, "Using complex variables to estimate derivatives of real
/// functions", SIAM Review 40 (1998).

#include <mgan/core/error.hpp>
#include <mgan/tensor/matrix.hpp>

#include <complex>

namespace mgan::inline MGAN_ABI {

/// The length h of the step.
inline constexpr double kComplexStepLength = 1e-100;

/// f'(x) of a function of one number; `f` takes and returns std::complex<double>.
template <typename Function>
[[nodiscard]] double complex_step_derivative(Function&& f, double x) {
    const std::complex<double> y = f(std::complex<double>(x, kComplexStepLength));
    return y.imag() / kComplexStepLength;
}

/// The derivative of f at `x` along `direction`, sum over i of (df / dx_i) direction_i.
/// `x`, `direction`: n; `f` takes a Vector<std::complex<double>> of n entries and returns one
/// std::complex<double>. Throws ShapeError if the two lengths differ.
template <typename Function>
[[nodiscard]] double directional_derivative(Function&& f, const Vector<double>& x,
                                            const Vector<double>& direction) {
    require<ShapeError>(x.size() == direction.size(), "directional_derivative: x has ", x.size(),
                        " entries, the direction has ", direction.size());
    Vector<std::complex<double>> point(x.size());
    for (Index i = 0; i < x.size(); ++i) point(i) = {x(i), kComplexStepLength * direction(i)};
    const std::complex<double> y = f(point);
    return y.imag() / kComplexStepLength;
}

/// The gradient of f at `x` (n), one evaluation per entry; `f` as in `directional_derivative`.
template <typename Function>
[[nodiscard]] Vector<double> complex_step_gradient(Function&& f, const Vector<double>& x) {
    Vector<std::complex<double>> point = x.cast<std::complex<double>>();
    Vector<double> gradient(x.size());
    for (Index i = 0; i < x.size(); ++i) {
        point(i) = {x(i), kComplexStepLength};
        const std::complex<double> y = f(point);
        gradient(i) = y.imag() / kComplexStepLength;
        point(i) = x(i);
    }
    return gradient;
}

}  // namespace mgan::inline MGAN_ABI
