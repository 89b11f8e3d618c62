#!/usr/bin/env python3
"""PyTorch's part of pytorch_roundtrip.cpp: checks mgan's output, trains a step, writes it all back.

    pytorch_roundtrip.py FILE       exit status 77: PyTorch or safetensors is not installed
"""
import sys

try:
    import torch
    from safetensors.torch import load_file, save_file
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

tensors = load_file(sys.argv[1])
x, y = tensors.pop("x"), tensors.pop("y")
lstm = torch.nn.LSTM(input_size=x.shape[2], hidden_size=y.shape[2], num_layers=2)
# strict: a name or a shape that is not PyTorch's own is refused.
lstm.load_state_dict({name.removeprefix("lstm."): value for name, value in tensors.items()},
                     strict=True)
apart = (lstm(x)[0] - y).abs().max().item()
print(f"PyTorch has mgan's output but for {apart:.1e}")
assert apart < 1e-5

optimiser = torch.optim.SGD(lstm.parameters(), lr=0.5)
(lstm(x)[0] - 0.3).square().mean().backward()
optimiser.step()
output = lstm(x)[0].detach()
assert (output - y).abs().max() > 1e-3, "the weights have not moved"
state = {"lstm." + name: value.contiguous() for name, value in lstm.state_dict().items()}
save_file({**state, "x": x, "y": output.contiguous()}, sys.argv[1])
print("PyTorch's weights are written")
