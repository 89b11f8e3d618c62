#!/usr/bin/env python3
"""The version has one source, core/version.hpp; whatever else names it says the same.

    check_version.py --cmake 0.1.0 --program build/release/bin/mgan
"""
import argparse
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def found(pattern, text):
    match = re.search(pattern, text, re.MULTILINE)
    return match.group(1) if match else "nothing"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cmake", required=True)
    parser.add_argument("--program", required=True)
    options = parser.parse_args()
    header = (ROOT / "include/mgan/core/version.hpp").read_text(encoding="utf-8")
    version = ".".join(found(rf"^#define MGAN_VERSION_{part} (\d+)$", header)
                       for part in ("MAJOR", "MINOR", "PATCH"))
    said = subprocess.run([options.program, "--version"], capture_output=True, text=True,
                          check=True).stdout
    others = {
        "CMake": options.cmake,
        "mgan --version": found(r"^mgan (\S+) \(\w+\)$", said),
        "CITATION.cff": found(r"^version: \"?([\d.]+)",
                              (ROOT / "CITATION.cff").read_text(encoding="utf-8")),
        # Newest first; "unreleased" may stand above it.
        "CHANGELOG.md": found(r"^## (\d[\d.]*)",
                              (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")),
    }
    wrong = {where: what for where, what in others.items() if what != version}
    for where, what in wrong.items():
        print(f"{where} names {what}, core/version.hpp {version}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
