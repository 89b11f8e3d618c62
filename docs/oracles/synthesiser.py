#!/usr/bin/env python3
"""docs/synthesiser.md in PyTorch: a note, and what makes it louder."""
import torch

torch.set_default_dtype(torch.float64)


def row(name, tensor):
    print(f"{name:6}" + "".join(f"{x:11.6f}" for x in tensor.flatten()))


onset, length, pitch, velocity = note = [torch.tensor(v, requires_grad=True)
                                         for v in [0.1003, 0.4, 57.3, 90.0]]
t = torch.arange(4000) / 4000 - onset


def ramp(x):
    x = x.clamp(0, 1)
    return 3 * x**2 - 2 * x**3


envelope = ramp(t / 0.005) * ramp((length + 0.05 - t) / 0.05) * torch.exp(-t / 1.0)
omega = 2 * torch.pi * 440 * 2 ** ((pitch - 69) / 12)
(velocity / 127 * envelope * torch.sin(omega * t)).square().sum().backward()
for name, number in zip(["onset", "length", "pitch", "velocity"], note):
    print(f"dL/d {name:9} {number.grad:13.6f}")
