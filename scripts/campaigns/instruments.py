"""The quick tests under instruments: the thread sanitizer, and valgrind's memcheck."""

import os
import re
import subprocess

from .ledger import ROOT

# Where threads meet: players side by side, generation and trainings with several threads, ranks.
THREADED = ["player", "generation", "training", "distributed"]
# Where bytes are read and lists are built. (Nets take hours so, and are under AddressSanitizer.)
READING = ["core", "midi", "score", "metrics", "io", "encoding", "dataset", "settings", "runs"]


def cases_of(said):
    """How many test cases a program of Catch says that it has run."""
    counts = re.findall(r"test cases?: *(\d+)|in (\d+) test cases?", said)
    return sum(int(a or b) for a, b in counts)


class Instrument:
    """Programs of tests, each run by itself under something that watches it."""

    goal = 0

    def run(self, options):
        count, found = 0, []
        folder = options.tests or self.build()
        for floor in self.floors:
            done = subprocess.run(
                [*self.before, folder / f"mgan_test_{floor}"],
                cwd=ROOT,
                capture_output=True,
                text=True,
                errors="replace",
                env={**os.environ, **self.environment},
            )
            said = done.stdout + done.stderr
            count += cases_of(done.stdout)
            warnings = re.findall(self.warning, said, re.M)
            if done.returncode != 0 and not warnings:
                warnings = re.findall(r"^.*FAILED:$", said, re.M) or [f"status {done.returncode}"]
            found += [f"{floor}: {warning.strip()}" for warning in warnings]
        return count, found

    def build(self):
        preset = self.preset
        targets = [f"mgan_test_{floor}" for floor in self.floors]
        for command in (
            ["cmake", "--preset", preset, "-DMGAN_COMPILE_TOGETHER=ON"],
            ["cmake", "--build", "--preset", preset, "--target", *targets],
        ):
            subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        return ROOT / "build" / preset / "bin"


class Races(Instrument):
    name = "races"
    what = f"tests of {', '.join(THREADED)} under ThreadSanitizer (clang, with LLVM's OpenMP)"
    floors, preset, before = THREADED, "tsan", []
    environment = {
        "TSAN_OPTIONS": "ignore_noninstrumented_modules=1",
        "OMP_NUM_THREADS": "4",
    }
    warning = r"^WARNING: ThreadSanitizer: .*$"


class Memcheck(Instrument):
    name = "memcheck"
    what = f"tests of {', '.join(READING)} under valgrind: every read, write, jump and leak"
    floors, preset = READING, "release"
    before = [
        "valgrind",
        "--error-exitcode=99",
        "--leak-check=full",
        "--errors-for-leak-kinds=definite,indirect",
        # The tests' own operator new, which counts, stays in place; memcheck sees its malloc.
        "--soname-synonyms=somalloc=nouserintercepts",
    ]
    environment = {"OMP_NUM_THREADS": "1"}
    warning = (
        r"^==\d+== ((?:Invalid|Conditional jump|Use of uninit|Syscall param"
        r"|definitely lost: [1-9]|.* are definitely).*)$"
    )
