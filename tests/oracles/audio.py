#!/usr/bin/env python3
"""Sound and spectrum as numpy and PyTorch compute them, for tests/audio/oracle_test.cpp.

    pip install numpy==2.4.6 torch==2.13.0
    tests/oracles/audio.py            writes tests/data/oracles/audio_*.txt

Synthesis follows the formula of docs/synthesiser.md, the transform is torch.fft.fft followed by
torch.fft.fftshift (the centring of the paper, literally), and gradients are those of PyTorch's
autograd, in float64.
The spectrum of audio_spectrum.txt is numpy's. The format of the files is that of gradients.py.
"""
import math

import numpy
import torch

import gradients
from gradients import uniform

SCALE = {"rms": 0.04, "mean": 0.3, "deviation": 1.7}  # as in tests/audio/audio_subjects.hpp


def smoothstep(x):
    x = x.clamp(0.0, 1.0)
    return x * x * (3.0 - 2.0 * x)


def synthesise(tones, samples, rate, partials, rolloff, attack, release, decay):
    """tones: [n, 4], rows onset, length, pitch, velocity."""
    time = torch.arange(samples) / rate
    total = torch.zeros(samples)
    for onset, length, pitch, velocity in tones:
        t = time - onset
        frequency = 440.0 * 2.0 ** ((pitch - 69.0) / 12.0)
        fall = 1.0 - smoothstep((t - length) / release)
        envelope = smoothstep(t / attack) * fall * torch.exp(-t / decay)
        for k in range(1, partials + 1):
            if k * frequency.item() < rate / 2:
                total = total + velocity / 127.0 * envelope * k ** -rolloff * torch.sin(
                    2.0 * math.pi * k * frequency * t)
    return total


def scaled(m, logarithm):
    m = m / SCALE["rms"]
    m = torch.log(1.0 + 100.0 * m) if logarithm else m
    return (m - SCALE["mean"]) / SCALE["deviation"]


def centred_magnitudes(x):
    """x: [B, N]; zero frequency in the middle."""
    return torch.fft.fftshift(torch.fft.fft(x), dim=1).abs() / x.shape[1]


def low_pass(x, rate, cutoff):
    """The central bins within +-cutoff rad/s."""
    samples = x.shape[1]
    count = round(cutoff * samples / rate / math.pi)
    start = samples // 2 - count // 2
    return centred_magnitudes(x)[:, start:start + count]


def windows(x, rate, seconds, blur, lowest, highest, pitches):
    samples = x.shape[1]
    width = 2 * round(seconds * rate / 2)
    length = 1 << (width - 1).bit_length()
    hann = torch.sin(math.pi * (torch.arange(width) + 0.5) / width) ** 2
    count = 1 + max(0, -(-(samples - width) // (width // 2)))
    padded = torch.nn.functional.pad(x, (0, width // 2 * (count - 1) + width - samples))
    frames = padded.unfold(1, width, width // 2) * hann  # [B, windows, width]
    magnitudes = torch.fft.rfft(frames, n=length).abs()
    bins = torch.arange(1, length // 2 + 1) * rate / length
    semitones = 12.0 * torch.log2(bins / lowest)
    span = 12.0 * math.log2(highest / lowest)
    rows = []
    for p in range(pitches):
        off = (semitones - span * p / (pitches - 1)) / blur
        # What is further away than 4 sigma is left out.
        rows.append(torch.where(off.abs() <= 4.0, torch.exp(-0.5 * off * off), 0.0) * 2.0 / length)
    return (magnitudes[:, :, 1:] @ torch.stack(rows).T).reshape(x.shape[0], -1)


def write(case, output):
    case.write(output)
    path = gradients.FOLDER / f"{case.name}.txt"
    path.write_text(path.read_text().replace("oracles/gradients.py", "oracles/audio.py", 1))


def main():
    case = gradients.Case("audio_synthesiser", 31, notes=3)
    tones = torch.tensor([[0.0113, 0.061, 52.0, 80.0], [-0.0307, 0.0704, 57.3, 71.0],
                          [0.0911, 0.4, 60.4, 103.0]])
    x = case.leaf("x", tones, samples_are_rows=True)
    write(case, synthesise(x, 240, 800.0, 2, 1.5, 0.011, 0.03, 0.4))

    case = gradients.Case("audio_low_pass", 32, samples=96, batch=2, values=0, logarithm=0)
    write(case,
          scaled(low_pass(case.leaf("x", uniform(2, 96), samples_are_rows=True), 800.0, 800.0),
                 False))
    case = gradients.Case("audio_windows", 33, samples=101, batch=1, values=6, logarithm=1)
    x = case.leaf("x", uniform(1, 101), samples_are_rows=True)
    write(case, scaled(windows(x, 800.0, 0.05, 1.5, 40.0, 380.0, 6), True))

    # numpy's spectrum of a waveform of odd and of even length, [2, N/2 + 1].
    lines = ["# Made by tests/oracles/audio.py with numpy " + numpy.__version__ + "; do not edit."]
    generator = numpy.random.default_rng(34)
    for name, samples in [("even", 48), ("odd", 45)]:
        wave = generator.uniform(-1.0, 1.0, samples)
        spectrum = numpy.fft.rfft(wave)
        for key, matrix in [(name, wave[:, None]),
                            (name + "_spectrum", numpy.stack([spectrum.real, spectrum.imag]))]:
            lines.append(f"{key} {matrix.shape[0]} {matrix.shape[1]}")
            lines.extend(" ".join(repr(float(v)) for v in row) for row in matrix)
    (gradients.FOLDER / "audio_spectrum.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
