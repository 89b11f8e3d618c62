// A training step of the baseline models allocates nothing once it has run once, and a generator
// that streams never does.

#define MGAN_COUNT_ALLOCATIONS
#include <support/allocation_counter.hpp>

#include <mgan/core/random.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/models/discriminator.hpp>
#include <mgan/models/generator.hpp>
#include <support/catch.hpp>
#include <support/random_sequence.hpp>

using mgan::Index;
using mgan::Matrix;
using mgan::Sequence;
using mgan_test::allocations_in;
using mgan_test::allocations_in_second;

namespace {

constexpr Index kSteps = 40, kBatch = 10;

Sequence<float> random_sequence(Index features) {
    return mgan_test::random_sequence<float>(kSteps, kBatch, features,
                                             mgan::Random(1, "allocation_test"));
}

}  // namespace

TEST_CASE("Generator: the second training step allocates nothing, and streaming never does") {
    if (!mgan_test::counts_malloc()) MGAN_SKIP("malloc cannot be counted in this build");
    for (const bool noise_to_head : {false, true}) {
        mgan::GeneratorSettings config;
        config.noise_to_head = noise_to_head;
        config.context = noise_to_head ? 3 : 0;
        mgan::Generator<float> generator(config), gradients(config);
        mgan::initialise(generator, mgan::Random(2, "generator"));
        const Sequence<float> noise = random_sequence(config.noise),
                              before = random_sequence(config.features + config.context),
                              dy = random_sequence(config.features);
        const Matrix<float> first =
            Matrix<float>::Constant(config.features + config.context, kBatch, 0.5f);
        const auto feedback = [](Index, const auto& y, auto&& fed_back, auto&& context) {
            fed_back = y;
            context.setConstant(0.25f);
        };
        mgan::Generator<float>::Cache cache;
        CHECK(allocations_in_second([&] {
                  generator.forward(noise.view(), first, cache, feedback);
                  generator.backward(dy.view(), cache, gradients, true);
                  generator.backward(dy.view(), cache, gradients, false);
              }) == 0);
        CHECK(allocations_in_second([&] {
                  generator.forward_teacher_forced(noise.view(), before.view(), cache);
                  generator.backward(dy.view(), cache, gradients, false);
              }) == 0);
        mgan::Generator<float>::Stream stream;
        generator.start(stream, first);
        CHECK(allocations_in([&] {
                  for (Index t = 0; t < kSteps; ++t)
                      generator.fed_back(stream) = generator.step(noise.step(t), stream);
              }) == 0);
    }
}

TEST_CASE("Discriminator: the second training step allocates nothing") {
    if (!mgan_test::counts_malloc()) MGAN_SKIP("malloc cannot be counted in this build");
    for (const bool deviation : {false, true}) {
        mgan::DiscriminatorSettings config;
        config.minibatch_deviation = deviation;
        mgan::Discriminator<float> discriminator(config), gradients(config);
        mgan::initialise(discriminator, mgan::Random(3, "discriminator"));
        const Sequence<float> x = random_sequence(config.features),
                              d_features = random_sequence(2 * config.hidden);
        Sequence<float> dx = x;
        const mgan::Vector<float> d_decision = mgan::Vector<float>::LinSpaced(kBatch, -1.0f, 1.0f);
        mgan::Discriminator<float>::Cache cache;
        CHECK(allocations_in_second([&] {
                  discriminator.forward(x.view(), cache);
                  discriminator.backward(d_decision, dx.view(), cache, gradients);
                  discriminator.backward(d_decision, {}, cache, gradients, d_features.view());
              }) == 0);
    }
}
