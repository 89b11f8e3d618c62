#!/usr/bin/env python3
"""docs/gru.md in PyTorch: a GRU of one unit, five steps, and its gradients."""
import torch

torch.set_default_dtype(torch.float64)


def row(name, tensor):
    print(f"{name:6}" + "".join(f"{x:11.6f}" for x in tensor.flatten()))


gru = torch.nn.GRU(input_size=1, hidden_size=1)
with torch.no_grad():  # rows r z n
    gru.weight_ih_l0[:] = torch.tensor([[0.5], [-0.3], [0.8]])
    gru.weight_hh_l0[:] = torch.tensor([[0.1], [0.4], [-0.6]])
    gru.bias_ih_l0[:] = torch.tensor([0.2, 1.0, 0.1])
    gru.bias_hh_l0[:] = torch.tensor([-0.1, 0.3, 0.5])
x = torch.tensor([0.5, -1.0, 0.3, 0.8, -0.2])
h, _ = gru(x.reshape(5, 1, 1))
(torch.tensor([0.1, 0.7, -0.4, 0.9, 1.0]) * h.flatten()).sum().backward()
row("h", h)
row("dW_hh", gru.weight_hh_l0.grad)
row("db_hh", gru.bias_hh_l0.grad)
