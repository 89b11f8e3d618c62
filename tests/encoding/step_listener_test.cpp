#include <mgan/encoding/step_listener.hpp>

#include "steps.hpp"

#include <bundled_corpus.hpp>
#include <support/catch.hpp>
#include <support/sanitizers.hpp>

#define MGAN_COUNT_ALLOCATIONS
#include <support/allocation_counter.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <set>
#include <vector>

using namespace mgan::encoding;
namespace at = mgan::encoding::step_numbers;

namespace {

/// A scale by which styles of `steps::tune` are of size about 1.
StyleScale tune_scale(const StepVocabulary& words) {
    std::vector<StepSong> songs(12);
    for (std::size_t i = 0; i < songs.size(); ++i)
        songs[i].events = steps::tune(words, 100 + i, 150, 3 + i);
    return StyleScale::fit(songs, words);
}

/// The listener by its description, from all events so far, with a loop for everything.
class SlowListener {
public:
    SlowListener(const StepVocabulary& words, const StyleScale& scale, std::size_t memory,
                 const StepStyle& asked, int first_phase)
        : words_(words), scale_(scale), memory_(memory), asked_(asked), phase_(first_phase) {}

    /// The song's last onset, counted as the first one's phase is.
    void end_at(int onset) { end_ = onset; }

    void hear(const StepEvent& event) {
        events_.push_back(event);
        if (events_.size() == 1) events_[0].value[0] = 1;
        onsets_.push_back(events_.size() == 1 ? phase_
                                              : onsets_.back() + time_before(events_.size() - 1));
    }

    [[nodiscard]] StepContext context() const {
        StepContext to;
        const int quarter = words_.quarter_steps();
        const std::size_t n = events_.size();
        const int onset = n == 0 ? phase_ : onsets_.back();
        const int gap = n == 0 ? 0 : value(1, n - 1);
        to.last_phase = onset % quarter;
        to.next_phase = (onset + gap) % quarter;
        StepEvent none;
        none.value.fill(-1);
        to.sources.fill(none);
        std::array<int, 3> length{}, longest{};
        for (std::size_t kind = 0; kind < 3 && n > 0; ++kind) {
            std::size_t best = 0;
            for (std::size_t place = n < memory_ ? 0 : n - memory_; place + 1 < n; ++place) {
                int same = 0;
                while (static_cast<std::size_t>(same) <= place &&
                       equal(kind, place - static_cast<std::size_t>(same),
                             n - 1 - static_cast<std::size_t>(same)))
                    ++same;
                longest[kind] = std::max(longest[kind], same);
                if (std::min(same, 12) <= length[kind]) continue;
                length[kind] = std::min(same, 12);
                best = place;
            }
            if (length[kind] == 0) continue;
            StepEvent& source = to.sources[1 + kind];
            source = events_[best + 1];
            if (kind > 0)
                source.value[words_.pitch()] = static_cast<std::int16_t>(
                    std::clamp(pitch(n - 1) + pitch(best + 1) - pitch(best), 0, 127));
        }
        if (n > 0) to.sources[0] = events_[n - 1];
        for (std::size_t k = 1; k <= 7 && k < std::min(n, memory_); ++k)
            to.sources[3 + k] = events_[n - 1 - k];
        const std::array<double, 13> quarters = {0.75, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64};
        for (std::size_t i = 0; i < 13 && n > 0; ++i) {
            const int period = static_cast<int>(quarters[i] * quarter);
            const std::vector<std::size_t> chord = events_at(onset - period);
            const std::size_t so_far = events_at(onset).size();
            const std::vector<std::size_t> next = events_at(onset + gap - period);
            if (chord.size() <= so_far && next.empty()) continue;
            const std::size_t found = chord.size() > so_far ? chord[so_far] : next[0];
            to.sources[11 + i] = events_[found];
            if (found == 0 || found + memory_ == n) continue;
            to.sources[24 + i].value[words_.pitch()] = static_cast<std::int16_t>(
                std::clamp(pitch(n - 1) + pitch(found) - pitch(found - 1), 0, 127));
        }

        float* numbers = to.numbers.data();
        const double turn = 2 * std::acos(-1.0) * onset / quarter;
        for (std::size_t i = 0; i < 3; ++i) {
            numbers[at::kMetre + i] = static_cast<float>(std::cos(turn / (4.0 - double(i))));
            numbers[at::kMetre + 3 + i] = static_cast<float>(std::sin(turn / (4.0 - double(i))));
            numbers[at::kMatches + i] = static_cast<float>(length[i]) / 12.0f;
        }
        for (std::size_t i = 0; i < n; ++i) {
            const auto pitch_class = static_cast<std::size_t>(pitch(i) % 12);
            numbers[at::kPitchClasses + pitch_class] +=
                0.2f * static_cast<float>(std::pow(0.95, static_cast<double>(n - 1 - i)));
            if (onsets_[i] == onset) numbers[at::kChord + pitch_class] = 1.0f;
        }
        const StepStyle asked = scale_.normalise(asked_);
        for (std::size_t a = 0; a < kStyleAxes; ++a)
            numbers[at::kAsked + a] = static_cast<float>(asked[a]);
        numbers[at::kProgress] = numbers[at::kProgress + 1] = numbers[at::kProgress + 9] = -1.0f;
        if (n > 0) {
            StepSong window;
            const std::size_t first = n < 100 ? 0 : n - 100;
            window.first_phase = onsets_[first] % words_.phase_steps();
            window.events.assign(events_.begin() + static_cast<std::ptrdiff_t>(first),
                                 events_.end());
            const StepStyle raw = step_style(window, words_);
            const StepStyle running = scale_.normalise(raw);
            for (std::size_t a = 0; a < kStyleAxes; ++a)
                numbers[at::kRunning + a] = static_cast<float>(running[a]);
            int returns = 0;
            for (std::size_t i = first; i + 5 < n; ++i)
                returns += pitch(i) == pitch(n - 3) && pitch(i + 1) == pitch(n - 2) &&
                                   pitch(i + 2) == pitch(n - 1)
                               ? 1
                               : 0;
            const auto ahead = [&](StyleAxis axis) {
                return raw[static_cast<std::size_t>(axis)] - asked_[static_cast<std::size_t>(axis)];
            };
            const std::array<double, 10> progress = {
                static_cast<double>(n - first) / 50.0 - 1.0,
                std::log1p((onset - onsets_[first]) * 16.0 / quarter) / 3.0 - 1.0,
                std::log1p(returns),
                std::log1p(longest[0]) / 2.0,
                std::log1p(longest[2]) / 2.0,
                ahead(StyleAxis::pitch_lowest) / 12.0,
                -ahead(StyleAxis::pitch_highest) / 12.0,
                ahead(StyleAxis::velocity_least) / 20.0,
                -ahead(StyleAxis::velocity_greatest) / 20.0,
                static_cast<double>(sounding(onset).size()) / 4.0 - 1.0};
            for (std::size_t i = 0; i < progress.size(); ++i)
                numbers[at::kProgress + i] = static_cast<float>(progress[i]);
        }
        if (const double left = static_cast<double>(end_ - onset - gap) / quarter;
            end_ >= 0 && left <= 16.0) {
            const std::array<double, 5> ending = {
                1.0, left == 0.0 ? 1.0 : 0.0, left < 0.0 ? 1.0 : 0.0,
                left < 4.0 ? 1.0 - left / 4.0 : 0.0, 1.0 - left / 16.0};
            for (std::size_t i = 0; i < ending.size(); ++i)
                numbers[at::kEnding + i] = static_cast<float>(std::min(1.0, ending[i]));
        }
        return to;
    }

    /// Keys that sound at an onset, as the last strike of each says.
    [[nodiscard]] std::set<int> sounding(int onset) const {
        std::array<int, 128> end{};
        for (std::size_t i = 0; i < events_.size(); ++i)
            end[static_cast<std::size_t>(pitch(i))] = onsets_[i] + value(words_.length(), i);
        std::set<int> keys;
        for (int key = 0; key < 128; ++key)
            if (end[static_cast<std::size_t>(key)] > onset) keys.insert(key);
        return keys;
    }
    [[nodiscard]] int next_onset(int move) const {
        if (events_.empty()) return phase_;
        return onsets_.back() + (move != 0 ? value(1, events_.size() - 1) : 0);
    }
    /// Highest and lowest note of the onset before the next event's, of the one before that, and
    /// the note of its place in the order.
    [[nodiscard]] std::array<StepEvent, 5> voices(int move) const {
        StepEvent none;
        none.value.fill(-1);
        std::array<StepEvent, 5> found;
        found.fill(none);
        std::vector<std::vector<std::size_t>> chords;
        const std::size_t place =
            move != 0 || events_.empty() ? 0 : events_at(onsets_.back()).size();
        for (std::size_t i = events_.size() - place; i-- > 0 && i + memory_ >= events_.size();) {
            if (chords.empty() || onsets_[chords.back().front()] != onsets_[i])
                chords.emplace_back();
            chords.back().insert(chords.back().begin(), i);
        }
        for (std::size_t c = 0; c < std::min<std::size_t>(2, chords.size()); ++c) {
            for (const std::size_t i : chords[c]) {
                StepEvent &top = found[2 * c], &bottom = found[2 * c + 1];
                const std::int16_t key = events_[i].value[words_.pitch()];
                // Of equal pitches the later event.
                if (key >= top.value[words_.pitch()]) top = events_[i];
                if (bottom == none || key <= bottom.value[words_.pitch()]) bottom = events_[i];
            }
        }
        if (!chords.empty() && place < chords[0].size()) found[4] = events_[chords[0][place]];
        for (StepEvent& voice : found) voice.value[0] = -1;
        return found;
    }
    /// Keys of sets 0 .. 6, and pitch classes of sets 7 .. 9, of `StepArrival::keys`.
    [[nodiscard]] std::array<std::set<int>, 10> key_sets(int move) const {
        std::array<std::set<int>, 10> sets;
        const int onset = next_onset(move);
        const std::array<double, 7> quarters = {0.5, 1, 2, 3, 4, 6, 8};
        for (std::size_t i = 0; i < 7; ++i)
            for (const std::size_t e :
                 events_at(onset - static_cast<int>(quarters[i] * words_.quarter_steps())))
                sets[i].insert(pitch(e));
        if (events_.empty()) return sets;
        const int last = onsets_.back();
        int before = last;
        if (move == 0) {
            for (const std::size_t e : events_at(last)) sets[7].insert(pitch(e) % 12);
            const std::size_t first = events_at(last).front();
            before = first > 0 ? onsets_[first - 1] : last + 1;
        }
        for (const std::size_t e : events_at(before)) sets[8].insert(pitch(e) % 12);
        for (const int key : sounding(onset)) sets[9].insert(key % 12);
        return sets;
    }
    /// When the keys that sound at an onset end, the soonest four different times.
    [[nodiscard]] std::vector<int> releases(int onset) const {
        std::set<int> ends;
        std::array<int, 128> end{};
        for (std::size_t i = 0; i < events_.size(); ++i)
            end[static_cast<std::size_t>(pitch(i))] = onsets_[i] + value(words_.length(), i);
        for (const int each : end)
            if (each > onset) ends.insert(each - onset);
        std::vector<int> soonest(ends.begin(), ends.end());
        if (soonest.size() > 4) soonest.resize(4);
        return soonest;
    }
    /// Grid steps from an onset to the last one, where the listener tells; else 0.
    [[nodiscard]] int to_end(int onset) const {
        const bool tells = end_ >= 0 && end_ - next_onset(1) <= 16 * words_.quarter_steps();
        return tells ? std::max(0, end_ - onset) : 0;
    }
    [[nodiscard]] std::vector<int> counts(std::size_t component) const {
        std::vector<int> count(words_.components()[component].values.size());
        const std::size_t first = events_.size() < 100 ? 0 : events_.size() - 100;
        for (std::size_t i = first; i < events_.size(); ++i)
            if (component > 1 || (component == 1 && (i == first || events_[i].value[0] != 0)))
                ++count[static_cast<std::size_t>(events_[i].value[component])];
        return count;
    }

private:
    [[nodiscard]] int value(std::size_t component, std::size_t i) const {
        return words_.value(component, events_[i].value[component]);
    }
    [[nodiscard]] int pitch(std::size_t i) const { return value(words_.pitch(), i); }
    [[nodiscard]] int time_before(std::size_t i) const {
        return i > 0 && events_[i].value[0] != 0 ? value(1, i - 1) : 0;
    }
    /// Whether two events have the same pitch, time, or interval and time. The first has no time.
    [[nodiscard]] bool equal(std::size_t kind, std::size_t i, std::size_t j) const {
        if (kind == 0) return pitch(i) == pitch(j);
        if (i == 0 || j == 0) return false;
        const bool interval = pitch(i) - pitch(i - 1) == pitch(j) - pitch(j - 1);
        return time_before(i) == time_before(j) && (kind == 1 || interval);
    }
    /// The remembered events at an onset.
    [[nodiscard]] std::vector<std::size_t> events_at(int onset) const {
        std::vector<std::size_t> found;
        for (std::size_t i = events_.size() < memory_ ? 0 : events_.size() - memory_;
             i < events_.size(); ++i)
            if (onsets_[i] == onset) found.push_back(i);
        return found;
    }

    const StepVocabulary& words_;
    const StyleScale& scale_;
    std::size_t memory_;
    StepStyle asked_;
    int phase_;
    int end_ = -1;
    std::vector<StepEvent> events_;
    std::vector<int> onsets_;
};

std::set<int> keys_of(const StepKeys& keys) {
    std::set<int> found;
    for_each_key(keys, [&](std::size_t key) { found.insert(static_cast<int>(key)); });
    return found;
}

/// Compares everything that is told before the next event; the greatest difference of numbers.
double compare(const StepListener& listener, const SlowListener& slow,
               const StepVocabulary& words) {
    StepContext context;
    listener.context(context);
    const StepContext expected = slow.context();
    CHECK(context.sources == expected.sources);
    CHECK(context.last_phase == expected.last_phase);
    CHECK(context.next_phase == expected.next_phase);
    for (std::size_t c = 0; c < words.size(); ++c) {
        const std::vector<int> counts = slow.counts(c);
        CHECK(std::equal(counts.begin(), counts.end(), context.counts[c].begin(),
                         context.counts[c].end()));
    }
    for (const int move : {0, 1}) {
        const StepArrival arrival = listener.after(move);
        const int onset = slow.next_onset(move);
        CHECK(arrival.phase == onset % words.quarter_steps());
        std::set<int> sounding;
        for (int key = 0; key < 128; ++key)
            if (arrival.sounds(key)) sounding.insert(key);
        CHECK(sounding == slow.sounding(onset));
        CHECK(arrival.voices == slow.voices(move));
        const auto sets = slow.key_sets(move);
        for (std::size_t i = 0; i < kStepKeySets; ++i) {
            std::set<int> keys;
            for (int key = 0; key < 128; ++key)
                if (sets[i].count(i < 7 ? key : key % 12) != 0) keys.insert(key);
            CHECK(keys_of(arrival.keys[i]) == keys);
        }
        const std::vector<int> releases = slow.releases(onset);
        for (std::size_t i = 0; i < kStepEnds; ++i) {
            const bool ends = i < releases.size();
            CHECK(arrival.release_gap[i] == (ends ? words.nearest(1, releases[i]) : -1));
            CHECK(arrival.release_length[i] ==
                  (ends ? words.nearest(words.length(), releases[i]) : -1));
        }
        // One that lies beyond the longest gap, or length, is no value.
        const int left = slow.to_end(onset);
        const auto index = [&](std::size_t c) {
            const bool reaches = left > 0 && left <= words.components()[c].values.back();
            return reaches ? words.nearest(c, left) : std::int16_t{-1};
        };
        CHECK(arrival.release_gap[kStepEnds] == index(1));
        CHECK(arrival.release_length[kStepEnds] == index(words.length()));
    }
    double worst = 0.0;
    for (std::size_t i = 0; i < context.numbers.size(); ++i) {
        const double off = std::abs(static_cast<double>(context.numbers[i]) -
                                    static_cast<double>(expected.numbers[i]));
        if (off > 1e-5) UNSCOPED_INFO("number " << i << " is off by " << off);
        worst = std::max(worst, off);
    }
    return worst;
}

bool same(const StepContext& a, const StepContext& b) {
    bool counts = true;
    for (std::size_t c = 0; c < kMaxComponents; ++c)
        counts = counts && std::equal(a.counts[c].begin(), a.counts[c].end(), b.counts[c].begin(),
                                      b.counts[c].end());
    return counts && a.sources == b.sources && a.last_phase == b.last_phase &&
           a.next_phase == b.next_phase && a.least == b.least && a.greatest == b.greatest &&
           std::memcmp(a.numbers.data(), b.numbers.data(), sizeof(a.numbers)) == 0;
}

}  // namespace

TEST_CASE("Step listener: four notes, by hand") {
    const StepVocabulary words = steps::plain_vocabulary();
    const StyleScale scale;
    StepListener listener(words, scale);
    StepStyle asked{};
    asked[static_cast<std::size_t>(StyleAxis::pitch_lowest)] = 48;
    asked[static_cast<std::size_t>(StyleAxis::pitch_highest)] = 84;
    asked[static_cast<std::size_t>(StyleAxis::velocity_least)] = 30;
    asked[static_cast<std::size_t>(StyleAxis::velocity_greatest)] = 90;
    listener.reset(asked, 20);
    StepContext context;
    listener.context(context);
    StepEvent none;
    none.value.fill(-1);
    for (const StepEvent& source : context.sources) CHECK(source == none);
    CHECK(context.last_phase == 4);
    CHECK(context.next_phase == 4);
    CHECK(context.least[words.pitch()] == 48);
    CHECK(context.greatest[words.pitch()] == 84);
    CHECK(words.value(words.velocity(), context.least[words.velocity()]) == 30);
    CHECK(words.value(words.velocity(), context.greatest[words.velocity()]) == 90);
    CHECK(context.least[1] == 0);
    CHECK(context.greatest[1] == 63);
    CHECK(listener.after(1).phase == 4);

    const std::vector<StepEvent> events = {
        steps::event(words, 1, 16, 60, 20, 80), steps::event(words, 0, 16, 64, 16, 80),
        steps::event(words, 1, 8, 67, 8, 60), steps::event(words, 1, 16, 60, 32, 60)};
    for (const StepEvent& event : events) listener.hear(event);
    listener.context(context);
    CHECK(context.sources[0] == events[3]);
    CHECK(context.sources[1] == events[1]);  // after 60 came 64
    CHECK(context.sources[2] == none);       // a time of 8 is new
    CHECK(context.sources[3] == none);
    CHECK(context.sources[4] == events[2]);
    CHECK(context.sources[6] == events[0]);
    CHECK(context.sources[7] == none);
    // Onsets 20, 20, 36, 44; the next is 60. At 44 - 24 stood a chord of two: its second note.
    CHECK(context.sources[13] == events[1]);
    // At 60 - 16 = 44 the last event itself; at 60 - 12 nothing, and at 60 - 32 neither.
    CHECK(context.sources[12] == events[3]);
    CHECK(context.sources[11] == none);
    CHECK(context.sources[14] == none);
    // The interval that led there, from the last pitch: 64 came after 60, and 60 after 67.
    CHECK(context.sources[26].value[words.pitch()] == 60 + 4);
    CHECK(context.sources[25].value[words.pitch()] == 60 - 7);
    CHECK(context.sources[26].value[words.length()] == -1);
    CHECK(context.sources[37] == none);
    CHECK(context.last_phase == 44 % 16);
    CHECK(context.next_phase == 60 % 16);
    const StepArrival stays = listener.after(0);
    CHECK(stays.phase == 44 % 16);
    CHECK(stays.sounds(60));
    CHECK_FALSE(stays.sounds(64));
    CHECK_FALSE(stays.sounds(67));  // it ends where 60 begins
    CHECK(words.value(words.length(), stays.release_length[0]) == 32);
    CHECK(stays.release_length[1] == -1);
    const StepArrival moves = listener.after(1);
    CHECK(moves.phase == 60 % 16);
    CHECK(words.value(1, moves.release_gap[0]) == 16);
    const auto key = [&](const StepEvent& event) { return event.value[words.pitch()]; };
    // A note at 44 would be the second there; before it comes 67, before that 60 and 64.
    CHECK(key(stays.voices[0]) == 67);
    CHECK(key(stays.voices[1]) == 67);
    CHECK(key(stays.voices[2]) == 64);
    CHECK(key(stays.voices[3]) == 60);
    CHECK(stays.voices[4] == none);
    CHECK(key(moves.voices[0]) == 60);
    CHECK(key(moves.voices[2]) == 67);
    CHECK(key(moves.voices[4]) == 60);
    CHECK(moves.voices[4].value[words.length()] == events[3].value[words.length()]);
    CHECK(moves.voices[4].value[0] == -1);
    // 60 - 16 = 44, where 60 was struck; it sounds at 60, too. At 44 it is what was struck so far.
    const std::set<int> all_c = {0, 12, 24, 36, 48, 60, 72, 84, 96, 108, 120};
    const std::array<std::set<int>, 10> expected = {
        {{}, {60}, {}, {}, {}, {}, {}, {}, all_c, all_c}};
    for (std::size_t i = 0; i < kStepKeySets; ++i) CHECK(keys_of(moves.keys[i]) == expected[i]);
    CHECK(keys_of(stays.keys[7]) == all_c);
    CHECK(keys_of(stays.keys[8]).count(67) == 1);
    CHECK(keys_of(stays.keys[8]).count(60) == 0);
}

TEST_CASE("Step listener: agrees with its description after every event") {
    const StepVocabulary plain = steps::plain_vocabulary();
    std::vector<StepComponent> components(plain.components().begin(), plain.components().end());
    std::swap(components[2], components[4]);  // velocity, length, pitch
    components.push_back({"channel", ComponentKind::label, {0, 1}});
    for (const StepVocabulary& words :
         {plain, steps::plain_vocabulary(6), StepVocabulary(24, components)}) {
        const StyleScale scale = tune_scale(words);
        for (std::uint64_t seed = 0; seed < 3; ++seed) {
            StepListenerOptions options;
            options.memory = std::size_t(32) << 2 * seed;
            StepListener listener(words, scale, options);
            StepStyle asked = scale.mean;
            for (std::size_t a = 0; a < kStyleAxes; ++a) asked[a] += scale.sd[a] * (a % 3 == 0);
            const int phase = 5 + 11 * static_cast<int>(seed);
            listener.reset(asked, phase);
            SlowListener slow(words, scale, options.memory, asked, phase);
            const std::vector<StepEvent> events =
                steps::tune(words, seed, 260, 5 + 4 * static_cast<std::size_t>(seed));
            // It ends at event 200; what follows lies behind the end.
            const int steps = static_cast<int>(steps_to({events, phase}, 200, words));
            listener.end_in(steps);
            slow.end_at(phase + steps);
            double worst = compare(listener, slow, words);
            for (const StepEvent& event : events) {
                listener.hear(event);
                slow.hear(event);
                worst = std::max(worst, compare(listener, slow, words));
            }
            INFO("grid " << words.grid_ticks() << ", memory " << options.memory);
            CHECK(worst < 1e-5);
        }
    }
}

TEST_CASE("Step listener: the end is told once it is near, and may be moved") {
    const StepVocabulary words = steps::plain_vocabulary();
    const StyleScale scale = tune_scale(words);
    namespace at = step_numbers;
    StepListener listener(words, scale);
    StepContext context;
    const auto ending = [&] {
        listener.context(context);
        const float* const first = context.numbers.data() + at::kEnding;
        return std::vector<float>(first, first + at::kEndingCount);
    };
    const std::vector<float> unknown(at::kEndingCount, 0.0f);
    CHECK(ending() == unknown);
    listener.end_in(17 * 16);
    CHECK(ending() == unknown);
    CHECK(listener.after(1).release_gap[kStepEnds] == -1);
    listener.hear(steps::event(words, 1, 32, 60, 16, 80));
    CHECK(ending() ==
          std::vector<float>{1, 0, 0, 0, 1.0f / 16});  // 15 quarters from the next onset
    listener.end_in(48);
    CHECK(ending() == std::vector<float>{1, 0, 0, 0.75f, 15.0f / 16});
    CHECK(words.value(1, listener.after(1).release_gap[kStepEnds]) == 16);
    CHECK(words.value(1, listener.after(0).release_gap[kStepEnds]) == 48);
    CHECK(words.value(words.length(), listener.after(1).release_length[kStepEnds]) == 16);
    listener.hear(steps::event(words, 1, 16, 62, 16, 80));
    CHECK(ending() == std::vector<float>{1, 1, 0, 1, 1});
    listener.hear(steps::event(words, 1, 16, 60, 16, 80));
    CHECK(ending() == std::vector<float>{1, 0, 1, 1, 1});
    CHECK(listener.after(1).release_gap[kStepEnds] == -1);
    listener.hear(steps::event(words, 0, 16, 64, 16, 80));
    CHECK(ending() == std::vector<float>{1, 0, 1, 1, 1});
    listener.end_in(StepListener::kNoEnd);
    CHECK(ending() == unknown);
    listener.end_in(3);
    listener.reset(scale.mean);
    CHECK(ending() == unknown);
}

TEST_CASE("Step listener: agrees with its description on bundled scores") {
    const std::vector<mgan::midi::Song> songs = steps::on_grid(mgan::program::bundled_songs());
    const StepVocabulary words = StepVocabulary::fit(songs);
    const StyleScale scale = tune_scale(words);
    for (std::size_t i = 0; i < songs.size(); i += 5 * mgan::program::kVariantsPerScore) {
        const StepSong song = crop_of(step_events(songs[i], words), 3, 150, words);
        StepListenerOptions options;
        options.memory = 128;
        StepListener listener(words, scale, options);
        const StepStyle asked = step_style(song, words);
        listener.reset(asked, song.first_phase);
        SlowListener slow(words, scale, options.memory, asked, song.first_phase);
        double worst = 0.0;
        for (const StepEvent& event : song.events) {
            listener.hear(event);
            slow.hear(event);
            worst = std::max(worst, compare(listener, slow, words));
        }
        INFO(songs[i].title);
        CHECK(worst < 1e-5);
    }
}

TEST_CASE("Step listener: the asked ranges hold every value of the crop they were measured on") {
    const std::vector<mgan::midi::Song> songs = steps::on_grid(mgan::program::bundled_songs());
    const StepVocabulary words = StepVocabulary::fit(songs);
    const StyleScale scale;  // cuts every pitch off: the limits must not know
    StepListener listener(words, scale);
    for (std::size_t i = 0; i < songs.size(); i += 7) {
        const StepSong crop = crop_of(step_events(songs[i], words), i % 19, 100, words);
        listener.reset(step_style(crop, words), crop.first_phase);
        StepContext context;
        listener.context(context);
        std::array<std::int16_t, kMaxComponents> least = crop.events[0].value;
        std::array<std::int16_t, kMaxComponents> greatest = least;
        for (const StepEvent& event : crop.events) {
            for (std::size_t c = 0; c < words.size(); ++c) {
                least[c] = std::min(least[c], event.value[c]);
                greatest[c] = std::max(greatest[c], event.value[c]);
            }
        }
        for (const std::size_t c : {words.pitch(), words.velocity()}) {
            CHECK(context.least[c] == least[c]);
            CHECK(context.greatest[c] == greatest[c]);
        }
    }
}

TEST_CASE("Step listener: a pitch class too many is closed, and never was one of the crop") {
    const std::vector<mgan::midi::Song> songs = steps::on_grid(mgan::program::bundled_songs());
    const StepVocabulary words = StepVocabulary::fit(songs);
    const StyleScale scale;
    StepListener listener(words, scale);
    StepContext context;
    int closed = 0;
    for (std::size_t i = 0; i < songs.size(); i += 5) {
        const StepSong crop = crop_of(step_events(songs[i], words), i % 19, 100, words);
        const auto class_of = [&](const StepEvent& event) {
            return words.value(words.pitch(), event.value[words.pitch()]) % 12;
        };
        std::set<int> all, heard;
        for (const StepEvent& event : crop.events) all.insert(class_of(event));
        listener.reset(step_style(crop, words), crop.first_phase);
        for (const StepEvent& event : crop.events) {
            listener.context(context);
            unsigned expected = kAllPitchClasses;
            if (heard.size() == all.size()) {
                expected = 0;
                for (const int one : heard) expected |= 1u << one;
                ++closed;
            }
            CHECK(context.classes == expected);
            CHECK((context.classes >> class_of(event) & 1) != 0);
            listener.hear(event);
            heard.insert(class_of(event));
        }
    }
    CHECK(closed > 100);
    // Who asks for none gets the class that he began with; who asks for more than there are, all.
    StepStyle asked = scale.mean;
    for (const double count : {-3.0, 0.0, 1.0, 40.0}) {
        asked[static_cast<std::size_t>(StyleAxis::classes_used)] = count;
        listener.reset(asked);
        listener.context(context);
        CHECK(context.classes == kAllPitchClasses);
        listener.hear(step_events(songs[0], words).events[0]);
        listener.context(context);
        CHECK(std::popcount(context.classes) == (count > 1.0 ? 12 : 1));
    }
}

TEST_CASE("Step listener: a key too many at once is closed, and never was one of the crop") {
    const std::vector<mgan::midi::Song> songs = steps::on_grid(mgan::program::bundled_songs());
    const StepVocabulary words = StepVocabulary::fit(songs);
    const StyleScale scale;
    StepListener listener(words, scale);
    StepContext context;
    int full = 0, short_ones = 0;
    for (std::size_t i = 0; i < songs.size(); i += 5) {
        const StepSong crop = crop_of(step_events(songs[i], words), i % 19, 100, words);
        listener.reset(step_style(crop, words), crop.first_phase);
        for (std::size_t t = 0; t < crop.events.size(); ++t) {
            const StepEvent& event = crop.events[t];
            const auto value = [&](std::size_t c) { return words.value(c, event.value[c]); };
            const int move = t == 0 ? 1 : event.value[StepVocabulary::move()];
            listener.context(context);
            const std::int32_t hold = listener.after(move).hold;
            full += context.full ? 1 : 0;
            CHECK_FALSE((context.full && move == 0));
            if (value(StepVocabulary::gap()) < hold) {
                ++short_ones;
                // (What sounds beyond the last onset of a crop, its style does not know.)
                const auto rest = std::span(crop.events).subspan(t + 1);
                const bool ends = std::none_of(rest.begin(), rest.end(), [](const StepEvent& one) {
                    return one.value[StepVocabulary::move()] != 0;
                });
                CHECK((ends || value(words.length()) <= value(StepVocabulary::gap())));
            }
            listener.hear(event);
        }
    }
    CHECK(full > 100);
    CHECK(short_ones > 100);
}

TEST_CASE("Step listener: a copy goes on as its original, in the middle of a song and beyond") {
    const StepVocabulary words = steps::plain_vocabulary();
    const StyleScale scale = tune_scale(words);
    const std::vector<StepEvent> events = steps::tune(words, 5, 400);
    StepListener original(words, scale), assigned(words, scale);
    original.reset(scale.mean, 40);
    for (std::size_t i = 0; i < 170; ++i) original.hear(events[i]);
    const StepListener kept = original;
    assigned = original;
    StepListener copy = original;
    StepContext a, b;
    for (std::size_t i = 170; i < 400; ++i) {
        original.hear(events[i]);
        copy.hear(events[i]);
        assigned.hear(events[i]);
        original.context(a);
        copy.context(b);
        CHECK(same(a, b));
        assigned.context(b);
        CHECK(same(a, b));
    }
    // The copies changed nothing, and a listener that starts over is as a new one.
    copy = kept;
    for (std::size_t i = 170; i < 400; ++i) copy.hear(events[i]);
    copy.context(b);
    CHECK(same(a, b));
    original.reset(scale.mean, 40);
    for (const StepEvent& event : events) original.hear(event);
    original.context(b);
    CHECK(same(a, b));
}

TEST_CASE("Step listener: without aligned sources all else is the same") {
    const StepVocabulary words = steps::plain_vocabulary();
    const StyleScale scale;
    StepListenerOptions options;
    options.aligned = false;
    StepListener with(words, scale), without(words, scale, options);
    StepContext a, b;
    bool any = false;
    for (const StepEvent& event : steps::tune(words, 1, 50)) {
        with.hear(event);
        without.hear(event);
        with.context(a);
        without.context(b);
        for (std::size_t i = kStepInputs + kStepRecent; i < kStepSources; ++i) {
            CHECK(b.sources[i].value[0] == -1);
            any = any || a.sources[i].value[0] != -1;
            a.sources[i].value.fill(-1);
        }
        CHECK(same(a, b));
    }
    CHECK(any);
}

TEST_CASE("Step listener: the first event is a move, whatever it says") {
    const StepVocabulary words = steps::plain_vocabulary();
    const StyleScale scale;
    StepListener said(words, scale), unsaid(words, scale);
    StepContext a, b;
    for (int i = 0; i < 3; ++i) {
        said.hear(steps::event(words, 1, 4, 60 + i, 4, 64));
        unsaid.hear(steps::event(words, i == 0 ? 0 : 1, 4, 60 + i, 4, 64));
        said.context(a);
        unsaid.context(b);
        CHECK(same(a, b));
    }
}

TEST_CASE("Step listener: allocates nothing while it hears, in a million events without an end") {
    const StepVocabulary words = steps::plain_vocabulary();
    const StyleScale scale = tune_scale(words);
    const std::vector<StepEvent> events = steps::tune(words, 3, 1000, 11);
    StepListenerOptions options;
    options.memory = 64;
    StepListener listener(words, scale, options), copy(words, scale, options);
    StepContext context;
    listener.context(context);  // tables that are made once
    int sounding = 0;
    const auto allocations = mgan_test::allocations_in([&] {
        listener.reset(scale.mean);
        for (int i = 0; i < 1'000'000; ++i) {
            const StepEvent& event = events[static_cast<std::size_t>(i % 1000)];
            sounding += listener.after(event.value[0]).sounds(60) ? 1 : 0;
            listener.hear(event);
            if (i % 10 == 0) listener.context(context);
            if (i % 1000 == 0) copy = listener;
        }
    });
    CHECK(allocations == 0);
    CHECK(sounding > 0);
#ifndef MGAN_TEST_SANITIZED
    // That the counter counts (nothing does under sanitizers).
    const auto counted = mgan_test::allocations_in([] { std::vector<int> seen(100, 1); });
    CHECK(counted == 1);
#endif

    listener.context(context);
    for (const float number : context.numbers) CHECK(std::abs(number) < 10.0f);
    CHECK(listener.meter().size() == kStyleWindow);
    StepSong window;
    window.first_phase =
        ((listener.meter().phase() - listener.meter().duration()) % words.phase_steps() +
         words.phase_steps()) %
        words.phase_steps();
    window.events.assign(events.end() - 100, events.end());
    CHECK(listener.meter().axes() == step_style(window, words));
}
