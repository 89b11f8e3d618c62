#!/usr/bin/env python3
"""Draws what the examples two_spirals and eight_gaussians wrote: docs/pictures/*.svg.

    pip install numpy matplotlib
    two_spirals two_spirals.csv && eight_gaussians eight_gaussians.csv
    examples/draw.py two_spirals.csv eight_gaussians.csv
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


if __name__ == "__main__":
    two_spirals(np.loadtxt(sys.argv[1], delimiter=","))
    eight_gaussians(np.loadtxt(sys.argv[2], delimiter=","))
