// Models with step heads: the same notes whatever is generated beside them, guidance, files.

#include <mgan/generation/model_file.hpp>
#include <mgan/settings/presets.hpp>

#include <player/small_models.hpp>
#define MGAN_COUNT_ALLOCATIONS
#include <support/allocation_counter.hpp>
#include <support/catch.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <vector>

using namespace mgan;

namespace {

/// Of small nets, after a few minibatches, with its discriminator.
Model small_model(Variant variant = Variant::c_rnn_gan) {
    return mgan_test::small_step_model(variant);
}

/// Plain, guided and with particles.
std::vector<PlayingSettings> ways_to_play(const Model& model) {
    std::vector<PlayingSettings> ways(3, model.settings.playing);
    ways[1].guide = 3;
    ways[2].particles = 4;
    return ways;
}

/// Four songs of 80 events that begin from `start`.
std::vector<std::vector<encoding::StepEvent>> songs_from(const Model& model, const StepStart& start,
                                                         const PlayingSettings& playing) {
    return StepSampler<float>{model.steps->band(), std::span(&start, 1), playing}.play(0, 4, 80, 3);
}

}  // namespace

TEST_CASE("Step model: a song is the same whatever is generated beside it") {
    for (const Variant variant : {Variant::c_rnn_gan, Variant::carnn_mgan}) {
        Model model = small_model(variant);
        for (const Index guide : {0, 3}) {
            model.settings.playing.guide = guide;
            const auto many = model.songs(12, 25, 9, 2);
            const auto few = model.songs(3, 25, 9, 1);
            for (std::size_t i = 0; i < few.size(); ++i) CHECK(few[i] == many[i]);
        }
    }
}

TEST_CASE("Step model: guided without sharpness is drawn from the candidates alike") {
    Model model = small_model();
    model.settings.playing.guide = 0;
    const auto plain = model.songs(4, 20, 5, 1);
    model.settings.playing.guide = 1;  // one candidate: no choice
    CHECK(model.songs(4, 20, 5, 1) == plain);
    model.settings.playing.guide = 4;
    const auto guided = model.songs(4, 20, 5, 1);
    CHECK(guided != plain);

    // The choice prefers what convinces the discriminator: its logits are higher with it. (One that
    // has hardly learnt anything says nearly the same of all songs; larger weights say more.)
    StepDiscriminator<float>::visit(
        *model.steps->discriminator, [](const auto&, auto& weights) { weights *= 3.0f; },
        ParameterName());
    const auto logit = [&](double sharpness) {
        PlayingSettings playing = model.settings.playing;
        playing.sharpness = sharpness;
        StepPlay<float> play(model.steps->band(), playing, 8);
        const std::vector<StepStart> starts(16, model.steps->starts.front());
        play.start(starts, 3, 0, 30);
        for (int t = 0; t < 30; ++t) (void)play.next();
        double sum = 0.0;
        for (const double one : play.logits()) sum += one;
        return sum;
    };
    CHECK(logit(8.0) > logit(0.0));
}

TEST_CASE(
    "Systematic resampling: counts are the shares, rounded up or down, and exact in the mean") {
    const std::vector<double> weights = {0.1, 2.0, 0.0, 0.7, 0.2, 1.0};
    const double sum = 4.0;
    std::vector<double> mean(weights.size(), 0.0);
    constexpr int kLevels = 1000;
    for (int i = 0; i < kLevels; ++i) {
        const std::vector<std::size_t> counts = systematic_resampling(weights, (i + 0.5) / kLevels);
        std::size_t all = 0;
        for (std::size_t p = 0; p < weights.size(); ++p) {
            const double share = weights[p] / sum * 6.0;
            CHECK(static_cast<double>(counts[p]) >= std::floor(share - 1e-9));
            CHECK(static_cast<double>(counts[p]) <= std::ceil(share + 1e-9));
            mean[p] += static_cast<double>(counts[p]) / kLevels;
            all += counts[p];
        }
        CHECK(all == weights.size());
    }
    for (std::size_t p = 0; p < weights.size(); ++p)
        CHECK(std::abs(mean[p] - weights[p] / sum * 6.0) < 0.01);
    // One carries all: the others die.
    CHECK(systematic_resampling(std::vector<double>{0.0, 1e-300, 0.0}, 0.999) ==
          std::vector<std::size_t>{0, 3, 0});
}

TEST_CASE("Step model: particles are the same beside any others, and convince the discriminator") {
    for (const Variant variant : {Variant::c_rnn_gan, Variant::carnn_gan, Variant::carnn_mgan}) {
        Model model = small_model(variant);
        model.settings.playing.guide = 0;
        const auto plain = model.songs(6, 25, 9, 1);
        model.settings.playing.particles = 1;  // one is the song alone
        CHECK(model.songs(6, 25, 9, 1) == plain);
        model.settings.playing.particles = 8;
        const auto many = model.songs(6, 25, 9, 2);
        CHECK(many != plain);
        const auto last = model.songs(2, 25, 9, 1, 4);
        CHECK(last[0] == many[4]);
        CHECK(last[1] == many[5]);
    }

    // The final logits of survivors are higher than those of plain songs, if the discriminator
    // tells songs apart at all.
    Model model = small_model();
    model.steps->discriminator->output.weight *= 30.0f;
    const StepBand<float> band = model.steps->band();
    const auto mean_logit = [&](Index particles) {
        double sum = 0.0;
        for (Index song = 0; song < 24; ++song) {
            const StepStart& start = model.steps->starts.front();
            const auto events =
                play_particles(band, model.settings.playing, start, 3, song, 30, particles);
            StepPlay<float> judge(band, model.settings.playing, 2);
            judge.start(std::span(&start, 1), 3, static_cast<std::uint64_t>(song), 30);
            for (const encoding::StepEvent& event : events) judge.hear(std::span(&event, 1));
            sum += judge.logits().front() / 24.0;
        }
        return sum;
    };
    CHECK(mean_logit(16) > mean_logit(1));
}

TEST_CASE("Step model: a song has no more pitch classes than its style asks for") {
    Model model = small_model();
    StepStart start = model.steps->starts.front();
    double& asked = start.style[static_cast<std::size_t>(encoding::StyleAxis::classes_used)];
    const std::size_t pitch = model.steps->vocabulary.pitch();
    const auto classes_in = [&](const std::vector<encoding::StepEvent>& events) {
        std::array<bool, 12> used{};
        for (const encoding::StepEvent& event : events)
            used[static_cast<std::size_t>(model.steps->vocabulary.value(pitch, event.value[pitch]) %
                                          12)] = true;
        return std::count(used.begin(), used.end(), true);
    };
    std::ptrdiff_t most = 0;
    for (const int classes : {2, 5, 12}) {
        asked = classes;
        for (const PlayingSettings& playing : ways_to_play(model)) {
            for (const auto& song : songs_from(model, start, playing)) {
                CHECK(classes_in(song) <= classes);
                most = std::max(most, classes_in(song));
            }
        }
    }
    CHECK(most > 5);  // or nothing was held back
}

TEST_CASE("Step model: no more keys sound at once than the style of a song asks for") {
    Model model = small_model();
    const encoding::StepVocabulary& words = model.steps->vocabulary;
    StepStart start = model.steps->starts.front();
    double& asked = start.style[static_cast<std::size_t>(encoding::StyleAxis::most_at_once)];
    const auto most_keys = [&](const std::vector<encoding::StepEvent>& events) {
        std::map<int, std::int64_t> ends;  // by key; struck again, it ends anew
        std::int64_t onset = 0;
        std::ptrdiff_t most = 0;
        for (std::size_t i = 0; i < events.size(); ++i) {
            const auto value = [&](std::size_t of, std::size_t c) {
                return std::int64_t{words.value(c, events[of].value[c])};
            };
            if (i > 0 && events[i].value[encoding::StepVocabulary::move()] != 0)
                onset += value(i - 1, encoding::StepVocabulary::gap());
            ends[static_cast<int>(value(i, words.pitch()))] = onset + value(i, words.length());
            most = std::max(most, std::count_if(ends.begin(), ends.end(), [&](const auto& key) {
                                return key.second > onset;
                            }));
        }
        return most;
    };
    std::ptrdiff_t most = 0;
    for (const int keys : {1, 2, 4, 20}) {
        asked = keys;
        for (const PlayingSettings& playing : ways_to_play(model)) {
            for (const auto& song : songs_from(model, start, playing)) {
                CHECK(most_keys(song) <= keys);
                most = std::max(most, most_keys(song));
            }
        }
    }
    CHECK(most > 4);  // or nothing was held back
}

TEST_CASE("Step play: no event but the first allocates, guided or not, of any variant") {
    for (const Variant variant : {Variant::c_rnn_gan, Variant::carnn_gan, Variant::carnn_mgan}) {
        const Model model = small_model(variant);
        for (const Index candidates : {0, 3}) {
            StepPlay<float> play(model.steps->band(), model.settings.playing, candidates);
            play.start(std::span(model.steps->starts).first(2), 3, 0, 50);
            (void)play.next();
            CHECK(mgan_test::allocations_in([&] {
                      for (int t = 0; t < 200; ++t) (void)play.next();  // beyond `longest`, too
                  }) == 0);
        }
    }
}

TEST_CASE("Step model: without a discriminator there is no guidance") {
    Model model = small_model();
    model.settings.playing.guide = 0;
    const auto plain = model.songs(2, 10, 1, 1);
    model.steps->discriminator.reset();
    model.settings.playing.guide = 4;
    CHECK_THROWS_AS(model.steps->songs(model.settings.playing, 1, 10, 1, 1), ConfigError);
    // A model that would be guided, but was saved before there was anyone to guide it.
    CHECK(model.playing().guide == 0);
    CHECK(model.songs(2, 10, 1, 1) == plain);
}

TEST_CASE("Step model: bytes keep it whole") {
    for (const Variant variant : {Variant::c_rnn_gan, Variant::carnn_gan, Variant::carnn_mgan}) {
        Model model = small_model(variant);
        model.settings.playing.guide = 2;
        const Model read = read_model<float>(
            safetensors::parse(safetensors::serialize(tensors_of(model, "model")), "memory"));
        CHECK(read.kept_phase == "adversarial");
        CHECK(read.steps->vocabulary == model.steps->vocabulary);
        CHECK(read.steps->starts == model.steps->starts);
        CHECK_FALSE(model.steps->openings.empty());
        CHECK(read.steps->openings == model.steps->openings);
        CHECK(flat_parameters<float>(read.steps->generator) ==
              flat_parameters<float>(model.steps->generator));
        CHECK(flat_parameters<float>(*read.steps->discriminator) ==
              flat_parameters<float>(*model.steps->discriminator));
        CHECK(read.songs(3, 30, 4, 1) == model.songs(3, 30, 4, 1));
    }
}

TEST_CASE("Step model: openings may be left out, and damaged ones are refused by name") {
    const Model model = small_model();
    Model without = model;
    without.steps->openings.clear();
    const TensorFile file = tensors_of(without, "model");
    CHECK_FALSE(file.contains("openings.events"));
    CHECK_FALSE(file.contains("openings.phases"));
    CHECK(read_model<float>(file).steps->openings.empty());
    CHECK(read_model<float>(file).songs(2, 30, 4, 1) == model.songs(2, 30, 4, 1));

    const auto refused = [&](auto&& damage) {
        Model damaged = model;
        damage(damaged.steps->openings.at(1));
        try {
            (void)read_model<float>(tensors_of(damaged, "model"));
        } catch (const Error& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    using Catch::Matchers::Contains;
    const std::size_t pitch = model.steps->vocabulary.pitch();
    for (const std::int16_t value : {std::int16_t{-1}, std::int16_t{128}})
        CHECK_THAT(refused([&](StepOpening& opening) { opening.events[3].value[pitch] = value; }),
                   Contains("openings.events is damaged") && Contains("pitch"));
    CHECK_THAT(refused([](StepOpening& opening) { opening.start.phase = -1; }),
               Contains("openings.phases is damaged"));
    CHECK_THAT(refused([](StepOpening& opening) {
                   opening.start.style[2] = std::numeric_limits<double>::quiet_NaN();
               }),
               Contains("openings.styles is not finite"));
}

TEST_CASE("Step model: with half the bytes it plays songs of its own, the same each time") {
    for (const Variant variant : {Variant::c_rnn_gan, Variant::carnn_gan, Variant::carnn_mgan}) {
        Model model = small_model(variant);
        const auto full = save_model(model), half = save_model(model, WeightFormat::half);
        CHECK(half.size() < full.size());
        const Model read = load_model<float>(half);
        CHECK(read.half_weights);
        CHECK_FALSE(load_model<float>(full).half_weights);
        const auto weights = flat_parameters<float>(model.steps->generator),
                   rounded = flat_parameters<float>(read.steps->generator);
        REQUIRE(weights.size() == rounded.size());
        for (std::size_t i = 0; i < weights.size(); ++i)
            CHECK(std::abs(rounded[i] - weights[i]) <= std::abs(weights[i]) * 0x1p-8F);
        CHECK(rounded != weights);
        CHECK(read.songs(3, 30, 4, 1) == load_model<float>(half).songs(3, 30, 4, 2));
        CHECK(read.songs(3, 30, 4, 1).front().notes.size() == 30);
        // A single song is played from packed weights, to the same bits as several from floats.
        Model unpacked = read;
        unpacked.settings.playing.guide = model.settings.playing.guide = 0;
        BasicStepModel<float>& steps = *unpacked.steps;
        StepGenerator<float> plain(step_shape(steps.vocabulary),
                                   unpacked.settings.step_generator_settings());
        read_parameters(tensors_of(read, "half"), "generator.", plain);
        steps.generator = plain;
        Model packed = read;
        packed.settings.playing.guide = 0;
        CHECK(packed.songs(1, 30, 4, 1) == unpacked.songs(1, 30, 4, 1));
        CHECK(packed.songs(3, 30, 4, 1).front() == packed.songs(1, 30, 4, 1).front());
        // Rounded twice is rounded once; and written whole, it stays what it is.
        CHECK(save_model(read, WeightFormat::half) == half);
        CHECK(load_model<float>(save_model(read)).songs(2, 30, 4, 1) == read.songs(2, 30, 4, 1));
    }
}

TEST_CASE("Step model: a file whose settings lie about its sizes is refused before it costs") {
    Model model = small_model();
    Model lie = model;
    lie.settings.generator.hidden = 4096;
    lie.settings.generator.layers = 8;
    CHECK_THROWS_AS(read_model<float>(tensors_of(lie, "lie")), ShapeError);
    lie = model;
    lie.settings.discriminator.hidden = 4096;
    CHECK_THROWS_AS(read_model<float>(tensors_of(lie, "lie")), ShapeError);
}

TEST_CASE("Step model: the count of parameters from settings alone is that of the nets") {
    const StepShape shape = step_shape(small_model().steps->vocabulary);
    for (const Variant variant : {Variant::c_rnn_gan, Variant::carnn_gan, Variant::carnn_mgan}) {
        Settings s = recommended_settings(variant);
        s.generator.attention_heads =
            variant == Variant::carnn_gan ? 2 : s.generator.attention_heads;
        const StepGeneratorSettings sizes = s.step_generator_settings();
        CHECK(parameter_count(shape, sizes) ==
              static_cast<std::uint64_t>(parameter_count(StepGenerator<float>(shape, sizes))));
        const StepDiscriminatorSettings judge = s.step_discriminator_settings();
        CHECK(parameter_count(shape, judge) ==
              static_cast<std::uint64_t>(parameter_count(StepDiscriminator<float>(shape, judge))));
    }
}
