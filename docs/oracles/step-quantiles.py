#!/usr/bin/env python3
"""docs/step-quantiles.md in PyTorch: four values, their staircase, and the gradient."""
import torch

torch.set_default_dtype(torch.float64)


def row(name, tensor):
    print(f"{name:6}" + "".join(f"{x:11.6f}" for x in tensor.flatten()))


a = torch.tensor([1.0, -0.5, 2.0, 0.25], requires_grad=True)
tau = 0.8
p = torch.softmax(a / tau, 0)  # (1)
staircase = torch.cumsum(p, 0)  # (4)
z = torch.tensor([0.0, 0.2, 0.5, 0.99])
row("p", p)
row("F", staircase)
print("v     " + "".join(f"{v:11}" for v in torch.searchsorted(staircase, z, right=True)))  # (5)
torch.nn.functional.cross_entropy(a[None] / tau, torch.tensor([3])).backward()
row("da", a.grad)  # (3), of v = 3
