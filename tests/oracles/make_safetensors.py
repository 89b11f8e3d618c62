#!/usr/bin/env python3
"""Makes the safetensors files of tests/data, and reads the one that mgan wrote.

    pip install numpy torch safetensors
    tests/oracles/make_safetensors.py            writes numpy.safetensors, pytorch.safetensors
    tests/oracles/make_safetensors.py --check    reads mgan.safetensors, and compares

mgan.safetensors holds what tests/io/safetensors_files_test.cpp says; that test compares its bytes.
"""
import struct
import sys
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

DATA = Path(__file__).resolve().parent.parent / "data"


def make():
    save_file(
        {
            "float32": np.arange(6, dtype=np.float32).reshape(2, 3) / 4,
            "float64": np.array([1 / 3, -1e300, 5e-324]),
            "int64": np.array([[-(2**63)], [2**63 - 1]]),
            "uint64": np.array([2**64 - 1], dtype=np.uint64),
            "scalar": np.array(0.5, dtype=np.float32),
            "empty": np.zeros((0, 4), dtype=np.float32),
        },
        DATA / "numpy.safetensors",
        metadata={"made by": "NumPy", "caf\u00e9": "\u2713 \"quoted\" \\ \n"},
    )

    import torch
    from safetensors.torch import save_file as save_torch

    torch.manual_seed(7)
    lstm = torch.nn.LSTM(3, 2)
    save_torch({"lstm." + k: v for k, v in lstm.state_dict().items()}, DATA / "pytorch.safetensors",
               metadata={"format": "pt"})
    w = lstm.weight_ih_l0
    print("pytorch.safetensors: lstm.weight_ih_l0[0, 0] =", w[0, 0].item().hex())
    print("pytorch.safetensors: lstm.weight_ih_l0[7, 2] =", w[7, 2].item().hex())
    print("pytorch.safetensors: lstm.bias_hh_l0[7]      =", lstm.bias_hh_l0[7].item().hex())


def crc64(data):
    """CRC-64/XZ, bit by bit: an independent reading of the definition."""
    crc = 2**64 - 1
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xC96C5795D7870F42 if crc & 1 else crc >> 1
    return f"{crc ^ (2**64 - 1):016x}"


def check():
    path = DATA / "mgan.safetensors"
    tensors = load_file(path)
    with safe_open(path, framework="np") as file:
        metadata = file.metadata()
    expected = {
        "layer.weight": np.array([[1, 2, 3], [4, 5, 6.5]], dtype=np.float32),
        "step": np.array(2**53 + 1, dtype=np.uint64),
        "optimiser": np.array([0.1, -0.0, 1e-308]),
        "index": np.array([-1, 2], dtype=np.int64),
        "nothing": np.zeros((3, 0), dtype=np.float32),
    }
    assert set(tensors) == set(expected), set(tensors)
    for name, value in expected.items():
        assert tensors[name].dtype == value.dtype and tensors[name].shape == value.shape, name
        assert tensors[name].tobytes() == value.tobytes(), name
        assert metadata["mgan.checksum.tensor." + name] == crc64(value.tobytes()), name
    assert metadata["variant"] == "c-rnn-gan" and metadata["note"] == "tab\there, caf\u00e9"

    # The checksum of the header, as include/mgan/io/safetensors_format.hpp defines it.
    def text(s):
        return struct.pack("<Q", len(s.encode())) + s.encode()

    codes = {"float32": "F32", "float64": "F64", "int64": "I64", "uint64": "U64"}
    header = struct.pack("<Q", len(expected))
    for name in sorted(expected):
        value = expected[name]
        header += text(name) + text(codes[value.dtype.name]) + struct.pack("<Q", value.ndim)
        header += b"".join(struct.pack("<Q", n) for n in value.shape)
    for key in sorted(metadata):
        if key != "mgan.checksum.header":
            header += text(key) + text(metadata[key])
    assert metadata["mgan.checksum.header"] == crc64(header)
    print("mgan.safetensors: as expected")


if __name__ == "__main__":
    check() if "--check" in sys.argv[1:] else make()
