#pragma once
// What of the audio floor has gradients, as subjects of support/gradient_proof.hpp.
//
// The proofs fill inputs with numbers of size 1; notes need seconds, semitones and velocities. So
// a subject's input x stands for the notes  centre + spread * x, and the gradient takes the factor
// along. (Not in float: a pitch near 60 has steps of 4e-6 there, which after a second is another
// phase. `plain` subjects hold notes that are floats from the start.) The centres lie so that
// ramps, full notes, overlaps, a note that began before the first sample and one that ends after
// the last are all there.

#include <mgan/audio/sound_path.hpp>
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
    Matrix<Scalar> tones() const {
        if (sizes.plain) return x;
        Matrix<Scalar> result(4, sizes.notes);
        for (Index i = 0; i < sizes.notes; ++i)
            result.col(i) = note_centre(i).template cast<Scalar>() +
                            kNoteSpread.template cast<Scalar>().cwiseProduct(x.col(i));
        return result;
    }
    Vector<Scalar> forward(Cache&) const {
        Vector<Scalar> waveform(synthesiser.samples());
        synthesiser.forward(tones(), mgan::VectorMap<Scalar>(waveform.data(), waveform.size()));
        return waveform;
    }
    void backward(const Vector<Scalar>& dy, Cache&, SynthesiserSubject& gradients) const {
        synthesiser.backward(tones(), mgan::ConstVectorMap<Scalar>(dy.data(), dy.size()),
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

/// Where the proof of the whole path asks, every bin that is heard is strong: the direction of a
/// weak one, beside strong ones, is rounding, and its gradient has no digits in any method. So the
/// notes here are short and rich, and bands end where their partials do.
[[nodiscard]] inline mgan::SoundPathSettings small_path(mgan::FrequencyBand band) {
    mgan::SoundPathSettings settings{small_synthesiser(),
                                     small_converter({.band = band, .logarithm = true})};
    settings.synthesiser.partials = 3;
    settings.synthesiser.rolloff = 0.5;
    settings.synthesiser.envelope.decay = 0.04;
    settings.converter.highest = 240.0;
    settings.converter.cutoff = 1500.0;  // 239 Hz
    return settings;
}

struct SoundPathSizes {
    mgan::FrequencyBand band = mgan::FrequencyBand::low_pass;
    Index steps = 3, batch = 2;
    bool plain = false;  ///< x is the events themselves
};

template <typename Scalar>
struct SoundPathSubject {
    using Cache = typename mgan::SoundPath<Scalar>::Cache;

    SoundPathSubject(SoundPathSizes s)
        : sizes(s),
          path(small_path(s.band), {.rms = 2.0, .mean = 0.5, .deviation = 1.3}),
          x(s.steps, s.batch, 4) {
        x.set_zero();
    }
    template <typename Other>
    SoundPathSubject<Other> cast() const {
        return sizes;
    }
    std::string name() const { return "sound path, " + name_of(sizes.band); }

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("x", x, Role::kInput);
    }
    /// In ticks, 768 a second.
    static Eigen::Vector4d spread() { return {3.0, 2.3, 2.0, 40.0}; }
    static Eigen::Vector4d centre(Index t) {
        const double step = static_cast<double>(t);
        // The first note began before the first sample: a song that is only shifted as a whole has
        // the same magnitudes, and the gradient of that shift is rounding.
        return {t == 0 ? -25.7 : 23.0 + step, 51.0 + 7.0 * step, 43.0 + 2.3 * step, 80.0};
    }
    void scale(Sequence<Scalar>& events) const {
        for (Index t = 0; t < sizes.steps; ++t)
            events.step(t) = (spread().template cast<Scalar>().asDiagonal() * x.step(t)).colwise() +
                             centre(t).template cast<Scalar>();
    }
    Vector<Scalar> forward(Cache& cache) const {
        Sequence<Scalar> events = x;
        if (!sizes.plain) scale(events);
        Matrix<Scalar> values(path.values(), sizes.batch);
        path.forward(events.view(), values, cache);
        return values.reshaped();
    }
    void backward(const Vector<Scalar>& dy, Cache& cache, SoundPathSubject& gradients) const {
        path.backward(dy.reshaped(path.values(), sizes.batch).eval(), gradients.x.view(), cache);
        if (!sizes.plain)
            gradients.x.all().array().colwise() *= spread().template cast<Scalar>().array();
    }

    SoundPathSizes sizes;
    mgan::SoundPath<Scalar> path;
    Sequence<Scalar> x;
};

}  // namespace mgan_test
