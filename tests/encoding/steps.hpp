#pragma once
// Step vocabularies and songs of step events for the tests.

#include <mgan/core/random.hpp>
#include <mgan/encoding/step_events.hpp>
#include <mgan/encoding/step_vocabulary.hpp>

#include <cstdint>
#include <numeric>
#include <vector>

namespace steps {

using namespace mgan::encoding;

/// A vocabulary in which every time up to 4 quarters and every velocity is a value.
inline StepVocabulary plain_vocabulary(std::int64_t grid_ticks = 24) {
    std::vector<StepComponent> components = {{"move", ComponentKind::move, {0, 1}},
                                             {"gap", ComponentKind::gap, {}},
                                             {"pitch", ComponentKind::pitch, {}},
                                             {"length", ComponentKind::length, {}},
                                             {"velocity", ComponentKind::velocity, {}}};
    const auto fill = [](std::vector<std::int32_t>& values, int first, int last) {
        values.resize(static_cast<std::size_t>(last - first + 1));
        std::iota(values.begin(), values.end(), first);
    };
    const int longest = std::min(240, static_cast<int>(4 * 384 / grid_ticks));
    fill(components[1].values, 1, longest);
    fill(components[2].values, 0, 127);
    fill(components[3].values, 1, longest);
    fill(components[4].values, 1, 127);
    return StepVocabulary(grid_ticks, components);
}

/// An event by its values.
inline StepEvent event(const StepVocabulary& words, int move, int gap, int pitch, int length,
                       int velocity) {
    StepEvent result;
    result.value[StepVocabulary::move()] = static_cast<std::int16_t>(move);
    result.value[StepVocabulary::gap()] = words.nearest(StepVocabulary::gap(), gap);
    result.value[words.pitch()] = words.nearest(words.pitch(), pitch);
    result.value[words.length()] = words.nearest(words.length(), length);
    result.value[words.velocity()] = words.nearest(words.velocity(), velocity);
    return result;
}

/// `size` events that repeat themselves like music: phrases of `phrase` events are drawn from few
/// values and come again, moved up or down, with errors now and then.
inline std::vector<StepEvent> tune(const StepVocabulary& words, std::uint64_t seed,
                                   std::size_t size, std::size_t phrase = 7) {
    const mgan::Random random(seed, "test tune");
    std::vector<StepEvent> events;
    for (std::size_t i = 0; i < size; ++i) {
        const auto draw = [&](std::uint64_t what, std::uint64_t count) {
            return static_cast<int>(random.integer(16 * i + what, count));
        };
        if (i >= phrase && draw(0, 8) != 0) {
            StepEvent again = events[i - phrase];
            const int moved = again.value[words.pitch()] + (i / phrase % 3 == 2 ? 2 : 0);
            again.value[words.pitch()] = static_cast<std::int16_t>(moved > 120 ? 60 : moved);
            events.push_back(again);
        } else {
            constexpr int gaps[] = {2, 4, 4, 8, 16, 3};
            constexpr int lengths[] = {2, 4, 8, 8, 24, 60};
            events.push_back(event(words, draw(1, 4) > 0, gaps[draw(2, 6)], 48 + draw(3, 30),
                                   lengths[draw(4, 6)], 40 + 8 * draw(5, 6)));
        }
        // Notes of a chord share their gap.
        if (i > 0 && events[i].value[0] == 0) events[i].value[1] = events[i - 1].value[1];
    }
    return events;
}

/// Songs as a generator of step events hears them, on a grid of 24 ticks.
inline std::vector<mgan::midi::Song> on_grid(std::vector<mgan::midi::Song> songs) {
    for (mgan::midi::Song& song : songs) song = mgan::encoding::prepare_steps(song, 24);
    return songs;
}

}  // namespace steps
