#pragma once
/// \file
/// What a discriminator is, and what it is shown of an event.

#include <mgan/core/setting.hpp>
#include <mgan/layers/loss_settings.hpp>
#include <mgan/tensor/matrix.hpp>

namespace mgan::inline MGAN_ABI {

/// Rows that `DiscriminatorSettings::pitch_class` adds to an event: a pitch class, one-hot, and its
/// place on the circle of fifths (training/discriminator_view.hpp).
inline constexpr Index kPitchClassRows = 12 + 2;

/// `visit` lists what a user may set. `features` is not in it: it follows from the encoding and
/// from `pitch_class`.
struct DiscriminatorSettings {
    Index features = 4;  ///< F of an event, with whatever else the caller shows of it
    Index hidden = 100;  ///< H of each direction
    Index layers = 2;
    bool minibatch_deviation = false;
    bool pitch_class = false;  ///< the caller shows the rows of `kPitchClassRows`
    bool quantise = false;     ///< the caller shows events as they will be played

    // What its slope costs while it learns (gradient_penalty.hpp).
    double r1 = 0.0;                ///< gamma
    double gradient_penalty = 0.0;  ///< lambda

    // Of the one that answers after every event (step_discriminator.hpp), with `hidden`, `layers`.
    Index embedding = 24;
    Index input = 100;
    Index answer = 96;
    double dropout = 0.3;
    DiscriminatorLoss loss = DiscriminatorLoss::cross_entropy;

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("hidden", hidden, Range{1, 4096}, "units of each direction of each BiLSTM layer");
        visitor("layers", layers, Range{1, 8}, "BiLSTM layers");
        visitor("minibatch_deviation", minibatch_deviation,
                "show the discriminator how much the songs of a batch differ");
        visitor("pitch_class", pitch_class,
                "show the discriminator pitch classes and the circle of fifths");
        visitor("quantise", quantise,
                "show the discriminator the events as they will be played; the gradient goes "
                "straight through");
        visitor("embedding", embedding, Range{1, 1024},
                "steps: numbers that stand for a value of each component");
        visitor("input", input, Range{1, 4096}, "steps: units of the layer before the LSTM");
        visitor("answer", answer, Range{1, 4096}, "steps: units of the layer after the LSTM");
        visitor("dropout", dropout, Range{0.0, 0.95},
                "steps: share of what the last layers read that is left out while it learns");
        visitor("loss", loss,
                Choices<DiscriminatorLoss>{{"cross_entropy", DiscriminatorLoss::cross_entropy},
                                           {"relativistic", DiscriminatorLoss::relativistic}},
                "steps: cross_entropy: it learns whether a song is real; relativistic: which of "
                "two songs is");
        visitor("r1", r1, Range{0.0, 1000.0},
                "weight of the penalty R1, half the squared slope at real songs; 0: none");
        visitor("gradient_penalty", gradient_penalty, Range{0.0, 1000.0},
                "weight of the penalty of WGAN-GP, (slope - 1)^2 between real and generated "
                "songs; 0: none");
    }
};

}  // namespace mgan::inline MGAN_ABI
