#!/usr/bin/env python3
"""Weights from PyTorch to mgan and back, for tests/training/torch_exchange_test.cpp.

    pip install torch==2.13.0 safetensors numpy
    tests/oracles/exchange_lstm.py

Writes tests/data/oracles/
    torch_bilstm.safetensors
        the state_dict of torch.nn.LSTM(3, 4, num_layers=2, bidirectional=True) in float64 under
        "bilstm.", an input x, and PyTorch's output
    mgan_bilstm_output.safetensors
        PyTorch's output for weights of mgan: those of mgan_bilstm.safetensors, which the test
        writes if the environment variable MGAN_WRITE_ORACLES is set (and compares, byte by byte,
        if not)
"""

import pathlib

import torch
from safetensors.torch import load_file, save_file

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "data" / "oracles"
torch.set_default_dtype(torch.float64)


def net():
    return torch.nn.LSTM(3, 4, num_layers=2, bidirectional=True)


torch.manual_seed(60)
lstm = net()
x = torch.empty(5, 2, 3).uniform_(-1, 1)
tensors = {"bilstm." + name: value for name, value in lstm.state_dict().items()}
save_file({**tensors, "x": x, "output": lstm(x)[0].detach().contiguous()},
          FOLDER / "torch_bilstm.safetensors")

theirs = load_file(FOLDER / "mgan_bilstm.safetensors")
x = theirs.pop("x")
lstm = net()
# strict: PyTorch refuses a name or a shape that is not its own.
lstm.load_state_dict({name.removeprefix("bilstm."): value for name, value in theirs.items()},
                     strict=True)
save_file({"output": lstm(x)[0].detach().contiguous()}, FOLDER / "mgan_bilstm_output.safetensors")
