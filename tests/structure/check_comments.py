#!/usr/bin/env python3
"""Comments stand as they were typed: no formatter has reflowed their pictures, tables and lists.

    check_comments.py [ROOT]              prints each sign as file:line: what; status 1 if any
    check_comments.py [ROOT] --self-test  plants each sign in good comments, and looks for it

A formatter that fills lines joins the rows of a picture and cuts them at the column limit. What it
leaves behind, and what this program looks for in blocks of `///` and `//` comments:

    joined    prose follows a picture with no empty comment line between
    misfit    a row of a table that shares no column with the rows beside it
    cut       a row filled to the limit, and a few words of it on the next line
    fused     two equations with their numbers in one row
    orphan    the same in prose, before a new item or the rest of the sentence
    unhung    an item of a list that goes on at the margin
    columns   gaps of two or more spaces within a flowing sentence

Besides, no line of a *.hpp, *.cpp or *.py is longer than 100 columns, unless it holds a word that
cannot be cut (an address, a number), and .clang-format says `ReflowComments: false`.
"""
import argparse
import pathlib
import re
import subprocess
import sys

LIMIT = 100
# What a formatter fills: a line is full if the first word of the next did not fit any more.
PICTURE = 4  # spaces after the margin, as in Markdown
COMMENT = re.compile(r"^(\s*)(///?)(?: (.*)|)$")
ITEM = re.compile(r"^\s*(?:[-*]|\d+\.|[A-Z]\.|\\\w+) ")
FUSED = re.compile(r"= .*\S \(\d+[a-z]?\) \S+ = ")
GAP = re.compile(r"(?<=\S) {2,}(?=\S)")


class Line:
    def __init__(self, number, text, body):
        self.number = number
        self.width = len(text)
        self.body = body
        self.indent = len(body) - len(body.lstrip())
        self.words = body.split()
        self.item = ITEM.match(body) is not None
        # Where columns begin, without the gap after a full stop.
        self.columns = {match.end() for match in GAP.finditer(body)
                        if match.end() - match.start() > 2 or body[match.start() - 1] not in ".:;,"}

    @property
    def blank(self):
        return not self.words


def comment_blocks(text):
    """Lists of `Line`: comments that stand alone, one below the other, at one margin."""
    blocks, before = [], None
    for number, line in enumerate(text.split("\n"), start=1):
        match = COMMENT.match(line)
        margin = match and (match.group(1), match.group(2))
        if match:
            if margin != before:
                blocks.append([])
            blocks[-1].append(Line(number, line, match.group(3) or ""))
        before = margin
    return blocks


def paragraphs(block):
    """Runs of lines that are not blank."""
    runs = [[]]
    for line in block:
        if line.blank:
            runs.append([])
        else:
            runs[-1].append(line)
    return [run for run in runs if run]


def is_full(line, following):
    """Whether a formatter would have broken here."""
    return line.width + 1 + len(following.words[0]) > LIMIT and line.width > LIMIT - 25


def signs(text):
    """(line, what) for each sign of a reflow in the comments of a file."""
    found = []
    for block in comment_blocks(text):
        for run in paragraphs(block):
            found += signs_of_paragraph(run)
    return found


def left_over(above, line):
    """Whether a formatter cut `line` from the full line above: a few words that are no row."""
    if above is None or line.item or line.columns or len(line.words) > 4:
        return False
    if not is_full(above, line):
        return False
    text = line.body.strip()
    if text in ("}", ")", "]", "};", ");"):
        return True
    code = text.endswith(";") or "..." in text or not re.search(r"\w", text)
    cells = re.split(r" {4,}", above.body.strip())  # a first cell "Conv2d, Attention," goes on
    open_cell = len(cells) > 1 and cells[0].endswith(",") and "=" not in cells[0]
    return not code and above.body.rstrip()[-1] not in ".;!?" and not open_cell


def share_a_column(row, other):
    return any(abs(mine - its) <= 2 for mine in row.columns for its in other.columns)


def signs_of_paragraph(run):
    found = []
    hanging = 0  # where the text of the item under way begins
    for i, line in enumerate(run):
        above = run[i - 1] if i > 0 else None
        below = run[i + 1] if i + 1 < len(run) else None
        if line.body.lstrip().startswith("|"):
            continue  # a table in Markdown
        if line.item:
            hanging = line.indent + len(ITEM.match(line.body).group().lstrip())
        elif above and above.item and line.indent == 0 and above.body.lstrip()[0] in "-*":
            found.append((line.number, "unhung: an item of a list goes on at the margin"))
        picture = line.indent >= 2 and line.indent > hanging
        few = left_over(above, line)
        prose = line.indent == 0 and not line.item and not hanging
        if prose and above and above.indent >= PICTURE:
            found.append((line.number,
                          "joined: prose follows a picture with no empty line between"))
        if picture:
            if few and line.indent == above.indent:
                found.append((line.number, "cut: the end of the row above"))
            if line.indent >= PICTURE and FUSED.search(line.body):
                found.append((line.number, "fused: two numbered equations in one row"))
            rows = [row for row in (above, below) if row is not None and row.columns]
            if (line.columns and rows and above is not None and above.indent == line.indent
                    and is_full(above, line)
                    and not any(share_a_column(line, row) for row in rows)):
                found.append((line.number,
                              "misfit: no column of this row is one of its neighbours'"))
        elif few and below is not None:
            fits = line.width + 1 + len(below.words[0]) <= LIMIT - 20
            if line.indent < below.indent or (fits and not below.item):
                found.append((line.number, "orphan: a few words that a formatter left over"))
        wide = any(len(gap.group()) > 2 for gap in GAP.finditer(line.body))
        if wide and line.indent == 0 and not line.item:
            if (above is not None and above.indent == 0 and is_full(above, line)) or (
                    below is not None and below.indent == 0 and is_full(line, below)):
                found.append((line.number, "columns: gaps within a sentence that flows"))
    return found


def too_long(text):
    found = []
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > LIMIT and max(map(len, line.split())) < LIMIT - 30:
            found.append((number, f"{len(line)} columns; {LIMIT} is the limit"))
    return found


def reflow_is_off(settings):
    return re.search(r"^ReflowComments:\s*false\s*$", settings, re.MULTILINE) is not None


def files(root):
    if (root / ".git").exists():
        listed = subprocess.run(["git", "-C", str(root), "ls-files", "-z", "*.hpp", "*.cpp",
                                 "*.py"],
                                capture_output=True, check=True)
        return [root / name for name in sorted(listed.stdout.decode().split("\0")) if name]
    return sorted(path for ending in ("hpp", "cpp", "py") for path in root.rglob(f"*.{ending}")
                  if "build" not in path.relative_to(root).parts)


def check(root):
    violations = []
    for path in files(root):
        if not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        found = too_long(text)
        if path.suffix != ".py":
            found += signs(text)
        name = path.relative_to(root)
        violations += [f"{name}:{number}: {what}" for number, what in sorted(found)]
    if not reflow_is_off((root / ".clang-format").read_text(encoding="utf-8")):
        violations.append(".clang-format: ReflowComments must be false")
    return violations


GOOD = """\
/// How alike two sets of songs are, and what that means for a generator that plays one average song
/// for ever.
///
///     intra = { |x_i - x_j| : i != j }     how much real songs differ (leave one out)
///     inter = { |x_i - y_k| }              how much generated songs differ from real ones
///     gap   = |mean x - mean y| / sd x     0: alike
///
/// - Two equal notes sound, and one is released: the one that began first ends (first in, first
///   out). Pairs are sought within one track and one channel.
/// - A note never released ends with its track.
///
///     Conv2d, Attention,             x: F x (T B)                   T, B           F' x (T B)
///     MappingNetwork
///
/// \\throws FormatError where the text is not JSON or is nested deeper than `max_depth`, and
///         whatever `events` throws.
struct Planted {};

    ///                |  +---------+            u_t = [w_t ; y_{t-1} ; k_{t-1}]               (2)
    ///              +-v--v-+
    ///              | LSTM |                    h_t = LSTM(u_t), two stacked layers           (3)
"""
# Words of the sign, and a comment that bears it.
PLANTED = [
    ("joined", """\
///     y = W x + b
/// A sample is a column.
"""),
    ("misfit", """\
///     intra = { |x_i - x_j| : i != j }     how much real songs differ among themselves (leave one
///     out) inter = { |x_i - y_k| }              how much generated songs differ from real ones
"""),
    ("cut", """\
///     y = W x + b                                  (1)   W: out x in, b: out, x: in x N, y: out x
///     N
"""),
    ("cut", """\
///   a = W x + U h + b,   c = sigmoid(a^f) c_0 + sigmoid(a^i) tanh(a^g),   h = sigmoid(a^o) x x
///   tanh(c)
"""),
    ("fused", """\
///     g = g + l2 w (3) g = g min(1, clip / norm) (4)
"""),
    ("orphan", """\
    /// \\throws FormatError where the text is not JSON or is nested deeper than `max_depth`, and
    /// whatever
    ///         `events` throws
"""),
    ("unhung", """\
/// - Two equal notes sound, and one is released: the one that began first ends (first in, first
/// out).
///   Pairs are sought within one track and one channel.
"""),
    ("columns", """\
// The steps of a pass are forward   (reads x), backward (reads dy), and a third one that adds the
// gradients.
"""),
    ("columns; 100 is the limit", "int planted = 1;  // " + "word " * 20 + "\n"),
]


def self_test():
    failures = [f"a false alarm in a good comment, line {number}: {what}"
                for number, what in signs(GOOD)]
    address = "// https://example.org/" + "a" * 90 + "\n"
    failures += [f"a false alarm: {what}" for _, what in too_long(address)]
    for sign, text in PLANTED:
        # Between two good comments, so that a block's end is found as well.
        whole = f"{GOOD}\n{text}\n{GOOD}"
        first = GOOD.count("\n") + 2
        found = [what for number, what in signs(whole) + too_long(whole)
                 if first <= number < first + text.count("\n")]
        if not any(sign in what for what in found):
            failures.append(f"not noticed: {sign} in\n{text}")
    for settings, good in [("ReflowComments: false\n", True), ("ReflowComments: true\n", False),
                           ("", False)]:
        if reflow_is_off(settings) != good:
            failures.append(f"not understood in .clang-format: {settings!r}")
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("root", nargs="?", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    violations = self_test() if options.self_test else check(options.root)
    for violation in violations:
        print(violation)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
