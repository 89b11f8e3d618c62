#pragma once
/// \file
/// From noise to songs: a generator, its codec, and the loop between them.
///
/// After each event the loop rounds it to what will be played (`quantise`), tells the listener, and
/// feeds both back. The noise of song i is a function of (seed, i) only, so song 7 is the same
/// whether it is generated alone or among a thousand.

#include <mgan/core/parallel.hpp>
#include <mgan/core/random.hpp>
#include <mgan/generation/feedback.hpp>
#include <mgan/generation/song_count.hpp>
#include <mgan/models/generator.hpp>

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// All that determines the notes of a song: uniform numbers on [0, 1) and a style.
struct SongSource {
    std::vector<double> first;  ///< for the event before the first: F
    std::vector<double> noise;  ///< step after step: T' Z
    encoding::Style style{};
};

/// A point between two numbers of [0, 1), at a in [0, 1], that is uniform if they are.
///
/// A straight line between uniform numbers does not stay uniform: half way, all songs would crowd
/// around 1/2, and with quantile noise every event would be near the median. So both become normal
/// numbers, which stay normal when mixed with weights whose squares add up to 1:
///
///     u = Phi( cos(a pi/2) Phi^-1(u_0)  +  sin(a pi/2) Phi^-1(u_1) )
[[nodiscard]] inline double between_uniform(double from, double to, double a) noexcept {
    constexpr double kQuarterTurn = 1.5707963267948966, kHalfRoot = 0.7071067811865476;
    constexpr double kEdge = 0x1.0p-53;  // Phi^-1 needs numbers inside (0, 1)
    const double x =
        std::cos(a * kQuarterTurn) * inverse_normal_cdf(std::clamp(from, kEdge, 1.0 - kEdge)) +
        std::sin(a * kQuarterTurn) * inverse_normal_cdf(std::clamp(to, kEdge, 1.0 - kEdge));
    return std::min(0.5 * std::erfc(-x * kHalfRoot), 1.0 - kEdge);
}

/// Generates songs. Refers to all that it is given.
template <typename Scalar>
struct SongSampler {
    const Generator<Scalar>& generator;
    const encoding::Codec& codec;
    const encoding::ContextSettings& context;
    std::span<const encoding::Style> styles;  ///< each song draws one; empty: all zero
    NoiseRange noise;
    bool quantise = true;  ///< events are fed back as they will be played

    /// Songs that are computed together. Does not affect the result.
    static constexpr Index kGroup = 10;

    /// Song `number` of a seed: drawn from `Random(seed, "song", number)`.
    [[nodiscard]] SongSource source(std::uint64_t seed, std::uint64_t number, Index length) const {
        const GeneratorSettings& config = generator.settings();
        const Random random(seed, "song", number);
        std::uint64_t drawn = 0;
        SongSource source;
        source.first.resize(static_cast<std::size_t>(config.features));
        for (double& x : source.first) x = random.uniform(drawn++);
        source.noise.resize(
            static_cast<std::size_t>(generator.noise_path.plane_steps(length) * config.noise));
        for (double& x : source.noise) x = random.uniform(drawn++);
        if (!styles.empty())
            source.style = styles[Random(seed, "style", number).integer(0, styles.size())];
        return source;
    }

    /// `count` songs of `length` events, from song number `first` on. Songs are computed in groups,
    /// `threads` at a time; neither changes their notes.
    [[nodiscard]] std::vector<midi::Song> songs(Index count, Index length, std::uint64_t seed,
                                                int threads, Index first = 0) const {
        return songs_from(count, length, threads, [&](Index number) {
            return source(seed, static_cast<std::uint64_t>(first + number), length);
        });
    }

    /// `count` songs from song 0 of `seed` to song 1, at equal steps; the ends are those songs.
    /// Numbers go by `between_uniform`, styles along a straight line. Throws ConfigError if count
    /// is below 2.
    [[nodiscard]] std::vector<midi::Song> interpolate(Index count, Index length, std::uint64_t seed,
                                                      int threads) const {
        require<ConfigError>(count >= 2, "interpolation: ", count,
                             " songs; it takes at least 2, its ends");
        require_possible_songs(count, length);
        const SongSource begin = source(seed, 0, length), end = source(seed, 1, length);
        return songs_from(count, length, threads, [&](Index number) {
            if (number == 0) return begin;
            if (number == count - 1) return end;
            const double a = static_cast<double>(number) / static_cast<double>(count - 1);
            SongSource mixed = begin;
            for (std::size_t i = 0; i < begin.first.size(); ++i)
                mixed.first[i] = between_uniform(begin.first[i], end.first[i], a);
            for (std::size_t i = 0; i < begin.noise.size(); ++i)
                mixed.noise[i] = between_uniform(begin.noise[i], end.noise[i], a);
            for (std::size_t i = 0; i < encoding::kStyle; ++i)
                mixed.style[i] = (1.0 - a) * begin.style[i] + a * end.style[i];
            return mixed;
        });
    }

private:
    template <typename Source>
    [[nodiscard]] std::vector<midi::Song> songs_from(Index count, Index length, int threads,
                                                     Source&& source_of) const {
        require_possible_songs(count, length);
        std::vector<midi::Song> songs(static_cast<std::size_t>(count));
        parallel_for(shard_count(count, kGroup), threads, [&](std::ptrdiff_t group) {
            const Index begin = group * kGroup, batch = std::min(count, begin + kGroup) - begin;
            std::vector<SongSource> sources;
            for (Index b = 0; b < batch; ++b) sources.push_back(source_of(begin + b));
            const auto events = play(sources, length);
            for (Index b = 0; b < batch; ++b) {
                songs[static_cast<std::size_t>(begin + b)] =
                    codec.decode(events[static_cast<std::size_t>(b)]);
            }
        });
        return songs;
    }

    /// The events of a group of songs.
    [[nodiscard]] std::vector<encoding::Events<Scalar>> play(const std::vector<SongSource>& sources,
                                                             Index length) const {
        const GeneratorSettings& config = generator.settings();
        const auto batch = static_cast<Index>(sources.size());
        Matrix<Scalar> first = Matrix<Scalar>::Zero(config.features + config.context, batch);
        Sequence<Scalar> plane(generator.noise_path.plane_steps(length), batch, config.noise);
        std::vector<encoding::Style> chosen;
        for (Index b = 0; b < batch; ++b) {
            const SongSource& source = sources[static_cast<std::size_t>(b)];
            for (Index f = 0; f < config.features; ++f)
                first(f, b) = static_cast<Scalar>(source.first[static_cast<std::size_t>(f)]);
            auto drawn = source.noise.begin();
            for (Index t = 0; t < plane.steps(); ++t) {
                for (Index f = 0; f < config.noise; ++f) {
                    plane(t, b, f) =
                        static_cast<Scalar>(std::fma(noise.high - noise.low, *drawn++, noise.low));
                }
            }
            chosen.push_back(source.style);
        }
        CodecFeedback<Scalar> feedback(codec, context, quantise);
        feedback.reset(chosen);
        feedback.write_first(first);
        typename NoisePath<Scalar>::Cache path;
        const SequenceView<const Scalar> w =
            generator.prepare_long_noise(std::as_const(plane).view(), path);
        typename Generator<Scalar>::Stream stream;
        generator.start(stream, first, length);
        std::vector<encoding::Events<Scalar>> events(sources.size());
        for (Index t = 0; t < length; ++t) {
            const Matrix<Scalar>& y = generator.step(w.step(t), plane.step(t), stream);
            for (Index b = 0; b < batch; ++b) {
                encoding::Event<Scalar> event;
                for (std::size_t f = 0; f < encoding::kFeatures; ++f)
                    event[f] = y(static_cast<Index>(f), b);
                events[static_cast<std::size_t>(b)].push_back(event);
            }
            feedback(t, y, generator.fed_back(stream), generator.context(stream));
        }
        return events;
    }
};

/// `count` songs of `length` events, from song number `number` on: see SongSampler.
template <typename Scalar>
[[nodiscard]] std::vector<midi::Song> sample_songs(const Generator<Scalar>& generator,
                                                   const encoding::Codec& codec,
                                                   const encoding::ContextSettings& context,
                                                   std::span<const encoding::Style> styles,
                                                   NoiseRange noise, bool quantise, Index count,
                                                   Index length, std::uint64_t seed, int threads,
                                                   Index number = 0) {
    return SongSampler<Scalar>{generator, codec, context, styles, noise, quantise}.songs(
        count, length, seed, threads, number);
}

}  // namespace mgan::inline MGAN_ABI
