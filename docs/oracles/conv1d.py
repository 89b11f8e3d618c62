#!/usr/bin/env python3
"""docs/conv1d.md in PyTorch: a window of three steps that lie two apart."""
import torch

torch.set_default_dtype(torch.float64)


def row(name, tensor):
    print(f"{name:6}" + "".join(f"{x:11.6f}" for x in tensor.flatten()))


conv = torch.nn.Conv1d(in_channels=1, out_channels=1, kernel_size=3, dilation=2)
with torch.no_grad():
    conv.weight[:] = torch.tensor([0.5, -1.0, 2.0])
    conv.bias[:] = 0.25
x = torch.tensor([1.0, 0.5, -1.0, 2.0, 0.0, -0.5], requires_grad=True)
y = conv(torch.nn.functional.pad(x, (4, 0))[None])  # (K - 1) D zeros in front
(torch.tensor([0.1, 0.7, -0.4, 0.9, 1.0, -0.3]) * y).sum().backward()
row("y", y)
row("dx", x.grad)
row("dW", conv.weight.grad)
row("db", conv.bias.grad)
