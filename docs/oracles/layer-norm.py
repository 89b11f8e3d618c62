#!/usr/bin/env python3
"""docs/layer-norm.md in PyTorch: one column of four numbers."""
import torch

torch.set_default_dtype(torch.float64)


def row(name, tensor):
    print(f"{name:6}" + "".join(f"{x:11.6f}" for x in tensor.flatten()))


x = torch.tensor([1.0, -0.5, 2.0, 0.25], requires_grad=True)
w = torch.tensor([1.0, 0.5, -1.0, 2.0], requires_grad=True)
b = torch.tensor([0.1, 0.2, 0.3, 0.4], requires_grad=True)
y = torch.nn.functional.layer_norm(x, (4,), w, b, eps=1e-5)
(torch.tensor([1.0, 0.5, 2.0, -1.0]) * y).sum().backward()
row("y", y)
row("dx", x.grad)
row("dw", w.grad)
