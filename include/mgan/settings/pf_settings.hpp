#pragma once
/// \file
/// The settings of the PF classifier (section 3.3 of the paper): what it hears, what it is, and how
/// it learns. Free of FFTW, so that settings can be read, printed and compared in builds without
/// it.

#include <mgan/audio/converter_settings.hpp>
#include <mgan/audio/synthesiser_settings.hpp>
#include <mgan/core/setting.hpp>
#include <mgan/models/pf_classifier_settings.hpp>
#include <mgan/optimisation/optimiser_settings.hpp>
#include <mgan/optimisation/schedule_settings.hpp>

namespace mgan::inline MGAN_ABI {

/// All of the PF classifier's settings; keys `pf.*`.
struct PfSettings {
    FrequencyConverterSettings converter{.band = FrequencyBand::full, .logarithm = true};
    SynthesiserSettings synthesiser;  ///< only `samples` and `partials` can be set
    std::int64_t scale_songs = 200;
    bool quantise = false;
    PfClassifierSettings classifier{.inputs = 0};
    double learning_rate = 1e-3;
    OptimiserKind optimiser = OptimiserKind::adam;
    FreezingRule freezing = FreezingRule::off;
    bool feature_matching = false;

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        converter.visit(visitor);
        visitor("samples", synthesiser.samples, Range{256, 1 << 24},
                "samples of the waveform, which lasts 62.83 s: 2^18 make 4172 Hz");
        visitor("partials", synthesiser.partials, Range{1, 64},
                "partials of a note; 1: a plain sine");
        visitor("scale_songs", scale_songs, Range{1, 1000000},
                "real songs on which the scale of the spectra is measured, at the most");
        visitor("quantise", quantise,
                "it hears songs as they will be played; the gradient goes straight through");
        visit_part("classifier", classifier, visitor);
        visitor("learning_rate", learning_rate, above(0.0, 10.0), "its step size");
        visitor("optimiser", optimiser, optimiser_choices(),
                "its optimiser; momentum, decays, l2 and clip are those of all nets");
        visitor("freezing", freezing, freezing_choices(),
                "whether it rests when it is ahead of the generator (winner), or behind (loser)");
        visitor("feature_matching", feature_matching,
                "the generator's songs should sound like real ones inside the classifier, too");
    }
};

}  // namespace mgan::inline MGAN_ABI
