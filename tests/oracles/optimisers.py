#!/usr/bin/env python3
"""Steps of PyTorch's optimisers, for tests/optimisation/optimiser_kinds_test.cpp.

    pip install torch==2.13.0
    tests/oracles/optimisers.py           writes tests/data/oracles/optimisers.txt

Six steps from the same weights along the same gradients, in float64, by torch.optim.SGD, Adam,
AdamW and RMSprop. Format: tests/oracles/gradients.py.
"""

import torch

from gradients import FOLDER, uniform


def main():
    torch.manual_seed(400)
    steps, size = 6, 5
    start, gradients = uniform(size), uniform(steps, size)
    lines = ["# Made by tests/oracles/optimisers.py with PyTorch "
             f"{torch.__version__.split('+')[0]}; do not edit."]

    def add(name, matrix):
        lines.append(f"{name} {matrix.shape[0]} {matrix.shape[1]}")
        lines.extend(" ".join(repr(x) for x in row) for row in matrix.tolist())

    add("start", start.reshape(-1, 1))
    add("gradients", gradients.T)
    makers = {
        "sgd": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9),
        "adam": lambda p: torch.optim.Adam(p, lr=0.05, betas=(0.9, 0.99)),
        "adamw": lambda p: torch.optim.AdamW(p, lr=0.05, betas=(0.9, 0.99), weight_decay=0.1),
        "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.05, alpha=0.99, momentum=0.9),
    }
    for name, make in makers.items():
        weight = torch.nn.Parameter(start.clone())
        optimiser = make([weight])
        for gradient in gradients:
            weight.grad = gradient.clone()
            optimiser.step()
        add(name, weight.detach().reshape(-1, 1))
    (FOLDER / "optimisers.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
