"""libFuzzer on everything that reads bytes of strangers, with all sanitizers of clang-14.

All in one process, without the file system. Two builds of each: one that follows the comparisons
(trace-cmp), which finds the way through magic numbers but takes twice the time, for the first fifth
of a piece; and one that only counts the edges, for the rest, most of it with short inputs, of which
three are tried in the time of a long one. The first fifth prefers inputs that reach what few others
do (-entropic), which costs as much as the work itself where inputs are small; the rest does
without. The model fuzzer has no build of the first kind: its inputs are lists of changes, whose
bytes are compared with nothing. The corpus of earlier pieces is in build/full/NAME-corpus; what is
committed, tests/fuzz/NAME_seed_corpus.zip, is its minimised and bounded form.
"""

import io
import os
import pathlib
import re
import subprocess
import zipfile

from .ledger import ROOT, WORK, tried

SANITIZERS = "-fsanitize=address,undefined,float-divide-by-zero,float-cast-overflow"
# Left out is what costs time: where blocks were allocated. Replay a finding without these options.
OPTIONS = "malloc_context_size=0:quarantine_size_mb=1:max_malloc_fill_size=0"
LARGEST_CORPUS, MOST_FILES = 16 * 1024, 300  # an archive takes a hundred bytes for a file's name


def eigen_flags():
    found = subprocess.run(["pkg-config", "--cflags", "eigen3"], capture_output=True, text=True)
    return [flag.replace("-I", "-isystem") for flag in found.stdout.split()] or [
        "-isystem/usr/include/eigen3"
    ]


class Fuzzer:
    def __init__(
        self,
        name,
        what,
        goal,
        max_len,
        short,
        arguments=(),
        sources=(),
        flags=(),
        libraries=(),
        memory=1024,
        block=64,
        compares=True,
    ):
        self.name, self.what, self.goal = name, what, goal
        self.max_len, self.short = max_len, short  # bytes of an input
        self.arguments, self.sources = list(arguments), list(sources)
        self.flags, self.libraries = list(flags), list(libraries)
        self.memory, self.block = memory, block
        self.compares = compares  # whether comparisons of its bytes are worth following

    def source(self):
        return ROOT / "tests/fuzz" / f"{self.name.removeprefix('fuzz-')}_fuzzer.cpp"

    def seeds(self):
        return ROOT / "tests/fuzz" / f"{self.name.removeprefix('fuzz-')}_seed_corpus.zip"

    def build(self, coverage):
        """The program that follows `coverage`, compiled anew if a header has changed."""
        program = WORK / f"{self.name}-{coverage}"
        files = [self.source(), *(ROOT / source for source in self.sources)]
        if program.exists() and program.stat().st_mtime > max(self.times(coverage, files)):
            return program
        follow = {
            "compare": "-fsanitize=fuzzer-no-link",
            "edges": "-fsanitize-coverage=inline-8bit-counters,pc-table",
        }[coverage]
        objects = []
        for file in files:
            objects.append(WORK / f"{self.name}-{coverage}-{file.stem}.o")
            made = subprocess.run(
                [
                    "clang++-14",
                    "-std=c++20",
                    "-g1",
                    "-O2",
                    SANITIZERS,
                    "-fno-sanitize-recover=all",
                    follow,
                    "-I",
                    ROOT / "include",
                    "-I",
                    ROOT / "tests",
                    *eigen_flags(),
                    f'-DMGAN_SOURCE_DIR="{ROOT}"',
                    *self.flags,
                    "-MMD",
                    "-c",
                    file,
                    "-o",
                    objects[-1],
                ],
                capture_output=True,
                text=True,
            )
            if made.returncode != 0:
                raise SystemExit(f"{file} does not compile:\n{made.stderr[:4000]}")
        made = subprocess.run(
            [
                "clang++-14",
                SANITIZERS,
                "-fsanitize=fuzzer",
                *objects,
                *self.libraries,
                "-o",
                program,
            ],
            capture_output=True,
            text=True,
        )
        if made.returncode != 0:
            raise SystemExit(f"{self.name} does not link:\n{made.stderr[:4000]}")
        return program

    def times(self, coverage, files):
        """When its sources, and the headers that the compiler has noted, last changed."""
        for file in files:
            yield file.stat().st_mtime
            noted = WORK / f"{self.name}-{coverage}-{file.stem}.d"
            for word in noted.read_text().split() if noted.exists() else []:
                if word.startswith(str(ROOT)) and word.endswith("pp"):
                    yield (
                        pathlib.Path(word).stat().st_mtime
                        if pathlib.Path(word).exists()
                        else float("inf")
                    )

    def corpus(self):
        folder = WORK / f"{self.name}-corpus"
        if not folder.exists():
            folder.mkdir(parents=True)
            if self.seeds().exists():
                with zipfile.ZipFile(self.seeds()) as archive:
                    archive.extractall(folder)
        return folder

    def fuzz(self, coverage, max_len, seconds, seed, entropic):
        done = subprocess.run(
            [
                self.build(coverage),
                f"-max_len={max_len}",
                "-timeout=5",
                f"-rss_limit_mb={self.memory}",
                f"-malloc_limit_mb={self.block}",
                "-print_final_stats=1",
                f"-max_total_time={max(1, int(seconds))}",
                f"-seed={seed}",
                f"-entropic={int(entropic)}",
                f"-artifact_prefix={WORK}/{self.name}-",
                *self.arguments,
                self.corpus(),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            errors="replace",
            env={**os.environ, "ASAN_OPTIONS": OPTIONS},
        )
        count = re.search(r"stat::number_of_executed_units:\s*(\d+)", done.stderr)
        found = (
            []
            if done.returncode == 0
            else [
                line
                for line in done.stderr.splitlines()
                if re.search("ERROR: |Test unit|violated|runtime error", line)
            ]
            or [f"exit status {done.returncode}"]
        )
        return int(count.group(1)) if count else 0, found

    def run(self, options):
        _, pieces = tried(self.name)
        count, found = 0, []
        for part, (coverage, max_len, share) in enumerate(
            [
                ("compare" if self.compares else "edges", self.max_len, 0.2),
                ("edges", self.max_len, 0.2),
                ("edges", self.short, 0.6),
            ]
        ):
            more, findings = self.fuzz(
                coverage,
                max_len,
                60 * options.minutes * share,
                3 * pieces + part + 1,
                entropic=part == 0,
            )
            count, found = count + more, found + findings
        return count, found

    def minimise(self):
        """The smallest inputs that reach what the corpus does, into the committed archive."""
        small = WORK / f"{self.name}-small"
        subprocess.run(["rm", "-rf", small])
        small.mkdir()
        subprocess.run(
            [self.build("edges"), "-merge=1", f"-max_len={self.max_len}", small, self.corpus()],
            cwd=ROOT,
            capture_output=True,
            env={**os.environ, "ASAN_OPTIONS": OPTIONS},
        )
        buffer, used = io.BytesIO(), 0
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            paths = sorted(small.iterdir(), key=lambda path: (path.stat().st_size, path.name))
            # Of more than that every second, or third, so that there are long ones among them.
            for path in paths[:: 1 + (len(paths) - 1) // MOST_FILES]:
                used += path.stat().st_size
                if used > LARGEST_CORPUS:
                    break
                archive.writestr(
                    zipfile.ZipInfo(path.name[:12]), path.read_bytes(), zipfile.ZIP_DEFLATED
                )
        self.seeds().write_bytes(buffer.getvalue())
        return len(list(small.iterdir())), len(buffer.getvalue())


FUZZERS = [
    Fuzzer(
        "fuzz-midi",
        "any bytes to the MIDI reader, with the properties of `support/midi_properties.hpp`",
        50_000_000,
        384,
        96,
        ["-dict=tests/fuzz/midi.dict"],
    ),
    Fuzzer(
        "fuzz-safetensors",
        "any bytes as a safetensors file, a history, an override",
        59_500_000,
        1024,
        256,
    ),
    Fuzzer(
        "fuzz-model",
        "forged model and checkpoint files, valid but for their content, loaded and played",
        500_000,
        256,
        64,
        sources=["tests/support/training_lab.cpp"],
        flags=["-DMGAN_HAS_FFTW=1"],
        libraries=["-lfftw3", "-lfftw3f"],
        compares=False,
    ),
    Fuzzer(
        "fuzz-score",
        "any text as a score, performed and written as MIDI",
        10_000_000,
        512,
        96,
        ["-dict=tests/fuzz/score.dict"],
    ),
    Fuzzer(
        "fuzz-settings",
        "any JSON as the settings of a training",
        10_000_000,
        512,
        96,
        ["-dict=tests/fuzz/settings.dict"],
    ),
    Fuzzer(
        "fuzz-packed",
        "any bytes as a packed data set, whose checksums are made to fit",
        10_000_000,
        4096,
        1024,
    ),
]
