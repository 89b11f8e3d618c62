#!/usr/bin/env python3
"""Checks the documents: compiles and runs what they show, and compares.

    check_docs.py links            every relative link, anchor and picture has a target
    check_docs.py snippets         every block ```cpp occurs, line by line, in a file that the tests
                                   compile; every block ```python oracle in a script of
                                   docs/oracles, and ```text output oracle in what one printed
    check_docs.py outputs PROGRAM... [--mgan MGAN]
                                   runs the programs, in a folder with a run that MGAN trained;
                                   every block ```text output is what one of them prints
    check_docs.py oracles          docs/oracles/NAME.py prints docs/oracles/NAME.txt (exit status
                                   77: PyTorch is not installed)
    check_docs.py path             docs/bptt.md: each program is compiled with the command shown and
                                   prints ```text before; each ```diff fits, and then it prints
                                   ```text after
    check_docs.py commands MGAN    mgan accepts every command line; ```console blocks are run
    check_docs.py --self-test      plants one fault of each kind, and looks for it

A snippet may have another indentation than its file, and its comments another alignment. Its
#include lines may be elsewhere in the file. A line `// ...` stands for omitted lines.
"""
import argparse
import importlib.util
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
COMPILED = ["docs/snippets/*.cpp", "examples/*.cpp", "include/mgan/**/*.hpp", "tests/**/*.cpp",
            "tests/**/*.hpp"]
ORACLES = "docs/oracles"


def pages():
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"),
                   *ROOT.glob("benchmarks/**/*.md"), *ROOT.glob("examples/**/*.md")])


def blocks(text):
    """(first line, words behind the fence, lines) of each fenced block."""
    found, fence = [], None
    for number, line in enumerate(text.splitlines(), 1):
        mark = re.match(r"\s*```(.*)$", line)
        if mark and fence is None:
            fence = (number + 1, mark[1].split(), [])
        elif mark:
            found.append(fence)
            fence = None
        elif fence is not None:
            fence[2].append(line)
    return found


def prose(text):
    """The text without fenced blocks and code."""
    text = re.sub(r"^\s*```.*?^\s*```\s*$", "", text, flags=re.M | re.S)
    return re.sub(r"`[^`\n]*`", "", text)


def anchor(heading):
    """The name that GitHub gives to a heading."""
    words = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return words.replace(" ", "-")


def anchors(text):
    plain = re.sub(r"^\s*```.*?^\s*```\s*$", "", text, flags=re.M | re.S)
    return {anchor(re.sub(r"[`*]", "", m[1])) for m in re.finditer(r"^#+ (.*)$", plain, flags=re.M)}


def links_of(page, text):
    wrong = []
    for match in re.finditer(r"!?\[[^\]]*\]\(([^)\s]+)[^)]*\)", prose(text)):
        target = match[1]
        if re.match(r"[a-z]+:", target):
            continue
        path, _, name = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if path and not file.exists():
            wrong.append(f"{page.relative_to(ROOT)}: the link {target} leads nowhere")
        elif name and file.suffix == ".md" and name not in anchors(file.read_text()
                                                                   if path else text):
            wrong.append(f"{page.relative_to(ROOT)}: {target}: no heading has this name")
    return wrong


def examples_without_a_line(text):
    """Programs of examples/ that its page does not name."""
    return [f"examples/README.md does not name {path.name}"
            for path in sorted(ROOT.glob("examples/*.cpp")) if f"({path.name})" not in text]


def squeezed(lines):
    """Without blank lines; runs of spaces as one."""
    return [" ".join(line.split()) for line in lines if line.strip()]


def compiled_lines():
    files = {}
    for pattern in COMPILED:
        for path in ROOT.glob(pattern):
            files[path] = squeezed(path.read_text().splitlines())
    return files


def contains(haystack, needle, start=0):
    """Where `needle` ends in `haystack`; None if it is not there."""
    for i in range(start, len(haystack) - len(needle) + 1):
        if haystack[i] == needle[0] and haystack[i:i + len(needle)] == needle:
            return i + len(needle)
    return None


def stands_in(haystack, snippet):
    includes = [line for line in snippet if line.startswith("#include")]
    if not all(line in haystack for line in includes):
        return False
    pieces, at = [[]], 0
    for line in snippet:
        if line == "// ...":
            pieces.append([])
        elif line not in includes:
            pieces[-1].append(line)
    for piece in filter(None, pieces):
        at = contains(haystack, piece, at)
        if at is None:
            return False
    return True


def oracle_lines():
    """What the scripts of docs/oracles say and have printed: squeezed lines of each file."""
    return {path: squeezed(path.read_text().splitlines())
            for path in ROOT.glob(f"{ORACLES}/*") if path.suffix in (".py", ".txt")}


def oracle_blocks_of(page, text, files):
    wrong = []
    for number, words, lines in blocks(text):
        suffix = {("python", "oracle"): ".py", ("text", "output", "oracle"): ".txt"}.get(
            tuple(words))
        if suffix and not any(contains(there, squeezed(lines)) for path, there in files.items()
                              if path.suffix == suffix):
            wrong.append(f"{page.relative_to(ROOT)}:{number}: no {ORACLES}/*{suffix} has this")
    return wrong


def oracles():
    """The scripts print what is committed."""
    wrong = []
    for script in sorted(ROOT.glob(f"{ORACLES}/*.py")):
        run = subprocess.run([sys.executable, script], capture_output=True, text=True)
        committed = script.with_suffix(".txt")
        if run.returncode != 0:
            wrong.append(f"{script.name} ended with {run.returncode}: {run.stderr.strip()}")
        elif not committed.exists() or run.stdout != committed.read_text():
            wrong.append(f"{script.name} prints something else than {committed.name}")
    return wrong


def changed(source, lines):
    """The source with the lines of a ```diff: each run of - lines, once, becomes the + lines."""
    old, new, pairs = [], [], []
    for line in [*lines, " "]:
        if not line.startswith("+") and new or line.startswith(" "):
            pairs.append((old, new))
            old, new = [], []
        if line[:1] in "+-":
            (old if line[0] == "-" else new).append(line[1:])
    for old, new in pairs:
        before = "\n".join(old) + "\n"
        if not old or source.count(before) != 1:
            return None
        source = source.replace(before, "\n".join([*new, ""]))
    return source


def path_of(page, text, folder):
    wrong, source, command, after = [], "", "", ""
    name = page.relative_to(ROOT)

    def output_of(code):
        file = pathlib.Path(folder) / "stop.cpp"
        file.write_text(code)
        line = re.sub(r"docs/snippets/\w+\.cpp -o stop", f"{file} -o {folder}/stop", command)
        run = subprocess.run(line.replace("./stop", f"{folder}/stop"), shell=True, cwd=ROOT,
                             capture_output=True, text=True)
        return run.stdout.splitlines() if run.returncode == 0 else [run.stderr]

    for number, words, lines in blocks(text):
        if words[:1] == ["sh"]:
            command = lines[0]
            program = re.search(r"docs/snippets/\w+\.cpp", command)
            if not program:
                wrong.append(f"{name}:{number}: this command builds no program of docs/snippets")
                continue
            source = (ROOT / program[0]).read_text()
        elif words == ["text", "before"]:
            if contains(output_of(source), lines) is None:
                wrong.append(f"{name}:{number}: the program does not print this")
        elif words == ["diff"]:
            after = changed(source, lines)
            if after is None:
                wrong.append(f"{name}:{number}: this change does not fit the program")
        elif words == ["text", "after"] and after is not None:
            found = output_of(after)
            if contains(found, lines) is None:
                wrong.append(f"{name}:{number}: after the change it prints: {' / '.join(found)}")
    return wrong


def snippets_of(page, text, files):
    wrong = []
    for number, words, lines in blocks(text):
        if not words or words[0] not in ("cpp", "c++"):
            continue
        wanted = squeezed(lines)
        if not any(stands_in(haystack, wanted) for haystack in files.values()):
            best = max(files, key=lambda path: len(set(files[path]) & set(wanted)))
            missing = next((line for line in wanted if line not in files[best]),
                           "the order of the lines")
            wrong.append(f"{page.relative_to(ROOT)}:{number}: this snippet is compiled nowhere; "
                         f"nearest is {best.relative_to(ROOT)}, which lacks: {missing}")
    return wrong


def outputs_of(page, text, printed):
    wrong = []
    for number, words, lines in blocks(text):
        if words[:2] != ["text", "output"]:
            continue
        if not any(contains(output, textwrap.dedent("\n".join(lines)).splitlines()) is not None
                   for output in printed):
            wrong.append(f"{page.relative_to(ROOT)}:{number}: no program prints this")
    return wrong


TINY = """--quiet --length 12 --batch 4 --pretrain-epochs 1 --epochs 1 --set epoch_songs=12
          --set generator.hidden=8 --set generator.head=8 --set discriminator.hidden=8
          --set evaluation.songs=3 --set evaluation.selection_songs=5"""


def run_programs(programs, mgan, folder):
    printed, wrong = [], []
    if mgan:
        subprocess.run([mgan, "train", "--out", "run", *TINY.split()], cwd=folder, check=True)
    for program in programs:
        result = subprocess.run([program], cwd=folder, capture_output=True, text=True)
        printed.append([line.rstrip() for line in result.stdout.splitlines()])
        if result.returncode != 0:
            wrong.append(f"{pathlib.Path(program).name} ended with {result.returncode}: "
                         f"{result.stderr.strip()}")
    return printed, wrong


def command_lines(lines):
    """The commands of a shell block: comments off, continued lines joined."""
    text = "\n".join(lines).replace("\\\n", " ")
    for line in text.splitlines():
        for command in line.split("|"):
            words = shlex.split(command, comments=True)
            if words and pathlib.PurePath(words[0]).name == "mgan":
                yield words[1:]


def commands_of(page, text, mgan, folder, helps):
    wrong = []

    def run(words):
        return subprocess.run([mgan, *words], cwd=folder, capture_output=True, text=True)

    for number, words, lines in blocks(text):
        place = f"{page.relative_to(ROOT)}:{number}"
        if words[:1] == ["sh"]:
            for command in command_lines(lines):
                if command[:1] == ["train"]:  # checks options and settings; trains nothing
                    given = [word for word in command if word != "--resume"
                             and not word.startswith(">")]
                    if ">" in command:
                        given = command[:command.index(">")]
                    result = run([*given, "--print-config"])
                    if result.returncode != 0:
                        said = result.stderr.strip()
                        wrong.append(f"{place}: mgan {shlex.join(command)}: {said}")
                    continue
                if command[0] not in helps:
                    helps[command[0]] = run([command[0], "--help"]
                                            if not command[0].startswith("-") else command)
                if helps[command[0]].returncode != 0:
                    wrong.append(f"{place}: mgan has no command {command[0]}")
                for option in (word.partition("=")[0] for word in command[1:]
                               if word.startswith("--")):
                    if not re.search(rf"{option}\b", helps[command[0]].stdout):
                        wrong.append(f"{place}: mgan {command[0]} has no option {option}")
        elif words[:1] == ["console"]:
            expected = {}
            for line in lines:
                if line.startswith("$ mgan "):
                    current = expected.setdefault(line[len("$ mgan "):], [])
                else:
                    current.append(line)
            for command, answer in expected.items():
                result = run(shlex.split(command))
                said = (result.stdout + result.stderr).splitlines()
                if said != answer:
                    wrong.append(f"{place}: mgan {command} says: {' / '.join(said)}")
    return wrong


def self_test():
    page = ROOT / "docs/planted.md"
    files = {ROOT / "planted.cpp": squeezed(["int main() {", "    return 0;", "}"])}
    good = "```cpp\nreturn 0;\n```\n[a](../README.md)\n```text output\nhello\n```\n"
    failures = []

    def expect(what, found, count):
        if len(found) != count:
            failures.append(f"{what}: {found}")

    expect("a right page",
           [*links_of(page, good), *snippets_of(page, good, files),
            *outputs_of(page, good, [["hello"]])], 0)
    expect("a link to nowhere", links_of(page, "[a](nowhere.md)"), 1)
    expect("a picture that is missing", links_of(page, "![a](pictures/none.svg)"), 1)
    expect("an anchor that is missing", links_of(page, "# Here\n[a](#there)"), 1)
    expect("an anchor", links_of(page, "# Over `there`, now\n[a](#over-there-now)"), 0)
    expect("examples that their page does not name", examples_without_a_line(
        "".join(f"({path.name})" for path in sorted(ROOT.glob("examples/*.cpp"))[1:])), 1)
    expect("a link in code", links_of(page, "`[a](nowhere.md)`"), 0)
    expect("a snippet that differs", snippets_of(page, "```cpp\nreturn 1;\n```", files), 1)
    expect("a snippet with lines left out",
           snippets_of(page, "```cpp\nint main() {\n}\n```", files), 1)
    expect("a snippet of another indentation",
           snippets_of(page, "```cpp\nint  main() {\n  return 0;\n```", files), 0)
    expect("a snippet with lines left out on purpose",
           snippets_of(page, "```cpp\nint main() {\n// ...\n}\n```", files), 0)
    scripts = {ROOT / "a.py": ["print(1)"], ROOT / "a.txt": ["1"]}
    expect("lines of an oracle, and what it printed",
           oracle_blocks_of(page, "```python oracle\nprint(1)\n```\n```text output oracle\n1\n```",
                            scripts), 0)
    expect("lines that no oracle has", oracle_blocks_of(page, "```python oracle\nprint(2)\n```",
                                                        scripts), 1)
    expect("an output that no oracle has",
           oracle_blocks_of(page, "```text output oracle\n2\n```", scripts), 1)
    source = "a\n    b\nc\n"
    expect("a change that fits", [] if changed(source, ["-    b", "+d", "-c", "+e"]) == "a\nd\ne\n"
           else ["wrong"], 0)
    expect("a change of a line that is not there",
           [] if changed(source, ["-x", "+d"]) else ["none"], 1)
    expect("an output that differs", outputs_of(page, "```text output\ngood bye\n```", [["hello"]]),
           1)
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=[
        "links", "snippets", "outputs", "oracles", "path", "commands"])
    parser.add_argument("programs", nargs="*")
    parser.add_argument("--mgan")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        wrong = self_test()
    elif options.what == "oracles":
        if importlib.util.find_spec("torch") is None:
            print("skipped: PyTorch is not installed")
            sys.exit(77)
        wrong = oracles()
    elif options.what == "path":
        page = ROOT / "docs/bptt.md"
        with tempfile.TemporaryDirectory() as folder:
            wrong = path_of(page, page.read_text(), folder)
    else:
        texts = {page: page.read_text() for page in pages()}
        files = compiled_lines() if options.what == "snippets" else {}
        scripts = oracle_lines()
        wrong = []
        with tempfile.TemporaryDirectory() as folder:
            if options.what == "outputs":
                printed, wrong = run_programs(options.programs, options.mgan, folder)
            helps = {}
            (pathlib.Path(folder) / "mine.json").write_text("{}")  # the reader's own settings
            for page, text in texts.items():
                if options.what == "links":
                    wrong += links_of(page, text)
                    if page == ROOT / "examples/README.md":
                        wrong += examples_without_a_line(text)
                elif options.what == "snippets":
                    wrong += snippets_of(page, text, files)
                    wrong += oracle_blocks_of(page, text, scripts)
                elif options.what == "outputs":
                    wrong += outputs_of(page, text, printed)
                else:
                    wrong += commands_of(page, text, options.programs[0], folder, helps)
    for line in wrong:
        print(line, file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
