#pragma once
/// \file
/// What a training does when a loss or a gradient is no longer finite: back, and on more slowly.
///
/// Such a number never reaches a weight (diagnosis.hpp), but the weights that it came from have
/// usually run away already, some minibatches ago. So the training goes back to the beginning of
/// the epoch, and halves all learning rates from there on:
///
///     rate after r roll-backs = rate 2^-r                                                   (1)
///
/// After the third roll-back the next such number ends the training. Where it goes back to depends
/// on minibatches alone, not on the clock, and a checkpoint that is written within an epoch holds
/// the beginning of that epoch, too (runs/checkpoint.hpp): a training that was stopped and resumed
/// goes back to the same place with the same bits.

#include <mgan/core/error.hpp>
#include <mgan/training/epoch.hpp>

#include <cmath>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace mgan::inline MGAN_ABI {

/// Roll-backs of a training, at most.
inline constexpr std::int64_t kMostRollbacks = 3;

/// (1)
[[nodiscard]] inline double rate_after_rollbacks(double rate, const TrainingState& state) noexcept {
    return std::ldexp(rate, -static_cast<int>(state.rollbacks));
}

/// What the caller learns of a roll-back.
struct RollbackReport {
    std::string cause;           ///< what is not finite, and where
    std::int64_t epoch = 0;      ///< to whose beginning the training went
    std::int64_t rollbacks = 0;  ///< with this one
};

/// A training at the beginning of the epoch that is under way.
template <typename Nets>
struct EpochStart {
    TrainingState state;
    Nets nets;
};

/// Returns run(), which goes on with an epoch. If it throws DivergenceError, `state` and `nets` go
/// back to the beginning of the epoch, and it is run again. Throws DivergenceError when that has
/// happened `kMostRollbacks` times, or where the beginning is not known (`start` is empty and the
/// epoch under way).
template <typename Nets, typename Run>
auto run_with_rollbacks(TrainingState& state, Nets& nets, std::optional<EpochStart<Nets>>& start,
                        const std::function<void(const RollbackReport&)>& on_rollback, Run&& run) {
    if (state.step == 0) {
        if (start) {  // into the memory that is there
            start->state = state;
            start->nets = nets;
        } else {
            start.emplace(EpochStart<Nets>{state, nets});
        }
    }
    for (;;) {
        try {
            return run();
        } catch (const DivergenceError& error) {
            if (!start) fail<DivergenceError>(error.what(), " Try a lower learning rate.");
            const std::int64_t rollbacks = state.rollbacks + 1;
            if (rollbacks > kMostRollbacks)
                fail<DivergenceError>(
                    error.what(), " The training has gone back ", kMostRollbacks,
                    " times already, with half the rates each time. Try a lower learning rate.");
            state = start->state;
            state.rollbacks = rollbacks;
            nets = start->nets;
            if (on_rollback) on_rollback({error.what(), state.epoch, rollbacks});
        }
    }
}

}  // namespace mgan::inline MGAN_ABI
