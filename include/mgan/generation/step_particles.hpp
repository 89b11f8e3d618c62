#pragma once
/// \file
/// A song among K that grow side by side: sequential Monte Carlo, with a discriminator to weigh.
///
/// The discriminator's logit l_t estimates log p_real / p_generated of a song's first t events
/// (step_discriminator.hpp). A song that the generator drew, weighed by e^(l_t), counts as one that
/// was drawn from the real ones. So K songs, *particles*, grow with weights
///
///     log w_t = log w_(t-1) + l_t - l_(t-1),      l_0 = 0                                    (1)
///
/// and wherever few of them carry most of the weight,
///
///     1 / sum over k of W_k^2  <  K / 2,      W_k = w_k / sum of all                         (2)
///
/// they are *resampled*: particle k lives on in about K W_k copies (systematic resampling: each
/// count is K W_k rounded up or down, and K W_k in the mean), and all weights are 1 again. Copies
/// go on with different noise. At the end one particle is drawn by its weight. (Gordon, Salmond
/// and Smith 1993; Kitagawa 1996.)
///
/// Unlike candidates for single events (step_play.hpp), particles know what an event leads to; but
/// no note is certain before the song's end. Particle 0 begins as the plain stream.

#include <mgan/generation/step_play.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// How often each particle lives on: counts whose sum is weights.size(). `weights`: of any sum
/// above 0; `level`: from 0 to 1.
[[nodiscard]] inline std::vector<std::size_t> systematic_resampling(std::span<const double> weights,
                                                                    double level) {
    const std::size_t k = weights.size();
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    std::vector<std::size_t> counts(k, 0);
    // Points level, level + 1, ... on a line where each particle has a stretch of K W.
    double below = 0.0;
    std::size_t points = 0;
    for (std::size_t i = 0; i < k; ++i) {
        below += weights[i] / sum * static_cast<double>(k);
        while (points < k && static_cast<double>(points) + level < below) {
            ++counts[i];
            ++points;
        }
    }
    // What rounding has left over.
    counts[static_cast<std::size_t>(std::max_element(weights.begin(), weights.end()) -
                                    weights.begin())] += k - points;
    return counts;
}

/// The events of song `number` of `seed`, the survivor of `particles` ones. `primer`: events that
/// all of them hear first; those that are returned come after them. Throws ConfigError without a
/// discriminator.
template <typename Scalar>
[[nodiscard]] std::vector<encoding::StepEvent> play_particles(
    const StepBand<Scalar>& band, const PlayingSettings& playing, const StepStart& start,
    std::uint64_t seed, Index number, Index length, Index particles,
    std::span<const encoding::StepEvent> primer = {}) {
    constexpr int kParticleBits = 40;  // the noise of particle k is that of song k 2^40 + number
    constexpr Index kEvery = 2;        // events between two looks at (2)
    const auto k = static_cast<std::size_t>(particles);
    const Random random(seed, "step particles", static_cast<std::uint64_t>(number));
    StepPlay<Scalar> play(band, playing, 2);
    play.set_candidates(1);  // the discriminator hears every event, and chooses none
    play.start(std::vector<StepStart>(k, start), seed, static_cast<std::uint64_t>(number),
               length + static_cast<Index>(primer.size()), std::uint64_t{1} << kParticleBits);
    std::vector<std::vector<encoding::StepEvent>> songs(k);
    std::vector<double> logit(k, 0.0), log_weight(k, 0.0), weight(k, 1.0);
    for (const encoding::StepEvent& event : primer)
        play.hear(std::vector<encoding::StepEvent>(k, event));
    if (!primer.empty()) logit.assign(play.logits().begin(), play.logits().end());
    for (Index t = 0; t < length; ++t) {
        const std::span<const encoding::StepEvent> next = play.next();
        for (std::size_t i = 0; i < k; ++i) {
            songs[i].push_back(next[i]);
            const double now = play.logits()[i];
            log_weight[i] += now - logit[i];
            logit[i] = now;
        }
        const double most = *std::max_element(log_weight.begin(), log_weight.end());
        double sum = 0.0, squares = 0.0;
        for (std::size_t i = 0; i < k; ++i) {
            weight[i] = std::exp(log_weight[i] - most);
            sum += weight[i];
            squares += weight[i] * weight[i];
        }
        if (t + 1 == length || (t + 1) % kEvery != 0 ||
            sum * sum / squares >= static_cast<double>(k) / 2.0)
            continue;
        std::vector<std::size_t> counts =
            systematic_resampling(weight, random.uniform(static_cast<std::uint64_t>(t)));
        // Who lives on stays where it is; the second copies take the places of the others.
        std::size_t place = 0;
        for (std::size_t from = 0; from < k; ++from) {
            for (; counts[from] > 1; --counts[from]) {
                while (counts[place] != 0) ++place;
                play.copy_song(static_cast<Index>(from), static_cast<Index>(place));
                songs[place] = songs[from];
                logit[place] = logit[from];
                counts[place] = 1;
            }
        }
        std::fill(log_weight.begin(), log_weight.end(), 0.0);
    }
    const double level = random.uniform(static_cast<std::uint64_t>(length)) *
                         std::accumulate(weight.begin(), weight.end(), 0.0);
    std::size_t chosen = 0;
    for (double below = weight[0]; chosen + 1 < k && level >= below;) below += weight[++chosen];
    return songs[chosen];
}

}  // namespace mgan::inline MGAN_ABI
