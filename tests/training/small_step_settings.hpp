#pragma once
/// \file
/// Settings under which a model with step heads, and its discriminator, learn in moments.

#include <mgan/settings/presets.hpp>

namespace mgan_test {

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
    s.evaluation.songs = 2;
    s.evaluation.selection_songs = 2;
    return s;
}

}  // namespace mgan_test
