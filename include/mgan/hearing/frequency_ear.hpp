#pragma once
/// \file
/// The ear that the paper describes: a synthesiser, a Fourier transform, a band of frequencies.
///
///     events --song_tones--> notes --synthesiser--> waveform --frequency converter--> values
///
/// Song by song through one waveform, so that a shard of any size needs a megabyte of sound; of
/// each song are kept its notes and the bins of its band, which is all that the way back needs.
///
/// This header needs FFTW. FFTW is under the GPL: a program that is linked with it is, as a whole,
/// too.

#include <mgan/audio/frequency_converter.hpp>
#include <mgan/audio/synthesiser.hpp>
#include <mgan/hearing/ear.hpp>
#include <mgan/hearing/song_tones.hpp>
#include <mgan/settings/pf_settings.hpp>

namespace mgan::inline MGAN_ABI {

/// The settings of the synthesiser and the converter that `settings` ask for.
[[nodiscard]] inline SynthesiserSettings synthesiser_settings(const PfSettings& settings) {
    SynthesiserSettings synthesiser;
    synthesiser.samples = settings.samples;
    synthesiser.partials = settings.partials;
    return synthesiser;
}
[[nodiscard]] inline FrequencyConverterSettings converter_settings(const PfSettings& settings) {
    FrequencyConverterSettings converter;
    converter.band = settings.band;
    converter.cutoff = settings.cutoff;
    converter.lowest = settings.lowest;
    converter.highest = settings.highest;
    converter.window = settings.window;
    converter.blur = settings.blur;
    converter.values = settings.band == FrequencyBand::windows ? 0 : settings.classifier.inputs;
    converter.logarithm = settings.logarithm;
    return converter;
}

template <typename Scalar>
class FrequencyEar : public Ear<Scalar> {
public:
    /// With constants that are known. `codec` must outlive the ear. Throws ConfigError.
    FrequencyEar(const PfSettings& settings, const encoding::Codec& codec,
                 const SpectrumScale& scale = {})
        : codec_(&codec),
          quantise_(settings.quantise),
          synthesiser_(synthesiser_settings(settings)),
          converter_(converter_settings(settings), synthesiser_.samples(),
                     synthesiser_.sample_rate(), scale) {
        require<ConfigError>(
            settings.classifier.inputs == 0 || settings.classifier.inputs == converter_.values(),
            "pf.classifier.inputs is ", settings.classifier.inputs, ", but the band gives ",
            converter_.values(), " values; set it to that, or to 0");
    }

    /// Measures the constants on real songs: events, [T, B, F], normalised. Throws DataError where
    /// there is nothing to hear.
    void fit(SequenceView<const Scalar> songs) {
        if constexpr (!Eigen::NumTraits<Scalar>::IsComplex) {
            converter_.set_scale(
                converter_.fit(songs.batch(), [&](Index b, VectorMap<Scalar> waveform) {
                    synthesiser_.forward(tones_of(b).forward(song_of(songs, b)), waveform);
                }));
        }
    }

    [[nodiscard]] const SpectrumScale& scale() const noexcept { return converter_.scale(); }

    [[nodiscard]] Index values() const noexcept override { return converter_.values(); }

    void listen(SequenceView<const Scalar> events, Matrix<Scalar>& spectra) override {
        spectra.resize(values(), events.batch());
        waveform_.resize(synthesiser_.samples());
        converter_.resize(cache_, events.batch());
        for (Index b = 0; b < events.batch(); ++b) {
            synthesiser_.forward(tones_of(b).forward(song_of(events, b)),
                                 VectorMap<Scalar>(waveform_.data(), waveform_.size()));
            converter_.forward_song(waveform_.data(), b, spectra.col(b).data(), cache_);
        }
    }

    void backward(const Matrix<Scalar>& d_spectra, SequenceView<Scalar> d_events) override {
        if constexpr (Eigen::NumTraits<Scalar>::IsComplex) {
            fail<Error>("FrequencyEar::backward: not for complex numbers");
        } else {
            if (d_spectra.rows() != values() || d_spectra.cols() != cache_.batch ||
                d_events.batch() != cache_.batch)
                fail<ShapeError>("FrequencyEar::backward: d_spectra is ", d_spectra.rows(), " x ",
                                 d_spectra.cols(), " and d_events ", d_events.shape(),
                                 "; the last songs were ", cache_.batch, " of ", values(),
                                 " values");
            for (Index b = 0; b < cache_.batch; ++b) {
                const ConstMatrixMap<Scalar> tones = tones_of(b).tones();
                d_tones_.resize(tones.rows(), d_events.steps());  // room for the most notes
                auto d_tones = d_tones_.leftCols(tones.cols());
                d_song_.resize(d_events.features(), d_events.steps());
                converter_.backward_song(d_spectra.col(b).data(), b, waveform_.data(), cache_);
                synthesiser_.backward(
                    tones, ConstVectorMap<Scalar>(waveform_.data(), waveform_.size()), d_tones);
                tones_of(b).backward(d_tones, d_song_);
                song_of(d_events, b) += d_song_;
            }
        }
    }

    /// rms, mean, deviation (audio/frequency_converter.hpp).
    [[nodiscard]] std::vector<double> constants() const override {
        return {scale().rms, scale().mean, scale().deviation};
    }

    [[nodiscard]] std::unique_ptr<Ear<Scalar>> clone() const override {
        return std::make_unique<FrequencyEar>(*this);
    }

private:
    /// The reader of song b; each keeps what its way back needs.
    [[nodiscard]] SongTones<Scalar>& tones_of(Index b) {
        const auto number = static_cast<std::size_t>(b);
        if (readers_.size() <= number)
            readers_.resize(number + 1, SongTones<Scalar>(*codec_, quantise_));
        return readers_[number];
    }

    const encoding::Codec* codec_;
    bool quantise_;
    Synthesiser<Scalar> synthesiser_;
    FrequencyConverter<Scalar> converter_;
    typename FrequencyConverter<Scalar>::Cache cache_;
    Vector<Scalar> waveform_;
    std::vector<SongTones<Scalar>> readers_;
    Matrix<Scalar> d_tones_, d_song_;
};

}  // namespace mgan::inline MGAN_ABI
