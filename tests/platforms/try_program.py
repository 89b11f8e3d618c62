#!/usr/bin/env python3
"""Uses mgan as a stranger would, on a system where it was not developed; says what does not work.

    tests/platforms/try_program.py --run "scripts/cross run windows"
                                   --program build/windows/bin/mgan.exe
                                   --native build/platforms/play-native FOLDER

FOLDER is emptied, and everything happens there, under names with spaces and letters of several
scripts.
--native: tests/platforms/play_model of this machine, whose songs must be the same, byte for byte;
left out, nothing is compared.
"""
import argparse
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODELS = ROOT / "tests/data/v0.1.0"
# What a training of a few seconds takes.
SMALL = ("--preset numeric --variant carnn-gan --batch 4 --length 20 --threads 2"
         " --set generator.hidden=24 --set discriminator.hidden=12").split()
checked = 0


def check(fact, condition, *details):
    global checked
    if not condition:
        sys.exit("\n".join([f"try_program.py: FAILED: {fact}", *map(str, details)]))
    checked += 1
    print(f"passed: {fact}", flush=True)


class Mgan:
    def __init__(self, options):
        self.words = [*options.run.split(), str(options.program.resolve())]
        self.folder = options.folder
        self.environment = os.environ | {"LC_ALL": "C.UTF-8"}

    def start(self, *arguments):
        return subprocess.Popen([*self.words, *map(str, arguments)], cwd=self.folder,
                                env=self.environment, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, start_new_session=True)

    def __call__(self, *arguments, status=0):
        process = self.start(*arguments)
        out, error = (text.decode().replace("\r", "") for text in process.communicate(timeout=600))
        check(f"mgan {' '.join(map(str, arguments))}", process.returncode == status,
              f"status {process.returncode}", out, error)
        return out if status == 0 else error


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--run", default="", help="the emulator")
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--native", type=pathlib.Path)
    options = parser.parse_args()
    options.run = " ".join(str((ROOT / word).resolve()) if (ROOT / word).is_file() else word
                           for word in options.run.split())
    options.folder = options.folder.resolve()
    shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True)
    folder, mgan = options.folder, Mgan(options)

    def model_of(name):
        return (folder / name / "model.safetensors").read_bytes()

    version = mgan("--version")
    check("the version names mgan", version.startswith("mgan "), version)

    # The same songs, byte for byte.
    for model in sorted(MODELS.glob("*/model.safetensors")):
        name = model.parent.name
        shutil.copy(model, folder / f"{name}.safetensors")
        mgan("generate", f"{name}.safetensors", "--count", 2, "--length", 100, "--seed", 7,
             "--out", f"songs {name}")
        if not options.native:
            continue
        (folder / f"linux {name}").mkdir()
        subprocess.run([options.native.resolve(), model, folder / f"linux {name}"], check=True,
                       stdout=subprocess.DEVNULL)
        for number in (1, 2):
            ours, theirs = (folder / f"{place} {name}/song-0{number}.mid"
                            for place in ("songs", "linux"))
            check(f"{name}: song {number} has the bytes of Linux",
                  ours.read_bytes() == theirs.read_bytes())

    # Music under names of several scripts.
    music = folder / "Müsik 音楽 и"
    music.mkdir()
    mgan("generate", "carnn-gan.safetensors", "--count", 12, "--length", 60, "--out", music.name)
    (music / "song-01.mid").rename(music / "Лист „è“.mid")
    (music / "damaged.mid").write_bytes(b"this is not music")
    mgan("pack", music.name, "gepäckt.mgan")
    rows = json.loads(mgan("stats", music.name, "--json"))
    check("stats names the file as it is called",
          "Лист „è“.mid" in json.dumps(rows, ensure_ascii=False))

    # Training, and going on.
    run = folder / "lauf ß 1"
    mgan("train", music.name, "--out", run.name, *SMALL, "--pretrain-epochs", 2, "--epochs", 1)
    check("what cannot be read is listed",
          "damaged.mid" in (run / "skipped.tsv").read_text(encoding="utf-8"))
    history = [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]
    check("the history has its epochs", len(history) >= 3, history)
    check("no file is half written", not list(folder.rglob(".*.tmp-*")))
    long = ["train", music.name, *SMALL, "--pretrain-epochs", 60, "--epochs", 0]
    mgan(*long, "--out", "whole")

    # The folder is locked while a training works in it.
    process = mgan.start(*long, "--out", "stopped")
    deadline = time.time() + 120
    checkpoint = folder / "stopped/checkpoint.safetensors"
    while not checkpoint.exists() and time.time() < deadline and process.poll() is None:
        time.sleep(0.05)
    check("a training has begun", process.poll() is None)
    refusal = mgan("train", "--resume", "--out", "stopped", status=1)
    check("a second training is refused, and says who works there",
          "process " in refusal and "works on it" in refusal, refusal)
    # Ctrl-C, or what the emulator makes of it.
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=60)
        print(f"Ctrl-C ends the training with status {process.returncode}", flush=True)
    except subprocess.TimeoutExpired:
        print("Ctrl-C does not reach the training; it is killed", flush=True)
        process.kill()
        process.wait()
    time.sleep(1)
    mgan("train", "--resume", "--out", "stopped")
    check("a training that was stopped and resumed has the model of one that was not",
          model_of("stopped") == model_of("whole"))

    # From the packed file, and the model's use.
    mgan("train", "gepäckt.mgan", "--out", "from packed", *SMALL, "--pretrain-epochs", 2,
         "--epochs", 1)
    check("a packed file gives the same model",
          model_of("from packed") == model_of(run.name))
    mgan("generate", run.name, "--count", 3, "--out", "neue Stücke")
    mgan("generate", run.name, "--count", 1, "--out", "gerichtet", "--scale", "D dorian", "--wav")
    info = json.loads(mgan("info", run.name, "--json"))
    check("info knows the variant", "carnn-gan" in json.dumps(info))
    mgan("evaluate", "neue Stücke", "--against", music.name, "--json")
    check("a path from the root is no option",
          "no such" in mgan("stats", "/nicht da.mid", status=1).lower())
    mgan("render", "songs carnn-gan/song-01.mid", "-o", "klang 音.wav")
    wave = (folder / "klang 音.wav").read_bytes()
    check("the sound file is one", wave[:4] == b"RIFF" and wave[8:16] == b"WAVEfmt "
          and struct.unpack("<I", wave[40:44])[0] == len(wave) - 44 > 44100)
    mgan("play", "c-rnn-gan.safetensors", "--seconds", 2, "--record", "gespielt и.mid")
    check("what was played is a song with notes",
          json.loads(mgan("stats", "gespielt и.mid", "--json")) != [])
    mgan("report", run.name)
    check("the report is a page", "<html" in (run / "report.html").read_text(encoding="utf-8"))
    mgan("style", "neue Stücke")
    mgan("convert", run.name, "halb.safetensors", "--half")

    # Errors name things as they are called.
    check("an absent file is named",
          "nicht da é.mid" in mgan("render", "nicht da é.mid", "-o", "x.wav", status=1))
    check("a damaged model is refused",
          "damaged.mid" in mgan("generate", f"{music.name}/damaged.mid", status=1))
    mgan("train", "--nonsense", status=2)
    print(f"{checked} passed")


if __name__ == "__main__":
    main()
