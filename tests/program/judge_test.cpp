#include "mgan.hpp"

#include <nlohmann/json.hpp>

#include <support/catch.hpp>

#include <set>
#include <sstream>

using Catch::Matchers::Contains;
using nlohmann::json;
using program::Workshop;

namespace {

/// Songs of 120 notes: FOLDER/song0.mid, ... `step`: how far the melody goes at once.
void write_tunes(const Workshop& shop, const std::string& folder, std::size_t count, int step,
                 std::size_t notes = 120) {
    std::filesystem::create_directories(shop / folder);
    for (std::size_t i = 0; i < count; ++i) {
        const mgan::Random random(static_cast<std::uint64_t>(step), folder, i);
        mgan::midi::Song song;
        std::int64_t onset = 0;
        int pitch = 60;
        for (std::size_t n = 0; n < notes; ++n) {
            onset += 96 * static_cast<std::int64_t>(1 + random.integer(2 * n, 2));
            pitch += step * (static_cast<int>(random.integer(2 * n + 1, 3)) - 1);
            pitch = pitch < 40 ? pitch + 12 : pitch > 80 ? pitch - 12 : pitch;
            song.notes.push_back({onset, 96, pitch, 64 + static_cast<int>(n % 3), 0});
        }
        mgan::midi::save_song(shop / (folder + "/song" + std::to_string(i) + ".mid"), song);
    }
}

std::set<std::string> keys(const json& object) {
    std::set<std::string> names;
    for (const auto& [key, value] : object.items()) names.insert(key);
    return names;
}

}  // namespace

TEST_CASE_METHOD(Workshop, "mgan evaluate --run says what was copied, and from where") {
    write_tunes(*this, "data", 30, 1);
    REQUIRE(mgan("train data --out run" + program::kSmall).status == 0);
    const json of_run = json::parse(read("run/copied.json"));
    CHECK(keys(of_run) == std::set<std::string>{"6", "12", "24", "longest"});
    CHECK(of_run["6"]["real"].is_number());

    // Half of a training song, three semitones up.
    std::string file;
    std::istringstream split(read("run/split.tsv"));
    for (std::string line; std::getline(split, line);)
        if (line.ends_with("\ttrain")) file = line.substr(0, line.find('\t'));
    mgan::midi::Song copy = mgan::midi::load_song(*this / ("data/" + file));
    copy.notes.resize(60);
    for (mgan::midi::Note& note : copy.notes) note.pitch += 3;
    std::filesystem::create_directories(*this / "made");
    mgan::midi::save_song(*this / "made/copy.mid", copy);
    const process::Result result = mgan("evaluate made --run run --json");
    REQUIRE(result.status == 0);
    const json object = json::parse(result.out);
    CHECK(object["copied"]["24"]["generated"] == 1.0);
    CHECK(object["copied"]["24"]["real"] < 0.1);
    CHECK(object["longest_copied"]["notes"] == 60);
    CHECK(object["longest_copied"]["training_note"] == 1);
    CHECK(mgan("evaluate made --run run").out.find("longest: 60 notes, from note 1 of copy.mid") !=
          std::string::npos);
    CHECK_FALSE(json::parse(mgan("evaluate made --against data --json").out).contains("copied"));
}

TEST_CASE_METHOD(Workshop,
                 "mgan judge --json: the contract's keys, and songs that differ are told") {
    write_tunes(*this, "data", 30, 1);
    write_tunes(*this, "made", 20, 5);
    const process::Result result = mgan("judge made --against data --seeds 1 --steps 10 --json");
    CHECK(result.status == 0);
    CHECK(result.error.empty());
    const json object = json::parse(result.out);
    CHECK(keys(object) == std::set<std::string>{"network", "statistics", "controls", "give_aways",
                                                "songs", "copied"});
    for (const char* judge : {"network", "statistics"}) {
        CHECK(keys(object[judge]) == std::set<std::string>{"accuracy", "interval", "auc"});
        CHECK(object[judge]["interval"].size() == 2);
        CHECK(object[judge]["interval"][0].get<double>() <=
              object[judge]["accuracy"].get<double>());
    }
    CHECK(object["statistics"]["accuracy"].get<double>() > 0.9);
    CHECK(keys(object["controls"]) == std::set<std::string>{"real_real", "shuffled"});
    for (const auto& [name, control] : object["controls"].items())
        CHECK(keys(control) == std::set<std::string>{"network", "statistics"});
    double before = 1.0;
    for (const json& one : object["give_aways"]) {
        CHECK(keys(one) == std::set<std::string>{"name", "auc", "real", "generated"});
        CHECK(one["auc"].get<double>() <= before);
        before = one["auc"];
    }
    CHECK(object["give_aways"].size() == 20);
    CHECK(object["songs"]["real"] == 10);
    CHECK(object["songs"]["generated"] == 20);
    CHECK(keys(object["copied"]) == std::set<std::string>{"6", "12", "24"});
    for (const auto& [length, shares] : object["copied"].items())
        CHECK(keys(shares) == std::set<std::string>{"real", "generated"});

    const process::Result text = mgan("judge made --against data --seeds 1 --steps 10");
    CHECK(text.status == 0);
    CHECK_THAT(text.out, Contains("6 generated songs against 10 real ones") &&
                             Contains("real against real") && Contains("What gives them away") &&
                             Contains("passages of 7 notes"));
}

TEST_CASE_METHOD(Workshop, "mgan judge says what to do where it cannot judge") {
    write_tunes(*this, "data", 12, 1);
    write_tunes(*this, "made", 12, 1);
    write_tunes(*this, "short", 12, 1, 99);
    write_tunes(*this, "few", 4, 1);
    CHECK(mgan("judge made").status == 2);
    CHECK_THAT(mgan("judge made").error, Contains("--against is required"));
    CHECK(mgan("judge made --against data --seeds 0").status == 2);
    for (const char* songs : {"short", "few"}) {
        const process::Result result = mgan(std::string("judge ") + songs + " --against data");
        CHECK(result.status == 1);
        CHECK(program::lines(result.error) == 1);
        CHECK_THAT(result.error, Contains("10 generated songs of 100 notes") &&
                                     Contains("mgan generate --count 200"));
    }
    const process::Result real = mgan("judge made --against few");
    CHECK(real.status == 1);
    CHECK_THAT(real.error, Contains("give a folder with more music"));
    CHECK_THAT(mgan("judge made --against data --run data").error, Contains("holds no run"));
    CHECK_THAT(mgan("judge nowhere --against data").error, Contains("nowhere"));
}

TEST_CASE_METHOD(
    Workshop, "mgan judge --run learns from the run's training songs and judges its test songs") {
    write_tunes(*this, "data", 16, 1);
    write_tunes(*this, "made", 12, 5);
    std::string split;
    for (int i = 0; i < 16; ++i)
        split += "song" + std::to_string(i) + ".mid\t" +
                 (i < 5   ? "test"
                  : i < 7 ? "validation"
                          : "train") +
                 "\n";
    write_text("run/config.json", "{}");
    write_text("run/split.tsv", split);
    const std::string line = "judge made --against data --run run --seeds 1 --steps 5";
    CHECK_THAT(mgan(line).out, Contains("against 5 real ones, after learning from 8 and 9 others"));
    CHECK(mgan(line).out == mgan(line + " --part test").out);
    const process::Result few = mgan(line + " --part validation");
    CHECK(few.status == 1);
    CHECK_THAT(few.error,
               Contains("2 songs of data are in the part validation") && Contains("Without --run"));
    CHECK(mgan(line + " --part train").status == 2);
    // Without --against the run says where its music is: in bytes, where the name is no text.
    std::string bytes;
    for (const char c : (*this / "data").string()) {
        const auto byte = static_cast<unsigned char>(c);
        for (const unsigned digit : {byte / 16u, byte % 16u}) bytes += "0123456789abcdef"[digit];
    }
    write_text("run/config.json", R"({"data": "d?ta", "data_bytes": ")" + bytes + R"("})");
    const std::string alone = "judge made --run run --seeds 1 --steps 5";
    CHECK(mgan(alone).out == mgan(line).out);
    write_text("run/config.json", R"({"data": "/nowhere/at/all"})");
    const process::Result gone = mgan(alone);
    CHECK(gone.status == 1);
    CHECK_THAT(gone.error, Contains("/nowhere/at/all") && Contains("--against FOLDER"));
}
