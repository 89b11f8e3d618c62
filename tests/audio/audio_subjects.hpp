#pragma once
// What has gradients in the room audio, as subjects of support/gradient_proof.hpp.
//
// The proofs fill inputs with numbers of size 1; notes need seconds, semitones and velocities. So
// a subject's input x stands for the notes  centre + spread * x, and its gradient has the factor
// spread. (Not in float: a pitch near 60 has steps of 4e-6 there, which after a second is another
// phase. `plain` subjects hold notes that are floats from the start.) The centres are chosen so
// that there are ramps, full notes, overlaps, a note that began before the first sample, and one
// that ends after the last.

#include <mgan/audio/frequency_converter.hpp>
#include <mgan/audio/synthesiser.hpp>
#include <mgan/layers/parameters.hpp>
#include <support/gradient_proof.hpp>

#include <string>

namespace mgan_test {

/// Small and fast: 240 samples at 800 Hz.
[[nodiscard]] inline mgan::SynthesiserSettings small_synthesiser() {
    mgan::SynthesiserSettings settings;
    settings.samples = 240;
    settings.duration = 0.3;
    settings.partials = 2;
    settings.rolloff = 1.5;
    settings.envelope = {.attack = 0.011, .release = 0.03, .decay = 0.4};
    return settings;
}

/// Centre and spread of note i: onset and length in seconds, pitch, velocity.
[[nodiscard]] inline Eigen::Vector4d note_centre(Index i) {
    const double t = static_cast<double>(i);
    const double onset = i == 1 ? -0.0307 : 0.011 + 0.04 * t;
    const double length = i == 2 ? 0.4 : i == 3 ? 0.013 : 0.06 + 0.01 * t;
    // The second partial of note 3 is above half the sample rate. The others are low: a phase of a
    // thousand radians has but 13 digits behind the point.
    return {onset, length, i == 3 ? 57.1 : 41.0 + 1.1 * t, 80.0 - 5.0 * t};
}
inline const Eigen::Vector4d kNoteSpread{0.004, 0.003, 2.0, 40.0};

struct SynthesiserSizes {
    Index notes = 3;
    bool plain = false;  ///< x is the notes themselves
};

template <typename Scalar>
struct SynthesiserSubject {
    struct Cache {};

    SynthesiserSubject(SynthesiserSizes s)
        : sizes(s), synthesiser(small_synthesiser()), x(Matrix<Scalar>::Zero(4, s.notes)) {}
    template <typename Other>
    SynthesiserSubject<Other> cast() const {
        return sizes;
    }
    std::string name() const { return "synthesiser"; }

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("x", x, Role::kInput);
    }
    Matrix<Scalar> notes() const {
        if (sizes.plain) return x;
        Matrix<Scalar> result(4, sizes.notes);
        for (Index i = 0; i < sizes.notes; ++i)
            result.col(i) = note_centre(i).template cast<Scalar>() +
                            kNoteSpread.template cast<Scalar>().cwiseProduct(x.col(i));
        return result;
    }
    Vector<Scalar> forward(Cache&) const {
        Vector<Scalar> waveform(synthesiser.samples());
        synthesiser.forward(notes(), mgan::VectorMap<Scalar>(waveform.data(), waveform.size()));
        return waveform;
    }
    void backward(const Vector<Scalar>& dy, Cache&, SynthesiserSubject& gradients) const {
        synthesiser.backward(notes(), mgan::ConstVectorMap<Scalar>(dy.data(), dy.size()),
                             gradients.x);
        if (!sizes.plain)
            gradients.x.array().colwise() *= kNoteSpread.template cast<Scalar>().array();
    }

    SynthesiserSizes sizes;
    mgan::Synthesiser<Scalar> synthesiser;
    Matrix<Scalar> x;
};

/// 96 samples at 800 Hz, and a band of each kind that fits.
struct ConverterSizes {
    mgan::FrequencyBand band = mgan::FrequencyBand::low_pass;
    bool logarithm = false;
    std::int64_t values = 0;
    Index samples = 96, batch = 2;
};

[[nodiscard]] inline mgan::FrequencyConverterSettings small_converter(const ConverterSizes& sizes) {
    mgan::FrequencyConverterSettings settings;
    settings.band = sizes.band;
    settings.cutoff = 800.0;
    settings.lowest = 40.0;
    settings.highest = 380.0;
    settings.values = sizes.values;
    settings.logarithm = sizes.logarithm;
    settings.window = 0.05;
    return settings;
}

/// Every kind of band, averaged and not; an odd number of samples among them.
inline const ConverterSizes kConverters[] = {
    {mgan::FrequencyBand::low_pass},
    {mgan::FrequencyBand::low_pass, true, 7, 95, 1},
    {mgan::FrequencyBand::full, true, 9, 96, 3},
    {mgan::FrequencyBand::full, false, 12, 97, 1},
    {mgan::FrequencyBand::windows, true, 6, 96, 2},
    {mgan::FrequencyBand::windows, false, 0, 101, 1},
};

[[nodiscard]] inline std::string name_of(mgan::FrequencyBand band) {
    switch (band) {
        case mgan::FrequencyBand::low_pass:
            return "low pass";
        case mgan::FrequencyBand::full:
            return "full band";
        case mgan::FrequencyBand::windows:
            return "windows";
    }
    return "?";
}

template <typename Scalar>
struct ConverterSubject {
    using Cache = typename mgan::FrequencyConverter<Scalar>::Cache;

    ConverterSubject(ConverterSizes s)
        : sizes(s),
          converter(small_converter(s), s.samples, 800.0,
                    {.rms = 0.04, .mean = 0.3, .deviation = 1.7}),
          x(Matrix<Scalar>::Zero(s.samples, s.batch)) {}
    template <typename Other>
    ConverterSubject<Other> cast() const {
        return sizes;
    }
    std::string name() const {
        return "frequency converter, " + name_of(sizes.band) + (sizes.logarithm ? ", log" : "");
    }

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("x", x, Role::kInput);
    }
    Vector<Scalar> forward(Cache& cache) const {
        Matrix<Scalar> values(converter.values(), sizes.batch);
        converter.forward(x, values, cache);
        return values.reshaped();
    }
    void backward(const Vector<Scalar>& dy, Cache& cache, ConverterSubject& gradients) const {
        converter.backward(dy.reshaped(converter.values(), sizes.batch).eval(), gradients.x, cache);
    }

    ConverterSizes sizes;
    mgan::FrequencyConverter<Scalar> converter;
    Matrix<Scalar> x;
};

}  // namespace mgan_test
