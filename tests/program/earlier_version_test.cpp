// Files that an earlier version wrote (tests/data/v0.1.0/make says how), read by this one. What a
// version number promises is in docs/versioning.md.

#include "mgan.hpp"

#include <mgan/runs/history.hpp>

#include <support/catch.hpp>

using Catch::Matchers::Contains;
using program::Workshop;

namespace {

const std::filesystem::path kOld = std::filesystem::path(MGAN_SOURCE_DIR) / "tests/data/v0.1.0";
constexpr const char* kVariants[] = {"c-rnn-gan", "carnn-gan", "carnn-mgan", "carnn-pf-mgan"};

/// A workshop with a copy of the old files, which have a folder for each variant.
struct Museum : Workshop {
    Museum() {
        std::filesystem::copy(kOld, path() / "old", std::filesystem::copy_options::recursive);
    }
};

using Notes = std::vector<std::array<std::int64_t, 4>>;

/// Onset, length, pitch and velocity of all notes.
Notes notes_of(const std::filesystem::path& file) {
    Notes notes;
    for (const mgan::midi::Note& note : mgan::midi::load_song(file).notes)
        notes.push_back({note.onset, note.length, note.pitch, note.velocity});
    return notes;
}

}  // namespace

// The numbers behind the notes depend on the processor's vectors in their last bits; that no note
// of these songs does was checked with AVX-512 and with SSE2.
TEST_CASE_METHOD(Museum, "Version 0.1.0: its models generate the songs that they generated then") {
    for (const std::string variant : kVariants) {
        INFO(variant);
        const process::Result result =
            mgan("generate old/" + variant + " --seed 5 --count 3 --out new/" + variant);
        REQUIRE(result.status == 0);
        for (const char* song : {"song-01.mid", "song-02.mid", "song-03.mid"}) {
            INFO(song);
            const Notes then = notes_of(kOld / variant / "songs" / song);
            REQUIRE(then.size() == 16);
            CHECK(notes_of(path() / "new" / variant / song) == then);
        }
    }
}

TEST_CASE_METHOD(Museum, "Version 0.1.0: its settings are accepted, and none of them changes") {
    for (const std::string variant : kVariants) {
        INFO(variant);
        const process::Result result =
            mgan("train --config old/" + variant + "/config.json --print-config");
        REQUIRE(result.status == 0);
        // Every line of a setting stands in the old file too, if the old version had it; the notes
        // are not settings. Heads were numeric.
        CHECK_THAT(result.out, Contains("\"generator.heads\": \"numeric\""));
        const std::string then = read("old/" + variant + "/config.json");
        std::istringstream lines(result.out);
        for (std::string line; std::getline(lines, line);) {
            if (!line.empty() && line.back() == ',') line.pop_back();
            const std::string key = line.substr(0, line.find(':') + 1);
            if (!key.empty() && then.find(key) == std::string::npos) continue;  // new
            CHECK_THAT(then, Contains(line));
        }
    }
}

TEST_CASE_METHOD(Museum, "Version 0.1.0: info says what its models are, and report shows its run") {
    for (const std::string variant : kVariants) {
        const process::Result result = mgan("info old/" + variant);
        CHECK(result.status == 0);
        CHECK_THAT(result.out, Contains(variant) && Contains("generator.hidden"));
    }
    CHECK(mgan("report old/c-rnn-gan --out page.html").status == 0);
    CHECK(has("page.html"));
}

// The run was trained on the bundled music: if that changes, its fingerprint does, and the run has
// to be made anew.
TEST_CASE_METHOD(Museum, "Version 0.1.0: its run goes on as it would have gone on then") {
    const std::string before = read("old/c-rnn-gan/history.jsonl");
    const process::Result result = mgan("train --resume --out old/c-rnn-gan --epochs 2 --quiet");
    CHECK(result.error == "");
    REQUIRE(result.status == 0);
    const std::string after = read("old/c-rnn-gan/history.jsonl");
    REQUIRE(after.substr(0, before.size()) == before);
    const auto then = mgan::read_history(kOld / "c-rnn-gan/continued.jsonl");
    const auto now = mgan::read_history(path() / "old/c-rnn-gan/history.jsonl");
    REQUIRE(then.size() == 1);
    REQUIRE(now.size() == 4);
    for (const auto& [key, value] : then.front().items()) {
        INFO(key);
        REQUIRE(now.back().contains(key));
        // Losses agree but for the rounding of another processor; the metrics of songs, which are
        // few, might differ by a note.
        if (key.find("loss") == key.npos && key.find("d_") == key.npos) continue;
        CHECK(*now.back().number(key) == Approx(*then.front().number(key)).epsilon(1e-3));
    }
}
