#include <mgan/generation/model_file.hpp>
#include <mgan/midi/notes.hpp>
#include <mgan/runs/history.hpp>
#include <mgan/runs/run_files.hpp>

#include <support/catch.hpp>
#include <support/training_lab.hpp>

#include <fstream>

using namespace mgan;
using Catch::Matchers::Contains;

namespace {

struct Fixture : lab::SmallTraining {
    RunFiles run{folder / "run"};
};

std::string model_of_whole_run(const Fixture& fixture) {
    return lab::trained_model(fixture.settings, fixture.data);
}

}  // namespace

TEST_CASE_METHOD(Fixture, "A run directory holds what the manual says") {
    lab::Training training(settings, data);
    REQUIRE(training.run_in(run.path(), false));
    for (const auto& file : {run.config(), run.history(), run.checkpoint(), run.model(),
                             run.songs(), run.split(), run.skipped()}) {
        INFO(file);
        CHECK(std::filesystem::exists(file));
    }
    CHECK(run.holds_run());

    SECTION("config.json: the settings, and what they were used on") {
        const auto [read, notes] = run.read_config();
        CHECK(settings_to_json(read) == settings_to_json(settings));
        const std::map<std::string, std::string> by_key(notes.begin(), notes.end());
        CHECK(by_key.at("version") == kVersion);
        CHECK(by_key.at("data") == "small data");
        CHECK(by_key.at("data_songs") == "8");
        CHECK(by_key.at("data_fingerprint").size() == 16);
    }
    SECTION("history.jsonl: a line an epoch, with the keys of its phase") {
        const std::vector<HistoryRecord> history = read_history(run.history());
        REQUIRE(history.size() == 4);
        for (std::size_t i = 0; i < 4; ++i) {
            const HistoryRecord& line = history[i];
            CHECK(line.number("epoch") == static_cast<double>(i + 1));
            const bool adversarial = i >= 2;
            CHECK(line.text("phase") == (adversarial ? "adversarial" : "pretrain"));
            for (const char* key :
                 {"length", "learning_rate", "seconds", "loss_pretrain", "validation_loss_pretrain",
                  "notes", "scale_consistency", "tone_span", "unique_tones", "intensity_span",
                  "polyphony", "repetitions_3", "longest_run", "overlap_area_polyphony",
                  "mean_overlap_area", "mean_gap", "gradient_g", "best"}) {
                INFO(key);
                CHECK(line.number(key).has_value());
            }
            for (const char* key :
                 {"loss_d", "loss_g", "loss_non_saturating", "loss_feature_matching", "d_real",
                  "d_fake", "accuracy", "freezes_g", "freezes_d", "validation_loss_d",
                  "validation_loss_g", "validation_d_real", "validation_d_fake", "gradient_d",
                  "discriminator_learning_rate"}) {
                INFO(key);
                CHECK(line.number(key).has_value() == adversarial);
            }
            CHECK(line.number("notes") == 12.0);
        }
    }
    SECTION("model.safetensors and songs: the songs are those that the model makes") {
        const Model model = load_model(run.path());
        const std::vector<midi::Song> songs = model.songs(3, 12, settings.seed, 1);
        for (std::size_t i = 0; i < 3; ++i) {
            const auto file = run.songs() / numbered_name("song", i + 1, 3);
            CHECK(midi::load_song(file).notes == songs[i].notes);
        }
        CHECK(lab::read_text(run.model()) == model_of_whole_run(*this));
    }
    SECTION("split.tsv: every file, in the part that the trainer gave it") {
        std::vector<std::string> all;
        const auto parts = split_songs(data.names, settings.evaluation.validation_share,
                                       settings.evaluation.test_share, settings.seed);
        for (const Part part : {Part::train, Part::validation, Part::test}) {
            const std::vector<std::string> files = run.files_of(part);
            const auto& expected = parts[static_cast<std::size_t>(part)];
            REQUIRE(files.size() == expected.size());
            for (std::size_t i = 0; i < files.size(); ++i)
                CHECK(files[i] == data.names[expected[i]]);
            all.insert(all.end(), files.begin(), files.end());
        }
        CHECK(all.size() == 8);
    }
    SECTION("a second run in it is refused, and nothing touched") {
        const std::string before = lab::read_text(run.model());
        lab::Training other(settings, data);
        CHECK_THROWS_AS(other.run_in(run.path(), false), DataError);
        CHECK_THROWS_WITH(other.run_in(run.path(), false), Contains("--resume"));
        CHECK(lab::read_text(run.model()) == before);
    }
    SECTION("resuming it when it is finished writes again what is missing") {
        std::filesystem::remove(run.model());
        std::filesystem::remove_all(run.songs());
        lab::Training other(settings, data);
        CHECK(other.run_in(run.path(), true));
        CHECK(lab::read_text(run.model()) == model_of_whole_run(*this));
        CHECK(std::filesystem::exists(run.songs() / "song-03.mid"));
    }
}

TEST_CASE_METHOD(Fixture, "A run that is stopped anywhere and resumed ends in the same model") {
    const std::string whole = model_of_whole_run(*this);
    for (const std::int64_t stop : {1, 3, 5, 7, 11}) {
        std::filesystem::remove_all(run.path());
        {
            lab::Training training(settings, data, 2);
            REQUIRE_FALSE(training.run_in(run.path(), false, stop));
            CHECK(training.total_steps() == stop);
        }
        lab::Training training(settings, data, 3);
        REQUIRE(training.run_in(run.path(), true));
        CHECK(lab::read_text(run.model()) == whole);
        const std::vector<HistoryRecord> history = read_history(run.history());
        REQUIRE(history.size() == 4);
        for (std::size_t i = 0; i < 4; ++i)
            CHECK(history[i].number("epoch") == static_cast<double>(i + 1));
    }
}

TEST_CASE_METHOD(
    Fixture, "In a long epoch checkpoints are written by the clock, and a crash loses no more") {
    const std::string whole = model_of_whole_run(*this);
    for (const std::int64_t step : {2, 5, 8, 12}) {
        std::filesystem::remove_all(run.path());
        lab::Training(settings, data).crash_in(run.path(), step);
        lab::Training training(settings, data);
        training.restore_checkpoint(run.checkpoint());
        // After the last minibatch of an epoch the checkpoint waits for its evaluation.
        CHECK(training.total_steps() == step - 1);
        lab::Training resumed(settings, data, 2);
        REQUIRE(resumed.run_in(run.path(), true));
        CHECK(lab::read_text(run.model()) == whole);
    }
}

TEST_CASE_METHOD(Fixture, "A run that was killed before its first checkpoint begins again") {
    {
        lab::Training training(settings, data);
        training.run_in(run.path(), false, 1);
    }
    std::filesystem::remove(run.checkpoint());
    lab::Training training(settings, data);
    REQUIRE(training.run_in(run.path(), true));
    CHECK(lab::read_text(run.model()) == model_of_whole_run(*this));
}

TEST_CASE_METHOD(Fixture,
                 "A kill between history and checkpoint leaves a line, which resuming cuts") {
    {
        lab::Training training(settings, data);
        training.run_in(run.path(), false, 4);
    }
    // As if epoch 2 had ended and its line been written, and half of the next one.
    append_history(run.history(), HistoryRecord().set("epoch", 2).set("mark", 1));
    std::ofstream(run.history(), std::ios::app) << "{\"epoch\":3,\"pha";
    lab::Training training(settings, data);
    REQUIRE(training.run_in(run.path(), true));
    const std::vector<HistoryRecord> history = read_history(run.history());
    REQUIRE(history.size() == 4);
    CHECK_FALSE(history[1].contains("mark"));
}

TEST_CASE_METHOD(Fixture, "Resuming clears away what killed processes left") {
    {
        lab::Training training(settings, data);
        training.run_in(run.path(), false, 4);
    }
    std::filesystem::create_directories(run.path() / "real");  // a folder of the program's
    std::vector<std::filesystem::path> stale;
    for (const char* inside : {"", "songs", "real"}) {
        stale.push_back(run.path() / inside / ".half.tmp-999999999");
        std::ofstream(stale.back()) << "half a file";
        REQUIRE(std::filesystem::exists(stale.back()));
    }
    lab::Training training(settings, data);
    REQUIRE(training.run_in(run.path(), true));
    for (const auto& path : stale) CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE_METHOD(Fixture, "A run is not resumed with other songs, and nothing is touched") {
    {
        lab::Training training(settings, data);
        training.run_in(run.path(), false, 4);
    }
    const std::string checkpoint = lab::read_text(run.checkpoint());
    const std::string history = lab::read_text(run.history());
    lab::Training training(settings, lab::small_data(8, 5));
    CHECK_THROWS_AS(training.run_in(run.path(), true), DataError);
    CHECK_THROWS_WITH(training.run_in(run.path(), true), Contains("other songs"));
    CHECK(lab::read_text(run.checkpoint()) == checkpoint);
    CHECK(lab::read_text(run.history()) == history);
}

TEST_CASE_METHOD(Fixture, "A resumed run with a song too few says which file was skipped") {
    {
        lab::Training training(settings, data);
        training.run_in(run.path(), false, 4);
    }
    DataSet fewer = lab::small_data(7);
    fewer.skipped.push_back({"folder1/song7.mid", "cannot open: Input/output error"});
    lab::Training training(settings, fewer);
    CHECK_THROWS_WITH(training.run_in(run.path(), true),
                      Contains("other songs") &&
                          Contains("1 file was skipped: folder1/song7.mid: cannot open: Input"));
}

TEST_CASE_METHOD(Fixture, "A run is not resumed with a damaged checkpoint") {
    {
        lab::Training training(settings, data);
        training.run_in(run.path(), false, 4);
    }
    std::string bytes = lab::read_text(run.checkpoint());
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    std::ofstream(run.checkpoint(), std::ios::binary) << bytes;
    lab::Training training(settings, data);
    CHECK_THROWS_AS(training.run_in(run.path(), true), FormatError);
}

TEST_CASE("A field of a .tsv file has no tab and no line feed") {
    CHECK(RunFiles::tsv_field("a b.mid") == "a b.mid");
    CHECK(RunFiles::tsv_field("a\tb\nc\rd\\e") == "a\\tb\\nc\\rd\\\\e");
}

TEST_CASE("Numbered names sort as the numbers do") {
    CHECK(numbered_name("song", 7, 9) == "song-07.mid");
    CHECK(numbered_name("song", 7, 20) == "song-07.mid");
    CHECK(numbered_name("song", 20, 20) == "song-20.mid");
    CHECK(numbered_name("song", 7, 1000) == "song-0007.mid");
    CHECK(numbered_name("song", 123, 20) == "song-123.mid");
}
