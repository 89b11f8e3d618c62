// mgan pack, and its file wherever DATA is taken.
#include "mgan.hpp"

#include <nlohmann/json.hpp>

#include <support/catch.hpp>

using Catch::Matchers::Contains;
using nlohmann::json;
using program::kSmall;
using program::Workshop;

namespace {

/// A workshop with music, and the same music packed.
struct Packed : Workshop {
    Packed() {
        write_music(9);
        write_text("data/letter.mid", "Dear Wolfgang,\n");
        const process::Result result = mgan("pack data songs.mgan");
        REQUIRE(result.status == 0);
        CHECK(result.error.empty());
        CHECK_THAT(result.out, Contains("9 songs in 9 files of 2 composers"));
        CHECK_THAT(result.out, Contains("skipped letter.mid"));
    }
};

}  // namespace

TEST_CASE_METHOD(Packed,
                 "mgan train on a packed file leaves the bytes of a training on the folder") {
    REQUIRE(mgan("train data --quiet --out folder" + kSmall).status == 0);
    REQUIRE(mgan("train songs.mgan --quiet --out file" + kSmall).status == 0);
    REQUIRE(mgan("train songs.mgan --quiet --out again --threads 2" + kSmall).status == 0);
    for (const char* name : {"model.safetensors", "checkpoint.safetensors", "split.tsv",
                             "skipped.tsv", "mended.tsv", "songs/song-01.mid", "real.json"}) {
        REQUIRE(has(std::string("folder/") + name));
        CHECK((read(std::string("file/") + name) == read(std::string("folder/") + name)));
        CHECK((read(std::string("again/") + name) == read(std::string("folder/") + name)));
    }
    CHECK(has("songs.mgan.cache"));
    const json config = json::parse(read("file/config.json"));
    CHECK_THAT(config.dump(), Contains("songs.mgan"));
    // The run of the file goes on, by its own notes.
    CHECK(mgan("train --resume --quiet --out file").status == 0);
    std::filesystem::rename(*this / "songs.mgan", *this / "moved.mgan");
    const process::Result moved = mgan("train --resume --quiet --out file");
    CHECK(moved.status == 1);
    CHECK_THAT(moved.error, Contains("songs.mgan"));
    CHECK(mgan("train moved.mgan --resume --quiet --out file").status == 0);
}

TEST_CASE_METHOD(Packed,
                 "mgan evaluate and stats say of a packed file what they say of the folder") {
    write_music(4, "made", 7);
    const auto said = [&](const std::string& line) {
        const process::Result result = mgan(line);
        CHECK(result.status == 0);
        return result.out;
    };
    CHECK(said("evaluate made --against songs.mgan --json") ==
          said("evaluate made --against data --json"));
    json folder = json::parse(said("stats data --json"));
    const json file = json::parse(said("stats songs.mgan --json"));
    REQUIRE(file.size() == 10);
    REQUIRE(folder.size() == 10);
    int broken = 0;
    for (const json& one : file) {
        bool found = false;
        for (json other : folder) {
            other["file"] = other["file"].get<std::string>().substr(5);  // without "data/"
            if (one.contains("error")) other["error"] = one["error"];
            found = found || other == one;
        }
        CHECK(found);
        broken += one.contains("error") ? 1 : 0;
    }
    CHECK(broken == 1);
}

TEST_CASE_METHOD(Packed, "mgan info of a packed file checks every byte, and says what is in it") {
    const process::Result said = mgan("info songs.mgan");
    CHECK(said.status == 0);
    CHECK_THAT(said.out, Contains("9 of 10 files in 2 folders") && Contains("are whole"));
    const json facts = json::parse(mgan("info songs.mgan --json").out);
    CHECK(facts["kind"] == "packed data set");
    CHECK(facts["songs"] == 9);
    CHECK(facts["skipped"] == 1);
    CHECK(facts["bytes"] == std::filesystem::file_size(*this / "songs.mgan"));
    std::string bytes = read("songs.mgan");
    bytes[100] = static_cast<char>(bytes[100] ^ 1);
    write_text("bad.mgan", bytes);
    for (const char* command : {"info bad.mgan", "train bad.mgan --quiet --out run",
                                "stats bad.mgan", "evaluate data --against bad.mgan"}) {
        const process::Result result = mgan(command);
        CHECK(result.status == 1);
        CHECK_THAT(result.error, Contains("bad.mgan: block 0 (notes of 9 songs"));
    }
    write_text("bad.mgan", bytes.substr(0, bytes.size() - 1));
    CHECK_THAT(mgan("train bad.mgan").error, Contains("cut off"));
    CHECK_FALSE(has("run"));
}

TEST_CASE_METHOD(Packed, "mgan pack --add takes what is new, and says what was there") {
    const std::string whole = read("songs.mgan");
    std::filesystem::rename(*this / "data/a/song4.mid", *this / "song4.mid");
    REQUIRE(mgan("pack data part.mgan --quiet").status == 0);
    CHECK((read("part.mgan") != whole));
    std::filesystem::rename(*this / "song4.mid", *this / "data/a/song4.mid");
    const process::Result added = mgan("pack data part.mgan --add");
    CHECK(added.status == 0);
    CHECK_THAT(added.out, Contains("1 song is new; 8 files"));
    CHECK((read("part.mgan") == whole));
}

TEST_CASE_METHOD(Packed, "mgan pack refuses names and files that are none of its own") {
    CHECK(mgan("pack data songs.zip").status == 2);
    write_text("letter.mgan", "Dear Leopold,\n");
    const process::Result letter = mgan("pack data letter.mgan");
    CHECK(letter.status == 1);
    CHECK_THAT(letter.error, Contains("is no packed file"));
    CHECK(read("letter.mgan") == "Dear Leopold,\n");
    CHECK(mgan("pack nowhere other.mgan").status == 1);
    CHECK_FALSE(has("other.mgan"));
    CHECK(mgan("train songs.mgan --keep-damaged --out run").status == 1);
    REQUIRE(mgan("pack bundled bundled.mgan").status == 0);
    REQUIRE(mgan("train --quiet --out bundled" + kSmall).status == 0);
    REQUIRE(mgan("train bundled.mgan --quiet --out packed" + kSmall).status == 0);
    CHECK((read("packed/model.safetensors") == read("bundled/model.safetensors")));
}
