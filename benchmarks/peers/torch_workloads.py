#!/usr/bin/env python3
"""W1 to W7 and W9 to W12 in PyTorch, each in every form that might be its fastest.

    peers/torch_workloads.py [--threads N] [--filter W3] [--seconds S] [--keys FILE] [--no-compile]

Prints a JSON array like bench_workloads, with a "variant" in each row. --keys reads the rows to
measure ("W3|step|100|TorchScript, explicit" on a line), so that a slow variant is timed once and
not in every round. --filter takes several names, separated by commas.

What helps PyTorch here: oneDNN on and off; the requested number of threads; TorchScript;
torch.compile of one step of the loop (compiling a loop of 100 steps takes many minutes); inference
mode and a frozen graph for generation; gradients set to None, not to zero; no gradient for weights
that are not updated (W4); queries, keys and values by one product (W5); denormal numbers flushed.
The caller may raise MALLOC_TRIM_THRESHOLD_ and MALLOC_MMAP_THRESHOLD_ (benchmarks/compare does).
"""
import argparse
import json
import os
import sys
import time
from typing import List

try:
    import torch
    import torch.nn as nn
    import torch.nn.functional as F
except ImportError:
    sys.exit("torch_workloads.py: PyTorch is not installed (pip install torch), "
             "its part is left out")

sys.dont_write_bytecode = True
import torch_steps  # noqa: E402

B, H = 20, 100


class CellLoop(nn.Module):
    """Generator with output feedback: [z_t ; y_{t-1}] -> 2 LSTM cells -> dense, ReLU -> dense."""

    def __init__(self):
        super().__init__()
        self.c1, self.c2 = nn.LSTMCell(8, H), nn.LSTMCell(H, H)
        self.d1, self.d2 = nn.Linear(H, H), nn.Linear(H, 4)

    def forward(self, z, y0):
        b = z.shape[1]
        h1 = torch.zeros(b, 100)
        c1, h2, c2 = torch.zeros_like(h1), torch.zeros_like(h1), torch.zeros_like(h1)
        y = y0
        outs: List[torch.Tensor] = []
        for t in range(z.shape[0]):
            h1, c1 = self.c1(torch.cat([z[t], y], 1), (h1, c1))
            h2, c2 = self.c2(h1, (h2, c2))
            y = self.d2(F.relu(self.d1(h2)))
            outs.append(y)
        return torch.stack(outs)


class Explicit(nn.Module):
    """The same with the equations written out, for a compiler to fuse; one product a layer."""

    def __init__(self):
        super().__init__()

        def parameter(*shape):
            return nn.Parameter((torch.rand(*shape) * 2 - 1) / H ** 0.5)

        self.w1, self.b1 = parameter(8 + H, 4 * H), parameter(4 * H)
        self.w2, self.b2 = parameter(2 * H, 4 * H), parameter(4 * H)
        self.d1, self.d2 = nn.Linear(H, H), nn.Linear(H, 4)

    def step(self, z, y, h1, c1, h2, c2):
        i, f, g, o = torch.addmm(self.b1, torch.cat([z, y, h1], 1), self.w1).chunk(4, 1)
        c1 = torch.sigmoid(f) * c1 + torch.sigmoid(i) * torch.tanh(g)
        h1 = torch.sigmoid(o) * torch.tanh(c1)
        i, f, g, o = torch.addmm(self.b2, torch.cat([h1, h2], 1), self.w2).chunk(4, 1)
        c2 = torch.sigmoid(f) * c2 + torch.sigmoid(i) * torch.tanh(g)
        h2 = torch.sigmoid(o) * torch.tanh(c2)
        return self.d2(F.relu(self.d1(h2))), h1, c1, h2, c2

    def forward(self, z, y0):
        b = z.shape[1]
        h1 = torch.zeros(b, 100)
        c1, h2, c2 = torch.zeros_like(h1), torch.zeros_like(h1), torch.zeros_like(h1)
        y = y0
        outs: List[torch.Tensor] = []
        for t in range(z.shape[0]):
            y, h1, c1, h2, c2 = self.step(z[t], y, h1, c1, h2, c2)
            outs.append(y)
        return torch.stack(outs)


class CompiledStep(Explicit):
    """The loop in Python, its step through torch.compile."""

    def __init__(self):
        super().__init__()
        self.fast = torch.compile(self.step, dynamic=False)

    def forward(self, z, y0):
        zero = torch.zeros(z.shape[1], H)
        h1, c1, h2, c2, y, outs = zero, zero.clone(), zero.clone(), zero.clone(), y0, []
        for t in range(z.shape[0]):
            y, h1, c1, h2, c2 = self.fast(z[t], y, h1, c1, h2, c2)
            outs.append(y)
        return torch.stack(outs)


class TeacherForced(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(8, H, 2)
        self.d1, self.d2 = nn.Linear(H, H), nn.Linear(H, 4)

    def forward(self, x):
        return self.d2(F.relu(self.d1(self.lstm(x)[0])))


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.dense = nn.LSTM(4, H, 2, bidirectional=True), nn.Linear(2 * H, 1)

    def forward(self, x):
        return torch.sigmoid(self.dense(self.lstm(x)[0])).mean(0)


class Carnn(nn.Module):
    """CARNN mGAN: mapping network, convolution, two LSTM cells, causal attention, dense head."""

    def __init__(self, T: int):
        super().__init__()
        n = 4 * T
        self.T = T
        self.map = nn.Sequential(*[m for _ in range(8) for m in (nn.Linear(n, n), nn.ReLU())])
        self.conv = nn.Conv2d(1, 1, 5, padding=2)
        self.c1, self.c2 = nn.LSTMCell(8, H), nn.LSTMCell(H, H)
        self.qkv = nn.Linear(H, 3 * H, bias=False)
        self.d1, self.d2 = nn.Linear(H, H), nn.Linear(H, 4)

    def forward(self, z, y0):  # z: B x T x 4
        b = z.shape[0]
        w = self.conv(self.map(z.reshape(b, -1)).view(b, 1, self.T, 4)).view(b, self.T, 4)
        h1 = torch.zeros(b, 100)
        c1, h2, c2 = torch.zeros_like(h1), torch.zeros_like(h1), torch.zeros_like(h1)
        y = y0
        outs: List[torch.Tensor] = []
        ks: List[torch.Tensor] = []
        vs: List[torch.Tensor] = []
        for t in range(self.T):
            h1, c1 = self.c1(torch.cat([w[:, t], y], 1), (h1, c1))
            h2, c2 = self.c2(h1, (h2, c2))
            q, k, v = self.qkv(h2).chunk(3, 1)
            ks.append(k)
            vs.append(v)
            keys, values = torch.stack(ks, 1), torch.stack(vs, 1)  # b x (t + 1) x H
            a = torch.softmax(torch.bmm(keys, q.unsqueeze(2)).squeeze(2) * 0.1, 1)
            h = torch.bmm(a.unsqueeze(1), values).squeeze(1)
            y = self.d2(F.relu(self.d1(h)))
            outs.append(y)
        return torch.stack(outs, 1)


class PfClassifier(nn.Module):
    """Spectrum -> 5000 -> 1000 -> 500 -> BiLSTM over 500 steps -> one number."""

    def __init__(self):
        super().__init__()
        self.d1, self.d2 = nn.Linear(5000, 1000), nn.Linear(1000, 500)
        self.lstm, self.out = nn.LSTM(1, H, 2, bidirectional=True), nn.Linear(2 * H, 1)

    def forward(self, wave):
        f = torch.fft.rfft(wave)[:, :2500].abs()
        x = F.relu(self.d2(F.relu(self.d1(torch.cat([f.flip(1), f], 1)))))
        o, _ = self.lstm(x.t().unsqueeze(2))
        return torch.sigmoid(self.out(torch.cat([o[-1, :, :H], o[0, :, H:]], 1)))


class PrimitiveLstm(nn.Module):
    """W12: one LSTM layer from primitives, the mean square of its last output."""

    def __init__(self):
        super().__init__()

        def parameter(*shape):
            return nn.Parameter((torch.rand(*shape) * 2 - 1) * 0.1)

        self.w, self.u, self.b = parameter(4 * H, 8), parameter(4 * H, H), parameter(4 * H)

    def step(self, x, h, c):
        i, f, g, o = (x @ self.w.t() + h @ self.u.t() + self.b).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c

    def forward(self, x):
        h = torch.zeros(x.shape[1], 100)
        c = torch.zeros_like(h)
        for t in range(x.shape[0]):
            h, c = self.step(x[t], h, c)
        return (h * h).mean()


class CompiledPrimitiveLstm(PrimitiveLstm):
    def __init__(self):
        super().__init__()
        self.fast = torch.compile(self.step, dynamic=False)

    def forward(self, x):
        h = torch.zeros(x.shape[1], H)
        c = torch.zeros_like(h)
        for t in range(x.shape[0]):
            h, c = self.fast(x[t], h, c)
        return (h * h).mean()


# ---- the workloads: each maker returns a function that does one run

def layer(bidirectional, backward):
    def make():
        m = nn.LSTM(4 if bidirectional else 8, H, 2, bidirectional=bidirectional)
        x = torch.randn(100, B, m.input_size)
        g = torch.randn(100, B, (2 if bidirectional else 1) * H)

        def forward():
            with torch.inference_mode():
                m(x)

        def both():
            m.zero_grad(set_to_none=True)
            m(x)[0].backward(g)

        return both if backward else forward
    return make


def sgd(module, rate=0.1):
    return torch.optim.SGD(module.parameters(), lr=rate)


def regression(model, *inputs, target):
    optimiser = sgd(model)

    def run():
        optimiser.zero_grad(set_to_none=True)
        F.mse_loss(model(*inputs), target).backward()
        optimiser.step()
    return run


def generator_step(make_model, T=100):
    return lambda: regression(make_model(), torch.rand(T, B, 4), torch.rand(B, 4),
                              target=torch.rand(T, B, 4))


def teacher_forced():
    return regression(TeacherForced(), torch.rand(100, B, 8), target=torch.rand(100, B, 4))


def gan_step(make_model):
    def make():
        g, d = make_model(), Discriminator()
        og = torch.optim.SGD(g.parameters(), lr=1e-3, weight_decay=1e-4)
        od = torch.optim.SGD(d.parameters(), lr=1e-3, weight_decay=1e-4)
        z, y0, real, e = torch.rand(100, B, 4), torch.rand(B, 4), torch.rand(100, B, 4), 1e-7

        def run():
            fake = g(z, y0)
            od.zero_grad(set_to_none=True)
            decisions = d(torch.cat([real, fake.detach()], 1))  # one batch of 40
            loss = (-torch.log(decisions[:B] + e) - torch.log(1 - decisions[B:] + e)).mean()
            loss.backward()
            od.step()
            og.zero_grad(set_to_none=True)
            d.requires_grad_(False)
            torch.log(1 - d(fake) + e).mean().backward()
            d.requires_grad_(True)
            og.step()
        return run
    return make


def carnn_step(T, script):
    def make():
        model = torch.jit.script(Carnn(T)) if script else Carnn(T)
        return regression(model, torch.rand(B, T, 4), torch.rand(B, 4), target=torch.rand(B, T, 4))
    return make


def pf_step():
    m = PfClassifier()
    optimiser = sgd(m, 1e-3)
    wave = torch.randn(B, 2 ** 17, requires_grad=True)

    def run():
        optimiser.zero_grad(set_to_none=True)
        wave.grad = None
        (-torch.log(m(wave) + 1e-7)).mean().backward()
        optimiser.step()
    return run


def generation(make_model, freeze=False):
    def make():
        m = make_model().eval()
        if freeze:
            m = torch.jit.freeze(torch.jit.script(m))
        z, y0 = torch.rand(1000, 1, 4), torch.rand(1, 4)

        def run():
            with torch.inference_mode():
                m(z, y0)
        return run
    return make


def mlp(compiled):
    def make():
        net = nn.Sequential(nn.Linear(2, 128), nn.Tanh(), nn.Linear(128, 128), nn.Tanh(),
                            nn.Linear(128, 1))
        x, target = torch.randn(64, 2), torch.randn(64, 1)
        function = torch.compile(net) if compiled else net

        def run():
            net.zero_grad(set_to_none=True)
            F.mse_loss(function(x), target).backward()
        return run
    return make


def primitive_lstm(make_model):
    def make():
        model, x = make_model(), torch.rand(100, B, 8) * 2 - 1

        def run():
            model.zero_grad(set_to_none=True)
            model(x).backward()
        return run
    return make


def script(model):
    return lambda: torch.jit.script(model())


def variants(compile_too):
    """(workload, pass, T, B, variant, oneDNN, maker)"""
    generators = [("loop of LSTMCell", CellLoop), ("equations", Explicit),
                  ("TorchScript, LSTMCell", script(CellLoop)),
                  ("TorchScript, equations", script(Explicit))]
    if compile_too:
        generators.append(("torch.compile of the step", CompiledStep))
    for onednn in (True, False):
        mode = "oneDNN on" if onednn else "oneDNN off"
        for name, both in (("W1", False), ("W2", True)):
            yield name, "forward", 100, B, f"nn.LSTM, {mode}", onednn, layer(both, False)
            yield name, "forward+backward", 100, B, f"nn.LSTM, {mode}", onednn, layer(both, True)
        yield "W3", "step, teacher forcing", 100, B, f"nn.LSTM, {mode}", onednn, teacher_forced
        yield "W6", "step", 500, B, f"nn.LSTM, {mode}", onednn, pf_step
        for variant, model in generators:
            if onednn or "compile" not in variant:
                yield "W4", "step", 100, B, f"{variant}, {mode}", onednn, gan_step(model)
    for variant, model in generators:
        yield "W3", "step", 100, B, variant, True, generator_step(model)
    for T in (100, 250):
        yield "W5", "step", T, B, "loop of LSTMCell", True, carnn_step(T, False)
        yield "W5", "step", T, B, "TorchScript, LSTMCell", True, carnn_step(T, True)
    yield "W12", "mlp", 1, 64, "nn.Linear", True, mlp(False)
    lstms = [("equations", PrimitiveLstm), ("TorchScript, equations", script(PrimitiveLstm))]
    if compile_too:
        yield "W12", "mlp", 1, 64, "torch.compile", True, mlp(True)
        lstms.append(("torch.compile of the step", CompiledPrimitiveLstm))
    for variant, model in lstms:
        yield ("W12", "lstm", 100, B, variant, True, primitive_lstm(model))
    for variant, model in generators[:4]:
        yield "W7", "event", 1000, 1, variant, True, generation(model)
    yield "W7", "event", 1000, 1, "TorchScript frozen, equations", True, generation(Explicit, True)
    yield "W7", "event", 1000, 1, "TorchScript frozen, LSTMCell", True, generation(CellLoop, True)
    if compile_too:
        yield "W7", "event", 1000, 1, "torch.compile of the step", True, generation(CompiledStep)
    yield from torch_steps.variants(compile_too)


def measure(run, seconds, least_runs):
    """Medians as in bench_workloads; three runs to warm up, since TorchScript specialises late."""
    for _ in range(3 if least_runs > 2 else 2):
        run()
    times, cpu_times, total = [], [], 0.0
    while len(times) < least_runs or (total < seconds and len(times) < 1000):
        begin, cpu_begin = time.perf_counter(), time.process_time()
        run()
        times.append(time.perf_counter() - begin)
        cpu_times.append(time.process_time() - cpu_begin)
        total += times[-1]
    times.sort()
    cpu_times.sort()
    middle = len(times) // 2
    return times[middle] * 1e3, times[0] * 1e3, cpu_times[middle] * 1e3, len(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--filter", default="")
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--keys", help="file with the rows to measure, one a line")
    parser.add_argument("--least-runs", type=int, default=5, help="for each measurement (5)")
    parser.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    parser.add_argument("--json", action="store_true", help="(always)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    keys = None
    if options.keys:
        with open(options.keys, encoding="utf-8") as lines:
            keys = {line.strip() for line in lines}
    rows = []
    for name, what, T, batch, variant, onednn, make in variants(not options.no_compile):
        key = f"{name}|{what}|{T}|{variant}"
        if options.filter and name not in options.filter.split(","):
            continue
        if keys is not None and key not in keys:
            continue
        torch.manual_seed(0)
        try:
            with torch.backends.mkldnn.flags(enabled=onednn):
                median, least, cpu, runs = measure(make(), options.seconds, options.least_runs)
        except Exception as error:  # a variant that does not work here is no reason to stop
            print(f"torch_workloads.py: {key}: {str(error).splitlines()[0][:200]}", file=sys.stderr)
            continue
        row = {"workload": name, "pass": what,
               "variant": f"PyTorch {torch.__version__.split('+')[0]}, {variant}",
               "key": key, "T": T, "B": batch, "H": H, "threads": options.threads,
               "ms_median": round(median, 4), "ms_min": round(least, 4),
               "ms_cpu": round(cpu, 4), "runs": runs}
        if what.startswith("event"):
            row["us_per_event"] = round(median * 1e3 / T, 4)
        rows.append(row)
        print(f"{key}: {median:.2f} ms", file=sys.stderr, flush=True)
    json.dump(rows, sys.stdout, indent=1)
    print()
    sys.stdout.flush()
    os._exit(0)  # worker processes of torch.compile would keep the program alive


if __name__ == "__main__":
    main()
