// The words of `mgan generate` that direct, and `mgan style`.
#include "mgan.hpp"

#include <mgan/generation/model_file.hpp>

#include <nlohmann/json.hpp>

#include <support/catch.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

using Catch::Matchers::Contains;
using nlohmann::json;
using program::kSmall;
using program::Workshop;

namespace {

/// A workshop with a model of each family of heads.
struct Directed : Workshop {
    Directed() {
        write_music();
        for (const char* line :
             {"train data --quiet --out run", "train data --quiet --preset numeric --out numeric"})
            REQUIRE(mgan(line + kSmall).status == 0);
    }

    /// `mgan generate` of a model, with options that may hold blanks.
    [[nodiscard]] process::Result generate(const std::string& model,
                                           const std::vector<std::string>& options) const {
        std::vector<std::string> all = words("generate " + model + " --count 3 --out songs");
        all.insert(all.end(), options.begin(), options.end());
        return process::run(all, path());
    }
    [[nodiscard]] mgan::Song song(int number) const {
        return Workshop::song("songs/song-0" + std::to_string(number) + ".mid");
    }
};

}  // namespace

TEST_CASE_METHOD(Directed, "mgan generate: words that direct nothing change nothing") {
    for (const std::string model : {"run", "numeric"}) {
        REQUIRE(generate(model, {}).status == 0);
        const mgan::Song usual = song(2);
        REQUIRE(
            generate(model, {"--transpose", "0", "--density", "1", "--temperature", "1"}).status ==
            0);
        CHECK(song(2) == usual);
        REQUIRE(generate(model, {"--guide", "0"}).status == 0);
        const mgan::Song plain = song(2);
        // The whole keyboard is no range: by the other way, the same notes.
        REQUIRE(generate(model, {"--range", "0-127"}).status == 0);
        CHECK(song(2).notes == plain.notes);
    }
}

TEST_CASE_METHOD(Directed, "mgan generate --scale --range --voices: every note obeys") {
    for (const std::string model : {"run", "numeric"}) {
        REQUIRE(generate(model, {"--scale", "D dorian", "--range", "C3-C6"}).status == 0);
        for (const int number : {1, 2, 3}) {
            const mgan::Song made = song(number);
            CHECK_FALSE(made.notes.empty());
            for (const mgan::Note& note : made.notes) {
                CHECK((0b101010110101 >> note.pitch % 12 & 1) != 0);
                CHECK(note.pitch >= 48);
                CHECK(note.pitch <= 84);
            }
        }
    }
    REQUIRE(generate("run", {"--voices", "1", "--length", "60"}).status == 0);
    const std::vector<mgan::Note> notes = song(1).notes;
    CHECK(notes.size() == 60);
    for (std::size_t i = 1; i < notes.size(); ++i)
        CHECK(notes[i].onset >= notes[i - 1].onset + notes[i - 1].length);
}

TEST_CASE_METHOD(Directed, "mgan generate --prime: goes on behind a melody, or with it") {
    for (const std::string model : {"run", "numeric"}) {
        const mgan::Song melody =
            mgan::midi::to_song(mgan::midi::read_file(*this / "data/a/song0.mid").file);
        REQUIRE(generate(model, {"--prime", "data/a/song0.mid", "--with-prime", "--length", "20"})
                    .status == 0);
        const mgan::Song whole = song(1);
        REQUIRE(whole.notes.size() == melody.notes.size() + 20);
        // (A note ends where its key is struck again: what follows may shorten the last ones.)
        CHECK(std::equal(melody.notes.begin(), melody.notes.end(), whole.notes.begin(),
                         [](const mgan::Note& a, const mgan::Note& b) {
                             return a.onset == b.onset && a.pitch == b.pitch &&
                                    a.velocity == b.velocity;
                         }));
        REQUIRE(generate(model, {"--prime", "data/a/song0.mid", "--length", "20"}).status == 0);
        CHECK(song(1).notes.size() == 20);
        CHECK(song(1).notes.front().onset < 384);
        REQUIRE(generate(model, {"--prime", "data/a/song0.mid", "--prime-notes", "5",
                                 "--with-prime", "--length", "7"})
                    .status == 0);
        CHECK(song(1).notes.size() == 12);
    }
    CHECK(generate("run", {"--with-prime"}).status == 2);
    CHECK(generate("run", {"--prime", "nothing.mid"}).status == 1);
}

TEST_CASE_METHOD(Directed, "mgan generate --minutes: as long as asked") {
    REQUIRE(generate("run", {"--minutes", "0.5", "--tempo", "60"}).status == 0);
    const std::vector<mgan::Note> notes = song(1).notes;
    CHECK(notes.back().onset < 30 * 384);
    CHECK(notes.back().onset > 20 * 384);
}

TEST_CASE_METHOD(Directed, "mgan generate --minutes: a model that never moves on is an error") {
    mgan::Model model = mgan::load_model(*this / "run");
    REQUIRE(model.steps);
    const auto kMost = static_cast<std::size_t>(mgan::encoding::StyleAxis::most_at_once);
    for (mgan::StepStart& start : model.steps->starts) start.style[kMost] = 8.0;
    auto& heads = model.steps->generator.heads;
    heads[mgan::encoding::StepVocabulary::move()].write.bias[0] = 1000.0f;
    heads[model.steps->vocabulary.pitch()].write.bias[60] = 1000.0f;
    mgan::save_model(*this / "stuck.safetensors", model);
    const process::Result stuck = generate("stuck.safetensors", {"--minutes", "0.5"});
    CHECK(stuck.status == 1);
    CHECK_THAT(stuck.error, Contains("comes no further than quarter 0") && Contains("--length N"));
    CHECK(generate("stuck.safetensors", {"--length", "400"}).status == 0);
}

TEST_CASE_METHOD(Directed, "mgan generate --minutes: the last chord begins a bar before the end") {
    REQUIRE(generate("run", {"--minutes", "0.5", "--tempo", "100"}).status == 0);
    for (const int number : {1, 2, 3}) {
        const std::vector<mgan::Note> notes = song(number).notes;
        CHECK(notes.back().onset == 46 * 384);
        for (const mgan::Note& note : notes) CHECK(note.onset + note.length <= 50 * 384);
    }
    REQUIRE(generate("run", {"--minutes", "0.5", "--tempo", "100", "--prime", "data/a/song0.mid",
                             "--prime-notes", "6"})
                .status == 0);
    CHECK(song(1).notes.back().onset == 46 * 384);
    REQUIRE(generate("run", {"--minutes", "0.01", "--tempo", "100"}).status == 0);
    CHECK_FALSE(song(1).notes.empty());
}

TEST_CASE_METHOD(Directed, "mgan generate --style-at: from there on the song is another") {
    REQUIRE(generate("run", {"--length", "80", "--guide", "0"}).status == 0);
    const std::vector<mgan::Note> plain = song(1).notes;
    // By loudness: of the notes before the change none is another, of those behind it most are.
    REQUIRE(generate("run",
                     {"--length", "80", "--style-at", "12:loudness=4", "--style-at", "6:density=0"})
                .status == 0);
    const std::vector<mgan::Note> changed = song(1).notes;
    std::size_t same = 0;
    while (same < plain.size() && plain[same] == changed[same]) ++same;
    CHECK(plain[same].onset >= 6 * 384);
    CHECK(same < plain.size());
    for (const char* wrong :
         {"loudness=1", "x:loudness=1", "-1:loudness=1", "4:funk=1", "4", "4:", "nan:loud=1"}) {
        const process::Result refused = generate("run", {"--style-at", wrong});
        CHECK(refused.status == 2);
        CHECK_THAT(refused.error, Contains("--style-at"));
    }
    CHECK(generate("numeric", {"--style-at", "4:loud=1"}).status == 1);
}

TEST_CASE_METHOD(Directed, "mgan generate --opening: songs begin as training songs do") {
    REQUIRE(generate("run", {"--opening", "--length", "30"}).status == 0);
    CHECK(song(1).notes.size() == 30);
    // In the key of white keys: by intervals and times, the beginning of one of the songs.
    const std::vector<mgan::Note> made = song(1).notes;
    bool found = false;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(*this / "data")) {
        if (entry.path().extension() != ".mid") continue;
        const std::vector<mgan::Note> real =
            mgan::midi::to_song(mgan::midi::read_file(entry.path()).file).notes;
        found |= std::equal(real.begin(), real.begin() + 6, made.begin(),
                            [&](const mgan::Note& a, const mgan::Note& b) {
                                return a.pitch - real[0].pitch == b.pitch - made[0].pitch &&
                                       a.onset - real[0].onset == b.onset - made[0].onset;
                            });
    }
    CHECK(found);
    CHECK(generate("run", {"--opening", "--prime", "data/a/song0.mid"}).status == 2);
    const process::Result numeric = generate("numeric", {"--opening"});
    CHECK(numeric.status == 1);
    CHECK_THAT(numeric.error, Contains("--opening"));
}

TEST_CASE_METHOD(Directed, "mgan generate: styles by name and by example") {
    CHECK(generate("run", {"--style", "loud=1,repetition=-0.5"}).status == 0);
    CHECK(generate("run", {"--style-of", "data/a/song0.mid"}).status == 0);
    const process::Result unknown = generate("run", {"--style", "funk=1"});
    CHECK(unknown.status == 2);
    CHECK_THAT(unknown.error, Contains("funk") && Contains("chromaticism"));
    CHECK(generate("run", {"--style", "loud=100"}).status == 2);
    CHECK(generate("run", {"--style", "loud=nan"}).status == 2);
    for (const char* option : {"--temperature", "--density", "--tempo", "--minutes"}) {
        const process::Result nan = generate("run", {option, "nan"});
        CHECK(nan.status == 2);
        CHECK_THAT(nan.error, Contains(option) && Contains("nan"));
    }
    CHECK(mgan("play run --silent --seconds nan").status == 2);
    const process::Result scale = generate("run", {"--scale", "H major"});
    CHECK(scale.status == 2);
    CHECK_THAT(scale.error, Contains("H major") && Contains("dorian"));
    CHECK(generate("run", {"--range", "C6-C3"}).status == 2);
    CHECK(generate("run", {"--scale", "C major", "--range", "C#4-C#4"}).status == 2);
    const process::Result numeric = generate("numeric", {"--style", "loud=1"});
    CHECK(numeric.status == 1);
    CHECK_THAT(numeric.error, Contains("generator.heads=steps"));
    CHECK(generate("numeric", {"--temperature", "0.5"}).status == 0);
}

TEST_CASE_METHOD(Directed, "mgan style: the axes of songs, raw or as a model sees them") {
    const process::Result text = mgan("style data/a/song0.mid");
    CHECK(text.status == 0);
    CHECK_THAT(text.out, Contains("pitch_lowest") && Contains("repetitions"));
    const json raw = json::parse(mgan("style data --json").out);
    REQUIRE(raw.size() == 8);
    CHECK(raw[0]["axes"].size() == 37);
    const mgan::Song song =
        mgan::midi::to_song(mgan::midi::read_file(*this / "data/a/song0.mid").file);
    double least = 127.0;
    for (const mgan::Note& note : song.notes)
        least = std::min(least, static_cast<double>(note.velocity));
    CHECK(raw[0]["axes"]["velocity_least"] == least);
    const json scaled = json::parse(mgan("style data/a/song0.mid --model run --json").out);
    REQUIRE(scaled.size() == 1);
    for (const auto& [name, value] : scaled[0]["axes"].items())
        CHECK(std::abs(value.get<double>()) < 10.0);
    REQUIRE(mgan("pack data songs.mgan").status == 0);
    const json packed = json::parse(mgan("style songs.mgan --json").out);
    REQUIRE(packed.size() == raw.size());
    for (std::size_t i = 0; i < raw.size(); ++i) {
        CHECK("data/" + packed[i]["file"].get<std::string>() == raw[i]["file"]);
        CHECK(packed[i]["axes"] == raw[i]["axes"]);
    }
    CHECK(mgan("style nothing.mid").status == 1);
    CHECK(mgan("style data/a/song0.mid --model numeric").status == 1);
    write_text("data/a/broken.mid", "no music");
    CHECK_THAT(mgan("style data").out, Contains("cannot be read"));
}
