#pragma once
/// \file
/// Feature scaling: from raw values v (ticks, MIDI numbers) to values x near 0, and back.
///
/// Beside a length of 2000 ticks a velocity of 64 hardly counts: a network would learn only
/// lengths. The kinds, per feature, calibrated on the training songs, every song weighted equally:
///
///     none     x = v
///     minmax   x = (v - min) / (max - min)                                  in [0, 1]
///     zscore   x = (v - mean) / sd
///     log      the same for log(1 + v), for the two times; zscore for the others
///     cdf      x = (F_mid(v) - 1/2) sqrt(12)                                in (-sqrt 3, sqrt 3)
///
/// `cdf` is a table of the distinct values of the corpus. Each value owns a part of the cumulative
/// distribution, as wide as the value is frequent, and is encoded by the middle of it (F_mid):
///
///     v                  0 (chord)      24      96      384
///     share    0 |-----------------------|------|--------|------| 1
///     x      -1.73           ^               ^       ^       ^   1.73
///
/// It is uniform with variance 1, has no outliers, and is decoded by looking up whose part x lies
/// in: everything in the wide part of 0 is exactly a chord, so a network need not hit a value to
/// the tick. Values that the corpus does not have are encoded as their nearest neighbour.
///
/// A part need not be as wide as its value is frequent. A network's output moves from one likely
/// pitch to another through all those between, and hits each as often as its part is wide.
/// `contrast` > 1 narrows the parts of pitches that are rarer than their neighbours (the black
/// keys, where songs were transposed to white ones): share^contrast, relative to the octave around
/// them. Then they are hit only when they are meant.
///
/// Decoding stays within the range of the corpus, for every kind and every x, even NaN and
/// infinity.

#include <mgan/core/error.hpp>
#include <mgan/core/version.hpp>
#include <mgan/encoding/features.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI::encoding {

/// The constants of one feature, as a model file keeps them.
struct FeatureTable {
    double low = 0.0;            ///< least value in the corpus
    double high = 0.0;           ///< greatest value in the corpus, >= low
    double offset = 0.0;         ///< x = (g(v) - offset) / scale, with g the identity or log(1 + v)
    double scale = 1.0;          ///< > 0
    std::vector<double> values;  ///< `cdf`: distinct values, ascending; else empty
    std::vector<double> upper;  ///< `cdf`: the end of each value's part on the axis of x, ascending

    friend bool operator==(const FeatureTable&, const FeatureTable&) = default;
};

/// The distributions of the features' values, gathered song by song: of each value the mean over
/// the songs of its share of a song's events. Memory grows with the distinct values, not with the
/// songs.
class FeatureDistributions {
public:
    /// The distinct values of one song, ascending, each with its share of the song's events.
    using OfSong = std::array<std::vector<std::pair<double, double>>, kFeatures>;

    /// The shares in a song, [n, F].
    [[nodiscard]] static OfSong of_song(const Events<double>& song) {
        OfSong shares;
        std::vector<double> column;
        for (std::size_t f = 0; f < kFeatures; ++f) {
            column.clear();
            for (const Event<double>& event : song) column.push_back(event[f]);
            std::sort(column.begin(), column.end());
            for (auto first = column.begin(); first != column.end();) {
                const auto last = std::upper_bound(first, column.end(), *first);
                shares[f].emplace_back(
                    *first, static_cast<double>(last - first) / static_cast<double>(song.size()));
                first = last;
            }
        }
        return shares;
    }

    /// Adds a song. Songs without events do not count. The order of songs decides the last bits.
    void add(const OfSong& song) {
        if (song[0].empty()) return;
        ++songs_;
        for (std::size_t f = 0; f < kFeatures; ++f)
            for (const auto& [value, share] : song[f]) sums_[f][value] += share;
    }

    /// The distribution of one feature; empty if no song had an event.
    [[nodiscard]] std::map<double, double> mean(std::size_t feature) const {
        std::map<double, double> shares = sums_[feature];
        for (auto& [value, share] : shares) share /= static_cast<double>(songs_);
        return shares;
    }

private:
    std::array<std::map<double, double>, kFeatures> sums_;
    std::size_t songs_ = 0;
};

/// Scales the features of events, and undoes it. Immutable; a value type.
class Normalisation {
public:
    /// A value and its derivative by x.
    struct Smooth {
        double value = 0.0;
        double slope = 0.0;
    };

    /// From the constants of a model file. `time[f]` says whether feature f is a time (`is_time`).
    /// Throws ConfigError if a constant is not finite, out of order, or missing.
    Normalisation(NormalisationKind kind, const std::array<bool, kFeatures>& time,
                  std::array<FeatureTable, kFeatures> tables);

    /// Fits the constants to a corpus of songs (raw events, [n, F]). Throws DataError if no song
    /// has an event. `contrast` (cdf) of feature `contrast_feature`: see above; 1 is the plain
    /// distribution.
    [[nodiscard]] static Normalisation fit(NormalisationKind kind,
                                           const std::array<bool, kFeatures>& time,
                                           std::span<const Events<double>> songs,
                                           double contrast = 1.0, std::size_t contrast_feature = 2);

    /// The same from the distributions of the songs' values.
    [[nodiscard]] static Normalisation fit(NormalisationKind kind,
                                           const std::array<bool, kFeatures>& time,
                                           const FeatureDistributions& songs, double contrast = 1.0,
                                           std::size_t contrast_feature = 2);

    [[nodiscard]] NormalisationKind kind() const noexcept { return kind_; }
    [[nodiscard]] const std::array<FeatureTable, kFeatures>& tables() const noexcept {
        return tables_;
    }

    /// Raw value -> x.
    [[nodiscard]] double encode(double value, std::size_t feature) const noexcept;

    /// x -> raw value, within the range of the corpus. NaN gives the middle of it.
    [[nodiscard]] double decode(double x, std::size_t feature) const noexcept;

    /// x -> raw value without steps, for gradients: `decode`, with the table of `cdf` joined by
    /// straight lines between the middles of its parts. The slope is 0 where the range ends.
    [[nodiscard]] Smooth decode_smooth(double x, std::size_t feature) const noexcept;

private:
    [[nodiscard]] bool logarithmic(std::size_t feature) const noexcept {
        return kind_ == NormalisationKind::log && time_[feature];
    }

    NormalisationKind kind_;
    std::array<bool, kFeatures> time_;
    std::array<FeatureTable, kFeatures> tables_;
};

namespace normalisation_detail {

inline constexpr double kSqrt3 = 1.7320508075688772935;

/// x of value k: the middle of its part.
[[nodiscard]] inline double middle(const FeatureTable& table, std::size_t k) noexcept {
    return 0.5 * ((k == 0 ? -kSqrt3 : table.upper[k - 1]) + table.upper[k]);
}

/// The table of `cdf`. Rare values get a share of at least 2^-22: their part is then some units in
/// the last place of a float wide, so that float networks tell it from its neighbours.
inline void fill_table(const std::map<double, double>& share, FeatureTable& table) {
    constexpr double kSmallestShare = 0x1.0p-22;
    double total = 0.0;
    for (const auto& [value, weight] : share) total += std::max(weight, kSmallestShare);
    double sum = 0.0;
    for (const auto& [value, weight] : share) {
        sum += std::max(weight, kSmallestShare);
        table.values.push_back(value);
        table.upper.push_back((2.0 * sum / total - 1.0) * kSqrt3);
    }
    table.upper.back() = kSqrt3;
}

/// Shares with their contrast raised: share^contrast, relative to the mean share of the pitches
/// within half an octave, so that loud neighbours are set off against quiet ones and the register
/// stays.
inline std::map<double, double> with_contrast(const std::map<double, double>& share,
                                              double contrast) {
    constexpr double kHalfOctave = 6.0;
    std::map<double, double> changed;
    for (const auto& [pitch, weight] : share) {
        double sum = 0.0;
        for (auto neighbour = share.lower_bound(pitch - kHalfOctave);
             neighbour != share.end() && neighbour->first <= pitch + kHalfOctave; ++neighbour)
            sum += neighbour->second;
        const double mean = sum / (2.0 * kHalfOctave + 1.0);
        changed[pitch] = mean * std::pow(weight / mean, contrast);
    }
    return changed;
}

inline void validate(const FeatureTable& table, bool cdf, std::size_t feature) {
    const auto check = [feature](bool good, const char* what) {
        require<ConfigError>(good, "normalisation of feature ", feature, ": ", what,
                             "; the model file is damaged or was not made by mgan");
    };
    const auto ascending_and_finite = [](const std::vector<double>& row) {
        return std::all_of(row.begin(), row.end(), [](double x) { return std::isfinite(x); }) &&
               std::adjacent_find(row.begin(), row.end(),
                                  [](double a, double b) { return a >= b; }) == row.end();
    };
    check(std::isfinite(table.low) && std::isfinite(table.high) && table.low <= table.high,
          "the range is not finite or upside down");
    check(std::isfinite(table.offset), "the offset is not finite");
    check(std::isfinite(table.scale) && table.scale > 0.0, "the scale is not finite and positive");
    check(table.values.size() == table.upper.size(), "values and bounds differ in number");
    check(cdf != table.values.empty(), cdf ? "the table is empty" : "a table where none belongs");
    check(ascending_and_finite(table.values), "the values are not finite and ascending");
    check(ascending_and_finite(table.upper), "the bounds are not finite and ascending");
    check(!cdf || (table.upper.front() > -kSqrt3 && table.upper.back() == kSqrt3),
          "the bounds do not divide -sqrt 3 .. sqrt 3");
}

}  // namespace normalisation_detail

inline Normalisation::Normalisation(NormalisationKind kind, const std::array<bool, kFeatures>& time,
                                    std::array<FeatureTable, kFeatures> tables)
    : kind_(kind), time_(time), tables_(std::move(tables)) {
    for (std::size_t f = 0; f < kFeatures; ++f) {
        normalisation_detail::validate(tables_[f], kind == NormalisationKind::cdf, f);
        require<ConfigError>(!logarithmic(f) || tables_[f].low >= 0.0, "normalisation of feature ",
                             f, ": a time below 0 has no logarithm");
    }
}

inline Normalisation Normalisation::fit(NormalisationKind kind,
                                        const std::array<bool, kFeatures>& time,
                                        std::span<const Events<double>> songs, double contrast,
                                        std::size_t contrast_feature) {
    FeatureDistributions distributions;
    for (const Events<double>& song : songs) distributions.add(FeatureDistributions::of_song(song));
    return fit(kind, time, distributions, contrast, contrast_feature);
}

inline Normalisation Normalisation::fit(NormalisationKind kind,
                                        const std::array<bool, kFeatures>& time,
                                        const FeatureDistributions& songs, double contrast,
                                        std::size_t contrast_feature) {
    std::array<FeatureTable, kFeatures> tables;
    for (std::size_t f = 0; f < kFeatures; ++f) {
        const std::map<double, double> share = songs.mean(f);
        require<DataError>(!share.empty(), "Normalisation::fit: no song has a single note");
        FeatureTable& table = tables[f];
        table.low = share.begin()->first;
        table.high = share.rbegin()->first;
        const bool logarithm = kind == NormalisationKind::log && time[f];
        const auto g = [logarithm](double v) { return logarithm ? std::log1p(v) : v; };
        switch (kind) {
            case NormalisationKind::none:
                break;
            case NormalisationKind::minmax:
                table.offset = table.low;
                table.scale = table.high - table.low;
                break;
            case NormalisationKind::zscore:
            case NormalisationKind::log: {
                double mean = 0.0, variance = 0.0;
                for (const auto& [value, weight] : share) mean += weight * g(value);
                for (const auto& [value, weight] : share)
                    variance += weight * (g(value) - mean) * (g(value) - mean);
                table.offset = mean;
                table.scale = std::sqrt(variance);
                break;
            }
            case NormalisationKind::cdf:
                normalisation_detail::fill_table(
                    f == contrast_feature && contrast != 1.0
                        ? normalisation_detail::with_contrast(share, contrast)
                        : share,
                    table);
                break;
        }
        // A feature that never changes: every x decodes to it, whatever the scale.
        if (table.low == table.high) table.scale = 1.0;
    }
    return Normalisation(kind, time, std::move(tables));
}

inline double Normalisation::encode(double value, std::size_t feature) const noexcept {
    const FeatureTable& table = tables_[feature];
    if (kind_ == NormalisationKind::cdf) {
        const std::vector<double>& values = table.values;
        std::size_t k = static_cast<std::size_t>(
            std::lower_bound(values.begin(), values.end(), value) - values.begin());
        if (k == values.size() || (k > 0 && value - values[k - 1] <= values[k] - value)) --k;
        return normalisation_detail::middle(table, k);
    }
    return ((logarithmic(feature) ? std::log1p(value) : value) - table.offset) / table.scale;
}

inline double Normalisation::decode(double x, std::size_t feature) const noexcept {
    const FeatureTable& table = tables_[feature];
    if (kind_ == NormalisationKind::cdf) {
        if (std::isnan(x)) x = 0.0;  // the median
        const auto part = std::upper_bound(table.upper.begin(), table.upper.end() - 1, x);
        return table.values[static_cast<std::size_t>(part - table.upper.begin())];
    }
    return decode_smooth(x, feature).value;
}

inline Normalisation::Smooth Normalisation::decode_smooth(double x,
                                                          std::size_t feature) const noexcept {
    const FeatureTable& table = tables_[feature];
    if (kind_ == NormalisationKind::cdf) {
        using normalisation_detail::middle;
        if (std::isnan(x)) x = 0.0;
        // k: the first value whose middle lies beyond x; the line goes from k - 1 to k.
        std::size_t k = static_cast<std::size_t>(
            std::upper_bound(table.upper.begin(), table.upper.end() - 1, x) - table.upper.begin());
        if (middle(table, k) <= x) ++k;
        if (k == 0) return {table.values.front(), 0.0};
        if (k == table.values.size()) return {table.values.back(), 0.0};
        const double left = middle(table, k - 1);
        const double slope = (table.values[k] - table.values[k - 1]) / (middle(table, k) - left);
        return {table.values[k - 1] + slope * (x - left), slope};
    }
    if (std::isnan(x)) {  // the middle of the range, as far as the kind knows it
        const bool centred = kind_ == NormalisationKind::zscore || kind_ == NormalisationKind::log;
        x = centred ? 0.0 : (0.5 * table.low + 0.5 * table.high - table.offset) / table.scale;
    }
    const double scaled = x * table.scale + table.offset;
    const double value = logarithmic(feature) ? std::expm1(scaled) : scaled;
    if (!(value > table.low)) return {table.low, 0.0};
    if (!(value < table.high)) return {table.high, 0.0};
    return {value, logarithmic(feature) ? (value + 1.0) * table.scale : table.scale};
}

}  // namespace mgan::inline MGAN_ABI::encoding
