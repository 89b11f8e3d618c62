#!/usr/bin/env python3
"""Draws metre.svg and story.svg: what the steps from `paper` to `recommended` sound like.

    pip install matplotlib mido
    docs/pictures/make_story.py FOLDER CORPUS [--seed 1] [--song 1]

FOLDER is what `scripts/results CORPUS --judge` was given as --out (build/results). metre.svg: where
onsets lie within a quarter, all songs of a step, each song laid so that most of its onsets are at
0; beside them the test pieces of CORPUS. story.svg: song 1 of seed 1 of each step, as it fell.
"""
import argparse
import collections
import pathlib

from make_repairs import rolls, script
from style import BLUE, INK, SMALL, WIDTH, plt, save

STEPS = 16  # of a quarter
ROWS = [("judged-paper-{}/judged", "paper: the mean of what could follow"),
        ("judged-numeric-{}/judged", "numeric: a smooth quantile"),
        ("judged-steps-open-{}/judged", "steps, copies, and a style that is asked for"),
        ("judged-steps-pretraining-{}/judged", "the same, on a closed loop"),
        ("judged-steps-{}/judged-guide-0", "and the adversarial phase"),
        ("judged-steps-{}/judged-particles-16", "and 16 particles")]


def phases(songs):
    """Share of onsets at each sixteenth of a quarter, mean over songs; a chord counts once."""
    notes = script("piano_roll").notes
    total = [0.0] * STEPS
    for song in songs:
        onsets = {round(onset * STEPS) for onset, *_ in notes(song)}
        counts = collections.Counter(onset % STEPS for onset in onsets)
        first = max(counts, key=lambda phase: (counts[phase], -phase))
        for phase, count in counts.items():
            total[(phase - first) % STEPS] += count / len(onsets) / len(songs)
    return total


def metre(sets):
    """A small histogram for each set of songs."""
    figure, every = plt.subplots(len(sets), 1, figsize=(WIDTH, 0.95 * len(sets)), sharex=True,
                                 sharey=True, constrained_layout=True)
    for axes, (title, songs) in zip(every, sets):
        axes.bar(range(STEPS), phases(songs), color=BLUE, width=0.8)
        axes.set_title(title, loc="left", fontsize=SMALL, color=INK, pad=2)
        axes.set_yticks([0, 0.25, 0.5])
    every[-1].set_xticks([0, 4, 8, 12])
    every[-1].set_xticklabels(["0", "1/4", "1/2", "3/4"])
    every[-1].set_xlabel("of a quarter note")
    save("metre")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--song", type=int, default=1)
    chosen = parser.parse_args()
    every_row = [(row.format(chosen.seed), title) for row, title in ROWS]
    split = (chosen.folder / f"judged-steps-{chosen.seed}/split.tsv").read_text().splitlines()
    tests = [chosen.corpus / line.split("\t")[0] for line in split if line.endswith("\ttest")]
    folders = [(title, chosen.folder / row) for row, title in every_row]
    metre([("real pieces", tests),
           *((title, sorted(folder.glob("*.mid"))) for title, folder in folders)])
    rolls("story", folders, chosen.song, (30, 98))
