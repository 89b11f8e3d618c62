#include <mgan/core/error.hpp>
#include <mgan/encoding/style_meter.hpp>
#include <mgan/metrics/song_metrics.hpp>

#include "steps.hpp"

#include <bundled_corpus.hpp>
#include <support/catch.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

using namespace mgan::encoding;

namespace {

double axis(const StepStyle& style, StyleAxis which) {
    return style[static_cast<std::size_t>(which)];
}

double mean(const std::vector<double>& x) {
    double sum = 0.0;
    for (const double each : x) sum += each;
    return sum / static_cast<double>(x.size());
}
double deviation(const std::vector<double>& x) {
    std::vector<double> squares;
    for (const double each : x) squares.push_back((each - mean(x)) * (each - mean(x)));
    return std::sqrt(mean(squares));
}
template <typename Value>
double log_distinct(const std::vector<Value>& x) {
    return std::log(static_cast<double>(std::set<Value>(x.begin(), x.end()).size()));
}
/// Share of `size` neighbours in x that stand there more than once, but for one of each.
double repeated(const std::vector<int>& x, std::size_t size) {
    std::set<std::vector<int>> distinct;
    std::size_t all = 0;
    for (std::size_t i = 0; i + size <= x.size(); ++i, ++all)
        distinct.insert({x.begin() + static_cast<std::ptrdiff_t>(i),
                         x.begin() + static_cast<std::ptrdiff_t>(i + size)});
    return all == 0 ? 0.0 : 1.0 - static_cast<double>(distinct.size()) / static_cast<double>(all);
}

/// The axes by their definitions, slowly, from a whole crop.
StepStyle slow_style(const std::vector<StepEvent>& events, int phase, const StepVocabulary& words) {
    const std::size_t n = events.size();
    const double sixteenth = words.quarter_steps() / 16.0;
    std::vector<double> pitch, velocity, time, length, change, interval;
    std::vector<int> pitches, velocities, lengths, gaps, rhythm, phrase, classes(12);
    std::vector<std::int64_t> onset;
    std::vector<mgan::midi::Note> notes;
    std::set<std::int64_t> onsets;
    double legato = 0, overlapping = 0, same_pitch = 0, same_velocity = 0, same_length = 0;
    double in_chord = 0, equal_in_chord = 0, total = 0, most_at_once = 0;
    for (std::size_t i = 0; i < n; ++i) {
        const auto value = [&](std::size_t c, std::size_t at) {
            return words.value(c, events[at].value[c]);
        };
        const int p = value(words.pitch(), i), v = value(words.velocity(), i);
        const int l = value(words.length(), i), g = value(1, i);
        const int dt = i > 0 && events[i].value[0] != 0 ? value(1, i - 1) : 0;
        onset.push_back(i == 0 ? phase : onset.back() + dt);
        onsets.insert(onset.back());
        pitch.push_back(p);
        velocity.push_back(v);
        time.push_back(std::log1p(dt / sixteenth));
        length.push_back(std::log(l / sixteenth));
        pitches.push_back(p);
        velocities.push_back(v);
        lengths.push_back(l);
        gaps.push_back(g);
        ++classes[static_cast<std::size_t>(p % 12)];
        legato += l == g;
        overlapping += l > g;
        total += l;
        notes.push_back({0, 1, p, v, 0});
        std::set<int> keys;
        for (std::size_t k = 0; k <= i; ++k) {
            bool sounds = onset[k] + lengths[k] > onset[i];
            for (std::size_t m = k + 1; m <= i; ++m) sounds = sounds && pitches[m] != pitches[k];
            if (sounds) keys.insert(pitches[k]);
        }
        most_at_once = std::max(most_at_once, static_cast<double>(keys.size()));
        if (i == 0) continue;
        rhythm.push_back(1000 * dt + lengths[i - 1]);
        phrase.push_back(1000 * (p - pitches[i - 1]) + dt);
        change.push_back(std::abs(v - velocities[i - 1]));
        interval.push_back(std::abs(p - pitches[i - 1]));
        same_pitch += p == pitches[i - 1];
        same_velocity += v == velocities[i - 1];
        same_length += l == lengths[i - 1];
        in_chord += dt == 0;
        equal_in_chord += dt == 0 && l == lengths[i - 1];
    }
    double sixteenths = 0, eighths = 0, entropy = 0, diatonic = 0;
    for (const std::int64_t each : onsets) {
        sixteenths += each % (words.quarter_steps() / 4) == 0;
        eighths += each % (words.quarter_steps() / 2) == 0;
    }
    const double all = static_cast<double>(n), pairs = std::max(1.0, all - 1.0);
    const auto used_classes = static_cast<double>(
        std::count_if(classes.begin(), classes.end(), [](int count) { return count > 0; }));
    for (const int count : classes)
        if (count > 0) entropy -= count / all * std::log(count / all);
    for (int root = 0; root < 12; ++root) {
        double inside = 0;
        for (const int degree : {0, 2, 4, 5, 7, 9, 11})
            inside += classes[static_cast<std::size_t>((root + degree) % 12)];
        diatonic = std::max(diatonic, inside / all);
    }
    const auto low = [](const auto& x) { return *std::min_element(x.begin(), x.end()); };
    const auto high = [](const auto& x) { return *std::max_element(x.begin(), x.end()); };
    const double duration = std::max<double>(1.0, static_cast<double>(onset.back() - onset[0]));
    return {mean(pitch),
            deviation(pitch),
            low(pitch),
            high(pitch),
            log_distinct(pitches),
            mean(velocity),
            deviation(velocity),
            low(velocity),
            high(velocity),
            log_distinct(velocities),
            same_velocity / pairs,
            n > 1 ? std::log1p(mean(change)) : 0.0,
            mean(time),
            deviation(time),
            log_distinct(gaps),
            repeated(rhythm, 1),
            sixteenths / static_cast<double>(onsets.size()),
            eighths / static_cast<double>(onsets.size()),
            mean(length),
            deviation(length),
            log_distinct(lengths),
            legato / all,
            overlapping / all,
            same_length / pairs,
            repeated(lengths, 4),
            std::log(total / duration),
            static_cast<double>(onsets.size()) / all,
            in_chord == 0 ? 0.5 : equal_in_chord / in_chord,
            most_at_once,
            used_classes,
            entropy / std::log(12.0),
            diatonic,
            n > 1 ? mean(interval) : 0.0,
            same_pitch / pairs,
            repeated(pitches, 2),
            repeated(phrase, 4),
            std::log1p(static_cast<double>(mgan::metrics::count_repetitions_3(notes)))};
}

/// The greatest difference on any axis, and where it is.
std::pair<double, std::string> difference(const StepStyle& a, const StepStyle& b) {
    std::pair<double, std::string> worst{0.0, ""};
    for (std::size_t i = 0; i < kStyleAxes; ++i)
        if (!(std::abs(a[i] - b[i]) <= worst.first))
            worst = {std::abs(a[i] - b[i]), std::string(kStyleAxisInfo[i].name)};
    return worst;
}

/// Logarithms are counted with 20 binary places.
constexpr double kRounding = 4e-6;

}  // namespace

TEST_CASE("Style meter: every axis of four notes, by hand") {
    const StepVocabulary words = steps::plain_vocabulary();
    StepSong song;
    song.first_phase = 4;  // onsets 4, 4, 20, 28: on sixteenths, beside the eighths
    song.events = {steps::event(words, 1, 16, 60, 16, 80), steps::event(words, 0, 16, 64, 16, 80),
                   steps::event(words, 1, 8, 67, 8, 60), steps::event(words, 1, 16, 72, 32, 60)};
    const StepStyle style = step_style(song, words);
    using enum StyleAxis;
    const auto is = [&](StyleAxis which, double expected) {
        INFO(kStyleAxisInfo[static_cast<std::size_t>(which)].name);
        CHECK(axis(style, which) == Approx(expected).margin(kRounding));
    };
    is(pitch_mean, 65.75);
    is(pitch_deviation, std::sqrt((5.75 * 5.75 + 1.75 * 1.75 + 1.25 * 1.25 + 6.25 * 6.25) / 4));
    is(pitch_lowest, 60);
    is(pitch_highest, 72);
    is(pitches_used, std::log(4.0));
    is(velocity_mean, 70);
    is(velocity_deviation, 10);
    is(velocity_least, 60);
    is(velocity_greatest, 80);
    is(velocities_used, std::log(2.0));
    is(velocity_kept, 2.0 / 3);
    is(velocity_change, std::log(1 + 20.0 / 3));
    is(time_mean, (std::log(17.0) + std::log(9.0)) / 4);
    is(gaps_used, std::log(2.0));
    is(rhythm_repeated, 0);
    is(on_sixteenths, 1);
    is(on_eighths, 0);
    is(length_mean, (2 * std::log(16.0) + std::log(8.0) + std::log(32.0)) / 4);
    is(length_deviation, std::log(2.0) / std::sqrt(2.0));
    is(lengths_used, std::log(3.0));
    is(legato, 0.75);
    is(overlapping, 0.25);
    is(length_kept, 1.0 / 3);
    is(lengths_repeated, 0);
    is(fullness, std::log(72.0 / 24));
    is(onsets, 0.75);
    is(chord_lengths_equal, 1);
    is(most_at_once, 2);
    is(classes_used, 3);
    is(evenness, 1.5 * std::log(2.0) / std::log(12.0));
    is(diatonic, 1);
    is(interval_mean, 4);
    is(pitch_kept, 0);
    is(pitches_repeated, 0);
    is(phrases_repeated, 0);
    is(repetitions, 0);
    CHECK(difference(style, slow_style(song.events, 4, words)).first < kRounding);
}

TEST_CASE("Style meter: repetition, by hand") {
    const StepVocabulary words = steps::plain_vocabulary();
    StepSong song;
    for (int i = 0; i < 9; ++i) song.events.push_back(steps::event(words, 1, 8, 60 + i % 3, 8, 64));
    const StepStyle style = step_style(song, words);
    using enum StyleAxis;
    // Triples at 0 .. 6, equal at a distance of 3 or 6: (0,3) (0,6) (1,4) (2,5) (3,6).
    CHECK(axis(style, repetitions) == Approx(std::log(6.0)));
    CHECK(axis(style, pitches_repeated) == Approx(5.0 / 8));  // three kinds among eight pairs
    CHECK(axis(style, phrases_repeated) == Approx(2.0 / 5));  // eight (interval, time), five fours
    CHECK(axis(style, rhythm_repeated) == Approx(7.0 / 8));
    CHECK(axis(style, lengths_repeated) == Approx(5.0 / 6));
    CHECK(axis(style, interval_mean) == Approx(10.0 / 8));
    CHECK(axis(style, legato) == 1.0);
    CHECK(axis(style, most_at_once) == 1.0);
}

TEST_CASE("Style meter: agrees with the definitions after every event of random songs") {
    for (const std::int64_t grid : {24, 6}) {
        const StepVocabulary words = steps::plain_vocabulary(grid);
        for (std::uint64_t seed = 0; seed < 6; ++seed) {
            const std::vector<StepEvent> events =
                steps::tune(words, seed, 100, 5 + 3 * static_cast<std::size_t>(seed));
            StyleMeter meter(words, 7);
            std::pair<double, std::string> worst{0.0, ""};
            for (std::size_t i = 0; i < events.size(); ++i) {
                meter.add(events[i]);
                const std::vector<StepEvent> so_far(
                    events.begin(), events.begin() + static_cast<std::ptrdiff_t>(i + 1));
                worst = std::max(worst, difference(meter.axes(), slow_style(so_far, 7, words)));
            }
            INFO("seed " << seed << ", axis " << worst.second);
            CHECK(worst.first < kRounding);
        }
    }
}

TEST_CASE("Style meter: agrees with the definitions on every bundled score") {
    const std::vector<mgan::midi::Song> songs = steps::on_grid(mgan::program::bundled_songs());
    const StepVocabulary words = StepVocabulary::fit(songs);
    for (std::size_t i = 0; i < songs.size(); i += mgan::program::kVariantsPerScore) {
        const StepSong crop = crop_of(step_events(songs[i], words), i % 23, 100, words);
        const auto [worst, name] =
            difference(step_style(crop, words), slow_style(crop.events, crop.first_phase, words));
        INFO(songs[i].title << ", axis " << name);
        CHECK(worst < kRounding);
    }
}

TEST_CASE("Style meter: one that slid along equals a fresh one, to the bit") {
    const StepVocabulary words = steps::plain_vocabulary();
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
        StepSong song;
        song.events = steps::tune(words, seed, 400, 9);
        song.first_phase = 30;
        StyleMeter sliding(words, song.first_phase);
        for (std::size_t i = 0; i < song.events.size(); ++i) {
            sliding.add(song.events[i]);
            if (i < 99 || i % 7 != 0) continue;
            const StepSong crop = crop_of(song, i - 99, 100, words);
            StyleMeter fresh(words, crop.first_phase);
            for (const StepEvent& event : crop.events) fresh.add(event);
            CHECK(sliding.axes() == fresh.axes());
            CHECK(sliding.phase() == fresh.phase());
            CHECK(sliding.duration() == fresh.duration());
            CHECK(sliding.returns() == fresh.returns());
            CHECK(sliding.repetitions() == fresh.repetitions());
            for (std::size_t c = 0; c < words.size(); ++c)
                CHECK(std::equal(sliding.counts(c).begin(), sliding.counts(c).end(),
                                 fresh.counts(c).begin()));
        }
    }
}

TEST_CASE("Style meter: shrunk to any size it equals a fresh one, and empties to nothing") {
    const StepVocabulary words = steps::plain_vocabulary();
    StepSong song;
    song.events = steps::tune(words, 11, 150, 6);
    StyleMeter shrinking(words);
    for (const StepEvent& event : song.events) shrinking.add(event);
    while (shrinking.size() > 0) {
        const StepSong crop = crop_of(song, 150 - shrinking.size(), 150, words);
        CHECK(shrinking.axes() == step_style(crop, words));
        shrinking.remove();
    }
    CHECK(shrinking.axes() == StepStyle{});
    CHECK(shrinking.repetitions() == 0);
    for (std::size_t c = 0; c < words.size(); ++c)
        for (const std::uint16_t count : shrinking.counts(c)) CHECK(count == 0);
    // And fills again, with its place in the bar kept.
    const int gap = words.value(1, song.events.back().value[1]);
    StepSong next;
    next.first_phase = (shrinking.phase() + gap) % words.phase_steps();
    next.events = {steps::event(words, 1, 4, 70, 3, 50), steps::event(words, 1, 4, 71, 9, 50)};
    for (const StepEvent& event : next.events) shrinking.add(event);
    CHECK(shrinking.axes() == step_style(next, words));
}

TEST_CASE("Style meter: counts of used values, a gap once an onset") {
    const StepVocabulary words = steps::plain_vocabulary();
    StyleMeter meter(words);
    meter.add(steps::event(words, 1, 16, 60, 16, 80));
    meter.add(steps::event(words, 0, 16, 64, 16, 80));
    meter.add(steps::event(words, 1, 16, 60, 8, 60));
    const auto count = [&](std::size_t component, int value) {
        const std::int16_t index = words.nearest(component, value);
        return meter.counts(component)[static_cast<std::size_t>(index)];
    };
    CHECK(count(StepVocabulary::gap(), 16) == 2);
    CHECK(count(words.pitch(), 60) == 2);
    CHECK(count(words.length(), 16) == 2);
    CHECK(count(words.velocity(), 60) == 1);
    CHECK(count(words.velocity(), 61) == 0);
    meter.remove();  // the second of the chord stands for its onset now
    CHECK(count(StepVocabulary::gap(), 16) == 2);
    meter.remove();
    CHECK(count(StepVocabulary::gap(), 16) == 1);
}

TEST_CASE("Style meter: is copied byte by byte, and every axis has a name of its own") {
    CHECK(std::is_trivially_copyable_v<StyleMeter>);
    std::set<std::string_view> names;
    for (const StyleAxisInfo& info : kStyleAxisInfo) {
        CHECK(names.insert(info.name).second);
        CHECK_FALSE(info.group.empty());
        CHECK_FALSE(info.meaning.empty());
    }
    CHECK(static_cast<std::size_t>(StyleAxis::repetitions) + 1 == kStyleAxes);
    CHECK(kStyleAxisInfo[static_cast<std::size_t>(StyleAxis::legato)].name == "legato");
    CHECK(kStyleAxisInfo[static_cast<std::size_t>(StyleAxis::evenness)].name == "evenness");
}

TEST_CASE("Style scale: training crops have mean 0 and deviation 1") {
    const StepVocabulary words = steps::plain_vocabulary();
    std::vector<StepSong> songs(30);
    std::size_t crops = 0;
    for (std::size_t i = 0; i < songs.size(); ++i) {
        songs[i].events = steps::tune(words, i, 60 + 10 * i, 4 + i % 9);
        crops += songs[i].events.size() < 150 ? 1 : 1 + (songs[i].events.size() - 100) / 50;
    }
    const StyleScale scale = StyleScale::fit(songs, words);
    StepStyle sum{}, squares{};
    std::size_t measured = 0, cut = 0;
    for (const StepSong& song : songs) {
        for (std::size_t begin = 0; begin == 0 || begin + 100 <= song.events.size(); begin += 50) {
            const StepStyle raw = step_style(crop_of(song, begin, 100, words), words);
            const StepStyle style = scale.normalise(raw);
            ++measured;
            for (std::size_t a = 0; a < kStyleAxes; ++a) {
                const double exact = (raw[a] - scale.mean[a]) / scale.sd[a];
                sum[a] += exact;
                squares[a] += exact * exact;
                CHECK(style[a] == Approx(std::clamp(exact, -4.0, 4.0)).margin(1e-12));
                if (std::abs(exact) < 4.0)
                    CHECK(scale.raw(style)[a] == Approx(raw[a]).margin(1e-9));
                else
                    ++cut;
            }
        }
    }
    CHECK(measured == crops);
    CHECK(cut < measured);
    for (std::size_t a = 0; a < kStyleAxes; ++a) {
        INFO(kStyleAxisInfo[a].name);
        const double n = static_cast<double>(measured);
        CHECK(sum[a] / n == Approx(0.0).margin(1e-6));
        if (scale.sd[a] != 1.0) CHECK(squares[a] / n == Approx(1.0).margin(1e-6));
    }
    CHECK_THROWS_AS(StyleScale::fit({}, words), mgan::DataError);
    CHECK(StyleScale{}.normalise(scale.mean)[0] == 4.0);
}
