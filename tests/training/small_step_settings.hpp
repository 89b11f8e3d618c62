#pragma once
/// \file
/// Settings under which a model with step heads, and its discriminator, learn in moments.

#include <mgan/settings/presets.hpp>

namespace mgan_test {

/// A waveform of a quarter of the usual rate, 60 values a song.
inline void make_ear_small(mgan::PfSettings& pf) {
    pf.synthesiser.samples = 1 << 16;
    pf.converter.highest = 500.0;
    pf.classifier = {.inputs = 60, .hidden_1 = 16, .hidden_2 = 12, .steps = 4, .hidden = 5};
}

/// Small nets, songs of 20 events, an epoch of each phase.
inline mgan::Settings small_step_settings(mgan::Variant variant) {
    mgan::Settings s = mgan::recommended_settings(variant);
    s.length = 20;
    s.batch = 8;
    s.epoch_songs = 16;
    s.generator.embedding = 4;
    s.generator.input = s.generator.hidden = s.generator.head = 12;
    if (s.generator.mapping_layers > 0) s.generator.mapping_layers = 1;
    s.discriminator.embedding = 4;
    s.discriminator.input = s.discriminator.hidden = s.discriminator.answer = 12;
    s.pretrain.epochs = 1;
    s.adversarial.epochs = 1;
    s.adversarial.songs = 8;
    s.adversarial.candidates = 2;
    s.adversarial.discriminator_warmup = 2;
    s.playing.particles = 0;  // the plain stream, as players play; tests of particles ask for them
    s.evaluation.songs = 2;
    s.evaluation.selection_songs = 2;
    make_ear_small(s.pf);
    return s;
}

/// Nets that have learnt something after 60 minibatches; all songs are learnt from.
inline mgan::Settings learning_step_settings(mgan::Variant variant = mgan::Variant::c_rnn_gan) {
    mgan::Settings s = mgan::recommended_settings(variant);
    s.length = 40;
    s.batch = 12;  // two shards, of which the second is smaller
    s.shard_songs = 8;
    s.epoch_songs = 240;
    s.generator.embedding = 6;
    s.generator.input = s.generator.hidden = s.generator.head = 24;
    s.generator.layers = 1;
    if (s.generator.mapping_layers > 0) s.generator.mapping_layers = 1;
    s.discriminator.embedding = 6;
    s.discriminator.input = s.discriminator.hidden = s.discriminator.answer = 16;
    s.pretrain.epochs = 3;
    s.pretrain.warmup = 5;
    s.pretrain.learning_rate = 1e-2;
    s.adversarial.epochs = 1;
    s.adversarial.songs = 10;
    s.adversarial.candidates = 3;
    s.adversarial.moments = 7;
    s.adversarial.discriminator_warmup = 3;
    s.adversarial.lead = 0.0;
    s.playing.particles = 0;
    s.evaluation.songs = 4;
    s.evaluation.selection_songs = 6;
    s.evaluation.every = 1;
    s.evaluation.validation_share = 0.2;
    s.evaluation.test_share = 0.0;
    make_ear_small(s.pf);
    return s;
}

}  // namespace mgan_test
