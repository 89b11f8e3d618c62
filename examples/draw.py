#!/usr/bin/env python3
"""Draws what examples wrote: docs/pictures/*.svg.

    pip install numpy matplotlib
    examples/fetch_series.py series
    two_spirals two_spirals.csv && eight_gaussians eight_gaussians.csv
    forecasting series/sunspots.csv forecast.csv && sequence_gan sines sequences.csv
    examples/draw.py two_spirals.csv eight_gaussians.csv forecast.csv sequences.csv

Draws those whose files are named, by the beginning of the name.
"""
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "docs/pictures"))
from style import BLUE, INK, RED, SMALL, WIDTH, plt  # noqa: E402

PICTURES = pathlib.Path(__file__).resolve().parent.parent / "docs/pictures"


def two_spirals(rows):
    side = int(round(len(rows) ** 0.5))
    x, y, p = (rows[:, k].reshape(side, side) for k in range(3))
    figure, axes = plt.subplots(figsize=(3.2, 3.2))
    axes.contourf(x, y, p, levels=[-0.1, 0.5, 1.1], colors=[RED, BLUE], alpha=0.25)
    turn = np.arange(97) / 97
    angle, radius = 6 * np.pi * turn, 1 - 0.95 * turn
    for sign, colour in ((1, BLUE), (-1, RED)):
        axes.plot(sign * radius * np.sin(angle), sign * radius * np.cos(angle), ".", color=colour,
                  markersize=4)
    axes.set_aspect("equal")
    axes.axis("off")
    figure.savefig(PICTURES / "two-spirals.svg", bbox_inches="tight", metadata={"Date": None})


def eight_gaussians(rows):
    figure, both = plt.subplots(1, 2, figsize=(WIDTH, 2.6), sharex=True, sharey=True)
    corner = np.arange(8) * np.pi / 4
    for axes, gamma in zip(both, np.unique(rows[:, 0])):
        mine = rows[rows[:, 0] == gamma][::3]
        axes.plot(2 * np.cos(corner), 2 * np.sin(corner), "o", color=INK, markersize=11,
                  fillstyle="none")
        axes.plot(mine[:, 1], mine[:, 2], ".", color=BLUE, markersize=2)
        axes.set_title("without R1" if gamma == 0 else f"R1, gamma = {gamma:g}", fontsize=SMALL)
        axes.set_aspect("equal")
        axes.set_xlim(-3, 3)
        axes.set_ylim(-3, 3)
        axes.axis("off")
    figure.savefig(PICTURES / "eight-gaussians.svg", bbox_inches="tight", metadata={"Date": None})


def forecast(rows):
    figure, axes = plt.subplots(figsize=(WIDTH, 2.4), constrained_layout=True)
    year, value, ahead, free = rows[-110:].T
    axes.plot(1700 + year, value, ".", color=INK, markersize=4, label="sunspots")
    axes.plot(1700 + year, ahead, color=BLUE, linewidth=1.3, label="a year ahead")
    axes.plot(1700 + year[-30:], free[-30:], color=RED, linewidth=1.3, label="thirty years ahead")
    axes.legend(ncol=3, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0, columnspacing=1)
    figure.savefig(PICTURES / "forecast.svg", metadata={"Date": None})


def sequences(rows):
    names = ["real", "C-RNN-GAN", "CARNN mGAN", "CARNN PF mGAN"]
    figure, all_axes = plt.subplots(1, 4, figsize=(WIDTH, 1.6), sharey=True,
                                    constrained_layout=True)
    for gan, (axes, name) in enumerate(zip(all_axes, names)):
        mine = rows[rows[:, 0] == gan]
        for sample in range(0, 20, 2):
            one = mine[mine[:, 1] == sample]
            axes.plot(one[:, 2], one[:, 3], color=BLUE if gan else INK, linewidth=0.8)
        axes.set_title(name, fontsize=SMALL)
        axes.set_ylim(-0.1, 1.1)
        axes.set_xticks([0, 23])
    figure.savefig(PICTURES / "sequences.svg", metadata={"Date": None})


if __name__ == "__main__":
    for path in map(pathlib.Path, sys.argv[1:]):
        for draw in (two_spirals, eight_gaussians, forecast, sequences):
            if path.name.startswith(draw.__name__):
                draw(np.loadtxt(path, delimiter=","))
