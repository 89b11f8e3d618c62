#pragma once
/// \file
/// Which optimiser takes the steps, and how large they may be.

#include <mgan/core/setting.hpp>
#include <mgan/optimisation/schedule_settings.hpp>

namespace mgan::inline MGAN_ABI {

enum class OptimiserKind { sgd, adam, adamw, rmsprop, lion };

[[nodiscard]] inline Choices<OptimiserKind> optimiser_choices() {
    return {{"sgd", OptimiserKind::sgd},
            {"adam", OptimiserKind::adam},
            {"adamw", OptimiserKind::adamw},
            {"rmsprop", OptimiserKind::rmsprop},
            {"lion", OptimiserKind::lion}};
}
/// Whether it keeps a mean of squares beside the first moment.
[[nodiscard]] constexpr bool has_second_moment(OptimiserKind kind) noexcept {
    return kind == OptimiserKind::adam || kind == OptimiserKind::adamw ||
           kind == OptimiserKind::rmsprop;
}

/// What `Optimiser` reads, and the shape of the learning rate's schedule, which its caller reads.
struct OptimiserSettings {
    OptimiserKind kind = OptimiserKind::adam;
    double momentum = 0.0;  ///< SGD, RMSprop
    double beta1 = 0.5;     ///< Adam, AdamW, Lion
    double beta2 = 0.999;   ///< Adam, AdamW, RMSprop, Lion
    double l2 = 0.0;
    double weight_decay = 0.0;  ///< AdamW, Lion
    double clip = 5.0;          ///< maximum norm of the gradient; 0: no limit
    ScheduleSettings schedule{};

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("kind", kind, optimiser_choices(), "the optimiser of all nets");
        visitor("momentum", momentum, Range{0.0, 0.9999}, "sgd, rmsprop: momentum");
        visitor("beta1", beta1, Range{0.0, 0.9999}, "adam, adamw, lion: decay of the first moment");
        visitor("beta2", beta2, Range{0.0, 0.999999},
                "adam, adamw, rmsprop, lion: decay of the second moment");
        visitor("l2", l2, Range{0.0, 1.0}, "penalty on weights, not biases");
        visitor("weight_decay", weight_decay, Range{0.0, 1.0},
                "adamw, lion: share of each parameter that a step of size 1 takes away");
        visitor("clip", clip, Range{0.0, 1e6}, "maximum gradient norm; 0: no limit");
        schedule.visit(visitor);
    }
};

}  // namespace mgan::inline MGAN_ABI
