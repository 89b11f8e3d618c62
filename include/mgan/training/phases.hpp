#pragma once
/// \file
/// The two phases of a training: how long they are, which one a state is in, the step sizes, and
/// what every epoch has in common.

#include <mgan/judging/judged_song.hpp>
#include <mgan/optimisation/schedule.hpp>
#include <mgan/settings/settings.hpp>
#include <mgan/training/epoch.hpp>
#include <mgan/training/rollback.hpp>

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// The plan of a training on `songs` training songs. Refers to the settings.
struct Phases {
    const Settings& settings;
    std::size_t songs = 0;

    /// Epochs of both phases together.
    [[nodiscard]] std::int64_t epochs() const noexcept {
        return settings.pretrain.epochs + settings.adversarial.epochs;
    }
    /// Minibatches of an epoch.
    [[nodiscard]] std::int64_t steps_per_epoch() const noexcept {
        const auto crops =
            std::max<std::int64_t>(static_cast<std::int64_t>(songs), settings.epoch_songs);
        return std::max<std::int64_t>(1, crops / settings.batch);
    }
    [[nodiscard]] bool finished(const TrainingState& state) const noexcept {
        return state.epoch > epochs();
    }
    /// Whether the adversarial phase has begun.
    [[nodiscard]] bool adversarial(const TrainingState& state) const noexcept {
        return state.epoch > settings.pretrain.epochs;
    }
    /// Whether a minibatch of the adversarial phase is done.
    [[nodiscard]] bool begun_adversarial(const TrainingState& state) const noexcept {
        return state.epoch > settings.pretrain.epochs + 1 || (adversarial(state) && state.step > 0);
    }
    /// Whether the epoch is the last one of its phase.
    [[nodiscard]] bool is_last_of_phase(const TrainingState& state) const noexcept {
        return state.epoch == settings.pretrain.epochs || state.epoch == epochs();
    }

    /// The step size `base` under a schedule, at a state. In the first `warmup` minibatches of the
    /// phase it rises to its value. Every roll-back has halved it.
    [[nodiscard]] double rate(const TrainingState& state, double base, RateSchedule schedule,
                              std::int64_t warmup = 0) const noexcept {
        const std::int64_t before = adversarial(state) ? settings.pretrain.epochs : 0;
        const std::int64_t count =
            adversarial(state) ? settings.adversarial.epochs : settings.pretrain.epochs;
        const double steps = static_cast<double>(steps_per_epoch());
        const double progress = (static_cast<double>(state.epoch - 1 - before) +
                                 static_cast<double>(state.step) / steps) /
                                static_cast<double>(std::max<std::int64_t>(1, count));
        const double factor = rate_after_rollbacks(
            rate_factor(schedule, state.epoch - before, progress, settings.optimiser.schedule),
            state);
        if (warmup == 0) return base * factor;
        const std::int64_t done = (state.epoch - 1 - before) * steps_per_epoch() + state.step;
        const double risen = static_cast<double>(done + 1) / static_cast<double>(warmup);
        return base * factor * std::min(1.0, risen);
    }
};

/// Whether fresh judges compare the phases of a training (fresh_judge.hpp): step heads, two phases,
/// songs that are long enough.
[[nodiscard]] inline bool has_judges(const Settings& settings) noexcept {
    return settings.has_step_heads() && settings.adversarial.epochs > 0 &&
           settings.length >= static_cast<std::int64_t>(judging::kWindow);
}

/// Songs to generate after an epoch; more where they are compared thoroughly.
[[nodiscard]] inline std::int64_t evaluation_songs(const EvaluationSettings& settings,
                                                   bool compares) noexcept {
    return std::max(settings.songs, compares ? settings.selection_songs : 0);
}

/// Reports the measures of those songs, and compares them with `real` ones.
inline void report_songs(EpochReport& report, const std::vector<metrics::SongMetrics>& measured,
                         std::span<const metrics::SongMetrics> real,
                         const EvaluationSettings& settings, bool compares) {
    const std::span<const metrics::SongMetrics> reported(measured.data(),
                                                         static_cast<std::size_t>(settings.songs));
    report_metrics(report, reported);
    report.comparison = metrics::compare(real, compares ? std::span(measured) : reported);
}

}  // namespace mgan::inline MGAN_ABI
