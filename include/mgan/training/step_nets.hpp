#pragma once
/// \file
/// The nets of a training with step heads, each with its optimiser.
///
///     generator        G, which learns
///     average          moving average of G in the adversarial phase
///     best             G of the lowest validation loss of pretraining
///     discriminator    D, which learns
///     pf_classifier    F, which learns; without parameters where no PF classifier takes part
///
/// Together with `TrainingState` (epoch.hpp) this is all that the steps of a training change, and
/// what a checkpoint stores.

#include <mgan/models/step_initialisation.hpp>
#include <mgan/settings/settings.hpp>
#include <mgan/training/learner.hpp>
#include <mgan/training/pf_initialisation.hpp>

namespace mgan::inline MGAN_ABI {

template <typename Scalar>
struct StepNets {
    Learner<StepGenerator<Scalar>> generator;
    StepGenerator<Scalar> average, best;
    Learner<StepDiscriminator<Scalar>> discriminator;
    Learner<PfClassifier<Scalar>> pf_classifier;

    StepNets() = default;

    /// The nets at the start of a training. `spectrum`: values that the PF classifier reads of a
    /// song; 0: there is none.
    StepNets(const Settings& settings, const StepShape& shape, Index spectrum) {
        generator.net = StepGenerator<Scalar>(shape, settings.step_generator_settings());
        initialise_steps(generator.net, Random(settings.seed, "step generator weights"));
        if (settings.generator.mapping_layers > 0)
            initialise_mapping(generator.net.noise_path.mapping,
                               Random(settings.seed, "mapping weights"));
        discriminator.net =
            StepDiscriminator<Scalar>(shape, settings.step_discriminator_settings());
        initialise_steps(discriminator.net, Random(settings.seed, "step discriminator weights"));
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
