#pragma once
/// \file
/// The nets of a training, each with its optimiser.
///
///     generator          G, which learns
///     average            moving average of G in the adversarial phase
///     best               the best generator so far, as the trainer measures it
///     discriminator      D, which learns
///     pf_classifier      F, which learns; without parameters where no PF classifier takes part
///
/// Together with `TrainingState` (epoch.hpp) this is all that the steps of a training change, and
/// what a checkpoint stores. How the nets begin is in nets.hpp and step_nets.hpp.

#include <mgan/models/pf_classifier.hpp>
#include <mgan/settings/settings.hpp>
#include <mgan/training/learner.hpp>

namespace mgan::inline MGAN_ABI {

template <typename G, typename D>
struct AdversarialNets {
    using Scalar = typename G::ScalarType;

    Learner<G> generator;
    G average, best;
    Learner<D> discriminator;
    Learner<PfClassifier<Scalar>> pf_classifier;

    /// Copies of G as it is; optimisers without moments.
    void begin(const Settings& settings) {
        average = generator.net;
        best = generator.net;
        restart_optimisers(settings);
    }

    /// Forgets the moments of all optimisers.
    void restart_optimisers(const Settings& settings) {
        generator.optimiser = Optimiser<Scalar>(settings.optimiser);
        discriminator.optimiser = Optimiser<Scalar>(settings.optimiser);
        pf_classifier.optimiser = Optimiser<Scalar>(settings.pf_optimiser_settings());
    }
};

}  // namespace mgan::inline MGAN_ABI
