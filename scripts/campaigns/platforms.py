"""The campaign on other systems and processors: the quick tests of some rooms, in emulators."""

import re
import subprocess

from .ledger import ROOT

ROOMS = "core midi io encoding tensor layers models"
PLATFORMS = ("windows", "aarch64", "armhf", "riscv64", "s390x", "libc++")


class Platforms:
    name, goal = "platforms", 0
    what = (
        f"tests of {ROOMS.replace(' ', ', ')} under Windows (wine), on other processors (qemu) and"
        " with libc++"
    )

    def run(self, options):
        done = subprocess.run(
            [ROOT / "scripts/platforms", "--tests", ROOMS, *PLATFORMS],
            capture_output=True,
            text=True,
        )
        lines = done.stdout.splitlines()
        passed = sum(
            int(count) for count in re.findall(r"assertions? in (\d+) test cases?", done.stdout)
        )
        return passed, [line for line in lines if "FAILED" in line or "NOT COMPILE" in line]
