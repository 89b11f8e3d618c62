#pragma once
/// \file
/// What sounds when, and roughly where: short windows whose spectra are blurred along pitch.
///
/// One Fourier transform of a whole song tells two songs apart to the last bin, and for that very
/// reason its gradient leads nowhere: a note that is a semitone off shares no bin with the note
/// that is wanted, so no small change of its pitch brings the spectra closer. Two blurs help:
///
/// - in time: windows of 0.32 s, half overlapping, weighted by Hann's window, for its sample n of
///   width: sin^2(pi (n + 1/2) / width), each transformed on its own (zeros up to a power of two);
/// - in pitch: with p_c the pitch of bin c in semitones, and blur = 1.5 semitones,
///
///       y_p = scale * sum over c of exp(-((p_c - p) / blur)^2 / 2) mag_c                    (1)
///
/// for pitches p at equal distances. A note becomes a hill several semitones wide, of the same
/// height at any pitch, and a hill nearby pulls. From pitches that are off by up to a semitone,
/// descent on (1) converges for most notes, on the whole spectrum for hardly any
/// (tests/audio/descent_learning_test.cpp). Backward is (1) with its matrix transposed, (4) of
/// low_pass.hpp, the adjoint transform, and the windows added up again.

#include <mgan/audio/fft.hpp>
#include <mgan/audio/low_pass.hpp>
#include <mgan/core/error.hpp>
#include <mgan/tensor/matrix.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// The parameters of a `BlurredWindows`.
struct BlurredWindowsSettings {
    double window = 0.32;     ///< seconds
    double blur = 1.5;        ///< semitones
    double lowest = 20.0;     ///< Hz, of the first pitch
    double highest = 2000.0;  ///< Hz, of the last pitch
    Index pitches = 0;        ///< P, values a window; 0: one a semitone
};

/// N samples to P values for each window, window after window. Const and safe for threads;
/// allocates nothing once `work` has been used.
template <typename Scalar>
class BlurredWindows {
public:
    using Real = RealOf<Scalar>;

    BlurredWindows() = default;

    /// Throws ConfigError.
    BlurredWindows(Index samples, double sample_rate, const BlurredWindowsSettings& config)
        : samples_(samples) {
        require<ConfigError>(config.window * sample_rate >= 4.0 &&
                                 config.window * sample_rate <= static_cast<double>(samples),
                             "BlurredWindows: a window of ", config.window, " s of ", samples,
                             " samples at ", sample_rate,
                             " Hz; it must hold from 4 to all of them");
        require<ConfigError>(config.lowest > 0.0 && config.lowest < config.highest &&
                                 config.highest <= 0.5 * sample_rate,
                             "BlurredWindows: a band from ", config.lowest, " to ", config.highest,
                             " Hz; it must rise from above 0, up to half the sample rate, ",
                             0.5 * sample_rate);
        require<ConfigError>(config.blur > 0.0, "BlurredWindows: blur is ", config.blur,
                             " semitones, it must be above 0");
        // Even, so that half a window is a whole number of samples.
        const Index width = 2 * static_cast<Index>(std::lround(config.window * sample_rate / 2.0));
        hop_ = width / 2;
        windows_ = 1 + std::max<Index>(0, (samples - width + hop_ - 1) / hop_);
        Index length = 1;
        while (length < width) length *= 2;
        fft_ = RealFft<Scalar>(length);
        weights_.resize(static_cast<std::size_t>(width));
        for (Index n = 0; n < width; ++n) {
            const double s = std::sin(std::numbers::pi * (static_cast<double>(n) + 0.5) /
                                      static_cast<double>(width));
            weights_[static_cast<std::size_t>(n)] = static_cast<Real>(s * s);
        }
        make_blur(config, sample_rate);
    }

    [[nodiscard]] Index samples() const noexcept { return samples_; }  ///< N
    [[nodiscard]] Index windows() const noexcept { return windows_; }
    /// P.
    [[nodiscard]] Index pitches() const noexcept { return static_cast<Index>(rows_.size()); }
    [[nodiscard]] Index values() const noexcept { return windows_ * pitches(); }
    /// Numbers that `backward` needs of a song.
    [[nodiscard]] Index kept() const noexcept { return windows_ * 2 * used(); }

    /// waveform: N; kept: kept(), written; values: P x windows, written.
    void forward(const Scalar* waveform, Scalar* kept, Scalar* values,
                 SpectrumWork<Scalar>& work) const {
        resize(work);
        for (Index w = 0; w < windows_; ++w) {
            Scalar* const bins = kept + w * 2 * used();
            Scalar* const out = values + w * pitches();
            if (!cut_window(waveform, w, work.samples)) {  // silence, as after the end of a song
                std::fill_n(bins, 2 * used(), Scalar(0));
                std::fill_n(out, pitches(), Scalar(0));
                continue;
            }
            fft_.forward(work.samples.data(), work.spectrum.data());
            std::copy_n(work.spectrum.data() + 2 * lowest_, 2 * used(), bins);
            low_pass_detail::magnitudes_of(bins, used(), work.magnitudes.data());
            for (Index p = 0; p < pitches(); ++p)
                out[p] = blur_of(p).dot_with(work.magnitudes.data());
        }
    }

    /// kept: kept(), from `forward`; d_values: P x windows; d_waveform: N, written.
    void backward(const Scalar* kept, const Scalar* d_values, Scalar* d_waveform,
                  SpectrumWork<Scalar>& work) const {
        resize(work);
        std::fill_n(d_waveform, samples_, Scalar(0));
        const auto is_zero = [](const Scalar& x) { return x == Scalar(0); };
        for (Index w = 0; w < windows_; ++w) {
            const Scalar* const bins = kept + w * 2 * used();
            const Scalar* const d_out = d_values + w * pitches();
            if (std::all_of(bins, bins + 2 * used(), is_zero) ||
                std::all_of(d_out, d_out + pitches(), is_zero))
                continue;
            std::fill(work.d_bins.begin(), work.d_bins.end(), Scalar(0));
            for (Index p = 0; p < pitches(); ++p) blur_of(p).add_to(work.d_bins.data(), d_out[p]);
            std::fill(work.spectrum.begin(), work.spectrum.end(), Scalar(0));
            low_pass_detail::magnitudes_backward(bins, used(), work.d_bins.data(), Real(1),
                                                 work.magnitudes.data(),
                                                 work.spectrum.data() + 2 * lowest_);
            fft_.adjoint(work.spectrum.data(), work.samples.data());
            const Index begin = w * hop_, count = count_in(w);
            for (Index n = 0; n < count; ++n)
                d_waveform[begin + n] += weights_[static_cast<std::size_t>(n)] *
                                         work.samples[static_cast<std::size_t>(n)];
        }
    }

private:
    /// One row of the matrix of (1), without its zeros.
    struct BlurRow {
        const Real* weights;
        Index first, count;  ///< relative to the lowest bin that is used
        using Weights = Eigen::Map<const Eigen::Array<Real, Eigen::Dynamic, 1>>;

        [[nodiscard]] Scalar dot_with(const Scalar* magnitudes) const {
            Scalar sum(0);
            if constexpr (Eigen::NumTraits<Scalar>::IsComplex) {
                for (Index k = 0; k < count; ++k) sum += weights[k] * magnitudes[first + k];
            } else {
                using Values = Eigen::Map<const Eigen::Array<Scalar, Eigen::Dynamic, 1>>;
                sum = (Weights(weights, count) * Values(magnitudes + first, count)).sum();
            }
            return sum;
        }
        void add_to(Scalar* d_bins, const Scalar& d_value) const {
            for (Index k = 0; k < count; ++k) d_bins[first + k] += weights[k] * d_value;
        }
    };
    struct Row {
        std::size_t weights;
        Index first, count;
    };

    [[nodiscard]] BlurRow blur_of(Index p) const noexcept {
        const Row& row = rows_[static_cast<std::size_t>(p)];
        return {blur_.data() + row.weights, row.first, row.count};
    }

    void make_blur(const BlurredWindowsSettings& config, double sample_rate) {
        const double hertz = sample_rate / static_cast<double>(fft_.samples());
        const double octaves = std::log2(config.highest / config.lowest);
        const Index pitches = config.pitches > 0
                                  ? config.pitches
                                  : static_cast<Index>(std::floor(12.0 * octaves)) + 1;
        // Hann's window sums to W/2, and zero padding finds each sine in more bins: so that the
        // hill of a sine of amplitude 1 is about 1 high.
        const double scale = 2.0 / static_cast<double>(fft_.samples());
        const double reach = 4.0 * config.blur;  // e^-8: less than a float's rounding of the top
        const auto bin_at = [&](double semitones) {
            return config.lowest * std::exp2(semitones / 12.0) / hertz;
        };
        lowest_ = std::max<Index>(1, static_cast<Index>(std::ceil(bin_at(-reach))));
        highest_ = std::min(fft_.bins() - 1,
                            static_cast<Index>(std::floor(bin_at(12.0 * octaves + reach))));
        for (Index p = 0; p < pitches; ++p) {
            const double pitch = pitches == 1 ? 0.0
                                              : 12.0 * octaves * static_cast<double>(p) /
                                                    static_cast<double>(pitches - 1);
            const Index first =
                std::max(lowest_, static_cast<Index>(std::ceil(bin_at(pitch - reach))));
            const Index last =
                std::min(highest_, static_cast<Index>(std::floor(bin_at(pitch + reach))));
            rows_.push_back({blur_.size(), first - lowest_, std::max<Index>(0, last - first + 1)});
            for (Index k = first; k <= last; ++k) {
                const double at = 12.0 * std::log2(static_cast<double>(k) * hertz / config.lowest);
                const double off = (at - pitch) / config.blur;
                blur_.push_back(static_cast<Real>(scale * std::exp(-0.5 * off * off)));
            }
        }
    }

    /// work := window w of the waveform, weighted, zeros after it; false if nothing sounds in it.
    [[nodiscard]] bool cut_window(const Scalar* waveform, Index w,
                                  AlignedVector<Scalar>& work) const {
        const Index begin = w * hop_, count = count_in(w);
        bool sounds = false;
        for (Index n = 0; n < count; ++n) {
            const Scalar value = waveform[begin + n] * weights_[static_cast<std::size_t>(n)];
            sounds = sounds || !(value == Scalar(0));
            work[static_cast<std::size_t>(n)] = value;
        }
        std::fill(work.begin() + count, work.end(), Scalar(0));
        return sounds;
    }
    [[nodiscard]] Index count_in(Index w) const noexcept {
        return std::min(static_cast<Index>(weights_.size()), samples_ - w * hop_);
    }
    [[nodiscard]] Index used() const noexcept { return highest_ - lowest_ + 1; }
    void resize(SpectrumWork<Scalar>& work) const {
        work.samples.resize(static_cast<std::size_t>(fft_.samples()));
        work.spectrum.resize(static_cast<std::size_t>(2 * fft_.bins()));
        work.magnitudes.resize(static_cast<std::size_t>(used()));
        work.d_bins.resize(static_cast<std::size_t>(used()));
    }

    Index samples_ = 0, hop_ = 0, windows_ = 0;
    RealFft<Scalar> fft_;
    AlignedVector<Real> weights_;  ///< Hann's window
    AlignedVector<Real> blur_;     ///< the rows of (1), one after the other
    std::vector<Row> rows_;
    Index lowest_ = 0, highest_ = 0;
};

}  // namespace mgan::inline MGAN_ABI
