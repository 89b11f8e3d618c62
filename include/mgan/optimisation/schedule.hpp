#pragma once
/// \file
/// What changes during training: learning rate, song length, and which net may learn.

#include <mgan/optimisation/schedule_settings.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace mgan::inline MGAN_ABI {

/// The factor of the learning rate in epoch `epoch` (from 1), `progress` in [0, 1) of the phase.
[[nodiscard]] inline double rate_factor(RateSchedule schedule, std::int64_t epoch, double progress,
                                        const ScheduleSettings& settings) noexcept {
    constexpr double kPi = 3.14159265358979323846;
    switch (schedule) {
        case RateSchedule::constant:
            return 1.0;
        case RateSchedule::anneal:
            return std::pow(settings.anneal_gamma, static_cast<double>(std::max<std::int64_t>(
                                                       epoch - settings.anneal_start, 0)));
        case RateSchedule::cosine:
            return settings.cosine_floor +
                   (1.0 - settings.cosine_floor) * 0.5 * (1.0 + std::cos(kPi * progress));
    }
    return 1.0;
}

/// Curriculum (section 3.1.3): "increasingly long songs every epoch". The length of pretraining
/// epoch `epoch` (from 1) of `epochs`: linear from `start` in the first to `full` in the last.
[[nodiscard]] inline std::int64_t curriculum_length(std::int64_t epoch, std::int64_t epochs,
                                                    std::int64_t start,
                                                    std::int64_t full) noexcept {
    if (epochs <= 1 || start >= full) return full;
    const std::int64_t length = start + (full - start) * (epoch - 1) / (epochs - 1);
    return std::clamp<std::int64_t>(length, 1, full);
}

/// Who rests in the next minibatch.
struct Freezing {
    bool generator = false;
    bool discriminator = false;
};

/// The 70 % rule on the losses of the last minibatch. It compares d = L_D / 2 (the loss has two
/// terms) with g = L_G = -log D(G(z)): at balance both are log 2, and nobody rests.
///
///     D is ahead while d < ratio * g;   G is ahead while g < ratio * d
[[nodiscard]] inline Freezing freeze(FreezingRule rule, double loss_d, double loss_g,
                                     double ratio) noexcept {
    const double d = loss_d / 2.0;
    const bool d_ahead = d < ratio * loss_g;
    const bool g_ahead = loss_g < ratio * d;
    switch (rule) {
        case FreezingRule::off:
            return {};
        case FreezingRule::winner:
            return {.generator = g_ahead, .discriminator = d_ahead};
        case FreezingRule::loser:
            return {.generator = d_ahead, .discriminator = g_ahead};
    }
    return {};
}

}  // namespace mgan::inline MGAN_ABI
