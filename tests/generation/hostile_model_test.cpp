// Model files whose settings describe something else than their tensors.
#include <mgan/generation/model_file.hpp>
#include <mgan/io/safetensors.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/models/discriminator.hpp>
#include <mgan/models/pf_classifier.hpp>
#include <mgan/settings/presets.hpp>

#include <support/catch.hpp>
#include <support/folder.hpp>

#include <sys/resource.h>

#include <limits>
#include <span>
#include <vector>

using namespace mgan;
using Catch::Matchers::Contains;

namespace {

Model small_model(Variant variant) {
    Settings settings = numeric_settings(variant);
    settings.length = 12;
    settings.generator.hidden = settings.generator.head = 8;
    settings.generator.mapping_layers = std::min<Index>(settings.generator.mapping_layers, 2);
    settings.encoding.context.style = false;
    midi::Song song;
    for (int i = 0; i < 40; ++i)
        song.notes.push_back({96 * i, 96 + 48 * (i % 3), 60 + i % 7, 50 + i, 0});
    Generator<float> generator(settings.generator_settings());
    initialise(generator, Random(3, "weights"), settings.initialisation);
    return {settings,
            generator,
            encoding::Codec::fit(settings.encoding.events, std::vector<midi::Song>{song}),
            {}};
}

}  // namespace

TEST_CASE("Models: the number of parameters follows from the settings alone") {
    for (std::uint64_t trial = 0; trial < 300; ++trial) {
        const Random random(trial, "settings");
        std::uint64_t drawn = 0;
        const auto draw = [&](Index from, Index to) {
            return from + static_cast<Index>(
                              random.integer(drawn++, static_cast<std::uint64_t>(to - from + 1)));
        };
        GeneratorSettings g;
        g.features = draw(1, 6);
        g.noise = draw(1, 6);
        g.recall_gate = draw(0, 1) == 1;
        g.context = g.recall_gate ? g.features + draw(1, 5) : draw(0, 5);
        g.attention_heads = draw(0, 3);
        g.hidden = draw(1, 9) * std::max<Index>(1, g.attention_heads);
        g.layers = draw(1, 8);
        g.head = draw(1, 30);
        g.noise_to_head = draw(0, 1) == 1;
        g.mapping_layers = draw(0, 3);
        g.plane_length = g.mapping_layers > 0 ? draw(1, 12) : 0;
        g.convolution = draw(0, 1) == 1 ? 2 * draw(0, 4) + 1 : 0;
        INFO("trial " << trial);
        CHECK(parameter_count(g) ==
              static_cast<std::uint64_t>(parameter_count(Generator<float>(g))));
        DiscriminatorSettings d;
        d.features = draw(1, 20);
        d.hidden = draw(1, 12);
        d.layers = draw(1, 8);
        d.minibatch_deviation = draw(0, 1) == 1;
        CHECK(parameter_count(d) ==
              static_cast<std::uint64_t>(parameter_count(Discriminator<float>(d))));
        PfClassifierSettings f;
        f.inputs = draw(1, 20);
        f.hidden_1 = draw(1, 15);
        f.steps = draw(1, 4);
        f.hidden_2 = f.steps * draw(1, 5);
        f.hidden = draw(1, 12);
        f.layers = draw(1, 4);
        f.kind = draw(0, 1) == 1 ? PfKind::dense : PfKind::bilstm;
        CHECK(parameter_count(f) ==
              static_cast<std::uint64_t>(parameter_count(PfClassifier<float>(f))));
    }
    for (const Variant variant :
         {Variant::c_rnn_gan, Variant::carnn_gan, Variant::carnn_mgan, Variant::carnn_pf_mgan}) {
        const Model model = small_model(variant);
        CHECK(parameter_count(model.settings.generator_settings()) ==
              static_cast<std::uint64_t>(parameter_count(model.generator)));
    }
    GeneratorSettings huge;
    huge.hidden = huge.layers = huge.head = huge.mapping_layers = huge.plane_length = Index{1}
                                                                                      << 62;
    CHECK(parameter_count(huge) == ~std::uint64_t{0});
}

/// The most memory that this process ever had, in KiB.
long most_memory() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

TEST_CASE("Model files: settings that ask for more than the file holds are refused unallocated") {
    const mgan_test::Folder folder;
    const auto refuse = [&](Variant variant, auto&& change) {
        Model model = small_model(variant);
        change(model.settings);
        const auto path = folder / "model.safetensors";
        save_model(path, model);
        const long before = most_memory();
        CHECK_THROWS_AS(load_model(path), ShapeError);
        CHECK_THROWS_WITH(load_model(path),
                          Contains("model.safetensors") && Contains("parameters"));
        CHECK(most_memory() - before < 8 * 1024);
    };
    refuse(Variant::c_rnn_gan, [](Settings& s) {
        s.generator.hidden = 4096;
        s.generator.layers = 8;
    });
    refuse(Variant::c_rnn_gan, [](Settings& s) { s.generator.head = 4096; });
    refuse(Variant::c_rnn_gan, [](Settings& s) {
        s.generator.mapping_layers = 64;
        s.length = 100000;
    });
    refuse(Variant::carnn_mgan, [](Settings& s) { s.length = 2000; });
    refuse(Variant::carnn_gan, [](Settings& s) { s.generator.hidden = 4096; });
}

TEST_CASE(
    "Models: sizes below 1, or beyond any machine, are refused before anything is allocated") {
    for (const Index size : {Index{-1}, Index{0}, Index{1} << 40, Index{1} << 62}) {
        GeneratorSettings g;
        g.hidden = size;
        CHECK_THROWS_AS(Generator<float>(g), ConfigError);
        DiscriminatorSettings d;
        d.hidden = size;
        CHECK_THROWS_AS(Discriminator<float>(d), ConfigError);
    }
    const Model model = small_model(Variant::c_rnn_gan);
    CHECK_THROWS_AS(model.songs(-1, 10, 1, 1), ConfigError);
    CHECK_THROWS_AS(model.songs(1, -1, 1, 1), ConfigError);
    CHECK_THROWS_AS(model.songs(Index{1} << 60, 10, 1, 1), ConfigError);
    CHECK_THROWS_AS(model.songs(1, Index{1} << 60, 1, 1), ConfigError);
    CHECK_THROWS_AS(model.interpolate(2, Index{1} << 60, 1, 1), ConfigError);
    CHECK(model.songs(2, 5, 1, 2'000'000'000).size() == 2);
}

TEST_CASE("Model files: an attention window of any length takes no more memory than the song") {
    Model model = small_model(Variant::carnn_gan);
    const std::vector<midi::Song> expected = model.songs(3, 12, 1, 1);
    model.generator.limit_attention(Index{1} << 50);
    const std::vector<midi::Song> songs = model.songs(3, 12, 1, 1);
    for (std::size_t i = 0; i < 3; ++i) CHECK(songs[i].notes == expected[i].notes);
}

TEST_CASE("Model files: a file without a kind, or of a newer mgan, is refused with what to do") {
    const TensorFile whole = safetensors::parse(save_model(small_model(Variant::c_rnn_gan)), "m");
    const auto with = [&](const char* key, const char* value) {
        TensorFile file("model");
        for (const auto& [name, text] : whole.metadata())
            if (name != key) file.set_metadata(name, text);
        if (value != nullptr) file.set_metadata(key, value);
        return file;
    };
    CHECK(read_settings(with("another", "key"), "model").length == 12);
    CHECK_THROWS_WITH(read_settings(with(kKindKey, nullptr), "model"),
                      Contains("is not an mgan model"));
    CHECK_THROWS_WITH(read_settings(with(kKindKey, "checkpoint"), "model"),
                      Contains("is not an mgan model"));
    CHECK_THROWS_AS(read_settings(with(kSettingsKey, "{\"wings\": 2}"), "model"), ConfigError);
    CHECK_THROWS_WITH(read_settings(with(kSettingsKey, "{\"wings\": 2}"), "model"),
                      Contains("wings") && Contains("if a newer mgan wrote this file"));
}

TEST_CASE("Model files: styles have a row for each song and a column for each measure") {
    const auto styles = [](TensorShape shape, double value) {
        TensorFile file("model");
        std::size_t size = 1;
        for (const std::int64_t n : shape) size *= static_cast<std::size_t>(n);
        const std::vector<double> numbers(size, value);
        file.add("styles", shape, std::span<const double>(numbers));
        return read_styles(file);
    };
    constexpr auto kColumns = static_cast<std::int64_t>(encoding::kStyle);
    CHECK(styles({3, kColumns}, 0.5).size() == 3);
    CHECK_THROWS_AS(styles({3 * kColumns}, 0.5), ShapeError);
    CHECK_THROWS_AS(styles({3, kColumns + 1}, 0.5), ShapeError);
    CHECK_THROWS_AS(styles({3, kColumns}, std::numeric_limits<double>::infinity()), NumericalError);
}

TEST_CASE("Model files: numeric heads of 16 bits play, and nobody guides them") {
    const mgan_test::Folder folder;
    Model model = small_model(Variant::c_rnn_gan);
    model.settings.playing.guide = model.settings.playing.particles = 8;
    CHECK(model.playing().guide == 0);
    CHECK(model.playing().particles == 0);
    const Model read =
        read_model<float>(safetensors::parse(save_model(model, WeightFormat::half), "half"));
    CHECK(read.half_weights);
    CHECK(read.songs(1, 12, 1, 1).front().notes.size() == 12);
}
