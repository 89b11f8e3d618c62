#pragma once
/// \file
/// What a generator of step events is told before each event.
///
/// A recurrent net remembers, but badly: what it played ten notes ago is a faint mixture of a
/// hundred numbers. Music copies exactly. So a listener hears along, remembers exactly, and lays
/// out before each event what a musician would have in mind:
///
///     sources   whole events that the next one may copy: the last, those that followed the longest
///               earlier match of what was just heard (recall.hpp), the seven before the last, and
///               those that stood here one period ago
///     phases    where in a quarter note the last onset lies, and where the next one will
///     numbers   metre, key, chord, what the song is so far (style_meter.hpp), what it shall be
///     counts    how often each value was used
///     limits    the range that was asked for; whether another pitch class is, or a further key
///
/// The events come one component after the other, and two facts are known only on the way: once the
/// move is drawn, `after` tells the phase of the new onset and which keys sound there.
///
///     listener.reset(asked, first_phase);
///     for (;;) {
///         listener.context(context);
///         // draw the move, then
///         const StepArrival arrival = listener.after(move);
///         // draw gap, pitch, length, velocity
///         listener.hear(event);
///     }
///
/// A song may go on for ever: the recalls look back over a fixed number of events, all else over
/// 100 at most. Nothing here allocates or throws after construction, equal events give equal
/// contexts to the bit, and a copy goes on as its original would. On one core at -O3 an event costs
/// about 1 us in all, and a copy (25 kB), with which to try several futures, half of that.

#include <mgan/core/version.hpp>
#include <mgan/encoding/recall.hpp>
#include <mgan/encoding/step_events.hpp>
#include <mgan/encoding/step_vocabulary.hpp>
#include <mgan/encoding/style_meter.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <vector>

namespace mgan::inline MGAN_ABI::encoding {

/// The sources of a context, by place:
///
///      0         the last event
///      1         what followed the longest earlier match of the last pitches
///      2         ... of the last times between events; its pitch is moved along: last pitch +
///                recalled interval
///      3         ... of the last (interval, time); moved along
///      4 .. 10   the seven events before the last one, the latest first
///     11 .. 14   the event that stood here 3/4, 1, 3/2 and 2 quarters ago: of the chord at that
///                distance from the last onset the note that comes next in order, if it has one, or
///                else the first note at that distance from the next onset
inline constexpr std::size_t kStepRecalls = 3;
inline constexpr std::size_t kStepInputs = 1 + kStepRecalls;  ///< those a net reads as a whole
inline constexpr std::size_t kStepRecent = 7;
inline constexpr std::size_t kStepAligned = 4;
inline constexpr std::size_t kStepSources = kStepInputs + kStepRecent + kStepAligned;

/// Where the numbers of a context begin; all of size about 1.
namespace step_numbers {
/// cos, then sin of the last onset's phase in 4, 3 and 2 quarters.
inline constexpr std::size_t kMetre = 0;
/// Lengths of the three matches, at most 12, over 12.
inline constexpr std::size_t kMatches = kMetre + 6;
/// How much each pitch class was used of late: an event counts 1/5, times 0.95 for each later one.
inline constexpr std::size_t kPitchClasses = kMatches + kStepRecalls;
/// 1 for each pitch class that began with the last onset.
inline constexpr std::size_t kChord = kPitchClasses + 12;
/// The style of the last 100 events, normalised; zeros before the first.
inline constexpr std::size_t kRunning = kChord + 12;
/// In this order: events in the window / 50 - 1; log(1 + their duration in sixteenths of a quarter)
/// / 3 - 1; log(1 + earlier places with the last three pitches); log(1 + length) / 2 of the first
/// and of the third match, not cut; how far the song still is from the asked lowest and highest
/// pitch (octaves), least and greatest velocity (in 20); keys that sound / 4 - 1.
inline constexpr std::size_t kProgress = kRunning + kStyleAxes;
/// The style that was asked for, normalised.
inline constexpr std::size_t kAsked = kProgress + 10;
/// Number of numbers.
inline constexpr std::size_t kCount = kAsked + kStyleAxes;
}  // namespace step_numbers

inline constexpr std::uint16_t kAllPitchClasses = 0xFFF;

/// What is told before an event.
struct StepContext {
    /// Component indices; -1 in every component where there is no such event.
    std::array<StepEvent, kStepSources> sources{};
    /// Onset of the last event modulo a quarter, in grid steps; before the first event, of that.
    std::int32_t last_phase = 0;
    /// Where the next move leads, modulo a quarter; before the first event, of that.
    std::int32_t next_phase = 0;
    std::array<float, step_numbers::kCount> numbers{};  ///< see `step_numbers`
    /// For each component, how often each of its values occurs in the last 100 events (a gap once
    /// an onset, a move never). Refers to the listener, and follows it.
    std::array<std::span<const std::uint16_t>, kMaxComponents> counts{};
    /// For each component the least and the greatest index within the asked style: the ranges of
    /// pitch and velocity; of the other components the whole list.
    std::array<std::int16_t, kMaxComponents> least{}, greatest{};
    /// Bit c: pitch class c is within the asked style. All, until as many different ones were heard
    /// as it asks for; from then on those.
    std::uint16_t classes = kAllPitchClasses;
    /// As many keys sound as the asked style has at most: no further one at this onset.
    bool full = false;

    /// Number of `numbers`.
    [[nodiscard]] static constexpr std::size_t size() noexcept { return step_numbers::kCount; }
};

/// Ends of sounding notes that `StepArrival` names.
inline constexpr std::size_t kStepReleases = 4;

/// What is known once the move is drawn.
struct StepArrival {
    std::int32_t phase = 0;                   ///< of the new onset, modulo a quarter, grid steps
    std::array<std::uint64_t, 2> sounding{};  ///< bit p: key p was struck before and sounds there
    /// When the notes that sound there end, the soonest first, each time once, as indices of the
    /// nearest gap and the nearest length; -1 where there are fewer. (Onsets and ends like to fall
    /// together.)
    std::array<std::int16_t, kStepReleases> release_gap{}, release_length{};
    /// Grid steps. If the next onset is sooner, so many keys sound there still that a note which
    /// begins now must have ended: its length is the gap at most. 0: it may be of any length.
    std::int32_t hold = 0;

    [[nodiscard]] bool sounds(int pitch) const noexcept {
        return (sounding[static_cast<std::size_t>(pitch) / 64] >> (pitch % 64) & 1) != 0;
    }
};

/// What a listener looks at.
struct StepListenerOptions {
    std::size_t memory = 256;  ///< events that recalls look back over: a power of two, 16 .. 2048
    bool aligned = true;       ///< whether sources 11 .. 14 are filled
};

/// The listener of one song.
class StepListener {
public:
    /// Vocabulary and scale must outlive the listener. Throws ConfigError for a bad memory.
    StepListener(const StepVocabulary& vocabulary, const StyleScale& scale,
                 const StepListenerOptions& options = {})
        : vocabulary_(&vocabulary),
          scale_(&scale),
          aligned_(options.aligned),
          by_pitch_(options.memory),
          by_time_(options.memory),
          by_phrase_(options.memory),
          memory_(options.memory),
          meter_(vocabulary) {
        reset(scale.mean);
    }

    /// Forgets everything: a song of that style starts, in raw axes. `first_phase` is the onset of
    /// its first event in grid steps, modulo 12 quarters.
    void reset(const StepStyle& asked, std::int32_t first_phase = 0) noexcept {
        ask(asked);
        by_pitch_.reset();
        by_time_.reset();
        by_phrase_.reset();
        meter_.reset(first_phase);
        heard_ = 0;
        onset_ = 0;
        phase_ = first_phase;
        at_onset_ = 0;
        pitch_classes_.fill(0.0f);
        chord_ = 0;
        sounding_ = {};
    }

    /// From now on the song shall be of this style, in raw axes; what was heard stays.
    void ask(const StepStyle& asked) noexcept {
        asked_raw_ = asked;
        const StepStyle normalised = scale_->normalise(asked);
        for (std::size_t a = 0; a < kStyleAxes; ++a) asked_[a] = static_cast<float>(normalised[a]);
    }

    /// Writes what is told before the next event.
    void context(StepContext& to) const noexcept {
        const StepVocabulary& words = *vocabulary_;
        StepEvent none;
        none.value.fill(-1);
        to.sources.fill(none);
        to.last_phase = phase_ % words.quarter_steps();
        to.next_phase = (phase_ + gap()) % words.quarter_steps();
        for (std::size_t c = 0; c < words.size(); ++c) {
            to.counts[c] = meter_.counts(c);
            to.least[c] = 0;
            to.greatest[c] = static_cast<std::int16_t>(words.components()[c].values.size() - 1);
        }
        limit(to, words.pitch(), StyleAxis::pitch_lowest, StyleAxis::pitch_highest);
        limit(to, words.velocity(), StyleAxis::velocity_least, StyleAxis::velocity_greatest);
        to.classes = open_classes();
        to.full = sounding_keys() >= most_at_once();
        write_sources(to);
        write_numbers(to.numbers.data());
    }

    /// What is known once the move is drawn (0: at the last onset, else a new one). Before the
    /// first event the move says nothing.
    [[nodiscard]] StepArrival after(int move) const noexcept {
        const StepVocabulary& words = *vocabulary_;
        const std::int32_t step = move != 0 ? gap() : 0;
        StepArrival arrival;
        arrival.phase = (phase_ + step) % words.quarter_steps();
        arrival.release_gap.fill(-1);
        arrival.release_length.fill(-1);
        std::array<std::int32_t, kStepReleases> soonest;
        std::size_t found = 0;
        std::array<std::int32_t, 128> still;  // how long keys go on, in no order
        std::size_t keys = 0;
        for_each_sounding([&](std::size_t pitch) {
            const std::int32_t left = remaining(pitch) - step;
            if (left <= 0) return;
            arrival.sounding[pitch / 64] |= std::uint64_t(1) << (pitch % 64);
            still[keys++] = left;
            std::size_t place = 0;
            while (place < found && soonest[place] < left) ++place;
            if (place == kStepReleases || (place < found && soonest[place] == left)) return;
            found = std::min(found + 1, kStepReleases);
            for (std::size_t i = found - 1; i > place; --i) soonest[i] = soonest[i - 1];
            soonest[place] = left;
        });
        for (std::size_t i = 0; i < found; ++i) {
            arrival.release_gap[i] = words.nearest(StepVocabulary::gap(), soonest[i]);
            arrival.release_length[i] = words.nearest(words.length(), soonest[i]);
        }
        // The next onset brings a key, this note is another: room for most - 2 besides them. So it
        // may last if the (most - 1)th of the keys that sound longest is gone by then.
        const auto others = static_cast<std::size_t>(most_at_once() - 1);
        if (others == 0) {
            arrival.hold = std::numeric_limits<std::int32_t>::max();
        } else if (others <= keys) {
            const auto nth = still.begin() + static_cast<std::ptrdiff_t>(others) - 1;
            std::nth_element(still.begin(), nth, still.begin() + static_cast<std::ptrdiff_t>(keys),
                             std::greater<>());
            arrival.hold = *nth;
        }
        return arrival;
    }

    /// Hears one event. Precondition: its indices are in the vocabulary.
    void hear(const StepEvent& event) noexcept {
        const StepVocabulary& words = *vocabulary_;
        const bool first = heard_ == 0;
        const bool moves = first || event.value[StepVocabulary::move()] != 0;
        const std::int32_t pitch = words.value(words.pitch(), event.value[words.pitch()]);

        // Keys of the recalls. The first event has no time and no interval: its key is no other's.
        std::uint16_t time = kFirst, phrase = kFirst;
        if (!first) {
            const StepEvent& last = back(0);
            const int interval = pitch - words.value(words.pitch(), last.value[words.pitch()]);
            const int gone = moves ? last.value[StepVocabulary::gap()] + 1 : 0;
            time = static_cast<std::uint16_t>(gone);
            phrase = static_cast<std::uint16_t>((interval + 127) << 8 | gone);
        }
        by_pitch_.hear(static_cast<std::uint16_t>(pitch));
        by_time_.hear(time);
        by_phrase_.hear(phrase);

        if (moves) {
            const std::int32_t step = gap();
            onset_ += static_cast<std::uint32_t>(step);
            phase_ = (phase_ + step) % words.phase_steps();
            at_onset_ = 0;
            chord_ = 0;
            for_each_sounding([&](std::size_t key) {
                if (remaining(key) <= 0) sounding_[key / 64] &= ~(std::uint64_t(1) << (key % 64));
            });
        }
        const auto key = static_cast<std::size_t>(pitch);
        const std::int32_t length = words.value(words.length(), event.value[words.length()]);
        end_[key] = onset_ + static_cast<std::uint32_t>(length);
        sounding_[key / 64] |= std::uint64_t(1) << (key % 64);
        for (float& share : pitch_classes_) share *= 0.95f;
        pitch_classes_[key % 12] += 0.2f;
        chord_ |= 1u << key % 12;
        ++at_onset_;

        Memory& place = memory_[heard_ & (memory_.size() - 1)];
        place.event = event;
        place.event.value[StepVocabulary::move()] = moves ? 1 : 0;
        place.onset = onset_;
        // At twice the memory it starts over at once the memory: both mean "full", at one place.
        if (++heard_ == 2 * memory_.size()) heard_ = memory_.size();
        meter_.add(event);
    }

    /// Grid steps from the last onset to the next; 0 before the first event.
    [[nodiscard]] std::int32_t gap() const noexcept {
        return heard_ == 0 ? 0
                           : vocabulary_->value(StepVocabulary::gap(),
                                                back(0).value[StepVocabulary::gap()]);
    }
    /// Whether a key was struck and still sounds at the last onset.
    [[nodiscard]] bool sounds(std::size_t key) const noexcept {
        return (sounding_[key / 64] >> (key % 64) & 1u) != 0 && remaining(key) > 0;
    }
    /// Keys that were struck and still sound so many grid steps after the last onset, `but` aside.
    [[nodiscard]] int sounding(std::int32_t steps, int but = -1) const noexcept {
        int count = 0;
        for_each_sounding([&](std::size_t key) {
            count += remaining(key) > steps && static_cast<int>(key) != but ? 1 : 0;
        });
        return count;
    }

    /// The last 100 events and their style so far.
    [[nodiscard]] const StyleMeter& meter() const noexcept { return meter_; }
    [[nodiscard]] const StepVocabulary& vocabulary() const noexcept { return *vocabulary_; }
    /// The style that was asked for, raw.
    [[nodiscard]] const StepStyle& asked() const noexcept { return asked_raw_; }

private:
    static constexpr std::uint16_t kFirst = 0xFF00;  // an interval of 128: no other key

    /// An event that was heard.
    struct Memory {
        StepEvent event;
        std::uint32_t onset = 0;  // grid steps since the start; may wrap around
    };

    [[nodiscard]] const Memory& memory(std::size_t back) const noexcept {
        return memory_[(heard_ - 1 - back) & (memory_.size() - 1)];
    }
    /// The event `k` before the last one.
    [[nodiscard]] const StepEvent& back(std::size_t k) const noexcept { return memory(k).event; }
    /// Events that are remembered.
    [[nodiscard]] std::size_t remembered() const noexcept {
        return std::min(heard_, memory_.size());
    }
    /// Grid steps from the last onset back to that of the event `k` before the last.
    [[nodiscard]] std::int32_t distance(std::size_t k) const noexcept {
        return static_cast<std::int32_t>(onset_ - memory(k).onset);
    }
    /// Grid steps from the last onset to the end of a key that was struck.
    [[nodiscard]] std::int32_t remaining(std::size_t key) const noexcept {
        return static_cast<std::int32_t>(end_[key] - onset_);
    }

    /// Calls `function(key)` for each key in `sounding_`, from the lowest up.
    template <typename Function>
    void for_each_sounding(Function&& function) const noexcept {
        for (std::size_t word = 0; word < 2; ++word)
            for (std::uint64_t bits = sounding_[word]; bits != 0; bits &= bits - 1)
                function(64 * word + static_cast<std::size_t>(std::countr_zero(bits)));
    }

    void limit(StepContext& to, std::size_t component, StyleAxis least,
               StyleAxis greatest) const noexcept {
        // Not what was normalised, which may have been cut.
        const auto index = [&](StyleAxis axis) {
            const double asked = asked_raw_[static_cast<std::size_t>(axis)];
            return vocabulary_->nearest(
                component, static_cast<std::int64_t>(std::lround(std::clamp(asked, 0.0, 127.0))));
        };
        to.least[component] = index(least);
        to.greatest[component] = std::max(to.least[component], index(greatest));
    }

    /// A song in C major with one C sharp has eight classes, and it was told so in training: a
    /// ninth never came.
    [[nodiscard]] std::uint16_t open_classes() const noexcept {
        const std::uint16_t heard = meter_.pitch_classes();
        const double asked = asked_raw_[static_cast<std::size_t>(StyleAxis::classes_used)];
        const bool more =
            heard == 0 || std::popcount(heard) < std::lround(std::clamp(asked, 0.0, 12.0));
        return more ? kAllPitchClasses : heard;
    }

    /// At least 1.
    [[nodiscard]] int most_at_once() const noexcept {
        const double asked = asked_raw_[static_cast<std::size_t>(StyleAxis::most_at_once)];
        return static_cast<int>(std::lround(std::clamp(asked, 1.0, 128.0)));
    }
    [[nodiscard]] int sounding_keys() const noexcept {
        return std::popcount(sounding_[0]) + std::popcount(sounding_[1]);
    }

    void write_sources(StepContext& to) const noexcept {
        if (heard_ == 0) return;
        to.sources[0] = back(0);
        to.sources[1] = recalled(by_pitch_, false);
        to.sources[2] = recalled(by_time_, true);
        to.sources[3] = recalled(by_phrase_, true);
        for (std::size_t k = 1; k <= kStepRecent && k < remembered(); ++k)
            to.sources[kStepRecalls + k] = back(k);
        if (!aligned_) return;
        const std::int32_t quarter = vocabulary_->quarter_steps();
        const std::array<std::int32_t, kStepAligned> periods = {quarter * 3 / 4, quarter,
                                                                quarter * 3 / 2, quarter * 2};
        for (std::size_t i = 0; i < kStepAligned; ++i)
            if (const StepEvent* event = aligned(periods[i]))
                to.sources[kStepInputs + kStepRecent + i] = *event;
    }

    /// What followed the best earlier match. `moved`: in our register, last pitch + its interval.
    [[nodiscard]] StepEvent recalled(const Recall& recall, bool moved) const noexcept {
        StepEvent event;
        event.value.fill(-1);
        const std::size_t lag = recall.lag();
        if (lag == 0) return event;
        event = back(lag - 1);
        if (moved) {
            const std::size_t p =
                vocabulary_->pitch();  // where index and pitch are the same number
            const int pitch = back(0).value[p] + event.value[p] - back(lag).value[p];
            event.value[p] = static_cast<std::int16_t>(std::clamp(pitch, 0, 127));
        }
        return event;
    }

    /// The event that stood here one period ago (see `kStepSources`); null if none did.
    [[nodiscard]] const StepEvent* aligned(std::int32_t period) const noexcept {
        std::size_t first = first_at(period);
        // All events of the last onset came later: first >= at_onset_.
        if (first != kNowhere && distance(first - at_onset_) == period)
            return &back(first - at_onset_);
        first = first_at(period - gap());
        return first == kNowhere ? nullptr : &back(first);
    }

    static constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

    /// How many events before the last one the first event of that distance is; `kNowhere` if none
    /// is (distances below 0 lie ahead).
    [[nodiscard]] std::size_t first_at(std::int32_t steps) const noexcept {
        // Distances grow with k: the number of events no further away than `steps`.
        std::size_t low = 0, high = remembered();
        while (low < high) {
            const std::size_t middle = (low + high) / 2;
            if (distance(middle) <= steps)
                low = middle + 1;
            else
                high = middle;
        }
        return low > 0 && distance(low - 1) == steps ? low - 1 : kNowhere;
    }

    void write_numbers(float* to) const noexcept {
        namespace at = step_numbers;
        const auto quarter = static_cast<float>(vocabulary_->quarter_steps());
        constexpr std::array<float, 3> kQuarters = {4.0f, 3.0f, 2.0f};
        for (std::size_t i = 0; i < 3; ++i) {
            constexpr float kTurn = 6.2831853f;
            const float angle = kTurn * static_cast<float>(phase_) / (kQuarters[i] * quarter);
            to[at::kMetre + i] = std::cos(angle);
            to[at::kMetre + 3 + i] = std::sin(angle);
        }
        const std::array<const Recall*, kStepRecalls> recalls = {&by_pitch_, &by_time_,
                                                                 &by_phrase_};
        for (std::size_t i = 0; i < kStepRecalls; ++i)
            to[at::kMatches + i] = static_cast<float>(recalls[i]->length()) / kRecallCap;
        for (std::size_t pitch_class = 0; pitch_class < 12; ++pitch_class) {
            to[at::kPitchClasses + pitch_class] = pitch_classes_[pitch_class];
            to[at::kChord + pitch_class] = (chord_ >> pitch_class & 1u) != 0 ? 1.0f : 0.0f;
        }

        const StepStyle raw = meter_.axes();
        const bool silent = heard_ == 0;
        const StepStyle running = silent ? StepStyle{} : scale_->normalise(raw);
        for (std::size_t a = 0; a < kStyleAxes; ++a) {
            to[at::kRunning + a] = static_cast<float>(running[a]);
            to[at::kAsked + a] = asked_[a];
        }

        const auto log1p = [](double value) { return static_cast<float>(std::log1p(value)); };
        const auto ahead = [&](StyleAxis axis, double unit) {
            const auto a = static_cast<std::size_t>(axis);
            return silent ? 0.0f : static_cast<float>((raw[a] - asked_raw_[a]) / unit);
        };
        float* const progress = to + at::kProgress;
        progress[0] = static_cast<float>(meter_.size()) / 50.0f - 1.0f;
        progress[1] = log1p(16.0 * meter_.duration() / vocabulary_->quarter_steps()) / 3.0f - 1.0f;
        progress[2] = log1p(meter_.returns());
        progress[3] = log1p(by_pitch_.longest()) / 2.0f;
        progress[4] = log1p(by_phrase_.longest()) / 2.0f;
        progress[5] = ahead(StyleAxis::pitch_lowest, 12.0);
        progress[6] = -ahead(StyleAxis::pitch_highest, 12.0);
        progress[7] = ahead(StyleAxis::velocity_least, 20.0);
        progress[8] = -ahead(StyleAxis::velocity_greatest, 20.0);
        progress[9] = static_cast<float>(sounding_keys()) / 4.0f - 1.0f;
    }

    const StepVocabulary* vocabulary_;
    const StyleScale* scale_;
    bool aligned_;
    StepStyle asked_raw_{};
    std::array<float, kStyleAxes> asked_{};
    Recall by_pitch_, by_time_, by_phrase_;
    std::vector<Memory> memory_;  // a ring
    std::size_t heard_ = 0;     // events; beyond the memory its position in the ring, plus its size
    std::uint32_t onset_ = 0;   // of the last event, grid steps since the start; may wrap around
    std::int32_t phase_ = 0;    // the same from the start of a bar, modulo 12 quarters
    std::size_t at_onset_ = 0;  // events at that onset
    std::array<float, 12> pitch_classes_{};
    std::uint32_t chord_ = 0;                  // bit c: pitch class c began with the last onset
    std::array<std::uint64_t, 2> sounding_{};  // keys that sound at the last onset
    std::array<std::uint32_t, 128> end_{};     // when a key of `sounding_` ends
    StyleMeter meter_;
};

}  // namespace mgan::inline MGAN_ABI::encoding
