#!/usr/bin/env python3
"""docs/autodiff.md in PyTorch: dL/dW and dL/dx of L = sum(tanh(W x))."""
import torch

torch.set_default_dtype(torch.float64)


def row(name, tensor):
    print(f"{name:6}" + "".join(f"{x:11.6f}" for x in tensor.flatten()))


w = torch.tensor([[0.5, -1.0], [0.25, 2.0]], requires_grad=True)
x = torch.tensor([[1.0], [-0.5]], requires_grad=True)
loss = torch.tanh(w @ x).sum()
loss.backward()
row("L", loss)
row("dW", w.grad)
row("dx", x.grad)
