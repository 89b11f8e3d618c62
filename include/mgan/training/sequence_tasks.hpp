#pragma once
/// \file
/// Sequences that are not music: cut into windows, and what a net may learn of them.
///
/// A recording is a table, a row for each step and a column for each of C channels
/// (io/number_table.hpp). Nets learn from windows of T steps of it,
///
///     x = [T, N, C],     each channel scaled to 0 .. 1:  x = (value - low) / range            (1)
///
/// and two tasks for `Fit` (fit.hpp) say what of. `NextStep`: from x_1 .. x_{t-1} to x_t. With Y
/// the net's outputs and X its inputs, over N samples and the T - 1 steps that have a next one,
///
///     L = mean |y_t - x_{t+1}|^2,  summed over the channels                                   (2)
///
/// `WhichKind`: is this sequence of kind 1? With a the logit after the last step,
///
///     L = mean cross-entropy of sigmoid(a_T)                                                  (3)

#include <mgan/io/number_table.hpp>
#include <mgan/layers/loss.hpp>
#include <mgan/tensor/sequence.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// The lowest value of each channel, and how far it is from there to the highest; equation (1).
struct ChannelScale {
    std::vector<double> low, range;

    [[nodiscard]] double scaled(double value, std::size_t channel) const noexcept {
        return (value - low[channel]) / range[channel];
    }
    [[nodiscard]] double unscaled(double x, std::size_t channel) const noexcept {
        return low[channel] + range[channel] * x;
    }
};

/// Of the first `rows` rows; a channel that never changes has range 1. rows >= 1.
[[nodiscard]] inline ChannelScale channel_scale(const NumberTable& table, std::size_t rows) {
    ChannelScale scale;
    for (std::size_t k = 0; k < table.columns(); ++k) {
        double low = table.at(0, k), high = low;
        for (std::size_t row = 1; row < rows; ++row) {
            low = std::min(low, table.at(row, k));
            high = std::max(high, table.at(row, k));
        }
        scale.low.push_back(low);
        scale.range.push_back(high > low ? high - low : 1.0);
    }
    return scale;
}

/// All windows of `steps` rows that begin `stride` rows apart and end before row `end`: [T, N, C].
/// None reaches over two recordings. Throws DataError if there is none.
[[nodiscard]] inline Sequence<float> windows_of(const NumberTable& table, const ChannelScale& scale,
                                                Index steps, std::size_t end,
                                                std::size_t stride = 1) {
    require<ConfigError>(steps > 0 && stride > 0, "windows_of: windows of ", steps, " steps, ",
                         stride, " rows apart; both must be at least 1");
    const auto length = static_cast<std::size_t>(steps);
    std::vector<std::size_t> first;
    for (std::size_t r = 0; r < table.recordings.size(); ++r) {
        const bool last = r + 1 == table.recordings.size();
        const std::size_t stop = std::min(end, last ? table.rows() : table.recordings[r + 1]);
        for (std::size_t row = table.recordings[r]; row + length <= stop; row += stride)
            first.push_back(row);
    }
    require<DataError>(!first.empty(), "windows_of: no recording has the ", steps,
                       " steps of a window");
    Sequence<float> x(steps, static_cast<Index>(first.size()), static_cast<Index>(table.columns()));
    for (Index t = 0; t < x.steps(); ++t)
        for (Index n = 0; n < x.batch(); ++n)
            for (Index k = 0; k < x.features(); ++k) {
                const auto channel = static_cast<std::size_t>(k);
                const std::size_t row =
                    first[static_cast<std::size_t>(n)] + static_cast<std::size_t>(t);
                x(t, n, k) = static_cast<float>(scale.scaled(table.at(row, channel), channel));
            }
    return x;
}

/// Some samples of x: [T, N, C] to [T, B, C].
inline void take_samples(const Sequence<float>& x, std::span<const std::size_t> samples,
                         Sequence<float>& taken) {
    taken.resize(x.steps(), static_cast<Index>(samples.size()), x.features());
    for (Index t = 0; t < x.steps(); ++t)
        for (std::size_t b = 0; b < samples.size(); ++b)
            taken.step(t).col(static_cast<Index>(b)) =
                x.step(t).col(static_cast<Index>(samples[b]));
}

/// A task for `Fit`: each step from the ones before it, equation (2). The net is a layer over
/// sequences (a chain, say) from C features to C.
template <typename Net>
struct NextStep {
    struct Memory {
        typename Net::Cache cache;
        Sequence<float> x, y, dy;
    };
    Sequence<float> x;  ///< [T, N, C], T >= 2

    [[nodiscard]] std::size_t size() const noexcept { return static_cast<std::size_t>(x.batch()); }

    double learn(const Net& net, std::span<const std::size_t> samples, double share, std::uint64_t,
                 Net& gradients, Memory& m) const {
        take_samples(x, samples, m.x);
        const Index steps = x.steps() - 1;
        for (auto* sequence : {&m.y, &m.dy}) sequence->resize(steps, m.x.batch(), x.features());
        net.forward(std::as_const(m.x).view().steps(0, steps), m.y.view(), m.cache);
        const float loss = squared_error<float>(
            m.y.all(), m.x.range(1, steps), static_cast<float>(share / static_cast<double>(steps)),
            m.dy.all());
        net.backward(std::as_const(m.dy).view(), {}, m.cache, gradients);
        return static_cast<double>(loss);
    }
};

/// A task for `Fit`: whether a sequence is of kind 1, by the logit after its last step, equation
/// (3). The net is a layer over sequences from C features to one.
template <typename Net>
struct WhichKind {
    struct Memory {
        typename Net::Cache cache;
        Sequence<float> x, y, dy;
    };
    Sequence<float> x;        ///< [T, N, C]
    std::vector<float> kind;  ///< 0 or 1, of each of the N

    [[nodiscard]] std::size_t size() const noexcept { return kind.size(); }

    double learn(const Net& net, std::span<const std::size_t> samples, double share, std::uint64_t,
                 Net& gradients, Memory& m) const {
        take_samples(x, samples, m.x);
        for (auto* sequence : {&m.y, &m.dy}) sequence->resize(x.steps(), m.x.batch(), 1);
        m.dy.set_zero();
        net.forward(std::as_const(m.x).view(), m.y.view(), m.cache);
        double loss = 0.0;
        for (std::size_t b = 0; b < samples.size(); ++b) {
            const auto column = static_cast<Index>(b);
            const auto one = logit_cross_entropy(m.y(x.steps() - 1, column, 0), kind[samples[b]]);
            loss += share * static_cast<double>(one.value);
            m.dy(x.steps() - 1, column, 0) = static_cast<float>(share) * one.derivative;
        }
        net.backward(std::as_const(m.dy).view(), {}, m.cache, gradients);
        return loss;
    }
};

}  // namespace mgan::inline MGAN_ABI
