#!/usr/bin/env python3
"""The CARNN layers and generator as PyTorch computes them, for tests/proofs/carnn_oracle_test.cpp.

    pip install torch==2.13.0
    tests/oracles/carnn.py        writes tests/data/oracles/{conv2d,attention*,mapping,carnn*}.txt

The nets are PyTorch's own: torch.nn.Conv2d, torch.nn.MultiheadAttention, torch.nn.LSTM,
torch.nn.Linear. Format and conventions: gradients.py.
"""

import torch

from gradients import FOLDER, Case, uniform


def plane(sequence, channels=1):
    """[T, B, C W] -> the pictures of torch.nn.Conv2d, [B, C, T, W]."""
    steps, batch, _ = sequence.shape
    return sequence.reshape(steps, batch, channels, -1).permute(1, 2, 0, 3)


def sequence(picture):
    """The way back: [B, C, T, W] -> [T, B, C W]."""
    batch, _, steps, _ = picture.shape
    return picture.permute(2, 0, 1, 3).reshape(steps, batch, -1)


def convolution(case, prefix, channels_in, channels_out, window):
    """A torch.nn.Conv2d whose kernel is also a leaf of mgan's shape, C_out x (C_in I J)."""
    weight = case.leaf(prefix + "weight",
                       uniform(channels_out, channels_in * window[0] * window[1]))
    bias = case.leaf(prefix + "bias", uniform(channels_out))
    layer = torch.nn.Conv2d(channels_in, channels_out, window,
                            padding=(window[0] // 2, window[1] // 2))
    parameters = {"weight": weight.reshape(channels_out, channels_in, *window), "bias": bias}
    return lambda x: torch.func.functional_call(layer, parameters, (x,))


def conv2d():
    for seed, (name, steps, channels_in, channels_out, window) in enumerate(
            [("conv2d", 6, 1, 1, (5, 5)), ("conv2d_short", 2, 1, 1, (5, 5)),
             ("conv2d_channels", 4, 2, 3, (3, 5))], start=60):
        batch, width = 3, 4
        case = Case(name, seed, steps=steps, batch=batch, width=width, channels_in=channels_in,
                    channels_out=channels_out, window_time=window[0], window_width=window[1])
        layer = convolution(case, "", channels_in, channels_out, window)
        x = case.leaf("x", uniform(steps, batch, channels_in * width))
        case.write(sequence(layer(plane(x, channels_in))))


def causal_mask(steps, window=0):
    """True where step t (down) must not look at step j (right)."""
    t, j = torch.arange(steps)[:, None], torch.arange(steps)[None, :]
    return (j > t) | ((t - j >= window) if window > 0 else torch.zeros_like(j > t))


def self_attention(case, prefix, features, heads):
    layer = torch.nn.MultiheadAttention(features, heads, bias=False)
    if heads > 1:
        case.module(layer, prefix)
    else:
        # With one head mgan has no output projection: PyTorch's is the identity.
        torch.nn.init.uniform_(layer.in_proj_weight, -0.9, 0.9)
        case.leaves[prefix + "in_proj_weight"] = (layer.in_proj_weight, False)
        torch.nn.init.eye_(layer.out_proj.weight)
        layer.out_proj.weight.requires_grad_(False)
    return layer


def attention():
    steps, batch, features = 19, 3, 6
    for seed, (name, heads, causal, window) in enumerate(
            [("attention_causal", 1, 1, 0), ("attention_heads", 3, 1, 0),
             ("attention_window", 2, 1, 4),
             ("attention_full", 2, 0, 0)], start=70):
        case = Case(name, seed, steps=steps, batch=batch, features=features, heads=heads,
                    causal=causal, window=window)
        layer = self_attention(case, "", features, heads)
        x = case.leaf("x", uniform(steps, batch, features, low=-2, high=2))
        mask = causal_mask(steps, window) if causal else None
        y, _ = layer(x, x, x, attn_mask=mask, need_weights=False)
        case.write(y)


def mapping_network(case, prefix, width, layers):
    stack = torch.nn.Sequential(*[torch.nn.Linear(width, width) for _ in range(layers)])
    case.module(stack, prefix)

    def apply(z):
        steps, batch, features = z.shape
        x = z.permute(1, 0, 2).reshape(batch, -1)
        for layer in stack:
            x = torch.relu(layer(x))
        return x.reshape(batch, steps, features).permute(1, 0, 2)
    return apply


def mapping():
    steps, batch, features, layers = 4, 3, 2, 3
    case = Case("mapping_network", 80, steps=steps, batch=batch, features=features, layers=layers)
    network = mapping_network(case, "", steps * features, layers)
    case.write(network(case.leaf("z", uniform(steps, batch, features))))


def generators():
    steps, plane_steps, batch, features, noise = 5, 7, 3, 3, 2
    hidden, head, heads, layers = 4, 5, 2, 2
    for seed, name in enumerate(["carnn_feedback", "carnn_teacher"], start=90):
        case = Case(name, seed, steps=steps, plane=plane_steps, batch=batch, features=features,
                    noise_size=noise,
                    hidden=hidden, head=head, heads=heads, mapping_layers=layers)
        network = mapping_network(case, "mapping.", plane_steps * noise, layers)
        convolve = convolution(case, "convolution.", 1, 1, (5, 5))
        lstm = case.module(torch.nn.LSTM(noise + features, hidden, num_layers=2), "lstm.")
        attend = self_attention(case, "attention.", hidden, heads)
        head_1 = case.module(torch.nn.Linear(hidden, head), "head_1.")
        head_2 = case.module(torch.nn.Linear(head, features), "head_2.")
        z = case.leaf("noise", uniform(plane_steps, batch, noise))
        w = sequence(convolve(plane(network(z))))[:steps]

        def event(c):
            return head_2(torch.relu(head_1(c)))

        if name == "carnn_teacher":
            before = case.leaf("before", uniform(steps, batch, features))
            s, _ = lstm(torch.cat([w, before], dim=2))
            c, _ = attend(s, s, s, attn_mask=causal_mask(steps), need_weights=False)
            case.write(event(c))
            continue
        before = case.leaf("first", uniform(batch, features), samples_are_rows=True)
        state, past, events = None, [], []
        for t in range(steps):
            u = torch.cat([w[t], before], dim=1).unsqueeze(0)
            output, state = lstm(u) if state is None else lstm(u, state)
            past.append(output[0])
            seen = torch.stack(past)  # the LSTM outputs of steps 1 .. t
            c, _ = attend(seen[-1:], seen, seen, need_weights=False)
            events.append(event(c[0]))
            before = events[-1]
        case.write(torch.stack(events))


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for make in (conv2d, attention, mapping, generators):
        make()
