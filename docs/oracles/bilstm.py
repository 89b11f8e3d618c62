#!/usr/bin/env python3
"""docs/bilstm.md in PyTorch: a BiLSTM of one unit each way; the gradient of its input."""
import torch

torch.set_default_dtype(torch.float64)


def row(name, tensor):
    print(f"{name:6}" + "".join(f"{x:11.6f}" for x in tensor.flatten()))


bilstm = torch.nn.LSTM(input_size=1, hidden_size=1, bidirectional=True)
with torch.no_grad():
    for k, parameter in enumerate(bilstm.parameters()):  # forward: 0 to 3, backward: 4 to 7
        parameter.copy_(0.1 * (torch.arange(4.0) + k - 3.5).reshape(parameter.shape))
x = torch.tensor([0.5, -1.0, 0.3], requires_grad=True)
y, _ = bilstm(x.reshape(3, 1, 1))
(torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]) * y.flatten()).sum().backward()
row("y", y)
row("dx", x.grad)
