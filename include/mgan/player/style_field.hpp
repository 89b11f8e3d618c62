#pragma once
/// \file
/// Styles under controls: some axes are set, and the others follow.
///
/// The axes of a style hang together: loud songs have loud softest notes, dense ones more chords. A
/// style that is loud on one axis and soft on another was never heard in training. So the axes that
/// a musician leaves alone move to where training songs have them, given those that he sets. With
/// x = (style - mean) / deviation, C the covariance of x over the styles that songs begin from, and
/// A the axes that are set to a,
///
///     x' = x + C_{:A} (C_AA + e I)^-1 (a - x_A),     x'_A = a                               (1)
///
/// the conditional mean of a normal distribution, moved along with the song's own x. e = 0.02.
///
/// A beginning of n < 100 events, with the style a, tells what its song is like the less surely the
/// shorter it is: one note has no range, and three use three pitch classes, but their song does
/// not. So its means and shares are heard with noise, e = 0.02 + 0.04 (100 - n) / n, by a song of
/// style x; then the two are mixed,
///
///     x'' = x' + n / 100 (a - x')                                                           (2)
///
/// and no range or number of different values is less than what was heard.

#include <mgan/encoding/style_meter.hpp>
#include <mgan/generation/step_play.hpp>
#include <mgan/player/controls.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

namespace mgan::inline MGAN_ABI {

class StyleField {
public:
    static constexpr std::size_t kAxes = encoding::kStyleAxes;

    /// Measures the covariance of `starts`.
    StyleField(const encoding::StyleScale& scale, std::span<const StepStart> starts)
        : scale_(scale) {
        std::array<double, kAxes> mean{};
        const double n = std::max(1.0, static_cast<double>(starts.size()));
        for (const StepStart& start : starts)
            for (std::size_t a = 0; a < kAxes; ++a) mean[a] += number(start.style, a) / n;
        for (const StepStart& start : starts) {
            for (std::size_t a = 0; a < kAxes; ++a)
                for (std::size_t b = 0; b < kAxes; ++b)
                    covariance_[a][b] +=
                        (number(start.style, a) - mean[a]) * (number(start.style, b) - mean[b]) / n;
        }
    }

    /// The style that a song which began from `drawn` shall have, in raw axes; equal to it where
    /// nothing is directed. `shift`: pitch played - pitch drawn. No allocation.
    [[nodiscard]] encoding::StepStyle directed(const encoding::StepStyle& drawn,
                                               const PlayerControls& controls,
                                               int shift) const noexcept {
        using encoding::StyleAxis;
        encoding::StepStyle style = drawn;
        set_axes(controls.style, style);
        const auto at = [&](StyleAxis axis) -> double& {
            return style[static_cast<std::size_t>(axis)];
        };
        if (controls.density != 1.0)
            at(StyleAxis::time_mean) =
                std::log1p(std::expm1(std::max(0.0, at(StyleAxis::time_mean))) / controls.density);
        if (controls.loudness != 1.0) {
            for (const StyleAxis axis : {StyleAxis::velocity_mean, StyleAxis::velocity_least,
                                         StyleAxis::velocity_greatest})
                at(axis) = std::clamp(at(axis) * controls.loudness, 1.0, 127.0);
        }
        if (controls.low > 0 || controls.high < 127) {
            const double low = std::clamp(controls.low - shift, 0, 127),
                         high = std::clamp(controls.high - shift, 0, 127);
            double& lowest = at(StyleAxis::pitch_lowest);
            double& highest = at(StyleAxis::pitch_highest);
            lowest = std::clamp(lowest, low, high);
            highest = std::clamp(highest, low, high);
            // A song that lies elsewhere moves in, with as much of its width as there is room for.
            const double width = std::min(high - low, 12.0);
            if (highest - lowest < width) {
                lowest = std::max(low, std::min(lowest, high - width));
                highest = std::min(high, std::max(highest, lowest + width));
            }
            at(StyleAxis::pitch_mean) = std::clamp(at(StyleAxis::pitch_mean), lowest, highest);
        }
        return style;
    }

    /// Equation (2): the style, in raw axes, of a song whose first `events` events have the style
    /// `heard`, where it would have been `drawn`. No allocation.
    [[nodiscard]] encoding::StepStyle continued(const encoding::StepStyle& heard,
                                                std::size_t events,
                                                const encoding::StepStyle& drawn) const noexcept {
        using encoding::StyleAxis;
        constexpr std::size_t kWhole = 100;
        if (events >= kWhole) return heard;
        const double n = static_cast<double>(std::max<std::size_t>(1, events)), whole = kWhole;
        std::array<double, kAxes> asked{};
        asked.fill(std::numeric_limits<double>::quiet_NaN());
        for (const StyleAxis axis :
             {StyleAxis::pitch_mean, StyleAxis::velocity_mean, StyleAxis::velocity_kept,
              StyleAxis::time_mean, StyleAxis::on_sixteenths, StyleAxis::on_eighths,
              StyleAxis::length_mean, StyleAxis::legato, StyleAxis::overlapping, StyleAxis::onsets,
              StyleAxis::diatonic, StyleAxis::interval_mean}) {
            const auto a = static_cast<std::size_t>(axis);
            asked[a] = number(heard, a);
        }
        encoding::StepStyle style = drawn;
        lean(asked, kRidge + 0.04 * (whole - n) / n, style);
        for (std::size_t a = 0; a < kAxes; ++a) style[a] += n / whole * (heard[a] - style[a]);
        for (const StyleAxis axis : {StyleAxis::pitch_lowest, StyleAxis::velocity_least}) {
            const auto a = static_cast<std::size_t>(axis);
            style[a] = std::min(style[a], heard[a]);
        }
        for (const StyleAxis axis :
             {StyleAxis::pitch_highest, StyleAxis::velocity_greatest, StyleAxis::pitches_used,
              StyleAxis::velocities_used, StyleAxis::gaps_used, StyleAxis::lengths_used,
              StyleAxis::most_at_once, StyleAxis::classes_used, StyleAxis::repetitions}) {
            const auto a = static_cast<std::size_t>(axis);
            style[a] = std::max(style[a], heard[a]);
        }
        order_ranges(style);
        return style;
    }

private:
    static constexpr double kRidge = 0.02;

    [[nodiscard]] double number(const encoding::StepStyle& style, std::size_t a) const noexcept {
        return (style[a] - scale_.mean[a]) / scale_.sd[a];
    }

    /// Equation (1).
    void set_axes(const std::array<double, kAxes>& asked,
                  encoding::StepStyle& style) const noexcept {
        lean(asked, kRidge, style);
        bool any = false;
        for (std::size_t a = 0; a < kAxes; ++a) {
            if (std::isnan(asked[a])) continue;
            style[a] = scale_.mean[a] + scale_.sd[a] * asked[a];
            any = true;
        }
        if (any) order_ranges(style);
    }

    /// x' of (1) with e = `ridge`; those of A are moved like the others. NaN: not in A.
    void lean(const std::array<double, kAxes>& asked, double ridge,
              encoding::StepStyle& style) const noexcept {
        std::array<std::size_t, kAxes> set{};
        std::size_t count = 0;
        for (std::size_t a = 0; a < kAxes; ++a)
            if (!std::isnan(asked[a])) set[count++] = a;
        if (count == 0) return;
        // Cholesky: C_AA + e I = L L^T, then two triangular systems.
        std::array<std::array<double, kAxes>, kAxes> l{};
        std::array<double, kAxes> y{};
        for (std::size_t i = 0; i < count; ++i) {
            for (std::size_t j = 0; j <= i; ++j) {
                double sum = covariance_[set[i]][set[j]] + (i == j ? ridge : 0.0);
                for (std::size_t k = 0; k < j; ++k) sum -= l[i][k] * l[j][k];
                l[i][j] = i == j ? std::sqrt(std::max(sum, 1e-9)) : sum / l[j][j];
            }
            y[i] = asked[set[i]] - number(style, set[i]);
            for (std::size_t k = 0; k < i; ++k) y[i] -= l[i][k] * y[k];
            y[i] /= l[i][i];
        }
        for (std::size_t i = count; i-- > 0;) {
            for (std::size_t k = i + 1; k < count; ++k) y[i] -= l[k][i] * y[k];
            y[i] /= l[i][i];
        }
        for (std::size_t a = 0; a < kAxes; ++a) {
            double moved = 0.0;
            for (std::size_t i = 0; i < count; ++i) moved += covariance_[a][set[i]] * y[i];
            style[a] += scale_.sd[a] * moved;
        }
    }

    /// The lowest is not above the highest, and both are numbers of MIDI.
    static void order_ranges(encoding::StepStyle& style) noexcept {
        using encoding::StyleAxis;
        const auto order = [&](StyleAxis low, StyleAxis high, double least, double most) {
            double& a = style[static_cast<std::size_t>(low)];
            double& b = style[static_cast<std::size_t>(high)];
            a = std::clamp(a, least, most);
            b = std::clamp(b, a, most);
        };
        order(StyleAxis::pitch_lowest, StyleAxis::pitch_highest, 0.0, 127.0);
        order(StyleAxis::velocity_least, StyleAxis::velocity_greatest, 1.0, 127.0);
    }

    encoding::StyleScale scale_;
    std::array<std::array<double, kAxes>, kAxes> covariance_{};
};

}  // namespace mgan::inline MGAN_ABI
