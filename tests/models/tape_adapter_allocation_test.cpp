// A recording of layers and models that is made a second time allocates nothing.

#include "tape_adapter_support.hpp"

#include <support/allocation_counter.hpp>

using namespace mgan_test;

TEST_CASE("Layers on a tape allocate nothing the second time") {
    if (!mgan_test::counts_malloc()) MGAN_SKIP("malloc cannot be counted in this build");
    constexpr Index kSteps = 20, kBatch = 5;
    const Generator<float> generator = started(Generator<float>(carnn_settings(kSteps)));
    const Discriminator<float> judge = started(Discriminator<float>(DiscriminatorSettings{}));
    const Dense<float> dense = started(Dense<float>(4, 4));
    Generator<float> gradients = zeros_like(generator);
    const Matrix<float> noise = random_matrix<float>(4, kSteps * kBatch, 1);
    const Matrix<float> first = random_matrix<float>(4, kBatch, 2);
    Tape<float> tape;
    const LayerOnTape player(generator, gradients);
    const LayerOnTape listener(judge);
    const LayerOnTape layer(dense);
    const SequenceSize size{.steps = kSteps, .batch = kBatch};
    const auto pass = [&] {
        tape.clear();
        const auto z = tape.constant(noise), start = tape.constant(first);
        const auto song = player.record({z, start}, {.steps = kSteps, .batch = kBatch});
        const auto p = record_parameters(tape, dense);
        const auto heard = layer.record_with(p, tanh(layer.record_with(p, song)));
        const auto [decision, features] = listener.record(heard, size);
        tape.backward(mean(softplus(-decision)) + mean(features * features));
    };
    pass();
    const AlignedVector<float> once = flat_parameters<float>(gradients);
    set_zero(gradients);
    CHECK(mgan_test::allocations_in(pass) == 0);
    CHECK(flat_parameters<float>(gradients) == once);
    CHECK(squared_norm(gradients) > 0);
}
