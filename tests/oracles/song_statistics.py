#!/usr/bin/env python3
"""Writes tests/data/oracles/song_statistics.txt: a dozen songs and their statistics, by NumPy.

    tests/oracles/song_statistics.py        needs NumPy

What stands here was written apart from include/mgan/judging/song_statistics.hpp, from the
definitions alone. The file has a matrix for each song (a row a note: gap, length, pitch, velocity)
and one for each statistic (a row, a column a song).
"""
import pathlib

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
SONGS = 12


def song(number):
    """A song that has chords, repeated phrases, restruck keys: all that the statistics look at."""
    rng = np.random.default_rng(number)
    n = [18, 20, 33, 50, 64, 80, 100, 100, 100, 100, 100, 100][number]
    gap = rng.choice([0, 0, 1, 2, 4, 4, 8, 17, 30], n)
    length = rng.choice([1, 2, 3, 4, 4, 8, 12, 16, 40], n)
    pitch = 60 + np.cumsum(rng.integers(-5, 6, n))
    velocity = rng.choice([40, 64, 64, 80, 100], n)
    if number % 3 == 1:  # a phrase that comes back
        for x in (gap, length, pitch):
            x[n // 2:n // 2 + n // 4] = x[:n // 4]
    if number == 5:  # nothing varies
        velocity[:] = 64
        length[:] = 4
    if number == 8:  # no chords
        gap = np.maximum(gap, 1)
    if number == 9:  # one chord
        gap[:] = 0
    gap[0] = 0
    onset = np.cumsum(gap)
    pitch = np.clip(pitch, 0, 127)
    order = np.lexsort((pitch, onset))
    return np.stack([gap, length[order], pitch[order], velocity[order]], 1)


def repeated(values, m):
    """1 - distinct / all runs of m values."""
    runs = [tuple(values[i:i + m]) for i in range(len(values) - m + 1)]
    return 1 - len(set(runs)) / len(runs) if runs else 1.0


def correlation(x, y):
    return np.corrcoef(x, y)[0, 1] if np.std(x) > 0 and np.std(y) > 0 else 0.0


def share(flags):
    return np.mean(flags) if len(flags) else 0.0


def entropy(counts):
    p = counts[counts > 0] / counts.sum()
    return -(p * np.log(p)).sum()


def statistics(notes):
    gap, length, pitch, velocity = notes.T
    n = len(gap)
    onset = np.cumsum(gap)
    end = onset + length
    times, group, size = np.unique(onset, return_inverse=True, return_counts=True)
    top = np.array([pitch[group == g].max() for g in range(len(times))])
    bottom = np.array([pitch[group == g].min() for g in range(len(times))])
    step = np.diff(pitch)
    result = {}

    for period in (4, 8, 12, 16, 24, 32, 48, 64):
        counts = np.bincount(times % period, minlength=period)
        result[f"phase_most_{period}"] = counts.max() / len(times)
        result[f"phase_entropy_{period}"] = entropy(counts)

    for k in (0, 1, 2, 3, 4, 6, 8, 12, 16):
        result[f"gap_{k}"] = share(gap[1:] == k)
    result["gap_above_16"] = share(gap > 16)
    result["gap_log_mean"] = np.log1p(gap).mean()
    result["gap_log_deviation"] = np.log1p(gap).std()
    result["gap_values"] = len(set(gap))
    result["onsets"] = len(times)
    result["duration"] = onset[-1]

    for k in (1, 2, 3, 4, 6, 8, 12, 16):
        result[f"length_{k}"] = share(length == k)
    result["length_above_16"] = share(length > 16)
    result["length_log_mean"] = np.log1p(length).mean()
    result["length_log_deviation"] = np.log1p(length).std()
    result["length_values"] = len(set(length))
    has_next = group < len(times) - 1
    ratio = length[has_next] / (times[group[has_next] + 1] - onset[has_next])
    result["legato"] = share(ratio == 1)
    result["detached"] = share(ratio < 1)
    result["overlapping"] = share(ratio > 1)
    result["ends_at_onsets"] = share(np.isin(end, times))
    sounding = np.array([((onset <= t) & (end > t)).sum() for t in times])
    result["sounding_mean"] = sounding.mean()
    result["sounding_most"] = sounding.max()
    restruck = 0
    for i in range(n):
        earlier = [j for j in range(i) if pitch[j] == pitch[i]]
        restruck += bool(earlier) and end[earlier[-1]] > onset[i]
    result["restruck"] = restruck / n
    result["pitch_length_correlation"] = correlation(pitch, np.log1p(length))

    result["chords"] = share(size > 1)
    result["chords_of_2"] = share(size == 2)
    result["chords_of_3"] = share(size == 3)
    result["chords_above_3"] = share(size > 3)
    result["largest_chord"] = size.max()
    inside = np.diff(group) == 0
    result["chord_equal_lengths"] = np.mean(np.diff(length)[inside] == 0) if inside.any() else -1
    kept = np.diff(velocity)[inside] == 0
    result["chord_equal_velocities"] = np.mean(kept) if inside.any() else -1
    for k in (0, 1, 2, 3, 4, 5, 7, 8, 9, 12):
        result[f"chord_interval_{k}"] = share(step[inside] == k)
    result["chord_interval_above_12"] = share(step[inside] > 12)

    result["pitch_mean"] = pitch.mean()
    result["pitch_deviation"] = pitch.std()
    result["pitch_span"] = np.ptp(pitch)
    result["pitch_values"] = len(set(pitch))
    classes = np.bincount(pitch % 12, minlength=12)
    result["class_entropy"] = entropy(classes)
    result["class_most"] = classes.max() / n
    result["classes_unused"] = (classes == 0).sum()
    major, minor = {0, 2, 4, 5, 7, 9, 11}, {0, 2, 3, 5, 7, 8, 11}
    for name, scale in (("major", major), ("minor", minor)):
        result[name] = max(np.mean([(p - root) % 12 in scale for p in pitch]) for root in range(12))

    top_step = np.abs(np.diff(top))
    for k in (0, 1, 2, 3, 4, 5, 7, 12):
        result[f"top_step_{k}"] = share(top_step == k)
    result["top_step_above_12"] = share(top_step > 12)
    result["top_step_mean"] = top_step.mean() if len(top_step) else 0
    result["bass_step_mean"] = np.abs(np.diff(bottom)).mean() if len(times) > 1 else 0
    result["step_mean"] = np.abs(step).mean()
    result["step_0"] = share(step == 0)
    result["step_12"] = share(np.abs(step) == 12)
    result["turns"] = share(step[1:] * step[:-1] < 0)

    for m in (2, 3, 4, 6):
        result[f"repeated_pitches_{m}"] = repeated(pitch, m)
        result[f"repeated_intervals_{m}"] = repeated(step, m)
        result[f"repeated_gaps_{m}"] = repeated(gap[1:], m)
        result[f"repeated_lengths_{m}"] = repeated(length, m)
    result["repeated_top_4"] = repeated(top, 4)
    result["repeated_onsets_4"] = repeated(np.diff(times), 4)
    result["repeated_figures_4"] = repeated(list(zip(step, gap[1:])), 4)
    longest = run = 1
    for i in range(1, n):
        run = run + 1 if pitch[i] == pitch[i - 1] else 1
        longest = max(longest, run)
    result["longest_run"] = longest

    for lag in (1, 2, 3, 4, 6, 8, 12, 16):
        for name, values in (("pitch", pitch), ("gap", gap[1:]), ("length", length),
                             ("velocity", velocity)):
            result[f"equal_{name}_lag_{lag}"] = np.mean(values[lag:] == values[:-lag])

    change = np.abs(np.diff(velocity))
    result["velocity_mean"] = velocity.mean()
    result["velocity_deviation"] = velocity.std()
    result["velocity_span"] = np.ptp(velocity)
    result["velocity_values"] = len(set(velocity))
    result["velocity_change_mean"] = change.mean()
    result["velocity_change_0"] = share(change == 0)
    result["velocity_change_most"] = change.max()
    result["velocity_pitch_correlation"] = correlation(velocity, pitch)
    return result


def main():
    songs = [song(number) for number in range(SONGS)]
    measured = [statistics(notes) for notes in songs]
    path = HERE.parent / "data" / "oracles" / "song_statistics.txt"
    with open(path, "w", encoding="ascii") as file:
        file.write("# Made by tests/oracles/song_statistics.py with numpy " + np.__version__ +
                   "; do not edit.\n")
        for number, notes in enumerate(songs):
            file.write(f"song_{number} {len(notes)} 4\n")
            for note in notes:
                file.write(" ".join(map(str, note)) + "\n")
        for name in measured[0]:
            values = " ".join(f"{float(one[name]):.12g}" for one in measured)
            file.write(f"{name} 1 {SONGS}\n{values}\n")
    print(f"{path.name}: {SONGS} songs, {len(measured[0])} statistics")


if __name__ == "__main__":
    main()
