#pragma once
/// \file
/// How alike two sets of songs are, metric by metric (Yang and Lerch, "On the evaluation of
/// generative models in music", Neural Computing and Applications 32, 2020).
///
/// Equal means are not enough: a generator that always plays one average song has them. So look at
/// distances between songs. For one metric, with values x_i of the real songs and y_k of the
/// generated ones,
///
///     intra = { |x_i - x_j| : i != j }     how much real songs differ among themselves
///     inter = { |x_i - y_k| }              how much generated songs differ from real ones
///
/// and compare the two as densities p (intra) and q (inter), estimated with Gaussian kernels:
///
///     overlap_area  = integral of min(p, q)          1: alike, 0: nothing in common
///     kl_divergence = integral of p log(p / q)       0: alike, nats
///
/// The overlap is lenient: notes drawn independently from the corpus' marginals score about 0.8. So
/// also look at
///
///     gap         = |mean x - mean y| / sd x      0: alike; in standard deviations of real songs
///     wasserstein = integral of |F_x - F_y|       Wasserstein-1, in the metric's own unit

#include <mgan/core/version.hpp>
#include <mgan/metrics/song_metrics.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace mgan::inline MGAN_ABI::metrics {

/// Mean and standard deviation (of the set itself: divided by n) of `count` values; both empty for
/// none. Equal values have a standard deviation of exactly 0.
struct Summary {
    std::size_t count = 0;
    std::optional<double> mean;
    std::optional<double> sd;
};

/// \copydoc Summary
[[nodiscard]] inline Summary summarise(std::span<const double> values) {
    if (values.empty()) return {};
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    // Rounding must not turn equal values into a deviation of 1e-17, by which the gap divides.
    if (*low == *high) return {values.size(), *low, 0.0};
    const double n = static_cast<double>(values.size());
    double sum = 0.0;
    for (const double x : values) sum += x;
    const double mean = sum / n;
    double squares = 0.0;
    for (const double x : values) squares += (x - mean) * (x - mean);
    return {values.size(), mean, std::sqrt(squares / n)};
}

/// Wasserstein-1 distance of two samples, exact: the integral of |F_x - F_y|, by one walk over both
/// in order. Any sizes > 0; O(n log n).
[[nodiscard]] inline double wasserstein_1(std::vector<double> x, std::vector<double> y) {
    std::sort(x.begin(), x.end());
    std::sort(y.begin(), y.end());
    const double n = static_cast<double>(x.size());
    const double m = static_cast<double>(y.size());
    double area = 0.0;
    std::size_t i = 0;
    std::size_t k = 0;
    double at = std::min(x.front(), y.front());
    while (i < x.size() || k < y.size()) {
        const bool take_x = k == y.size() || (i < x.size() && x[i] <= y[k]);
        const double next = take_x ? x[i] : y[k];
        // F_x - F_y = i/n - k/m; the products are whole numbers, so equal shares differ by exactly
        // 0.
        area += (next - at) * std::abs(static_cast<double>(i) * m - static_cast<double>(k) * n);
        at = next;
        take_x ? ++i : ++k;
    }
    return area / (n * m);
}

/// Integral of the smaller of two densities on one grid of spacing `step`. Sizes must be equal.
[[nodiscard]] inline double overlap_area(std::span<const double> p, std::span<const double> q,
                                         double step) noexcept {
    double sum = 0.0;
    for (std::size_t i = 0; i < p.size(); ++i) sum += std::min(p[i], q[i]);
    return std::min(1.0, sum * step);
}

/// Integral of p log(p / q) in nats, of two densities on one grid of spacing `step`. Sizes must be
/// equal. Both are first mixed with 1e-10 of the uniform density on the grid, so a place where q
/// vanishes costs a lot (up to 23 nats), but not infinitely much.
[[nodiscard]] inline double kl_divergence(std::span<const double> p, std::span<const double> q,
                                          double step) noexcept {
    constexpr double kUniform = 1e-10;
    const double floor = kUniform / (step * static_cast<double>(p.size()));
    double sum = 0.0;
    for (std::size_t i = 0; i < p.size(); ++i) {
        const double a = (1.0 - kUniform) * p[i] + floor;
        const double b = (1.0 - kUniform) * q[i] + floor;
        sum += a * std::log(a / b);
    }
    return std::max(0.0, sum * step);
}

/// The densities of the intra-set and inter-set distances at `low + i * step`.
struct DistanceDensities {
    double low = 0.0;
    double step = 0.0;
    std::vector<double> intra;
    std::vector<double> inter;
};

namespace set_comparison_detail {

/// Calls use(distance) for all pairs of x and y; with `leave_one_out`, for a set with itself, no
/// song is paired with itself. There may be millions of pairs: they are never stored.
template <typename Use>
void for_distances(std::span<const double> x, std::span<const double> y, bool leave_one_out,
                   Use&& use) {
    for (std::size_t i = 0; i < x.size(); ++i)
        for (std::size_t k = 0; k < y.size(); ++k)
            if (!leave_one_out || i != k) use(std::abs(x[i] - y[k]));
}

/// What the density estimate needs to know of a set of distances.
struct Spread {
    double low = 0.0, high = 0.0;
    double bandwidth = 0.0;  ///< Scott's rule: sd * n^(-1/5); 0 when all distances are equal
    double count = 0.0;
};

[[nodiscard]] inline Spread spread(std::span<const double> x, std::span<const double> y,
                                   bool leave_one_out) {
    Spread result;
    double sum = 0.0, squares = 0.0;
    for_distances(x, y, leave_one_out, [&](double d) {
        result.low = result.count > 0 ? std::min(result.low, d) : d;
        result.high = std::max(result.high, d);
        result.count += 1.0;
        sum += d;
        squares += d * d;
    });
    if (result.count < 2 || result.low == result.high) return result;
    const double mean = sum / result.count;
    const double variance = (squares - sum * mean) / (result.count - 1.0);
    // Less than this is rounding of the sums, not a spread.
    if (variance > 1e-14 * result.high * result.high)
        result.bandwidth = std::sqrt(variance) * std::pow(result.count, -0.2);
    return result;
}

}  // namespace set_comparison_detail

/// Gaussian kernel densities of the distances within `real` (leave one out: every ordered pair) and
/// between `real` and `generated`, on one common grid that reaches 5 bandwidths beyond both; each
/// sums to 1 / step.
///
/// The bandwidth of each is Scott's rule, sd * n^(-1/5) for n distances with sample standard
/// deviation sd. Each distance is shared out between its two neighbours on the grid (linear
/// binning), and the bins are convolved with the kernel, so the cost is one step a distance,
/// whatever the grid.
///
/// Empty where one of the densities does not exist: fewer than two songs, or no spread at all in
/// the real values, the generated values, or the distances.
[[nodiscard]] inline std::optional<DistanceDensities> distance_densities(
    std::span<const double> real, std::span<const double> generated) {
    using namespace set_comparison_detail;
    constexpr std::size_t kPoints = 2048;
    constexpr double kReach = 5.0;  // bandwidths; beyond lies 6e-7 of a Gaussian

    if (real.empty() || generated.empty()) return std::nullopt;
    // A generator that has collapsed to one value has no density of its own to compare.
    if (summarise(real).sd == 0.0 || summarise(generated).sd == 0.0) return std::nullopt;
    const Spread intra = spread(real, real, true);
    const Spread inter = spread(real, generated, false);
    if (intra.bandwidth == 0.0 || inter.bandwidth == 0.0) return std::nullopt;

    DistanceDensities result;
    result.low =
        std::min(intra.low - kReach * intra.bandwidth, inter.low - kReach * inter.bandwidth);
    const double high =
        std::max(intra.high + kReach * intra.bandwidth, inter.high + kReach * inter.bandwidth);
    result.step = (high - result.low) / static_cast<double>(kPoints - 1);

    const auto density = [&](std::span<const double> other, bool leave_one_out, double bandwidth) {
        std::vector<double> bins(kPoints, 0.0);
        for_distances(real, other, leave_one_out, [&](double d) {
            const double place = (d - result.low) / result.step;
            const std::size_t i = std::min(static_cast<std::size_t>(place), kPoints - 2);
            const double right = place - static_cast<double>(i);
            bins[i] += 1.0 - right;
            bins[i + 1] += right;
        });
        const double width = bandwidth / result.step;  // in grid points
        std::vector<double> kernel(std::min(kPoints, static_cast<std::size_t>(kReach * width) + 1));
        for (std::size_t k = 0; k < kernel.size(); ++k) {
            const double u = static_cast<double>(k) / width;
            kernel[k] = std::exp(-0.5 * u * u);
        }
        std::vector<double> sum(kPoints, 0.0);
        for (std::size_t i = 0; i < kPoints; ++i) {
            if (bins[i] == 0.0) continue;  // metrics that count things fill few bins
            for (std::size_t k = 0; k < kernel.size() && i + k < kPoints; ++k)
                sum[i + k] += bins[i] * kernel[k];
            for (std::size_t k = 1; k < kernel.size() && k <= i; ++k)
                sum[i - k] += bins[i] * kernel[k];
        }
        double total = 0.0;
        for (const double s : sum) total += s;
        for (double& s : sum) s /= total * result.step;
        return sum;
    };
    result.intra = density(real, true, intra.bandwidth);
    result.inter = density(generated, false, inter.bandwidth);
    return result;
}

/// The comparison of two sets in one metric. Songs that do not have the metric are left out of it.
struct MetricComparison {
    Summary real;
    Summary generated;
    /// 0 also where there are no densities (`distance_densities`): a collapsed generator scores 0.
    double overlap_area = 0.0;
    std::optional<double> kl_divergence;  ///< empty where there are no densities
    std::optional<double> wasserstein;    ///< empty where a set has no values
    /// Empty where a set has no values, and where all real values are equal and the means differ
    /// (the quotient would be infinite). Equal means always have a gap of 0.
    std::optional<double> gap;
};

/// Compares the values of two sets in one metric. Never throws for any finite values.
[[nodiscard]] inline MetricComparison compare_values(std::span<const double> real,
                                                     std::span<const double> generated) {
    MetricComparison result;
    result.real = summarise(real);
    result.generated = summarise(generated);
    if (real.empty() || generated.empty()) return result;
    if (const auto densities = distance_densities(real, generated)) {
        result.overlap_area = overlap_area(densities->intra, densities->inter, densities->step);
        result.kl_divergence = kl_divergence(densities->intra, densities->inter, densities->step);
    }
    result.wasserstein =
        wasserstein_1({real.begin(), real.end()}, {generated.begin(), generated.end()});
    const double difference = std::abs(*result.real.mean - *result.generated.mean);
    if (difference == 0.0) {
        result.gap = 0.0;
    } else if (*result.real.sd > 0.0) {
        result.gap = difference / *result.real.sd;
    }
    return result;
}

/// Two sets of songs compared in every metric.
struct SetComparison {
    std::array<MetricComparison, kMetrics.size()> metrics;  ///< in the order of `kMetrics`
    /// Over the six metrics without `notes`, which says what was asked for, not what was learned.
    double mean_overlap_area = 0.0;
    std::optional<double> mean_gap;  ///< over those of the six that have a gap; empty for none
    std::optional<double> longest_run_real;       ///< mean over the songs; empty for no songs
    std::optional<double> longest_run_generated;  ///< mean over the songs; empty for no songs
    std::size_t songs_real = 0;
    std::size_t songs_generated = 0;

    /// The comparison in one metric.
    [[nodiscard]] const MetricComparison& operator[](Metric metric) const noexcept {
        return metrics[static_cast<std::size_t>(metric)];
    }
};

/// Compares two sets of songs. Any sizes, none included. Cut the real songs first (`random_crops`).
[[nodiscard]] inline SetComparison compare(std::span<const SongMetrics> real,
                                           std::span<const SongMetrics> generated) {
    SetComparison result;
    result.songs_real = real.size();
    result.songs_generated = generated.size();

    const auto values = [](std::span<const SongMetrics> songs, Metric metric) {
        std::vector<double> found;
        found.reserve(songs.size());
        for (const SongMetrics& song : songs)
            if (const std::optional<double> x = value(song, metric)) found.push_back(*x);
        return found;
    };
    double overlaps = 0.0, gaps = 0.0;
    int count = 0, gap_count = 0;
    for (const Metric metric : kMetrics) {
        MetricComparison& comparison = result.metrics[static_cast<std::size_t>(metric)];
        comparison = compare_values(values(real, metric), values(generated, metric));
        if (metric == Metric::notes) continue;
        overlaps += comparison.overlap_area;
        ++count;
        if (comparison.gap) {
            gaps += *comparison.gap;
            ++gap_count;
        }
    }
    result.mean_overlap_area = overlaps / count;
    if (gap_count > 0) result.mean_gap = gaps / gap_count;

    const auto mean_run = [](std::span<const SongMetrics> songs) -> std::optional<double> {
        if (songs.empty()) return std::nullopt;
        double sum = 0.0;
        for (const SongMetrics& song : songs) sum += static_cast<double>(song.longest_run);
        return sum / static_cast<double>(songs.size());
    };
    result.longest_run_real = mean_run(real);
    result.longest_run_generated = mean_run(generated);
    return result;
}

}  // namespace mgan::inline MGAN_ABI::metrics
