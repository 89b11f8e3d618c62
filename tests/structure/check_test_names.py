#!/usr/bin/env python3
"""Checks that every name of a test reaches its test. CTest cuts names at semicolons and passes each
on a command line, where a leading dash makes it an option, and commas and brackets have a meaning
(Catch2 escapes those two itself).

    check_test_names.py FOLDER
"""
import pathlib
import re
import sys

NAME = re.compile(r'TEST_CASE\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+)')


def main(folder):
    bad = []
    for path in sorted(pathlib.Path(folder).rglob("*_test.cpp")):
        for match in NAME.finditer(path.read_text()):
            name = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', match.group(1)))
            if name.startswith("-") or ";" in name:
                bad.append(f"{path}: {name}")
    if bad:
        sys.exit("names that CTest cannot hand over:\n" + "\n".join(bad))


if __name__ == "__main__":
    main(sys.argv[1])
