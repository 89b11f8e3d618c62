#!/usr/bin/env python3
"""docs/embedding.md in PyTorch: four values, of which one occurs twice."""
import torch

torch.set_default_dtype(torch.float64)


def row(name, tensor):
    print(f"{name:6}" + "".join(f"{x:11.6f}" for x in tensor.flatten()))


table = torch.nn.Embedding(num_embeddings=4, embedding_dim=2)
with torch.no_grad():
    table.weight[:] = torch.tensor([[1.0, 0.0], [0.5, -1.0], [2.0, 0.25], [-1.0, 1.5]])
y = table(torch.tensor([2, 0, 2]))
(torch.tensor([[1.0, 2.0], [0.5, -1.0], [3.0, 0.25]]) * y).sum().backward()
row("y", y)
row("dW", table.weight.grad)
