#pragma once
/// \file
/// The settings of the frequency converter (frequency_converter.hpp). Free of FFTW, so that
/// settings can be read, printed and compared in builds without it.

#include <mgan/core/setting.hpp>

#include <cstdint>

namespace mgan::inline MGAN_ABI {

/// What is kept of a spectrum.
enum class FrequencyBand {
    low_pass,  ///< the paper's: the bins nearest to frequency 0, and their mirror
    full,      ///< its future work: neighbouring bins averaged on a logarithmic axis
    windows,   ///< short windows, blurred along pitch
};

/// The defaults are the paper's band with the readings of docs/paper.md.
struct FrequencyConverterSettings {
    FrequencyBand band = FrequencyBand::low_pass;
    double cutoff = 250.0;    ///< rad/s, of `low_pass`
    double lowest = 20.0;     ///< Hz, of `full` and `windows`
    double highest = 2000.0;  ///< Hz, of `full` and `windows`
    double window = 0.32;     ///< seconds, of `windows`
    double blur = 1.5;        ///< semitones, of `windows`
    bool logarithm = false;   ///< log(1 + 100 m / rms) in place of m / rms
    /// Values of a song, with `windows` of each window; 0: the band's own number. Not listed by
    /// `visit`: the network that reads the values sets it (hearing/frequency_ear.hpp).
    std::int64_t values = 0;

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
    }
    friend bool operator==(const FrequencyConverterSettings&,
                           const FrequencyConverterSettings&) = default;
};

}  // namespace mgan::inline MGAN_ABI
