#pragma once
/// \file
/// What the frequency converter (frequency_converter.hpp) can be asked for. Free of FFTW: settings
/// can be read, printed and compared where nothing can be heard.

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
    std::int64_t values = 0;  ///< 0: the band's own number; of `windows`, for each window
    bool logarithm = false;
    double window = 0.32;  ///< seconds, of `windows`
    double blur = 1.5;     ///< semitones, of `windows`

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor(
            "band", band,
            Choices<FrequencyBand>{{"low_pass", FrequencyBand::low_pass},
                                   {"full", FrequencyBand::full},
                                   {"windows", FrequencyBand::windows}},
            "low_pass: within the cutoff; full: lowest to highest, logarithmic; windows: short, "
            "blurred along pitch");
        visitor("cutoff", cutoff, above(0.0, 1e6), "cutoff of low_pass, rad/s");
        visitor("lowest", lowest, above(0.0, 1e5), "lowest frequency of full and windows, Hz");
        visitor("highest", highest, above(0.0, 1e5), "highest frequency of full and windows, Hz");
        visitor("values", values, Range{0, 1 << 24},
                "values of a song (windows: of a window); 0: every bin, 2500, every semitone");
        visitor("logarithm", logarithm, "log(1 + 100 m / rms) instead of m / rms");
        visitor("window", window, above(0.0, 60.0), "length of a short window, seconds");
        visitor("blur", blur, above(0.0, 24.0), "width of the blur along pitch, semitones");
    }
    friend bool operator==(const FrequencyConverterSettings&,
                           const FrequencyConverterSettings&) = default;
};

}  // namespace mgan::inline MGAN_ABI
