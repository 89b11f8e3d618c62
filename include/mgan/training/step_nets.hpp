#pragma once
/// \file
/// The nets of a training with step heads, at its start.

#include <mgan/models/step_initialisation.hpp>
#include <mgan/training/adversarial_nets.hpp>
#include <mgan/training/pf_initialisation.hpp>

namespace mgan::inline MGAN_ABI {

template <typename Scalar>
struct StepNets : AdversarialNets<StepGenerator<Scalar>, StepDiscriminator<Scalar>> {
    StepNets() = default;

    /// `spectrum`: values that the PF classifier reads of a song; 0: there is none.
    StepNets(const Settings& settings, const StepShape& shape, Index spectrum) {
        StepGenerator<Scalar>& g = this->generator.net;
        StepDiscriminator<Scalar>& d = this->discriminator.net;
        g = StepGenerator<Scalar>(shape, settings.step_generator_settings());
        initialise_steps(g, Random(settings.seed, "step generator weights"));
        if (settings.generator.mapping_layers > 0)
            initialise_mapping(g.noise_path.mapping, Random(settings.seed, "mapping weights"));
        d = StepDiscriminator<Scalar>(shape, settings.step_discriminator_settings());
        initialise_steps(d, Random(settings.seed, "step discriminator weights"));
        if (spectrum > 0)
            this->pf_classifier.net = initial_pf_classifier<Scalar>(settings, spectrum);
        this->begin(settings);
    }
};

}  // namespace mgan::inline MGAN_ABI
