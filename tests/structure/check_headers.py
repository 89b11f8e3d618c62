#!/usr/bin/env python3
"""Checks that every header compiles alone, without a warning: no other include need precede it.

    check_headers.py --compiler g++ --std 20 --system /usr/include/eigen3 [--without io,audio]
                     [HEADER...]

Each header becomes a program of one line that is parsed and checked, not translated. The floors for
MIDI users are compiled without the --system folders, so that nothing of Eigen can creep in.
"""
import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wsign-conversion", "-Wshadow",
            "-Wdouble-promotion", "-Wold-style-cast", "-Werror"]
STANDARD_LIBRARY_ALONE = {"core", "midi", "score", "metrics"}


def compile_alone(options, header):
    """What the compiler says of the header; empty if all is well."""
    # Included twice, for #pragma once.
    line = f"#include <mgan/{header}>\n" * 2
    command = [options.compiler, f"-std={'c++' + options.std}", "-fsyntax-only", "-O0", *WARNINGS,
               *options.flag, f"-I{options.root}/include"]
    if header.split("/")[0] not in STANDARD_LIBRARY_ALONE:
        command += [f"-isystem{folder}" for folder in options.system if folder]
    result = subprocess.run([*command, "-x", "c++", "-"], input=line, capture_output=True,
                            text=True)
    return "" if result.returncode == 0 else result.stderr or f"status {result.returncode}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("headers", nargs="*", help="names below include/mgan; all without")
    parser.add_argument("--root", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--compiler", default=os.environ.get("CXX", "g++"))
    parser.add_argument("--std", default="20")
    parser.add_argument("--system", action="append", default=[], help="include folder of a library")
    parser.add_argument("--flag", action="append", default=[], help="of the compiler, --flag=-X")
    parser.add_argument("--without", default="",
                        help="floors and headers to leave out, their libraries being absent")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    folder = options.root / "include" / "mgan"
    without = set(options.without.split(","))
    headers = options.headers or [
        name for name in sorted(str(path.relative_to(folder)) for path in folder.rglob("*.hpp"))
        if name not in without and name.split("/")[0] not in without]
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for header, message in zip(headers,
                                   pool.map(lambda name: compile_alone(options, name), headers)):
            if message:
                bad += 1
                print(f"<mgan/{header}> does not compile alone:\n{message}")
    print(f"{len(headers) - bad} of {len(headers)} headers compile alone "
          f"({os.path.basename(options.compiler)}, C++{options.std})")
    return 1 if bad or not headers else 0


if __name__ == "__main__":
    sys.exit(main())
