#!/usr/bin/env python3
"""The PF classifier as PyTorch computes it, for tests/proofs/pf_classifier_test.cpp.

    pip install torch==2.13.0
    tests/oracles/pf_classifier.py        writes tests/data/oracles/pf_classifier*.txt

The nets are PyTorch's own: torch.nn.Linear, torch.nn.LSTM(bidirectional=True), whose h_n holds what
each direction knows at its end. Format and conventions: gradients.py.
"""

import torch

from gradients import FOLDER, Case, uniform


def classifiers():
    batch, inputs, hidden_1, hidden_2, hidden = 3, 11, 7, 6, 4
    for seed, (name, steps) in enumerate(
            [("pf_classifier", 3), ("pf_classifier_steps_of_one", 6), ("pf_classifier_dense", 0)],
            start=110):
        case = Case(name, seed, batch=batch, inputs=inputs, hidden_1=hidden_1, hidden_2=hidden_2,
                    hidden=hidden,
                    steps=max(steps, 1), dense=int(steps == 0))
        x = case.leaf("x", uniform(batch, inputs), samples_are_rows=True)
        a = torch.relu(case.module(torch.nn.Linear(inputs, hidden_1), "dense_1.")(x))
        a = torch.relu(case.module(torch.nn.Linear(hidden_1, hidden_2), "dense_2.")(a))
        if steps == 0:
            for number, width in zip((3, 4, 5), (hidden_2, hidden, hidden)):
                a = torch.relu(case.module(torch.nn.Linear(width, hidden), f"dense_{number}.")(a))
            features = a
        else:
            pieces = a.reshape(batch, steps, hidden_2 // steps).permute(1, 0, 2)
            lstm = case.module(torch.nn.LSTM(hidden_2 // steps, hidden, num_layers=2,
                                             bidirectional=True), "bilstm.")
            _, (h_n, _) = lstm(pieces)
            features = torch.cat([h_n[-2], h_n[-1]], dim=1)
        output = case.module(torch.nn.Linear(features.shape[1], 1), "output.")
        case.write(output(features), features)


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    classifiers()
