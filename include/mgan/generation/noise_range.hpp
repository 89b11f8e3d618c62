#pragma once
/// \file
/// The noise that a generator was trained on, and therefore generates from.

#include <mgan/generation/feedback.hpp>
#include <mgan/settings/settings.hpp>

namespace mgan::inline MGAN_ABI {

/// The noise that belongs to a pretraining loss.
[[nodiscard]] inline NoiseRange noise_range(const PretrainSettings& settings) noexcept {
    if (settings.loss == PretrainLoss::mse) return {};
    return {settings.quantile_low, settings.quantile_high};
}

}  // namespace mgan::inline MGAN_ABI
