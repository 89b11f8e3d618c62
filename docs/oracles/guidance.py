#!/usr/bin/env python3
"""docs/guidance.md in PyTorch: which of two candidates is taken, and how many particles count."""
import torch

torch.set_default_dtype(torch.float64)


def row(name, tensor):
    print(f"{name:6}" + "".join(f"{x:11.6f}" for x in tensor.flatten()))


q = torch.tensor([0.50, 0.25, 0.25])
gain = torch.log(torch.tensor([0.5, 1.0, 2.0]))
pairs = torch.cartesian_prod(torch.arange(3), torch.arange(3))  # all ways to draw two
chance = q[pairs].prod(1)
w = torch.softmax(gain[pairs], 1)  # (8) of step-quantiles.md, sharpness 1
taken = torch.zeros(3).index_put((pairs,), chance[:, None] * w, accumulate=True)
row("taken", taken)
row("alive", 1 / torch.softmax(torch.tensor([2.0, 1.0, 0.5, 0.5]).log(), 0).square().sum())
