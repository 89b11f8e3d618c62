#pragma once
/// \file
/// Songs by a step-quantile generator, any number of them, on any number of threads.

#include <mgan/core/parallel.hpp>
#include <mgan/generation/song_count.hpp>
#include <mgan/generation/step_particles.hpp>
#include <mgan/generation/step_play.hpp>

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// Makes songs; refers to all that it is given.
template <typename Scalar>
struct StepSampler {
    StepBand<Scalar> band;
    std::span<const StepStart> starts;  ///< each song draws one; none: the mean style
    PlayingSettings playing;

    /// Songs that are computed side by side. Does not affect the result.
    static constexpr Index kGroup = 10;
    /// The same where each has particles.
    [[nodiscard]] Index group() const noexcept { return playing.particles > 1 ? 1 : kGroup; }

    /// `count` songs of `length` notes, from song number `first` on. Songs are computed in groups,
    /// `threads` at a time; neither changes their notes.
    [[nodiscard]] std::vector<midi::Song> songs(Index count, Index length, std::uint64_t seed,
                                                int threads, Index first = 0) const {
        require_possible_songs(count, length);
        std::vector<midi::Song> songs(static_cast<std::size_t>(count));
        const Index size = group();
        parallel_for(shard_count(count, size), threads, [&](std::ptrdiff_t shard) {
            const Index begin = shard * size, batch = std::min(count, begin + size) - begin;
            const auto events = play(first + begin, batch, length, seed);
            for (Index b = 0; b < batch; ++b) {
                const auto song = static_cast<std::size_t>(begin + b);
                songs[song] = encoding::song_of(
                    events[static_cast<std::size_t>(b)], *band.vocabulary,
                    start_of(seed, first + begin + b).phase % band.vocabulary->quarter_steps());
            }
        });
        return songs;
    }

    /// What song `number` of a seed begins from.
    [[nodiscard]] StepStart start_of(std::uint64_t seed, Index number) const {
        if (starts.empty()) return {band.scale->mean, 0};
        const Random random(seed, "style", static_cast<std::uint64_t>(number));
        return starts[random.integer(0, starts.size())];
    }

    /// The events of songs first .. first + batch - 1.
    [[nodiscard]] std::vector<std::vector<encoding::StepEvent>> play(Index first, Index batch,
                                                                     Index count,
                                                                     std::uint64_t seed) const {
        std::vector<StepStart> chosen;
        for (Index b = 0; b < batch; ++b) chosen.push_back(start_of(seed, first + b));
        if (playing.particles > 1) {
            std::vector<std::vector<encoding::StepEvent>> events;
            for (Index b = 0; b < batch; ++b)
                events.push_back(play_particles(band, playing, chosen[static_cast<std::size_t>(b)],
                                                seed, first + b, count, playing.particles));
            return events;
        }
        StepPlay<Scalar> play(band, playing, playing.guide);
        play.start(chosen, seed, static_cast<std::uint64_t>(first), count);
        std::vector<std::vector<encoding::StepEvent>> events(static_cast<std::size_t>(batch));
        for (Index t = 0; t < count; ++t) {
            const std::span<const encoding::StepEvent> next = play.next();
            for (std::size_t b = 0; b < events.size(); ++b) events[b].push_back(next[b]);
        }
        return events;
    }
};

}  // namespace mgan::inline MGAN_ABI
