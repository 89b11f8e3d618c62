#!/usr/bin/env python3
"""docs/attention.md in PyTorch: one causal head, three steps of two features."""
import torch

torch.set_default_dtype(torch.float64)


def row(name, tensor):
    print(f"{name:6}" + "".join(f"{x:11.6f}" for x in tensor.flatten()))


x = torch.tensor([[1.0, 0.0], [0.5, -1.0], [-0.5, 2.0]], requires_grad=True)  # a step a row
w_q = torch.tensor([[1.0, 0.5], [-0.5, 1.0]])
w_k = torch.tensor([[0.5, -1.0], [1.0, 0.0]])
w_v = torch.tensor([[2.0, 0.0], [1.0, -1.0]])
m = torch.nn.functional.scaled_dot_product_attention(
    (x @ w_q.T)[None], (x @ w_k.T)[None], (x @ w_v.T)[None], is_causal=True)[0]
(torch.tensor([[1.0, 0.0], [0.5, 1.0], [-1.0, 2.0]]) * m).sum().backward()
row("m", m)
row("dx", x.grad)
