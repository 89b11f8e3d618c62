#pragma once
/// \file
/// Songs by a step-quantile generator: listener, net and noise in one loop.
///
/// Song `number` of a seed is a function of these two alone, whatever is made beside it:
///
///     style, first phase    those of a training crop, drawn by (seed, number)
///     z_tk                  uniform, by (seed, number, t C + k): component k of event t is
///                           F^-1(z_tk)
///
/// Every component has a temperature. Below 1, what is likely becomes likelier: a net that learnt
/// from few songs gives small probabilities to too many values.
///
/// The loop brake. A net that copies can fall into a circle, and the longer it turns the surer it
/// is. So the temperature of the pitch rises once a song has more repetitions (pairs of equal pitch
/// triples, r) than its style asks for (a):
///
///     T_pitch (1 + 1.5 clip(log(1 + r) - log(1 + 1.3 a + 8), 0, 1))

#include <mgan/core/parallel.hpp>
#include <mgan/core/random.hpp>
#include <mgan/generation/step_columns.hpp>
#include <mgan/models/step_generator.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// What a new song may begin from: the style of a training crop, and where in the bar it began.
struct StepStart {
    encoding::StepStyle style{};
    std::int32_t phase = 0;
};

/// How distributions are sharpened when songs are played, and how loops are braked.
struct StepTemperatures {
    double time = 0.9;  ///< of move, gap and length
    double pitch = 0.9;
    double velocity = 0.9;  ///< and of labels
    double brake = 1.5;     ///< 0: none
};

/// Makes songs; refers to all that it is given.
template <typename Scalar>
struct StepSampler {
    const StepGenerator<Scalar>& generator;
    const encoding::StepVocabulary& vocabulary;
    const encoding::StyleScale& scale;
    std::span<const StepStart> starts;  ///< each song draws one; none: the mean style
    StepTemperatures temperatures;

    /// Songs that are computed side by side. Does not affect the result.
    static constexpr Index kGroup = 10;

    /// `count` songs of `length` notes (a few less where the model strikes keys twice at once).
    /// Songs are computed in groups, `threads` at a time; neither changes their notes.
    [[nodiscard]] std::vector<midi::Song> songs(Index count, Index length, std::uint64_t seed,
                                                int threads) const {
        std::vector<midi::Song> songs(static_cast<std::size_t>(count));
        parallel_for(shard_count(count, kGroup), threads, [&](std::ptrdiff_t group) {
            const Index begin = group * kGroup, batch = std::min(count, begin + kGroup) - begin;
            const auto events = play(begin, batch, length + length / 8 + 2, seed);
            for (Index b = 0; b < batch; ++b) {
                const auto song = static_cast<std::size_t>(begin + b);
                songs[song] =
                    encoding::song_of(events[static_cast<std::size_t>(b)], vocabulary,
                                      start_of(seed, begin + b).phase % vocabulary.quarter_steps());
                if (static_cast<Index>(songs[song].notes.size()) > length)
                    songs[song].notes.resize(static_cast<std::size_t>(length));
            }
        });
        return songs;
    }

    /// What song `number` of a seed begins from.
    [[nodiscard]] StepStart start_of(std::uint64_t seed, Index number) const {
        if (starts.empty()) return {scale.mean, 0};
        const Random random(seed, "style", static_cast<std::uint64_t>(number));
        return starts[random.integer(0, starts.size())];
    }

    /// The events of songs first .. first + batch - 1.
    [[nodiscard]] std::vector<std::vector<encoding::StepEvent>> play(Index first, Index batch,
                                                                     Index count,
                                                                     std::uint64_t seed) const {
        const StepShape& shape = generator.shape();
        const auto songs = static_cast<std::size_t>(batch);
        std::vector<encoding::StepListener> listeners;
        std::vector<Random> noise;
        for (Index b = 0; b < batch; ++b) {
            const StepStart start = start_of(seed, first + b);
            listeners.emplace_back(vocabulary, scale).reset(start.style, start.phase);
            noise.emplace_back(seed, "step noise", static_cast<std::uint64_t>(first + b));
        }
        std::vector<std::vector<encoding::StepEvent>> events(songs);
        typename StepGenerator<Scalar>::Stream stream;
        generator.start(stream, batch, count);
        StepInputs<Scalar> in;
        in.resize(shape, batch);
        encoding::StepContext context;
        std::vector<RealOf<Scalar>> sharpness(songs);
        const auto gap = static_cast<Index>(encoding::StepVocabulary::gap());
        for (Index t = 0; t < count; ++t) {
            for (Index b = 0; b < batch; ++b) {
                listeners[static_cast<std::size_t>(b)].context(context);
                put_context(context, t == 0, shape, b, in);
            }
            generator.listen(in, {}, stream);
            for (Index k = 0; k < shape.count(); ++k) {
                for (std::size_t b = 0; b < songs; ++b)
                    sharpness[b] = static_cast<RealOf<Scalar>>(1.0 / temperature(k, listeners[b]));
                generator.draw(
                    in, k,
                    [&](Index b) {
                        return noise[static_cast<std::size_t>(b)].uniform(
                            static_cast<std::uint64_t>(t * shape.count() + k));
                    },
                    std::span<const RealOf<Scalar>>(sharpness), stream);
                for (Index b = 0; b < batch; ++b) {
                    const auto song = static_cast<std::size_t>(b);
                    if (k == 0) {
                        if (t == 0) in.value(b, 0) = 1;
                        put_arrival(listeners[song].after(in.value(b, 0)), b, in);
                    }
                    // Notes of a chord share the gap.
                    if (k == gap && in.value(b, 0) == 0)
                        in.value(b, k) = events[song].back().value[encoding::StepVocabulary::gap()];
                }
            }
            for (Index b = 0; b < batch; ++b) {
                const auto song = static_cast<std::size_t>(b);
                events[song].push_back(event_of(in, shape, b));
                listeners[song].hear(events[song].back());
            }
        }
        return events;
    }

private:
    [[nodiscard]] double temperature(Index k, const encoding::StepListener& listener) const {
        switch (generator.shape().components[static_cast<std::size_t>(k)].kind) {
            case StepKind::move:
            case StepKind::gap:
            case StepKind::length:
                return temperatures.time;
            case StepKind::pitch: {
                constexpr auto kAxis = static_cast<std::size_t>(encoding::StyleAxis::repetitions);
                const double asked = std::expm1(listener.asked()[kAxis]);
                const double over =
                    std::log1p(listener.meter().repetitions()) - std::log1p(1.3 * asked + 8.0);
                return temperatures.pitch * (1.0 + temperatures.brake * std::clamp(over, 0.0, 1.0));
            }
            case StepKind::velocity:
            case StepKind::label:
                return temperatures.velocity;
        }
        return 1.0;
    }
};

}  // namespace mgan::inline MGAN_ABI
