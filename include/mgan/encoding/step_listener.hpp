#pragma once
/// \file
/// What a generator of step events is told before each event.
///
/// A recurrent net remembers, but badly: what it played ten notes ago is a faint mixture of a
/// hundred numbers. Music copies exactly. So a listener hears along, remembers exactly, and lays
/// out before each event what a musician would have in mind (step_context.hpp).
///
/// The events come one component after the other, and some facts are known only on the way: once
/// the move is drawn, `after` tells the phase of the new onset, which keys sound there and when
/// they end, and which notes went before as the highest and the lowest.
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
/// 2 to 3 us in all, and a copy (36 kB), with which to try several futures, a third of that.

#include <mgan/core/version.hpp>
#include <mgan/encoding/recall.hpp>
#include <mgan/encoding/step_context.hpp>
#include <mgan/encoding/step_events.hpp>
#include <mgan/encoding/step_memory.hpp>
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

/// What a listener looks at.
struct StepListenerOptions {
    std::size_t memory = 512;  ///< events that recalls look back over: a power of two, 16 .. 2048
    bool aligned = true;       ///< whether sources 11 .. 36 are filled
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
        memory_.reset();
        phase_ = first_phase;
        at_onset_ = 0;
        pitch_classes_.fill(0.0f);
        chord_ = 0;
        sounding_ = {};
        left_ = kNoEnd;
    }

    /// What `end_in` takes for "nobody knows".
    static constexpr std::int32_t kNoEnd = std::numeric_limits<std::int32_t>::max();

    /// The song's last onset lies so many grid steps behind the last one that was heard; before the
    /// first event, behind the first. Less than 0: it has passed.
    void end_in(std::int32_t steps) noexcept { left_ = steps; }

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
        std::array<std::int32_t, kStepEnds> soonest;
        std::size_t found = 0;
        std::array<std::int32_t, 128> still;  // how long keys go on, in no order
        std::size_t keys = 0;
        for_each_key(sounding_, [&](std::size_t pitch) {
            const std::int32_t left = remaining(pitch) - step;
            if (left <= 0) return;
            add_key(arrival.sounding, pitch);
            still[keys++] = left;
            std::size_t place = 0;
            while (place < found && soonest[place] < left) ++place;
            if (place == kStepEnds || (place < found && soonest[place] == left)) return;
            found = std::min(found + 1, kStepEnds);
            for (std::size_t i = found - 1; i > place; --i) soonest[i] = soonest[i - 1];
            soonest[place] = left;
        });
        for (std::size_t i = 0; i < found; ++i) {
            arrival.release_gap[i] = words.nearest(StepVocabulary::gap(), soonest[i]);
            arrival.release_length[i] = words.nearest(words.length(), soonest[i]);
        }
        if (const std::int32_t left = left_ - step; tells_end() && left > 0) {
            const auto index = [&](std::size_t component) {
                return left <= words.components()[component].values.back()
                           ? words.nearest(component, left)
                           : std::int16_t{-1};
            };
            arrival.release_gap[kStepEnds] = index(StepVocabulary::gap());
            arrival.release_length[kStepEnds] = index(words.length());
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
        write_voices(arrival, move != 0);
        write_keys(arrival, move != 0);
        return arrival;
    }

    /// Hears one event. Precondition: its indices are in the vocabulary.
    void hear(const StepEvent& event) noexcept {
        const StepVocabulary& words = *vocabulary_;
        const bool first = memory_.empty();
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
            memory_.move(step);
            phase_ = (phase_ + step) % words.phase_steps();
            if (left_ != kNoEnd) left_ = std::max(left_ - step, -kLongPast);
            at_onset_ = 0;
            chord_ = 0;
            for_each_key(sounding_, [&](std::size_t key) {
                if (remaining(key) <= 0) sounding_[key / 64] &= ~(std::uint64_t(1) << (key % 64));
            });
        }
        const auto key = static_cast<std::size_t>(pitch);
        const std::int32_t length = words.value(words.length(), event.value[words.length()]);
        end_[key] = memory_.onset() + static_cast<std::uint32_t>(length);
        add_key(sounding_, key);
        for (float& share : pitch_classes_) share *= 0.95f;
        pitch_classes_[key % 12] += 0.2f;
        chord_ |= 1u << key % 12;
        ++at_onset_;

        StepEvent remembered = event;
        remembered.value[StepVocabulary::move()] = moves ? 1 : 0;
        memory_.add(remembered);
        meter_.add(event);
    }

    /// Grid steps from the last onset to the next; 0 before the first event.
    [[nodiscard]] std::int32_t gap() const noexcept {
        return memory_.empty() ? 0
                               : vocabulary_->value(StepVocabulary::gap(),
                                                    back(0).value[StepVocabulary::gap()]);
    }
    /// Whether a key was struck and still sounds at the last onset.
    [[nodiscard]] bool sounds(std::size_t key) const noexcept {
        return has_key(sounding_, key) && remaining(key) > 0;
    }
    /// Keys that were struck and still sound so many grid steps after the last onset, `but` aside.
    [[nodiscard]] int sounding(std::int32_t steps, int but = -1) const noexcept {
        int count = 0;
        for_each_key(sounding_, [&](std::size_t key) {
            count += remaining(key) > steps && static_cast<int>(key) != but ? 1 : 0;
        });
        return count;
    }

    /// Whether nothing was heard yet.
    [[nodiscard]] bool silent() const noexcept { return memory_.empty(); }
    /// The last 100 events and their style so far.
    [[nodiscard]] const StyleMeter& meter() const noexcept { return meter_; }
    [[nodiscard]] const StepVocabulary& vocabulary() const noexcept { return *vocabulary_; }
    /// The style that was asked for, raw.
    [[nodiscard]] const StepStyle& asked() const noexcept { return asked_raw_; }

private:
    static constexpr std::uint16_t kFirst = 0xFF00;     // an interval of 128: no other key
    static constexpr std::int32_t kLongPast = 1 << 20;  // grid steps

    static constexpr std::size_t kNowhere = StepMemory::kNowhere;

    /// The event `k` before the last one.
    [[nodiscard]] const StepEvent& back(std::size_t k) const noexcept { return memory_.back(k); }
    /// Grid steps from the last onset back to that of the event `k` before the last.
    [[nodiscard]] std::int32_t distance(std::size_t k) const noexcept {
        return memory_.distance(k);
    }
    /// Grid steps from the last onset to the end of a key that was struck.
    [[nodiscard]] std::int32_t remaining(std::size_t key) const noexcept {
        return static_cast<std::int32_t>(end_[key] - memory_.onset());
    }

    [[nodiscard]] bool tells_end() const noexcept {
        return left_ != kNoEnd && left_ - gap() <= kEndingQuarters * vocabulary_->quarter_steps();
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
        if (memory_.empty()) return;
        to.sources[0] = back(0);
        to.sources[1] = recalled(by_pitch_, false);
        to.sources[2] = recalled(by_time_, true);
        to.sources[3] = recalled(by_phrase_, true);
        for (std::size_t k = 1; k <= kStepRecent && k < memory_.size(); ++k)
            to.sources[kStepRecalls + k] = back(k);
        if (!aligned_) return;
        const std::int32_t quarter = vocabulary_->quarter_steps();
        const std::size_t p = vocabulary_->pitch();  // where index and pitch are the same number
        for (std::size_t i = 0; i < kStepAligned; ++i) {
            const std::size_t k = aligned(quarter * kStepPeriods[i] / 4);
            if (k == kNowhere) continue;
            to.sources[kFirstAligned + i] = back(k);
            if (k + 1 == memory_.size()) continue;
            const int pitch = back(0).value[p] + back(k).value[p] - back(k + 1).value[p];
            to.sources[kFirstMoved + i].value[p] =
                static_cast<std::int16_t>(std::clamp(pitch, 0, 127));
        }
    }

    /// `StepArrival::keys`, after `sounding`.
    void write_keys(StepArrival& to, bool moves) const noexcept {
        // From event k before the last one back to the first of its onset.
        const auto strike = [&](std::size_t k, StepKeys& keys) {
            const std::int32_t onset = k < memory_.size() ? distance(k) : 0;
            for (; k < memory_.size() && distance(k) == onset; ++k)
                add_key(keys, static_cast<std::size_t>(back(k).value[vocabulary_->pitch()]));
        };
        const std::int32_t quarter = vocabulary_->quarter_steps(), step = moves ? gap() : 0;
        for (std::size_t i = 0; i < kStepEchoes.size(); ++i)
            if (const std::size_t k = memory_.last_at(quarter * kStepEchoes[i] / 4 - step);
                k != kNowhere)
                strike(k, to.keys[i]);
        StepKeys before{};
        if (!moves) strike(at_onset_, before);
        const std::array<std::uint32_t, 3> classes = {moves ? 0 : chord_,
                                                      moves ? chord_ : pitch_classes_of(before),
                                                      pitch_classes_of(to.sounding)};
        for (std::size_t i = 0; i < classes.size(); ++i)
            to.keys[kStepEchoes.size() + i] = in_all_octaves(classes[i]);
    }

    /// Bit c: one of `keys` is of pitch class c.
    [[nodiscard]] static std::uint32_t pitch_classes_of(const StepKeys& keys) noexcept {
        std::uint32_t classes = 0;
        for_each_key(keys, [&](std::size_t key) { classes |= 1u << key % 12; });
        return classes;
    }

    /// All keys of some pitch classes.
    [[nodiscard]] static StepKeys in_all_octaves(std::uint32_t classes) noexcept {
        static constexpr auto kOctaves = [] {
            std::array<StepKeys, 12> keys{};
            for (std::size_t key = 0; key < 128; ++key) add_key(keys[key % 12], key);
            return keys;
        }();
        StepKeys all{};
        for (std::size_t c = 0; c < kOctaves.size(); ++c)
            for (std::size_t word = 0; (classes >> c & 1u) != 0 && word < all.size(); ++word)
                all[word] |= kOctaves[c][word];
        return all;
    }

    /// Of the two onsets before that of the next event: `StepArrival::voices`.
    void write_voices(StepArrival& to, bool moves) const noexcept {
        for (StepEvent& voice : to.voices) voice.value.fill(-1);
        const std::size_t p = vocabulary_->pitch();
        const std::size_t place = moves ? 0 : at_onset_;  // of the next event in its chord
        std::size_t last = place;
        for (std::size_t onset = 0; onset < 2 && last < memory_.size(); ++onset) {
            std::size_t first = last, top = last, bottom = last;
            for (std::size_t k = last; k < memory_.size() && distance(k) == distance(last); ++k) {
                first = k;
                if (back(k).value[p] > back(top).value[p]) top = k;
                if (back(k).value[p] < back(bottom).value[p]) bottom = k;
            }
            to.voices[2 * onset] = back(top);
            to.voices[2 * onset + 1] = back(bottom);
            if (onset == 0 && place <= first - last) to.voices[4] = back(first - place);
            last = first + 1;
        }
        // Which onset that is depends on the move, so of the move they must not tell.
        for (StepEvent& voice : to.voices) voice.value[StepVocabulary::move()] = -1;
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

    /// How many events before the last one the event is that stood here one period ago (see
    /// `kStepSources`); `kNowhere` if none did.
    [[nodiscard]] std::size_t aligned(std::int32_t period) const noexcept {
        const std::size_t first = memory_.first_at(period);
        // All events of the last onset came later: first >= at_onset_.
        if (first != kNowhere && distance(first - at_onset_) == period) return first - at_onset_;
        return memory_.first_at(period - gap());
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
        const bool silent = memory_.empty();
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

        float* const ending = to + at::kEnding;
        std::fill_n(ending, at::kEndingCount, 0.0f);
        if (!tells_end()) return;
        const std::int32_t left = left_ - gap();  // from the next onset
        const auto near = [&](std::int32_t quarters) {
            const float share = static_cast<float>(left) / (static_cast<float>(quarters) * quarter);
            return std::clamp(1.0f - share, 0.0f, 1.0f);
        };
        ending[0] = 1.0f;
        ending[1] = left == 0 ? 1.0f : 0.0f;
        ending[2] = left < 0 ? 1.0f : 0.0f;
        ending[3] = near(4);
        ending[4] = near(kEndingQuarters);
    }

    const StepVocabulary* vocabulary_;
    const StyleScale* scale_;
    bool aligned_;
    StepStyle asked_raw_{};
    std::array<float, kStyleAxes> asked_{};
    Recall by_pitch_, by_time_, by_phrase_;
    StepMemory memory_;
    std::int32_t phase_ = 0;    // of the last onset from the start of a bar, modulo 12 quarters
    std::size_t at_onset_ = 0;  // events at that onset
    std::array<float, 12> pitch_classes_{};
    std::uint32_t chord_ = 0;               // bit c: pitch class c began with the last onset
    StepKeys sounding_{};                   // keys that sound at the last onset
    std::array<std::uint32_t, 128> end_{};  // when a key of `sounding_` ends
    std::int32_t left_ = kNoEnd;            // grid steps from the last onset to the song's last
    StyleMeter meter_;
};

}  // namespace mgan::inline MGAN_ABI::encoding
