#pragma once
/// \file
/// Which optimiser takes the steps, and how large they may be.

#include <mgan/core/setting.hpp>
#include <mgan/optimisation/schedule.hpp>

namespace mgan::inline MGAN_ABI {

enum class OptimiserKind { sgd, adam };

[[nodiscard]] inline Choices<OptimiserKind> optimiser_choices() {
    return {{"sgd", OptimiserKind::sgd}, {"adam", OptimiserKind::adam}};
}

/// What `Optimiser` reads, and the shape of the learning rate's schedule, which its caller reads.
struct OptimiserSettings {
    OptimiserKind kind = OptimiserKind::adam;
    double momentum = 0.0;  ///< SGD
    double beta1 = 0.5;     ///< Adam
    double beta2 = 0.999;   ///< Adam
    double l2 = 0.0;
    double clip = 5.0;  ///< maximum norm of the gradient; 0: no limit
    ScheduleSettings schedule{};

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("kind", kind, optimiser_choices(), "the optimiser of all nets");
        visitor("momentum", momentum, Range{0.0, 0.9999}, "sgd: momentum");
        visitor("beta1", beta1, Range{0.0, 0.9999}, "adam: decay of the first moment");
        visitor("beta2", beta2, Range{0.0, 0.999999}, "adam: decay of the second moment");
        visitor("l2", l2, Range{0.0, 1.0}, "penalty on weights, not biases");
        visitor("clip", clip, Range{0.0, 1e6}, "maximum gradient norm; 0: no limit");
        schedule.visit(visitor);
    }
};

}  // namespace mgan::inline MGAN_ABI
