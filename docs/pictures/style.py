"""What the pictures of the documents share: colours, boxes, arrows, saving.

Backgrounds are transparent, and lines and letters have colours of medium lightness, so that a
picture is readable on a light page and on a dark one. `WIDTH` is the most that a picture may have:
on a telephone (360 pixels) it then shrinks by a quarter, and letters stay above 9 pixels.
"""
import pathlib

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.colors import LinearSegmentedColormap  # noqa: E402
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Rectangle  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
WIDTH = 5.0  # inches: 480 pixels of a page
INK, BLUE, RED, GREEN = "#7d8590", "#4493f8", "#e5534b", "#3fa45b"
SMALL = 9.5
# From nothing (transparent: the page) to blue.
RAMP = LinearSegmentedColormap.from_list("ramp", [(0.27, 0.58, 0.97, 0.0), (0.27, 0.58, 0.97, 1.0)])
plt.rcParams.update({
    "svg.fonttype": "none", "svg.hashsalt": "mgan", "font.family": "sans-serif", "font.size": 11,
    "text.color": INK, "axes.edgecolor": INK, "axes.labelcolor": INK, "xtick.color": INK,
    "ytick.color": INK, "axes.spines.top": False, "axes.spines.right": False,
    "figure.facecolor": "none", "axes.facecolor": "none", "savefig.facecolor": "none",
    "legend.frameon": False, "legend.fontsize": SMALL, "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
})


def canvas(width, height):
    """Axes in inches, without a frame."""
    figure, axes = plt.subplots(figsize=(width, height))
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    axes.set_aspect("equal")
    axes.axis("off")
    figure.subplots_adjust(0, 0, 1, 1)
    return axes


def panels(count, height, **more):
    """Plots below each other, of the full width."""
    figure, axes = plt.subplots(count, 1, figsize=(WIDTH, height * count),
                                constrained_layout=True, **more)
    return axes


def box(axes, x, y, text, width=0.9, height=0.5, colour=INK, **more):
    """A box with its centre at (x, y)."""
    axes.add_patch(FancyBboxPatch((x - width / 2, y - height / 2), width, height,
                                  boxstyle="round,pad=0.02",
                                  fill=False, edgecolor=colour, linewidth=1.5))
    axes.text(x, y, text, ha="center", va="center", color=colour, **more)


def node(axes, x, y, text, colour=INK):
    """A circle for an operation of two numbers."""
    axes.add_patch(Circle((x, y), 0.15, fill=False, edgecolor=colour, linewidth=1.5))
    axes.text(x, y - 0.01, text, ha="center", va="center", color=colour, fontsize=12)


def dot(axes, x, y, colour=INK):
    axes.add_patch(Circle((x, y), 0.035, color=colour))


def arrow(axes, start, end, colour=INK, dashed=False, bend=0.0):
    axes.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=11, color=colour,
                                   linewidth=1.3,
                                   linestyle=(0, (4, 3)) if dashed else "-", shrinkA=0, shrinkB=0,
                                   connectionstyle=f"arc3,rad={bend}"))


def path(axes, points, colour=INK, dashed=False):
    """Straight pieces, with an arrow at the end."""
    axes.plot(*zip(*points[:-1]), color=colour, linewidth=1.3, solid_capstyle="butt",
              linestyle=(0, (4, 3)) if dashed else "-")
    arrow(axes, points[-2], points[-1], colour, dashed)


def label(axes, x, y, text, colour=INK, **more):
    axes.text(x, y, text, color=colour, ha=more.pop("ha", "center"), va=more.pop("va", "center"),
              **more)


def cell(axes, x, y, size, colour=None, alpha=1.0):
    """A square of a grid with its lower left corner at (x, y)."""
    axes.add_patch(Rectangle((x, y), size, size, fill=colour is not None, facecolor=colour,
                             alpha=alpha, edgecolor=INK, linewidth=0.6))


def save(name):
    plt.savefig(HERE / f"{name}.svg", metadata={"Date": None, "Creator": None})
    plt.close()
