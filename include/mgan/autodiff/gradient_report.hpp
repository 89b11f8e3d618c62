#pragma once
/// \file
/// What a gradient check found, entry by entry condensed to block by block.
///
/// The error of an entry compares the gradient under test `a` with the reference `r`:
///
///     error = |a - r| / max(|a|, |r|, floor)
///     floor = max(1e-2 * largest |r| of the block, 1e-3 * largest |r| of all blocks)
///
/// It is relative, down to a floor: an entry that is small because large terms cancel carries the
/// rounding of those terms, and no method computes it to full relative precision. The floor is
/// taken from the reference alone, so that a wrong huge value cannot raise it. An entry that is not
/// finite has an infinite error.

#include <mgan/tensor/matrix.hpp>

#include <algorithm>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// What a right gradient in double precision keeps to: the rounding of a few thousand additions,
/// and what is left of a difference of two such sums.
inline constexpr double kComplexTolerance = 1e-12;
inline constexpr double kCentralTolerance = 1e-7;

/// How a reference derivative was computed.
enum class DerivativeMethod { complex_step, central_difference };

/// "complex step", "central difference".
[[nodiscard]] inline const char* name_of(DerivativeMethod method) noexcept {
    return method == DerivativeMethod::complex_step ? "complex step" : "central difference";
}

/// The entry of a block where gradient and reference differ most, under one method.
struct GradientError {
    DerivativeMethod method = DerivativeMethod::complex_step;
    double error = 0;      ///< relative, see above
    Index row = 0;         ///< -1: not an entry but a random direction through the whole block
    Index col = 0;         ///< as for `row`
    double gradient = 0;   ///< the value under test
    double reference = 0;  ///< the value of the method
};

/// One block of the check: a parameter of a layer, or an input.
struct BlockReport {
    std::string name;
    Index rows = 0;
    Index cols = 0;
    Index checked = 0;                  ///< entries looked at one by one, of rows * cols
    std::vector<GradientError> errors;  ///< the worst entry, one for each method
};

/// The worst entry of a whole check.
struct WorstGradient {
    std::string name;
    GradientError entry;
};

/// The result of `check_gradients`. Prints itself.
struct GradientReport {
    std::vector<BlockReport> blocks;

    /// Whether every entry agrees: within `complex_tolerance` of the complex step, and within
    /// `central_tolerance` of the central differences, which are that much less precise. False if
    /// nothing was checked at all.
    [[nodiscard]] bool ok(double complex_tolerance = kComplexTolerance,
                          double central_tolerance = kCentralTolerance) const noexcept {
        Index checked = 0;
        for (const BlockReport& block : blocks) {
            checked += block.checked;
            for (const GradientError& entry : block.errors) {
                const bool complex = entry.method == DerivativeMethod::complex_step;
                if (!(entry.error <= (complex ? complex_tolerance : central_tolerance)))
                    return false;
            }
        }
        return checked > 0;
    }

    /// The largest error under one method; 0 if the method was not used.
    [[nodiscard]] double error(DerivativeMethod method) const noexcept {
        double largest = 0;
        for (const BlockReport& block : blocks)
            for (const GradientError& entry : block.errors)
                if (entry.method == method) largest = std::max(largest, entry.error);
        return largest;
    }

    /// The entry with the largest error, errors counted in units of their method's tolerance.
    [[nodiscard]] WorstGradient worst() const {
        WorstGradient result;
        double largest = -1;
        for (const BlockReport& block : blocks) {
            for (const GradientError& entry : block.errors) {
                const bool complex = entry.method == DerivativeMethod::complex_step;
                const double excess =
                    entry.error / (complex ? kComplexTolerance : kCentralTolerance);
                if (excess > largest) {
                    result = {block.name, entry};
                    largest = excess;
                }
            }
        }
        return result;
    }

    /// A line for each block and method, then the worst entry by name and index.
    friend std::ostream& operator<<(std::ostream& out, const GradientReport& report) {
        const auto entry_text = [](const std::string& name, const GradientError& entry) {
            std::ostringstream text;
            text.precision(17);
            text << name;
            if (entry.row < 0) {
                text << " along a random direction";
            } else {
                text << '(' << entry.row << ", " << entry.col << ')';
            }
            text << ": gradient " << entry.gradient << ", " << name_of(entry.method) << ' '
                 << entry.reference;
            text.precision(2);
            text << ", error " << entry.error;
            return text.str();
        };
        for (const BlockReport& block : report.blocks) {
            out << block.name << " [" << block.rows << " x " << block.cols << "], " << block.checked
                << " of " << block.rows * block.cols << " entries\n";
            for (const GradientError& entry : block.errors)
                out << "    worst " << entry_text(block.name, entry) << '\n';
        }
        if (report.blocks.empty()) return out << "nothing was checked\n";
        const WorstGradient worst = report.worst();
        return out << "worst of all: " << entry_text(worst.name, worst.entry) << '\n';
    }
};

}  // namespace mgan::inline MGAN_ABI
