#pragma once
/// \file
/// What a window of a song is like, in about 150 numbers that a musician can read.
///
///     group        what is counted
///     ----------   -----------------------------------------------------------------------
///     metre        how onsets fall on the phases of periods of 4 to 64 steps
///     rhythm       gaps between onsets, number of onsets, duration
///     lengths      lengths, legato, notes that sound together, keys that are struck again
///     chords       sizes of chords, intervals inside them, equal lengths and velocities
///     pitches      which pitches and pitch classes occur, and how evenly
///     melody       steps of the upper voice, of the bass, from note to note
///     repeats      how many n-grams have been there before
///     lags         how often a value equals the one 1, 2, ... 16 notes before
///     velocities   level, spread, changes
///
/// Boosted trees (boosting.hpp) judge by all of them; each alone, and each group alone, says what
/// gives a generator away (judge.hpp).
///
/// Time is in steps of the grid (judged_song.hpp). Notes of equal onset form a group; G groups.
/// Mean and standard deviation are those of the window itself (divided by n). Where something does
/// not occur at all (no chord, no variation) its shares and correlations are 0, equal lengths and
/// velocities of chords -1.

#include <mgan/core/error.hpp>
#include <mgan/judging/judged_song.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

namespace mgan::inline MGAN_ABI::judging {

enum class StatisticGroup {
    metre,
    rhythm,
    lengths,
    chords,
    pitches,
    melody,
    repeats,
    lags,
    velocities
};
inline constexpr std::array kStatisticGroups = {
    StatisticGroup::metre,   StatisticGroup::rhythm,  StatisticGroup::lengths,
    StatisticGroup::chords,  StatisticGroup::pitches, StatisticGroup::melody,
    StatisticGroup::repeats, StatisticGroup::lags,    StatisticGroup::velocities};

[[nodiscard]] constexpr std::string_view name(StatisticGroup group) noexcept {
    constexpr std::array<std::string_view, kStatisticGroups.size()> names = {
        "metre",  "rhythm",  "lengths", "chords",    "pitches",
        "melody", "repeats", "lags",    "velocities"};
    return names[static_cast<std::size_t>(group)];
}

/// One of the statistics: `gap_4`, `legato`, ... and its group.
struct Statistic {
    StatisticGroup group;
    std::string name;
};

/// The fewest notes that can be measured: the longest lag and one gap more.
inline constexpr std::size_t kLeastNotes = 18;

namespace statistics_detail {

using Integers = std::vector<int>;

[[nodiscard]] inline double mean(const std::vector<double>& x) noexcept {
    if (x.empty()) return 0.0;
    return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
}
[[nodiscard]] inline double deviation(const std::vector<double>& x) noexcept {
    const double centre = mean(x);
    double sum = 0.0;
    for (const double value : x) sum += (value - centre) * (value - centre);
    return x.empty() ? 0.0 : std::sqrt(sum / static_cast<double>(x.size()));
}
[[nodiscard]] inline std::vector<double> as_doubles(const Integers& x) {
    return {x.begin(), x.end()};
}
[[nodiscard]] inline std::vector<double> logarithms(const Integers& x) {
    std::vector<double> y;
    for (const int value : x) y.push_back(std::log1p(static_cast<double>(value)));
    return y;
}

/// Share of the values for which `holds`.
template <typename Holds>
[[nodiscard]] double share(const Integers& x, Holds&& holds) {
    if (x.empty()) return 0.0;
    return static_cast<double>(std::count_if(x.begin(), x.end(), holds)) /
           static_cast<double>(x.size());
}
[[nodiscard]] inline double share_of(const Integers& x, int wanted) {
    return share(x, [wanted](int value) { return value == wanted; });
}
[[nodiscard]] inline double share_above(const Integers& x, int limit) {
    return share(x, [limit](int value) { return value > limit; });
}

/// Pearson's correlation; 0 where one side does not vary.
[[nodiscard]] inline double correlation(const std::vector<double>& x,
                                        const std::vector<double>& y) noexcept {
    const double dx = deviation(x), dy = deviation(y), mx = mean(x), my = mean(y);
    if (!(dx > 0.0) || !(dy > 0.0)) return 0.0;
    double sum = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += (x[i] - mx) * (y[i] - my);
    return sum / (static_cast<double>(x.size()) * dx * dy);
}

[[nodiscard]] inline std::size_t distinct(Integers x) {
    std::sort(x.begin(), x.end());
    return static_cast<std::size_t>(std::unique(x.begin(), x.end()) - x.begin());
}

[[nodiscard]] inline Integers differences(const Integers& x) {
    Integers d;
    for (std::size_t i = 1; i < x.size(); ++i) d.push_back(x[i] - x[i - 1]);
    return d;
}
[[nodiscard]] inline Integers absolute(Integers x) {
    for (int& value : x) value = std::abs(value);
    return x;
}

/// 1 - (distinct runs of m values) / (runs of m values): how much has been there before. 1 where
/// there is no such run.
[[nodiscard]] inline double repeated(const Integers& x, std::size_t m) {
    if (x.size() < m) return 1.0;
    const std::size_t count = x.size() - m + 1;
    std::vector<std::size_t> begin(count);
    std::iota(begin.begin(), begin.end(), std::size_t{0});
    const auto run = [&](std::size_t b) { return std::span(x).subspan(b, m); };
    std::sort(begin.begin(), begin.end(), [&](std::size_t a, std::size_t b) {
        return std::lexicographical_compare(run(a).begin(), run(a).end(), run(b).begin(),
                                            run(b).end());
    });
    const auto last = std::unique(begin.begin(), begin.end(), [&](std::size_t a, std::size_t b) {
        return std::equal(run(a).begin(), run(a).end(), run(b).begin());
    });
    return 1.0 - static_cast<double>(last - begin.begin()) / static_cast<double>(count);
}

/// Share of the values that equal the one `lag` places before.
[[nodiscard]] inline double equal_at_lag(std::span<const int> x, std::size_t lag) {
    std::size_t equal = 0;
    for (std::size_t i = lag; i < x.size(); ++i) equal += x[i] == x[i - lag] ? 1U : 0U;
    return static_cast<double>(equal) / static_cast<double>(x.size() - lag);
}

/// Greatest entry, and entropy in nats, of a histogram of `total`.
struct Evenness {
    double most = 0.0;
    double entropy = 0.0;
};
[[nodiscard]] inline Evenness evenness(const Integers& counts, std::size_t total) {
    Evenness result;
    for (const int count : counts) {
        if (count == 0) continue;
        const double p = static_cast<double>(count) / static_cast<double>(total);
        result.most = std::max(result.most, p);
        result.entropy -= p * std::log(p);
    }
    return result;
}

/// What all statistics are computed from. Notes [n], groups [G].
struct Lines {
    Integers gap, length, pitch, velocity;  ///< of the notes; gap[0] = 0
    Integers onset, end;                    ///< of the notes, from the first onset
    std::vector<std::size_t> group;         ///< of the notes: the number of their onset
    Integers group_onset, group_size, top, bottom;

    explicit Lines(Window window) {
        int now = 0;
        for (const JudgedNote& note : window) {
            const bool first = gap.empty();
            gap.push_back(first ? 0 : note.gap);
            now += gap.back();
            if (first || note.gap > 0) {
                group_onset.push_back(now);
                group_size.push_back(0);
                top.push_back(note.pitch);
                bottom.push_back(note.pitch);
            }
            length.push_back(note.length);
            pitch.push_back(note.pitch);
            velocity.push_back(note.velocity);
            onset.push_back(now);
            end.push_back(now + note.length);
            group.push_back(group_onset.size() - 1);
            ++group_size.back();
            top.back() = std::max(top.back(), note.pitch);
            bottom.back() = std::min(bottom.back(), note.pitch);
        }
    }
    [[nodiscard]] std::size_t notes() const noexcept { return gap.size(); }
    [[nodiscard]] std::size_t groups() const noexcept { return group_onset.size(); }
};

// Each function below gives the statistics of one group, in a fixed order, to
// `add(group, name, number, value)`. The number is the end of the name; -1: it has none.
template <typename Add>
void metre(const Lines& lines, Add&& add) {
    for (const int period : {4, 8, 12, 16, 24, 32, 48, 64}) {
        Integers phases(static_cast<std::size_t>(period), 0);
        for (const int onset : lines.group_onset)
            ++phases[static_cast<std::size_t>(onset % period)];
        const Evenness even = evenness(phases, lines.groups());
        add(StatisticGroup::metre, "phase_most", period, even.most);
        add(StatisticGroup::metre, "phase_entropy", period, even.entropy);
    }
}

template <typename Add>
void rhythm(const Lines& lines, Add&& add) {
    constexpr StatisticGroup kGroup = StatisticGroup::rhythm;
    const Integers between(lines.gap.begin() + 1, lines.gap.end());
    for (const int steps : {0, 1, 2, 3, 4, 6, 8, 12, 16})
        add(kGroup, "gap", steps, share_of(between, steps));
    const std::vector<double> logs = logarithms(lines.gap);
    add(kGroup, "gap_above", 16, share_above(lines.gap, 16));
    add(kGroup, "gap_log_mean", -1, mean(logs));
    add(kGroup, "gap_log_deviation", -1, deviation(logs));
    add(kGroup, "gap_values", -1, static_cast<double>(distinct(lines.gap)));
    add(kGroup, "onsets", -1, static_cast<double>(lines.groups()));
    add(kGroup, "duration", -1, lines.onset.back());
}

template <typename Add>
void lengths(const Lines& lines, Add&& add) {
    constexpr StatisticGroup kGroup = StatisticGroup::lengths;
    for (const int steps : {1, 2, 3, 4, 6, 8, 12, 16})
        add(kGroup, "length", steps, share_of(lines.length, steps));
    const std::vector<double> logs = logarithms(lines.length);
    add(kGroup, "length_above", 16, share_above(lines.length, 16));
    add(kGroup, "length_log_mean", -1, mean(logs));
    add(kGroup, "length_log_deviation", -1, deviation(logs));
    add(kGroup, "length_values", -1, static_cast<double>(distinct(lines.length)));

    // Length against the time to the next onset: 0 is legato, less detached, more overlapping.
    Integers beyond, ends_met, sounding;
    for (std::size_t i = 0; i < lines.notes(); ++i) {
        if (lines.group[i] + 1 < lines.groups())
            beyond.push_back(lines.end[i] - lines.group_onset[lines.group[i] + 1]);
        ends_met.push_back(
            std::binary_search(lines.group_onset.begin(), lines.group_onset.end(), lines.end[i]));
    }
    for (const int now : lines.group_onset) {
        int count = 0;
        for (std::size_t i = 0; i < lines.notes(); ++i)
            count += lines.onset[i] <= now && lines.end[i] > now ? 1 : 0;
        sounding.push_back(count);
    }
    add(kGroup, "legato", -1, share_of(beyond, 0));
    add(kGroup, "detached", -1, share(beyond, [](int steps) { return steps < 0; }));
    add(kGroup, "overlapping", -1, share_above(beyond, 0));
    add(kGroup, "ends_at_onsets", -1, share_of(ends_met, 1));
    add(kGroup, "sounding_mean", -1, mean(as_doubles(sounding)));
    add(kGroup, "sounding_most", -1, *std::max_element(sounding.begin(), sounding.end()));

    std::array<int, 128> released{};
    std::size_t restruck = 0;
    for (std::size_t i = 0; i < lines.notes(); ++i) {
        int& key = released[static_cast<std::size_t>(lines.pitch[i] & 127)];
        restruck += key > lines.onset[i] ? 1U : 0U;
        key = lines.end[i];
    }
    add(kGroup, "restruck", -1, static_cast<double>(restruck) / static_cast<double>(lines.notes()));
    add(kGroup, "pitch_length_correlation", -1, correlation(as_doubles(lines.pitch), logs));
}

template <typename Add>
void chords(const Lines& lines, Add&& add) {
    constexpr StatisticGroup kGroup = StatisticGroup::chords;
    add(kGroup, "chords", -1, share_above(lines.group_size, 1));
    add(kGroup, "chords_of", 2, share_of(lines.group_size, 2));
    add(kGroup, "chords_of", 3, share_of(lines.group_size, 3));
    add(kGroup, "chords_above", 3, share_above(lines.group_size, 3));
    add(kGroup, "largest_chord", -1,
        *std::max_element(lines.group_size.begin(), lines.group_size.end()));
    Integers interval, length, velocity;  // between neighbours of a chord
    for (std::size_t i = 1; i < lines.notes(); ++i) {
        if (lines.group[i] != lines.group[i - 1]) continue;
        interval.push_back(lines.pitch[i] - lines.pitch[i - 1]);
        length.push_back(lines.length[i] - lines.length[i - 1]);
        velocity.push_back(lines.velocity[i] - lines.velocity[i - 1]);
    }
    add(kGroup, "chord_equal_lengths", -1, length.empty() ? -1.0 : share_of(length, 0));
    add(kGroup, "chord_equal_velocities", -1, velocity.empty() ? -1.0 : share_of(velocity, 0));
    for (const int semitones : {0, 1, 2, 3, 4, 5, 7, 8, 9, 12})
        add(kGroup, "chord_interval", semitones, share_of(interval, semitones));
    add(kGroup, "chord_interval_above", 12, share_above(interval, 12));
}

template <typename Add>
void pitches(const Lines& lines, Add&& add) {
    constexpr StatisticGroup kGroup = StatisticGroup::pitches;
    const auto [low, high] = std::minmax_element(lines.pitch.begin(), lines.pitch.end());
    add(kGroup, "pitch_mean", -1, mean(as_doubles(lines.pitch)));
    add(kGroup, "pitch_deviation", -1, deviation(as_doubles(lines.pitch)));
    add(kGroup, "pitch_span", -1, *high - *low);
    add(kGroup, "pitch_values", -1, static_cast<double>(distinct(lines.pitch)));
    Integers classes(12, 0);
    for (const int pitch : lines.pitch) ++classes[static_cast<std::size_t>(pitch % 12)];
    const Evenness even = evenness(classes, lines.notes());
    add(kGroup, "class_entropy", -1, even.entropy);
    add(kGroup, "class_most", -1, even.most);
    add(kGroup, "classes_unused", -1,
        static_cast<double>(std::count(classes.begin(), classes.end(), 0)));
    // Share of notes in the best-fitting major and harmonic minor scale.
    const auto best = [&](const std::array<int, 12>& scale) {
        int most = 0;
        for (std::size_t root = 0; root < 12; ++root) {
            int inside = 0;
            for (std::size_t i = 0; i < 12; ++i) inside += scale[i] * classes[(i + root) % 12];
            most = std::max(most, inside);
        }
        return static_cast<double>(most) / static_cast<double>(lines.notes());
    };
    add(kGroup, "major", -1, best({1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1}));
    add(kGroup, "minor", -1, best({1, 0, 1, 1, 0, 1, 0, 1, 1, 0, 0, 1}));
}

template <typename Add>
void melody(const Lines& lines, Add&& add) {
    constexpr StatisticGroup kGroup = StatisticGroup::melody;
    const Integers top = absolute(differences(lines.top));
    for (const int semitones : {0, 1, 2, 3, 4, 5, 7, 12})
        add(kGroup, "top_step", semitones, share_of(top, semitones));
    add(kGroup, "top_step_above", 12, share_above(top, 12));
    add(kGroup, "top_step_mean", -1, mean(as_doubles(top)));
    add(kGroup, "bass_step_mean", -1, mean(as_doubles(absolute(differences(lines.bottom)))));
    const Integers step = differences(lines.pitch), size = absolute(step);
    add(kGroup, "step_mean", -1, mean(as_doubles(size)));
    add(kGroup, "step", 0, share_of(size, 0));
    add(kGroup, "step", 12, share_of(size, 12));
    Integers turns;
    for (std::size_t i = 1; i < step.size(); ++i) turns.push_back(step[i] * step[i - 1] < 0);
    add(kGroup, "turns", -1, share_of(turns, 1));
}

template <typename Add>
void repeats(const Lines& lines, Add&& add) {
    constexpr StatisticGroup kGroup = StatisticGroup::repeats;
    const Integers interval = differences(lines.pitch);
    const Integers gap(lines.gap.begin() + 1, lines.gap.end());
    for (const int m : {2, 3, 4, 6}) {
        const auto size = static_cast<std::size_t>(m);
        add(kGroup, "repeated_pitches", m, repeated(lines.pitch, size));
        add(kGroup, "repeated_intervals", m, repeated(interval, size));
        add(kGroup, "repeated_gaps", m, repeated(gap, size));
        add(kGroup, "repeated_lengths", m, repeated(lines.length, size));
    }
    add(kGroup, "repeated_top", 4, repeated(lines.top, 4));
    add(kGroup, "repeated_onsets", 4, repeated(differences(lines.group_onset), 4));
    Integers figure;  // interval and gap as one number
    for (std::size_t i = 0; i < gap.size(); ++i) figure.push_back(gap[i] * 256 + interval[i] + 128);
    add(kGroup, "repeated_figures", 4, repeated(figure, 4));
    std::size_t run = 1, longest = 1;
    for (std::size_t i = 1; i < lines.notes(); ++i) {
        run = lines.pitch[i] == lines.pitch[i - 1] ? run + 1 : 1;
        longest = std::max(longest, run);
    }
    add(kGroup, "longest_run", -1, static_cast<double>(longest));
}

template <typename Add>
void lags(const Lines& lines, Add&& add) {
    constexpr StatisticGroup kGroup = StatisticGroup::lags;
    for (const int lag : {1, 2, 3, 4, 6, 8, 12, 16}) {
        const auto places = static_cast<std::size_t>(lag);
        add(kGroup, "equal_pitch_lag", lag, equal_at_lag(lines.pitch, places));
        add(kGroup, "equal_gap_lag", lag, equal_at_lag(std::span(lines.gap).subspan(1), places));
        add(kGroup, "equal_length_lag", lag, equal_at_lag(lines.length, places));
        add(kGroup, "equal_velocity_lag", lag, equal_at_lag(lines.velocity, places));
    }
}

template <typename Add>
void velocities(const Lines& lines, Add&& add) {
    constexpr StatisticGroup kGroup = StatisticGroup::velocities;
    const std::vector<double> level = as_doubles(lines.velocity);
    const Integers change = absolute(differences(lines.velocity));
    const auto [low, high] = std::minmax_element(lines.velocity.begin(), lines.velocity.end());
    add(kGroup, "velocity_mean", -1, mean(level));
    add(kGroup, "velocity_deviation", -1, deviation(level));
    add(kGroup, "velocity_span", -1, *high - *low);
    add(kGroup, "velocity_values", -1, static_cast<double>(distinct(lines.velocity)));
    add(kGroup, "velocity_change_mean", -1, mean(as_doubles(change)));
    add(kGroup, "velocity_change", 0, share_of(change, 0));
    add(kGroup, "velocity_change_most", -1, *std::max_element(change.begin(), change.end()));
    add(kGroup, "velocity_pitch_correlation", -1, correlation(level, as_doubles(lines.pitch)));
}

/// All of them, in the one order that names and numbers share.
template <typename Add>
void all(const Lines& lines, Add&& add) {
    metre(lines, add);
    rhythm(lines, add);
    lengths(lines, add);
    chords(lines, add);
    pitches(lines, add);
    melody(lines, add);
    repeats(lines, add);
    lags(lines, add);
    velocities(lines, add);
}

}  // namespace statistics_detail

/// The statistics of a window of at least kLeastNotes notes, in the order of `statistics()`. Throws
/// DataError for fewer notes.
[[nodiscard]] inline std::vector<double> measure(Window window) {
    require<DataError>(window.size() >= kLeastNotes, "judging::measure: ", window.size(),
                       " notes are too few; ", kLeastNotes, " are needed");
    std::vector<double> values;
    statistics_detail::all(
        statistics_detail::Lines(window),
        [&](StatisticGroup, const char*, int, double value) { values.push_back(value); });
    return values;
}

/// Names and groups of what `measure` gives.
[[nodiscard]] inline const std::vector<Statistic>& statistics() {
    static const std::vector<Statistic> names = [] {
        std::vector<Statistic> list;
        const std::vector<JudgedNote> any(kLeastNotes);
        statistics_detail::all(
            statistics_detail::Lines(any),
            [&](StatisticGroup group, const char* what, int number, double) {
                list.push_back({group, number < 0 ? what : concat(what, "_", number)});
            });
        return list;
    }();
    return names;
}

}  // namespace mgan::inline MGAN_ABI::judging
