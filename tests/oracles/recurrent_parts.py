#!/usr/bin/env python3
"""GRU, embedding, layer norm, conv1d, categorical head and spectral norm as PyTorch computes them,
for the proofs of their names in tests/proofs.

    pip install torch==2.13.0
    tests/oracles/recurrent_parts.py      writes tests/data/oracles/{gru,embedding,...}.txt

The layers are PyTorch's own: torch.nn.GRU, torch.nn.LayerNorm, torch.nn.functional,
parametrizations.spectral_norm. Format and conventions: gradients.py.
"""

import torch

from gradients import FOLDER, Case, uniform


def gru():
    steps, batch, features, hidden = 5, 3, 3, 4
    case = Case("gru", 200, steps=steps, batch=batch, features=features, hidden=hidden)
    net = case.module(torch.nn.GRU(features, hidden))
    x = case.leaf("x", uniform(steps, batch, features))
    h_0 = case.leaf("h_0", uniform(batch, hidden), samples_are_rows=True)
    output, _ = net(x, h_0.unsqueeze(0))
    case.write(output)


def embedding():
    values, width = 6, 4
    case = Case("embedding", 201, values=values, width=width)
    weight = case.leaf("weight", uniform(values, width), samples_are_rows=True)
    batch = torch.tensor([2, 5, -1, 2, 0, 2, 5])
    case.leaf("batch", batch.to(torch.float64))
    # PyTorch keeps its absent value in the table, as a row that does not learn: one more, of zeros.
    table = torch.cat([weight, torch.zeros(1, width)])
    rows = torch.where(batch < 0, values, batch)
    case.write(torch.nn.functional.embedding(rows, table, padding_idx=values))


def layer_norm():
    features, columns = 21, 4
    case = Case("layer_norm", 202, features=features, columns=columns)
    layer = case.module(torch.nn.LayerNorm(features))
    x = case.leaf("x", uniform(columns, features), samples_are_rows=True)
    case.write(layer(x))


def conv1d():
    steps, batch, features, out, window = 8, 3, 3, 4, 3
    for seed, (name, dilation) in enumerate([("conv1d", 1), ("conv1d_dilated", 3)], start=206):
        case = Case(name, seed, steps=steps, batch=batch, features=features, out=out, window=window,
                    dilation=dilation)
        layer = torch.nn.Conv1d(features, out, window, dilation=dilation)
        with torch.no_grad():
            for parameter in layer.parameters():
                parameter.uniform_(-0.9, 0.9)
        # Written as a matrix, [out, F K]: mgan's weight.
        weight = case.leaf("weight", layer.weight.detach().reshape(out, -1))
        bias = case.leaf("bias", layer.bias)
        x = case.leaf("x", uniform(steps, batch, features))
        padded = torch.nn.functional.pad(x.permute(1, 2, 0), ((window - 1) * dilation, 0))
        y = torch.nn.functional.conv1d(padded, weight.reshape(out, features, window), bias,
                                       dilation=dilation)
        case.write(y.permute(2, 0, 1))


def categorical():
    functional = torch.nn.functional
    values, temperature, targets = 5, 0.7, [2, 0, -1, 4]
    closed = torch.zeros(4, values, dtype=torch.bool)
    closed[0, 1] = closed[3, 0] = closed[3, 3] = True
    for seed, name in enumerate(["log_softmax", "softmax_cross_entropy"], start=203):
        case = Case(name, seed, values=values, temperature=temperature)
        x = case.leaf("x", uniform(4, values, low=-3, high=3), samples_are_rows=True)
        case.leaf("targets", torch.tensor(targets, dtype=torch.float64))
        logits = x.masked_fill(closed, -torch.inf) / temperature
        if name == "log_softmax":
            case.write(functional.log_softmax(logits, dim=1).masked_fill(closed, 0.0))
        else:
            loss = functional.cross_entropy(logits, torch.tensor(targets), reduction="sum",
                                            ignore_index=-1)
            case.write((0.37 * loss).reshape(1))


def spectral_norm():
    out, inputs = 4, 3
    case = Case("spectral_norm", 205, out=out, **{"in": inputs})
    layer = torch.nn.utils.parametrizations.spectral_norm(torch.nn.Linear(inputs, out, bias=False))
    original = layer.parametrizations.weight.original
    with torch.no_grad():
        original.uniform_(-0.9, 0.9)
    norm = layer.parametrizations.weight[0]
    case.leaf("_u", norm._u)
    case.leaf("_v", norm._v)
    case.leaves["weight"] = (original, False)
    layer.eval()  # no round of power iteration
    normalised = layer.weight
    layer.train()
    _ = layer.weight  # one round
    case.leaf("next_u", norm._u)
    case.leaf("next_v", norm._v)
    case.write(normalised.T)


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for make in (gru, embedding, layer_norm, conv1d, categorical, spectral_norm):
        make()
