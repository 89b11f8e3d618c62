#!/usr/bin/env python3
"""docs/convolution.md in PyTorch: one channel, a window of 3 x 3."""
import torch

torch.set_default_dtype(torch.float64)


def row(name, tensor):
    print(f"{name:6}" + "".join(f"{x:11.6f}" for x in tensor.flatten()))


x = torch.tensor([[1.0, 2.0], [0.0, -1.0], [3.0, 0.5], [-2.0, 1.0]], requires_grad=True)
k = torch.tensor([[1.0, 0.0, -1.0], [2.0, 0.5, 0.0], [0.0, -1.0, 1.0]], requires_grad=True)
y = torch.nn.functional.conv2d(x[None, None], k[None, None], padding=1)[0, 0]
(torch.tensor([[1.0, -1.0], [0.5, 2.0], [0.0, 1.0], [-0.5, 3.0]]) * y).sum().backward()
row("y", y)
row("dx", x.grad)
row("dk", k.grad)
