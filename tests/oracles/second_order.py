#!/usr/bin/env python3
"""Second derivatives by PyTorch's double backward, for tests/proofs/second_order_oracle_test.cpp.

    pip install torch==2.13.0
    tests/oracles/second_order.py         writes tests/data/oracles/{second_order,penalty}_*.txt

A case of gradients.py, recurrent_parts.py, carnn.py or pf_classifier.py is made again from its
seed, so that its numbers are those of its own file. With g the gradient of L by all leaves and a
random direction v, the file second_order_NAME.txt holds, for each leaf, "v/leaf" and
"product/leaf" = H v.

penalty_*.txt: R1 and WGAN-GP penalties of discriminators at the x of the case, and their gradients
by the parameters, "r1/NAME" and "wgan_gp/NAME" (create_graph=True, then backward).
"""

import torch

import carnn
import gradients
import pf_classifier
import recurrent_parts
from gradients import FOLDER, Case, columns, uniform
from torch.nn.attention import SDPBackend, sdpa_kernel

WANTED = {"dense", "sigmoid", "tanh", "softplus", "cross_entropy", "lstm",
          "stacked_lstm", "bilstm", "discriminator", "discriminator_deviation", "gru", "layer_norm",
          "softmax_cross_entropy", "conv2d", "attention_heads", "attention_full", "mapping_network",
          "pf_classifier", "generator_feedback", "generator_teacher", "carnn_feedback",
          "carnn_teacher"}


class File:
    def __init__(self, name):
        version = torch.__version__.split("+")[0]
        self.path = FOLDER / f"{name}.txt"
        self.lines = ["# Made by tests/oracles/second_order.py with PyTorch "
                      f"{version}; do not edit."]

    def add(self, name, tensor):
        tensor = tensor.detach()
        tensor = tensor.reshape(-1, 1) if tensor.dim() < 2 else tensor
        self.lines.append(f"{name} {tensor.shape[0]} {tensor.shape[1]}")
        self.lines.extend(" ".join(repr(x) for x in row) for row in tensor.tolist())

    def write(self):
        self.path.write_text("\n".join(self.lines) + "\n")


def penalties(name, x, logit_mean, leaves, forms):
    """logit_mean: the sum over songs of each song's mean logit. x: [T, B, F]."""
    file = File("penalty_" + name)
    batch = x.shape[1]
    slope, = torch.autograd.grad(logit_mean, x, create_graph=True)
    square = slope.square().sum(dim=(0, 2))  # of each song
    for kind, value in [("r1", 3.0 / 2 / batch * square.sum()),
                        ("wgan_gp", 5.0 / batch * (square.sqrt() - 1).square().sum())]:
        file.add(kind, value)
        found = torch.autograd.grad(value, list(leaves.values()), retain_graph=True,
                                    allow_unused=True)
        for (leaf, tensor), gradient in zip(leaves.items(), found):
            file.add(f"{kind}/{leaf}",
                     forms[leaf](torch.zeros_like(tensor) if gradient is None else gradient))
    file.write()


def write(self, *outputs):
    """Takes the place of Case.write."""
    if self.name not in WANTED:
        return
    output = torch.cat([o.reshape(-1) for o in outputs])
    weights = uniform(output.numel())
    loss = (weights * output).sum()
    names = list(self.leaves)
    leaves = [self.leaves[name][0] for name in names]
    first = torch.autograd.grad(loss, leaves, create_graph=True, allow_unused=True)
    v = [uniform(*leaf.shape) for leaf in leaves]
    along = sum((g * d).sum() for g, d in zip(first, v) if g is not None)
    second = torch.autograd.grad(along, leaves, allow_unused=True)
    file = File("second_order_" + self.name)
    for name, leaf, direction, product in zip(names, leaves, v, second):
        form = (lambda t: t.T) if self.leaves[name][1] else columns
        file.add("v/" + name, form(direction))
        file.add("product/" + name, form(torch.zeros_like(leaf) if product is None else product))
    file.write()


def discriminators():
    """The nets of gradients.discriminators, whose numbers the files of that name hold."""
    steps, batch, features, hidden = 5, 3, 3, 4
    for seed, name in enumerate(["discriminator", "discriminator_deviation"], start=50):
        deviation = name == "discriminator_deviation"
        case = Case(name, seed)
        bilstm = case.module(torch.nn.LSTM(features, hidden, num_layers=2, bidirectional=True),
                             "bilstm.")
        output = case.module(torch.nn.Linear(2 * hidden + deviation, 1), "output.")
        x = case.leaf("x", uniform(steps, batch, features))
        s, _ = bilstm(x)
        if deviation:
            m = torch.sqrt(s.mean(dim=0).var(dim=0, unbiased=False) + 1e-8).mean()
            s = torch.cat([s, m.expand(steps, batch, 1)], dim=2)
        leaves = {name: leaf for name, (leaf, _) in case.leaves.items() if name != "x"}
        penalties(name, x, output(s).mean(dim=0).sum(), leaves, {name: columns for name in leaves})


def step_discriminator():
    """Equations (1) to (5) of models/step_discriminator.hpp, from the embedded inputs on."""
    steps, batch, inputs, dense, hidden, sets, answer = 6, 3, 44, 5, 4, 2, 6
    case = Case("step_discriminator", 300)
    first = case.module(torch.nn.Linear(inputs, dense), "input.")
    lstm = case.module(torch.nn.LSTM(dense, hidden), "lstm.")
    second = case.module(torch.nn.Linear(2 * (hidden + dense) + sets, answer), "answer.")
    output = case.module(torch.nn.Linear(answer, 1), "output.")
    x = case.leaf("x", uniform(steps, batch, inputs))
    facts = case.leaf("sets", uniform(steps, batch, sets))
    d = torch.relu(first(x))
    u = torch.cat([lstm(d)[0], d], dim=2)
    mean = u.cumsum(dim=0) / torch.arange(1, steps + 1).reshape(-1, 1, 1)
    logit = output(torch.relu(second(torch.cat([u, mean, facts], dim=2))))
    file = File("step_discriminator")
    leaves = {name: leaf for name, (leaf, _) in case.leaves.items() if name != "sets"}
    for name, (leaf, _) in case.leaves.items():
        file.add(name, columns(leaf))
    file.write()
    penalties("step_discriminator", x, logit.mean(dim=0).sum(), leaves,
              {name: columns for name in leaves})


if __name__ == "__main__":
    Case.write = write
    with sdpa_kernel(SDPBackend.MATH):  # PyTorch's fast attention has no second derivative
        for make in (gradients.dense, gradients.activations, gradients.losses, gradients.recurrent,
                     gradients.discriminators, recurrent_parts.gru, recurrent_parts.layer_norm,
                     recurrent_parts.categorical, carnn.conv2d, carnn.attention, carnn.mapping,
                     pf_classifier.classifiers, gradients.generators, carnn.generators):
            make()
    discriminators()
    step_discriminator()
