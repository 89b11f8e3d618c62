"""Counts of the campaigns: tests/reliability/counts.tsv, a line for each piece that was run.

A long count is gathered in pieces, over days and machines; a line says what one piece tried and
found, when, at which commit, and by which command. docs/reliability.md shows the sums.
"""

import datetime
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WORK = ROOT / "build" / "full"
COUNTS = ROOT / "tests/reliability/counts.tsv"
FINDINGS = ROOT / "tests/reliability/findings.tsv"
PAGE = ROOT / "docs/reliability.md"
COLUMNS = ["campaign", "tried", "found", "seconds", "date", "commit", "command"]
BEGIN, END = "<!-- written by scripts/campaign --table -->\n", "<!-- end of what is written -->\n"


def rows(path=COUNTS):
    if not path.exists():
        return []
    lines = [
        line.split("\t")
        for line in path.read_text().splitlines()
        if line and not line.startswith("#")
    ]
    return [dict(zip(lines[0], fields)) for fields in lines[1:]]


def tried(campaign):
    """How many cases earlier pieces have tried, and how many pieces that were."""
    before = [row for row in rows() if row["campaign"] == campaign]
    return sum(int(row["tried"]) for row in before), len(before)


def commit():
    """The commit that is tried, with a + if the working tree differs from it."""

    def git(*words):
        return subprocess.run(
            ["git", *words], cwd=ROOT, capture_output=True, text=True
        ).stdout.strip()

    return git("rev-parse", "--short=8", "HEAD") + (
        "+" if git("status", "--porcelain", "include", "program") else ""
    )


def add(campaign, tried_now, found, seconds, tested_commit, command):
    if not COUNTS.exists():
        COUNTS.write_text("\t".join(COLUMNS) + "\n")
    date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")
    with COUNTS.open("a") as file:
        file.write(
            "\t".join(
                [
                    campaign,
                    str(tried_now),
                    str(found),
                    str(round(seconds)),
                    date,
                    tested_commit,
                    command,
                ]
            )
            + "\n"
        )


def number(count):
    return f"{count:,}".replace(",", " ")


def table(campaigns):
    """The table of all campaigns, those that were never run included, and the findings."""
    every = rows()
    lines = [
        "| campaign | what is tried | tried | goal | found | time | last | command |",
        "|---|---|--:|--:|--:|--:|---|---|",
    ]
    for name, campaign in campaigns.items():
        own = [row for row in every if row["campaign"] == name]
        total = sum(int(row["tried"]) for row in own)
        seconds = sum(int(row["seconds"]) for row in own)
        time = (
            f"{seconds} s"
            if seconds < 600
            else f"{seconds // 60} min" if seconds < 36000 else f"{seconds // 3600} h"
        )
        last = f"{own[-1]['date']}, {own[-1]['commit']}" if own else "-"
        lines.append(
            f"| {name} | {campaign.what} | {number(total)} |"
            f" {number(campaign.goal) if campaign.goal else 'all'} |"
            f" {sum(int(row['found']) for row in own)} | {time if own else '-'} | {last} |"
            f" `scripts/campaign {name}` |"
        )
    lines += [
        "",
        "What was found, and the test that now holds it:",
        "",
        "| campaign | found | mended in | test |",
        "|---|---|---|---|",
    ]
    for row in rows(FINDINGS):
        lines.append(f"| {row['campaign']} | {row['what']} | {row['where']} | {row['test']} |")
    return "\n".join(lines) + "\n"


def page_with(campaigns):
    """The page, with the table of now."""
    head, rest = PAGE.read_text().split(BEGIN)
    return head + BEGIN + "\n" + table(campaigns) + "\n" + END + rest.split(END)[1]


def table_is_written(campaigns):
    return PAGE.read_text() == page_with(campaigns)


def write_table(campaigns):
    PAGE.write_text(page_with(campaigns))
