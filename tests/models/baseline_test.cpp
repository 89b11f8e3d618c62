// What the baseline models compute, and what they say when they are called wrongly. (Their
// gradients are proved in tests/proofs.)

#include <mgan/core/random.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/models/discriminator.hpp>
#include <mgan/models/generator.hpp>
#include <support/catch.hpp>
#include <support/random_sequence.hpp>
#include <support/shape_error.hpp>

#include <string>

using mgan::Index;
using mgan::Matrix;
using mgan::Sequence;
using mgan_test::shape_error;

namespace {

template <typename Scalar>
Sequence<Scalar> random_sequence(Index steps, Index batch, Index features, std::uint64_t seed) {
    return mgan_test::random_sequence<Scalar>(steps, batch, features,
                                              mgan::Random(seed, "baseline_test"));
}

}  // namespace

TEMPLATE_TEST_CASE("Generator: streaming gives what forward gives, to the bit", "", float, double) {
    for (const Index batch : {1, 3, 10}) {
        mgan::GeneratorSettings config;
        config.hidden = 37;
        config.head = 21;
        config.noise_to_head = batch > 1;
        mgan::Generator<TestType> generator(config);
        mgan::initialise(generator, mgan::Random(1, "baseline_test"));
        const Sequence<TestType> noise = random_sequence<TestType>(15, batch, config.noise, 2);
        const Matrix<TestType> first = random_sequence<TestType>(1, batch, 4, 3).step(0);
        typename mgan::Generator<TestType>::Cache cache;
        const Sequence<TestType>& events = generator.forward(noise.view(), first, cache);
        typename mgan::Generator<TestType>::Stream stream;
        generator.start(stream, first);
        for (Index t = 0; t < 15; ++t) {
            const Matrix<TestType>& event = generator.step(noise.step(t), stream);
            REQUIRE(event == events.step(t));
            generator.fed_back(stream) = event;
        }
    }
}

TEST_CASE("Generator: free running is teacher forcing with its own events") {
    mgan::GeneratorSettings config;
    config.hidden = 9;
    config.noise_to_head = true;
    mgan::Generator<double> generator(config);
    mgan::initialise(generator, mgan::Random(4, "baseline_test"));
    const Sequence<double> noise = random_sequence<double>(6, 2, config.noise, 5);
    const Matrix<double> first = random_sequence<double>(1, 2, 4, 6).step(0);
    mgan::Generator<double>::Cache free, forced;
    const Sequence<double>& events = generator.forward(noise.view(), first, free);
    Sequence<double> before(6, 2, 4);
    before.step(0) = first;
    for (Index t = 1; t < 6; ++t) before.step(t) = events.step(t - 1);
    CHECK(generator.forward_teacher_forced(noise.view(), before.view(), forced).all() ==
          events.all());
}

TEST_CASE("Generator: each event depends on the noise up to its own step, not on later noise") {
    mgan::GeneratorSettings config;
    config.hidden = 9;
    mgan::Generator<double> generator(config);
    mgan::initialise(generator, mgan::Random(7, "baseline_test"));
    Sequence<double> noise = random_sequence<double>(6, 1, config.noise, 8);
    const Matrix<double> first = Matrix<double>::Constant(4, 1, 0.5);
    mgan::Generator<double>::Cache cache;
    const Sequence<double> before = generator.forward(noise.view(), first, cache);
    noise(3, 0, 1) += 0.25;
    const Sequence<double> after = generator.forward(noise.view(), first, cache);
    for (Index t = 0; t < 6; ++t) CHECK((before.step(t) == after.step(t)) == (t < 3));
}

TEST_CASE("Discriminator: D(x) is the mean over time of probabilities") {
    mgan::DiscriminatorSettings config;
    config.hidden = 7;
    mgan::Discriminator<double> discriminator(config);
    mgan::initialise(discriminator, mgan::Random(9, "baseline_test"));
    const Sequence<double> x = random_sequence<double>(5, 3, config.features, 10);
    mgan::Discriminator<double>::Cache cache;
    const mgan::Vector<double> d = discriminator.forward(x.view(), cache);
    for (Index b = 0; b < 3; ++b) {
        double mean = 0.0;
        for (Index t = 0; t < 5; ++t) {
            CHECK(cache.probability(t, b, 0) > 0.0);
            CHECK(cache.probability(t, b, 0) < 1.0);
            mean += cache.probability(t, b, 0) / 5.0;
        }
        CHECK(d(b) == Approx(mean).epsilon(1e-14));
    }
}

TEST_CASE("Discriminator: the minibatch deviation sees that songs are alike, and nothing else") {
    mgan::DiscriminatorSettings config;
    config.hidden = 7;
    config.minibatch_deviation = true;
    mgan::Discriminator<double> discriminator(config);
    mgan::initialise(discriminator, mgan::Random(11, "baseline_test"));
    Sequence<double> x = random_sequence<double>(5, 3, config.features, 12);
    mgan::Discriminator<double>::Cache cache;
    discriminator.forward(x.view(), cache);
    CHECK(cache.dense_input(0, 0, 14) > 1e-3);
    CHECK(cache.dense_input(0, 0, 14) == cache.dense_input(4, 2, 14));
    for (Index t = 0; t < 5; ++t)
        for (Index b = 1; b < 3; ++b) x.step(t).col(b) = x.step(t).col(0);
    discriminator.forward(x.view(), cache);
    CHECK(cache.dense_input(0, 0, 14) == Approx(1e-4).epsilon(1e-6));  // sqrt of the floor 1e-8
}

TEST_CASE(
    "Discriminator: what a generator learns from it is the whole backward pass's, to the bit") {
    for (const bool deviation : {false, true}) {
        mgan::Discriminator<double> discriminator({4, 5, 2, deviation}), gradients = discriminator;
        mgan::initialise(discriminator, mgan::Random(1, "weights"));
        mgan::Sequence<double> x(9, 3, 4), whole(9, 3, 4), alone(9, 3, 4), d_features(9, 3, 10);
        x.all().setRandom();
        d_features.all().setRandom();
        mgan::Vector<double> d_decision = mgan::Vector<double>::LinSpaced(3, -1.0, 2.0);
        mgan::Discriminator<double>::Cache cache;
        discriminator.forward(x.view(), cache);
        discriminator.backward(d_decision, whole.view(), cache, gradients, d_features.view());
        discriminator.forward(x.view(), cache);
        discriminator.backward_through(d_decision, alone.view(), cache, d_features.view());
        CHECK(alone.all() == whole.all());
        CHECK(alone.all().norm() > 0.0);
    }
}

TEST_CASE("The models say what has which size, and what they expect") {
    mgan::GeneratorSettings config;
    config.hidden = 5;
    const mgan::Generator<double> generator(config);
    mgan::Generator<double> gradients(config);
    mgan::Generator<double>::Cache cache;
    const Sequence<double> noise(6, 2, 4), narrow(6, 2, 3), brief(5, 2, 4), empty(0, 2, 4);
    const Matrix<double> first = Matrix<double>::Zero(4, 2), wrong = Matrix<double>::Zero(3, 2);
    CHECK(shape_error([&] { generator.forward(narrow.view(), first, cache); }) ==
          "Generator: the noise has 3 features, the model expects 4 (Z)");
    CHECK(shape_error([&] { generator.forward(empty.view(), first, cache); }) ==
          "Generator: the noise is empty, [T=0, B=2, F=4]");
    CHECK(shape_error([&] { generator.forward(noise.view(), wrong, cache); }) ==
          "Generator::forward: the first event is 3 x 2, expected 4 x 2");
    CHECK(
        shape_error([&] { generator.forward_teacher_forced(noise.view(), brief.view(), cache); }) ==
        "Generator::forward_teacher_forced: the events before are [T=5, B=2, F=4], "
        "expected [T=6, B=2, F=4]");
    generator.forward(noise.view(), first, cache);
    CHECK(shape_error([&] { generator.backward(brief.view(), cache, gradients, true); }) ==
          "Generator::backward: dy is [T=5, B=2, F=4], the events are [T=6, B=2, F=4]");

    mgan::DiscriminatorSettings d_config;
    d_config.hidden = 5;
    const mgan::Discriminator<double> discriminator(d_config);
    mgan::Discriminator<double> d_gradients(d_config);
    mgan::Discriminator<double>::Cache d_cache;
    CHECK(shape_error([&] { discriminator.forward(empty.view(), d_cache); }) ==
          "Discriminator::forward: x is empty, [T=0, B=2, F=4]");
    CHECK(shape_error([&] { discriminator.forward(narrow.view(), d_cache); }) ==
          "Lstm::forward: x has 3 features, the layer expects 4 (F)");
    discriminator.forward(noise.view(), d_cache);
    CHECK(shape_error([&] {
              discriminator.backward(mgan::Vector<double>::Ones(3), {}, d_cache, d_gradients);
          }) == "Discriminator::backward: d_decision has 3 entries for 2 songs");
    CHECK(shape_error([&] {
              discriminator.backward(mgan::Vector<double>::Ones(2), {}, d_cache, d_gradients,
                                     narrow.view());
          }) ==
          "Discriminator::backward: d_features is [T=6, B=2, F=3], expected [T=6, B=2, F=10]");
}
