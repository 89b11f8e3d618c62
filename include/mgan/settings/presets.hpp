#pragma once
/// \file
/// The presets of each variant.
///
///     recommended    what measures best: step quantiles, pretraining by cross-entropy, then a
///                    phase in which the generator learns from the gains of a discriminator
///     quick          the same in a fraction of the time
///     paper          the paper to the letter where it says something, and docs/paper.md's readings
///                    where it does not
///     numeric        what was recommended in version 0.1.0: encoding by the corpus' own
///                    distribution, answers as smooth quantiles
///
/// Where there is little music, step heads learn it by heart: `use_small_collection`.

#include <mgan/settings/settings.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mgan::inline MGAN_ABI {

/// What makes a variant: the parts that stand between noise and LSTM, and between LSTM and head
/// (section 3.2.1).
inline void use_variant(Settings& settings, Variant variant) {
    settings.variant = variant;
    const bool carnn = variant != Variant::c_rnn_gan;
    settings.generator.convolution = carnn ? 5 : 0;
    settings.generator.attention_heads = carnn ? 1 : 0;
    settings.generator.mapping_layers = carnn && variant != Variant::carnn_gan ? 8 : 0;
}

/// What was recommended for a variant before there were step heads. It still calls itself
/// `recommended`, as the settings in files of version 0.1.0 do.
[[nodiscard]] inline Settings numeric_settings(Variant variant) {
    Settings settings;
    use_variant(settings, variant);
    settings.generator.attention_residual = variant != Variant::c_rnn_gan;
    return settings;
}

/// Preset `recommended` for a variant.
[[nodiscard]] inline Settings recommended_settings(Variant variant) {
    Settings settings = numeric_settings(variant);
    settings.generator.heads = HeadKind::steps;
    settings.generator.noise_to_head = false;
    settings.generator.recall_gate = false;
    settings.discriminator.layers = 1;
    settings.discriminator.loss = DiscriminatorLoss::relativistic;
    settings.batch = 32;
    settings.shard_songs = 4;
    settings.epoch_songs = 800;
    settings.generator.input = settings.generator.hidden = settings.generator.head = 128;
    settings.pretrain.epochs = 48;
    settings.pretrain.warmup = 50;
    settings.pretrain.dropout = 0.2;
    settings.pretrain.augmentation = 0.3;
    settings.pretrain.endings = 0.125;
    settings.adversarial.epochs = 2;
    settings.adversarial.learning_rate = 5e-4;
    settings.adversarial.discriminator_learning_rate = 2e-3;
    settings.adversarial.discriminator_warmup = 400;
    settings.adversarial.average = 0.95;
    settings.adversarial.shard_songs = 3;  // of 48: full rounds on 2, 4, 8 and 16 cores
    settings.playing.particles = 16;
    settings.optimiser.beta1 = 0.8;
    settings.optimiser.beta2 = 0.99;
    settings.optimiser.clip = 1.0;
    settings.evaluation.every = 4;
    return settings;
}

/// Preset `quick` for a variant.
[[nodiscard]] inline Settings quick_settings(Variant variant) {
    Settings settings = recommended_settings(variant);
    settings.preset = "quick";
    settings.pretrain.epochs = 12;
    settings.adversarial.epochs = 0;
    settings.generator.input = settings.generator.hidden = settings.generator.head = 100;
    settings.pretrain.warmup = 20;
    settings.pretrain.dropout = 0.1;
    settings.evaluation.every = 12;
    return settings;
}

/// Notes of different pieces below which a collection is small: about 75 pieces.
inline constexpr std::size_t kSmallCollection = 100'000;

/// Changes preset `recommended` to what measures better on a small collection: half of the
/// epochs, more left out, more crops changed, no adversarial phase. 48 epochs of 29 pieces copy
/// three times as many passages, and fresh judges tell the songs no less; a discriminator learns
/// the pieces by heart (docs/results.md).
inline void use_small_collection(Settings& settings) {
    settings.pretrain.epochs = std::min<std::int64_t>(settings.pretrain.epochs, 24);
    settings.pretrain.dropout = 0.4;
    settings.pretrain.augmentation = 0.8;
    settings.adversarial.epochs = 0;
}

/// Preset `paper` for a variant: sections 3.1.3, 3.2.3 and 3.3.
[[nodiscard]] inline Settings paper_settings(Variant variant) {
    Settings s = numeric_settings(variant);
    s.preset = "paper";
    s.generator.attention_residual = false;
    s.encoding.events.normalisation = encoding::NormalisationKind::minmax;
    s.encoding.events.normalise_key = false;
    s.encoding.events.pitch_contrast = 1.0;
    s.encoding.events.grid_ticks = 1;
    s.encoding.context = {};
    s.epoch_songs = 0;
    s.generator.noise_to_head = false;
    s.generator.recall_gate = false;
    s.discriminator.minibatch_deviation = false;
    s.discriminator.pitch_class = false;
    s.discriminator.quantise = false;
    s.pretrain.epochs = 6;
    s.pretrain.loss = PretrainLoss::mse;
    s.pretrain.learning_rate = 0.1;
    s.pretrain.schedule = RateSchedule::constant;
    s.pretrain.curriculum_start = 10;
    s.adversarial.epochs = 50;
    s.adversarial.loss = GeneratorLoss::saturating;
    s.adversarial.loss_weight = 1.0;
    s.adversarial.learning_rate = 0.1;
    s.adversarial.discriminator_learning_rate = 0.1;
    s.adversarial.schedule = RateSchedule::anneal;
    s.adversarial.discriminator_warmup = 0;
    s.adversarial.pretrain_weight = 0.0;
    s.adversarial.feature_matching = FeatureMatching::none;
    s.adversarial.through_feedback = true;
    s.adversarial.freezing = FreezingRule::off;
    s.adversarial.average = 0.0;
    s.pf.converter.band = FrequencyBand::low_pass;
    s.pf.converter.logarithm = false;
    s.pf.classifier.steps = 500;
    s.pf.learning_rate = 0.1;
    s.pf.optimiser = OptimiserKind::sgd;
    s.pf.freezing = FreezingRule::winner;
    s.optimiser.kind = OptimiserKind::sgd;
    s.optimiser.l2 = 1e-4;
    s.evaluation.keep_best = false;
    if (variant != Variant::c_rnn_gan) {  // section 3.2.3
        s.adversarial.feature_matching = FeatureMatching::output;
        s.adversarial.loss_weight = variant == Variant::carnn_pf_mgan ? 1.0 : 0.0;
        s.adversarial.freezing = FreezingRule::winner;
    }
    return s;
}

/// The settings of a preset by its name: paper, numeric, quick; any other word is recommended.
[[nodiscard]] inline Settings preset_settings(std::string_view preset, Variant variant) {
    if (preset == "paper") return paper_settings(variant);
    if (preset == "numeric") {
        Settings settings = numeric_settings(variant);
        settings.preset = "numeric";
        return settings;
    }
    return preset == "quick" ? quick_settings(variant) : recommended_settings(variant);
}

}  // namespace mgan::inline MGAN_ABI
