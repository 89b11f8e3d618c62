#!/usr/bin/env python3
"""Checks the typed scores of data/scores against MIDI files of the same pieces.

    mgan_dump_scores data/scores/*.score > notes.tsv      (built beside the tests)
    scripts/compare_scores.py notes.tsv CORPUS [--show SCORE]

CORPUS is a folder of MIDI files; a score is compared with the files whose path matches its pattern
in PAIRS. Nothing of them enters the project; the result only says how far our typing agrees.

Printed for each pair, after the transposition that fits best:
  notes      notes of the score, without repeats
  tune       share of the first voice's highest notes, in order: what counts if we arranged the rest
  in order   share of the notes in the longest common subsequence of pitches, by onset, low to high
  placed     share of them with the same pitch at the same place: an onset whose distance from the
             notes before, in the aligned stretch, differs by less than a 1/12 of a quarter note
--show prints where the two differ. Needs mido (pip install mido).
"""
import argparse
import collections
import difflib
import pathlib
import re

import mido

PAIRS = {
    "petzold-minuet-anh114": r"Minuet in G Major",
    "bach-invention-1": r"mutopia-site/Bach - Invention 01",
    "bach-prelude-c": r"bach_846",
    "mozart-alla-turca": r"mz_331_3",
    "mozart-k331-theme": r"mz_331_1",
    "joplin-entertainer": r"The Entertainer",
    "haydn-emperor": r"Deutschlandlied",
    "grieg-mountain-king": r"roi_de_la_montagne",
    "trad-greensleeves": r"greensleeves_guitar",
}


def read_scores(path):
    """file -> sorted list of (onset in quarters, pitch, whether the first voice plays it)"""
    songs = collections.defaultdict(list)
    for line in open(path, encoding="utf-8"):
        name, onset, _, pitch, _, first = line.rstrip("\n").split("\t")
        songs[name.removesuffix(".score")].append((int(onset) / 384, int(pitch), first == "1"))
    return {name: sorted(notes) for name, notes in songs.items()}


def read_midi(path):
    file = mido.MidiFile(path, clip=True)
    notes = []
    for track in file.tracks:
        tick = 0
        for message in track:
            tick += message.time
            if message.type == "note_on" and message.velocity > 0 and message.channel != 9:
                notes.append((round(tick / file.ticks_per_beat * 24) / 24, message.note))
    return sorted(set(notes))


def lcs(a, b):
    """Length of the longest common subsequence, bit-parallel."""
    masks = collections.defaultdict(int)
    for i, x in enumerate(a):
        masks[x] |= 1 << i
    full = (1 << len(a)) - 1
    row = full
    for x in b:
        hit = row & masks[x]
        row = ((row + hit) | (row - hit)) & full
    return len(a) - bin(row).count("1")


def tune(notes):
    """The highest pitch of the first voice at each onset."""
    highest = {}
    for onset, pitch, first in notes:
        if first:
            highest[onset] = max(pitch, highest.get(onset, 0))
    return [pitch for _, pitch in sorted(highest.items())]


def groups(notes):
    """[(onset, frozenset of pitches)]"""
    by_onset = collections.defaultdict(set)
    for onset, pitch in notes:
        by_onset[onset].add(pitch)
    return [(onset, frozenset(pitches)) for onset, pitches in sorted(by_onset.items())]


def placed(score, other, shift):
    """Notes at the same place: windows of the score, each where it fits the other file best."""
    other_at = collections.defaultdict(set)
    onsets_of = collections.defaultdict(list)
    for onset, pitch in other:
        other_at[round(onset * 12)].add(pitch)
        onsets_of[pitch].append(onset)
    window, found, start = 4.0, 0, 0
    while start < len(score):
        begin = score[start][0]
        end = start
        while end < len(score) and score[end][0] < begin + window:
            end += 1
        part = score[start:end]
        offsets = collections.Counter()
        for onset, pitch in part:
            for there in onsets_of[pitch + shift]:
                offsets[round((there - onset) * 12)] += 1
        best = 0
        for offset, _ in offsets.most_common(3):
            best = max(best, sum(pitch + shift in other_at[round(onset * 12) + offset]
                                 for onset, pitch in part))
        found += best
        start = end
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notes")
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("--show", metavar="SCORE")
    options = parser.parse_args()
    files = sorted(p for p in options.corpus.rglob("*") if p.suffix.lower() in (".mid", ".midi"))
    for name, typed in sorted(read_scores(options.notes).items()):
        if name not in PAIRS or (options.show and options.show != name):
            continue
        for path in files:
            if not re.search(PAIRS[name], str(path)):
                continue
            other = read_midi(path)
            upper = tune(typed)
            score = [(onset, pitch) for onset, pitch, _ in typed]
            a = [pitch for _, pitch in score]
            pitches = [pitch for _, pitch in other]
            shift = max(range(-12, 13), key=lambda by: (lcs([p + by for p in upper], pitches),
                                                        lcs([p + by for p in a], pitches)))
            same = lcs([p + shift for p in a], pitches)
            print(f"{name:26s} {path.name:40s} notes {len(a):4d}  shift {shift:+d}  "
                  f"tune {lcs([p + shift for p in upper], pitches) / len(upper):.3f}  "
                  f"in order {same / len(a):.3f}  "
                  f"placed {placed(score, other, shift) / len(a):.3f}")
            if options.show:
                mine, theirs = groups([(o, p + shift) for o, p in score]), groups(other)
                blocks = difflib.SequenceMatcher(None, [g for _, g in mine], [g for _, g in theirs],
                                                 False)
                for kind, i, j, k, m in blocks.get_opcodes():
                    if kind != "equal":
                        print(kind, [(round(o, 2), sorted(g)) for o, g in mine[i:j]], "/",
                              [(round(o, 2), sorted(g)) for o, g in theirs[k:m]])


if __name__ == "__main__":
    main()
