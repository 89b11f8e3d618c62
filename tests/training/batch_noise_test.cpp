#include <mgan/layers/initialisation.hpp>
#include <mgan/training/batch_noise.hpp>

#include <support/catch.hpp>

using mgan::Generator;
using mgan::Index;
using mgan::Matrix;
using mgan::Sequence;

namespace {

constexpr Index kSteps = 9, kBatch = 5;
constexpr Index kShards = 2;  // of 3 and 2 songs

mgan::GeneratorSettings configuration() {
    mgan::GeneratorSettings config = mgan::carnn_settings(kSteps);
    config.hidden = config.head = 7;
    config.mapping_layers = 3;
    config.noise_to_head = true;
    return config;
}

/// Noise, first events and the gradient at the generated events, all of a fixed seed.
struct Fixture {
    Fixture() : generator(configuration()), z(kSteps, kBatch, 4), d_event(kSteps, kBatch, 4) {
        mgan::initialise(generator, mgan::Random(3, "weights"));
        mgan::initialise_mapping(generator.noise_path.mapping, mgan::Random(3, "mapping"));
        const mgan::Random random(4, "inputs");
        std::uint64_t index = 0;
        for (Index i = 0; i < z.size(); ++i) {
            z.data()[i] = random.uniform(index++);
            d_event.data()[i] = random.uniform(index++, -1.0, 1.0);
        }
        first.resize(4, kBatch);
        for (Index i = 0; i < first.size(); ++i) first.data()[i] = random.uniform(index++);
    }

    Generator<double> generator;
    Sequence<double> z, d_event;
    Matrix<double> first;
};

/// Events and gradient of the batch: shard by shard, the noise path for all songs at once.
struct InShards {
    InShards(const Fixture& given, int threads)
        : events(kSteps, kBatch, 4), gradient(given.generator) {
        const Generator<double>& generator = given.generator;
        mgan::set_zero(gradient);
        mgan::NoisePath<double> of_noise = gradient.noise_path;
        // What is there is written over, not added to.
        of_noise.mapping.layers[1].weight.setConstant(1e9);
        of_noise.convolution.weight.setConstant(1e9);
        gradient.noise_path = {};
        mgan::BatchNoise<double> batch;
        batch.resize(kSteps, kBatch, 4);
        Sequence<double> z, d_event, w;
        for (Index i = kShards; i-- > 0;) {
            const mgan::Shard shard = mgan::shard_of(kBatch, kShards, i);
            mgan::copy_samples(given.z, shard.begin, shard.end, z);
            batch.put(shard, z);
        }
        batch.forward(generator, threads);
        typename Generator<double>::Cache cache;
        for (Index i = 0; i < kShards; ++i) {
            const mgan::Shard shard = mgan::shard_of(kBatch, kShards, i);
            mgan::copy_samples(given.z, shard.begin, shard.end, z);
            mgan::copy_samples(given.d_event, shard.begin, shard.end, d_event);
            batch.get(shard, w);
            const Matrix<double> first = given.first.middleCols(shard.begin, shard.size());
            const Sequence<double>& generated =
                generator.forward({std::as_const(z).view(), std::as_const(w).view()}, first, cache);
            mgan::place_samples(generated, shard.begin, events);
            generator.backward(std::as_const(d_event).view(), cache, gradient, true);
            batch.collect(shard, cache);
        }
        batch.backward(generator, of_noise, threads);
        gradient.noise_path = of_noise;
    }

    Sequence<double> events;
    Generator<double> gradient;
};

}  // namespace

TEST_CASE(
    "The noise path of a whole batch gives the songs and the gradient of one song after another") {
    const Fixture given;
    typename Generator<double>::Cache cache;
    Generator<double> gradient = given.generator;
    mgan::set_zero(gradient);
    const Sequence<double>& events = given.generator.forward(given.z.view(), given.first, cache);
    given.generator.backward(given.d_event.view(), cache, gradient, true);
    const auto expected = mgan::flat_parameters<double>(gradient);

    const InShards one(given, 1);
    CHECK(std::equal(events.data(), events.data() + events.size(), one.events.data()));
    const auto found = mgan::flat_parameters<double>(one.gradient);
    REQUIRE(found.size() == expected.size());
    double largest = 0.0;
    for (const double value : expected) largest = std::max(largest, std::abs(value));
    REQUIRE(largest > 0.0);
    for (std::size_t i = 0; i < found.size(); ++i)
        REQUIRE(found[i] == Approx(expected[i]).epsilon(1e-11).margin(1e-13 * largest));

    for (const int threads : {2, 3}) {
        const InShards several(given, threads);
        CHECK(std::equal(events.data(), events.data() + events.size(), several.events.data()));
        CHECK(mgan::flat_parameters<double>(several.gradient) == found);
    }
}

TEST_CASE("A generator refuses a w that does not belong to its noise") {
    const Fixture given;
    typename Generator<double>::Cache cache;
    const Sequence<double> w(kSteps - 1, kBatch, 4);
    CHECK_THROWS_AS(given.generator.forward({given.z.view(), w.view()}, given.first, cache),
                    mgan::ShapeError);
}
