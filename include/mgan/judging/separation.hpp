#pragma once
/// \file
/// How well scores separate two sets: balanced accuracy, AUC, and how far both can be trusted.
///
///     balanced accuracy   mean of the shares of real and of generated windows that are judged
///                         right (score > 0: real); .5 is chance
///     AUC                 probability that a real window scores higher than a generated one, ties
///                         counted half (Hanley and McNeil 1982); .5 is chance
///     interval            95 % by bootstrap over *songs* (Efron 1979): several windows of one
///                         song are not independent, so songs are drawn with replacement, with
///                         all their windows

#include <mgan/core/random.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <span>
#include <vector>

namespace mgan::inline MGAN_ABI::judging {

/// A window that was judged: its score, whether it is real, and the song it comes from (numbers of
/// songs of one side).
struct JudgedWindow {
    double score = 0.0;
    bool real = false;
    std::size_t song = 0;
};

/// Shares of the windows of each side that are judged right.
struct SharesRight {
    double real = 0.0;
    double generated = 0.0;
    [[nodiscard]] double balanced() const noexcept { return (real + generated) / 2.0; }
};
[[nodiscard]] inline SharesRight shares_right(std::span<const JudgedWindow> windows) {
    double right[2] = {0.0, 0.0}, all[2] = {0.0, 0.0};
    for (const JudgedWindow& window : windows) {
        all[window.real ? 1 : 0] += 1.0;
        right[window.real ? 1 : 0] += (window.score > 0.0) == window.real ? 1.0 : 0.0;
    }
    return {all[1] > 0.0 ? right[1] / all[1] : 0.0, all[0] > 0.0 ? right[0] / all[0] : 0.0};
}

/// The AUC of two samples of scores. 0.5 if one of them is empty.
[[nodiscard]] inline double auc(std::span<const double> real, std::span<const double> generated) {
    if (real.empty() || generated.empty()) return 0.5;
    std::vector<double> sorted(generated.begin(), generated.end());
    std::sort(sorted.begin(), sorted.end());
    double above = 0.0;
    for (const double score : real) {
        const auto [first, last] = std::equal_range(sorted.begin(), sorted.end(), score);
        above +=
            static_cast<double>(first - sorted.begin()) + 0.5 * static_cast<double>(last - first);
    }
    return above / (static_cast<double>(real.size()) * static_cast<double>(generated.size()));
}
[[nodiscard]] inline double auc(std::span<const JudgedWindow> windows) {
    std::vector<double> real, generated;
    for (const JudgedWindow& window : windows)
        (window.real ? real : generated).push_back(window.score);
    return auc(real, generated);
}

/// What a judge found.
struct Verdict {
    double accuracy = 0.5;  ///< balanced
    double low = 0.0;       ///< of the 95 % interval of the accuracy
    double high = 1.0;
    double auc = 0.5;
    SharesRight right;
};

/// The verdict of `windows`, with the bootstrap of `resamples` sets of songs.
[[nodiscard]] inline Verdict verdict(std::span<const JudgedWindow> windows, std::uint64_t seed = 0,
                                     std::size_t resamples = 1000) {
    Verdict result;
    result.right = shares_right(windows);
    result.accuracy = result.right.balanced();
    result.auc = auc(windows);

    struct Counts {
        double right = 0.0, all = 0.0;
    };
    std::vector<Counts> songs[2];
    std::map<std::size_t, std::size_t> place[2];
    for (const JudgedWindow& window : windows) {
        const std::size_t side = window.real ? 1 : 0;
        const std::size_t at = place[side].emplace(window.song, songs[side].size()).first->second;
        if (at == songs[side].size()) songs[side].emplace_back();
        songs[side][at].all += 1.0;
        songs[side][at].right += (window.score > 0.0) == window.real ? 1.0 : 0.0;
    }
    if (songs[0].empty() || songs[1].empty() || resamples == 0) return result;
    std::vector<double> accuracies;
    for (std::size_t k = 0; k < resamples; ++k) {
        const Random random(seed, "bootstrap", k);
        double share = 0.0;
        std::uint64_t drawn = 0;
        for (const std::vector<Counts>& side : songs) {
            Counts sum;
            for (std::size_t i = 0; i < side.size(); ++i) {
                const Counts& song = side[random.integer(drawn++, side.size())];
                sum.right += song.right;
                sum.all += song.all;
            }
            share += sum.right / sum.all / 2.0;
        }
        accuracies.push_back(share);
    }
    std::sort(accuracies.begin(), accuracies.end());
    const auto quantile = [&](double level) {  // linear between neighbours
        const double at = level * static_cast<double>(accuracies.size() - 1);
        const auto below = static_cast<std::size_t>(at);
        const std::size_t above = std::min(below + 1, accuracies.size() - 1);
        return std::lerp(accuracies[below], accuracies[above], at - std::floor(at));
    };
    result.low = quantile(0.025);
    result.high = quantile(0.975);
    return result;
}

}  // namespace mgan::inline MGAN_ABI::judging
