#!/usr/bin/env python3
"""Writes the tests of some rooms as one source file, which compiles in a fraction of the time.

    tests/platforms/one_program.py [--part] [-o tests.cpp] ROOM_OR_FILE...

Headers come first, once; each test file follows in a namespace of its own. With --part, what CMake
links is left out: main, and the bundled scores.
"""
import argparse
import pathlib
import re
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
# They stand in front of the calls of the C library: not in a program that is linked statically.
LEFT_OUT = {"core/atomic_file_faults_test.cpp", "midi/broken_listing_test.cpp"}


def bundled_scores():
    """What CMake makes of data/scores, by cmake/MganEmbedScores.cmake."""
    scores = "\n".join(
        f'{{"{path.name}", R"mgan_score({path.read_text(encoding="utf-8")})mgan_score"}},'
        for path in sorted((TESTS.parent / "data/scores").glob("*.score")))
    return ("std::span<const mgan::program::BundledScore>\n"
            "mgan::program::bundled_score_texts() {\n"
            f"static const BundledScore scores[] = {{\n{scores}\n}};\nreturn scores;\n}}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--part", action="store_true")
    parser.add_argument("-o", dest="output", default=sys.stdout,
                        type=argparse.FileType("w", encoding="utf-8"))
    parser.add_argument("what", nargs="+")
    options = parser.parse_args()
    files = []
    for what in options.what:
        if what.endswith(".cpp"):
            files.append(pathlib.Path(what))
        else:
            files += [path for path in sorted((TESTS / what).glob("*_test.cpp"))
                      if str(path.relative_to(TESTS)) not in LEFT_OUT]
    print(*lines_of(files, options.part), sep="\n", file=options.output)


def lines_of(files, part):
    defines, headers, bodies = {}, {}, []
    for number, path in enumerate(files):
        body = []
        for line in path.read_text(encoding="utf-8").splitlines():
            local = re.match(r'\s*#\s*include "(.+)"', line)
            if re.match(r"#define MGAN_\w+$", line):
                defines[line] = None
            elif local:
                headers[f'"{path.parent / local.group(1)}"'] = None
            elif match := re.match(r"\s*#\s*include (<.+>)", line):
                headers[match.group(1)] = None
            else:
                body.append(line)
        bodies.append((number, path, body))
    if not part:
        yield "#include <support/catch_main.cpp>"
    yield from defines
    for header in headers:
        yield f"#if __has_include({header})\n#include {header}\n#endif"
    for number, path, body in bodies:
        yield f"namespace file_{number} {{\n#line 1 \"{path}\""
        yield from body
        yield "}"
    if not part and "<bundled_corpus.hpp>" in headers:
        yield f"#line 1 \"bundled scores\"\n{bundled_scores()}"


if __name__ == "__main__":
    main()
