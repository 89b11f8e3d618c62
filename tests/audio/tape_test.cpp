// The gradients of sound and spectrum are those that the tape finds from the equations.

#include <audio/audio_subjects.hpp>
#include <support/tape_proof.hpp>

#include <cmath>
#include <numbers>

using namespace mgan_test;

namespace {

/// The ramp of envelope.hpp.
Var smooth(const Var& x) {
    const Var inside = relu(x) - relu(x - 1.0);
    return inside * inside * (3.0 - 2.0 * inside);
}

/// Equation (1) of synthesiser.hpp, 1 x N.
Var waveform_of(const TapeBlocks& in, const Var& notes, Index count,
                const mgan::SynthesiserSettings& settings) {
    Matrix<double> times(1, settings.samples);
    for (Index n = 0; n < times.size(); ++n)
        times(n) = static_cast<double>(n) / settings.sample_rate();
    const mgan::EnvelopeSettings& envelope = settings.envelope;
    Var total = in.zeros(1, settings.samples);
    for (Index i = 0; i < count; ++i) {
        const Var note = slice_columns(notes, i, 1);
        const Var t = in.constant(times) - slice_rows(note, 0, 1);
        const Var omega = exp((slice_rows(note, 2, 1) - 69.0) * (std::numbers::ln2 / 12.0)) *
                          (2.0 * std::numbers::pi * 440.0);
        const Var loud =
            smooth(t / envelope.attack) *
            smooth((slice_rows(note, 1, 1) - t + envelope.release) / envelope.release) *
            exp(t * (-1.0 / envelope.decay)) * (slice_rows(note, 3, 1) / 127.0);
        for (std::int64_t k = 1; k <= settings.partials; ++k) {
            const double partial = static_cast<double>(k);
            // At and above half the sample rate nothing sounds.
            if (partial * omega.value()(0) >= std::numbers::pi * settings.sample_rate()) break;
            total =
                total + loud * sin(t * (omega * partial)) * std::pow(partial, -settings.rolloff);
        }
    }
    return total;
}

/// Equations (1) and (2) of low_pass.hpp, (2) and (3) of frequency_converter.hpp; x: N x B.
Var values_of(const TapeBlocks& in, const Var& x, const ConverterSizes& sizes,
              const mgan::SpectrumScale& scale) {
    const Index samples = x.rows();
    const double duration = static_cast<double>(samples) / 800.0;
    const mgan::FrequencyConverterSettings settings = small_converter(sizes);
    const auto ranges =
        sizes.band == mgan::FrequencyBand::low_pass
            ? mgan::low_pass_ranges(settings.cutoff, sizes.values, samples, duration)
            : mgan::logarithmic_ranges(settings.lowest, settings.highest, sizes.values, samples,
                                       duration);
    const Index first = ranges.front().first, count = ranges.back().last - first;
    Matrix<double> cosine(count, samples), sine(count, samples);
    for (Index c = 0; c < count; ++c) {
        for (Index n = 0; n < samples; ++n) {
            const double turns =
                static_cast<double>((first + c) * n) / static_cast<double>(samples);
            cosine(c, n) = std::cos(2.0 * std::numbers::pi * turns);
            sine(c, n) = std::sin(2.0 * std::numbers::pi * turns);
        }
    }
    Matrix<double> means = Matrix<double>::Zero(static_cast<Index>(ranges.size()), count);
    for (std::size_t j = 0; j < ranges.size(); ++j)
        for (Index c = ranges[j].first; c < ranges[j].last; ++c)
            means(static_cast<Index>(j), c - first) =
                1.0 / static_cast<double>(ranges[j].last - ranges[j].first);
    const Var re = matmul(in.constant(cosine), x), im = matmul(in.constant(sine), x);
    const Var magnitudes = sqrt(re * re + im * im) / static_cast<double>(samples);
    const Var m = matmul(in.constant(means), magnitudes) / scale.rms;
    return ((sizes.logarithm ? log(m * 100.0 + 1.0) : m) - scale.mean) / scale.deviation;
}

}  // namespace

TEST_CASE("Synthesiser agrees with the tape") {
    for (const Point point : kAllPoints) {
        for (const Index notes : {2, 3, 4}) {
            SynthesiserSubject<double> subject({notes});
            fill(subject, point, 14);
            Matrix<double> centres(4, notes), spreads(4, notes);
            for (Index i = 0; i < notes; ++i) {
                centres.col(i) = note_centre(i);
                spreads.col(i) = kNoteSpread;
            }
            prove_by_tape(subject, [&](const TapeBlocks& in) {
                const Var columns = in.constant(centres) + in.constant(spreads) * in["x"];
                return waveform_of(in, columns, notes, small_synthesiser());
            });
        }
    }
}

TEST_CASE("Frequency converter agrees with the tape") {
    for (const ConverterSizes& sizes : kConverters) {
        if (sizes.band == mgan::FrequencyBand::windows) continue;  // PyTorch has those
        for (const Point point : {Point::kRandom, Point::kNearZero}) {
            ConverterSubject<double> subject(sizes);
            fill(subject, point, 12);
            prove_by_tape(subject, [&](const TapeBlocks& in) {
                return values_of(in, in["x"], sizes, subject.converter.scale());
            });
        }
    }
}
