#pragma once
/// \file
/// Where a number that is not finite comes from: weight, gradient, or a sum that overflows.
///
/// Checked before an optimiser moves a weight, so that the last checkpoint is always sound.

#include <mgan/distributed/agreement.hpp>
#include <mgan/training/nets.hpp>
#include <mgan/training/place.hpp>
#include <mgan/training/shard_memory.hpp>
#include <mgan/training/shard_pool.hpp>

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

namespace mgan::inline MGAN_ABI {

namespace diagnosis_detail {

/// "NAME is not finite" for the first such parameter of `model`, or "".
template <typename Model>
[[nodiscard]] std::string not_finite(const char* net, const Model& model) {
    const std::string name = first_non_finite(model);
    return name.empty() ? name : concat(net, name, " is not finite");
}

[[nodiscard]] inline std::string place_text(TrainingPlace place) {
    return concat("epoch ", place.epoch, ", step ", place.step + 1);
}

}  // namespace diagnosis_detail

/// "the weight NAME is not finite" for the first such weight, or "".
template <typename Scalar>
[[nodiscard]] std::string bad_weight(const TrainingNets<Scalar>& nets) {
    using diagnosis_detail::not_finite;
    std::string found = not_finite("the weight generator.", nets.generator.net);
    if (found.empty()) found = not_finite("the weight discriminator.", nets.discriminator.net);
    return found.empty() ? not_finite("the weight pf_classifier.", nets.pf_classifier.net) : found;
}

/// Where a loss that is not finite comes from, as far as weights and gradients of this rank tell,
/// or "".
template <typename Scalar>
[[nodiscard]] std::string culprit(const TrainingNets<Scalar>& nets,
                                  const ShardPool<ShardMemory<Scalar>>& shards) {
    using diagnosis_detail::not_finite;
    std::string found = bad_weight(nets);
    for (const ShardMemory<Scalar>& memory : shards.all()) {
        const AdversarialShard<Scalar>& shard = memory.adversarial;
        if (found.empty())
            found = not_finite("the gradient of generator.", shard.generator_gradient);
        if (found.empty())
            found = not_finite("the gradient of discriminator.", shard.discriminator_gradient);
        if (found.empty()) found = not_finite("the gradient of pf_classifier.", memory.pf.gradient);
    }
    return found;
}

/// Throws DivergenceError if `loss`, called `what` in the message, is not finite.
/// Collective: a loss is a sum over all ranks, so all throw.
template <typename Nets, typename Memory>
void check_loss(const char* what, double loss, TrainingPlace place, const Nets& nets,
                const ShardPool<Memory>& shards) {
    if (std::isfinite(loss)) return;
    std::string guilty = "weights and gradients are finite: a sum overflows";
    const std::vector<std::string> found = gather_texts(shards.ranks(), culprit(nets, shards));
    for (std::size_t rank = found.size(); rank-- > 0;)
        if (!found[rank].empty()) guilty = found[rank];
    fail<DivergenceError>(diagnosis_detail::place_text(place), ": ", what, " is ", loss, " (",
                          guilty, "); it has not reached the weights.");
}

/// A step of a learner's optimiser at `rate`. Returns the norm of the gradient before the cut. If
/// the gradient is not finite, DivergenceError says where, and whether a weight is to blame.
template <typename Net, typename Nets>
double take_step(Learner<Net>& learner, Net& gradient, double rate, const char* name, int threads,
                 TrainingPlace place, const Nets& nets) {
    try {
        return learner.optimiser.step(learner.net, gradient, rate, name, threads);
    } catch (const NumericalError& error) {
        const std::string weight = bad_weight(nets);
        fail<DivergenceError>(diagnosis_detail::place_text(place), ", ", error.what(),
                              weight.empty() ? "" : " (", weight, weight.empty() ? "" : ")");
    }
}

}  // namespace mgan::inline MGAN_ABI
