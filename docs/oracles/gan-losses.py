#!/usr/bin/env python3
"""docs/gan-losses.md in PyTorch: the slopes of both losses of the generator, by the logit a."""
import torch

torch.set_default_dtype(torch.float64)
for number in [-5.0, 0.0, 5.0]:
    slopes = []
    for loss in [lambda d: torch.log(1 - d), lambda d: -torch.log(d)]:
        a = torch.tensor(number, requires_grad=True)
        loss(torch.sigmoid(a)).backward()
        slopes.append(a.grad)
    print(f"D(G(z)) = {torch.sigmoid(a):.3f}: saturating {slopes[0]:.3f}, "
          f"non-saturating {slopes[1]:.3f}")
