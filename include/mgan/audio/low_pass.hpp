#pragma once
/// \file
/// What is kept of a song's spectrum: centred, cut off, and its magnitude.
///
/// Of the Fourier transform X of N real samples (fft.hpp) the half c = 0 .. N/2 is known, and the
/// other half is its mirror. *Centred*, with zero frequency in the middle, bin c = -N/2 .. N/2 has
/// the magnitude
///
///     mag_c = |X_|c|| / N                                                                 (1)
///
/// so that a sine of amplitude A gives A/2 in two places, and bin c lies at c / duration Hz. An
/// *ideal low pass* multiplies by 1 inside its band and by 0 outside: it keeps the central bins. A
/// value is the mean of neighbouring bins; with one bin a value nothing is averaged:
///
///     y_j = mean over c in [first_j, last_j) of mag_c                                     (2)
///
/// Backward, through the mean, the magnitude, and the transform, for c = 0 .. N/2:
///
///     dmag_c = sum over j of dy_j / (last_j - first_j),                                   (3)
///              once for each bin of [first_j, last_j) that is c or -c
///     G_c    = dmag_c X_c / (N |X_c|);   0 where |X_c| = 0                                (4)
///
/// and (2) of fft.hpp, which defines G_c. The magnitude of a complex number has a tip at 0, like
/// |x|: every direction is a subgradient there, and 0 favours none. (Silence then costs nothing.)

#include <mgan/audio/fft.hpp>
#include <mgan/core/error.hpp>
#include <mgan/tensor/matrix.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// Centred bins first .. last - 1; zero frequency is bin 0.
struct BinRange {
    Index first = 0;
    Index last = 0;
    friend bool operator==(const BinRange&, const BinRange&) = default;
};

/// The bins within +-cutoff (rad/s) of a waveform of so many samples and seconds: zero frequency is
/// in the middle, at the upper of the two middle places if their number is even. `values`: how many
/// groups of neighbours they are averaged to; 0: one a bin. Throws ConfigError.
[[nodiscard]] inline std::vector<BinRange> low_pass_ranges(double cutoff, Index values,
                                                           Index samples, double duration) {
    const double bins = std::round(cutoff * duration / std::numbers::pi);
    require<ConfigError>(bins >= 1.0 && bins <= static_cast<double>(samples),
                         "low_pass_ranges: cutoff is ", cutoff, " rad/s, which is ", bins,
                         " bins of ", samples, " samples; lower the cutoff or raise the samples");
    const Index count = static_cast<Index>(bins);
    if (values == 0) values = count;
    require<ConfigError>(values >= 1 && values <= count, "low_pass_ranges: ", values, " values of ",
                         count, " bins; it must be 1 to that many (0: all)");
    std::vector<BinRange> ranges;
    ranges.reserve(static_cast<std::size_t>(values));
    for (Index j = 0; j < values; ++j)
        ranges.push_back({j * count / values - count / 2, (j + 1) * count / values - count / 2});
    return ranges;
}

/// `values` ranges from `lowest` to `highest` Hz, equally wide on a logarithmic axis, each of one
/// bin at least: a semitone is as wide at the bottom as at the top. One half of the spectrum; the
/// other is its mirror. Throws ConfigError.
[[nodiscard]] inline std::vector<BinRange> logarithmic_ranges(double lowest, double highest,
                                                              Index values, Index samples,
                                                              double duration) {
    const double nyquist = 0.5 * static_cast<double>(samples) / duration;
    require<ConfigError>(lowest > 0.0 && lowest < highest && highest <= nyquist,
                         "logarithmic_ranges: a band from ", lowest, " to ", highest,
                         " Hz; it must rise from above 0, up to half the sample rate, ", nyquist);
    require<ConfigError>(values >= 1, "logarithmic_ranges: ", values,
                         " values, expected 1 or more");
    const auto edge = [&](Index j) {
        const double part = static_cast<double>(j) / static_cast<double>(values);
        const double hertz = lowest * std::pow(highest / lowest, part);
        return std::min(static_cast<Index>(std::llround(hertz * duration)), samples / 2);
    };
    std::vector<BinRange> ranges;
    ranges.reserve(static_cast<std::size_t>(values));
    for (Index j = 0; j < values; ++j)
        ranges.push_back({edge(j), std::max(edge(j) + 1, edge(j + 1))});
    return ranges;
}

/// Scratch memory of one song at work; any song's, one thread at a time.
template <typename Scalar>
struct SpectrumWork {
    AlignedVector<Scalar> samples;     ///< of a short window
    AlignedVector<Scalar> spectrum;    ///< 2 x (N/2 + 1)
    AlignedVector<Scalar> magnitudes;  ///< |X_c|
    AlignedVector<Scalar> d_bins;      ///< dmag_c
};

namespace low_pass_detail {

template <typename Scalar>
using ArrayMap = Eigen::Map<Eigen::Array<Scalar, Eigen::Dynamic, 1>>;

/// magnitudes(k) := |bins(:, k)|, bins 2 x count.
template <typename Scalar>
void magnitudes_of(const Scalar* bins, Index count, Scalar* magnitudes) {
    for (Index k = 0; k < count; ++k)
        magnitudes[k] = bins[2 * k] * bins[2 * k] + bins[2 * k + 1] * bins[2 * k + 1];
    if constexpr (Eigen::NumTraits<Scalar>::IsComplex) {
        // The complex root has a cut along the negative axis and no derivative at 0.
        for (Index k = 0; k < count; ++k)
            magnitudes[k] = real_part(magnitudes[k]) > 0 ? std::sqrt(magnitudes[k]) : Scalar(0);
    } else {
        ArrayMap<Scalar> all(magnitudes, count);
        all = all.sqrt();  // on its own: a loop of std::sqrt may set errno and is not vectorised
    }
}

/// Equation (4): d_spectrum(:, k) := scale d_magnitude(k) bins(:, k) / |bins(:, k)|, 0 where that
/// is 0. magnitudes: scratch.
template <typename Scalar>
void magnitudes_backward(const Scalar* bins, Index count, const Scalar* d_magnitudes,
                         RealOf<Scalar> scale, Scalar* magnitudes, Scalar* d_spectrum) {
    magnitudes_of(bins, count, magnitudes);
    for (Index k = 0; k < count; ++k) {
        const Scalar factor =
            real_part(magnitudes[k]) > 0 ? scale * d_magnitudes[k] / magnitudes[k] : Scalar(0);
        d_spectrum[2 * k] = factor * bins[2 * k];
        d_spectrum[2 * k + 1] = factor * bins[2 * k + 1];
    }
}

}  // namespace low_pass_detail

/// Equations (1) to (4): N samples to M values. Const and safe for threads; allocates nothing once
/// `work` has been used.
template <typename Scalar>
class LowPass {
public:
    LowPass() = default;

    /// `ranges`: M of them, none empty, within -N/2 .. N/2. Throws ConfigError.
    LowPass(Index samples, std::vector<BinRange> ranges)
        : fft_(samples), ranges_(std::move(ranges)) {
        require<ConfigError>(!ranges_.empty(), "LowPass: no bins are kept");
        lowest_ = samples, highest_ = 0;
        for (const BinRange& range : ranges_) {
            require<ConfigError>(range.first < range.last && range.first >= -(samples / 2) &&
                                     range.last <= samples / 2 + 1,
                                 "LowPass: bins ", range.first, " to ", range.last, " of ", samples,
                                 " samples");
            const Index from = std::abs(range.first), to = std::abs(range.last - 1);
            const bool around_zero = range.first <= 0 && range.last > 0;
            lowest_ = std::min(lowest_, around_zero ? 0 : std::min(from, to));
            highest_ = std::max({highest_, from, to});
        }
    }

    [[nodiscard]] const std::vector<BinRange>& ranges() const noexcept { return ranges_; }
    [[nodiscard]] Index samples() const noexcept { return fft_.samples(); }  ///< N
    /// M.
    [[nodiscard]] Index values() const noexcept { return static_cast<Index>(ranges_.size()); }
    /// Numbers that `backward` needs of a song: both parts of the bins that are kept.
    [[nodiscard]] Index kept() const noexcept { return 2 * used(); }

    /// waveform: N; kept: kept(), written; values: M, written.
    void forward(const Scalar* waveform, Scalar* kept, Scalar* values,
                 SpectrumWork<Scalar>& work) const {
        resize(work);
        fft_.forward(waveform, work.spectrum.data());
        std::copy_n(work.spectrum.data() + 2 * lowest_, 2 * used(), kept);
        low_pass_detail::magnitudes_of(kept, used(), work.magnitudes.data());
        const auto scale = static_cast<RealOf<Scalar>>(1.0 / static_cast<double>(samples()));
        for (std::size_t j = 0; j < ranges_.size(); ++j) {
            Scalar sum(0);
            for (Index c = ranges_[j].first; c < ranges_[j].last; ++c)
                sum += work.magnitudes[bin(c)];
            values[j] = sum * (scale / count(j));
        }
    }

    /// kept: kept(), from `forward`; d_values: M; d_waveform: N, written.
    void backward(const Scalar* kept, const Scalar* d_values, Scalar* d_waveform,
                  SpectrumWork<Scalar>& work) const {
        resize(work);
        std::fill(work.d_bins.begin(), work.d_bins.end(), Scalar(0));
        for (std::size_t j = 0; j < ranges_.size(); ++j) {
            const Scalar share = d_values[j] / count(j);
            for (Index c = ranges_[j].first; c < ranges_[j].last; ++c) work.d_bins[bin(c)] += share;
        }
        std::fill(work.spectrum.begin(), work.spectrum.end(), Scalar(0));
        low_pass_detail::magnitudes_backward(
            kept, used(), work.d_bins.data(),
            static_cast<RealOf<Scalar>>(1.0 / static_cast<double>(samples())),
            work.magnitudes.data(), work.spectrum.data() + 2 * lowest_);
        fft_.adjoint(work.spectrum.data(), d_waveform);
    }

private:
    [[nodiscard]] Index used() const noexcept { return highest_ - lowest_ + 1; }
    [[nodiscard]] std::size_t bin(Index c) const noexcept {
        return static_cast<std::size_t>(std::abs(c) - lowest_);
    }
    [[nodiscard]] RealOf<Scalar> count(std::size_t j) const noexcept {
        return static_cast<RealOf<Scalar>>(ranges_[j].last - ranges_[j].first);
    }
    void resize(SpectrumWork<Scalar>& work) const {
        work.spectrum.resize(static_cast<std::size_t>(2 * fft_.bins()));
        work.magnitudes.resize(static_cast<std::size_t>(used()));
        work.d_bins.resize(static_cast<std::size_t>(used()));
    }

    RealFft<Scalar> fft_;
    std::vector<BinRange> ranges_;
    Index lowest_ = 0, highest_ = 0;  ///< |c| of the bins that are used
};

}  // namespace mgan::inline MGAN_ABI
