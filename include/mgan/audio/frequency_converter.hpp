#pragma once
/// \file
/// The PF classifier's frequency converter: waveforms in, a few thousand numbers a song out
/// (section 3.3.2).
///
///     mag = what a band keeps of the spectrum           low_pass.hpp, blurred_windows.hpp   (1)
///     loud = mag / rms,     or, with `logarithm`,       loud = log(1 + 100 mag / rms)       (2)
///     y = (loud - mean) / deviation                                                         (3)
///
/// rms, mean and deviation are calibrated on the real training songs (`fit`) and stored with the
/// model. They are needed: magnitudes of a minute that is mostly silence lie around 1e-5, and a
/// network does not learn from numbers like that. The logarithm is how ears measure loudness, and
/// lets soft partials count.
///
///     band        values                                           tells a net
///     low_pass    every bin within +-250 rad/s: 5000 (the paper)   rhythm, hardly any pitch
///     full        20 to 2000 Hz, logarithmic axis: 2500            rhythm and pitch
///     windows     80 semitones every 0.16 s                        less, but descent converges
///
/// Backward, for the two forms of (2):
///
///     dmag = dy / deviation * dloud/dmag                                                    (4)
///
/// where dloud/dmag is 1 / rms, or 100 / rms / (1 + 100 mag / rms) with the logarithm.

#include <mgan/audio/blurred_windows.hpp>
#include <mgan/audio/converter_settings.hpp>
#include <mgan/audio/low_pass.hpp>
#include <mgan/core/error.hpp>
#include <mgan/tensor/matrix.hpp>

#include <cmath>
#include <cstdint>
#include <variant>

namespace mgan::inline MGAN_ABI {

/// The constants of equations (2) and (3).
struct SpectrumScale {
    double rms = 1.0;
    double mean = 0.0;
    double deviation = 1.0;
    friend bool operator==(const SpectrumScale&, const SpectrumScale&) = default;
};

/// Const while it computes and safe for threads; the caller owns the cache, one for each thread.
/// Allocates nothing once a cache has seen the largest batch. `Scalar`: float to run, double to
/// check, std::complex<double> for the complex step.
template <typename Scalar>
class FrequencyConverter {
public:
    using ScalarType = Scalar;
    using Real = RealOf<Scalar>;

    /// What `backward` needs of a batch, and scratch memory.
    struct Cache {
        AlignedVector<Scalar> kept;        ///< of each song, both parts of the bins
        AlignedVector<Scalar> magnitudes;  ///< m, M x B
        AlignedVector<Scalar> d_magnitudes;
        SpectrumWork<Scalar> work;
        Index batch = 0;
    };

    FrequencyConverter() = default;

    /// For waveforms of `samples` samples at `sample_rate` Hz. Throws ConfigError.
    FrequencyConverter(const FrequencyConverterSettings& settings, Index samples,
                       double sample_rate, const SpectrumScale& scale = {})
        : settings_(settings), samples_(samples) {
        require<ConfigError>(samples >= 1 && sample_rate > 0.0, "FrequencyConverter: ", samples,
                             " samples at ", sample_rate, " Hz");
        const double duration = static_cast<double>(samples) / sample_rate;
        const Index wanted = static_cast<Index>(settings.values);
        switch (settings.band) {
            case FrequencyBand::low_pass:
                band_ = LowPass<Scalar>(
                    samples, low_pass_ranges(settings.cutoff, wanted, samples, duration));
                break;
            case FrequencyBand::full:
                band_ = LowPass<Scalar>(
                    samples, logarithmic_ranges(settings.lowest, settings.highest,
                                                wanted > 0 ? wanted : 2500, samples, duration));
                break;
            case FrequencyBand::windows:
                band_ = BlurredWindows<Scalar>(samples, sample_rate,
                                               {.window = settings.window,
                                                .blur = settings.blur,
                                                .lowest = settings.lowest,
                                                .highest = settings.highest,
                                                .pitches = wanted});
                break;
        }
        std::visit(
            [&](const auto& band) {
                values_ = band.values();
                kept_ = band.kept();
            },
            band_);
        set_scale(scale);
    }

    [[nodiscard]] const FrequencyConverterSettings& settings() const noexcept { return settings_; }
    [[nodiscard]] Index samples() const noexcept { return samples_; }  ///< N
    [[nodiscard]] Index values() const noexcept { return values_; }    ///< M
    /// With `windows` P, the values of each window, and the values are a P x windows matrix; else
    /// M.
    [[nodiscard]] Index values_per_window() const noexcept {
        const auto* windows = std::get_if<BlurredWindows<Scalar>>(&band_);
        return windows != nullptr ? windows->pitches() : values_;
    }

    [[nodiscard]] const SpectrumScale& scale() const noexcept { return scale_; }
    /// Throws ConfigError for constants that are not finite or not positive.
    void set_scale(const SpectrumScale& scale) {
        require<ConfigError>(scale.rms > 0.0 && scale.deviation > 0.0 && std::isfinite(scale.rms) &&
                                 std::isfinite(scale.deviation) && std::isfinite(scale.mean),
                             "FrequencyConverter: rms ", scale.rms, ", mean ", scale.mean,
                             ", deviation ", scale.deviation,
                             "; rms and deviation must be above 0, all of them finite");
        scale_ = scale;
    }

    /// Equations (1) to (3). waveforms: N x B, a song a column; values: M x B, written. Throws
    /// ShapeError.
    void forward(const ConstMatrixRef<Scalar>& waveforms, MatrixRef<Scalar> values,
                 Cache& cache) const {
        check("forward", "waveforms", waveforms.rows(), "samples", samples_);
        check("forward", "values", values.rows(), "values", values_);
        check("forward", "values", values.cols(), "songs", waveforms.cols());
        resize(cache, waveforms.cols());
        for (Index b = 0; b < waveforms.cols(); ++b)
            forward_song(waveforms.col(b).data(), b, values.col(b).data(), cache);
    }

    /// Equation (4) and the adjoint of (1). d_values: M x B; d_waveforms: N x B, written. `cache`
    /// is that of the latest `forward`. Throws ShapeError.
    void backward(const ConstMatrixRef<Scalar>& d_values, MatrixRef<Scalar> d_waveforms,
                  Cache& cache) const {
        check("backward", "d_values", d_values.rows(), "values", values_);
        check("backward", "d_values", d_values.cols(), "songs", cache.batch);
        check("backward", "d_waveforms", d_waveforms.rows(), "samples", samples_);
        check("backward", "d_waveforms", d_waveforms.cols(), "songs", cache.batch);
        for (Index b = 0; b < cache.batch; ++b)
            backward_song(d_values.col(b).data(), b, d_waveforms.col(b).data(), cache);
    }

    /// Room for a batch, for callers that go song by song: then `forward_song` for b = 0 .. batch -
    /// 1 and `backward_song` need only one waveform at a time.
    void resize(Cache& cache, Index batch) const {
        cache.batch = batch;
        const auto room = [&](AlignedVector<Scalar>& numbers, Index size) {
            if (static_cast<Index>(numbers.size()) < size)
                numbers.resize(static_cast<std::size_t>(size));
        };
        room(cache.kept, kept_ * batch);
        room(cache.magnitudes, values_ * batch);
        room(cache.d_magnitudes, values_);
    }
    /// Song b of a batch. waveform: N; values: M, written.
    void forward_song(const Scalar* waveform, Index b, Scalar* values, Cache& cache) const {
        Scalar* const m = cache.magnitudes.data() + b * values_;
        magnitudes(waveform, b, m, cache);
        const Real mean = static_cast<Real>(scale_.mean);
        const Real inverse = static_cast<Real>(1.0 / scale_.deviation);
        for (Index j = 0; j < values_; ++j) values[j] = (loudness(m[j]) - mean) * inverse;
    }
    /// Song b of a batch. d_values: M; d_waveform: N, written.
    void backward_song(const Scalar* d_values, Index b, Scalar* d_waveform, Cache& cache) const {
        const Scalar* const m = cache.magnitudes.data() + b * values_;
        const Real slope = static_cast<Real>(gain() / scale_.deviation);
        const Real bend = static_cast<Real>(settings_.logarithm ? gain() : 0.0);
        for (Index j = 0; j < values_; ++j)
            cache.d_magnitudes[static_cast<std::size_t>(j)] =
                d_values[j] * slope / (Scalar(1) + bend * m[j]);
        std::visit(
            [&](const auto& band) {
                band.backward(cache.kept.data() + b * kept_, cache.d_magnitudes.data(), d_waveform,
                              cache.work);
            },
            band_);
    }

    /// Calibrates on training songs. `render(i, waveform)` writes song i, N samples, into a
    /// VectorMap<Scalar>; it is called once or (with `logarithm`) twice for i = 0 .. songs - 1, in
    /// order. Throws DataError where there is nothing to measure: no song, silence, NaN.
    template <typename Render>
    [[nodiscard]] SpectrumScale fit(Index songs, Render&& render) const {
        static_assert(!Eigen::NumTraits<Scalar>::IsComplex,
                      "constants are measured in real numbers");
        require<DataError>(songs > 0, "FrequencyConverter::fit: no songs");
        Cache cache;
        resize(cache, 1);
        AlignedVector<Scalar> waveform(static_cast<std::size_t>(samples_));
        const auto for_each_magnitude = [&](auto&& function) {
            for (Index i = 0; i < songs; ++i) {
                render(i, VectorMap<Scalar>(waveform.data(), samples_));
                magnitudes(waveform.data(), 0, cache.magnitudes.data(), cache);
                for (Index j = 0; j < values_; ++j)
                    function(static_cast<double>(cache.magnitudes[static_cast<std::size_t>(j)]));
            }
        };
        const double count = static_cast<double>(songs) * static_cast<double>(values_);
        SpectrumScale scale;
        double squares = 0.0;
        for_each_magnitude([&](double m) { squares += m * m; });
        scale.rms = std::sqrt(squares / count);
        require<DataError>(scale.rms > 0.0 && std::isfinite(scale.rms),
                           "FrequencyConverter::fit: the rms of ", songs, " songs is ", scale.rms,
                           "; the songs must sound");
        if (settings_.logarithm) {
            double sum = 0.0, sum_of_squares = 0.0;
            for_each_magnitude([&](double m) {
                const double q = std::log1p(100.0 * m / scale.rms);
                sum += q;
                sum_of_squares += q * q;
            });
            scale.mean = sum / count;
            const double variance = sum_of_squares / count - scale.mean * scale.mean;
            // All values alike: nothing to divide by.
            scale.deviation = variance > 0.0 ? std::sqrt(variance) : 1.0;
        }
        return scale;
    }

    /// The same for waveforms that lie in memory, N x songs. Throws ShapeError, DataError.
    [[nodiscard]] SpectrumScale fit(const ConstMatrixRef<Scalar>& waveforms) const {
        check("fit", "waveforms", waveforms.rows(), "samples", samples_);
        return fit(waveforms.cols(),
                   [&](Index i, VectorMap<Scalar> waveform) { waveform = waveforms.col(i); });
    }

private:
    /// d(loudness)/dm at m = 0.
    [[nodiscard]] double gain() const noexcept {
        return (settings_.logarithm ? 100.0 : 1.0) / scale_.rms;
    }
    /// Equation (2).
    [[nodiscard]] Scalar loudness(const Scalar& m) const {
        const Scalar x = m * static_cast<Real>(gain());
        if (!settings_.logarithm) return x;
        if constexpr (Eigen::NumTraits<Scalar>::IsComplex) {
            return std::log(Scalar(1) + x);
        } else {
            return std::log1p(x);
        }
    }
    void magnitudes(const Scalar* waveform, Index b, Scalar* m, Cache& cache) const {
        std::visit(
            [&](const auto& band) {
                band.forward(waveform, cache.kept.data() + b * kept_, m, cache.work);
            },
            band_);
    }
    static void check(const char* where, const char* what, Index has, const char* of,
                      Index expects) {
        if (has != expects) {
            fail<ShapeError>("FrequencyConverter::", where, ": ", what, " has ", has, " ", of,
                             ", expected ", expects);
        }
    }

    FrequencyConverterSettings settings_;
    SpectrumScale scale_;
    Index samples_ = 0, values_ = 0, kept_ = 0;
    std::variant<LowPass<Scalar>, BlurredWindows<Scalar>> band_;
};

}  // namespace mgan::inline MGAN_ABI
