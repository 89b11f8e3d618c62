// What may go wrong around a training: two at once, damaged music, odd names, signals.
#include "mgan.hpp"

#include <support/catch.hpp>
#include <support/folder.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <thread>

using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;
using mgan_test::put;
using mgan_test::text_of;
using nlohmann::json;
using program::kSmall;
using program::Workshop;
namespace fs = std::filesystem;

namespace {

const std::string kQuick =
    " --length 12 --batch 4 --threads 1 --pretrain-epochs 1 --epochs 1 --set epoch_songs=8"
    " --set generator.hidden=4 --set generator.head=4 --set discriminator.hidden=4"
    " --set evaluation.songs=2 --set evaluation.selection_songs=3"
    " --set adversarial.discriminator_warmup=0";

/// A training that goes on until it is told to stop.
const std::string kEndless =
    " --length 12 --batch 4 --threads 1 --pretrain-epochs 100000 --epochs 1"
    " --set epoch_songs=8 --set generator.hidden=4 --set generator.head=4"
    " --set discriminator.hidden=4 --set evaluation.songs=2 --set evaluation.keep_best=false";

void wait_for(const fs::path& path, process::Child& child) {
    for (int i = 0; i < 60'000 && !child.ended() && !fs::exists(path); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

std::set<std::string> hidden_files(const fs::path& folder) {
    std::set<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with(".") && name != ".lock") names.insert(name);
    }
    return names;
}

std::string bytes_of(std::initializer_list<int> numbers) {
    std::string text;
    for (const int number : numbers) text += static_cast<char>(number);
    return text;
}

/// A MIDI file of these tracks (events without the end), 96 ticks a quarter.
std::string midi_file(int format, const std::vector<std::string>& tracks) {
    std::string file =
        "MThd" + bytes_of({0, 0, 0, 6, 0, format, 0, static_cast<int>(tracks.size()), 0, 96});
    for (const std::string& events : tracks) {
        const int size = static_cast<int>(events.size()) + 4;
        file += "MTrk" + bytes_of({0, 0, size >> 8, size & 255}) + events +
                bytes_of({0, 0xFF, 0x2F, 0});
    }
    return file;
}

std::string notes(int count, int first = 60, int channel = 0) {
    std::string events;
    for (int i = 0; i < count; ++i)
        events += bytes_of(
            {0, 0x90 | channel, first + i % 12, 64, 48, 0x80 | channel, first + i % 12, 0});
    return events;
}

}  // namespace

TEST_CASE("Trainings that are started at once take a folder each") {
    const Workshop shop;
    shop.write_music(4);
    std::vector<std::unique_ptr<Workshop>> outputs;
    std::vector<std::unique_ptr<process::Child>> children;
    for (int seed = 1; seed <= 3; ++seed) {
        // Each writes what it says into files of its own folder, so each is told where to train.
        children.push_back(std::make_unique<process::Child>(
            std::vector<std::string>{"/bin/sh", "-c",
                                     "exec " MGAN_PROGRAM " train data --seed " +
                                         std::to_string(seed) + kQuick + " > out" +
                                         std::to_string(seed)},
            shop.path()));
    }
    for (auto& child : children) CHECK(child->wait().status == 0);
    std::set<int> seeds;
    for (const char* run : {"run", "run-2", "run-3"}) {
        REQUIRE(shop.has(std::string(run) + "/model.safetensors"));
        const json config = json::parse(shop.read(std::string(run) + "/config.json"));
        const int seed = config["seed"].get<int>();
        seeds.insert(seed);
        CHECK_THAT(shop.read("out" + std::to_string(seed)),
                   Contains("Training in " + std::string(run) + ": "));
        CHECK(program::lines(shop.read(std::string(run) + "/history.jsonl")) == 2);
    }
    CHECK(seeds == std::set<int>{1, 2, 3});
    CHECK_FALSE(shop.has("run-4"));
}

TEST_CASE("A run that somebody works on is refused, and by whom is said") {
    const Workshop shop;
    shop.write_music(4);
    process::Child child(shop.words("train data --out run" + kEndless), shop.path());
    wait_for(shop / "run/config.json", child);
    REQUIRE_FALSE(child.ended());
    const mgan_test::Folder elsewhere;
    for (const std::string& line :
         {"train --resume --out " + (shop / "run").string(),
          "train " + (shop / "data").string() + " --resume --out " + (shop / "run").string()}) {
        const process::Result second = process::run(shop.words(line), elsewhere.path());
        CHECK(second.status == 1);
        CHECK_THAT(second.error, Contains("run: process ") && Contains(" works on it"));
    }
    child.send(SIGTERM);
    CHECK(child.wait().status == 130);
}

TEST_CASE("Damaged and missing music is named: mended.tsv, skipped.tsv, and the first line") {
    const Workshop shop;
    shop.write_music(6);
    std::string loud = notes(40);
    for (std::size_t i = 3; i < loud.size(); i += 8) loud[i] = static_cast<char>(128);
    put(shop / "data/loud.mid", midi_file(0, {loud}));
    put(shop / "data/drums.mid", midi_file(0, {notes(40, 36, 9)}));
    std::string utf8;
    for (const char c : midi_file(0, {notes(40)})) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x80) utf8 += static_cast<char>(0xC0 | byte >> 6);
        utf8 += byte >= 0x80 ? static_cast<char>(0x80 | (byte & 0x3F)) : c;
    }
    put(shop / "data/text.mid", utf8);
    fs::create_symlink("nowhere", shop / "data/gone.mid");
    const process::Result result = shop.mgan("train data --out run" + kQuick);
    REQUIRE(result.status == 0);
    CHECK_THAT(result.out, StartsWith("Data: 7 songs in 7 files") &&
                               Contains("; 3 files skipped; 1 file mended\n"));
    CHECK(shop.read("run/mended.tsv") == "loud.mid\tvelocity_over_127 (40)\n");
    CHECK_THAT(shop.read("run/skipped.tsv"), Contains("drums.mid\tno notes but those of drums") &&
                                                 Contains("gone.mid\tthe link leads nowhere") &&
                                                 Contains("text.mid\t") && Contains("UTF-8"));
}

TEST_CASE("A folder whose name is no UTF-8 or has a line feed is found again") {
    for (const std::string name : {"\x83s\x83"
                                   "A",
                                   "line\nfeed", "it's a \x01 \\ name"}) {
        const Workshop shop;
        shop.write_music(4, name);
        std::vector<std::string> words = shop.words("train");
        words.push_back(name);
        for (const std::string& word : program::split("--out run" + kQuick)) words.push_back(word);
        const process::Result first = process::run(words, shop.path());
        REQUIRE(first.status == 0);
        const process::Result resumed = shop.mgan("train --resume --out run");
        CHECK(resumed.status == 0);
        CHECK(shop.mgan("evaluate run --run run --part train").status == 0);
        // What is proposed can be pasted into a shell.
        const std::size_t next = first.out.find("mgan evaluate songs");
        REQUIRE(next != std::string::npos);
        CHECK(first.out.find('\n', next) == first.out.size() - 1);
    }
}

TEST_CASE("Music that has moved: resuming and evaluating say what to do") {
    const Workshop shop;
    shop.write_music(8);
    REQUIRE(shop.mgan("train data --out run" + kQuick).status == 0);
    fs::rename(shop / "data", shop / "moved");
    const process::Result resumed = shop.mgan("train --resume --out run");
    CHECK(resumed.status == 1);
    CHECK_THAT(resumed.error, Contains("mgan train FOLDER --resume --out run"));
    const process::Result evaluated = shop.mgan("evaluate run --run run");
    CHECK(evaluated.status == 1);
    CHECK_THAT(evaluated.error, Contains("--against"));
    CHECK(shop.mgan("evaluate run --run run --against moved").status == 0);
    CHECK(shop.mgan("train moved --resume --out run").status == 0);
    // From now on the run knows where it is.
    CHECK_THAT(json::parse(shop.read("run/config.json"))["data"].get<std::string>(),
               EndsWith("/moved"));
    CHECK(shop.mgan("train --resume --out run").status == 0);
    CHECK(shop.mgan("evaluate run --run run").status == 0);
}

TEST_CASE("mgan evaluate: what is not defined is null with its reason, and - in the table") {
    const Workshop shop;
    shop.write_music(1, "one");
    shop.write_music(6, "six");
    for (const std::string line : {"evaluate one --against one", "evaluate six --against one"}) {
        const json object = json::parse(shop.mgan(line + " --json").out);
        CHECK(object["mean_overlap_area"].is_null());
        CHECK(object["mean_gap"].is_null());
        CHECK(object["metrics"]["tone_span"]["overlap_area"].is_null());
        CHECK(object["metrics"]["tone_span"]["gap"].is_null());
        for (const char* key : {"mean_overlap_area", "mean_gap", "tone_span"})
            CHECK_THAT(object["undefined"][key].get<std::string>(), Contains("single real song"));
        const process::Result table = shop.mgan(line);
        CHECK_THAT(table.out, Contains("mean overlap area - (1 is best), mean gap - (0 is best)") &&
                                  Contains("- is not defined: a single real song"));
    }
    const json one = json::parse(shop.mgan("evaluate one --against six --json").out);
    CHECK(one["mean_overlap_area"].is_null());
    CHECK(one["mean_gap"].is_number());
    CHECK_THAT(one["undefined"]["mean_overlap_area"].get<std::string>(),
               Contains("single generated song"));
    const json six = json::parse(shop.mgan("evaluate six --against six --json").out);
    CHECK_FALSE(six.contains("undefined"));
    CHECK(six["mean_overlap_area"].get<double>() > 0.5);
}

TEST_CASE("mgan stats and render: the songs of format 2 one by one, and damage by name") {
    const Workshop shop;
    put(shop / "two.mid", midi_file(2, {notes(12), notes(24)}));
    const json stats = json::parse(shop.mgan("stats two.mid --json").out);
    REQUIRE(stats.size() == 2);
    CHECK(stats[0]["file"] == "two.mid, song 1");
    CHECK(stats[0]["notes"] == 12);
    CHECK(stats[1]["notes"] == 24);
    const process::Result which = shop.mgan("render two.mid -o two.wav");
    CHECK(which.status == 1);
    CHECK_THAT(which.error, Contains("two.mid") && Contains("--song"));
    CHECK(shop.mgan("render two.mid -o two.wav --song 2").status == 0);
    CHECK(shop.mgan("render two.mid -o two.wav --song 3").status == 1);

    std::string seven = midi_file(0, {notes(12)});
    for (char& c : seven) c = static_cast<char>(c & 127);
    put(shop / "seven.mid", seven);
    for (const std::string line : {"stats seven.mid", "render seven.mid -o seven.wav"}) {
        const process::Result damaged = shop.mgan(line);
        CHECK(damaged.status == 1);
        CHECK_THAT(damaged.error, Contains("seven.mid: damaged: bit 7"));
    }
}

TEST_CASE("mgan stats says of each file what was mended, and what damaged it") {
    const Workshop shop;
    shop.write_music(2);
    std::string tracks = midi_file(0, {notes(12)});
    tracks[11] = 2;  // more than there are
    put(shop / "data/tracks.mid", tracks);
    std::string loud = notes(24, 72);
    for (char& c : loud)
        if (c == 64) c = static_cast<char>(200);  // the velocities
    put(shop / "data/two.mid", midi_file(2, {notes(12), loud}));
    put(shop / "data/pitches.mid", midi_file(0, {notes(12, 188)}));
    const process::Result table = shop.mgan("stats data");
    CHECK(table.status == 0);
    CHECK_THAT(table.out,
               Contains("mean\n") && Contains("  mended: data/tracks.mid: track_count (1)\n") &&
                   Contains("  mended: data/two.mid, song 1: velocity_over_127 (24)\n") &&
                   !Contains("data/two.mid, song 2: vel") &&
                   Contains("  damaged: data/pitches.mid: 24 faults in 24 events "
                            "(high_data_byte (24)); train and pack leave it out\n"));
    CHECK_THAT(shop.mgan("stats data/tracks.mid").out, Contains("track_count (1)"));
    CHECK_THAT(shop.mgan("stats data/a").out, !Contains("mended") && !Contains("damaged"));
    std::map<std::string, json> by_name;
    for (const json& one : json::parse(shop.mgan("stats data --json").out))
        by_name[one["file"]] = one;
    REQUIRE(by_name.size() == 6);
    CHECK(by_name["data/tracks.mid"]["mended"] == "track_count (1)");
    CHECK(by_name["data/two.mid, song 2"]["mended"] == "velocity_over_127 (24)");
    CHECK(by_name["data/pitches.mid"]["damaged"] == "24 faults in 24 events (high_data_byte (24))");
    CHECK_FALSE(by_name["data/tracks.mid"].contains("damaged"));
    CHECK_FALSE(by_name["data/a/song0.mid"].contains("mended"));
    REQUIRE(shop.mgan("pack data packed.mgan --quiet").status == 0);
    CHECK_THAT(shop.mgan("stats packed.mgan").out,
               Contains("  mended: tracks.mid: track_count (1)\n"));
}

TEST_CASE(
    "A named pipe in place of a file is refused if nobody writes into it, and read otherwise") {
    const Workshop shop;
    shop.write_music(1);
    REQUIRE(::mkfifo((shop / "pipe").c_str(), 0600) == 0);
    for (const std::string line :
         {"stats pipe", "render pipe -o x.wav", "info pipe", "generate pipe", "train pipe",
          "train data --config pipe", "pack data pipe.mgan"}) {
        if (line.starts_with("pack")) std::filesystem::rename(shop / "pipe", shop / "pipe.mgan");
        const process::Result result = shop.mgan(line);
        INFO(line);
        CHECK(result.status == 1);
        CHECK(program::lines(result.error) == 1);
        CHECK_THAT(result.error, Contains("pipe"));
    }
    std::filesystem::rename(shop / "pipe.mgan", shop / "pipe");
    process::Child writer({"/bin/cp", "data/a/song0.mid", "pipe"}, shop.path());
    const process::Result read = shop.mgan("stats pipe");
    CHECK(read.status == 0);
    CHECK_THAT(read.out, Contains("  pipe\n"));

    // It can be read once only.
    shop.write_text("settings.json", shop.mgan("train --print-config --preset paper").out);
    process::Child other({"/bin/cp", "settings.json", "pipe"}, shop.path());
    CHECK_THAT(shop.mgan("train --print-config --config pipe").out,
               Contains("\"preset\": \"paper\""));
}

TEST_CASE(
    "Ctrl-C in render leaves nothing behind, and what a kill has left goes at the next call") {
    const Workshop shop;
    // An hour of music.
    std::string events;
    for (int i = 0; i < 3600; ++i)
        events += bytes_of({0, 0x90, 40 + i % 40, 64, 0x81, 0x40, 0x80, 40 + i % 40, 0});
    put(shop / "long.mid", midi_file(0, {events}));
    put(shop / "short.mid", midi_file(0, {notes(4)}));
    for (const int signal : {SIGINT, SIGTERM, SIGKILL}) {
        process::Child child(shop.words("render long.mid -o x.wav"), shop.path());
        for (int i = 0; i < 60'000 && !child.ended() && hidden_files(shop.path()).empty(); ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        REQUIRE_FALSE(child.ended());
        child.send(signal);
        (void)child.wait();
        CHECK(hidden_files(shop.path()).empty() == (signal != SIGKILL));
    }
    put(shop / ".other.wav.tmp-999999999", "of another program");
    CHECK(shop.mgan("render short.mid -o x.wav").status == 0);
    CHECK(hidden_files(shop.path()) == std::set<std::string>{".other.wav.tmp-999999999"});
}

TEST_CASE("A limit on the size of files is an error with its cause, and leaves nothing behind") {
    const Workshop shop;
    shop.write_music(4);
    // In blocks of 512 bytes or of 1024: a checkpoint and a sound are larger than either.
    const auto limited = [&](const std::string& line) {
        return process::run({"/bin/sh", "-c", "ulimit -f 24; exec " MGAN_PROGRAM " " + line},
                            shop.path());
    };
    for (const std::string& line :
         {"train data --out run" + kQuick, std::string("render data/a/song0.mid -o song.wav")}) {
        const process::Result result = limited(line);
        INFO(line);
        CHECK(result.status == 1);
        CHECK_THAT(result.error, Contains("File too large"));
    }
    CHECK(hidden_files(shop.path()).empty());
    CHECK(shop.mgan("train --resume --out run").status == 0);
}

TEST_CASE("A thousand hanging notes are played in no time") {
    const Workshop shop;
    std::string events;
    for (int i = 0; i < 1000; ++i) events += bytes_of({0, 0x90, i % 128, 64});
    events += bytes_of({0xC0, 0x00, 0xFF, 1, 1, 'x'});
    put(shop / "hang.mid", midi_file(0, {events}));
    CHECK(shop.mgan("render hang.mid -o hang.wav").status == 0);
}

TEST_CASE(
    "Settings of a newer version, and sounds too short for the PF classifier, are explained") {
    const Workshop shop;
    shop.write_music(4);
    REQUIRE(shop.mgan("train data --out run" + kQuick).status == 0);
    std::string config = shop.read("run/config.json");
    config.replace(config.find("{") + 1, 0, "\"generator.telepathy\": 3,");
    put(shop / "run/config.json", config);
    CHECK_THAT(shop.mgan("train --resume --out run").error, Contains("newer mgan"));
    const process::Result short_sound =
        shop.mgan("train data --out pf --variant carnn-pf-mgan --set pf.samples=256" + kQuick);
    CHECK(short_sound.status != 0);
    CHECK_THAT(short_sound.error, Contains("pf.samples = 256"));
}
