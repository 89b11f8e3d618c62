#!/usr/bin/env python3
"""Gradients as PyTorch computes them, for tests/proofs/oracle_test.cpp.

    pip install torch==2.13.0
    tests/oracles/gradients.py            writes tests/data/oracles/*.txt

Every file holds one case: sizes, all inputs and parameters, the weights w of the loss
L = sum w * output, the outputs, and dL/d(everything) from PyTorch's autograd, in float64. The nets
are PyTorch's own (torch.nn.LSTM, torch.nn.Linear); nothing here is a transcription of mgan.

Format: lines "name rows cols", each followed by one line a row. As everywhere in mgan a sample is a
column: a batch [N, F] of PyTorch is written as F x N, a sequence [T, B, F] as F x (T B). Numbers
are the shortest decimals that read back to the same bits.
"""

import pathlib

import torch

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "data" / "oracles"
torch.set_default_dtype(torch.float64)


def uniform(*shape, low=-1.0, high=1.0):
    return torch.empty(*shape).uniform_(low, high)


def columns(tensor):
    """A sample a column; parameters of two dimensions and biases stay as they are."""
    if tensor.dim() == 3:  # [T, B, F]
        return tensor.reshape(-1, tensor.shape[2]).T
    return tensor


class Case:
    """One file: named leaves, outputs, and the gradient of their weighted sum."""

    def __init__(self, name, seed, **sizes):
        torch.manual_seed(seed)
        self.name, self.sizes, self.leaves = name, sizes, {}

    def leaf(self, name, tensor, samples_are_rows=False):
        """`samples_are_rows`: [N, F] is written as F x N."""
        tensor = tensor.detach().clone().requires_grad_(True)
        self.leaves[name] = (tensor, samples_are_rows)
        return tensor

    def module(self, module, prefix=""):
        """Random parameters for a module, and its parameters as leaves."""
        for name, parameter in module.named_parameters():
            with torch.no_grad():
                parameter.uniform_(-0.9, 0.9)
            self.leaves[prefix + name] = (parameter, False)
        return module

    def write(self, *outputs):
        # Flat in mgan's order: column after column of the F x N form, i.e. row after row of [N, F].
        output = torch.cat([o.reshape(-1) for o in outputs])
        weights = uniform(output.numel())
        (weights * output).sum().backward()
        version = torch.__version__.split('+')[0]
        lines = [f"# Made by tests/oracles/gradients.py with PyTorch {version}; do not edit."]
        for name, value in self.sizes.items():
            lines += [f"{name} 1 1", str(value)]

        def add(name, tensor):
            tensor = tensor.detach()
            tensor = tensor.reshape(-1, 1) if tensor.dim() < 2 else tensor
            lines.append(f"{name} {tensor.shape[0]} {tensor.shape[1]}")
            lines.extend(" ".join(repr(x) for x in row) for row in tensor.tolist())

        for name, (tensor, transposed) in self.leaves.items():
            form = (lambda t: t.T) if transposed else columns
            add(name, form(tensor))
            add("gradient/" + name,
                form(tensor.grad if tensor.grad is not None else torch.zeros_like(tensor)))
        add("weights", weights)
        add("output", output)
        (FOLDER / f"{self.name}.txt").write_text("\n".join(lines) + "\n")


def dense():
    case = Case("dense", 1, **{"in": 4, "out": 3, "columns": 5})
    layer = case.module(torch.nn.Linear(4, 3))
    x = case.leaf("x", uniform(5, 4), samples_are_rows=True)
    case.write(layer(x))


def activations():
    special = [0.0, 1e-12, -1e-12, 30.0, -30.0]
    functions = {"relu": torch.relu, "sigmoid": torch.sigmoid, "tanh": torch.tanh,
                 "softplus": lambda x: torch.nn.functional.softplus(x, threshold=1e9)}
    for seed, (name, function) in enumerate(functions.items(), start=10):
        case = Case(name, seed, rows=4, columns=5)
        values = uniform(5, 4, low=-4, high=4)
        values[:, 0] = torch.tensor(special)
        case.write(function(case.leaf("x", values, samples_are_rows=True)))


def losses():
    functional = torch.nn.functional
    for seed, kind in enumerate(["squared_error", "pinball", "cross_entropy", "saturating",
                                 "non_saturating"], start=20):
        case = Case(kind, seed, features=3, columns=5)
        x = case.leaf("x", uniform(5, 3), samples_are_rows=True)
        if kind in ("squared_error", "pinball"):
            target, level = uniform(5, 3), uniform(5, 3, low=0.05, high=0.95)
            case.leaf("target", target, samples_are_rows=True)
            case.leaf("level", level, samples_are_rows=True)
            if kind == "squared_error":
                loss = 0.37 * functional.mse_loss(x, target, reduction="sum")
            else:
                e = target - x
                loss = 0.37 / 3 * torch.maximum(level * e, (level - 1) * e).sum()
            case.write(loss.reshape(1))
        else:
            p = (x + 1.5) / 3
            if kind == "cross_entropy":
                loss = functional.binary_cross_entropy(p, torch.full_like(p, 0.9), reduction="none")
            elif kind == "saturating":
                loss = torch.log(1 - p)
            else:
                loss = -torch.log(p)
            case.write(loss)
    case = Case("relativistic", 25, features=1, columns=6)  # three real songs, three generated ones
    x = case.leaf("x", uniform(6, 1), samples_are_rows=True)
    case.write((0.37 / 3 * functional.softplus(-(x[:3] - x[3:].T)).sum()).reshape(1))


def recurrent():
    steps, batch, features, hidden = 5, 3, 3, 4
    sizes = {"steps": steps, "batch": batch, "features": features, "hidden": hidden}
    for name, layers, both in [("lstm", 1, False), ("stacked_lstm", 2, False), ("bilstm", 2, True)]:
        case = Case(name, 30 + layers + both, layers=layers, **sizes)
        net = case.module(torch.nn.LSTM(features, hidden, num_layers=layers, bidirectional=both))
        x = case.leaf("x", uniform(steps, batch, features))
        h, c = [], []
        for layer in range(layers):
            for ending in ["", "_reverse"] if both else [""]:
                # A single LSTM calls its states h_0, c_0.
                suffix = "" if name == "lstm" else f"_l{layer}{ending}"
                h.append(case.leaf("h_0" + suffix, uniform(batch, hidden), samples_are_rows=True))
                c.append(case.leaf("c_0" + suffix, uniform(batch, hidden), samples_are_rows=True))
        output, _ = net(x, (torch.stack(h), torch.stack(c)))
        case.write(output)


def generators():
    steps, batch, features, noise, context, hidden, head = 5, 3, 3, 2, 2, 4, 5
    for seed, name in enumerate(["generator_feedback", "generator_teacher"], start=40):
        case = Case(name, seed, steps=steps, batch=batch, features=features, noise_size=noise,
                    context_size=context,
                    hidden=hidden, head=head)
        lstm = case.module(torch.nn.LSTM(noise + features + context, hidden, num_layers=2), "lstm.")
        head_1 = case.module(torch.nn.Linear(hidden, head), "head_1.")
        head_2 = case.module(torch.nn.Linear(head, features), "head_2.")
        head_noise = case.module(torch.nn.Linear(noise, head, bias=False), "head_noise.")
        z = case.leaf("noise", uniform(steps, batch, noise))

        def event(s, z_t):
            return head_2(torch.relu(head_1(s) + head_noise(z_t)))

        if name == "generator_teacher":
            before = case.leaf("before", uniform(steps, batch, features + context))
            output, _ = lstm(torch.cat([z, before], dim=2))
            case.write(event(output, z))
            continue
        first = case.leaf("first", uniform(batch, features + context), samples_are_rows=True)
        constants = case.leaf("context", uniform(steps - 1, batch, context))
        before, state, events = first, None, []
        for t in range(steps):
            u = torch.cat([z[t], before], dim=1).unsqueeze(0)
            output, state = lstm(u) if state is None else lstm(u, state)
            events.append(event(output[0], z[t]))
            if t + 1 < steps:
                before = torch.cat([events[-1], constants[t]], dim=1)
        case.write(torch.stack(events))


def discriminators():
    steps, batch, features, hidden = 5, 3, 3, 4
    for seed, name in enumerate(["discriminator", "discriminator_deviation"], start=50):
        deviation = name == "discriminator_deviation"
        case = Case(name, seed, steps=steps, batch=batch, features=features, hidden=hidden)
        bilstm = case.module(torch.nn.LSTM(features, hidden, num_layers=2, bidirectional=True),
                             "bilstm.")
        output = case.module(torch.nn.Linear(2 * hidden + deviation, 1), "output.")
        x = case.leaf("x", uniform(steps, batch, features))
        s, _ = bilstm(x)
        dense_input = s
        if deviation:
            pooled = s.mean(dim=0)  # [B, 2H]
            m = torch.sqrt(pooled.var(dim=0, unbiased=False) + 1e-8).mean()
            dense_input = torch.cat([s, m.expand(steps, batch, 1)], dim=2)
        decision = torch.sigmoid(output(dense_input)).mean(dim=0)
        case.write(decision, s)


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for make in (dense, activations, losses, recurrent, generators, discriminators):
        make()
