"""The campaign on other systems and processors: the quick tests of some rooms, in emulators.

A piece is one of the platforms, in turn: a quarter of an hour, and up to an hour in qemu.
"""

import re
import subprocess

from .ledger import ROOT, tried

ROOMS = "core midi io encoding tensor layers models"
PLATFORMS = ("windows", "libc++", "s390x", "armhf", "aarch64", "riscv64")


class Platforms:
    name, goal = "platforms", 0
    what = (
        f"tests of {ROOMS.replace(' ', ', ')} under Windows (wine), on other processors (qemu) and"
        " with libc++"
    )

    def run(self, options):
        _, pieces = tried(self.name)
        platform = PLATFORMS[pieces % len(PLATFORMS)]
        done = subprocess.run(
            [ROOT / "scripts/platforms", "--tests", ROOMS, platform],
            capture_output=True,
            text=True,
        )
        lines = done.stdout.splitlines()
        print(done.stdout, end="")
        passed = sum(
            int(count) for count in re.findall(r"assertions? in (\d+) test cases?", done.stdout)
        )
        return passed, [line for line in lines if "FAILED" in line or "NOT COMPILE" in line]
