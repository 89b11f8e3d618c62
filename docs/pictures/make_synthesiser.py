#!/usr/bin/env python3
"""Draws docs/pictures/synthesiser.svg: a note, what a loss hears of it, and which way is home.

    pip install numpy matplotlib
    docs/pictures/make_synthesiser.py
"""
import numpy as np

from style import BLUE, INK, RED, SMALL, panels, save

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
    upper, lower = panels(2, 2.5)
    upper.plot(TIME, note(40.0), color=BLUE, linewidth=0.6, label="x(t), pitch 40")
    upper.plot(TIME, envelope(TIME - 0.1, 0.5), color=RED, label="E(t - o; l)")
    upper.axvspan(0.6, 0.65, color=RED, alpha=0.2, linewidth=0)
    upper.text(0.67, -0.85, "release", fontsize=SMALL)
    upper.text(0.08, -0.85, "onset o", ha="right", fontsize=SMALL)
    upper.set_xlabel("seconds")
    upper.legend(loc="upper right")

    target = note(60.0)
    pitches = np.arange(54.0, 66.01, 0.05)
    for name, ear, colour in [("whole spectrum", spectrum, BLUE),
                              ("blurred along pitch", blurred, RED)]:
        wanted = ear(target)
        loss = np.array([np.sum((ear(note(p)) - wanted) ** 2) for p in pitches])
        lower.plot(pitches, loss / loss.max(), color=colour, label=name)
    lower.axvline(60.0, color=INK, linewidth=0.8, linestyle=":")
    lower.set_xlabel("pitch of the note; the target is 60")
    lower.set_ylabel("squared distance")
    lower.legend(loc="lower left")
    save("synthesiser")


if __name__ == "__main__":
    main()
