#pragma once
/// \file
/// The nets of a training, each with its optimiser.
///
///     generator          G, which learns
///     average            moving average of G in the adversarial phase
///     best               the generator of the best comparison so far
///     discriminator      D, which learns
///     pf_classifier      F, which learns; without parameters where no PF classifier takes part
///
/// Together with `TrainingState` (epoch.hpp) this is all that the steps of a training change, and
/// what a checkpoint stores.

#include <mgan/layers/initialisation.hpp>
#include <mgan/models/discriminator.hpp>
#include <mgan/models/generator.hpp>
#include <mgan/settings/settings.hpp>
#include <mgan/training/learner.hpp>
#include <mgan/training/pf_initialisation.hpp>

namespace mgan::inline MGAN_ABI {

template <typename Scalar>
struct TrainingNets {
    Learner<Generator<Scalar>> generator;
    Generator<Scalar> average, best;
    Learner<Discriminator<Scalar>> discriminator;
    Learner<PfClassifier<Scalar>> pf_classifier;

    TrainingNets() = default;

    /// The nets at the start of a training. `spectrum`: values that the PF classifier reads of a
    /// song; 0: there is none.
    TrainingNets(const Settings& settings, Index spectrum) {
        generator.net = Generator<Scalar>(settings.generator_settings());
        initialise(generator.net, Random(settings.seed, "generator weights"),
                   settings.initialisation);
        if (settings.generator.mapping_layers > 0) {
            initialise_mapping(generator.net.noise_path.mapping,
                               Random(settings.seed, "mapping weights"));
        }
        discriminator.net = Discriminator<Scalar>(settings.discriminator_settings());
        initialise(discriminator.net, Random(settings.seed, "discriminator weights"),
                   settings.initialisation);
        if (spectrum > 0) pf_classifier.net = initial_pf_classifier<Scalar>(settings, spectrum);
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
