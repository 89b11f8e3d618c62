#pragma once
/// \file
/// The nets of a training with numeric heads, at its start.

#include <mgan/layers/initialisation.hpp>
#include <mgan/models/discriminator.hpp>
#include <mgan/models/generator.hpp>
#include <mgan/training/adversarial_nets.hpp>
#include <mgan/training/pf_initialisation.hpp>

namespace mgan::inline MGAN_ABI {

template <typename Scalar>
struct TrainingNets : AdversarialNets<Generator<Scalar>, Discriminator<Scalar>> {
    TrainingNets() = default;

    /// `spectrum`: values that the PF classifier reads of a song; 0: there is none.
    TrainingNets(const Settings& settings, Index spectrum) {
        Generator<Scalar>& g = this->generator.net;
        Discriminator<Scalar>& d = this->discriminator.net;
        g = Generator<Scalar>(settings.generator_settings());
        initialise(g, Random(settings.seed, "generator weights"), settings.initialisation);
        if (settings.generator.mapping_layers > 0)
            initialise_mapping(g.noise_path.mapping, Random(settings.seed, "mapping weights"));
        d = Discriminator<Scalar>(settings.discriminator_settings());
        initialise(d, Random(settings.seed, "discriminator weights"), settings.initialisation);
        if (spectrum > 0)
            this->pf_classifier.net = initial_pf_classifier<Scalar>(settings, spectrum);
        this->begin(settings);
    }
};

}  // namespace mgan::inline MGAN_ABI
