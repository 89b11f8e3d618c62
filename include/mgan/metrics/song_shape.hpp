#pragma once
/// \file
/// What only shows over minutes: whether bars return, whether a song drifts, how it ends.
///
/// Of a song without drums, on a grid of 1/4 quarter:
///
///     bar q          what begins in the four quarters from quarter q on, as (onset from q, pitch):
///                    one for every q whose four quarters the song has, as bars have no mark
///     alike          A and B of three notes or more are if #(A and B) >= 0.8 max(#A, #B)
///     returning      share of bars (of three notes or more) that are alike one 4 to 256 quarters
///                    before
///     returning at d share of bars that are alike the one d quarters before, of those that have
///                    one there
///     first, last    the first and the last 100 notes: notes a quarter, mean pitch, mean velocity
///     last length    of the longest note of the last onset, in medians of all lengths
///     ends at home   whether the lowest note of the last onset is the root of a major or minor
///                    scale that holds as many notes as any scale does

#include <mgan/metrics/song_metrics.hpp>
#include <mgan/midi/song.hpp>
#include <mgan/midi/sounding_notes.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI::metrics {

/// Quarters at which returns are counted one by one.
inline constexpr std::array<std::int64_t, 6> kReturnDistances = {4, 8, 12, 16, 32, 64};

/// Notes of a song's first and last stretch.
inline constexpr std::size_t kStretch = 100;

/// A stretch of a song in the mean.
struct Stretch {
    double density = 0.0;  ///< notes a quarter
    double pitch = 0.0;
    double velocity = 0.0;

    friend bool operator==(const Stretch&, const Stretch&) = default;
};

struct SongShape {
    std::int64_t bars = 0;            ///< of three notes or more
    std::optional<double> returning;  ///< share; none without a bar 4 quarters after the first
    std::array<std::optional<double>, kReturnDistances.size()> returning_at{};
    std::optional<Stretch> first, last;  ///< of songs of 200 notes or more
    std::optional<double> last_length;
    std::optional<bool> ends_at_home;

    friend bool operator==(const SongShape&, const SongShape&) = default;
};

namespace shape_detail {

using Bar = std::vector<std::pair<std::int64_t, int>>;  ///< (onset in grid steps, pitch), sorted

inline constexpr std::int64_t kGrid = midi::kTicksPerQuarter / 4;
inline constexpr std::int64_t kQuarters = 4, kFurthest = 256;
inline constexpr std::size_t kLeast = 3;

[[nodiscard]] inline bool alike(const Bar& a, const Bar& b) noexcept {
    const std::size_t most = std::max(a.size(), b.size()), least = std::min(a.size(), b.size());
    if (least < kLeast || 5 * least < 4 * most) return false;
    std::size_t both = 0;
    for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
        if (a[i] == b[j]) ++both;
        const bool a_first = a[i] <= b[j], b_first = b[j] <= a[i];
        if (a_first) ++i;
        if (b_first) ++j;
    }
    return 5 * both >= 4 * most;
}

/// The grid step of a note's onset.
[[nodiscard]] inline std::int64_t step(const midi::Note& note) noexcept {
    return (note.onset + kGrid / 2) / kGrid;
}

/// Bar q for every quarter from the first note on, as far as there are four.
[[nodiscard]] inline std::vector<Bar> bars_of(std::span<const midi::Note> notes) {
    const std::int64_t first = step(notes.front()) / 4, last = step(notes.back()) / 4;
    // A silence of hours would make millions of empty bars; it says nothing.
    const std::int64_t count = std::clamp<std::int64_t>(last - first + 2 - kQuarters, 0, 100'000);
    std::vector<Bar> bars(static_cast<std::size_t>(count));
    for (const midi::Note& note : notes) {
        const std::int64_t onset = step(note) - 4 * first;
        for (std::int64_t q = onset / 4; q > onset / 4 - kQuarters && q >= 0; --q)
            if (q < count)
                bars[static_cast<std::size_t>(q)].emplace_back(onset - 4 * q, note.pitch);
    }
    for (Bar& bar : bars) {
        std::sort(bar.begin(), bar.end());
        bar.erase(std::unique(bar.begin(), bar.end()), bar.end());
    }
    return bars;
}

[[nodiscard]] inline Stretch stretch_of(std::span<const midi::Note> notes) {
    Stretch mean;
    for (const midi::Note& note : notes) {
        mean.pitch += note.pitch;
        mean.velocity += note.velocity;
    }
    const auto count = static_cast<double>(notes.size());
    mean.pitch /= count;
    mean.velocity /= count;
    const std::int64_t ticks = std::max<std::int64_t>(1, notes.back().onset - notes.front().onset);
    mean.density = count * static_cast<double>(midi::kTicksPerQuarter) / static_cast<double>(ticks);
    return mean;
}

}  // namespace shape_detail

/// The shape of a song. Empty songs are no error. O(n log n + 256 quarters x notes a bar).
[[nodiscard]] inline SongShape shape_of(const midi::Song& song) {
    namespace detail = shape_detail;
    SongShape shape;
    std::vector<midi::Note> notes = midi::sounding_notes(song);
    if (notes.empty()) return shape;
    std::sort(notes.begin(), notes.end(), midi::note_order);

    const std::vector<detail::Bar> bars = detail::bars_of(notes);
    std::int64_t could = 0, returned = 0;
    std::array<std::int64_t, kReturnDistances.size()> could_at{}, returned_at{};
    const auto count = static_cast<std::int64_t>(bars.size());
    for (std::int64_t q = 0; q < count; ++q) {
        const detail::Bar& bar = bars[static_cast<std::size_t>(q)];
        if (bar.size() < detail::kLeast) continue;
        ++shape.bars;
        bool returns = false;
        const std::int64_t furthest = std::min(q, detail::kFurthest);
        for (std::int64_t d = detail::kQuarters; d <= furthest && !returns; ++d)
            returns = detail::alike(bar, bars[static_cast<std::size_t>(q - d)]);
        could += furthest >= detail::kQuarters ? 1 : 0;
        returned += returns ? 1 : 0;
        for (std::size_t i = 0; i < kReturnDistances.size(); ++i) {
            const std::int64_t d = kReturnDistances[i];
            if (d > q) continue;
            ++could_at[i];
            returned_at[i] += detail::alike(bar, bars[static_cast<std::size_t>(q - d)]) ? 1 : 0;
        }
    }
    const auto share = [](std::int64_t part, std::int64_t whole) {
        return whole > 0 ? std::optional(static_cast<double>(part) / static_cast<double>(whole))
                         : std::nullopt;
    };
    shape.returning = share(returned, could);
    for (std::size_t i = 0; i < kReturnDistances.size(); ++i)
        shape.returning_at[i] = share(returned_at[i], could_at[i]);

    if (notes.size() >= 2 * kStretch) {
        shape.first = detail::stretch_of(std::span(notes).first(kStretch));
        shape.last = detail::stretch_of(std::span(notes).last(kStretch));
    }

    std::vector<std::int64_t> lengths;
    std::int64_t longest = 0;
    int lowest = 127;
    for (const midi::Note& note : notes) {
        lengths.push_back(note.length);
        if (detail::step(note) < detail::step(notes.back())) continue;
        longest = std::max(longest, note.length);
        lowest = std::min(lowest, note.pitch);
    }
    const auto middle = lengths.begin() + static_cast<std::ptrdiff_t>(lengths.size() / 2);
    std::nth_element(lengths.begin(), middle, lengths.end());
    shape.last_length =
        static_cast<double>(longest) / static_cast<double>(std::max<std::int64_t>(1, *middle));
    const PitchClassCounts classes = count_pitch_classes(notes);
    shape.ends_at_home = most_in_scales_on(static_cast<std::size_t>(lowest % 12), classes) ==
                         most_in_one_scale(classes);
    return shape;
}

}  // namespace mgan::inline MGAN_ABI::metrics
