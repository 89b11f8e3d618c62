#pragma once
// The paper's ear, from events to values, as a subject of support/gradient_proof.hpp.
//
// Its codec scales nothing, so that a feature is a number of ticks, a pitch or a velocity. As in
// audio_subjects.hpp the input x stands for the events  centre + spread * x.

#include <audio/audio_subjects.hpp>
#include <mgan/hearing/frequency_ear.hpp>

#include <memory>

namespace mgan_test {

/// The encoding `tone` with x = v for every value that a feature can take.
[[nodiscard]] inline const mgan::encoding::Codec& plain_codec() {
    static const mgan::encoding::Codec codec = [] {
        mgan::encoding::EncodingSettings options;
        options.normalisation = mgan::encoding::NormalisationKind::none;
        mgan::encoding::FeatureTable table;
        table.low = -1e6;
        table.high = 1e6;
        return mgan::encoding::Codec(
            options,
            mgan::encoding::Normalisation(options.normalisation, {}, {table, table, table, table}));
    }();
    return codec;
}

/// In the proof of the ear every bin that is heard must be strong: the direction of a weak one,
/// beside strong ones, is rounding, and its gradient has no digits in any method. So the notes here
/// are short and rich, and the bands end where their partials do.
[[nodiscard]] inline mgan::PfSettings small_ear(mgan::FrequencyBand band) {
    mgan::PfSettings settings;
    settings.synthesiser = small_synthesiser();
    settings.synthesiser.partials = 3;
    settings.synthesiser.rolloff = 0.5;
    settings.synthesiser.envelope.decay = 0.04;
    settings.converter = small_converter({.band = band, .logarithm = true});
    settings.converter.highest = 240.0;
    settings.converter.cutoff = 1500.0;  // 239 Hz
    return settings;
}

struct EarSizes {
    mgan::FrequencyBand band = mgan::FrequencyBand::low_pass;
    Index steps = 3, batch = 2;
    bool plain = false;  ///< x is the events themselves
};

template <typename Scalar>
struct EarSubject {
    /// An ear remembers its last songs; a new cache is a new ear.
    struct Cache {
        std::unique_ptr<mgan::FrequencyEar<Scalar>> ear;
    };

    EarSubject(EarSizes s) : sizes(s), x(s.steps, s.batch, 4) { x.set_zero(); }
    template <typename Other>
    EarSubject<Other> cast() const {
        return sizes;
    }
    std::string name() const { return "ear, " + name_of(sizes.band); }

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
        if (cache.ear == nullptr)
            cache.ear = std::make_unique<mgan::FrequencyEar<Scalar>>(
                small_ear(sizes.band), plain_codec(),
                mgan::SpectrumScale{.rms = 2.0, .mean = 0.5, .deviation = 1.3});
        Sequence<Scalar> events = x;
        if (!sizes.plain) scale(events);
        Matrix<Scalar> values;
        cache.ear->listen(std::as_const(events).view(), values);
        return values.reshaped();
    }
    void backward(const Vector<Scalar>& dy, Cache& cache, EarSubject& gradients) const {
        gradients.x.set_zero();  // an ear adds
        cache.ear->backward(dy.reshaped(cache.ear->values(), sizes.batch).eval(),
                            gradients.x.view());
        if (!sizes.plain)
            gradients.x.all().array().colwise() *= spread().template cast<Scalar>().array();
    }

    EarSizes sizes;
    Sequence<Scalar> x;
};

inline constexpr mgan::FrequencyBand kBands[] = {
    mgan::FrequencyBand::low_pass, mgan::FrequencyBand::full, mgan::FrequencyBand::windows};

}  // namespace mgan_test
