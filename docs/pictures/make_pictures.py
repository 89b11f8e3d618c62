#!/usr/bin/env python3
"""Draws the pictures of the chapters: docs/pictures/*.svg. Not part of the build; needs matplotlib.

    docs/pictures/make_pictures.py [NAME...]

Backgrounds are transparent, and lines and letters have colours of medium lightness, so that a
picture is readable on a light page and on a dark one.
"""
import pathlib
import sys

import matplotlib
import numpy as np

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
INK, BLUE, RED, GREEN = "#7d8590", "#4493f8", "#e5534b", "#3fa45b"
plt.rcParams.update({
    "svg.fonttype": "none", "svg.hashsalt": "mgan", "font.family": "sans-serif", "font.size": 11,
    "text.color": INK, "axes.edgecolor": INK, "axes.labelcolor": INK, "xtick.color": INK,
    "ytick.color": INK,
    "figure.facecolor": "none", "axes.facecolor": "none", "savefig.facecolor": "none",
    "legend.frameon": False,
})


def canvas(width, height):
    figure, axes = plt.subplots(figsize=(width, height))
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    axes.set_aspect("equal")
    axes.axis("off")
    figure.subplots_adjust(0, 0, 1, 1)
    return axes


def box(axes, x, y, text, width=0.9, height=0.5, colour=INK):
    """A box with its centre at (x, y)."""
    axes.add_patch(FancyBboxPatch((x - width / 2, y - height / 2), width, height,
                                  boxstyle="round,pad=0.02",
                                  fill=False, edgecolor=colour, linewidth=1.5))
    axes.text(x, y, text, ha="center", va="center", color=colour)


def arrow(axes, start, end, colour=INK, dashed=False, bend=0.0):
    axes.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=11, color=colour,
                                   linewidth=1.3,
                                   linestyle=(0, (4, 3)) if dashed else "-", shrinkA=0, shrinkB=0,
                                   connectionstyle=f"arc3,rad={bend}"))


def path(axes, points, colour, dashed=False):
    """Straight pieces, with an arrow at the end."""
    axes.plot(*zip(*points[:-1]), color=colour, linewidth=1.3,
              linestyle=(0, (4, 3)) if dashed else "-")
    arrow(axes, points[-2], points[-1], colour, dashed)


def label(axes, x, y, text, colour=INK, **more):
    axes.text(x, y, text, color=colour, ha=more.pop("ha", "center"), va=more.pop("va", "center"),
              **more)


def lstm():
    axes = canvas(8.2, 2.9)
    for k, step in enumerate(["t-1", "t", "t+1"]):
        x = 1.5 + 2.2 * k
        box(axes, x, 1.4, "LSTM", 1.1, 1.2)
        arrow(axes, (x - 0.25, 0.35), (x - 0.25, 0.77))
        label(axes, x - 0.3, 0.17, f"x$_{{{step}}}$")
        arrow(axes, (x + 0.25, 0.77), (x + 0.25, 0.35), RED, True)
        label(axes, x + 0.5, 0.17, f"dx$_{{{step}}}$ (7)", RED)
        arrow(axes, (x - 0.25, 2.03), (x - 0.25, 2.45))
        label(axes, x - 0.25, 2.65, f"h$_{{{step}}}$")
        arrow(axes, (x + 0.25, 2.45), (x + 0.25, 2.03), RED, True)
        label(axes, x + 0.25, 2.65, f"dy$_{{{step}}}$", RED)
    for k in range(4):  # the two states between the steps, and their gradients
        x = 2.1 + 2.2 * (k - 1)
        start = max(x, 0.1)
        for y, text in [(1.85, "c"), (1.5, "h")]:
            arrow(axes, (start, y), (x + 0.98, y))
            label(axes, x + 0.82 if k == 0 else x + 0.5, y + 0.12, text, fontsize=10)
        for y, text in [(1.27, "f dc (6)"), (0.95, "W$^T$ da (5)")]:
            arrow(axes, (x + 0.98, y), (start, y), RED, True)
            if k > 0:
                label(axes, x + 0.5, y - 0.13, text, RED, fontsize=8)


def feedback():
    axes = canvas(7.4, 4.2)
    for side, (left, title) in enumerate([(0.2, "free running"), (4.0, "teacher forcing")]):
        label(axes, left + 1.5, 4.0, title, fontsize=12)
        for k, step in enumerate(["t", "t+1"]):
            x = left + 0.7 + 1.7 * k
            box(axes, x, 1.6, "LSTM", 0.9)
            box(axes, x, 2.35, "relu (G5)", 0.9, 0.4)
            box(axes, x, 3.0, "dense (G6)", 0.96, 0.4)
            arrow(axes, (x, 1.87), (x, 2.13))
            arrow(axes, (x, 2.57), (x, 2.78))
            arrow(axes, (x, 3.22), (x, 3.5))
            label(axes, x + 0.22, 3.6, f"y$_{{{step}}}$")
            arrow(axes, (x - 0.25, 0.75), (x - 0.25, 1.33))
            label(axes, x - 0.25, 0.55, f"z$_{{{step}}}$")
        first, second = left + 0.7, left + 2.4
        arrow(axes, (first + 0.47, 1.6), (second - 0.47, 1.6))
        if side == 0:
            path(axes,
                 [(first, 3.35), (first + 0.75, 3.35), (first + 0.75, 1.05), (second, 1.05),
                  (second, 1.33)], BLUE)
            path(axes,
                 [(second + 0.2, 1.33), (second + 0.2, 0.9), (first + 0.62, 0.9),
                  (first + 0.62, 3.0), (first + 0.5, 3.0)], RED, True)
            label(axes, first + 1.0, 0.72, "(G8)", RED)
            label(axes, left + 1.6, 0.15, "y becomes an input: its gradient comes back",
                  fontsize=10)
        else:
            for x, step in [(first, "t-1"), (second, "t")]:
                arrow(axes, (x + 0.25, 0.75), (x + 0.25, 1.33), GREEN)
                label(axes, x + 0.3, 0.55, f"real x$_{{{step}}}$", GREEN)
            label(axes, left + 1.6, 0.15, "the real event is input: nothing flows back",
                  fontsize=10)


def bilstm():
    axes = canvas(7.4, 3.2)
    for t in range(4):
        x = 1.3 + 1.6 * t
        label(axes, x, 0.2, f"x$_{{{t + 1}}}$")
        box(axes, x, 1.0, "→", 0.55, 0.4, BLUE)
        box(axes, x, 1.9, "←", 0.55, 0.4, GREEN)
        arrow(axes, (x - 0.08, 0.38), (x - 0.08, 0.78), BLUE)
        arrow(axes, (x + 0.38, 0.38), (x + 0.3, 1.72), GREEN, bend=0.25)
        arrow(axes, (x - 0.3, 1.16), (x - 0.3, 2.62), BLUE, bend=-0.12)
        arrow(axes, (x, 2.12), (x, 2.62), GREEN)
        box(axes, x, 2.85, f"y$_{{{t + 1}}}$: 2H", 0.9, 0.4)
        if t < 3:
            arrow(axes, (x + 0.3, 1.0), (x + 1.3, 1.0), BLUE)
            arrow(axes, (x + 1.3, 1.9), (x + 0.3, 1.9), GREEN)
    label(axes, 0.42, 1.0, "forward", BLUE, fontsize=10)
    label(axes, 0.42, 1.9, "backward", GREEN, fontsize=10)


def gan_losses():
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 2.9))
    d = np.linspace(0.002, 0.998, 400)
    left.plot(d, np.log(1 - d), color=BLUE, label="saturating (3)")
    left.plot(d, -np.log(d), color=RED, label="non-saturating (c)")
    left.set_ylabel("loss of G")
    right.plot(d, -d, color=BLUE, label="saturating (3)")
    right.plot(d, -(1 - d), color=RED, label="non-saturating (c)")
    right.set_ylabel("slope by the logit (d)")
    right.annotate("generated songs\nat first", (0.02, -1.0), (0.33, -0.93), color=INK, fontsize=9,
                   va="center", arrowprops={"arrowstyle": "-|>", "color": INK})
    left.set_ylim(-5, 5)
    for axes in (left, right):
        axes.set_xlabel("D(G(z))")
        axes.spines[["top", "right"]].set_visible(False)
    left.legend(loc="upper center", fontsize=9)
    figure.tight_layout()


def pinball():
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 2.9))
    e = np.linspace(-1, 1, 201)
    for z, colour in [(0.1, BLUE), (0.5, INK), (0.9, RED)]:
        left.plot(e, np.maximum(z * e, (z - 1) * e), color=colour, label=f"z = {z}")
    left.set_xlabel("target - answer")
    left.set_ylabel("pinball loss (f)")
    left.legend(fontsize=9)
    x = np.linspace(-3, 3, 601)
    p = 0.3 * np.exp(-((x + 1.4) / 0.35) ** 2) + 0.7 * np.exp(-((x - 1.2) / 0.35) ** 2)
    p /= p.sum()
    right.fill_between(x, p, color=INK, alpha=0.35, linewidth=0)
    for z in np.arange(0.05, 1.0, 0.1):
        right.axvline(x[np.searchsorted(np.cumsum(p), z)], ymax=0.25, color=RED, linewidth=1.2)
    right.axvline((p * x).sum(), color=BLUE, linewidth=1.5, linestyle="--")
    right.text((p * x).sum() - 0.1, p.max() * 1.06, "mean", color=BLUE, ha="right")
    right.text(-1.4, p.max() * 0.62, "quantiles of\nz = .05, .15 ...", color=RED, ha="center",
               fontsize=9)
    right.set_yticks([])
    right.set_xlabel("what could follow")
    right.set_ylim(0, p.max() * 1.2)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()


def autodiff():
    axes = canvas(6.4, 3.6)
    rows = [("0  W", 3.2), ("1  x", 2.55), ("2  a = W x", 1.85), ("3  b = tanh a", 1.15),
            ("4  L = sum b", 0.45)]
    for text, y in rows:
        box(axes, 2.0, y, text, 1.7, 0.42)
    for start, end, bend in [(3.2, 1.85, -0.5), (2.55, 1.85, 0), (1.85, 1.15, 0), (1.15, 0.45, 0)]:
        x = 1.15 if bend else 1.6
        arrow(axes, (x, start - (0.1 if bend else 0.23)), (x, end + (0.1 if bend else 0.23)),
              bend=-bend)
    for start, end, bend, text in [(0.45, 1.15, 0, "db += dL"),
                                   (1.15, 1.85, 0, "da += (1 - b²) db"),
                                   (1.85, 2.55, 0, "dx += W$^T$ da"),
                                   (1.85, 3.2, 0.5, "dW += da x$^T$")]:
        x = 2.85 if bend else 2.4
        arrow(axes, (x, start + (0.1 if bend else 0.23)), (x, end - (0.1 if bend else 0.23)), RED,
              True, bend=bend)
        beside = (3.5, 3.0) if bend else (3.5 if end == 2.55 else 2.5, (start + end) / 2)
        label(axes, *beside, text, RED, ha="left", fontsize=10)
    arrow(axes, (0.3, 3.3), (0.3, 0.4))
    label(axes, 0.15, 1.85, "values", rotation=90)
    arrow(axes, (5.7, 0.4), (5.7, 3.3), RED, True)
    label(axes, 5.9, 1.85, "gradients", RED, rotation=90)


def convolution():
    axes = canvas(7.4, 3.4)
    # The window and its turned twin, with one corner marked.
    for left, title, colour, corner in [(0.5, "forward (1): y from x", BLUE, "k$_{00}$"),
                                        (4.2, "backward (3a): dx from dy", RED, "k$_{44}$")]:
        for t in range(9):
            for w in range(4):
                axes.add_patch(Rectangle((left + 0.3 * t, 0.95 + 0.3 * w), 0.3, 0.3, fill=False,
                                         edgecolor=INK,
                                         linewidth=0.6))
        axes.add_patch(Rectangle((left + 0.6, 0.65), 1.5, 1.5, fill=True, facecolor=colour,
                                 alpha=0.25, linewidth=0))
        axes.add_patch(Rectangle((left + 0.6, 0.65), 1.5, 1.5, fill=False, edgecolor=colour,
                                 linewidth=1.5))
        axes.add_patch(Rectangle((left + 1.2, 1.25), 0.3, 0.3, fill=True, facecolor=colour,
                                 linewidth=0))
        label(axes, left + 0.75, 2.0, corner, fontsize=8)
        label(axes, left + 1.95, 0.8, "k$_{44}$" if corner == "k$_{00}$" else "k$_{00}$",
              fontsize=8)
        label(axes, left + 1.35, 2.9, title, colour)
        label(axes, left + 1.35, 0.35, "time →, below and above the plane: zeros", fontsize=9)


def attention():
    axes = canvas(7.4, 2.7)
    size = 6
    masks = [("causal", lambda t, j: j <= t), ("window 3", lambda t, j: t - 3 < j <= t),
             ("full (no feedback)", lambda t, j: True)]
    for number, (title, sees) in enumerate(masks):
        left = 0.5 + 2.4 * number
        for t in range(size):
            for j in range(size):
                seen = sees(t, j)
                axes.add_patch(Rectangle((left + 0.3 * j, 0.3 + 0.3 * (size - 1 - t)), 0.3, 0.3,
                                         fill=seen,
                                         facecolor=BLUE, alpha=0.8 if seen else 1.0, edgecolor=INK,
                                         linewidth=0.6))
        label(axes, left + 0.9, 2.4, title)
        label(axes, left + 0.9, 0.12, "j: seen", fontsize=9)
    label(axes, 0.3, 1.2, "t: asks", fontsize=9, rotation=90)


PICTURES = {"lstm": lstm, "feedback": feedback, "bilstm": bilstm, "gan-losses": gan_losses,
            "pinball": pinball,
            "autodiff": autodiff, "convolution": convolution, "attention": attention}

if __name__ == "__main__":
    for name in sys.argv[1:] or PICTURES:
        PICTURES[name]()
        plt.savefig(HERE / f"{name}.svg", metadata={"Date": None, "Creator": None})
        plt.close()
