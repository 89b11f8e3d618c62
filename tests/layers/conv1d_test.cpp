// The convolution over time: what it sees, streaming, chains, errors, and a task.

#include <mgan/layers/conv1d.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/optimisation/optimiser.hpp>
#include <support/allocation_counter.hpp>
#include <support/catch.hpp>

using namespace mgan;

namespace {
Sequence<float> noise(Index steps, Index batch, Index features, std::uint64_t seed) {
    Sequence<float> x(steps, batch, features);
    const Random random(seed, "conv1d test");
    for (Index i = 0; i < x.size(); ++i)
        x.data()[i] = static_cast<float>(random.uniform(static_cast<std::uint64_t>(i), -1, 1));
    return x;
}
}  // namespace

TEST_CASE("Conv1d: a step sees the steps of its window, and nothing that comes later") {
    Conv1d<float> layer(1, 1, 3, 2);
    layer.weight << 100, 10, 1;
    layer.bias << 0.5f;
    CHECK(layer.span() == 5);
    Sequence<float> x(6, 1, 1), y(6, 1, 1);
    for (Index t = 0; t < 6; ++t) x(t, 0, 0) = static_cast<float>(t + 1);
    Conv1d<float>::Cache cache;
    layer.forward(x.view(), y.view(), cache);
    const float expected[] = {1.5f, 2.5f, 13.5f, 24.5f, 135.5f, 246.5f};
    for (Index t = 0; t < 6; ++t) CHECK(y(t, 0, 0) == expected[t]);
}

TEST_CASE("Conv1d: streaming gives the bits of the sequence, in a chain as well, and no heap") {
    auto net = chain(Conv1d<float>(3, 20, 3, 1), ActivationLayer<float>{Activation::relu},
                     Conv1d<float>(20, 5, 2, 4));
    initialise(net, Random(1, "weights"), Initialisation::uniform);
    const Sequence<float> x = noise(17, 2, 3, 2);
    Sequence<float> y(17, 2, 5);
    decltype(net)::Cache cache;
    net.forward(x.view(), y.view(), cache);
    decltype(net)::State state;
    net.start(state, 2);
    Matrix<float> out(5, 2);
    for (Index t = 0; t < 17; ++t) {
        CHECK(mgan_test::allocations_in([&] { net.step(x.step(t), state, out); }) == 0);
        CHECK(out == y.step(t));
    }
}

TEST_CASE("Conv1d: wrong sizes are errors that say what is wrong") {
    CHECK_THROWS_WITH(Conv1d<float>(3, 4, 0), Catch::Contains("a window of 0 steps"));
    CHECK_THROWS_AS(Conv1d<float>(3, 4, 2, 0), ConfigError);
    const Conv1d<float> layer(3, 4, 2);
    Conv1d<float>::Cache cache;
    Sequence<float> x(5, 1, 2), y(5, 1, 4);
    CHECK_THROWS_WITH(layer.forward(x.view(), y.view(), cache),
                      Catch::Contains("Conv1d::forward: x has 2 features"));
}

TEST_CASE("Conv1d: a dilated stack learns to say what was heard seven steps ago") {
    auto net = chain(Conv1d<float>(1, 8, 2, 1), ActivationLayer<float>{Activation::tanh},
                     Conv1d<float>(8, 8, 2, 2), ActivationLayer<float>{Activation::tanh},
                     Conv1d<float>(8, 1, 2, 4));
    initialise(net, Random(3, "weights"), Initialisation::glorot);
    auto gradients = net;
    Optimiser<float> optimiser{OptimiserSettings{}};
    decltype(net)::Cache cache;
    double loss = 0.0;
    for (std::uint64_t i = 0; i < 600; ++i) {
        const Sequence<float> x = noise(20, 8, 1, 10 + i);
        Sequence<float> y(20, 8, 1), dy(20, 8, 1);
        net.forward(x.view(), y.view(), cache);
        loss = 0.0;
        dy.set_zero();
        for (Index t = 7; t < 20; ++t) {
            dy.step(t) = (y.step(t) - x.step(t - 7)) / 104.0f;
            loss += 104.0 * static_cast<double>(dy.step(t).squaredNorm());
        }
        set_zero(gradients);
        net.backward(std::as_const(dy).view(), {}, cache, gradients);
        optimiser.step(net, gradients, 1e-2, "conv1d");
    }
    CHECK(loss < 0.02);  // 1/3 for a net that says nothing
}
