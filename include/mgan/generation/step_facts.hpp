#pragma once
/// \file
/// What a discriminator is told of an event, beside its components and what was heard before.
///
/// A generator is asked for the next event; a discriminator judges one that is there. So it is also
/// told facts about the event itself, and which *sets* of values the song has now used: a song that
/// never takes up a new pitch, or takes up too many, is known by the size of its sets long before
/// its single events look wrong.

#include <mgan/encoding/step_listener.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace mgan::inline MGAN_ABI {

/// Where the facts of an event begin.
namespace step_facts {
/// One-hot: semitones from the last pitch, -24 .. 24 (further ones at the ends); zeros if there is
/// none.
inline constexpr std::size_t kIntervals = 0;
inline constexpr int kMostInterval = 24;
/// One-hot: change of velocity in units of 4, -8 .. 8.
inline constexpr std::size_t kChanges = kIntervals + 2 * kMostInterval + 1;
inline constexpr int kMostChange = 8;
/// One-hot.
inline constexpr std::size_t kPitchClass = kChanges + 2 * kMostChange + 1;
/// Keys that sound at the onset / 4 - 1; whether this one does; how much its pitch class was used
/// of late, and whether it stands in the chord; whether the event stays at the last onset; log of
/// length over gap.
inline constexpr std::size_t kOthers = kPitchClass + 12;
inline constexpr std::size_t kCount = kOthers + 6;
}  // namespace step_facts

/// Writes the `step_facts` of an event.
template <typename Scalar>
void write_facts(const encoding::StepContext& context, const encoding::StepArrival& arrival,
                 const encoding::StepEvent& event, const encoding::StepVocabulary& words,
                 Scalar* to) noexcept {
    namespace at = step_facts;
    std::fill_n(to, at::kCount, Scalar(0));
    const auto value = [&](const encoding::StepEvent& of, std::size_t component) {
        return words.value(component, of.value[component]);
    };
    const std::int32_t pitch = value(event, words.pitch());
    const auto one_hot = [&](std::size_t begin, int most, int number) {
        to[begin + static_cast<std::size_t>(std::clamp(number, -most, most) + most)] = Scalar(1);
    };
    const encoding::StepEvent& last = context.sources[0];
    if (last.value[words.pitch()] >= 0) {
        one_hot(at::kIntervals, at::kMostInterval, pitch - value(last, words.pitch()));
        const int change = value(event, words.velocity()) - value(last, words.velocity());
        one_hot(at::kChanges, at::kMostChange, (change + (change < 0 ? -2 : 2)) / 4);
    }
    const auto pitch_class = static_cast<std::size_t>(pitch % 12);
    to[at::kPitchClass + pitch_class] = Scalar(1);
    Scalar* const others = to + at::kOthers;
    const int keys = std::popcount(arrival.sounding[0]) + std::popcount(arrival.sounding[1]);
    others[0] = static_cast<Scalar>(keys / 4.0 - 1.0);
    others[1] = Scalar(arrival.sounds(pitch) ? 1 : 0);
    others[2] =
        static_cast<Scalar>(context.numbers[encoding::step_numbers::kPitchClasses + pitch_class]);
    others[3] = static_cast<Scalar>(context.numbers[encoding::step_numbers::kChord + pitch_class]);
    others[4] = Scalar(event.value[encoding::StepVocabulary::move()] == 0 ? 1 : 0);
    others[5] = static_cast<Scalar>(
        std::log(static_cast<double>(value(event, words.length())) /
                 static_cast<double>(value(event, encoding::StepVocabulary::gap()))));
}

/// The numbers about the sets of values that a song has used.
namespace step_sets {
/// Different pitches / 16 - 1 and their range / 24 - 1; velocities alike; different lengths / 6 -
/// 1; twice the different pitches, and lengths, to an event, - 1; log of the number of events / 2 -
/// 1.
inline constexpr std::size_t kCount = 8;
}  // namespace step_sets

/// The sets of the last 100 events, and what they become with one more: then they are those of 101.
class HeardSets {
public:
    /// Reads the sets that a context counts; `events`: in its window.
    void read(const encoding::StepContext& context, const encoding::StepVocabulary& words,
              std::size_t events) noexcept {
        events_ = events;
        pitches_ = set_of(context.counts[words.pitch()]);
        velocities_ = set_of(context.counts[words.velocity()]);
        lengths_ = set_of(context.counts[words.length()]);
        counts_ = context.counts;
    }

    /// Writes the `step_sets` after `event`. What `read` read must not have changed.
    template <typename Scalar>
    void write_with(const encoding::StepEvent& event, const encoding::StepVocabulary& words,
                    Scalar* to) const noexcept {
        const auto with = [&](Set set, std::size_t component) {
            const auto v = static_cast<std::size_t>(event.value[component]);
            if (counts_[component][v] == 0) ++set.different;
            set.first = std::min(set.first, v);
            set.last = std::max(set.last, v);
            return set;
        };
        const auto range = [&](const Set& set, std::size_t component) {
            const auto& values = words.components()[component].values;
            return static_cast<double>(values[set.last] - values[set.first]);
        };
        const Set pitches = with(pitches_, words.pitch());
        const Set velocities = with(velocities_, words.velocity());
        const Set lengths = with(lengths_, words.length());
        const auto events = static_cast<double>(std::min(events_ + 1, encoding::kStyleWindow));
        const std::array<double, step_sets::kCount> numbers = {
            pitches.different / 16.0 - 1.0,
            range(pitches, words.pitch()) / 24.0 - 1.0,
            velocities.different / 16.0 - 1.0,
            range(velocities, words.velocity()) / 24.0 - 1.0,
            lengths.different / 6.0 - 1.0,
            2.0 * pitches.different / events - 1.0,
            2.0 * lengths.different / events - 1.0,
            std::log(events) / 2.0 - 1.0};
        for (std::size_t i = 0; i < numbers.size(); ++i) to[i] = static_cast<Scalar>(numbers[i]);
    }

private:
    /// The values that occur: how many, the first and the last by index.
    struct Set {
        int different = 0;
        std::size_t first = 1'000'000, last = 0;
    };

    [[nodiscard]] static Set set_of(std::span<const std::uint16_t> counts) noexcept {
        Set set;
        for (std::size_t v = 0; v < counts.size(); ++v) {
            if (counts[v] == 0) continue;
            ++set.different;
            set.first = std::min(set.first, v);
            set.last = v;
        }
        return set;
    }

    std::array<std::span<const std::uint16_t>, encoding::kMaxComponents> counts_{};
    std::size_t events_ = 0;
    Set pitches_, velocities_, lengths_;
};

}  // namespace mgan::inline MGAN_ABI
