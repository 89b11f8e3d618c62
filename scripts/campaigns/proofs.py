"""Campaigns on the proofs: planted errors, missing checks, plain kernels."""

import concurrent.futures
import importlib.machinery
import importlib.util
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from .ledger import ROOT, WORK


def run(*command):
    return subprocess.run([str(word) for word in command], cwd=ROOT, capture_output=True, text=True)


class Gradients:
    name, goal = "gradients", 0
    what = (
        "planted errors in the backward passes (`scripts/mutate_gradients`): each makes its proof"
        " fail"
    )

    def run(self, options):
        done = run(ROOT / "scripts/mutate_gradients", "--jobs", os.cpu_count() or 1)
        last = (done.stdout.splitlines() or [done.stderr])[-1]
        count = re.match(r"(\d+) of (\d+) planted errors were noticed", last)
        missed = [
            line for line in done.stdout.splitlines() if "] MISSED" in line or "] BROKEN" in line
        ]
        return int(count.group(2)) if count else 0, [] if done.returncode == 0 else missed or [last]


class Checks:
    name, goal = "checks", 0
    what = (
        "checks of the parsers and loaders taken away (`scripts/mutate_checks`): each makes a test"
        " fail"
    )

    def run(self, options):
        done = run(ROOT / "scripts/mutate_checks", "--keep", WORK / "checks")
        last = (done.stdout.splitlines() or [done.stderr])[-1]
        count = re.match(r"(\d+) of (\d+) missing checks were noticed", last)
        missed = [line for line in done.stdout.splitlines() if "] MISSED" in line]
        return int(count.group(2)) if count else 0, [] if done.returncode == 0 else missed or [last]


class Portable:
    name, goal = "portable", 0
    what = "programs of proofs and products with the plain kernels (MGAN_PORTABLE_KERNELS)"

    def run(self, options):
        # mutate_gradients as a module: how proofs are compiled and run.
        sys.dont_write_bytecode = True
        loader = importlib.machinery.SourceFileLoader(
            "mutate_gradients", str(ROOT / "scripts/mutate_gradients")
        )
        mutate = importlib.util.module_from_spec(
            importlib.util.spec_from_loader(loader.name, loader)
        )
        loader.exec_module(mutate)
        files = sorted(ROOT.glob("tests/proofs/*_test.cpp")) + sorted(
            ROOT.glob("tests/tensor/*product_test.cpp")
        )
        tests = [str(path.relative_to(ROOT / "tests")).removesuffix("_test.cpp") for path in files]
        found = []
        with tempfile.TemporaryDirectory(
            prefix="mgan-portable-"
        ) as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            bench = mutate.Bench(pathlib.Path(folder), "-DMGAN_PORTABLE_KERNELS")
            jobs = {
                test: pool.submit(bench.test_passes, ROOT / "include", test, test.replace("/", "_"))
                for test in tests
            }
            for test, job in jobs.items():
                try:
                    found += [] if job.result() else [f"{test}_test.cpp fails"]
                except (RuntimeError, subprocess.TimeoutExpired) as error:
                    found.append(f"{test}_test.cpp: {error}")
        return len(tests), found
