#pragma once
/// \file
/// From events to what the PF classifier hears of them, and back: the whole path in one object.
///
///     events  -- tones.hpp -->  notes in seconds  -- synthesiser.hpp -->  waveform
///             -- frequency_converter.hpp -->  values
///
/// A waveform of 2^18 samples is a megabyte, a batch of them twenty. The path therefore goes song
/// by song through one waveform: forward keeps of each song its notes and the bins of its spectrum,
/// which is all that backward needs.

#include <mgan/audio/frequency_converter.hpp>
#include <mgan/audio/synthesiser.hpp>
#include <mgan/audio/tones.hpp>
#include <mgan/tensor/sequence.hpp>

namespace mgan::inline MGAN_ABI {

/// The settings of both ends.
struct SoundPathSettings {
    SynthesiserSettings synthesiser;
    FrequencyConverterSettings converter;

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visit_part("synthesiser", synthesiser, visitor);
        visit_part("converter", converter, visitor);
    }
    friend bool operator==(const SoundPathSettings&, const SoundPathSettings&) = default;
};

/// Const while it computes and safe for threads; the caller owns the cache, one a thread. Allocates
/// nothing once a cache has seen the largest batch.
template <typename Scalar>
class SoundPath {
public:
    using ScalarType = Scalar;

    struct Cache {
        Sequence<Scalar> tones;          ///< [T, B, 4]: onset, length, pitch, velocity
        Sequence<Scalar> d_tones;        ///< [T, 1, 4]
        AlignedVector<Scalar> waveform;  ///< N, of the song at work
        typename FrequencyConverter<Scalar>::Cache converter;
    };

    SoundPath() = default;

    /// Throws ConfigError.
    explicit SoundPath(const SoundPathSettings& settings, const SpectrumScale& scale = {})
        : synthesiser(settings.synthesiser),
          converter(settings.converter, synthesiser.samples(), synthesiser.sample_rate(), scale) {}

    /// M, the values of a song.
    [[nodiscard]] Index values() const noexcept { return converter.values(); }

    /// events: [T, B, 4], un-normalised (ticks since the previous onset, length in ticks, pitch,
    /// velocity); values: M x B, written. Throws ShapeError, NumericalError.
    void forward(SequenceView<const Scalar> events, MatrixRef<Scalar> values, Cache& cache) const {
        check("forward", events, values.rows(), values.cols());
        cache.tones.resize(events.steps(), events.batch(), kToneRows);
        cache.waveform.resize(static_cast<std::size_t>(synthesiser.samples()));
        converter.resize(cache.converter, events.batch());
        for (Index b = 0; b < events.batch(); ++b) {
            tones_from_events<Scalar>(song_of(events, b), song_of(cache.tones.view(), b));
            synthesiser.forward(song_of(cache.tones.view(), b), waveform(cache));
            converter.forward_song(cache.waveform.data(), b, values.col(b).data(), cache.converter);
        }
    }

    /// d_values: M x B; d_events: [T, B, 4], written. `cache` is that of the latest `forward`.
    /// Throws ShapeError.
    void backward(const ConstMatrixRef<Scalar>& d_values, SequenceView<Scalar> d_events,
                  Cache& cache) const {
        check("backward", d_events, d_values.rows(), d_values.cols());
        if (d_events.steps() != cache.tones.steps() || d_events.batch() != cache.tones.batch())
            fail<ShapeError>("SoundPath::backward: d_events is ", d_events.shape(),
                             ", forward saw ", cache.tones.shape());
        cache.d_tones.resize(d_events.steps(), 1, kToneRows);
        for (Index b = 0; b < d_events.batch(); ++b) {
            converter.backward_song(d_values.col(b).data(), b, cache.waveform.data(),
                                    cache.converter);
            synthesiser.backward(
                song_of(cache.tones.view(), b),
                ConstVectorMap<Scalar>(cache.waveform.data(), synthesiser.samples()),
                song_of(cache.d_tones.view(), 0));
            tones_from_events_backward<Scalar>(song_of(cache.d_tones.view(), 0),
                                               song_of(d_events, b));
        }
    }

    Synthesiser<Scalar> synthesiser;
    FrequencyConverter<Scalar> converter;

private:
    [[nodiscard]] VectorMap<Scalar> waveform(Cache& cache) const noexcept {
        return {cache.waveform.data(), synthesiser.samples()};
    }
    template <typename Events>
    void check(const char* where, const Events& events, Index rows, Index cols) const {
        if (events.features() != kToneRows)
            fail<ShapeError>("SoundPath::", where, ": events is ", events.shape(),
                             ", expected 4 features (time, length, pitch, velocity)");
        if (rows != values() || cols != events.batch())
            fail<ShapeError>("SoundPath::", where, ": values is ", rows, " x ", cols, ", expected ",
                             values(), " x ", events.batch());
    }
};

}  // namespace mgan::inline MGAN_ABI
