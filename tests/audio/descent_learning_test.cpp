// Behaviour: descent on the blurred windows finds pitches and velocities.

#include <mgan/audio/frequency_converter.hpp>
#include <mgan/audio/synthesiser.hpp>
#include <mgan/core/random.hpp>
#include <support/catch.hpp>

#include <cmath>

using mgan::FrequencyBand;
using mgan::FrequencyConverter;
using mgan::Index;
using mgan::Matrix;
using mgan::Vector;

namespace {

const mgan::SynthesiserSettings kSound = mgan::SynthesiserSettings::at_rate(4096.0, 4 * 4096);

FrequencyConverter<float> ear(FrequencyBand band) {
    mgan::FrequencyConverterSettings settings;
    settings.band = band;
    return {settings, kSound.samples, kSound.sample_rate()};
}

/// Eight notes, some at once.
Matrix<float> target() {
    Matrix<float> notes(4, 8);
    notes << 0.0F, 0.5F, 1.0F, 1.5F, 1.5F, 2.0F, 2.5F, 3.0F,      // onset
        0.45F, 0.45F, 0.45F, 0.45F, 0.45F, 0.45F, 0.45F, 0.7F,    // length
        60.0F, 64.0F, 67.0F, 72.0F, 55.0F, 71.0F, 62.0F, 48.0F,   // pitch
        90.0F, 70.0F, 80.0F, 60.0F, 100.0F, 75.0F, 85.0F, 95.0F;  // velocity
    return notes;
}

/// The distance of pitches (rows 2) or velocities (row 3) from the target, mean over notes.
double distance(const Matrix<float>& notes, Index row) {
    return static_cast<double>((notes.row(row) - target().row(row)).cwiseAbs().mean());
}

/// Descent on the squared distance of the values, by steps that shrink, each note's step by the
/// sign of its gradient: how steep the valley is does not matter, only where it leads.
Matrix<float> descend(FrequencyBand band, Matrix<float> notes, Index row, float step) {
    const mgan::Synthesiser<float> synthesiser(kSound);
    const FrequencyConverter<float> converter = ear(band);
    FrequencyConverter<float>::Cache cache;
    Vector<float> waveform(synthesiser.samples()), d_waveform(synthesiser.samples());
    Matrix<float> wanted(converter.values(), 1), values(converter.values(), 1);
    const mgan::VectorMap<float> sound(waveform.data(), waveform.size());
    synthesiser.forward(target(), sound);
    converter.forward(waveform, wanted, cache);
    Matrix<float> gradient(4, notes.cols());
    for (int i = 0; i < 60; ++i, step *= 0.94F) {
        synthesiser.forward(notes, sound);
        converter.forward(waveform, values, cache);
        values -= wanted;
        converter.backward(values, d_waveform, cache);
        synthesiser.backward(
            notes, mgan::ConstVectorMap<float>(d_waveform.data(), d_waveform.size()), gradient);
        notes.row(row) -= step * gradient.row(row).cwiseSign();
    }
    return notes;
}

/// Pitches up to a semitone off.
Matrix<float> out_of_tune() {
    Matrix<float> notes = target();
    const mgan::Random random(5, "descent");
    for (Index i = 0; i < notes.cols(); ++i) {
        const double off = random.uniform(static_cast<std::uint64_t>(i), 0.5, 1.0);
        notes(2, i) += static_cast<float>(i % 2 == 0 ? off : -off);
    }
    return notes;
}

}  // namespace

TEST_CASE("Windows: descent on pitch finds a target within a semitone, a long spectrum does not") {
    const Matrix<float> start = out_of_tune();
    const double before = distance(start, 2);
    REQUIRE(before > 0.5);
    const double windows = distance(descend(FrequencyBand::windows, start, 2, 0.1F), 2);
    const double whole = distance(descend(FrequencyBand::full, start, 2, 0.1F), 2);
    INFO("off by " << before << " semitones; after descent: windows " << windows << ", full "
                   << whole);
    CHECK(windows < 0.1);
    CHECK(whole > 3.0 * windows);
}

TEST_CASE("Windows: descent on velocity finds its target from any distance") {
    Matrix<float> start = target();
    start.row(3).setConstant(20.0F);
    const Matrix<float> end = descend(FrequencyBand::windows, start, 3, 8.0F);
    INFO(end.row(3));
    CHECK(distance(end, 3) < 2.0);
}
