#pragma once
/// \file
/// The settings of the PF classifier (section 3.3 of the paper): what it hears, what it is, and how
/// it learns. Free of FFTW: settings can be read, printed and compared where nothing can be heard.

#include <mgan/audio/converter_settings.hpp>
#include <mgan/core/setting.hpp>
#include <mgan/models/pf_classifier.hpp>
#include <mgan/optimisation/optimiser_settings.hpp>
#include <mgan/optimisation/schedule.hpp>

namespace mgan::inline MGAN_ABI {

struct PfSettings {
    FrequencyBand band = FrequencyBand::full;
    double cutoff = 250.0;
    double lowest = 20.0;
    double highest = 2000.0;
    double window = 0.32;
    double blur = 1.5;
    bool logarithm = true;
    std::int64_t samples = 1 << 18;
    std::int64_t partials = 1;
    std::int64_t scale_songs = 200;
    bool quantise = false;
    PfClassifierSettings classifier{.inputs = 0};
    double learning_rate = 1e-3;
    OptimiserKind optimiser = OptimiserKind::adam;
    FreezingRule freezing = FreezingRule::off;
    bool feature_matching = false;

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("band", band,
                Choices<FrequencyBand>{{"low_pass", FrequencyBand::low_pass},
                                       {"full", FrequencyBand::full},
                                       {"windows", FrequencyBand::windows}},
                "what it hears; low_pass: the bins within the cutoff (paper); full: lowest to "
                "highest, logarithmic; windows: short ones, blurred along pitch");
        visitor("cutoff", cutoff, above(0.0, 1e6), "band low_pass: rad/s");
        visitor("lowest", lowest, above(0.0, 1e5), "bands full and windows: from here, Hz");
        visitor("highest", highest, above(0.0, 1e5), "bands full and windows: up to here, Hz");
        visitor("window", window, above(0.0, 60.0), "band windows: length of each, seconds");
        visitor("blur", blur, above(0.0, 24.0), "band windows: width along pitch, semitones");
        visitor("logarithm", logarithm,
                "log(1 + 100 m / rms), standardised, instead of m / rms, where m is the magnitude "
                "of a bin and rms that of the real songs");
        visitor("samples", samples, Range{256, 1 << 24},
                "samples of the waveform, which lasts 62.83 s: 2^18 make 4172 Hz");
        visitor("partials", partials, Range{1, 64}, "partials of a note; 1: a plain sine");
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
