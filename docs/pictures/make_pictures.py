#!/usr/bin/env python3
"""Draws the pictures of the chapters: docs/pictures/*.svg. Not part of the build.

    pip install numpy matplotlib
    cmake --build --preset release        (the programs of docs/snippets)
    mgan train --preset numeric --variant carnn-gan   (for attention-map.svg; the folder is run)
    mgan train --out steps            (for particles.svg)
    docs/pictures/make_pictures.py [NAME...] [--programs build/release/bin] [--model FILE]
                                   [--step-model FILE]

What a picture measures comes from a program of docs/snippets: `mgan_docs_dense valley` prints the
paths of valley.svg, `mgan_docs_autodiff errors` the points of errors.svg, and so on.
"""
import argparse
import csv
import pathlib
import subprocess

import numpy as np
from matplotlib.patches import Circle, Rectangle

from style import (BLUE, GREEN, INK, RAMP, RED, SMALL, WIDTH, arrow, box, canvas, cell, dot, label,
                   node, panels, path, plt, save)

programs = pathlib.Path(__file__).resolve().parent.parent.parent / "build/release/bin"
model = "run/model.safetensors"
step_model = "steps/model.safetensors"


def printed_by(name, *words):
    """The table that a program of docs/snippets prints: rows as dictionaries."""
    run = subprocess.run([programs / f"mgan_docs_{name}", *words], check=True, capture_output=True,
                         text=True)
    return list(csv.DictReader(run.stdout.splitlines(), delimiter="\t"))


def lstm():
    axes = canvas(WIDTH, 2.9)
    for k, step in enumerate(["t-1", "t", "t+1"]):
        x = 0.95 + 1.55 * k
        box(axes, x, 1.4, "step", 0.72, 1.2)
        arrow(axes, (x - 0.2, 0.42), (x - 0.2, 0.77))
        label(axes, x - 0.22, 0.22, f"x$_{{{step}}}$")
        arrow(axes, (x + 0.2, 0.77), (x + 0.2, 0.42), RED, True)
        label(axes, x + 0.3, 0.22, f"dx$_{{{step}}}$", RED)
        arrow(axes, (x - 0.2, 2.03), (x - 0.2, 2.38))
        label(axes, x - 0.22, 2.6, f"h$_{{{step}}}$")
        arrow(axes, (x + 0.2, 2.38), (x + 0.2, 2.03), RED, True)
        label(axes, x + 0.3, 2.6, f"dy$_{{{step}}}$", RED)
    for k in range(4):  # the two states between the steps, and their gradients
        start, end = max(1.34 + 1.55 * (k - 1), 0.05), min(2.11 + 1.55 * (k - 1), WIDTH - 0.05)
        middle = 1.725 + 1.55 * (k - 1)
        for y, text in [(1.82, "c"), (1.17, "h")]:
            arrow(axes, (start, y), (end, y))
            if 0 < k < 3:
                label(axes, middle, y + 0.13, text)
        for y, text in [(1.66, "f dc"), (1.01, "W$_{hh}^T$ da")]:
            arrow(axes, (end, y), (start, y), RED, True)
            if 0 < k < 3:
                label(axes, middle, y - 0.14, text, RED, fontsize=SMALL)


# The inside of a cell: the same places forward and backward.
GATES = [("f", 1.05), ("i", 1.95), ("g", 2.85), ("o", 3.75)]
RAIL, BUS, GATE, MIDDLE, OUT = 4.2, 0.95, 1.75, 2.85, 4.3


def lstm_forward():
    axes = canvas(WIDTH, 4.75)
    label(axes, 0.3, RAIL + 0.2, "c$_{t-1}$")
    path(axes, [(0.05, RAIL), (0.9, RAIL)])
    node(axes, 1.05, RAIL, "×")
    arrow(axes, (1.2, RAIL), (2.25, RAIL))
    node(axes, 2.4, RAIL, "+")
    arrow(axes, (2.55, RAIL), (4.95, RAIL))
    label(axes, 4.72, RAIL + 0.2, "c$_t$")
    label(axes, 2.4, RAIL + 0.36, "(3)  f c + i g", BLUE, fontsize=SMALL)
    for (name, x), slope in zip(GATES, ["sigmoid", "sigmoid", "tanh", "sigmoid"]):
        box(axes, x, GATE, slope, 0.74, 0.4, fontsize=SMALL)
        arrow(axes, (x, BUS), (x, GATE - 0.23))
        label(axes, x + 0.06, BUS + 0.3, f"a$^{name}$", ha="left")
    arrow(axes, (1.05, GATE + 0.23), (1.05, RAIL - 0.16))  # f to the rail
    label(axes, 0.9, MIDDLE, "f", BLUE)
    node(axes, 2.4, MIDDLE, "×")
    path(axes, [(1.95, GATE + 0.23), (1.95, MIDDLE), (2.24, MIDDLE)])
    path(axes, [(2.85, GATE + 0.23), (2.85, MIDDLE), (2.56, MIDDLE)])
    label(axes, 1.8, MIDDLE - 0.35, "i", BLUE)
    label(axes, 3.0, MIDDLE - 0.35, "g", BLUE)
    label(axes, 2.4, GATE + 0.55, "(2)", BLUE, fontsize=SMALL)
    arrow(axes, (2.4, MIDDLE + 0.16), (2.4, RAIL - 0.16))
    label(axes, 2.53, 3.45, "i g", BLUE, ha="left")
    dot(axes, OUT, RAIL)  # the cell is shown
    arrow(axes, (OUT, RAIL), (OUT, 3.75))
    box(axes, OUT, 3.52, "tanh", 0.6, 0.4, fontsize=SMALL)
    arrow(axes, (OUT, 3.29), (OUT, MIDDLE + 0.16))
    node(axes, OUT, MIDDLE, "×")
    path(axes, [(3.75, GATE + 0.23), (3.75, MIDDLE), (OUT - 0.16, MIDDLE)])
    label(axes, 3.6, MIDDLE - 0.35, "o", BLUE)
    path(axes, [(OUT, MIDDLE - 0.16), (OUT, BUS), (4.95, BUS)])
    label(axes, 4.72, BUS + 0.2, "h$_t$")
    label(axes, OUT + 0.08, GATE + 0.35, "(4)", BLUE, ha="left", fontsize=SMALL)
    axes.plot([0.05, 3.75], [BUS, BUS], color=INK, linewidth=1.3)
    label(axes, 0.25, BUS + 0.2, "h$_{t-1}$")
    arrow(axes, (0.55, 0.35), (0.55, BUS - 0.03))
    dot(axes, 0.55, BUS)
    label(axes, 0.55, 0.17, "x$_t$")
    label(axes, 2.5, 0.62, "(1)  a = W$_{ih}$ x$_t$ + W$_{hh}$ h$_{t-1}$ + b", BLUE,
          fontsize=SMALL)


def lstm_backward():
    axes = canvas(WIDTH, 4.95)
    up = RAIL + 0.15
    label(axes, 4.98, up + 0.23, "f$_{t+1}$ dc$_{t+1}$", RED, ha="right")
    arrow(axes, (4.95, up), (OUT + 0.16, up), RED, True)
    node(axes, OUT, up, "+")
    arrow(axes, (OUT - 0.16, up), (1.21, up), RED, True)
    dot(axes, 2.4, up, RED)
    label(axes, 3.1, up + 0.23, "dc$_t$ (6)", RED)
    node(axes, 1.05, up, "×")
    arrow(axes, (0.89, up), (0.05, up), RED, True)
    label(axes, 0.02, up + 0.23, "f dc$_t$", RED, ha="left")
    slopes = {"f": "f(1-f)", "i": "i(1-i)", "g": "1-g²", "o": "o(1-o)"}
    for name, x in GATES:
        box(axes, x, GATE, slopes[name], 0.74, 0.4, fontsize=SMALL)
        arrow(axes, (x, GATE - 0.23), (x, BUS + 0.02), RED, True)
        label(axes, x + 0.06, BUS + 0.3, f"da$^{name}$", RED, ha="left")
    label(axes, 0.35, GATE, "(6a)", RED, fontsize=SMALL)
    arrow(axes, (1.05, up - 0.16), (1.05, GATE + 0.23), RED, True)
    label(axes, 0.97, MIDDLE + 0.15, "dc$_t$ c$_{t-1}$", RED, ha="right", fontsize=SMALL)
    arrow(axes, (2.4, up), (2.4, MIDDLE + 0.16), RED, True)
    label(axes, 2.48, 3.5, "dc$_t$", RED, ha="left", fontsize=SMALL)
    node(axes, 2.4, MIDDLE, "×")
    path(axes, [(2.24, MIDDLE), (1.95, MIDDLE), (1.95, GATE + 0.23)], RED, True)
    path(axes, [(2.56, MIDDLE), (2.85, MIDDLE), (2.85, GATE + 0.23)], RED, True)
    label(axes, 1.9, MIDDLE - 0.45, "dc$_t$ g", RED, ha="right", fontsize=SMALL)
    label(axes, 2.8, MIDDLE - 0.45, "dc$_t$ i", RED, ha="right", fontsize=SMALL)
    box(axes, OUT, 3.6, "1-tanh²", 0.74, 0.4, fontsize=SMALL)
    arrow(axes, (OUT, MIDDLE + 0.16), (OUT, 3.37), RED, True)
    label(axes, OUT + 0.06, 3.2, "dh$_t$ o", RED, ha="left", fontsize=SMALL)
    arrow(axes, (OUT, 3.83), (OUT, up - 0.16), RED, True)
    node(axes, OUT, MIDDLE, "×")
    path(axes, [(OUT - 0.16, MIDDLE), (3.75, MIDDLE), (3.75, GATE + 0.23)], RED, True)
    label(axes, 3.66, MIDDLE + 0.17, "dh$_t$ tanh(c$_t$)", RED, fontsize=SMALL)
    node(axes, OUT, BUS, "+")
    arrow(axes, (OUT, BUS + 0.16), (OUT, MIDDLE - 0.16), RED, True)
    label(axes, OUT + 0.08, GATE + 0.45, "dh$_t$ (5)", RED, ha="left", fontsize=SMALL)
    arrow(axes, (4.95, BUS), (OUT + 0.16, BUS), RED, True)
    label(axes, 4.98, BUS + 0.34, "W$_{hh}^T$\nda$_{t+1}$", RED, ha="right", fontsize=SMALL)
    arrow(axes, (OUT, 0.35), (OUT, BUS - 0.16), RED, True)
    label(axes, OUT, 0.17, "dy$_t$", RED)
    path(axes, [(3.75, BUS), (0.05, BUS)], RED, True)
    label(axes, 0.02, BUS + 0.22, "W$_{hh}^T$ da$_t$", RED, ha="left", fontsize=SMALL)
    dot(axes, 0.55, BUS, RED)
    arrow(axes, (0.55, BUS), (0.55, 0.38), RED, True)
    label(axes, 0.02, 0.17, "dx$_t$ = W$_{ih}^T$ da$_t$ (7)", RED, ha="left")
    label(axes, 2.3, 0.62, "dW += da$_t$ [x$_t$ ; h$_{t-1}$]$^T$ (8)", RED, fontsize=SMALL)


def feedback():
    axes = canvas(4.4, 7.3)
    for bottom, title in [(3.7, "free running"), (0.1, "teacher forcing")]:
        free = bottom > 1
        label(axes, 2.2, bottom + 3.45, title, fontsize=12)
        for x, step in [(1.0, "t"), (3.2, "t+1")]:
            box(axes, x, bottom + 1.3, "LSTM", 1.0, 0.42)
            box(axes, x, bottom + 1.95, "(G5) + relu", 1.0, 0.36, fontsize=SMALL)
            box(axes, x, bottom + 2.55, "(G6)", 1.0, 0.36, fontsize=SMALL)
            arrow(axes, (x, bottom + 1.53), (x, bottom + 1.75))
            arrow(axes, (x, bottom + 2.15), (x, bottom + 2.35))
            arrow(axes, (x, bottom + 2.75), (x, bottom + 3.05))
            label(axes, x + 0.25, bottom + 3.05, f"y$_{{{step}}}$")
            arrow(axes, (x - 0.3, bottom + 0.65), (x - 0.3, bottom + 1.07))
            label(axes, x - 0.3, bottom + 0.47, f"z$_{{{step}}}$")
        arrow(axes, (1.52, bottom + 1.3), (2.68, bottom + 1.3))
        label(axes, 2.35, bottom + 1.43, "h, c", fontsize=SMALL)
        if free:
            path(axes, [(1.0, bottom + 2.9), (1.95, bottom + 2.9), (1.95, bottom + 0.9),
                        (3.1, bottom + 0.9), (3.1, bottom + 1.07)], BLUE)
            dot(axes, 1.0, bottom + 2.9, BLUE)
            label(axes, 2.0, bottom + 3.06, "y$_t$, an input", BLUE, fontsize=SMALL)
            path(axes, [(3.4, bottom + 1.07), (3.4, bottom + 0.72), (1.75, bottom + 0.72),
                        (1.75, bottom + 2.82), (1.05, bottom + 2.82)], RED, True)
            label(axes, 1.95, bottom + 0.52, "its gradient (G8)", RED, fontsize=SMALL)
        else:
            for x, step in [(1.0, "t-1"), (3.2, "t")]:
                arrow(axes, (x + 0.3, bottom + 0.65), (x + 0.3, bottom + 1.07), GREEN)
                label(axes, x + 0.4, bottom + 0.47, f"real x$_{{{step}}}$", GREEN)
            label(axes, 2.2, bottom + 0.1, "data is input: nothing flows back", GREEN,
                  fontsize=SMALL)


def bilstm():
    axes = canvas(WIDTH, 3.2)
    for t in range(3):
        x = 1.4 + 1.4 * t
        label(axes, x + 0.1, 0.2, f"x$_{{{t + 1}}}$")
        box(axes, x, 1.0, "→", 0.55, 0.4, BLUE)
        box(axes, x, 1.9, "←", 0.55, 0.4, GREEN)
        arrow(axes, (x, 0.38), (x, 0.78), BLUE)
        path(axes, [(x + 0.2, 0.38), (x + 0.42, 0.62), (x + 0.42, 1.4), (x + 0.2, 1.68)], GREEN)
        path(axes, [(x - 0.2, 1.22), (x - 0.4, 1.45), (x - 0.4, 2.3), (x - 0.25, 2.62)], BLUE)
        arrow(axes, (x + 0.05, 2.12), (x + 0.05, 2.62), GREEN)
        box(axes, x, 2.85, f"y$_{{{t + 1}}}$: 2H", 0.9, 0.4)
        if t < 2:
            arrow(axes, (x + 0.3, 1.0), (x + 1.1, 1.0), BLUE)
            arrow(axes, (x + 1.1, 1.9), (x + 0.3, 1.9), GREEN)
    label(axes, 0.45, 1.0, "forward", BLUE)
    label(axes, 0.45, 1.9, "backward", GREEN)


def gan_losses():
    upper, lower = panels(2, 2.5)
    d = np.linspace(0.002, 0.998, 400)
    upper.plot(d, np.log(1 - d), color=BLUE, label="saturating (3)")
    upper.plot(d, -np.log(d), color=RED, label="non-saturating (c)")
    upper.set_ylabel("loss of G")
    upper.set_ylim(-5, 5)
    upper.legend(loc="upper right")
    lower.plot(d, -d, color=BLUE)
    lower.plot(d, -(1 - d), color=RED)
    lower.set_ylabel("slope by the logit (d)")
    lower.set_xlabel("D(G(z))")
    lower.axvspan(0.0, 0.08, color=INK, alpha=0.25, linewidth=0)
    lower.set_ylim(-1.05, 0.3)
    lower.text(0.1, 0.22, "generated songs at first", va="center", fontsize=SMALL)


def pinball():
    upper, lower = panels(2, 2.5)
    e = np.linspace(-1, 1, 201)
    for z, colour in [(0.1, BLUE), (0.5, INK), (0.9, RED)]:
        upper.plot(e, np.maximum(z * e, (z - 1) * e), color=colour, label=f"z = {z}")
    upper.set_xlabel("target - answer")
    upper.set_ylabel("pinball loss (f)")
    upper.legend(loc="upper center")
    x = np.linspace(-3, 3, 601)
    p = 0.3 * np.exp(-((x + 1.4) / 0.35) ** 2) + 0.7 * np.exp(-((x - 1.2) / 0.35) ** 2)
    p /= p.sum()
    lower.fill_between(x, p, color=INK, alpha=0.35, linewidth=0)
    for z in np.arange(0.05, 1.0, 0.1):
        lower.axvline(x[np.searchsorted(np.cumsum(p), z)], ymax=0.25, color=RED, linewidth=1.2)
    mean = (p * x).sum()
    lower.axvline(mean, ymax=0.7, color=BLUE, linewidth=1.5, linestyle="--")
    lower.text(mean, p.max() * 0.95, "mean", color=BLUE, ha="center", va="center")
    lower.text(-1.4, p.max() * 0.7, "quantiles of\nz = .05, .15, ...", color=RED, ha="center",
               va="center", fontsize=SMALL)
    lower.set_yticks([])
    lower.set_xlabel("what could follow")
    lower.set_ylim(0, p.max() * 1.15)


def autodiff():
    axes = canvas(WIDTH, 3.9)
    rows = [("0  W", 3.6), ("1  x", 2.85), ("2  a = W x", 2.05), ("3  b = tanh a", 1.25),
            ("4  L = sum b", 0.45)]
    for text, y in rows:
        box(axes, 1.75, y, text, 1.4, 0.42)
    for start, end in [(2.85, 2.05), (2.05, 1.25), (1.25, 0.45)]:
        arrow(axes, (1.35, start - 0.23), (1.35, end + 0.23))
        arrow(axes, (2.0, end + 0.23), (2.0, start - 0.23), RED, True)
    path(axes, [(1.03, 3.6), (0.72, 3.6), (0.72, 2.05), (1.03, 2.05)])  # W is used by a
    path(axes, [(2.47, 2.05), (3.3, 2.05), (3.3, 3.6), (2.47, 3.6)], RED, True)
    for x, y, text in [(3.37, 3.2, "dW +=\nda x$^T$"), (2.1, 2.45, "dx += W$^T$da"),
                       (2.1, 1.65, "da += (1 - b²) db"), (2.1, 0.85, "db += dL")]:
        label(axes, x, y, text, RED, ha="left", fontsize=SMALL)
    arrow(axes, (0.42, 3.8), (0.42, 0.3))
    label(axes, 0.2, 2.05, "values", rotation=90)
    arrow(axes, (4.5, 0.3), (4.5, 3.8), RED, True)
    label(axes, 4.74, 2.05, "gradients", RED, rotation=90)


def errors():
    axes = panels(1, 3.3)
    rows = printed_by("autodiff", "errors")
    h = np.array([float(row["h"]) for row in rows])
    for name, colour in [("one-sided", BLUE), ("central", GREEN), ("complex step", RED)]:
        error = np.array([float(row[name]) for row in rows])
        axes.loglog(h, np.maximum(error, 1e-17), color=colour, label=name, linewidth=1.4)
    axes.set_xlabel("step h")
    axes.set_ylabel("relative error of f'(x)")
    axes.text(1.5e-5, 3e-5, "h", color=BLUE, ha="right")
    axes.text(6e-2, 2e-6, "h$^2$", color=GREEN, ha="left")
    axes.text(1e-13, 2e-1, "eps / h", ha="left")
    axes.legend(loc="center left", bbox_to_anchor=(0.0, 0.3))


def convolution():
    axes = canvas(WIDTH, 3.1)
    size = 0.25
    # The window and its turned twin, with two corners marked.
    for left, title, colour, corners in [(0.1, "forward (1)", BLUE, ("k$_{00}$", "k$_{44}$")),
                                         (2.6, "backward (3a)", RED, ("k$_{44}$", "k$_{00}$"))]:
        for t in range(9):
            for w in range(4):
                cell(axes, left + size * t, 1.0 + size * w, size)
        corner, width = (left + 2 * size, 1.0 - size), 5 * size
        axes.add_patch(Rectangle(corner, width, width, facecolor=colour, alpha=0.25, linewidth=0))
        axes.add_patch(Rectangle(corner, width, width, fill=False, edgecolor=colour,
                                 linewidth=1.5))
        cell(axes, left + 4 * size, 1.0 + size, size, colour)
        label(axes, left + 2.5 * size, 1.0 + 4.5 * size - size, corners[0], fontsize=SMALL)
        label(axes, left + 6.5 * size, 1.0 - 0.5 * size, corners[1], fontsize=SMALL)
        label(axes, left + 4.5 * size, 2.65, title, colour)
        label(axes, left + 4.5 * size, 2.35,
              "y from x" if colour == BLUE else "dx from dy", colour, fontsize=SMALL)
    label(axes, 2.5, 0.35, "time to the right; above and below the plane: zeros", fontsize=SMALL)


def attention():
    axes = canvas(WIDTH, 2.45)
    size, count = 0.23, 6
    masks = [("causal", lambda t, j: j <= t), ("window 3", lambda t, j: t - 3 < j <= t),
             ("full", lambda t, j: True)]
    for number, (title, sees) in enumerate(masks):
        left = 0.35 + 1.58 * number
        for t in range(count):
            for j in range(count):
                cell(axes, left + size * j, 0.45 + size * (count - 1 - t), size,
                     BLUE if sees(t, j) else None, 0.8 if sees(t, j) else 1.0)
        label(axes, left + 3 * size, 2.1, title)
        label(axes, left + 3 * size, 0.22, "j: is seen", fontsize=SMALL)
    label(axes, 0.15, 1.15, "t: asks", fontsize=SMALL, rotation=90)


def valley():
    upper, lower = panels(2, 2.6)
    rows = printed_by("dense", "valley")
    turn = 0.35
    x, y = np.meshgrid(np.linspace(-2.4, 0.5, 200), np.linspace(-1.3, 0.55, 200))
    along = np.cos(turn) * x + np.sin(turn) * y
    across = np.cos(turn) * y - np.sin(turn) * x
    upper.contour(x, y, 50 * across ** 2 + 0.5 * along ** 2, levels=np.geomspace(0.02, 100, 12),
                  colors=INK, linewidths=0.5)
    for name, colour in [("gradient descent", BLUE), ("momentum 0.9", GREEN), ("Adam", RED)]:
        w = np.array([[float(row["w0"]), float(row["w1"])] for row in rows
                      if row["method"] == name])
        loss = [float(row["loss"]) for row in rows if row["method"] == name]
        upper.plot(w[:25, 0], w[:25, 1], color=colour, marker="o", markersize=2.5, linewidth=1.0,
                   label=name)
        lower.semilogy(loss, color=colour, linewidth=1.3)
    upper.plot(0, 0, marker="+", color=INK, markersize=12)
    upper.set_xlabel("first weight (25 steps)")
    upper.set_ylabel("second weight")
    upper.set_ylim(-1.3, 0.55)
    upper.set_xlim(-2.4, 0.5)
    upper.legend(loc="upper left", frameon=True, framealpha=0.9)
    lower.set_xlabel("step")
    lower.set_ylabel("loss")
    lower.set_ylim(1e-9, 100)


def queries():
    """One step's look-up: its query meets the keys, the weights mix the values."""
    axes = canvas(WIDTH, 4.3)
    columns = [("1", 0.75), ("2", 1.75), ("t", 3.05)]
    for name, x in columns:
        label(axes, x, 0.2, f"x$_{name}$")
        box(axes, x, 1.0, f"k$_{name}$", 0.56, 0.36, BLUE)
        arrow(axes, (x, 0.38), (x, 0.79), BLUE)
        node(axes, x, 2.1, "·")
        arrow(axes, (x, 1.21), (x, 1.94), BLUE)
        label(axes, x - 0.13, 2.42, f"s$_{{t{name}}}$", ha="right", fontsize=SMALL)
        arrow(axes, (x, 2.26), (x, 2.66))
        box(axes, x + 0.42, 3.55, f"v$_{name}$", 0.36, 0.36, GREEN)
        axes.plot([x + 0.06, x + 0.42, x + 0.42], [0.38, 0.6, 1.86], color=GREEN, linewidth=1.3)
        axes.plot([x + 0.42, x + 0.42], [1.86, 2.66], color=GREEN, linewidth=1.3)
        arrow(axes, (x + 0.42, 3.05), (x + 0.42, 3.34), GREEN)
        node(axes, x, 3.55, "×")
        arrow(axes, (x, 3.05), (x, 3.39))
        label(axes, x - 0.08, 3.22, f"p$_{{t{name}}}$", ha="right", fontsize=SMALL)
        arrow(axes, (x + 0.22, 3.55), (x + 0.17, 3.55), GREEN)
        axes.plot([x, x], [3.71, 4.05], color=INK, linewidth=1.3)
    box(axes, 2.0, 2.85, "softmax over the steps (3)", 3.3, 0.34)
    arrow(axes, (columns[0][1], 4.05), (4.4, 4.05))
    label(axes, 4.45, 4.05, "m$_t$ (4)", ha="left")
    label(axes, 2.42, 1.0, "...")
    box(axes, 4.35, 1.0, "q$_t$", 0.56, 0.36, RED)
    path(axes, [(3.22, 0.22), (4.35, 0.22), (4.35, 0.79)], RED)
    path(axes, [(4.35, 1.21), (4.35, 1.6), (0.45, 1.6), (0.45, 2.1), (0.59, 2.1)], RED)
    for name, x in columns[1:]:
        path(axes, [(x - 0.3, 1.6), (x - 0.3, 2.1), (x - 0.16, 2.1)], RED)
    label(axes, 4.35, 1.85, "(2)", RED, fontsize=SMALL)


def attention_map():
    rows = printed_by("attention_map", model, "map")
    size = 1 + max(int(row["t"]) for row in rows)
    p = np.full((size, size), np.nan)
    for row in rows:
        p[int(row["t"]), int(row["j"])] = float(row["p"])
    axes = panels(1, 4.6)
    image = axes.imshow(np.sqrt(p), cmap=RAMP, vmin=0, vmax=0.7, interpolation="nearest",
                        extent=(0.5, size + 0.5, size + 0.5, 0.5))
    axes.set_xlabel("j: is seen")
    axes.set_ylabel("t: asks")
    bar = plt.colorbar(image, ax=axes, shrink=0.7, ticks=np.sqrt([0.0, 0.01, 0.05, 0.2, 0.4]))
    bar.ax.set_yticklabels(["0", "1 %", "5 %", "20 %", "40 %"])
    bar.outline.set_visible(False)


def noise_plane():
    rows = printed_by("convolution", "plane")
    upper, lower = panels(2, 1.6)
    for axes, column, title in [(upper, "z", "noise z, each number by itself"),
                                (lower, "w", "after the convolution: neighbours share noise")]:
        plane = np.zeros((4, 48))
        for row in rows:
            plane[int(row["feature"]), int(row["t"])] = float(row[column])
        axes.imshow(plane, cmap=RAMP, aspect="auto", interpolation="nearest",
                    extent=(0.5, 48.5, 3.5, -0.5))
        axes.set_title(title, fontsize=11, color=INK)
        axes.set_yticks(range(4))
        axes.set_ylabel("feature")
    lower.set_xlabel("step t")


def chord():
    upper, lower = panels(2, 2.3)
    rows = printed_by("synthesiser", "chord")
    wave = [(float(row["x"]), float(row["y"])) for row in rows if row["kind"] == "wave"]
    spectrum = [(float(row["x"]), float(row["y"])) for row in rows if row["kind"] == "spectrum"]
    upper.plot(*zip(*wave), color=BLUE, linewidth=0.7)
    upper.set_xlabel("seconds")
    upper.set_ylabel("waveform")
    lower.plot(*zip(*spectrum), color=RED, linewidth=1.0)
    lower.set_xlabel("Hz")
    lower.set_ylabel("|X| / N")
    lower.set_ylim(0, 1.2 * max(y for _, y in spectrum))
    for name, pitch in [("C", 60), ("E", 64), ("G", 67)]:
        hertz = 440 * 2 ** ((pitch - 69) / 12)
        height = max(y for x, y in spectrum if abs(x - hertz) < 8)
        lower.text(hertz, 1.05 * height, f"{name} {hertz:.0f}", ha="center", va="bottom",
                   fontsize=SMALL)


def dilated():
    """Three layers of window 2 with dilations 1, 2, 4: which steps reach the last answer."""
    axes = canvas(WIDTH, 3.0)
    steps, rows = 10, [0.45, 1.2, 1.95, 2.7]
    where = lambda t: 1.0 + 0.42 * t
    reached = [{9}]  # from the top layer down
    for dilation in (4, 2, 1):
        reached.append(reached[-1] | {t - dilation for t in reached[-1]})
    for layer, (y, dilation) in enumerate(zip(rows[1:], (1, 2, 4)), 1):
        for t in range(steps):
            for before in (0, dilation):
                if t - before < 0:
                    continue
                on = t in reached[3 - layer]
                axes.plot([where(t - before), where(t)], [rows[layer - 1] + 0.1, y - 0.1],
                          color=BLUE if on else INK, linewidth=1.6 if on else 0.4)
        label(axes, 0.08, y, f"D = {dilation}", ha="left", fontsize=SMALL)
    for layer, y in enumerate(rows):
        for t in range(steps):
            on = t in reached[3 - layer]
            axes.add_patch(Circle((where(t), y), 0.1, facecolor=BLUE if on else "none",
                                  edgecolor=BLUE if on else INK, linewidth=1.0))
    label(axes, 0.08, rows[0], "x", ha="left")
    label(axes, where(9), rows[0] - 0.28, "x$_t$", fontsize=SMALL)
    label(axes, where(2), rows[0] - 0.28, "x$_{t-7}$", BLUE, fontsize=SMALL)


def particles():
    """Sixteen songs of one model that grow side by side: who goes on, and how many count."""
    rows = printed_by("particles", step_model, "2")
    count = 1 + max(int(row["particle"]) for row in rows)
    length = max(int(row["t"]) for row in rows)
    parent, weight, pitch = (np.zeros((length, count), dtype=kind) for kind in (int, float, int))
    for row in rows:
        at = int(row["t"]) - 1, int(row["particle"])
        parent[at], weight[at], pitch[at] = row["parent"], row["weight"], row["pitch"]
        if row["chosen"] == "1":
            chosen = at[1]
    alive = np.zeros((length, count), dtype=bool)  # has a descendant at the end
    of_chosen = np.zeros(length, dtype=int)
    alive[-1] = True
    of_chosen[-1] = chosen
    for t in range(length - 1, 0, -1):
        for k in range(count):
            if alive[t, k]:
                alive[t - 1, parent[t, k]] = True
        of_chosen[t - 1] = parent[t, of_chosen[t]]
    figure, (tree, numbers, roll) = plt.subplots(
        3, 1, figsize=(WIDTH, 5.6), sharex=True, constrained_layout=True,
        gridspec_kw={"height_ratios": [3, 1.2, 1.6]})
    branches = [[], [], []]  # of those that ended, of those that live, of the chosen one
    for t in range(1, length):
        for k in range(count):
            kind = 2 if k == of_chosen[t] else int(alive[t, k])
            branches[kind] += [(t, parent[t, k] + 1), (t + 1, k + 1), (np.nan, np.nan)]
    for kind, (colour, width) in enumerate([(INK, 0.7), (BLUE, 1.4), (RED, 2.2)]):
        tree.plot(*np.transpose(branches[kind]), color=colour, linewidth=width, zorder=1 + kind)
    tree.set_ylabel("particle")
    tree.set_yticks([1, 8, 16])
    numbers.plot(range(1, length + 1), 1 / (weight ** 2).sum(1), color=INK, linewidth=1.2)
    numbers.axhline(count / 2, color=INK, linewidth=0.8, linestyle="--")
    numbers.set_ylabel("that count")
    numbers.set_ylim(0, count + 0.5)
    numbers.set_yticks([0, 8, 16])
    notes = [piece for t in range(length) for p in sorted(set(pitch[t]))
             for piece in [(t + 0.7, p), (t + 1.3, p), (np.nan, np.nan)]]
    roll.plot(*np.transpose(notes), color=INK, linewidth=1.0, alpha=0.5)
    of_song = [piece for t in range(length) for p in [pitch[t, of_chosen[t]]]
               for piece in [(t + 0.5, p), (t + 1.5, p), (np.nan, np.nan)]]
    roll.plot(*np.transpose(of_song), color=RED, linewidth=2.4)
    roll.set_ylabel("pitch")
    roll.set_xlabel("event")


PICTURES = {"dilated": dilated, "particles": particles, "lstm": lstm, "queries": queries,
            "attention-map": attention_map,
            "noise-plane": noise_plane, "chord": chord,
            "lstm-forward": lstm_forward, "lstm-backward": lstm_backward, "feedback": feedback,
            "bilstm": bilstm, "gan-losses": gan_losses, "pinball": pinball,
            "autodiff": autodiff, "errors": errors, "convolution": convolution,
            "attention": attention, "valley": valley}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PICTURES))
    parser.add_argument("--programs", type=pathlib.Path, default=programs)
    parser.add_argument("--model", default=model)
    parser.add_argument("--step-model", default=step_model)
    options = parser.parse_args()
    programs, model, step_model = options.programs, options.model, options.step_model
    for name in options.names or PICTURES:
        PICTURES[name]()
        save(name)
