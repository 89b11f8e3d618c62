#pragma once
/// \file
/// The settings of the synthesiser (synthesiser.hpp) and of its envelope (envelope.hpp).

#include <mgan/core/setting.hpp>

#include <cstdint>
#include <numbers>

namespace mgan::inline MGAN_ABI {

/// The three times of the envelope, in seconds.
struct EnvelopeSettings {
    double attack = 0.005;   ///< fades in
    double release = 0.050;  ///< fades out, after the length
    double decay = 1.0;      ///< to 1/e

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("attack", attack, above(0.0, 10.0), "seconds in which a note fades in");
        visitor("release", release, above(0.0, 10.0), "seconds in which a note fades out");
        visitor("decay", decay, above(0.0, 1000.0), "seconds in which a note decays to 1/e");
    }
    friend bool operator==(const EnvelopeSettings&, const EnvelopeSettings&) = default;
};

/// The defaults are those of the PF classifier: 62.83 s at 4172 Hz, so that the bins of the Fourier
/// transform are 0.1 rad/s apart. For listening: `at_rate(44100, samples)`.
struct SynthesiserSettings {
    std::int64_t samples = 1 << 18;             ///< N
    double duration = 20.0 * std::numbers::pi;  ///< seconds that N samples last
    std::int64_t partials = 1;                  ///< of a note
    double rolloff = 1.0;                       ///< partial k has amplitude k^-rolloff
    EnvelopeSettings envelope;

    [[nodiscard]] double sample_rate() const noexcept {
        return static_cast<double>(samples) / duration;
    }
    /// The settings for so many samples at a sample rate (Hz).
    [[nodiscard]] static SynthesiserSettings at_rate(double rate, std::int64_t samples) {
        SynthesiserSettings settings;
        settings.samples = samples;
        settings.duration = static_cast<double>(samples) / rate;
        return settings;
    }

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("samples", samples, Range<std::int64_t>{1, std::int64_t{1} << 32},
                "samples of the waveform; a longer song is cut, a shorter one padded with silence");
        visitor("duration", duration, above(0.0, 1e6), "seconds that these samples last");
        visitor("partials", partials, Range{1, 64}, "partials of a note; 1: a plain sine");
        visitor("rolloff", rolloff, Range{0.0, 10.0}, "partial k has amplitude k^-rolloff");
        visit_part("envelope", envelope, visitor);
    }
    friend bool operator==(const SynthesiserSettings&, const SynthesiserSettings&) = default;
};

}  // namespace mgan::inline MGAN_ABI
