#include "mgan.hpp"

#include <support/catch.hpp>

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using program::kSmall;
using program::Workshop;

TEST_CASE("mgan train leaves a run directory, a line an epoch, and says what to do next") {
    const Workshop shop;
    shop.write_music();
    const process::Result result = shop.mgan("train data --out run" + kSmall);
    CHECK(result.status == 0);
    CHECK(result.error.empty());
    CHECK_THAT(result.out, StartsWith("Data: 8 songs in 8 files of 2 composers (folders): "));
    for (const char* text : {"pretraining 1/2 ", "pretraining 2/2 ", "adversarial 1/2 ",
                             "adversarial 2/2 ", "run/songs", "mgan generate run"})
        CHECK_THAT(result.out, Contains(text));
    CHECK(result.out.find('\r') == std::string::npos);  // no bar where no terminal is
    for (const char* file :
         {"config.json", "history.jsonl", "checkpoint.safetensors", "model.safetensors",
          "split.tsv", "skipped.tsv", "copied.json", "real.json", "real/song-01.mid", "report.html",
          "songs/song-01.mid", "songs/song-03.mid"})
        CHECK(shop.has(std::string("run/") + file));
    CHECK(program::lines(shop.read("run/history.jsonl")) == 4);
    CHECK(program::lines(shop.read("run/split.tsv")) == 8);
}

TEST_CASE("mgan train --quiet says nothing") {
    const Workshop shop;
    shop.write_music(3);
    const process::Result result = shop.mgan("train data --quiet" + kSmall);
    CHECK(result.status == 0);
    CHECK(result.out.empty());
    CHECK(result.error.empty());
    CHECK(shop.has("run/model.safetensors"));
}

TEST_CASE("mgan train without a folder learns from the bundled music") {
    const Workshop shop;
    const process::Result result = shop.mgan("train" + kSmall + " --pretrain-epochs 1 --epochs 0");
    // --pretrain-epochs twice is one too many.
    CHECK(result.status == 2);
    const process::Result good = shop.mgan("train" + kSmall);
    CHECK(good.status == 0);
    CHECK_THAT(good.out, StartsWith("Data: "));
    CHECK_THAT(shop.read("run/config.json"), Contains("\"data\": \"bundled\""));
    // The variants of a piece are one file to the split.
    CHECK_THAT(shop.read("run/split.tsv"), Contains("bach-prelude-c.score\t"));
    CHECK(program::lines(shop.read("run/split.tsv")) < 100);
}

TEST_CASE(
    "mgan train says what it does otherwise with a small collection, and --set has the last word") {
    const Workshop shop;
    shop.write_music();
    const process::Result small = shop.mgan("train data --out small" + kSmall);
    REQUIRE(small.status == 0);
    CHECK_THAT(small.out, Contains("a small collection, ") &&
                              Contains("with pretrain.dropout=0.4, pretrain.augmentation=0.8;"));
    const std::string kept = shop.read("small/config.json");
    CHECK_THAT(kept,
               Contains("\"pretrain.dropout\": 0.4") && Contains("\"preset\": \"recommended\""));
    CHECK(shop.mgan("train --resume --out small").status == 0);
    CHECK(shop.read("small/config.json") == kept);

    const process::Result asked =
        shop.mgan("train data --out asked" + kSmall +
                  " --set pretrain.dropout=0.2 --set pretrain.augmentation=0.3");
    REQUIRE(asked.status == 0);
    CHECK(asked.out.find("a small collection") == std::string::npos);
    CHECK_THAT(shop.read("asked/config.json"), Contains("\"pretrain.dropout\": 0.2"));

    const process::Result quick = shop.mgan("train data --preset quick --out quick" + kSmall);
    REQUIRE(quick.status == 0);
    CHECK(quick.out.find("a small collection") == std::string::npos);
}

TEST_CASE("Without --out a run takes the first free name, and --resume the last taken one") {
    const Workshop shop;
    shop.write_music(4);
    REQUIRE(shop.mgan("train data --quiet" + kSmall).status == 0);
    REQUIRE(shop.mgan("train data --quiet --seed 2" + kSmall).status == 0);
    CHECK(shop.has("run/model.safetensors"));
    CHECK(shop.has("run-2/model.safetensors"));
    CHECK(shop.read("run/model.safetensors") != shop.read("run-2/model.safetensors"));
    const process::Result result = shop.mgan("train --resume");
    CHECK(result.status == 0);
    CHECK_THAT(result.out, Contains("run-2: this run is finished"));
}

TEST_CASE("A run in the folder of the music is no music, so that it can be resumed") {
    const Workshop shop;
    shop.write_music(4);
    const process::Result first = shop.mgan("train data --out data/a/run" + kSmall);
    REQUIRE(first.status == 0);
    CHECK_THAT(first.out, !Contains("left out"));
    const process::Result again = shop.mgan("train --resume --out data/a/run");
    CHECK(again.status == 0);
    CHECK(again.error.empty());
    CHECK_THAT(again.out, StartsWith("Data: 4 songs in 4 files ") &&
                              Contains("in the folders of runs left out"));
}

TEST_CASE("A name with a space stands in quotes in the commands that a training proposes") {
    const Workshop shop;
    shop.write_music(2, "my music");
    std::vector<std::string> words = {MGAN_PROGRAM, "train", "my music", "-o", "Bach's run"};
    for (const std::string& word : program::split(kSmall)) words.push_back(word);
    const process::Result result = process::run(words, shop.path());
    CHECK(result.status == 0);
    CHECK_THAT(result.out, Contains("mgan generate 'Bach'\\''s run' --count") &&
                               Contains("--against '/") && Contains("my music'\n"));
    CHECK_THAT(result.out, Contains("too few pieces to keep some apart"));
    const process::Result evaluated = process::run(
        {MGAN_PROGRAM, "evaluate", "Bach's run/songs", "--run", "Bach's run"}, shop.path());
    CHECK(evaluated.status == 1);
    CHECK_THAT(evaluated.error, Contains("too few to keep some apart") && Contains("--against '/"));
}

TEST_CASE("A folder that holds a run is not trained into, and its model stays") {
    const Workshop shop;
    shop.write_music(4);
    REQUIRE(shop.mgan("train data --quiet --out run" + kSmall).status == 0);
    const std::string model = shop.read("run/model.safetensors");
    const process::Result result = shop.mgan("train data --out run --seed 2" + kSmall);
    CHECK(result.status == 1);
    CHECK(program::lines(result.error) == 1);
    CHECK_THAT(result.error, Contains("run: holds a run already") && Contains("--resume"));
    CHECK(shop.read("run/model.safetensors") == model);
}

TEST_CASE("The model has the same bytes for every number of threads, and songs with it") {
    const Workshop shop;
    shop.write_music();
    for (const std::string threads : {"1", "2", "3"}) {
        REQUIRE(
            shop.mgan("train data --quiet --out run" + threads + " --threads " + threads + kSmall)
                .status == 0);
        for (const std::string file :
             {"model.safetensors", "checkpoint.safetensors", "songs/song-02.mid"})
            CHECK(shop.read("run" + threads + "/" + file) == shop.read("run1/" + file));
    }
}

TEST_CASE("Bad files are skipped and listed, good ones used") {
    const Workshop shop;
    shop.write_music(1);
    shop.write_text("data/empty.mid", "");
    shop.write_text("data/letter.mid", "Dear Wolfgang,\nthe music is in the other envelope.\n");
    shop.write_text("data/broken.mid", std::string("MThd\0\0\0\6\0\1\0\1\1\x80MTrk\xff\xff", 20));
    const process::Result result = shop.mgan("train data --out run" + kSmall);
    CHECK(result.status == 0);
    CHECK_THAT(result.out,
               StartsWith("Data: 1 song in 1 file of 1 folder: ") && Contains("3 files skipped"));
    for (const char* name : {"broken.mid", "empty.mid", "letter.mid"}) {
        CHECK_THAT(result.out, Contains(std::string("  skipped ") + name + ": "));
        CHECK_THAT(shop.read("run/skipped.tsv"), Contains(std::string(name) + "\t"));
    }
    CHECK(program::lines(shop.read("run/skipped.tsv")) == 3);
}

TEST_CASE("A folder without a usable file is exit status 1 and one clear line, and no run") {
    const Workshop shop;
    shop.write_text("data/empty.mid", "");
    shop.write_text("data/letter.mid", "Dear Wolfgang,\n");
    const process::Result result = shop.mgan("train data --out run" + kSmall);
    CHECK(result.status == 1);
    CHECK(program::lines(result.error) == 1);
    CHECK_THAT(result.error, StartsWith("mgan: data: no usable MIDI file (2 found"));
    CHECK_FALSE(shop.has("run"));
}

TEST_CASE("Names of files may hold any bytes") {
    const Workshop shop;
    shop.write_music(3);
    std::filesystem::rename(shop / "data/a/song0.mid", shop / "data/a/\xE9t\xE9 \x01 \"1\".mid");
    REQUIRE(shop.mgan("train data --quiet --out run" + kSmall).status == 0);
    const process::Result stats = shop.mgan("stats data --json");
    CHECK(stats.status == 0);
    CHECK_THAT(stats.out, Contains("data/a/?t? ? \\\"1\\\".mid"));
}

TEST_CASE("A run that is finished can be given more epochs, to the same bytes as asked at once") {
    const Workshop shop;
    shop.write_music();
    const std::string constant = " --set adversarial.schedule=constant";
    REQUIRE(shop.mgan("train data --quiet --out run" + kSmall + constant).status == 0);
    const process::Result more = shop.mgan("train --resume --out run --epochs 4");
    CHECK(more.status == 0);
    CHECK_THAT(more.out, Contains("adversarial 3/4 ") && Contains("adversarial 4/4 "));
    std::string longer = kSmall;
    longer.replace(longer.find("--epochs 2"), 10, "--epochs 4");
    REQUIRE(shop.mgan("train data --quiet --out whole" + longer + constant).status == 0);
    CHECK(shop.read("run/model.safetensors") == shop.read("whole/model.safetensors"));
    CHECK_THAT(shop.read("run/config.json"), Contains("\"adversarial.epochs\": 4"));
}

TEST_CASE("train --resume refuses other data and other settings, and names them") {
    const Workshop shop;
    shop.write_music();
    shop.write_music(8, "other", 2);
    REQUIRE(shop.mgan("train data --quiet --out run" + kSmall).status == 0);
    const std::string checkpoint = shop.read("run/checkpoint.safetensors");
    const process::Result settings = shop.mgan("train --resume --out run --batch 6");
    CHECK(settings.status == 1);
    CHECK(program::lines(settings.error) == 1);
    CHECK_THAT(settings.error, Contains("batch = 4, not 6"));
    const process::Result data = shop.mgan("train other --resume --out run");
    CHECK(data.status == 1);
    CHECK(program::lines(data.error) == 1);
    CHECK_THAT(data.error, Contains("other songs"));
    CHECK(shop.read("run/checkpoint.safetensors") == checkpoint);
}

TEST_CASE("train --resume does not split the songs again unless it says so") {
    const Workshop shop;
    shop.write_music();
    REQUIRE(shop.mgan("train data --quiet --out run" + kSmall).status == 0);
    const std::string split = shop.read("run/split.tsv");
    std::string windows;
    for (const char c : split) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
    shop.write_text("run/split.tsv", windows);
    CHECK(shop.mgan("train --resume --out run").status == 0);
    CHECK(shop.mgan("evaluate run/songs --run run").status == 0);
    CHECK(shop.read("run/split.tsv") == windows);

    for (const std::string& damaged : {split.substr(0, split.size() - 3), split.substr(20),
                                       std::string(split.size(), '\0'), std::string()}) {
        shop.write_text("run/split.tsv", damaged);
        const process::Result result = shop.mgan("train --resume --out run");
        CHECK(result.status == 1);
        CHECK(program::lines(result.error) == 1);
        CHECK_THAT(result.error, Contains("run/split.tsv: ") && Contains("line"));
        CHECK(shop.read("run/split.tsv") == damaged);
    }
    CHECK_THAT(shop.mgan("evaluate run/songs --run run").error, Contains("run/split.tsv: no line"));

    std::filesystem::remove(shop / "run/split.tsv");
    const process::Result again = shop.mgan("train --resume --out run");
    CHECK(again.status == 0);
    CHECK_THAT(again.out, Contains("run/split.tsv is not there: the songs are split again"));
    CHECK(shop.read("run/split.tsv") == split);
}

TEST_CASE("train --resume where nothing is yet starts the run") {
    const Workshop shop;
    shop.write_music(4);
    const process::Result result = shop.mgan("train data --resume --out run" + kSmall);
    CHECK(result.status == 0);
    CHECK_THAT(result.out, Contains("Nothing to resume yet"));
    CHECK(shop.has("run/model.safetensors"));
}

TEST_CASE("A training that overflows stops with one line, and its last checkpoint is sound") {
    const Workshop shop;
    shop.write_music();
    const process::Result result = shop.mgan(
        "train data --out run --preset paper --length 12 --batch 4 --pretrain-epochs 200"
        " --epochs 1 --lr 10 --set generator.hidden=8 --set generator.head=8"
        " --set discriminator.hidden=8 --set encoding.normalisation=none --set optimiser.clip=0"
        " --set evaluation.songs=2");
    CHECK(result.status == 1);
    CHECK(program::lines(result.error) == 1);
    CHECK_THAT(result.error, StartsWith("mgan: run: epoch ") && Contains("Try a lower") &&
                                 Contains("checkpoint is unharmed"));
    CHECK_FALSE(std::filesystem::exists(shop / "run/songs/song-03.mid"));
    // What was saved before can be read, and says the same again.
    CHECK(shop.mgan("generate run --count 1 --out songs").status == 0);
    CHECK(shop.mgan("train --resume --quiet --out run").error == result.error);
}

TEST_CASE("mgan train names the settings that step heads do not read, and they change nothing") {
    const Workshop shop;
    shop.write_music();
    const std::vector<std::string> unread = {"initialisation=glorot",
                                             "encoding.normalisation=log",
                                             "encoding.pitch_contrast=1",
                                             "encoding.pitch_in_hz=true",
                                             "encoding.step_ticks=48",
                                             "encoding.context_pitch_class=false",
                                             "encoding.context_beat=false",
                                             "encoding.context_recent=2",
                                             "encoding.context_recall=false",
                                             "encoding.context_style=false",
                                             "generator.noise_to_head=true",
                                             "discriminator.minibatch_deviation=false",
                                             "discriminator.pitch_class=false",
                                             "discriminator.quantise=false",
                                             "pretrain.loss=mse",
                                             "pretrain.curriculum_start=5",
                                             "pretrain.quantile_low=0.2",
                                             "pretrain.quantile_high=0.8",
                                             "adversarial.loss=saturating",
                                             "adversarial.loss_weight=0.9",
                                             "adversarial.lambda=0.9",
                                             "adversarial.label_smoothing=0.1",
                                             "adversarial.feature_matching=energy",
                                             "adversarial.feature_matching_weight=2",
                                             "adversarial.through_feedback=true",
                                             "adversarial.freezing=loser",
                                             "adversarial.freezing_ratio=0.5",
                                             "pf.learning_rate=0.1"};
    std::string changes, read = " --set pretrain.dropout=0.3";
    for (const std::string& assignment : unread) changes += " --set " + assignment;
    const process::Result plain = shop.mgan("train data --out plain" + kSmall);
    REQUIRE(plain.status == 0);
    CHECK(plain.out.find("has no effect") == std::string::npos);
    const process::Result changed = shop.mgan("train data --out changed" + kSmall + changes);
    INFO(changed.error);
    REQUIRE(changed.status == 0);
    for (const std::string& assignment : unread) {
        const std::string key = assignment.substr(0, assignment.find('='));
        CHECK_THAT(changed.out, Contains("Note: " + key + " has no effect with generator.heads"));
    }
    // All numbers but the times.
    const auto numbers = [&](const std::string& run) {
        const std::string text = shop.read(run + "/history.jsonl");
        std::string without;
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t begin = std::min(text.find("\"seconds\":", at), text.size());
            without += text.substr(at, begin - at);
            at = std::min(text.find_first_of(",}", begin), text.size());
        }
        return without;
    };
    CHECK(numbers("changed") == numbers("plain"));
    REQUIRE(shop.mgan("train data --out read" + kSmall + read).status == 0);
    CHECK(numbers("read") != numbers("plain"));
}
