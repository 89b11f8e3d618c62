#!/usr/bin/env python3
"""Draws repairs.svg and repairs-needed.svg: a song of each row of `scripts/results --repairs`.

    pip install matplotlib mido
    docs/pictures/make_repairs.py FOLDER [--seed 1] [--song 1]

FOLDER is what scripts/results was given as --out (build/results). The songs are song 1 of seed 1,
as they fall; of a row without that seed, of the first that was measured.
"""
import argparse
import importlib.machinery
import importlib.util
import pathlib

from style import BLUE, HERE, INK, SMALL, WIDTH, plt, save

SCRIPTS = HERE.parent.parent / "scripts"
QUARTERS = 32
LADDER = [("ladder-0", "paper"), ("ladder-1", "1. + descent"), ("ladder-2", "2. + scaling"),
          ("ladder-3", "3. + loss"), ("ladder-4", "4. + noise"), ("ladder-5", "5. + encoding"),
          ("ladder-6", "6. + context"), ("ladder-numeric", "7. + the phase of numeric"),
          ("ladder-paper", "in place of 7: the phase of paper")]
NEEDED = [("without-descent", "without descent"), ("without-scaling", "without scaling"),
          ("without-loss", "without loss"), ("without-noise", "without noise"),
          ("without-encoding", "without encoding"), ("ladder-5", "without context")]


def script(name):
    """A program of scripts/ as a module."""
    loader = importlib.machinery.SourceFileLoader(name, str(SCRIPTS / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


def rolls(name, rows, song, pitches=(0, 128)):
    """Piano rolls below each other, all of the same range of pitches and time.

    rows: title, folder of songs."""
    notes = script("piano_roll").notes
    figure, every = plt.subplots(len(rows), 1, figsize=(WIDTH, 0.98 * len(rows)), sharex=True,
                                 constrained_layout=True)
    for axes, (title, folder) in zip(every, rows):
        for onset, length, pitch, velocity in notes(sorted(folder.glob("*.mid"))[song - 1]):
            if onset < QUARTERS:
                axes.barh(pitch, min(length, QUARTERS - onset), left=onset,
                          height=(pitches[1] - pitches[0]) / 49,
                          color=BLUE, alpha=0.45 + 0.55 * velocity / 127, linewidth=0)
        axes.set_ylim(*pitches)
        axes.set_xlim(0, QUARTERS)
        axes.set_yticks([36, 60, 84])
        axes.set_yticklabels(["C2", "C4", "C6"])
        axes.set_title(title, loc="left", fontsize=SMALL, color=INK, pad=2)
    every[-1].set_xlabel("quarter notes")
    save(name)


def measured(rows, options):
    """The rows with their folders, of the first seed that was measured."""
    found = []
    for run, title in rows:
        folders = [options.folder / f"{run}-{seed}" for seed in (options.seed, 1, 2, 3)]
        done = [folder for folder in folders if (folder / "measured.json").exists()]
        if done:
            found.append((title, done[0] / "measured"))
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--song", type=int, default=1)
    chosen = parser.parse_args()
    rolls("repairs", measured(LADDER, chosen), chosen.song)
    rolls("repairs-needed", measured(NEEDED, chosen), chosen.song)
