// The generator with its noise path and its attention: that the ways to run it agree, and that
// parts which are off leave no trace.

#include <mgan/core/random.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/models/generator.hpp>
#include <support/catch.hpp>

using namespace mgan;

namespace {

GeneratorSettings small(Index plane_length) {
    GeneratorSettings config = carnn_settings(plane_length);
    config.hidden = 20;
    config.head = 16;
    return config;
}

template <typename Scalar>
Generator<Scalar> random_generator(const GeneratorSettings& config) {
    Generator<Scalar> generator(config);
    initialise(generator, Random(1, "carnn_generator_test"));
    return generator;
}

template <typename Scalar>
Sequence<Scalar> random_noise(Index steps, Index batch, Index features, std::uint64_t seed = 2) {
    const Random random(seed, "carnn_generator_test");
    Sequence<Scalar> z(steps, batch, features);
    for (Index i = 0; i < z.size(); ++i)
        z.data()[i] = static_cast<Scalar>(random.uniform(static_cast<std::uint64_t>(i)));
    return z;
}

std::string names_of(const Generator<float>& generator) {
    std::string names;
    for_each_parameter(
        generator, [&](const ParameterName& name, const auto&) { names += name.text() + "\n"; });
    return names;
}

/// Streams a song after `forward` has made it, and expects the same bits.
template <typename Scalar>
void check_streaming(const GeneratorSettings& config, Index steps) {
    const Generator<Scalar> generator = random_generator<Scalar>(config);
    const Sequence<Scalar> z = random_noise<Scalar>(steps, 2, config.noise);
    const Matrix<Scalar> first = Matrix<Scalar>::Constant(config.features, 2, Scalar(0.5));
    typename Generator<Scalar>::Cache cache;
    generator.forward(z.view(), first, cache);

    typename NoisePath<Scalar>::Cache noise_cache;
    const SequenceView<const Scalar> w = generator.prepare_noise(z.view(), noise_cache);
    typename Generator<Scalar>::Stream stream;
    generator.start(stream, first, steps);
    for (Index t = 0; t < steps; ++t) {
        INFO("step " << t);
        const Matrix<Scalar>& event = generator.step(w.step(t), z.step(t), stream);
        REQUIRE((event == cache.event.step(t)));
        generator.fed_back(stream) = event;
    }
}

}  // namespace

TEST_CASE("CARNN generator: a stream has the bits of the whole song, whichever parts are there") {
    constexpr Index kSteps = 40;
    GeneratorSettings config = small(kSteps);
    check_streaming<float>(config, kSteps);
    check_streaming<double>(config, kSteps);
    config.attention_heads = 4;
    config.attention_window = 9;
    config.attention_residual = true;
    config.noise_to_head = true;
    check_streaming<float>(config, kSteps);
    config.mapping_layers = 0;
    check_streaming<float>(config, kSteps);
    config.convolution = 0;
    check_streaming<float>(config, kSteps);
    config.attention_heads = 0;
    check_streaming<float>(config, kSteps);
    config.mapping_layers = 8;
    check_streaming<float>(config, kSteps);
}

TEST_CASE("CARNN generator: teacher forcing with its own events gives its own song, to the bit") {
    const Generator<float> generator = random_generator<float>(small(40));
    const Sequence<float> z = random_noise<float>(40, 3, 4);
    Generator<float>::Cache free, forced;
    const Matrix<float> first = Matrix<float>::Constant(4, 3, 0.5f);
    generator.forward(z.view(), first, free);
    Sequence<float> before(40, 3, 4);
    before.step(0) = first;
    for (Index t = 1; t < 40; ++t) before.step(t) = free.event.step(t - 1);
    generator.forward_teacher_forced(z.view(), before.view(), forced);
    CHECK((forced.event.all() == free.event.all()));
}

TEST_CASE(
    "CARNN generator: a shorter song is the beginning of the longer one from the same noise") {
    const Generator<float> generator = random_generator<float>(small(40));
    const Sequence<float> z = random_noise<float>(40, 3, 4);
    const Matrix<float> first = Matrix<float>::Constant(4, 3, 0.5f);
    Generator<float>::Cache whole, part;
    generator.forward(z.view(), first, whole);
    generator.forward(z.view(), first, part, IdentityFeedback{}, 13);
    REQUIRE(part.event.steps() == 13);
    CHECK((part.event.all() == whole.event.range(0, 13)));
}

TEST_CASE(
    "CARNN generator: the first event hears the noise of the whole song, the baseline its own") {
    const auto first_event = [](const GeneratorSettings& config, Index changed_step) {
        const Generator<double> generator = random_generator<double>(config);
        Sequence<double> z = random_noise<double>(30, 1, 4);
        if (changed_step >= 0) z.step(changed_step).array() += 0.5;
        Generator<double>::Cache cache;
        generator.forward(z.view(), Matrix<double>::Zero(4, 1), cache);
        return Matrix<double>(cache.event.step(0));
    };
    GeneratorSettings convolution = small(0), baseline = small(0);
    baseline.convolution = 0;
    CHECK_FALSE((first_event(small(30), 29) == first_event(small(30), -1)));
    CHECK_FALSE((first_event(convolution, 2) == first_event(convolution, -1)));
    CHECK((first_event(convolution, 3) == first_event(convolution, -1)));
    CHECK_FALSE((first_event(baseline, 0) == first_event(baseline, -1)));
    CHECK((first_event(baseline, 1) == first_event(baseline, -1)));
}

TEST_CASE(
    "CARNN generator: parameters are named, in PyTorch's words, and parts that are off have none") {
    const std::string baseline =
        "lstm.weight_ih_l0\nlstm.weight_hh_l0\nlstm.bias_ih_l0\nlstm.bias_hh_l0\n"
        "lstm.weight_ih_l1\nlstm.weight_hh_l1\nlstm.bias_ih_l1\nlstm.bias_hh_l1\n"
        "head_1.weight\nhead_1.bias\nhead_2.weight\nhead_2.bias\n";
    CHECK(names_of(Generator<float>(GeneratorSettings{})) == baseline);
    const std::string carnn = names_of(Generator<float>(carnn_settings(10)));
    CHECK(carnn.find("mapping.0.weight\nmapping.0.bias\n") == 0);
    CHECK(carnn.find("mapping.7.bias\nconvolution.weight\nconvolution.bias\nlstm.") !=
          std::string::npos);
    CHECK(carnn.find("lstm.bias_hh_l1\nattention.in_proj_weight\nhead_1.") != std::string::npos);
    CHECK(parameter_count(Generator<float>(carnn_settings(10))) ==
          parameter_count(Generator<float>(GeneratorSettings{})) + 8 * (40 * 40 + 40) + 26 + 30000);
}

TEST_CASE("CARNN generator: a song of another length than the mapping network's is a clear error") {
    const Generator<float> mapped = random_generator<float>(small(40));
    const Generator<float> convolved = random_generator<float>(small(0));
    const Sequence<float> z = random_noise<float>(30, 2, 4);
    const Matrix<float> first = Matrix<float>::Zero(4, 2);
    Generator<float>::Cache cache;
    CHECK_THROWS_WITH(mapped.forward(z.view(), first, cache),
                      Catch::Matchers::Contains("built for songs of exactly 40 steps"));
    CHECK_NOTHROW(convolved.forward(z.view(), first, cache));
    CHECK_THROWS_AS(convolved.forward(z.view(), first, cache, IdentityFeedback{}, 31), ShapeError);

    GeneratorSettings config = small(40);
    config.plane_length = 0;
    CHECK_THROWS_WITH(Generator<float>(config), Catch::Matchers::Contains("plane_length"));
    config = small(0);
    config.convolution = 4;
    CHECK_THROWS_AS(Generator<float>(config), ConfigError);
    config = small(0);
    config.attention_heads = -1;
    CHECK_THROWS_AS(Generator<float>(config), ConfigError);
    config.attention_heads = static_cast<int>(config.hidden) + 1;
    CHECK_THROWS_WITH(Generator<float>(config),
                      Catch::Matchers::Contains("generator.attention_heads = ") &&
                          Catch::Matchers::Contains("generator.hidden = "));
}
