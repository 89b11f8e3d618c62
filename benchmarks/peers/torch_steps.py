"""W8, W9 (pretraining), W10 and W11 in PyTorch: the step-quantile generator and its discriminator.

The equations are those of models/step_generator.hpp, step_head.hpp and step_discriminator.hpp, the
sizes those of preset `recommended` and of the vocabulary of bench_workloads' songs; the nets must
have as many parameters as mgan's. What they read is drawn at random beforehand and costs PyTorch
nothing, while mgan's times include the listener that computes it from the songs.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F

VALUES = [2, 16, 128, 20, 11]  # of move, gap, pitch, length, velocity
MOVE, GAP, PITCH, LENGTH, VELOCITY = range(5)
C, SOURCES, READ_SOURCES, QUARTER, NUMBERS, STYLE, FACTS, SETS = 5, 15, 4, 16, 117, 37, 84, 8
EMBEDDING, H, ANSWER = 24, 128, 96
INTERVALS, INTERVAL_SOURCES, LEGATO = 25, 8, 9
PARAMETERS = 609286, 235993  # of G and of D in mgan: the nets below must have as many


class Head(nn.Module):
    """q of component k, given h, the style, and the components before it."""

    def __init__(self, k):
        super().__init__()
        self.k, self.values = k, VALUES[k]
        self.read = nn.Linear(H + STYLE, H)
        self.earlier = nn.ModuleList(nn.Embedding(VALUES[j], H) for j in range(k))
        if k > 0:
            self.arrival = nn.Embedding(QUARTER, H)
            self.agreement = nn.Linear(k * SOURCES, H, bias=False)
        if k == PITCH:
            self.sounding = nn.Linear(128, H, bias=False)
        # Rows for values, copies, used values, a key that sounds, intervals, arrivals, legato.
        spread = (
            SOURCES
            + (INTERVAL_SOURCES * INTERVALS if k == PITCH else 0)
            + (LEGATO if k == LENGTH else 0)
        )
        self.sizes = [
            self.values,
            spread,
            0 if k == MOVE else 2,
            1 if k == PITCH else 0,
            QUARTER if k in (GAP, LENGTH) else 0,
        ]
        self.write = nn.Linear(H, sum(self.sizes))

    def forward(self, h, x, event):
        a = self.read(torch.cat([h, x["style"]], 1))
        for j, table in enumerate(self.earlier):
            a = a + table(event[:, j])
        if self.k > 0:
            a = (
                a
                + self.arrival(x["new_phase"])
                + self.agreement(x["agrees"][:, : self.k * SOURCES])
            )
        if self.k == PITCH:
            a = a + self.sounding(x["sounding"])
        rows = self.write(F.relu(a))
        own, spread, used, sounds, arrival = rows.split(self.sizes, 1)
        # A row may speak for a value that is not there: the last column, which is cut off.
        logit = F.pad(own, (0, 1)).scatter_add(1, x[f"places {self.k}"], spread)[:, : self.values]
        if self.k != MOVE:
            logit = logit + used[:, :1] * x[f"used {self.k}"] + used[:, 1:] * x[f"counts {self.k}"]
        if self.k == PITCH:
            logit = logit + sounds * x["sounding"]
        if self.k in (GAP, LENGTH):
            logit = logit + arrival.gather(1, x[f"arrives {self.k}"])
        return logit


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.ModuleList(nn.Embedding(n + 1, EMBEDDING) for n in VALUES)
        self.phase, self.next_phase = nn.Embedding(QUARTER, EMBEDDING), nn.Embedding(
            QUARTER, EMBEDDING
        )
        self.dense = nn.Linear(EMBEDDING * (READ_SOURCES * C + 2) + NUMBERS, H)
        self.lstm = nn.LSTM(H, H, 2)
        self.heads = nn.ModuleList(Head(k) for k in range(C))

    def reads(self, x):
        parts = [
            self.embedding[c](x["sources"][:, s, c]) for s in range(READ_SOURCES) for c in range(C)
        ]
        parts += [self.phase(x["phase"]), self.next_phase(x["next_phase"]), x["numbers"]]
        return F.relu(self.dense(torch.cat(parts, 1)))

    def loss(self, x, mask, steps, batch):
        h = self.lstm(self.reads(x).view(steps, batch, H))[0].reshape(-1, H) * mask
        event, total = x["event"], 0.0
        for k, head in enumerate(self.heads):
            total = (
                total
                + (
                    F.cross_entropy(head(h, x, event), event[:, k], reduction="none")
                    * x["drawn"][:, k]
                ).sum()
            )
        return total / (steps * batch)

    def draw(self, h, x, levels):
        """The event at levels z, component by component: F^-1(z)."""
        event = torch.zeros(levels.shape[0], C, dtype=torch.long)
        for k, head in enumerate(self.heads):
            below = torch.softmax(head(h, x, event), 1).cumsum(1)
            event[:, k] = torch.searchsorted(below, levels[:, k : k + 1].contiguous()).clamp_(
                max=VALUES[k] - 1
            )[:, 0]
        return event


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.ModuleList(nn.Embedding(n, EMBEDDING) for n in VALUES)
        self.phase = nn.Embedding(QUARTER, EMBEDDING)
        self.dense = nn.Linear(EMBEDDING * (C + 1) + SOURCES * C + NUMBERS - STYLE + FACTS, H)
        self.lstm = nn.LSTM(H, H, 1)
        self.answer, self.output = nn.Linear(4 * H + SETS, ANSWER), nn.Linear(ANSWER, 1)

    def step(self, x, event, state, mean, t):
        parts = [self.embedding[c](event[:, c]) for c in range(C)]
        parts += [self.phase(x["new_phase"]), x["agrees"], x["numbers"][:, STYLE:], x["facts"]]
        u = F.relu(self.dense(torch.cat(parts, 1)))
        h, state = self.lstm(u[None], state)
        u = torch.cat([h[0], u], 1)
        mean = mean + (u - mean) / t
        return self.output(F.relu(self.answer(torch.cat([u, mean, x["sets"]], 1)))), state, mean


def inputs(columns):
    """What the nets read of `columns` events."""
    draw = lambda high, *shape: torch.randint(0, high, shape)
    x = {
        "sources": torch.stack([draw(n + 1, columns, READ_SOURCES) for n in VALUES], 2),
        "event": torch.stack([draw(n, columns) for n in VALUES], 1),
        "numbers": torch.rand(columns, NUMBERS),
        "style": torch.rand(columns, STYLE),
        "agrees": (torch.rand(columns, C * SOURCES) < 0.3).float(),
        "sounding": (torch.rand(columns, 128) < 0.04).float(),
        "drawn": torch.ones(columns, C),
        "facts": torch.rand(columns, FACTS),
        "sets": torch.rand(columns, SETS),
    }
    for name in ("phase", "next_phase", "new_phase"):
        x[name] = draw(QUARTER, columns)
    for k, head in enumerate(Generator().heads):
        x[f"places {k}"] = draw(VALUES[k] + 1, columns, head.sizes[1])
        x[f"used {k}"] = (torch.rand(columns, VALUES[k]) < 0.2).float()
        x[f"counts {k}"] = x[f"used {k}"] * torch.rand(columns, VALUES[k])
        x[f"arrives {k}"] = draw(QUARTER, columns, VALUES[k])
    return x


def nets():
    g, d = Generator(), Discriminator()
    counts = tuple(sum(p.numel() for p in net.parameters()) for net in (g, d))
    assert counts == PARAMETERS, f"{counts} parameters, mgan has {PARAMETERS}"
    return g, d


def pretraining(compiled, steps=100, batch=32):
    def make():
        g, _ = nets()
        x = inputs(steps * batch)
        adam = torch.optim.Adam(g.parameters(), 1e-4, (0.8, 0.99), fused=True)
        loss = torch.compile(g.loss, dynamic=False) if compiled else g.loss

        def run():
            adam.zero_grad(set_to_none=True)
            mask = F.dropout(torch.ones(steps * batch, H), 0.2)
            loss(x, mask, steps, batch).backward()
            torch.nn.utils.clip_grad_norm_(g.parameters(), 1.0)
            adam.step()

        return run

    return make


def playing(candidates, compiled, events=1000):
    """A song, event by event; with candidates, D chooses one of them by its gain."""

    def make():
        g, d = nets()
        heard = [inputs(1) for _ in range(16)]
        wide = [
            {name: part.expand(candidates, *part.shape[1:]) for name, part in x.items()}
            for x in heard
        ]
        levels = torch.rand(events, candidates, C)
        listen = lambda x, state: g.lstm(g.reads(x)[None], state)
        draw, judge = g.draw, d.step
        if compiled:
            draw, judge = torch.compile(g.draw, dynamic=False), torch.compile(d.step, dynamic=False)

        @torch.inference_mode()
        def run():
            state = tuple(torch.zeros(2, 1, H) for _ in range(2))
            of_d = tuple(torch.zeros(1, candidates, H) for _ in range(2))
            mean, before = torch.zeros(candidates, 2 * H), 0.0
            for t in range(events):
                h, state = listen(heard[t % 16], state)
                x = wide[t % 16]
                event = draw(h[0].expand(candidates, H), x, levels[t])
                if candidates == 1:
                    continue
                logit, after, means = judge(x, event, of_d, mean, float(t + 1))
                chosen = int(torch.multinomial(torch.softmax(2.0 * (logit[:, 0] - before), 0), 1))
                before = float(logit[chosen, 0])
                of_d = tuple(
                    part[:, chosen : chosen + 1].expand(1, candidates, H).contiguous()
                    for part in after
                )
                mean = means[chosen : chosen + 1].expand(candidates, 2 * H)

        return run

    return make


def many_songs(compiled, songs=1000, events=100):
    """Songs side by side, an event of each after the other: one wide product an event and layer."""

    def make():
        g, _ = nets()
        heard = [inputs(songs) for _ in range(4)]
        levels = torch.rand(events, songs, C)
        draw = torch.compile(g.draw, dynamic=False) if compiled else g.draw

        @torch.inference_mode()
        def run():
            state = tuple(torch.zeros(2, songs, H) for _ in range(2))
            for t in range(events):
                h, state = g.lstm(g.reads(heard[t % 4])[None], state)
                draw(h[0], heard[t % 4], levels[t])

        return run

    return make


def variants(compile_too):
    """As those of torch_workloads.py."""
    rows = [
        ("W8", "1,000 songs", 100, 1000, many_songs),
        ("W9", "step, pretraining", 100, 32, pretraining),
        ("W10", "event, plain", 1000, 1, lambda compiled: playing(1, compiled)),
        ("W11", "event, 8 candidates", 1000, 1, lambda compiled: playing(8, compiled)),
    ]
    for onednn in (True, False):
        mode = "oneDNN on" if onednn else "oneDNN off"
        for name, what, steps, batch, make in rows:
            yield name, what, steps, batch, f"nn.LSTM, equations, {mode}", onednn, make(False)
    for name, what, steps, batch, make in rows if compile_too else []:
        yield name, what, steps, batch, "torch.compile", True, make(True)
