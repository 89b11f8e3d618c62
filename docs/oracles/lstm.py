#!/usr/bin/env python3
"""docs/lstm.md in PyTorch: an LSTM of one unit, five steps, and its gradients."""
import torch

torch.set_default_dtype(torch.float64)


def row(name, tensor):
    print(f"{name:6}" + "".join(f"{x:11.6f}" for x in tensor.flatten()))


lstm = torch.nn.LSTM(input_size=1, hidden_size=1)
with torch.no_grad():  # rows i f g o
    lstm.weight_ih_l0[:] = torch.tensor([[0.5], [-0.3], [0.8], [0.2]])
    lstm.weight_hh_l0[:] = torch.tensor([[0.1], [0.4], [-0.6], [0.7]])
    lstm.bias_ih_l0[:] = torch.tensor([0.0, 1.0, 0.1, -0.2])
    lstm.bias_hh_l0.zero_()
x = torch.tensor([0.5, -1.0, 0.3, 0.8, -0.2], requires_grad=True)
h, _ = lstm(x.reshape(5, 1, 1))  # [T, B, F]
(torch.tensor([0.1, 0.7, -0.4, 0.9, 1.0]) * h.flatten()).sum().backward()
row("h", h)
row("dW_ih", lstm.weight_ih_l0.grad)
row("dW_hh", lstm.weight_hh_l0.grad)
row("db", lstm.bias_ih_l0.grad)
