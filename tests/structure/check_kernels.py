#!/usr/bin/env python3
"""Nothing in the library mgan_player that was compiled for a newer processor serves an older one.

    check_kernels.py --archive libmgan_player.a --shared libmgan_player.so --unsealed nets.o
                     [--nm nm] [--objdump objdump] [--ar ar]

The nets are compiled for several processors (library/nets.hpp). In the static library, each object
of them may show the linker one symbol, the function that is named after it, and hold instructions
of its own processors; whatever else is in there has none beyond SSE2. The shared library shows what
its headers declare and nothing else. `--unsealed` is an object before it was sealed: there must be
something to find in it, or this test could not fail.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

# What programs link: mgan::load_player_model and both mgan::read_player_model, and the C interface.
EXPORTED = re.compile(r"mgan_player_(create|next|ended|set|set_scale|prime|feed|next_within|kernels|reset|destroy)|"
                      r"_ZN4mgan2v01[67](load|read)_player_modelE\w+")
# Registers that an instruction set brought: ymm with AVX, zmm and masks with AVX-512.
REGISTERS = {"sse2": re.compile(r"%[yz]mm"), "avx2": re.compile(r"%zmm|\{%k\d\}"), "avx512": None}


def lines(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def defined(nm, path, *options):
    """Symbols that others may link to: name -> type."""
    found = {}
    for line in lines(nm, "-P", "-g", "--defined-only", *options, path):
        name, kind, *_ = line.split()
        found[name.split("@")[0]] = kind
    return found


def registers(objdump, path, pattern):
    code = lines(objdump, "-d", "--no-show-raw-insn", path)
    return sum(1 for line in code if pattern.search(line))


def check_nets(options, path, kernels, faults):
    allowed = f"mgan_player_nets_{kernels}"
    symbols = defined(options.nm, path)
    if allowed not in symbols:
        faults.append(f"{path.name}: there is no {allowed}")
    leaks = sorted(set(symbols) - {allowed})
    if leaks:
        faults.append(f"{path.name}: {len(leaks)} symbols that a linker may take for others, "
                      f"as {leaks[0]}")
    if REGISTERS[kernels] is not None and registers(options.objdump, path, REGISTERS[kernels]) > 0:
        faults.append(f"{path.name}: instructions beyond {kernels}")


def check(options):
    faults = []
    with tempfile.TemporaryDirectory(prefix="mgan_kernels_") as folder:
        subprocess.run([options.ar, "x", options.archive.resolve()], check=True, cwd=folder)
        found = set()
        for path in sorted(pathlib.Path(folder).iterdir()):
            nets = re.search(r"mgan_player_nets_(\w+)\.o", path.name)
            if nets:
                found.add(nets.group(1))
                check_nets(options, path, nets.group(1), faults)
            elif registers(options.objdump, path, REGISTERS["sse2"]) > 0:
                faults.append(f"{path.name}: instructions beyond sse2")
        if found != set(REGISTERS):
            faults.append(f"{options.archive.name}: nets for {', '.join(found) or 'nobody'}")
    shown = defined(options.nm, options.shared, "-D")
    faults += [f"{options.shared.name}: shows {name}"
               for name in sorted(shown) if not EXPORTED.fullmatch(name)]
    if len(shown) != 14:
        faults.append(f"{options.shared.name}: shows {len(shown)} functions, 14 were expected")
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--archive", type=pathlib.Path, required=True)
    parser.add_argument("--shared", type=pathlib.Path, required=True)
    parser.add_argument("--unsealed", type=pathlib.Path, required=True)
    parser.add_argument("--nm", default="nm")
    parser.add_argument("--objdump", default="objdump")
    parser.add_argument("--ar", default="ar")
    options = parser.parse_args()
    faults = check(options)
    # Before it is sealed it shows hundreds, and says with which registers they were compiled.
    weak = [name for name, kind in defined(options.nm, options.unsealed).items() if kind in "VWu"]
    if len(weak) < 100 or registers(options.objdump, options.unsealed, REGISTERS["avx2"]) == 0:
        faults.append(f"{options.unsealed.name}: nothing to find in it ({len(weak)} weak symbols)")
    for fault in faults:
        print(fault)
    print(f"{len(faults)} faults; {len(weak)} weak symbols before the nets are sealed")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
