#!/usr/bin/env python3
"""docs/dropout.md in PyTorch: zoneout of one unit over three steps, with given masks."""
import torch

torch.set_default_dtype(torch.float64)


def row(name, tensor):
    print(f"{name:6}" + "".join(f"{x:11.6f}" for x in tensor.flatten()))


proposals = torch.tensor([0.5, -1.0, 2.0], requires_grad=True)
mask = [1.0, 0.0, 1.0]  # 1: misses the step
h_0 = torch.tensor(0.25, requires_grad=True)
h, history = h_0, []
for m, proposal in zip(mask, proposals):
    h = m * h + (1 - m) * proposal
    history.append(h)
(torch.tensor([1.0, 2.0, 4.0]) * torch.stack(history)).sum().backward()
row("h", torch.stack(history))
row("dh~", proposals.grad)
row("dh_0", h_0.grad)
