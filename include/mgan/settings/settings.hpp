#pragma once
/// \file
/// Every setting of a training, with its default, its range, and one line that says what it does.
///
/// The parts describe themselves (core/setting.hpp), each where it is used: the settings of a net
/// beside the net, those of the optimiser beside the optimiser. Presets: presets.hpp.

#include <mgan/core/setting.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/models/discriminator_settings.hpp>
#include <mgan/models/generator_settings.hpp>
#include <mgan/models/step_settings.hpp>
#include <mgan/optimisation/optimiser_settings.hpp>
#include <mgan/settings/pf_settings.hpp>
#include <mgan/settings/representation_settings.hpp>
#include <mgan/settings/training_settings.hpp>

namespace mgan::inline MGAN_ABI {

/// The models of the paper.
enum class Variant { c_rnn_gan, carnn_gan, carnn_mgan, carnn_pf_mgan };

[[nodiscard]] inline Choices<Variant> variant_choices() {
    return {{"c-rnn-gan", Variant::c_rnn_gan},
            {"carnn-gan", Variant::carnn_gan},
            {"carnn-mgan", Variant::carnn_mgan},
            {"carnn-pf-mgan", Variant::carnn_pf_mgan}};
}

/// All of it. The defaults are what files of version 0.1.0 leave unsaid; start from
/// `recommended_settings` (presets.hpp).
struct Settings {
    Variant variant = Variant::c_rnn_gan;
    std::string preset = "recommended";
    std::uint64_t seed = 1;
    std::int64_t length = 100;
    std::int64_t batch = 20;
    std::int64_t shard_songs = 10;
    std::int64_t epoch_songs = 400;
    Initialisation initialisation = Initialisation::uniform;
    RepresentationSettings encoding;
    GeneratorSettings generator{.noise_to_head = true, .recall_gate = true};
    DiscriminatorSettings discriminator{
        .minibatch_deviation = true, .pitch_class = true, .quantise = true};
    PretrainSettings pretrain;
    AdversarialSettings adversarial;
    PlayingSettings playing;
    PfSettings pf;
    OptimiserSettings optimiser;
    EvaluationSettings evaluation;

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("variant", variant, variant_choices(), "which model of the paper");
        visitor("preset", preset, Words{"recommended", "quick", "paper", "numeric"},
                "the preset that the settings started from");
        visitor("seed", seed, Range<std::uint64_t>{0, ~std::uint64_t{0}},
                "determines all random numbers");
        visitor("length", length, Range{1, 100000}, "events of a song in training (T)");
        visitor("batch", batch, Range{1, 100000}, "songs in a minibatch (B)");
        visitor("shard_songs", shard_songs, Range{1, 100000},
                "songs that one thread computes together; affects the result, unlike the threads");
        visitor("epoch_songs", epoch_songs, Range{0, 10000000},
                "minimum crops per epoch: a small folder gives several of each song");
        visitor("initialisation", initialisation,
                Choices<Initialisation>{{"uniform", Initialisation::uniform},
                                        {"glorot", Initialisation::glorot}},
                "distribution of the first weights");
        visit_part("encoding", encoding, visitor);
        visit_part("generator", generator, visitor);
        visit_part("discriminator", discriminator, visitor);
        visit_part("pretrain", pretrain, visitor);
        visit_part("adversarial", adversarial, visitor);
        visit_part("playing", playing, visitor);
        visit_part("pf", pf, visitor);
        visit_part("optimiser", optimiser, visitor);
        visit_part("evaluation", evaluation, visitor);
    }

    /// Whether events are drawn step by step from distributions (models/step_generator.hpp).
    [[nodiscard]] bool has_step_heads() const noexcept {
        return generator.heads == HeadKind::steps;
    }

    /// Whether a PF classifier takes part.
    [[nodiscard]] bool has_pf_classifier() const noexcept {
        return variant == Variant::carnn_pf_mgan && adversarial.lambda > 0.0;
    }

    /// The optimiser of the PF classifier.
    [[nodiscard]] OptimiserSettings pf_optimiser_settings() const {
        OptimiserSettings settings = optimiser;
        settings.kind = pf.optimiser;
        return settings;
    }

    /// The generator, with the sizes that follow from encoding and length.
    [[nodiscard]] GeneratorSettings generator_settings() const {
        GeneratorSettings settings = generator;
        settings.features = static_cast<Index>(encoding::kFeatures);
        settings.noise = static_cast<Index>(encoding::kFeatures);
        settings.context = static_cast<Index>(encoding::context_size(encoding.context));
        settings.plane_length = generator.mapping_layers > 0 ? length : 0;
        return settings;
    }

    /// The generator with step heads.
    [[nodiscard]] StepGeneratorSettings step_generator_settings() const {
        StepGeneratorSettings sizes;
        sizes.embedding = generator.embedding;
        sizes.input = generator.input;
        sizes.hidden = generator.hidden;
        sizes.layers = generator.layers;
        sizes.head = generator.head;
        sizes.mapping_layers = generator.mapping_layers;
        sizes.plane_length = generator.mapping_layers > 0 ? length : 0;
        sizes.convolution = generator.convolution;
        const bool shaped = generator.mapping_layers > 0 || generator.convolution > 0;
        sizes.noise = shaped ? static_cast<Index>(encoding::kFeatures) : 0;
        sizes.attention_heads = generator.attention_heads;
        sizes.attention_window = generator.attention_window;
        sizes.attention_residual = generator.attention_residual;
        sizes.closed_loop = generator.closed_loop;
        return sizes;
    }

    /// The discriminator that answers after every event.
    [[nodiscard]] StepDiscriminatorSettings step_discriminator_settings() const {
        return {.embedding = discriminator.embedding,
                .input = discriminator.input,
                .hidden = discriminator.hidden,
                .layers = discriminator.layers,
                .answer = discriminator.answer};
    }

    /// The discriminator, with the size of what it is shown.
    [[nodiscard]] DiscriminatorSettings discriminator_settings() const {
        DiscriminatorSettings settings = discriminator;
        settings.features = static_cast<Index>(encoding::kFeatures) +
                            (discriminator.pitch_class ? kPitchClassRows : 0);
        return settings;
    }
};

}  // namespace mgan::inline MGAN_ABI
