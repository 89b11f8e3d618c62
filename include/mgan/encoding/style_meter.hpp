#pragma once
/// \file
/// The style of a stretch of music in 37 numbers, measured while it is being played.
///
/// In training a generator is told the style of the crop that it learns from; for a new song it is
/// asked for a style. To end where it was asked to, it must also hear how far it has come: a
/// pianist who is to play a piece of wide range knows whether the low notes have been played. So
/// one class measures both, a finished crop and the song so far. Told *and* heard, in the same
/// units, the generator has a closed loop to steer by.
///
/// The meter looks at the last 100 events. `add` takes one in, and lets the oldest go if there are
/// 100: so a song may go on for ever. Everything is counted in integers, so that what leaves takes
/// away exactly what it brought: a meter that has slid along is equal, to the bit, to a fresh one
/// that heard the last 100 events alone.
///
/// What repeats is counted without hash tables: a gram (some keys in a row) repeats an earlier one
/// at a lag where the run is as long as the gram (recall.hpp). Of equal grams in the window all but
/// the last are marked, so the distinct ones are those without a mark.

#include <mgan/core/error.hpp>
#include <mgan/core/version.hpp>
#include <mgan/encoding/recall.hpp>
#include <mgan/encoding/step_events.hpp>
#include <mgan/encoding/step_vocabulary.hpp>
#include <mgan/encoding/style_axes.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

namespace mgan::inline MGAN_ABI::encoding {

/// Events that a style looks at, at most: the last ones.
inline constexpr std::size_t kStyleWindow = 100;

/// The meter of one song. Fixed memory, no allocation; copied byte by byte.
class StyleMeter {
public:
    /// A meter that has heard nothing. The vocabulary must outlive it. `first_phase` is the onset
    /// of the first event in grid steps, modulo 12 quarters.
    explicit StyleMeter(const StepVocabulary& vocabulary, std::int32_t first_phase = 0) noexcept
        : vocabulary_(&vocabulary) {
        reset(first_phase);
    }

    /// Forgets everything.
    void reset(std::int32_t first_phase = 0) noexcept {
        *this = StyleMeter(vocabulary_, first_phase);
    }

    /// Hears one event, and forgets the oldest of 100. The first event of the window counts as a
    /// new onset, whatever its move says. Precondition: the indices are in the vocabulary.
    void add(const StepEvent& event) noexcept {
        if (size_ == kStyleWindow) remove();
        const StepVocabulary& words = *vocabulary_;
        const Heard& before = at(heard_ - 1);
        const bool moves = event.value[StepVocabulary::move()] != 0;
        if (heard_ > 0 && moves) {
            onset_ += static_cast<std::uint32_t>(before.gap);
            phase_ = (phase_ + before.gap) % words.phase_steps();
        }
        const bool first = size_ == 0;
        Heard& now = at(heard_);
        now = {};
        now.event = event;
        now.onset = onset_;
        now.gap = words.value(StepVocabulary::gap(), event.value[StepVocabulary::gap()]);
        now.length = words.value(words.length(), event.value[words.length()]);
        now.pitch = words.value(words.pitch(), event.value[words.pitch()]);
        now.velocity = words.value(words.velocity(), event.value[words.velocity()]);
        now.move = first || moves;
        now.on_sixteenth = phase_ % (words.quarter_steps() / 4) == 0;
        now.on_eighth = phase_ % (words.quarter_steps() / 2) == 0;
        now.log_time = first || !moves ? 0 : fixed(std::log1p(sixteenths(before.gap)));
        now.log_length = fixed(std::log(sixteenths(now.length)));
        ++heard_;
        ++size_;
        count(now, 1);
        if (!first) count_neighbours(before, now, 1);
        if (now.move) count_onset(now, 1);
        count_sounding(now);
        count_grams(heard_ > 1 ? &before : nullptr, now);
    }

    /// Forgets the oldest event. Precondition: size() > 0.
    void remove() noexcept {
        const Heard& oldest = at(heard_ - size_);
        count_repetitions_of_oldest();
        remove_sounding(oldest);
        // Each gram kind loses the gram that begins here: the one that ends so many events later.
        for (std::size_t g = 0; g < kGrams.size(); ++g) {
            const std::uint32_t end = first_end(kGrams[g]);
            if (size_ > end && (at(heard_ - size_ + end).later & 1u << g) == 0) --distinct_[g];
        }
        count(oldest, -1);
        count_onset(oldest, -1);
        if (size_ > 1) {
            Heard& next = at(heard_ - size_ + 1);
            count_neighbours(oldest, next, -1);
            // It is the first now: a new onset, with nothing before it.
            if (!next.move) count_onset(next, 1);
            next.move = true;
            times_.add(next.log_time, -1);
            times_.add(0, 1);
            next.log_time = 0;
        }
        --size_;
    }

    /// Events in the window, at most 100.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    /// Onset of the last event in grid steps, modulo 12 quarters; before the first event, of that.
    [[nodiscard]] std::int32_t phase() const noexcept { return phase_; }
    /// Grid steps from the first onset of the window to the last.
    [[nodiscard]] std::int32_t duration() const noexcept {
        return size_ == 0 ? 0 : static_cast<std::int32_t>(onset_ - at(heard_ - size_).onset);
    }
    /// At how many earlier places of the window, at least three events back, the last three pitches
    /// stand.
    [[nodiscard]] std::int32_t returns() const noexcept { return returns_; }
    /// Pairs of equal pitch triples in the window that begin three or more events apart.
    [[nodiscard]] std::int32_t repetitions() const noexcept { return repetitions_; }
    /// How often each value of a component occurs in the window, by index. A gap counts once an
    /// onset, a move never. Refers to the meter, and follows it.
    [[nodiscard]] std::span<const std::uint16_t> counts(std::size_t component) const noexcept {
        return std::span(counts_[component])
            .first(vocabulary_->components()[component].values.size());
    }

    /// Bit c: pitch class c occurs in the window.
    [[nodiscard]] std::uint16_t pitch_classes() const noexcept {
        unsigned classes = 0;
        for (std::size_t c = 0; c < 12; ++c) classes |= (pitch_classes_[c] > 0 ? 1u : 0u) << c;
        return static_cast<std::uint16_t>(classes);
    }

    /// The style of the window. Zeros if it is empty.
    [[nodiscard]] StepStyle axes() const noexcept {
        StepStyle style{};
        if (size_ == 0) return style;
        const auto set = [&style](StyleAxis axis, double value) {
            style[static_cast<std::size_t>(axis)] = value;
        };
        const double n = size_, pairs = size_ > 1 ? size_ - 1 : 1;
        const StepVocabulary& words = *vocabulary_;
        using enum StyleAxis;
        set(pitch_mean, pitches_.mean(n));
        set(pitch_deviation, pitches_.deviation(n));
        set(pitch_lowest, lowest(pitch_used_));
        set(pitch_highest, highest(pitch_used_));
        set(pitches_used, log_count(used_[words.pitch()]));
        set(velocity_mean, velocities_.mean(n));
        set(velocity_deviation, velocities_.deviation(n));
        set(velocity_least, lowest(velocity_used_));
        set(velocity_greatest, highest(velocity_used_));
        set(velocities_used, log_count(used_[words.velocity()]));
        set(velocity_kept, neighbours_.equal_velocity / pairs);
        set(velocity_change, std::log1p(neighbours_.velocity_change / pairs));
        set(time_mean, times_.mean(n) / kFixed);
        set(time_deviation, times_.deviation(n) / kFixed);
        set(gaps_used, log_count(used_[StepVocabulary::gap()]));
        set(rhythm_repeated, repeated(kRhythm));
        set(on_sixteenths, on_sixteenths_ / static_cast<double>(onsets_));
        set(on_eighths, on_eighths_ / static_cast<double>(onsets_));
        set(length_mean, lengths_.mean(n) / kFixed);
        set(length_deviation, lengths_.deviation(n) / kFixed);
        set(lengths_used, log_count(used_[words.length()]));
        set(legato, legato_ / n);
        set(overlapping, overlapping_ / n);
        set(length_kept, neighbours_.equal_length / pairs);
        set(lengths_repeated, repeated(kLengths));
        set(fullness, std::log(length_sum_ / static_cast<double>(std::max(1, duration()))));
        set(onsets, onsets_ / n);
        set(chord_lengths_equal,
            neighbours_.in_chord == 0
                ? 0.5
                : neighbours_.equal_in_chord / static_cast<double>(neighbours_.in_chord));
        set(most_at_once, most_at_once_);
        set(classes_used, std::popcount(pitch_classes()));
        set(evenness, pitch_class_evenness());
        set(diatonic, most_in_major_scale() / n);
        set(interval_mean, neighbours_.interval / pairs);
        set(pitch_kept, neighbours_.equal_pitch / pairs);
        set(pitches_repeated, repeated(kPitchPairs));
        set(phrases_repeated, repeated(kPhrases));
        set(repetitions, std::log1p(static_cast<double>(repetitions_)));
        return style;
    }

private:
    // A power of two that holds the window, so that positions are cut out by a mask.
    static constexpr std::uint32_t kRing = 128;
    static_assert(kStyleWindow < kRing);
    // Logarithms are summed with 20 binary places: exact when they leave again.
    static constexpr double kFixed = 1 << 20;

    /// An event of the window, and what is known of it there.
    struct Heard {
        StepEvent event;
        std::uint32_t onset = 0;  // grid steps since the reset; may wrap around
        std::int32_t gap = 0, length = 0, pitch = 0, velocity = 0;
        std::int32_t log_time = 0, log_length = 0;
        std::uint8_t at_once = 0;  // keys of the window that sound when it begins, itself included
        std::uint8_t later = 0;    // bit g: the gram of kind g that ends here comes again
        bool move = false, on_sixteenth = false, on_eighth = false;
    };

    /// A sum and a sum of squares, for mean and deviation.
    struct Sum {
        std::int64_t sum = 0, squares = 0;
        void add(std::int64_t value, int sign) noexcept {
            sum += sign * value;
            squares += sign * value * value;
        }
        [[nodiscard]] double mean(double n) const noexcept { return static_cast<double>(sum) / n; }
        // n squares - sum^2 in integers, where nothing cancels: below 100^2 (2^20 log 2^13)^2 <
        // 2^62.
        [[nodiscard]] double deviation(double n) const noexcept {
            const std::int64_t spread = static_cast<std::int64_t>(n) * squares - sum * sum;
            return std::sqrt(static_cast<double>(spread)) / n;
        }
    };

    /// What neighbours have in common, counted over the window.
    struct Neighbours {
        std::int32_t interval = 0, velocity_change = 0;
        std::int32_t equal_pitch = 0, equal_velocity = 0, equal_length = 0;
        std::int32_t in_chord = 0, equal_in_chord = 0;
    };

    /// Bits of the values that occur, 0 .. 127.
    using Used = std::array<std::uint64_t, 2>;

    /// The last keys of a sequence, and for each lag its run (recall.hpp).
    struct Runs {
        std::array<std::uint16_t, 2 * kRing> keys;
        std::array<std::int16_t, kRing> run{};

        Runs() noexcept { keys.fill(kNoKey); }
        // now()[i] is the key i before the last one.
        [[nodiscard]] const std::uint16_t* now(std::uint32_t heard) const noexcept {
            return keys.data() + (0u - heard) % kRing;
        }
        void hear(std::uint16_t key, std::uint32_t heard) noexcept {
            const std::uint32_t head = (0u - heard) % kRing;
            keys[head] = keys[head + kRing] = key;
            extend_runs(keys.data() + head + 1, run.data(), kRing - 1, key);
        }
        /// The least lag up to `most` at which at least `length` keys agree; 0 for none.
        [[nodiscard]] std::uint32_t nearest(std::int16_t length,
                                            std::uint32_t most) const noexcept {
            std::int16_t closest = 0;  // kRing - lag + 1, so that the greatest is the nearest
            for (std::size_t i = 0; i < kRing; ++i) {
                const auto closeness = static_cast<std::int16_t>(kRing - i);
                closest = std::max(closest, run[i] >= length ? closeness : std::int16_t(0));
            }
            const std::uint32_t lag = kRing + 1 - static_cast<std::uint32_t>(closest);
            return lag <= most ? lag : 0;
        }
    };

    /// A kind of gram: `keys` keys in a row of sequence `sequence`, whose first key belongs to
    /// event `from` of the window (a key that says something of two neighbours does not belong to
    /// event 0).
    struct Gram {
        std::size_t sequence;
        std::uint32_t keys, from;
    };
    enum GramKind : std::size_t { kPitchPairs, kRhythm, kPhrases, kLengths };
    static constexpr std::array<Gram, 4> kGrams = {{{0, 2, 0}, {1, 1, 1}, {2, 4, 1}, {3, 4, 0}}};
    /// The event of the window where the first gram of a kind ends.
    [[nodiscard]] static constexpr std::uint32_t first_end(const Gram& gram) noexcept {
        return gram.from + gram.keys - 1;
    }

    StyleMeter(const StepVocabulary* vocabulary, std::int32_t first_phase) noexcept
        : vocabulary_(vocabulary), phase_(first_phase) {}

    [[nodiscard]] Heard& at(std::uint32_t position) noexcept { return ring_[position % kRing]; }
    [[nodiscard]] const Heard& at(std::uint32_t position) const noexcept {
        return ring_[position % kRing];
    }

    [[nodiscard]] double sixteenths(std::int32_t steps) const noexcept {
        return 16.0 * steps / vocabulary_->quarter_steps();
    }
    [[nodiscard]] static std::int32_t fixed(double value) noexcept {
        return static_cast<std::int32_t>(std::lround(value * kFixed));
    }

    void count_value(std::size_t component, std::int16_t index, int sign) noexcept {
        std::uint16_t& count = counts_[component][static_cast<std::size_t>(index)];
        if (sign < 0) --count;
        if (count == 0) used_[component] += sign;
        if (sign > 0) ++count;
    }

    /// What an event adds by itself, or takes away.
    void count(const Heard& now, int sign) noexcept {
        for (std::size_t c = 2; c < vocabulary_->size(); ++c)
            count_value(c, now.event.value[c], sign);
        mark(pitch_used_, vocabulary_->pitch(), now.event, now.pitch);
        mark(velocity_used_, vocabulary_->velocity(), now.event, now.velocity);
        pitches_.add(now.pitch, sign);
        velocities_.add(now.velocity, sign);
        times_.add(now.log_time, sign);
        lengths_.add(now.log_length, sign);
        length_sum_ += sign * now.length;
        legato_ += now.length == now.gap ? sign : 0;
        overlapping_ += now.length > now.gap ? sign : 0;
        pitch_classes_[static_cast<std::size_t>(now.pitch % 12)] += sign;
    }

    void mark(Used& used, std::size_t component, const StepEvent& event, int value) noexcept {
        const auto index = static_cast<std::size_t>(event.value[component]);
        const std::uint64_t bit = std::uint64_t(1) << (value % 64);
        std::uint64_t& word = used[static_cast<std::size_t>(value / 64)];
        word = counts_[component][index] > 0 ? word | bit : word & ~bit;
    }

    void count_onset(const Heard& now, int sign) noexcept {
        count_value(StepVocabulary::gap(), now.event.value[StepVocabulary::gap()], sign);
        onsets_ += sign;
        on_sixteenths_ += now.on_sixteenth ? sign : 0;
        on_eighths_ += now.on_eighth ? sign : 0;
    }

    void count_neighbours(const Heard& before, const Heard& now, int sign) noexcept {
        const int length = before.length == now.length ? sign : 0;
        neighbours_.interval += sign * std::abs(now.pitch - before.pitch);
        neighbours_.velocity_change += sign * std::abs(now.velocity - before.velocity);
        neighbours_.equal_pitch += before.pitch == now.pitch ? sign : 0;
        neighbours_.equal_velocity += before.velocity == now.velocity ? sign : 0;
        neighbours_.equal_length += length;
        neighbours_.in_chord += now.move ? 0 : sign;
        neighbours_.equal_in_chord += now.move ? 0 : length;
    }

    [[nodiscard]] bool sounds_at(const Heard& earlier, std::uint32_t onset) const noexcept {
        return static_cast<std::int32_t>(onset - earlier.onset) < earlier.length;
    }

    /// Keys that sound with the last event. A key that is struck again is one key.
    void count_sounding(Heard& now) noexcept {
        std::size_t kept = 0;
        for (std::size_t i = 0; i < sounding_size_; ++i) {
            const std::uint32_t position = sounding_[i];
            const Heard& earlier = at(position);
            // Positions are before heard_ and less than a ring away, or have left the window.
            if (heard_ - position <= size_ && earlier.pitch != now.pitch &&
                sounds_at(earlier, now.onset))
                sounding_[kept++] = position;
        }
        sounding_[kept++] = heard_ - 1;
        sounding_size_ = kept;
        now.at_once = static_cast<std::uint8_t>(kept);
        ++at_once_[kept];
        most_at_once_ = std::max(most_at_once_, static_cast<std::int32_t>(kept));
    }

    void remove_sounding(const Heard& oldest) noexcept {
        --at_once_[oldest.at_once];
        for (std::uint32_t i = heard_ - size_ + 1; i != heard_; ++i) {
            Heard& later = at(i);
            if (!sounds_at(oldest, later.onset) || later.pitch == oldest.pitch) break;
            --at_once_[later.at_once];
            ++at_once_[--later.at_once];
        }
        while (most_at_once_ > 0 && at_once_[static_cast<std::size_t>(most_at_once_)] == 0)
            --most_at_once_;
    }

    /// Hears the keys of the last event, marks the grams that it repeats, and counts pitch triples.
    void count_grams(const Heard* before, const Heard& now) noexcept {
        const StepVocabulary& words = *vocabulary_;
        const auto length = static_cast<std::uint16_t>(now.event.value[words.length()]);
        runs_[0].hear(static_cast<std::uint16_t>(now.pitch), heard_);
        runs_[3].hear(length, heard_);
        // Neighbours make a key of 8 and 8 bits; 0xFF00 (an interval of 128) is no key of theirs.
        std::uint16_t rhythm = 0xFF00, phrase = 0xFF00;
        if (before != nullptr) {
            const bool moves = now.event.value[StepVocabulary::move()] != 0;
            const int time = moves ? before->event.value[StepVocabulary::gap()] + 1 : 0;
            const int earlier = before->event.value[words.length()];
            rhythm = static_cast<std::uint16_t>(earlier << 8 | time);
            phrase = static_cast<std::uint16_t>((now.pitch - before->pitch + 127) << 8 | time);
        }
        runs_[1].hear(rhythm, heard_);
        runs_[2].hear(phrase, heard_);

        const auto last = static_cast<std::uint32_t>(size_ - 1);  // its place in the window
        for (std::size_t g = 0; g < kGrams.size(); ++g) {
            const std::uint32_t end = first_end(kGrams[g]);
            if (last < end) continue;
            ++distinct_[g];
            const std::uint32_t lag = runs_[kGrams[g].sequence].nearest(
                static_cast<std::int16_t>(kGrams[g].keys), last - end);
            if (lag == 0) continue;
            --distinct_[g];
            at(heard_ - 1 - lag).later |= static_cast<std::uint8_t>(1u << g);
        }

        // Lags 3 .. last - 2: the earlier triple lies in the window, and begins 3 or more before.
        std::int16_t returns = 0;
        for (std::uint32_t lag = 3; lag + 2 <= last; ++lag)
            returns = static_cast<std::int16_t>(returns + (runs_[0].run[lag - 1] >= 3 ? 1 : 0));
        returns_ = returns;
        repetitions_ += returns;
    }

    /// Takes away the pairs whose first triple is the oldest.
    void count_repetitions_of_oldest() noexcept {
        if (size_ < 6) return;
        const std::uint16_t* const now = runs_[0].now(heard_);
        const std::uint32_t oldest = size_ - 1;
        const std::uint16_t a = now[oldest], b = now[oldest - 1], c = now[oldest - 2];
        std::int32_t pairs = 0;
        for (std::uint32_t i = 2; i + 3 <= oldest; ++i)
            pairs += now[i] == a && now[i - 1] == b && now[i - 2] == c ? 1 : 0;
        repetitions_ -= pairs;
    }

    [[nodiscard]] double repeated(GramKind kind) const noexcept {
        const std::uint32_t end = first_end(kGrams[kind]);
        return size_ <= end ? 0.0 : 1.0 - distinct_[kind] / static_cast<double>(size_ - end);
    }

    /// log n for n = 0 .. 128 (0 for 0).
    [[nodiscard]] static double log_count(std::int32_t n) noexcept {
        static const std::array<double, kRing + 1> logs = [] {
            std::array<double, kRing + 1> table{};
            for (std::size_t i = 1; i < table.size(); ++i)
                table[i] = std::log(static_cast<double>(i));
            return table;
        }();
        return logs[static_cast<std::size_t>(n)];
    }

    /// H / log 12 with H = log n - sum_c (n_c / n) log n_c
    [[nodiscard]] double pitch_class_evenness() const noexcept {
        double sum = 0.0;
        for (const std::int32_t count : pitch_classes_) sum += count * log_count(count);
        const double entropy = log_count(static_cast<std::int32_t>(size_)) - sum / size_;
        return std::max(0.0, entropy / log_count(12));
    }

    /// Most notes that one major scale holds. A fifth up, a scale exchanges one note: its fourth
    /// degree for the semitone above.
    [[nodiscard]] double most_in_major_scale() const noexcept {
        const auto& n = pitch_classes_;
        std::int32_t inside = n[0] + n[2] + n[4] + n[5] + n[7] + n[9] + n[11];
        std::int32_t most = inside;
        for (std::size_t fifths = 1; fifths < 12; ++fifths) {
            const std::size_t below = 7 * (fifths - 1);  // the root of the scale before
            inside += n[(below + 6) % 12] - n[(below + 5) % 12];
            most = std::max(most, inside);
        }
        return most;
    }

    [[nodiscard]] static int lowest(const Used& used) noexcept {
        return used[0] != 0 ? std::countr_zero(used[0]) : 64 + std::countr_zero(used[1]);
    }
    [[nodiscard]] static int highest(const Used& used) noexcept {
        return used[1] != 0 ? 127 - std::countl_zero(used[1]) : 63 - std::countl_zero(used[0]);
    }

    const StepVocabulary* vocabulary_;
    std::uint32_t heard_ = 0;  // events since the reset; may wrap around
    std::uint32_t onset_ = 0;
    std::uint32_t size_ = 0;
    std::int32_t phase_ = 0;
    std::array<Heard, kRing> ring_{};
    std::array<Runs, 4> runs_{};  // pitches, rhythm, phrases, lengths
    std::array<std::array<std::uint16_t, kMaxComponentValues + 1>, kMaxComponents> counts_{};
    std::array<std::int32_t, kMaxComponents> used_{};  // values that occur
    std::array<std::int32_t, kGrams.size()> distinct_{};
    std::array<std::int32_t, 12> pitch_classes_{};
    Used pitch_used_{}, velocity_used_{};
    Sum pitches_, velocities_, times_, lengths_;
    Neighbours neighbours_;
    std::int32_t length_sum_ = 0, legato_ = 0, overlapping_ = 0;
    std::int32_t onsets_ = 0, on_sixteenths_ = 0, on_eighths_ = 0;
    std::int32_t repetitions_ = 0, returns_ = 0, most_at_once_ = 0;
    std::array<std::uint32_t, kRing> sounding_{};
    std::size_t sounding_size_ = 0;
    std::array<std::uint8_t, kRing> at_once_{};  // events with so many keys at once
};

/// The style of a crop: of its last 100 events.
[[nodiscard]] inline StepStyle step_style(const StepSong& crop,
                                          const StepVocabulary& vocabulary) noexcept {
    StyleMeter meter(vocabulary, crop.first_phase);
    for (const StepEvent& event : crop.events) meter.add(event);
    return meter.axes();
}

/// What is usual on each axis: mean and standard deviation over the crops of training songs.
/// Networks are told by how many deviations a style is out of the usual.
struct StyleScale {
    StepStyle mean{};
    StepStyle sd = ones();

    /// (raw - mean) / sd, cut at +-4.
    [[nodiscard]] StepStyle normalise(const StepStyle& raw) const noexcept {
        StepStyle style;
        for (std::size_t a = 0; a < kStyleAxes; ++a)
            style[a] = std::clamp((raw[a] - mean[a]) / sd[a], -4.0, 4.0);
        return style;
    }

    /// mean + sd * normalised: where `normalise` did not cut, its reverse.
    [[nodiscard]] StepStyle raw(const StepStyle& normalised) const noexcept {
        StepStyle style;
        for (std::size_t a = 0; a < kStyleAxes; ++a) style[a] = mean[a] + sd[a] * normalised[a];
        return style;
    }

    /// Measures crops of 100 events that begin at each 50th event of each song, whole ones (of a
    /// shorter song, the song). An axis that never changes gets the deviation 1. Throws DataError
    /// if there is no event.
    [[nodiscard]] static StyleScale fit(std::span<const StepSong> songs,
                                        const StepVocabulary& vocabulary) {
        return fit(
            songs.size(), [&](std::size_t i) -> const StepSong& { return songs[i]; }, vocabulary);
    }

    /// The same of songs that need not be in memory together: song_of(0) .. song_of(count - 1), one
    /// after the other.
    template <typename SongOf>
    [[nodiscard]] static StyleScale fit(std::size_t count, SongOf&& song_of,
                                        const StepVocabulary& vocabulary) {
        StepStyle sum{}, squares{};
        double crops = 0.0;
        const auto measure = [&](const StyleMeter& meter) {
            const StepStyle style = meter.axes();
            for (std::size_t a = 0; a < kStyleAxes; ++a) sum[a] += style[a];
            for (std::size_t a = 0; a < kStyleAxes; ++a) squares[a] += style[a] * style[a];
            crops += 1.0;
        };
        for (std::size_t s = 0; s < count; ++s) {
            const StepSong& song = song_of(s);
            if (song.events.empty()) continue;
            // One meter slides along: its window is the crop.
            StyleMeter meter(vocabulary, song.first_phase);
            for (std::size_t i = 0; i < song.events.size(); ++i) {
                meter.add(song.events[i]);
                if (i + 1 >= kStyleWindow && (i + 1 - kStyleWindow) % 50 == 0) measure(meter);
            }
            if (song.events.size() < kStyleWindow) measure(meter);
        }
        require<DataError>(crops > 0.0, "StyleScale::fit: the songs have no events");
        StyleScale scale;
        for (std::size_t a = 0; a < kStyleAxes; ++a) {
            scale.mean[a] = sum[a] / crops;
            const double variance = squares[a] / crops - scale.mean[a] * scale.mean[a];
            scale.sd[a] = variance > 1e-9 ? std::sqrt(variance) : 1.0;
        }
        return scale;
    }

    friend bool operator==(const StyleScale&, const StyleScale&) = default;

private:
    [[nodiscard]] static constexpr StepStyle ones() noexcept {
        StepStyle style{};
        style.fill(1.0);
        return style;
    }
};

}  // namespace mgan::inline MGAN_ABI::encoding
