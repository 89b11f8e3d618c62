// A training from a packed file has the bytes of one from the folder.
#include <mgan/dataset/pack_data_set.hpp>
#include <mgan/hearing/make_ear.hpp>
#include <mgan/runs/checkpoint.hpp>
#include <mgan/settings/presets.hpp>

#include <support/catch.hpp>
#include <support/packed_properties.hpp>
#include <support/training_lab.hpp>

using namespace mgan;

namespace {

/// Model and checkpoint at the end.
std::string bytes_of(const Settings& settings, const DataSet& data, int threads) {
    lab::Training training(settings, data, threads);
    training.run();
    return training.model_bytes() + training.checkpoint_bytes();
}

/// The same music as a folder, as a packed file, and as one that is too large to be encoded.
struct PackedMusic {
    lab::TemporaryFolder folder;
    DataSet from_folder, packed, crowded;

    PackedMusic() {
        const DataSet songs = lab::small_data(9);
        for (std::size_t i = 0; i < songs.songs.size(); ++i) {
            const auto path = folder / ("music/" + songs.names[i]);
            std::filesystem::create_directories(path.parent_path());
            midi::save_song(path, songs.songs[i]);
        }
        pack_data_set(folder / "music", folder / "songs.mgan", {.threads = 2});
        from_folder = load_data_set(folder / "music");
        packed = open_data_set(folder / "songs.mgan");
        crowded = packed;
        crowded.source = std::make_shared<const packed_properties::Crowded>(folder / "songs.mgan");
        REQUIRE(packed.source != nullptr);
    }
};

}  // namespace

TEST_CASE("Training from a packed file: model and checkpoint have the bytes of the folder's") {
    const PackedMusic music;
    for (const bool paper : {false, true}) {
        for (const Variant variant : {Variant::c_rnn_gan, Variant::carnn_gan, Variant::carnn_mgan,
                                      Variant::carnn_pf_mgan}) {
            const Settings settings = lab::small_preset(paper, variant);
            if (settings.has_pf_classifier() && !kHasEar) continue;
            INFO((paper ? "paper" : "numeric") << ", variant " << static_cast<int>(variant));
            const std::string whole = bytes_of(settings, music.from_folder, 1);
            // The first time statistics are computed, then they come from the cache.
            for (const int threads : {1, 2})
                CHECK((bytes_of(settings, music.packed, threads) == whole));
            CHECK((bytes_of(settings, music.crowded, 2) == whole));
        }
    }
    // A training that began with the folder goes on with the file.
    const Settings settings = lab::small_preset(false, Variant::c_rnn_gan);
    lab::Training before(settings, music.from_folder);
    before.run(7);
    before.save_checkpoint(music.folder / "checkpoint");
    lab::Training after(settings, music.packed, 2);
    after.restore_checkpoint(music.folder / "checkpoint");
    after.run();
    CHECK((after.model_bytes() + after.checkpoint_bytes() == bytes_of(settings, music.crowded, 1)));
}

TEST_CASE(
    "Training with step heads from a packed file: the checkpoint has the bytes of the folder's") {
    const PackedMusic music;
    Settings settings = quick_settings(Variant::c_rnn_gan);
    settings.length = 12;
    settings.batch = 4;
    settings.epoch_songs = 8;
    settings.generator.embedding = 3;
    settings.generator.input = settings.generator.hidden = settings.generator.head = 6;
    settings.discriminator.hidden = settings.discriminator.input = settings.discriminator.answer =
        6;
    settings.pretrain.epochs = 2;
    settings.adversarial.epochs = 1;
    settings.adversarial.songs = 4;
    settings.adversarial.candidates = 2;
    settings.adversarial.discriminator_warmup = 2;
    settings.evaluation.songs = settings.evaluation.selection_songs = 2;
    const auto bytes = [&](const DataSet& data, int threads) {
        StepTrainer<float> trainer(settings, data, threads);
        while (!trainer.finished()) (void)trainer.run_epoch({});
        return safetensors::serialize(make_checkpoint(trainer, 1));
    };
    const auto whole = bytes(music.from_folder, 1);
    const std::filesystem::path cache = music.folder / "songs.mgan.cache";
    const auto kept = [&] {
        std::vector<std::filesystem::path> files;
        for (const auto& entry : std::filesystem::directory_iterator(cache))
            if (entry.path().filename().string().starts_with("steps-"))
                files.push_back(entry.path());
        return files;
    };
    CHECK((bytes(music.crowded, 2) == whole));
    REQUIRE(kept().size() == 1);
    // From the cache; and where what is in it is none of ours, computed again.
    CHECK((bytes(music.packed, 2) == whole));
    CHECK((bytes(music.crowded, 1) == whole));
    const std::string good = lab::read_text(kept().front());
    std::ofstream(kept().front(), std::ios::binary) << good.substr(8);
    CHECK((bytes(music.packed, 1) == whole));
    CHECK(kept().size() == 1);
    CHECK((lab::read_text(kept().front()) == good));
}

TEST_CASE("The statistics of step events come back from their numbers, and from no others") {
    const PackedMusic music;
    Settings settings = quick_settings(Variant::c_rnn_gan);
    settings.length = 12;
    const auto parts = split_songs(music.packed.names, music.packed.pieces, 0.1, 0.1, 1);
    const StepData data(settings, music.packed.view(), parts);
    using namespace step_data_detail;
    const std::vector<double> numbers = numbers_of(data.vocabulary, data.scale, data.starts);
    const auto found = statistics_of(numbers, StepData::kStarts);
    REQUIRE(found.has_value());
    CHECK(found->vocabulary == data.vocabulary);
    CHECK(found->scale == data.scale);
    CHECK(found->starts == data.starts);
    CHECK_FALSE(statistics_of({}, StepData::kStarts).has_value());
    CHECK_FALSE(statistics_of(numbers, StepData::kStarts - 1).has_value());
    for (const std::size_t place : {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{3},
                                    std::size_t{5}, numbers.size() / 2, numbers.size() - 1}) {
        std::vector<double> wrong = numbers;
        wrong[place] = std::nan("");
        CHECK_FALSE(statistics_of(wrong, StepData::kStarts).has_value());
        wrong.resize(place);
        CHECK_FALSE(statistics_of(wrong, StepData::kStarts).has_value());
    }
}
