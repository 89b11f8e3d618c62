#!/usr/bin/env python3
"""Draws docs/pictures/synthesiser.svg: a note, what a loss hears of it, and which way is home.

    pip install numpy matplotlib
    docs/pictures/make_synthesiser.py
"""
import pathlib

import matplotlib
import numpy as np

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402

RATE, SECONDS = 4096.0, 1.0
TIME = np.arange(int(RATE * SECONDS)) / RATE


def smoothstep(x):
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3.0 - 2.0 * x)


def envelope(t, length, attack=0.005, release=0.05, decay=1.0):
    fall = smoothstep((length + release - t) / release)
    return smoothstep(t / attack) * fall * np.exp(-t / decay)


def note(pitch, onset=0.1, length=0.5):
    t = TIME - onset
    return envelope(t, length) * np.sin(2 * np.pi * 440.0 * 2.0 ** ((pitch - 69.0) / 12.0) * t)


def spectrum(x):
    return np.abs(np.fft.rfft(x)) / x.size


def blurred(x, sigma=1.5):
    """Equation (1) of blurred_windows.hpp, one window of the whole second."""
    bins = np.arange(1, x.size // 2 + 1) / SECONDS
    semitones = 69.0 + 12.0 * np.log2(bins / 440.0)
    pitches = np.arange(40.0, 90.0)
    weights = np.exp(-0.5 * ((semitones[None, :] - pitches[:, None]) / sigma) ** 2)
    return weights @ spectrum(x)[1:]


def main():
    plt.rcParams.update({"font.size": 9, "svg.hashsalt": "mgan", "axes.spines.top": False,
                         "axes.spines.right": False})
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.0, 2.8), constrained_layout=True)
    left.plot(TIME, note(40.0), color="#9ab", linewidth=0.6, label="x(t), pitch 40")
    left.plot(TIME, envelope(TIME - 0.1, 0.5), color="#c33", label="E(t - o; l)")
    left.axvspan(0.6, 0.65, color="#c33", alpha=0.15, linewidth=0)
    left.annotate("release", (0.625, -0.95), ha="center")
    left.annotate("onset o", (0.1, -0.95), ha="right")
    left.set_xlabel("seconds")
    left.legend(loc="upper right", frameon=False)

    target = note(60.0)
    pitches = np.arange(54.0, 66.01, 0.05)
    for name, ear, colour in [("whole spectrum", spectrum, "#9ab"),
                              ("blurred along pitch", blurred, "#c33")]:
        wanted = ear(target)
        loss = np.array([np.sum((ear(note(p)) - wanted) ** 2) for p in pitches])
        right.plot(pitches, loss / loss.max(), color=colour, label=name)
    right.axvline(60.0, color="black", linewidth=0.5, linestyle=":")
    right.set_xlabel("pitch of the note; the target is 60")
    right.set_ylabel("squared distance")
    right.legend(loc="lower right", frameon=False)
    figure.savefig(pathlib.Path(__file__).resolve().parent / "synthesiser.svg",
                   metadata={"Date": None})


if __name__ == "__main__":
    main()
