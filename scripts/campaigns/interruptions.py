"""What happens to a program whose system calls fail, or that is killed (fault_io.c).

A scenario is a command and what has to be true after it, whatever befell it. First its calls are
counted; then it is run again for each call and each way of failing. Commands that train are
followed by `train --resume`, which has to end in the bytes of a training that nothing befell.
"""

import errno
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import tempfile
import time

from .ledger import ROOT, WORK, tried

TRAINING = (
    "--quiet --length 12 --batch 4 --pretrain-epochs 1 --epochs 1 --set epoch_songs=8 --set"
    " generator.hidden=4 --set generator.head=4 --set discriminator.hidden=4 --set"
    " evaluation.songs=2 --set evaluation.selection_songs=3 --set"
    " adversarial.discriminator_warmup=0"
).split()
LONGER = (
    "--quiet --length 12 --batch 4 --pretrain-epochs 12 --epochs 12 --set epoch_songs=32 --set"
    " generator.embedding=4 --set generator.input=8 --set generator.hidden=8 --set generator.head=8"
    " --set discriminator.embedding=4 --set discriminator.input=8 --set discriminator.hidden=8"
    " --set shard_songs=1 --set evaluation.songs=2 --set evaluation.selection_songs=3 --set"
    " adversarial.discriminator_warmup=2"
).split()
BITS = ["checkpoint.safetensors", "model.safetensors"]
THREADS = [1, 2, 3, 4, 7, 16]
CAUSES = {
    str(number): os.strerror(number)
    for number in (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EINTR, errno.EACCES)
}
HANG = 60


def program_of(options):
    program = options.program or ROOT / "build/release/bin/mgan"
    if not program.exists():
        for command in (
            ["cmake", "--preset", "release"],
            ["cmake", "--build", "--preset", "release", "--target", "mgan_program"],
        ):
            subprocess.run(command, cwd=ROOT, check=True)
    return str(program.resolve())


def shim():
    source, library = ROOT / "tests/reliability/fault_io.c", WORK / "fault_io.so"
    if not library.exists() or library.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(
            ["gcc", "-O1", "-shared", "-fPIC", source, "-o", library, "-ldl"], check=True
        )
    return str(library)


def write_music(folder, count=6):
    """Songs of 24 notes, as plain MIDI files."""
    folder.mkdir(parents=True)
    draw = random.Random(1)
    for number in range(count):
        events = b""
        for _ in range(24):
            pitch = draw.randrange(55, 80)
            events += bytes(
                [0, 0x90, pitch, draw.randrange(50, 100), 24 * draw.randrange(1, 5), 0x80, pitch, 0]
            )
        events += b"\0\xff\x2f\0"
        header = (
            b"MThd"
            + bytes([0, 0, 0, 6, 0, 0, 0, 1, 0, 96])
            + b"MTrk"
            + len(events).to_bytes(4, "big")
        )
        (folder / f"song{number}.mid").write_bytes(header + events)


class Shop:
    """A folder with music, in which the program is run."""

    def __init__(self, options, training=TRAINING):
        self.program, self.library, self.training = program_of(options), shim(), training
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mgan-faults-"))
        self.place = self.folder / "place"
        self.kept = self.folder / "kept"
        self.log = self.folder / "log"
        self.limit = HANG

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def run(self, words, **fault):
        """Runs the program in `place`: (status or -signal, what it said)."""
        environment = {**os.environ, "OMP_WAIT_POLICY": "passive"}
        if fault:
            environment.update(
                LD_PRELOAD=self.library,
                FAULT_UNDER=str(self.folder),
                **{"FAULT_" + name.upper(): str(value) for name, value in fault.items()},
            )
        try:
            done = subprocess.run(
                [self.program, *words],
                cwd=self.place,
                env=environment,
                capture_output=True,
                timeout=self.limit,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired:
            return 0, "(hangs)", ""
        return (
            done.returncode,
            done.stderr.decode(errors="replace"),
            done.stdout.decode(errors="replace"),
        )

    def keep(self):
        shutil.rmtree(self.kept, ignore_errors=True)
        shutil.copytree(self.place, self.kept)

    def restore(self):
        shutil.rmtree(self.place, ignore_errors=True)
        shutil.copytree(self.kept, self.place)

    def calls(self, words):
        """The calls that a command makes: (name, file) each."""
        self.restore()
        self.log.unlink(missing_ok=True)
        status, said, _ = self.run(words, log=self.log)
        if status != 0 or said == "(hangs)":
            raise SystemExit(f"{' '.join(words)} fails undisturbed: {said}")
        return [line.split("\t") for line in self.log.read_text().splitlines()]


def bits(folder):
    return [
        (
            hashlib.sha256((folder / name).read_bytes()).hexdigest()
            if (folder / name).exists()
            else None
        )
        for name in BITS
    ]


def temporaries(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob(".*.tmp-*"))


class Training:
    """train and train --resume: whatever happens, --resume ends in undisturbed bits."""

    def __init__(self, shop, resumes):
        self.shop, self.name = shop, "resume" if resumes else "train"
        shutil.rmtree(shop.place, ignore_errors=True)
        write_music(shop.place / "music")
        shop.keep()
        self.begin = ["train", "music", "--out", "run", "--threads", "1", *shop.training]
        self.go_on = ["train", "--resume", "--out", "run", "--threads", "1", "--quiet"]
        calls = shop.calls(self.begin)
        self.expected = bits(shop.place / "run")
        self.lines = len((shop.place / "run/history.jsonl").read_text().splitlines())
        self.words = self.begin
        if resumes:  # killed when it replaces its checkpoint for the last time
            place = max(
                i
                for i, (call, file) in enumerate(calls, 1)
                if call == "rename" and "checkpoint" in file
            )
            shop.restore()
            shop.run(self.begin, at=place, how="kill")
            shop.keep()
            self.words = self.go_on

    def skipped(self, said):
        """Songs that could not be read are left out, which is said; the run is then another one."""
        place = self.shop.place / "run/skipped.tsv"
        return place.exists() and place.read_text() != ""

    def check(self, status, said, out, refused):
        """What is wrong, or nothing. `refused`: the words of the cause that it was told."""
        run, wrong = self.shop.place / "run", []
        if status == 0 and not self.skipped(said):
            if bits(run) != self.expected:
                wrong.append("ends well with other bits")
        elif status == 1 and refused and refused not in said:
            wrong.append(f"does not name the cause: {said.strip()}")
        again = self.go_on if (run / "config.json").exists() else [*self.begin, "--resume"]
        left_out = self.skipped(said)
        status, said, _ = self.shop.run(again)
        if left_out:
            if status == 1 and "other songs" in said:
                return wrong  # another set of songs was read, and it is said so
        if status != 0:
            return wrong + [f"cannot be resumed: {said.strip()}"]
        if bits(run) != self.expected:
            wrong.append("resumed, it ends in other bits")
        lines = (run / "history.jsonl").read_text().splitlines()
        try:
            epochs = [json.loads(line)["epoch"] for line in lines]
        except (ValueError, KeyError):
            epochs = []
        if epochs != list(range(1, self.lines + 1)):
            wrong.append(f"its history has the epochs {epochs}")
        if temporaries(self.shop.place):
            wrong.append(f"left behind: {temporaries(self.shop.place)}")
        if not (run / "report.html").exists() or not (
            run / "report.html"
        ).read_text().rstrip().endswith("</html>"):
            wrong.append("its report is not whole")
        return wrong


class Writing:
    """A command that writes files: each is the old or the new one; a second call mends all."""

    def __init__(self, shop, name, words, files):
        self.shop, self.name, self.words, self.files = shop, name, words, files
        shop.keep()
        self.old = {file: self.bytes_of(file) for file in files}
        shop.calls(words)
        self.new = {file: self.bytes_of(file) for file in files}

    def bytes_of(self, file):
        path = self.shop.place / file
        if not path.exists():
            return None
        # libsndfile gives each Ogg stream a random number; its length stays.
        return re.sub(
            rb"base64,[^\"]*", lambda data: str(len(data.group())).encode(), path.read_bytes()
        )

    def check(self, status, said, out, refused):
        wrong = []
        for file in self.files:
            now = self.bytes_of(file)
            # A page says itself what it could not read.
            incomplete = (
                now is not None and b"Not complete" in now and refused and refused.encode() in now
            )
            # A song that cannot be read is left out, which is said, too.
            if status == 0 and refused and "skipped" in out and refused in out:
                incomplete = True
            if now != self.new[file] and (status == 0 or now != self.old[file]) and not incomplete:
                wrong.append(
                    f"{file} is neither old nor new" if status else f"ends well without {file}"
                )
        if status == 1 and refused and refused not in said:
            wrong.append(f"does not name the cause: {said.strip()}")
        status, said, _ = self.shop.run(self.words)
        if status != 0:
            return wrong + [f"cannot be repeated: {said.strip()}"]
        for file in self.files:
            if self.bytes_of(file) != self.new[file]:
                wrong.append(f"repeated, {file} is another")
        if temporaries(self.shop.place):
            wrong.append(f"left behind: {temporaries(self.shop.place)}")
        return wrong


def scenarios(shop):
    """One after the other; each begins where the one before it ended."""
    yield Training(shop, resumes=False)
    yield Training(shop, resumes=True)
    shop.restore()
    shop.run(["train", "--resume", "--out", "run", "--threads", "1", "--quiet"])
    yield Writing(
        shop,
        "generate",
        ["generate", "run", "--out", "songs", "--count", "2", "--threads", "1"],
        ["songs/song-01.mid", "songs/song-02.mid"],
    )
    shop.restore()
    shop.run(["generate", "run", "--out", "songs", "--count", "2", "--seed", "9"])
    yield Writing(
        shop,
        "generate again",
        ["generate", "run", "--out", "songs", "--count", "2", "--threads", "1", "--wav"],
        ["songs/song-01.mid", "songs/song-02.mid", "songs/song-01.wav", "songs/song-02.wav"],
    )
    shop.restore()
    yield Writing(shop, "render", ["render", "music/song0.mid", "-o", "song.wav"], ["song.wav"])
    shop.restore()
    (shop.place / "run/report.html").write_text("old")
    yield Writing(shop, "report", ["report", "run"], ["run/report.html"])
    shop.restore()
    yield Writing(shop, "pack", ["pack", "music", "new.mgan"], ["new.mgan"])
    shop.restore()
    shop.run(["pack", "music", "songs.mgan"])
    write_music(shop.place / "more", 8)
    yield Writing(shop, "pack --add", ["pack", "more", "songs.mgan", "--add"], ["songs.mgan"])


class Faults:
    """Every call of every scenario fails in every way, once and from then on."""

    name, goal = "io-faults", 2000
    what = (
        "a call about a file (open, read, write, fsync, rename, close, mkdir, ...) of train,"
        " --resume, generate, render, report, pack fails: ENOSPC, EIO, EDQUOT, EINTR, EACCES, or"
        " half of it is done; once, or from then on"
    )

    def ways(self, call):
        ways = [(number, sticky) for number in CAUSES for sticky in (False, True)]
        return ways + ([("short", False), ("short", True)] if call in ("read", "write") else [])

    def last_calls(self, cases):
        """The last call of each name, which completes something; failing once, on a full disk."""
        last = {}
        for case in cases:
            if case[3] == (str(errno.ENOSPC), False) and case[0] >= last.get(case[1], case)[0]:
                last[case[1]] = case
        return [last[name] for name in sorted(last)]

    def fault_of(self, number, way):
        how, sticky = way
        return {"at": number, "how": how, **({"sticky": 1} if sticky else {})}

    def run(self, options):
        end, count, found = time.monotonic() + 60 * options.minutes, 0, []
        # A few cases, as among the quick tests: always the same.
        pieces = 0 if options.cases else tried(self.name)[1]
        draw = random.Random(pieces)
        with Shop(options) as shop:
            share = 60 * options.minutes / 8
            for scenario in scenarios(shop):
                begin = time.monotonic()
                # In an order of its own for each piece, so that short pieces reach all of them.
                cases = [
                    (number, call, file, way)
                    for number, (call, file) in enumerate(shop.calls(scenario.words), 1)
                    for way in self.ways(call)
                ]
                draw.shuffle(cases)
                if options.cases:
                    cases = self.last_calls(cases) + cases[: options.cases]
                for number, call, file, way in cases:
                    if time.monotonic() > min(end, begin + share):
                        break
                    shop.restore()
                    status, said, out = shop.run(scenario.words, **self.fault_of(number, way))
                    count += 1
                    wrong = self.judge(status, said, way) + scenario.check(
                        status, said, out, self.cause(way)
                    )
                    file = file.replace(str(shop.folder), "")
                    found += [
                        f"{scenario.name}: {call} {file} ({number}),"
                        f" {way[0]}{' for ever' if way[1] else ''}: {text}"
                        for text in wrong
                    ]
        return count, found

    def cause(self, way):
        return CAUSES.get(way[0], "")

    def judge(self, status, said, way):
        if status not in (0, 1):
            return [f"status {status}: {said.strip()}"]
        return [said] if said == "(hangs)" else []


class KillPoints(Faults):
    """Killed at every call of every scenario: before it, in the midst of it, after it."""

    name, goal = "kill-points", 1000
    what = (
        "kill -9 before, within (half of the bytes written) and after each such call of the same"
        " commands"
    )

    def ways(self, call):
        return [("kill", False), ("after", False)] + ([("torn", False)] if call == "write" else [])

    def judge(self, status, said, way):
        return [] if status == -9 else [f"was not killed: status {status}"]

    def cause(self, way):
        return ""


class RandomKills:
    """Killed at random moments, each time resumed with another number of threads."""

    name, goal = "random-kills", 500
    what = (
        "kill -9 of a training at a random moment, resumed with another number of threads (1, 2, 3,"
        " 4, 7, 16), until it ends in the bits of one that was never stopped"
    )

    def run(self, options):
        end, killed, runs, found = time.monotonic() + 60 * options.minutes, 0, 0, []
        _, pieces = tried(self.name)
        draw = random.Random(pieces)
        with Shop(options, LONGER) as shop:
            shop.place.mkdir()
            write_music(shop.place / "music")
            shop.keep()
            begin = ["train", "music", "--out", "run", *shop.training]
            shop.limit = 10 * HANG
            started = time.monotonic()
            shop.calls([*begin, "--threads", "1"])
            whole, expected = time.monotonic() - started, bits(shop.place / "run")
            while time.monotonic() < end:
                shop.restore()
                runs += 1
                kills_of_run = 0
                while True:
                    config = shop.place / "run/config.json"
                    words = (
                        ["train", "--resume", "--out", "run", "--quiet"]
                        if config.exists()
                        else [*begin, "--resume"]
                    )
                    # The sixth time it may end.
                    shop.limit = draw.uniform(0, whole / 3) if kills_of_run < 6 else HANG
                    status, said, _ = shop.run([*words, "--threads", str(draw.choice(THREADS))])
                    if said != "(hangs)":
                        break
                    killed, kills_of_run = killed + 1, kills_of_run + 1
                shop.limit = HANG
                if status != 0:
                    found.append(f"run {runs}: status {status}: {said.strip()}")
                elif bits(shop.place / "run") != expected:
                    found.append(f"run {runs}: other bits")
                elif temporaries(shop.place):
                    found.append(f"run {runs}: left behind {temporaries(shop.place)}")
        return killed, found


class Threads:
    """The same training with other numbers of threads."""

    name, goal = "threads", 0
    what = "one training with 2, 3, 4, 7 and 16 threads: the bits of one thread"

    def run(self, options):
        found = []
        with Shop(options, LONGER) as shop:
            shop.limit = 10 * HANG
            shop.place.mkdir()
            write_music(shop.place / "music")
            expected = None
            for count in THREADS:
                status, said, _ = shop.run(
                    [
                        "train",
                        "music",
                        "--out",
                        f"run{count}",
                        "--threads",
                        str(count),
                        *shop.training,
                    ]
                )
                now = bits(shop.place / f"run{count}")
                if status != 0 or (expected is not None and now != expected):
                    found.append(f"{count} threads: {said.strip() or 'other bits'}")
                expected = expected or now
        return len(THREADS) - 1, found
