// mgan convert: a model written again, in full or with half the bytes.
#include "mgan.hpp"

#include <mgan/generation/model_file.hpp>

#include <support/catch.hpp>

using Catch::Matchers::Contains;
using program::Workshop;

TEST_CASE_METHOD(Workshop, "mgan convert: half the bytes, the same songs each time") {
    write_music();
    REQUIRE(mgan("train data --out run --quiet" + program::kSmall).status == 0);
    const process::Result result = mgan("convert run half.safetensors --half");
    REQUIRE(result.status == 0);
    CHECK_THAT(result.out, Contains("half.safetensors: ") && Contains("weights BF16"));
    REQUIRE(mgan("convert run/model.safetensors full.safetensors").status == 0);
    CHECK(read("full.safetensors") == read("run/model.safetensors"));
    CHECK(read("half.safetensors").size() < read("full.safetensors").size());
    CHECK_THAT(mgan("info half.safetensors --json").out, Contains("\"weights\": \"16 bits\""));
    CHECK_THAT(mgan("info run --json").out, Contains("\"weights\": \"F32\""));

    REQUIRE(mgan("generate half.safetensors --count 2 --seed 3 --out a").status == 0);
    REQUIRE(mgan("generate half.safetensors --count 2 --seed 3 --out b").status == 0);
    CHECK(read("a/song-1.mid") == read("b/song-1.mid"));
    CHECK(read("a/song-2.mid") == read("b/song-2.mid"));
    // Written whole again, it plays what it played: the rounding is not undone, and not repeated.
    const process::Result back = mgan("convert half.safetensors whole.safetensors");
    REQUIRE(back.status == 0);
    CHECK_THAT(back.out, Contains("what was rounded stays so"));
    REQUIRE(mgan("generate whole.safetensors --count 2 --seed 3 --out c").status == 0);
    CHECK(read("a/song-2.mid") == read("c/song-2.mid"));
    REQUIRE(mgan("convert whole.safetensors again.safetensors --half").status == 0);
    CHECK(read("again.safetensors") == read("half.safetensors"));
}

TEST_CASE_METHOD(Workshop, "mgan convert --no-openings: the file holds no notes of the music") {
    write_music();
    REQUIRE(mgan("train data --out run --quiet" + program::kSmall).status == 0);
    CHECK_THAT(read("run/model.safetensors"), Contains("openings.events"));
    REQUIRE(mgan("convert run bare.safetensors --no-openings").status == 0);
    CHECK_THAT(read("bare.safetensors"), !Contains("openings.events"));
    CHECK(mgan("generate run --opening --count 1 --out a").status == 0);
    const process::Result refused = mgan("generate bare.safetensors --opening --count 1 --out b");
    CHECK(refused.status == 1);
    CHECK_THAT(refused.error, Contains("no openings"));
    REQUIRE(mgan("generate run --count 1 --out a").status == 0);
    REQUIRE(mgan("generate bare.safetensors --count 1 --out b").status == 0);
    CHECK(read("a/song-1.mid") == read("b/song-1.mid"));
}

TEST_CASE_METHOD(Workshop, "mgan convert: what is no model is neither taken nor replaced") {
    write_music();
    REQUIRE(mgan("train data --out run --quiet" + program::kSmall).status == 0);
    const auto refuses = [&](const std::string& line, int status, const std::string& words) {
        const process::Result result = mgan("convert " + line);
        CHECK(result.status == status);
        CHECK(program::lines(result.error) == 1);
        CHECK_THAT(result.error, Contains(words));
    };
    const std::string before = read("run/checkpoint.safetensors");
    refuses("run/checkpoint.safetensors out.safetensors", 1, "this is not an mgan model");
    refuses("run run/checkpoint.safetensors --half", 1, "this is not an mgan model");
    refuses("run small.bin", 2, "ends in .safetensors");
    refuses("run", 2, "OUT");
    refuses("absent out.safetensors", 1, "no such file or folder");
    refuses("run absent/out.safetensors", 1, "absent");
    CHECK(read("run/checkpoint.safetensors") == before);
    CHECK_FALSE(has("out.safetensors"));
    write_text("other.safetensors", "not a model");
    refuses("run other.safetensors", 1, "other.safetensors");
    CHECK(read("other.safetensors") == "not a model");
}

TEST_CASE_METHOD(Workshop, "mgan convert: models of version 0.1.0 are written as this one writes") {
    for (const std::string variant : {"c-rnn-gan", "carnn-mgan"}) {
        const std::string old =
            MGAN_SOURCE_DIR "/tests/data/v0.1.0/" + variant + "/model.safetensors";
        REQUIRE(mgan("convert " + old + " new.safetensors").status == 0);
        REQUIRE(mgan("convert new.safetensors twice.safetensors").status == 0);
        CHECK(read("new.safetensors") == read("twice.safetensors"));
        const mgan::Model was = mgan::load_model(old),
                          is = mgan::load_model(path() / "new.safetensors");
        CHECK(is.songs(2, 16, 5, 1) == was.songs(2, 16, 5, 1));
    }
}
