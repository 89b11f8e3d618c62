#include "mgan.hpp"

#include <mgan/generation/model_file.hpp>
#include <mgan/metrics/song_metrics.hpp>

#include <nlohmann/json.hpp>

#include <support/catch.hpp>
#include <support/folder.hpp>

#include <chrono>
#include <set>
#include <thread>

using Catch::Matchers::Contains;
using nlohmann::json;
using program::kSmall;
using Trained = program::TrainedWorkshop;

namespace {

std::set<std::string> keys(const json& object) {
    std::set<std::string> names;
    for (const auto& [key, value] : object.items()) names.insert(key);
    return names;
}

const std::set<std::string> kMetricKeys = {"notes",        "scale_consistency", "tone_span",
                                           "unique_tones", "intensity_span",    "polyphony",
                                           "repetitions_3"};

}  // namespace

TEST_CASE_METHOD(Trained, "mgan generate writes as many songs as asked, of the length asked") {
    const process::Result result = mgan("generate run --count 20 --length 30 --out songs");
    CHECK(result.status == 0);
    CHECK(result.error.empty());
    for (int i = 1; i <= 20; ++i) {
        const std::string name =
            std::string("songs/song-") + (i < 10 ? "0" : "") + std::to_string(i);
        const mgan::midi::ReadResult read =
            mgan::midi::read_file(*this / (name + ".mid"), {.mode = mgan::midi::ReadMode::strict});
        const mgan::midi::Song song = mgan::midi::to_song(read.file);
        CHECK(song.notes.size() == 30);
        REQUIRE(song.tempo.size() == 1);
        CHECK(song.tempo[0].microseconds_per_quarter == 500'000);
    }
    CHECK_FALSE(has("songs/song-21.mid"));
}

TEST_CASE_METHOD(Trained, "mgan generate tells of music that was in the folder before") {
    CHECK_THAT(mgan("generate run --count 3 --out songs").out, !Contains("before"));
    CHECK_THAT(mgan("generate run --count 3 --seed 2 --out songs").out, !Contains("before"));
    CHECK_THAT(mgan("generate run --count 2 --out songs").out,
               Contains("1 other file of music was in songs before"));
    CHECK_THAT(mgan("generate run --count 100 --out songs").out,
               Contains("3 other files of music were in songs before"));
    CHECK(has("songs/song-03.mid"));
}

TEST_CASE_METHOD(Trained, "mgan generate has its folder to itself, and leaves no lock in it") {
    process::Child first(words("generate run --count 1 --length 1000000 --out songs"), path());
    for (int i = 0; i < 60'000 && !first.ended() && !has("songs/.generate.lock"); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    REQUIRE_FALSE(first.ended());
    const mgan_test::Folder elsewhere;
    const auto second = [&](const std::string& folder) {
        return process::run(words("generate " + (*this / "run").string() + " --count 1 --out " +
                                  (*this / folder).string()),
                            elsewhere.path());
    };
    const process::Result refused = second("songs");
    CHECK(refused.status == 1);
    CHECK_THAT(refused.error, Contains("songs: process ") && Contains(" works on it"));
    CHECK(second("other").status == 0);
    first.send(SIGINT);
    CHECK(first.wait().status == 130);
    CHECK_FALSE(has("songs"));  // it was empty

    write_text("songs/.generate.lock", "process 1 on a machine that was switched off\n");
    CHECK(second("songs").status == 0);
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(*this / "songs"))
        names.insert(entry.path().filename().string());
    CHECK(names == std::set<std::string>{"song-01.mid"});
}

TEST_CASE_METHOD(Trained, "mgan generate says how much a model asks for, and Ctrl-C stops it") {
    mgan::Model model = mgan::load_model(*this / "run");
    model.settings.playing.particles = 256;
    mgan::save_model(*this / "slow.safetensors", model);
    CHECK(mgan("generate slow.safetensors --count 2 --out songs").error.empty());
    process::Child child(words("generate slow.safetensors --count 3 --length 10000 --out many"),
                         path());
    for (int i = 0; i < 60'000 && !child.ended() && read("stderr.txt").empty(); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    REQUIRE_FALSE(child.ended());
    child.send(SIGINT);
    const process::Result result = child.wait();
    CHECK(result.status == 130);
    CHECK(result.error ==
          "mgan: 3 songs of 10000 events (--length), each chosen among 256 (playing.particles of "
          "the model): 7 680 000 events to play, which may take minutes; Ctrl-C stops it\n");
}

TEST_CASE_METHOD(Trained,
                 "mgan generate: --guide 0 is the plain stream, whatever a model asks for") {
    mgan::Model model = mgan::load_model(*this / "run");
    REQUIRE(model.steps->discriminator.has_value());
    model.settings.playing.guide = model.settings.playing.particles = 0;
    mgan::save_model(*this / "plain.safetensors", model);
    model.settings.playing.particles = 4;
    mgan::save_model(*this / "weighed.safetensors", model);
    const auto song = [&](const std::string& what) {
        CHECK(mgan("generate " + what + " --count 1 --out one").status == 0);
        return read("one/song-01.mid");
    };
    const std::string plain = song("plain.safetensors"), weighed = song("weighed.safetensors");
    CHECK(plain != weighed);
    CHECK(song("weighed.safetensors --guide 0") == plain);
    CHECK(song("weighed.safetensors --particles 0") == plain);
    CHECK(song("plain.safetensors --particles 4") == weighed);
    CHECK(song("weighed.safetensors --transpose 0 --density 1 --temperature 1") == weighed);
    CHECK(song("weighed.safetensors --guide 3") == song("plain.safetensors --guide 3"));
}

TEST_CASE_METHOD(Trained,
                 "Links that lead nowhere stay: files are created through them, folders not") {
    std::filesystem::create_symlink("later", *this / "link");
    const process::Result refused = mgan("generate run --count 1 --out link");
    CHECK(refused.status == 1);
    CHECK_THAT(refused.error, Contains("link: is a link to later, which is not there"));
    std::filesystem::create_symlink("half.safetensors", *this / "linked.safetensors");
    REQUIRE(mgan("convert run linked.safetensors --half").status == 0);
    CHECK(std::filesystem::is_symlink(*this / "linked.safetensors"));
    CHECK(has("half.safetensors"));
}

TEST_CASE_METHOD(Trained, "mgan generate: the seed decides, and threads and model file do not") {
    const auto first = [&](const std::string& options) {
        CHECK(mgan("generate " + options + " --out other").status == 0);
        return read("other/song-01.mid");
    };
    const std::string song = first("run --count 3");
    CHECK(first("run --count 1") == song);
    CHECK(first("run --count 15 --threads 3") == song);
    CHECK(first("run/model.safetensors --seed 1") == song);
    CHECK(first("run --seed 2") != song);
    CHECK(first("run --tempo 60") != song);
    // With the run's seed they are the songs of the run, under another tempo event.
    const auto notes = [&](const std::string& name) {
        return mgan::midi::load_song(*this / name).notes;
    };
    CHECK(mgan("generate run --count 3 --out same").status == 0);
    CHECK(notes("same/song-02.mid") == notes("run/songs/song-02.mid"));
}

TEST_CASE_METHOD(Trained, "mgan stats --json: an array with the contract's keys") {
    write_text("data/letter.mid", "Dear Wolfgang,\n");
    mgan::midi::save_song(*this / "data/silence.mid", mgan::midi::Song{});
    const process::Result result = mgan("stats data --json");
    CHECK(result.status == 0);
    const json array = json::parse(result.out);
    REQUIRE(array.size() == 10);
    std::set<std::string> expected = kMetricKeys;
    expected.insert({"file", "reference"});
    for (const json& object : array) {
        if (object["file"] == "data/letter.mid") {
            CHECK(keys(object) == std::set<std::string>{"file", "error"});
            continue;
        }
        CHECK(keys(object) == expected);
        CHECK(keys(object["reference"]) ==
              std::set<std::string>{"scale_consistency", "polyphony", "repetitions_3"});
        const std::string file = object["file"];
        const mgan::metrics::SongMetrics metrics =
            mgan::metrics::compute(mgan::midi::load_song(*this / file));
        CHECK(object["notes"] == metrics.notes);
        CHECK(object["repetitions_3"] == metrics.repetitions_3);
        if (file == "data/silence.mid") {
            CHECK(object["notes"] == 0);
            for (const char* key :
                 {"scale_consistency", "tone_span", "intensity_span", "polyphony"})
                CHECK(object[key].is_null());
        } else {
            CHECK(object["scale_consistency"].get<double>() == *metrics.scale_consistency);
            CHECK(object["polyphony"].get<double>() == *metrics.polyphony);
            CHECK(object["reference"]["polyphony"].get<double>() == metrics.reference.polyphony);
        }
    }
    const process::Result one = mgan("stats data/a/song0.mid --json");
    CHECK(json::parse(one.out).size() == 1);
}

TEST_CASE_METHOD(Trained, "mgan stats: a table with a line a file and their mean") {
    const process::Result result = mgan("stats data");
    CHECK(result.status == 0);
    CHECK(program::lines(result.out) == 10);
    CHECK_THAT(result.out, Contains("data/a/song0.mid") && Contains("  mean\n"));
}

TEST_CASE_METHOD(Trained, "mgan evaluate --json: the contract's keys") {
    REQUIRE(mgan("generate run --count 6 --out songs").status == 0);
    const process::Result result = mgan("evaluate songs --against data --json");
    CHECK(result.status == 0);
    const json object = json::parse(result.out);
    std::set<std::string> known = keys(object);
    known.erase("undefined");  // the reasons for what is null
    CHECK(known == std::set<std::string>{"metrics", "mean_overlap_area", "mean_gap", "longest_run",
                                         "songs"});
    CHECK(keys(object["metrics"]) == kMetricKeys);
    for (const auto& [key, metric] : object["metrics"].items()) {
        CHECK(keys(metric) == std::set<std::string>{"real", "generated", "overlap_area",
                                                    "kl_divergence", "wasserstein", "gap"});
        CHECK(keys(metric["real"]) == std::set<std::string>{"mean", "sd"});
        CHECK(keys(metric["generated"]) == std::set<std::string>{"mean", "sd"});
        CHECK(metric["overlap_area"].is_number());
        const bool has_null = metric["kl_divergence"].is_null() || metric["gap"].is_null();
        CHECK((object.contains("undefined") && object["undefined"].contains(key)) == has_null);
    }
    CHECK(object["songs"]["real"] == 8);
    CHECK(object["songs"]["generated"] == 6);
    CHECK(keys(object["longest_run"]) == std::set<std::string>{"real", "generated"});
    // Real songs are cut to the generated songs' 12 notes.
    CHECK(object["metrics"]["notes"]["real"]["mean"] == 12.0);
    CHECK(mgan("evaluate songs --against data --json").out == result.out);
    CHECK(mgan("evaluate songs --against data --json --seed 2").out != result.out);
}

TEST_CASE_METHOD(Trained, "mgan evaluate: real songs against themselves are alike") {
    const json object = json::parse(mgan("evaluate data --against data --json").out);
    CHECK(object["metrics"]["tone_span"]["real"]["sd"].get<double>() > 0.0);
    CHECK(object["mean_gap"].get<double>() < 0.8);
    CHECK(object["mean_overlap_area"].get<double>() > 0.5);
}

TEST_CASE_METHOD(Trained, "mgan evaluate --run takes one part of the run's data") {
    const json test = json::parse(mgan("evaluate run/songs --run run --json").out);
    CHECK(test["songs"]["real"] == 1);
    const json train = json::parse(mgan("evaluate run/songs --run run --part train --json").out);
    CHECK(json::parse(mgan("evaluate run --run run --json").out) == test);  // the songs it made
    CHECK(train["songs"]["real"] == 6);
    // What real songs of the training part reach in their place, unless they are what is compared.
    CHECK(keys(test["control"]) == std::set<std::string>{"mean_overlap_area", "mean_gap", "songs"});
    CHECK(test["control"]["songs"] == 6);
    CHECK(test["control"]["mean_gap"].is_null());  // one song has no spread by which to measure
    CHECK_FALSE(train.contains("control"));
    CHECK_FALSE(
        json::parse(mgan("evaluate run/songs --against data --json").out).contains("control"));
    const process::Result table = mgan("evaluate run/songs --run run --part validation");
    CHECK(table.status == 0);
    CHECK_THAT(table.out, Contains("3 songs against crops of 1 real one\n") &&
                              Contains("scale_consistency") && Contains("mean overlap area") &&
                              Contains("in their place 6 real songs of the training part: "));
}

TEST_CASE_METHOD(Trained, "mgan info says what a model is and how far its run got") {
    const process::Result result = mgan("info run --json");
    CHECK(result.status == 0);
    const json object = json::parse(result.out);
    CHECK(object["variant"] == "c-rnn-gan");
    CHECK(object["settings"]["generator.hidden"] == 8);
    CHECK(object["parameters"].get<int>() > 100);
    CHECK(object["tensors"].contains("lstm.weight_hh_l0"));
    CHECK(object["tensors"]["lstm.weight_hh_l0"] == json::array({32, 8}));
    CHECK(object["vocabulary"].size() == 5);
    CHECK(object["kept_phase"] == "adversarial");
    CHECK(object["run"]["last_epoch"]["kept_phase"] == "adversarial");
    CHECK(object["run"]["epochs"] == 4);
    CHECK(object["run"]["epochs_done"] == 4);
    CHECK(object["run"]["last_epoch"]["phase"] == "adversarial");
    CHECK_FALSE(json::parse(mgan("info run/model.safetensors --json").out).contains("run"));
    CHECK(json::parse(result.out)["kernels"].is_string());
    const process::Result text = mgan("info run");
    CHECK(text.status == 0);
    CHECK_THAT(text.out, Contains("epochs       4 of 4") && Contains("lstm.weight_hh_l0"));
}
