#pragma once
/// \file
/// The central difference: a derivative from values alone, to about nine digits.
///
///     D(h) = (f(h) - f(-h)) / 2h  =  f'(0) + c h^2 + ...
///
/// Two quotients, with steps h and 2h, have errors c h^2 and 4 c h^2, so (4 D(h) - D(2h)) / 3 is
/// free of it: what remains is of order h^4. A kink nearby (a ReLU that switches) spoils both. It
/// shows in that they differ by more than rounding explains; then the step shrinks, until both ends
/// are on one side of the kink.
///
/// It needs nothing of f but its values. Where f also runs with complex numbers, complex_step.hpp
/// is the more precise witness.

#include <mgan/core/version.hpp>

#include <cmath>
#include <functional>
#include <limits>

namespace mgan::inline MGAN_ABI {

/// The derivative of `loss(offset)` at offset 0; `step`: the first h, shrunk to a tenth at most
/// three times.
[[nodiscard]] inline double central_difference(const std::function<double(double)>& loss,
                                               double step) {
    double best = std::numeric_limits<double>::quiet_NaN();
    double best_error = std::numeric_limits<double>::infinity();
    for (int attempt = 0; attempt < 4; ++attempt, step /= 10) {
        const double plus = loss(step), minus = loss(-step);
        const double narrow = (plus - minus) / (2 * step);
        const double wide = (loss(2 * step) - loss(-2 * step)) / (4 * step);
        const double rounding = 1e-16 * (std::abs(plus) + std::abs(minus)) / step;
        const double error = std::abs(narrow - wide) + rounding;
        if (error < best_error) {
            best = (4 * narrow - wide) / 3;
            best_error = error;
        }
        if (std::abs(narrow - wide) <= 1e-6 * std::abs(narrow) + 4 * rounding) break;
    }
    return best;
}

}  // namespace mgan::inline MGAN_ABI
