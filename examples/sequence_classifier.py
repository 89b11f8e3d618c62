#!/usr/bin/env python3
"""An LSTM classifier in PyTorch; sequence_classifier.cpp is the same net and has the same losses.

    sequence_classifier.py FILE       exit status 77: PyTorch or safetensors is not installed

FILE gets what the other needs to start from here: the weights before the first step, the data, the
masks of dropout (PyTorch's random numbers are its own), and the loss of each step.
"""
import sys

try:
    import torch
    import torch.nn.functional as F
    from safetensors.torch import save_file
    from torch import nn
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

STEPS, BATCH, FEATURES, HIDDEN, KINDS, ROUNDS = 20, 16, 3, 16, 4, 20
torch.set_default_dtype(torch.float64)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(FEATURES, HIDDEN)
        self.norm = nn.LayerNorm(HIDDEN)
        self.out = nn.Linear(HIDDEN, KINDS)
        self.masks = []

    def forward(self, x):
        h, _ = self.lstm(x)
        h = self.norm(h[-1])
        mask = F.dropout(torch.ones_like(h), 0.2)
        self.masks.append(mask)
        return self.out(h * mask)


def data():
    """Waves of four frequencies, from random phases."""
    kind = torch.randint(KINDS, (BATCH,))
    phase = 6.28 * torch.rand(BATCH, FEATURES)
    time = torch.arange(STEPS).reshape(STEPS, 1, 1)
    return torch.sin((kind.reshape(1, BATCH, 1) + 1) * 0.3 * time + phase), kind


torch.manual_seed(1)
net = Classifier()
x, kind = data()
file = {"net." + name: value.clone() for name, value in net.state_dict().items()}
optimiser = torch.optim.AdamW(net.parameters(), lr=1e-2, weight_decay=0.01)
losses = []
for _ in range(ROUNDS):
    optimiser.zero_grad()
    loss = F.cross_entropy(net(x), kind)
    loss.backward()
    optimiser.step()
    losses.append(loss.detach())
file |= {"x": x, "kind": kind, "masks": torch.stack(net.masks), "losses": torch.stack(losses)}
save_file({name: value.contiguous() for name, value in file.items()}, sys.argv[1])
print(f"PyTorch's loss fell from {losses[0]:.6f} to {losses[-1]:.6f}")
