"""Campaigns that are tests of one file, with every case instead of a few."""

import os
import re
import subprocess

from .ledger import ROOT, WORK

FLAGS = ["-std=c++20", "-O1", "-DNDEBUG", "-w", f'-DMGAN_SOURCE_DIR="{ROOT}"', "-DMGAN_HAS_FFTW=1"]
COMMON = [
    "tests/support/training_lab.cpp",
    "tests/player/small_models.cpp",
    "tests/support/catch_main.cpp",
]


def eigen_flags():
    found = subprocess.run(["pkg-config", "--cflags", "eigen3"], capture_output=True, text=True)
    return [flag.replace("-I", "-isystem") for flag in found.stdout.split()] or [
        "-isystem/usr/include/eigen3"
    ]


class TestProgram:
    """A test file, compiled by itself; it prints `tried N`, which is added up."""

    def __init__(self, name, test, what, goal, folder="reliability"):
        self.name, self.test, self.what, self.goal, self.folder = name, test, what, goal, folder

    def build(self, options):
        if options.tests:
            return options.tests / self.test
        program = WORK / f"test-{self.test}"
        objects = []
        headers = max(
            path.stat().st_mtime
            for path in [*(ROOT / "include").rglob("*.hpp"), *(ROOT / "tests/support").glob("*")]
        )
        for source in [*COMMON, f"tests/{self.folder}/{self.test}_test.cpp"]:
            path = ROOT / source
            objects.append(WORK / f"{path.stem}.o")
            if not objects[-1].exists() or objects[-1].stat().st_mtime < max(
                headers, path.stat().st_mtime
            ):
                subprocess.run(
                    [
                        "g++",
                        *FLAGS,
                        *eigen_flags(),
                        "-fopenmp",
                        "-I",
                        ROOT / "include",
                        "-I",
                        ROOT / "tests",
                        "-c",
                        path,
                        "-o",
                        objects[-1],
                    ],
                    check=True,
                )
        subprocess.run(
            ["g++", "-fopenmp", *objects, "-lfftw3f", "-lfftw3", "-o", program], check=True
        )
        return program

    def run(self, options):
        done = subprocess.run(
            [self.build(options)],
            capture_output=True,
            text=True,
            errors="replace",
            env={**os.environ, "MGAN_CAMPAIGN": "1"},
        )
        count = sum(int(number) for number in re.findall(r"^tried (\d+)$", done.stdout, re.M))
        failed = re.findall(r"^.*FAILED:$", done.stdout, re.M)
        if done.returncode != 0 and not failed:
            failed = [f"status {done.returncode}: {(done.stderr or done.stdout)[-300:]}"]
        return count, failed


PROGRAMS = [
    TestProgram(
        "out-of-memory",
        "allocation",
        "each allocation of parse, load, save, restore, play and a step of each variant "
        "fails, alone and with all that follow: an exception, and the object is as before",
        0,
    ),
    TestProgram(
        "not-finite",
        "not_finite",
        "NaN and infinities in every tensor of models and checkpoints and in every weight: "
        "refused and named, never saved",
        300,
    ),
    TestProgram(
        "no-system-call",
        "system_call",
        "events played in a thread that the kernel ends at its first system call, with "
        "other instances on other threads",
        1_000_000,
    ),
    TestProgram(
        "real-time",
        "real_time",
        "notes of each variant under each control by itself (next, next_at, next_within, feed, "
        "peek, direct, reset), a million of each variant and a million under each control: no "
        "allocation, no lock, no system call",
        0,
        folder="player",
    ),
]
