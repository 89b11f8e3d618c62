#pragma once
/// \file
/// The two presets of each variant.
///
/// `recommended` (the defaults) is what measures best: encoding by the corpus' own distribution,
/// pretraining on random quantiles, then a careful adversarial phase. `paper` is the paper to the
/// letter where it says something, and docs/paper.md's readings where it does not.

#include <mgan/settings/settings.hpp>

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

/// Preset `recommended` for a variant.
[[nodiscard]] inline Settings recommended_settings(Variant variant) {
    Settings settings;
    use_variant(settings, variant);
    settings.generator.attention_residual = variant != Variant::c_rnn_gan;
    return settings;
}

/// Preset `paper` for a variant: sections 3.1.3, 3.2.3 and 3.3.
[[nodiscard]] inline Settings paper_settings(Variant variant) {
    Settings s;
    use_variant(s, variant);
    s.preset = "paper";
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

}  // namespace mgan::inline MGAN_ABI
