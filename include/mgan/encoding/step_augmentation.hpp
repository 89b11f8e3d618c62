#pragma once
/// \file
/// Songs that might have been: a crop an octave higher or lower, louder or softer, in double or
/// half time. Few pieces become more.
///
/// What is changed stays exact music of the vocabulary: half time needs all of a crop's times to be
/// in the lists twice as long, an octave needs the keys; where that fails, the crop stays as it is.
/// Its key does not change: songs stand in white keys (`prepare_steps`), and a net that is told so
/// need not learn twelve of them.

#include <mgan/core/random.hpp>
#include <mgan/encoding/step_events.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace mgan::inline MGAN_ABI::encoding {

/// What is drawn for a crop.
struct StepAugmentation {
    int octaves = 0;     ///< up, -1 .. 1
    int velocities = 0;  ///< places up in the list of velocities, -6 .. 6
    int halvings = 0;    ///< 1: twice as fast, -1: half as fast
};

/// Each of the three with probability `share`, by the random numbers 4 place .. 4 place + 3.
[[nodiscard]] inline StepAugmentation draw_augmentation(const Random& random, std::uint64_t place,
                                                        double share) {
    const std::uint64_t sides = random.bits(4 * place);  // of an octave, of time
    StepAugmentation drawn;
    if (random.uniform(4 * place + 1) < share) drawn.octaves = (sides & 1) != 0 ? 1 : -1;
    if (random.uniform(4 * place + 2) < share) drawn.halvings = (sides & 2) != 0 ? 1 : -1;
    const double level = random.uniform(4 * place + 3);
    if (level < share) drawn.velocities = static_cast<int>(level / share * 13.0) - 6;
    return drawn;
}

/// Changes a crop, as far as the vocabulary has the values.
inline void augment(StepSong& crop, const StepAugmentation& how, const StepVocabulary& vocabulary) {
    if (crop.events.empty()) return;
    const auto ends = [&](std::size_t component) {
        int low = crop.events.front().value[component], high = low;
        for (const StepEvent& event : crop.events) {
            low = std::min(low, int{event.value[component]});
            high = std::max(high, int{event.value[component]});
        }
        return std::pair(low, high);
    };
    const auto move_by = [&](std::size_t component, int places) {
        for (StepEvent& event : crop.events)
            event.value[component] = static_cast<std::int16_t>(event.value[component] + places);
    };
    constexpr int kLowestKey = 21, kHighestKey = 108;  // of a piano
    const auto [lowest, highest] = ends(vocabulary.pitch());
    const int pitch = 12 * how.octaves;
    if (pitch != 0 && lowest + pitch >= kLowestKey && highest + pitch <= kHighestKey)
        move_by(vocabulary.pitch(), pitch);

    const auto [softest, loudest] = ends(vocabulary.velocity());
    const auto last =
        static_cast<int>(vocabulary.components()[vocabulary.velocity()].values.size()) - 1;
    move_by(vocabulary.velocity(), std::clamp(how.velocities, -softest, last - loudest));

    if (how.halvings == 0) return;
    std::vector<StepEvent> changed = crop.events;
    for (StepEvent& event : changed) {
        for (const std::size_t c : {StepVocabulary::gap(), vocabulary.length()}) {
            const std::int32_t before = vocabulary.value(c, event.value[c]);
            const std::int32_t after = how.halvings > 0 ? before / 2 : 2 * before;
            const std::int16_t index = vocabulary.nearest(c, after);
            const bool halves = how.halvings < 0 || before % 2 == 0;
            if (!halves || vocabulary.value(c, index) != after) return;
            event.value[c] = index;
        }
    }
    const std::int32_t phases = vocabulary.phase_steps();
    const std::int32_t phase = how.halvings > 0 ? crop.first_phase / 2 : 2 * crop.first_phase;
    if (how.halvings > 0 && crop.first_phase % 2 != 0) return;
    crop.events = std::move(changed);
    crop.first_phase = phase % phases;
}

}  // namespace mgan::inline MGAN_ABI::encoding
