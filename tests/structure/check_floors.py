#!/usr/bin/env python3
"""Checks that the house stands: includes point down, and headers keep the rules of the style.

    check_floors.py [ROOT]              prints each violation as file:line: what; status 1 if any
    check_floors.py [ROOT] --self-test  plants each kind of violation in a copy, and looks for it

A folder of include/mgan is a floor. FLOORS names the floors that each one may stand on directly;
what those stand on is allowed as well. No chain of includes may come back to where it started.
docs/house.md must name the same floors. Enumerators of an `enum class` are in snake_case. What
plays reaches nothing that only a training needs.
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

FLOORS = {
    "core": [],
    "midi": ["core"],
    "score": ["midi"],
    "metrics": ["midi"],
    "tensor": ["core"],
    "io": ["core"],
    "distributed": ["core"],
    "autodiff": ["tensor"],
    "layers": ["tensor"],
    "audio": ["tensor"],
    "encoding": ["tensor", "midi"],
    "dataset": ["encoding"],
    "models": ["layers", "autodiff", "audio"],
    "optimisation": ["layers"],
    "judging": ["encoding", "layers"],
    "settings": ["models", "encoding", "optimisation"],
    "hearing": ["audio", "settings"],
    "generation": ["settings", "io"],
    "training": ["dataset", "metrics", "judging", "hearing", "generation", "distributed"],
    "runs": ["training"],
    "player": ["generation"],
}
# Libraries, by the beginning of the included name: the floors that may name them.
LIBRARIES = {
    "Eigen/": {"tensor"},
    "nlohmann/": {"io"},
    "fftw3": {"audio"},
    "omp.h": {"core"},
    "mpi.h": {"distributed"},
}
UMBRELLA = "mgan.hpp"
# What plays: these headers and folders. They reach no header of LEARNING, directly or not, but for
# settings, which stand in the file of a model.
PLAYING = ("player.hpp", "player/", "generation/")
LEARNING = ("autodiff/", "optimisation/", "judging/", "dataset/", "distributed/", "hearing/",
            "training/", "runs/", "metrics/", "score/", "audio/", "layers/loss.hpp",
            "layers/feature_matching.hpp", "layers/dropout.hpp", "layers/bilstm.hpp",
            "layers/spectral_norm.hpp", "layers/dual_parameters.hpp", "models/discriminator.hpp",
            "models/pf_classifier.hpp", "models/gradient_penalty.hpp",
            "models/step_initialisation.hpp", "models/tape_adapter.hpp", "settings/presets.hpp")
# Suffixes of tracked files whose words are looked at.
TEXTS = {".hpp", ".cpp", ".h", ".py", ".sh", ".md", ".txt", ".cmake", ".in", ".json", ".yml",
         ".cff", ".toml", ""}
# A path of one person's machine helps nobody else. (Split words, so that this file passes.)
MACHINE_PATH = re.compile(r"(?<![\w.$}/-])/(?:"
                          + "|".join(["wor" "k", "roo" "t", "hom" "e", "User" "s"]) + r")/\w")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
ENUM = re.compile(r"\benum\s+(?:class|struct)\s+(\w+)[^{;]*\{([^}]*)\}")
COMMENT_OR_STRING = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"', re.DOTALL)


def reachable(floor, seen=None):
    """The floors below `floor`, and itself."""
    seen = {floor} if seen is None else seen
    for below in FLOORS[floor]:
        if below not in seen:
            seen.add(below)
            reachable(below, seen)
    return seen


def without_comments(text):
    """The code alone: comments and strings become blanks, lines stay where they are. Includes and
    pragmas keep their words."""
    def blank(match):
        line_start = text.rfind("\n", 0, match.start()) + 1
        before = text[line_start:match.start()]
        if match.group().startswith('"') and re.search(r"#\s*include\s*$|_Pragma\s*\(\s*$", before):
            return match.group()
        return re.sub(r"[^\n]", " ", match.group())
    return COMMENT_OR_STRING.sub(blank, text)


def wide_directives(code):
    """Lines of `using namespace` outside of any function: within one it ends with the function."""
    lines, scopes, statement = [], [], 0
    for token in re.finditer(r"[{};]|\busing\s+namespace\b", code):
        if token.group() == "{":
            scopes.append(re.search(r"\bnamespace\b", code[statement:token.start()]) is not None)
        elif token.group() == "}":
            if scopes:
                scopes.pop()
        elif token.group() != ";" and all(scopes):
            lines.append(code.count("\n", 0, token.start()) + 1)
        if token.group() in "{};":
            statement = token.end()
    return lines


def enumerators(code):
    """(line, name) of every enumerator of an enum class."""
    found = []
    for enum in ENUM.finditer(code):
        for name in re.finditer(r"(?:^|,)\s*(\w+)", enum.group(2)):
            found.append((code.count("\n", 0, enum.start(2) + name.start(1)) + 1, name.group(1)))
    return found


class Headers:
    def __init__(self, folder):
        self.folder = folder
        self.violations = []
        self.code = {}      # name below include/mgan -> code without comments
        self.includes = {}  # name -> [(line, name of a header of mgan)]
        for path in sorted(folder.rglob("*.hpp")):
            text = path.read_text(encoding="utf-8")
            self.code[str(path.relative_to(folder))] = without_comments(text)

    def fault(self, name, line, text):
        self.violations.append(f"include/mgan/{name}:{line}: {text}")

    def check(self):
        for name in self.code:
            self.check_lines(name)
        self.check_circles()
        self.check_playing()
        self.check_umbrella()
        return self.violations

    def check_lines(self, name):
        floor = name.split("/")[0] if "/" in name else None
        if floor is not None and floor not in FLOORS:
            self.fault(name, 1, f"floor {floor} has no place in FLOORS of check_floors.py")
            floor = None
        lines = self.code[name].split("\n")
        if not any(re.match(r"\s*#\s*pragma\s+once\b", line) for line in lines):
            self.fault(name, 1, "#pragma once is missing")
        self.includes[name] = []
        for number, line in enumerate(lines, start=1):
            include = INCLUDE.match(line)
            if include:
                self.check_include(name, floor, number, *include.groups())
            if floor != "core" and re.search(r"#\s*pragma\s+omp\b|_Pragma\s*\(\s*\"\s*omp\b", line):
                self.fault(name, number, "OpenMP pragmas live in core/ alone (parallel_for)")
        for number in wide_directives(self.code[name]):
            self.fault(name, number, "using namespace in a header reaches every user of it")
        for number, enumerator in enumerators(self.code[name]):
            if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*_?", enumerator):
                self.fault(name, number, f"the enumerator {enumerator} is not in snake_case")

    def check_include(self, name, floor, number, bracket, target):
        if not target.startswith("mgan/"):
            if bracket == '"':
                self.fault(name, number, f'"{target}": write <mgan/...>')
            if target == "Eigen/Dense" or target.startswith("unsupported/"):
                self.fault(name, number, f"<{target}>: <Eigen/Core> is all that mgan uses")
            for library, floors in LIBRARIES.items():
                if target.startswith(library) and floor not in floors:
                    self.fault(name, number,
                               f"<{target}> belongs into {', '.join(sorted(floors))}/ alone")
            return
        target = target.removeprefix("mgan/")
        if target not in self.code:
            self.fault(name, number, f"<mgan/{target}> does not exist")
            return
        self.includes[name].append((number, target))
        below = target.split("/")[0]
        if name == UMBRELLA or floor is None:
            return
        if target == UMBRELLA:
            self.fault(name, number, "a part does not include the whole")
        elif below in FLOORS and below not in reachable(floor):
            self.fault(name, number, f"{floor}/ does not stand on {below}/ (<mgan/{target}>)")

    def check_circles(self):
        done, chain = set(), []

        def visit(name):
            if name in done:
                return
            chain.append(name)
            for number, target in self.includes.get(name, []):
                if target in chain:
                    circle = chain[chain.index(target):] + [target]
                    self.fault(name, number, "a circle of includes: " + " -> ".join(circle))
                else:
                    visit(target)
            chain.pop()
            done.add(name)

        for name in sorted(self.code):
            visit(name)

    def reached(self, roots):
        """The headers that `roots` include, directly or not, and themselves."""
        found, open_ = set(roots), list(roots)
        while open_:
            for _, target in self.includes.get(open_.pop(), []):
                if target not in found:
                    found.add(target)
                    open_.append(target)
        return found

    def check_playing(self):
        plays = self.reached([name for name in self.code if name.startswith(PLAYING)])
        for name in sorted(plays):
            for number, target in self.includes.get(name, []):
                if target.startswith(LEARNING) and not target.endswith("_settings.hpp"):
                    self.fault(name, number,
                               f"what plays would reach <mgan/{target}>, which learns")

    def check_umbrella(self):
        if UMBRELLA not in self.code:
            return
        found = self.reached([UMBRELLA])
        for name in sorted(set(self.code) - found):
            self.fault(UMBRELLA, 1, f"does not reach <mgan/{name}>")


def tracked_files(root):
    """Files under version control; without it (release archive, self-test) every file."""
    if (root / ".git").exists():
        listed = subprocess.run(["git", "-C", str(root), "ls-files", "-z"], capture_output=True)
        if listed.returncode == 0:
            return [root / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in root.rglob("*") if path.is_file()]


def check_words(root):
    violations = []
    for path in sorted(tracked_files(root)):
        if path.suffix not in TEXTS or not path.is_file():
            continue
        if "build" in path.relative_to(root).parts:
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.split("\n"), start=1):
            if MACHINE_PATH.search(line):
                violations.append(f"{path.relative_to(root)}:{number}: a path of one machine")
    return violations


def check_house(root):
    """docs/house.md has one row for each room, names what the room stands on, and names no header
    or function that does not exist."""
    page = root / "docs" / "house.md"
    if not page.is_file():
        return []
    rows, violations = {}, []
    headers = {path.relative_to(root / "include/mgan"): path.read_text(encoding="utf-8")
               for path in (root / "include/mgan").rglob("*.hpp")}
    words = set(re.findall(r"\w+", " ".join(headers.values())))
    text = page.read_text(encoding="utf-8")
    paths = slice(text.find("## Four paths"), text.find("## Where a new thing goes"))
    for quoted in re.finditer(r"`([\w/:.]+)`", text[paths]):
        number, name = text.count("\n", 0, paths.start + quoted.start()) + 1, quoted.group(1)
        if name.endswith(".hpp"):
            known = any(f"/{header}".endswith(f"/{name}") for header in headers)
        else:
            known = name.split(":")[-1] in words
        if not known:
            violations.append(f"docs/house.md:{number}: there is no {name}")
    for number, line in enumerate(text.split("\n"), start=1):
        row = re.fullmatch(r"\| `(\w+)` \|.*\| ([\w, ]+) \|", line)
        if row:
            rows[row.group(1)] = (number, set(row.group(2).split(", ")) - {"nothing"})
    violations += [f"docs/house.md:1: the room {floor} has no row" for floor in FLOORS
                   if floor not in rows]
    for room, (number, below) in rows.items():
        if below != set(FLOORS.get(room, ["no such room"])):
            right = ", ".join(FLOORS.get(room, [])) or "nothing"
            violations.append(f"docs/house.md:{number}: {room} stands on {right}")
    return violations


def check(root):
    return Headers(root / "include" / "mgan").check() + check_words(root) + check_house(root)


# What the self-test plants: (file below the root, text to append, words of the message).
PLANTED = [
    ("include/mgan/core/error.hpp", "#include <mgan/midi/song.hpp>",
     "core/ does not stand on midi/"),
    ("include/mgan/layers/dense.hpp", "#include <mgan/autodiff/tape.hpp>",
     "layers/ does not stand on autodiff/"),
    ("include/mgan/midi/song.hpp", "#include <mgan/tensor/matrix.hpp>",
     "midi/ does not stand on tensor/"),
    ("include/mgan/midi/song.hpp", "#include <mgan/score/score.hpp>",
     "midi/ does not stand on score/"),
    ("include/mgan/score/score.hpp", "#include <mgan/metrics/crop.hpp>",
     "score/ does not stand on metrics/"),
    ("include/mgan/dataset/split.hpp", "#include <mgan/metrics/crop.hpp>",
     "dataset/ does not stand on metrics/"),
    ("include/mgan/optimisation/schedule.hpp", "#include <mgan/settings/settings.hpp>",
     "optimisation/ does not stand on settings/"),
    ("include/mgan/settings/settings.hpp", "#include <mgan/hearing/ear.hpp>",
     "settings/ does not stand on hearing/"),
    ("include/mgan/hearing/ear.hpp", "#include <mgan/generation/sampler.hpp>",
     "hearing/ does not stand on generation/"),
    ("include/mgan/generation/sampler.hpp", "#include <mgan/training/trainer.hpp>",
     "generation/ does not stand on training/"),
    ("include/mgan/settings/settings.hpp", "#include <mgan/layers/loss.hpp>",
     "what plays would reach <mgan/layers/loss.hpp>"),
    ("include/mgan/player/controls.hpp", "#include <mgan/autodiff/tape.hpp>",
     "what plays would reach <mgan/autodiff/tape.hpp>"),
    ("include/mgan/training/trainer.hpp", "#include <mgan/runs/checkpoint.hpp>",
     "training/ does not stand on runs/"),
    ("include/mgan/midi/song.hpp", "#include <mgan/midi/notes.hpp>", "a circle of includes"),
    ("include/mgan/midi/song.hpp", "#include <mgan/mgan.hpp>", "a part does not include the whole"),
    ("include/mgan/midi/song.hpp", "  #  include <mgan/midi/no_such.hpp>", "does not exist"),
    ("include/mgan/tensor/matrix.hpp", "#include <Eigen/Dense>", "<Eigen/Core> is all"),
    ("include/mgan/tensor/matrix.hpp", "#include <unsupported/Eigen/FFT>", "<Eigen/Core> is all"),
    ("include/mgan/layers/dense.hpp", "#include <Eigen/Core>", "belongs into tensor/"),
    ("include/mgan/settings/settings.hpp", "#include <nlohmann/json.hpp>", "belongs into io/"),
    ("include/mgan/midi/song.hpp", "using  namespace std;", "using namespace"),
    ("include/mgan/midi/song.hpp", "namespace mgan {\nusing namespace std; }", "using namespace"),
    ("include/mgan/layers/dense.hpp", "#pragma omp parallel for", "OpenMP pragmas"),
    ("include/mgan/layers/dense.hpp", '_Pragma("omp simd")', "OpenMP pragmas"),
    ("include/mgan/midi/once.hpp", "// #pragma once", "#pragma once is missing"),
    ("include/mgan/midi/unlisted.hpp", "#pragma once", "does not reach <mgan/midi/unlisted.hpp>"),
    ("include/mgan/attic/new.hpp", "#pragma once", "floor attic has no place"),
    ("include/mgan/layers/dense.hpp", "enum class A : int { b = 1, kC };",
     "the enumerator kC is not in snake_case"),
    ("include/mgan/layers/dense.hpp", "enum class A {\n    Big,\n};",
     "the enumerator Big is not in snake_case"),
    ("docs/house.md", "| `midi` | as planted | core, tensor |", "midi stands on core"),
    ("docs/house.md", "| `attic` | as planted | core |", "attic stands on nothing"),
    ("docs/planted.md", "see /" "home/somebody/notes", "a path of one machine"),
]
# What must not be reported: words in comments and strings, and paths that only look like one.
INNOCENT = """
namespace mgan { inline void planted() { using namespace mgan; } }
// using namespace std; #pragma omp parallel
// enum class A { Big };
enum class Innocent : unsigned { one = 1, two_more = (1 << 2), double_, /* Three, */ four4 };
/* #include <Eigen/Dense>
#include <mgan/midi/notes.hpp> */
// https://example.org/work/paper and build/root/x
"""


def self_test(root):
    failures = 0
    with tempfile.TemporaryDirectory(prefix="mgan_floors_") as folder:
        copy = pathlib.Path(folder) / "copy"
        shutil.copytree(root / "include", copy / "include")
        (copy / "docs").mkdir()
        shutil.copy(root / "docs/house.md", copy / "docs/house.md")
        before = check(copy)
        core = copy / "include/mgan/core/error.hpp"
        text = core.read_text(encoding="utf-8")
        core.write_text(text + INNOCENT, encoding="utf-8")
        alarms = [found for found in check(copy) if found not in before]
        core.write_text(text, encoding="utf-8")
        for alarm in alarms:
            failures += 1
            print(f"a false alarm: {alarm}")
        page = copy / "docs/house.md"
        text = page.read_text(encoding="utf-8")
        for old, new in [("`open_data_set`", "`open_nothing`"), ("reader.hpp", "raeder.hpp")]:
            page.write_text(text.replace(old, new), encoding="utf-8")
            if not any("there is no" in found for found in check(copy) if found not in before):
                failures += 1
                print(f"not noticed: {new} in docs/house.md")
        page.write_text(text, encoding="utf-8")
        for name, line, message in PLANTED:
            path = copy / name
            new = not path.exists()
            path.parent.mkdir(parents=True, exist_ok=True)
            text = "" if new else path.read_text(encoding="utf-8")
            path.write_text(f"{text}{line}\n", encoding="utf-8")
            if not any(message in found for found in check(copy) if found not in before):
                failures += 1
                print(f"not noticed: {line!r} in {name}")
            if new:
                path.unlink()
            else:
                path.write_text(text, encoding="utf-8")
    print(f"{len(PLANTED) - failures} of {len(PLANTED)} planted violations were found")
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("root", nargs="?", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        return 1 if self_test(options.root) else 0
    violations = check(options.root)
    for violation in violations:
        print(violation)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
