#pragma once
/// \file
/// The ear that the paper describes (section 3.3): a synthesiser, a Fourier transform, a band of
/// frequencies.
///
///     listen      events --song_notes--> notes --synthesiser--> waveform --converter--> values
///     backward    events <-song_notes--- notes <-synthesiser--- waveform <-converter--- values
///
/// A waveform of 2^18 samples is a megabyte, a batch of them twenty. So the ear goes song by song
/// through one waveform, and keeps of each song its notes and the bins of its band: all that
/// `backward` needs.
///
/// FFTW, which this header needs, is under the GPL: a program that links it is, as a whole, too.

#include <mgan/audio/frequency_converter.hpp>
#include <mgan/audio/synthesiser.hpp>
#include <mgan/hearing/ear.hpp>
#include <mgan/hearing/song_notes.hpp>
#include <mgan/settings/pf_settings.hpp>

#include <cstddef>
#include <memory>
#include <numbers>
#include <span>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// The converter that `settings` ask for: it gives as many values as the classifier has inputs.
/// Short windows have a number of values of their own.
[[nodiscard]] inline FrequencyConverterSettings converter_settings(const PfSettings& settings) {
    FrequencyConverterSettings converter = settings.converter;
    // Said here, where the settings have the names that the user knows.
    const double nyquist = settings.synthesiser.sample_rate() / 2.0;
    const bool low = converter.band == FrequencyBand::low_pass;
    const double highest = low ? converter.cutoff / (2.0 * std::numbers::pi) : converter.highest;
    require<ConfigError>(highest <= nyquist * (1.0 + 1e-9),
                         "pf.samples = ", settings.synthesiser.samples, " make a sound up to ",
                         nyquist, " Hz, and ", low ? "pf.cutoff" : "pf.highest", " asks for ",
                         highest, " Hz; take more samples (2^18 are usual), or set it lower");
    converter.values = converter.band == FrequencyBand::windows ? 0 : settings.classifier.inputs;
    return converter;
}

namespace frequency_ear_detail {

/// The converter for what a synthesiser makes. Throws ConfigError if the classifier is said to read
/// another number of values.
template <typename Scalar>
[[nodiscard]] FrequencyConverter<Scalar> make_converter(const PfSettings& settings,
                                                        const Synthesiser<Scalar>& synthesiser,
                                                        const SpectrumScale& scale) {
    FrequencyConverter<Scalar> converter(converter_settings(settings), synthesiser.samples(),
                                         synthesiser.sample_rate(), scale);
    require<ConfigError>(
        settings.classifier.inputs == 0 || settings.classifier.inputs == converter.values(),
        "pf.classifier.inputs is ", settings.classifier.inputs, ", but the band gives ",
        converter.values(), " values; set it to that, or to 0");
    return converter;
}

/// rms, mean, deviation (audio/frequency_converter.hpp).
[[nodiscard]] inline std::vector<double> numbers_of(const SpectrumScale& scale) {
    return {scale.rms, scale.mean, scale.deviation};
}

}  // namespace frequency_ear_detail

/// The paper's ear. `Scalar`: float to run, double to check, std::complex<double> (`listen` alone)
/// for the complex step.
template <typename Scalar>
class FrequencyEar : public Ear<Scalar> {
public:
    /// With a known scale, or for `fit` to find it. `codec` must outlive the ear. Throws
    /// ConfigError.
    FrequencyEar(const PfSettings& settings, const encoding::Codec& codec,
                 const SpectrumScale& scale = {})
        : codec_(&codec),
          quantise_(settings.quantise),
          synthesiser_(settings.synthesiser),
          converter_(frequency_ear_detail::make_converter(settings, synthesiser_, scale)) {}
    FrequencyEar(const PfSettings&, encoding::Codec&&, const SpectrumScale& = {}) = delete;

    /// Measures the scale of the spectra on real songs: events, [T, B, F], normalised. Throws
    /// DataError where there is nothing to hear.
    void fit(SequenceView<const Scalar> songs) {
        if constexpr (!Eigen::NumTraits<Scalar>::IsComplex) {
            converter_.set_scale(
                converter_.fit(songs.batch(), [&](Index b, VectorMap<Scalar> waveform) {
                    synthesiser_.forward(reader_of(b).forward(song_of(songs, b)), waveform);
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
            synthesiser_.forward(reader_of(b).forward(song_of(events, b)),
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
                const ConstMatrixMap<Scalar> notes = reader_of(b).notes();
                if (d_song_.cols() < d_events.steps()) {
                    d_song_.resize(kNoteRows, d_events.steps());
                    d_notes_.resize(kNoteRows, d_events.steps());  // never more notes than events
                }
                auto d_notes = d_notes_.leftCols(notes.cols());
                auto d_song = d_song_.leftCols(d_events.steps());
                converter_.backward_song(d_spectra.col(b).data(), b, waveform_.data(), cache_);
                synthesiser_.backward(
                    notes, ConstVectorMap<Scalar>(waveform_.data(), waveform_.size()), d_notes);
                reader_of(b).backward(d_notes, d_song);
                song_of(d_events, b) += d_song;
            }
        }
    }

    [[nodiscard]] std::vector<double> constants() const override {
        return frequency_ear_detail::numbers_of(scale());
    }

    [[nodiscard]] std::unique_ptr<Ear<Scalar>> clone() const override {
        return std::make_unique<FrequencyEar>(*this);
    }

private:
    /// The reader of song b; each keeps what its `backward` needs.
    [[nodiscard]] SongNotes<Scalar>& reader_of(Index b) {
        const auto number = static_cast<std::size_t>(b);
        if (readers_.size() <= number)
            readers_.resize(number + 1, SongNotes<Scalar>(*codec_, quantise_));
        return readers_[number];
    }

    const encoding::Codec* codec_;
    bool quantise_;
    Synthesiser<Scalar> synthesiser_;
    FrequencyConverter<Scalar> converter_;
    typename FrequencyConverter<Scalar>::Cache cache_;
    Vector<Scalar> waveform_;
    std::vector<SongNotes<Scalar>> readers_;
    Matrix<Scalar> d_notes_ = Matrix<Scalar>(kNoteRows, 0), d_song_ = d_notes_;  ///< room to grow
};

/// The same without a way back, for songs that are lists of notes.
template <typename Scalar>
class FrequencyNoteEar : public NoteEar<Scalar> {
public:
    /// With a known scale, or for `fit` to find it. Throws ConfigError.
    explicit FrequencyNoteEar(const PfSettings& settings, const SpectrumScale& scale = {})
        : synthesiser_(settings.synthesiser),
          converter_(frequency_ear_detail::make_converter(settings, synthesiser_, scale)),
          waveform_(synthesiser_.samples()) {
        converter_.resize(cache_, 1);
    }

    /// Measures the scale of the spectra on real songs, each 4 x n. Throws DataError where there is
    /// nothing to hear.
    void fit(std::span<const Matrix<Scalar>> songs) {
        converter_.set_scale(converter_.fit(
            static_cast<Index>(songs.size()), [&](Index b, VectorMap<Scalar> waveform) {
                synthesiser_.forward(songs[static_cast<std::size_t>(b)], waveform);
            }));
    }

    [[nodiscard]] Index values() const noexcept override { return converter_.values(); }

    void listen(const ConstMatrixRef<Scalar>& notes, VectorMap<Scalar> spectrum) override {
        if (spectrum.size() != values())
            fail<ShapeError>("FrequencyNoteEar::listen: the spectrum has ", spectrum.size(),
                             " values, expected ", values());
        synthesiser_.forward(notes, VectorMap<Scalar>(waveform_.data(), waveform_.size()));
        converter_.forward_song(waveform_.data(), 0, spectrum.data(), cache_);
    }

    [[nodiscard]] std::vector<double> constants() const override {
        return frequency_ear_detail::numbers_of(converter_.scale());
    }

    [[nodiscard]] std::unique_ptr<NoteEar<Scalar>> clone() const override {
        return std::make_unique<FrequencyNoteEar>(*this);
    }

private:
    Synthesiser<Scalar> synthesiser_;
    FrequencyConverter<Scalar> converter_;
    Vector<Scalar> waveform_;
    typename FrequencyConverter<Scalar>::Cache cache_;
};

}  // namespace mgan::inline MGAN_ABI
