// A training from a packed file has the bytes of one from the folder.
#include <mgan/dataset/pack_data_set.hpp>
#include <mgan/hearing/make_ear.hpp>
#include <mgan/settings/presets.hpp>

#include <support/catch.hpp>
#include <support/packed_properties.hpp>
#include <support/training_lab.hpp>

using namespace mgan;

namespace {

/// A preset in small: a training takes a tenth of a second.
Settings small_preset(bool paper, Variant variant) {
    const Settings small = lab::small_settings();
    Settings settings = paper ? paper_settings(variant) : recommended_settings(variant);
    settings.length = small.length;
    settings.batch = small.batch;
    settings.shard_songs = small.shard_songs;
    settings.epoch_songs = small.epoch_songs;
    settings.generator.hidden = small.generator.hidden;
    settings.generator.head = small.generator.head;
    settings.discriminator.hidden = small.discriminator.hidden;
    settings.pretrain.epochs = 2;
    settings.pretrain.curriculum_start = 0;
    settings.adversarial.epochs = 2;
    settings.adversarial.discriminator_warmup = paper ? 0 : 2;
    settings.evaluation = small.evaluation;
    settings.pf.synthesiser.samples = 1 << 16;
    settings.pf.converter.highest = 500.0;
    settings.pf.classifier = {
        .inputs = 60, .hidden_1 = 16, .hidden_2 = 12, .steps = 4, .hidden = 5};
    return settings;
}

/// Model and checkpoint at the end.
std::string bytes_of(const Settings& settings, const DataSet& data, int threads) {
    lab::Training training(settings, data, threads);
    training.run();
    return training.model_bytes() + training.checkpoint_bytes();
}

}  // namespace

TEST_CASE("Training from a packed file: model and checkpoint have the bytes of the folder's") {
    const lab::TemporaryFolder folder;
    const DataSet songs = lab::small_data(9);
    for (std::size_t i = 0; i < songs.songs.size(); ++i) {
        const auto path = folder / ("music/" + songs.names[i]);
        std::filesystem::create_directories(path.parent_path());
        midi::save_song(path, songs.songs[i]);
    }
    pack_data_set(folder / "music", folder / "songs.mgan", {.threads = 2});
    const DataSet from_folder = load_data_set(folder / "music");
    const DataSet packed = open_data_set(folder / "songs.mgan");
    DataSet crowded = packed;
    crowded.source = std::make_shared<const packed_properties::Crowded>(folder / "songs.mgan");
    REQUIRE(packed.source != nullptr);
    for (const bool paper : {false, true}) {
        for (const Variant variant : {Variant::c_rnn_gan, Variant::carnn_gan, Variant::carnn_mgan,
                                      Variant::carnn_pf_mgan}) {
            const Settings settings = small_preset(paper, variant);
            if (settings.has_pf_classifier() && !kHasEar) continue;
            INFO((paper ? "paper" : "recommended") << ", variant " << static_cast<int>(variant));
            const std::string whole = bytes_of(settings, from_folder, 1);
            // The first time statistics are computed, then they come from the cache.
            for (const int threads : {1, 2}) CHECK((bytes_of(settings, packed, threads) == whole));
            CHECK((bytes_of(settings, crowded, 2) == whole));
        }
    }
    // A training that began with the folder goes on with the file.
    const Settings settings = small_preset(false, Variant::c_rnn_gan);
    lab::Training before(settings, from_folder);
    before.run(7);
    before.save_checkpoint(folder / "checkpoint");
    lab::Training after(settings, packed, 2);
    after.restore_checkpoint(folder / "checkpoint");
    after.run();
    CHECK((after.model_bytes() + after.checkpoint_bytes() == bytes_of(settings, crowded, 1)));
}
