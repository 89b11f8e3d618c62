#!/usr/bin/env python3
"""docs/dense.md in PyTorch: a softmax, its Jacobian, and the gradient of the cross-entropy."""
import torch


def row(name, tensor):
    print(f"{name:2}" + "".join(f" {x:8.5f}" for x in tensor.flatten()))


a = torch.tensor([1.0, 2.0, 0.5], requires_grad=True)
row("p", torch.softmax(a, 0))
jacobian = torch.autograd.functional.jacobian(lambda a: torch.softmax(a, 0), a)
for v in range(3):
    row("J" if v == 0 else "", jacobian[v])
loss = torch.nn.functional.cross_entropy(a[None], torch.tensor([0]))
loss.backward()
row("da", a.grad)
row("L", loss)
