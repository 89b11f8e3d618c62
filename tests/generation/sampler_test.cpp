#include <mgan/dataset/crops.hpp>
#include <mgan/generation/model_file.hpp>
#include <mgan/settings/presets.hpp>

#include <support/catch.hpp>
#include <support/training_lab.hpp>

using namespace mgan;

namespace {

/// Models with weights as they are before any training.
Model fresh_model(Variant variant) {
    Settings settings = lab::small_settings();
    use_variant(settings, variant);
    const DataSet data = lab::small_data();
    Generator<float> generator(settings.generator_settings());
    initialise(generator, Random(3, "weights"), settings.initialisation);
    const encoding::Codec codec = encoding::Codec::fit(settings.encoding.events, data.songs);
    std::vector<encoding::Style> styles;
    if (settings.encoding.context.style) {
        std::vector<std::size_t> all(data.songs.size());
        for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
        styles = CropSource<float>(data.songs, all, codec, settings.length).styles(codec, 1);
    }
    return {settings, generator, codec, styles};
}

bool same_notes(const std::vector<midi::Song>& a, const std::vector<midi::Song>& b,
                std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        if (a.at(i).notes != b.at(i).notes) return false;
    }
    return true;
}

}  // namespace

TEST_CASE("Sampling: song i is the same however many are made, by however many threads") {
    for (const Variant variant : {Variant::c_rnn_gan, Variant::carnn_gan, Variant::carnn_mgan}) {
        const Model model = fresh_model(variant);
        const auto many = model.songs(23, 12, 5, 1);
        REQUIRE(many.size() == 23);
        CHECK(same_notes(model.songs(23, 12, 5, 2), many, 23));
        CHECK(same_notes(model.songs(23, 12, 5, 3), many, 23));
        for (const Index count : {1, 10, 11})
            CHECK(same_notes(model.songs(count, 12, 5, 2), many, static_cast<std::size_t>(count)));
    }
}

TEST_CASE("Sampling: every song has the notes that were asked for, and seeds differ") {
    const Model model = fresh_model(Variant::c_rnn_gan);
    for (const Index length : {1, 7, 60}) {
        for (const midi::Song& song : model.songs(4, length, 1, 1))
            CHECK(song.notes.size() == static_cast<std::size_t>(length));
    }
    CHECK_FALSE(same_notes(model.songs(4, 30, 1, 1), model.songs(4, 30, 2, 1), 4));
    CHECK(model.songs(0, 30, 1, 1).empty());
}

TEST_CASE("Sampling: a longer song begins as the shorter one does") {
    const Model model = fresh_model(Variant::c_rnn_gan);
    const auto shorter = model.songs(2, 10, 1, 1), longer = model.songs(2, 25, 1, 1);
    for (std::size_t i = 0; i < 2; ++i) {
        // In order of onset, as the events came: a later event cannot lie before an earlier one.
        for (std::size_t n = 0; n + 1 < shorter[i].notes.size(); ++n) {
            if (shorter[i].notes[n].onset == shorter[i].notes.back().onset) break;
            CHECK(longer[i].notes[n] == shorter[i].notes[n]);
        }
    }
}

TEST_CASE("Sampling: every variant makes songs shorter and longer than those of its training") {
    for (const Variant variant : {Variant::c_rnn_gan, Variant::carnn_gan, Variant::carnn_mgan}) {
        const Model model = fresh_model(variant);
        const auto trained = static_cast<Index>(model.settings.length);
        for (const Index length : {Index{1}, trained - 1, trained, trained + 1, 3 * trained + 2}) {
            const auto songs = model.songs(2, length, 4, 1);
            for (const midi::Song& song : songs)
                CHECK(song.notes.size() == static_cast<std::size_t>(length));
            CHECK(same_notes(model.songs(2, length, 4, 2), songs, 2));
        }
    }
}

TEST_CASE(
    "Interpolation: the ends are the first two songs of the seed, and between them it moves") {
    for (const Variant variant : {Variant::c_rnn_gan, Variant::carnn_mgan}) {
        Model model = fresh_model(variant);
        model.generator.head_2.weight *= 50.0F;  // untrained, it would write nearly one song
        const auto ends = model.songs(2, 12, 5, 1), way = model.interpolate(13, 12, 5, 2);
        REQUIRE(way.size() == 13);
        CHECK(way.front().notes == ends[0].notes);
        CHECK(way.back().notes == ends[1].notes);
        if (variant == Variant::c_rnn_gan) {  // an untrained mapping network leaves little noise
            REQUIRE(ends[0].notes != ends[1].notes);
            CHECK(way[6].notes != way.front().notes);
            CHECK(way[6].notes != way.back().notes);
        }
        CHECK(same_notes(model.interpolate(13, 12, 5, 1), way, 13));
        CHECK_THROWS_AS(model.interpolate(1, 12, 5, 1), ConfigError);
    }
}

TEST_CASE("Interpolation: a number between two uniform ones is uniform") {
    const Random random(3, "pairs");
    constexpr int kPairs = 40000, kBins = 10;
    for (const double a : {0.0, 0.25, 0.5, 0.9, 1.0}) {
        std::array<int, kBins> counts{};
        for (std::uint64_t i = 0; i < kPairs; ++i) {
            const double u = between_uniform(random.uniform(2 * i), random.uniform(2 * i + 1), a);
            REQUIRE(u >= 0.0);
            REQUIRE(u < 1.0);
            ++counts[static_cast<std::size_t>(u * kBins)];
        }
        // A bin holds 4000, with a standard deviation of 60. (A straight line would put 720 into
        // the first bin at a = 1/2.)
        for (const int count : counts) CHECK(std::abs(count - kPairs / kBins) < 300);
    }
    CHECK(between_uniform(0.0, 0.5, 0.5) >= 0.0);
    CHECK(between_uniform(0.3, 0.8, 0.0) == Approx(0.3).epsilon(1e-9));
    CHECK(between_uniform(0.3, 0.8, 1.0) == Approx(0.8).epsilon(1e-9));
}

TEST_CASE("A model file holds the kernel of a convolution in the shape of PyTorch") {
    const lab::TemporaryFolder folder;
    const Model model = fresh_model(Variant::carnn_mgan);
    save_model(folder / "model.safetensors", model);
    const TensorFile file = read_safetensors(folder / "model.safetensors");
    const TensorEntry& kernel = file.entry("generator.convolution.weight");
    CHECK(kernel.shape == TensorShape{1, 1, 5, 5});
    const Matrix<float>& weight = model.generator.noise_path.convolution.weight;
    std::vector<float> values(25);
    file.read("generator.convolution.weight", {1, 1, 5, 5}, std::span<float>(values));
    for (Index i = 0; i < 25; ++i) CHECK(values[static_cast<std::size_t>(i)] == weight(0, i));
}

TEST_CASE("A model file gives back the model that makes the same songs") {
    const lab::TemporaryFolder folder;
    for (const Variant variant : {Variant::c_rnn_gan, Variant::carnn_mgan}) {
        const Model model = fresh_model(variant);
        save_model(folder / "model.safetensors", model);
        for (const auto& path : {folder / "model.safetensors", folder.path()}) {
            const Model read = load_model(path);
            CHECK(same_notes(read.songs(5, 12, 9, 1), model.songs(5, 12, 9, 1), 5));
            CHECK(settings_to_json(read.settings) == settings_to_json(model.settings));
        }
    }
}

TEST_CASE("A checkpoint is not taken for a model") {
    const lab::TemporaryFolder folder;
    lab::Training training(lab::small_settings(), lab::small_data());
    training.save_checkpoint(folder / "checkpoint.safetensors");
    CHECK_THROWS_AS(load_model(folder / "checkpoint.safetensors"), DataError);
}
