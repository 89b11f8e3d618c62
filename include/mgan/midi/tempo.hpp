#pragma once
/// \file
/// Ticks to seconds, along a song's tempo map.
///
///     seconds(tick) = sum over the spans of constant tempo of
///                     ticks in the span * microseconds per quarter * 1e-6 / 384

#include <mgan/midi/song.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mgan::inline MGAN_ABI::midi {

/// The tempo before the first change: 120 quarters a minute, in microseconds a quarter.
inline constexpr std::int64_t kDefaultTempo = 500'000;

/// Walks along a tempo map once, for ticks that never go back. The map must outlive it.
class TempoWalk {
public:
    explicit TempoWalk(std::span<const TempoChange> map) noexcept : map_(map) {}
    template <std::same_as<std::vector<TempoChange>> Temporary>
    explicit TempoWalk(Temporary&&) = delete;

    /// Seconds from tick 0 to `tick`, which must not be before that of the last call.
    [[nodiscard]] double seconds(std::int64_t tick) noexcept {
        while (next_ < map_.size() && map_[next_].tick <= tick) {
            advance(map_[next_].tick);
            tempo_ = map_[next_++].microseconds_per_quarter;
        }
        return seconds_ + span_seconds(tick - tick_);
    }

private:
    [[nodiscard]] double span_seconds(std::int64_t ticks) const noexcept {
        return static_cast<double>(ticks) * static_cast<double>(tempo_) * 1e-6 /
               static_cast<double>(kTicksPerQuarter);
    }
    void advance(std::int64_t tick) noexcept {
        if (tick <= tick_) return;
        seconds_ += span_seconds(tick - tick_);
        tick_ = tick;
    }

    std::span<const TempoChange> map_;
    std::size_t next_ = 0;
    std::int64_t tick_ = 0, tempo_ = kDefaultTempo;
    double seconds_ = 0.0;
};

/// Seconds from tick 0 to the end of the last note.
[[nodiscard]] inline double duration(const Song& song) noexcept {
    std::int64_t end = 0;
    for (const Note& note : song.notes) end = std::max(end, note.onset + note.length);
    return TempoWalk(song.tempo).seconds(end);
}

}  // namespace mgan::inline MGAN_ABI::midi
