#pragma once
/// \file
/// Evaluation: how close generated songs come to real ones, by numbers.

#include <mgan/core/random.hpp>
#include <mgan/metrics/crop.hpp>
#include <mgan/metrics/set_comparison.hpp>
#include <mgan/midi/sounding_notes.hpp>

namespace mgan::inline MGAN_ABI {

/// Real songs to compare generated ones with: `copies` random crops of `length` notes of each song
/// of a part.
[[nodiscard]] inline std::vector<metrics::SongMetrics> measure_real(
    const std::vector<midi::Song>& songs, const std::vector<std::size_t>& part, std::size_t length,
    std::size_t copies, std::uint64_t seed) {
    std::vector<metrics::SongMetrics> measured;
    for (std::size_t copy = 0; copy < copies; ++copy) {
        const Random random(seed, "reference crop", copy);
        for (const std::size_t index : part) {
            const std::size_t size = midi::sounding_notes(songs[index]).size();
            const std::size_t begin = size > length ? random.integer(index, size - length + 1) : 0;
            measured.push_back(metrics::compute(metrics::crop(songs[index], begin, length)));
        }
    }
    return measured;
}

/// The score by which the generator to keep is chosen; higher is better. Overlap areas alone are
/// lenient (independent draws from the marginal distributions score 0.82), so the gaps between the
/// means count too.
[[nodiscard]] inline double selection_score(const metrics::SetComparison& comparison) noexcept {
    constexpr double kGapWeight = 0.25;
    return comparison.mean_overlap_area - kGapWeight * comparison.mean_gap.value_or(10.0);
}

}  // namespace mgan::inline MGAN_ABI
