#pragma once
/// \file
/// One shard of a pretraining step: teacher forcing (section 3.1.3 of the paper).
///
/// The generator reads the events of the real song and predicts the next one. With loss `mse`
/// (equation (2)) the best prediction is the mean of what could follow, and the noise is ignored.
/// With `pinball` the noise z_t of each feature is the level of the quantile to predict, so random
/// levels give random events of the right distribution.

#include <mgan/layers/loss.hpp>
#include <mgan/settings/settings.hpp>
#include <mgan/training/batch.hpp>

namespace mgan::inline MGAN_ABI {

/// Loss of the teacher-forced generator on `shard.inputs` and, if `learn`, its gradient, times
/// `weight`, added to `gradient`. `columns` is B T of the whole batch. Returns the loss (without
/// the weight).
template <typename Scalar>
double pretraining_pass(const Generator<Scalar>& generator, const ShardInputs<Scalar>& inputs,
                        PretrainLoss loss, Index columns, double weight, bool learn,
                        typename Generator<Scalar>::Cache& cache, Sequence<Scalar>& d_event,
                        Generator<Scalar>& gradient) {
    const Sequence<Scalar>& y =
        generator.forward_teacher_forced(inputs.generator_noise(), inputs.before.view(), cache);
    d_event.resize(y.steps(), y.batch(), y.features());
    const auto share = static_cast<RealOf<Scalar>>(1.0 / static_cast<double>(columns));
    Scalar value(0);
    if (loss == PretrainLoss::mse) {
        value = squared_error<Scalar>(y.all(), inputs.target.all(), share, d_event.all());
    } else {
        value = pinball<Scalar>(y.all(), inputs.target.all(),
                                inputs.noise.range(0, y.steps()).topRows(y.features()), share,
                                d_event.all());
    }
    if (learn) {
        if (weight != 1.0) d_event.all() *= Scalar(static_cast<RealOf<Scalar>>(weight));
        generator.backward(std::as_const(d_event).view(), cache, gradient, false);
    }
    return static_cast<double>(real_part(value));
}

}  // namespace mgan::inline MGAN_ABI
