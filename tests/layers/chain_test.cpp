#include <mgan/core/random.hpp>
#include <mgan/layers/chain.hpp>
#include <mgan/layers/conv2d.hpp>
#include <mgan/layers/initialisation.hpp>
#include <support/catch.hpp>

#include <string>
#include <vector>

using namespace mgan;

namespace {

auto small_net() {
    auto net = chain(Dense<float>(3, 5), ActivationLayer<float>{Activation::relu},
                     Lstm<float>(5, 4), LayerNorm<float>(4), Gru<float>(4, 6), Dense<float>(6, 2));
    initialise(net, Random(1, "chain"));
    return net;
}

Sequence<float> random_input(Index steps, Index batch, Index features) {
    Sequence<float> x(steps, batch, features);
    const Random random(2, "x");
    for (Index i = 0; i < x.size(); ++i)
        x.data()[i] = static_cast<float>(random.uniform(static_cast<std::uint64_t>(i), -1, 1));
    return x;
}

}  // namespace

TEST_CASE("A chain computes what its layers compute, one after the other") {
    const auto net = small_net();
    CHECK(net.in() == 3);
    CHECK(net.out() == 2);
    const Sequence<float> x = random_input(4, 3, 3);
    Sequence<float> y(4, 3, 2), a(4, 3, 5), h(4, 3, 4), n(4, 3, 4), s(4, 3, 6), expected(4, 3, 2);
    std::decay_t<decltype(net)>::Cache cache;
    net.forward(x.view(), y.view(), cache);
    net.layer<0>().forward(x.all(), a.all());
    a.all() = a.all().cwiseMax(0.0f).eval();
    Lstm<float>::Cache lstm;
    net.layer<2>().forward(a.view(), h.view(), lstm);
    LayerNorm<float>::Cache norm;
    net.layer<3>().forward(h.all(), n.all(), norm);
    Gru<float>::Cache gru;
    net.layer<4>().forward(n.view(), s.view(), gru);
    net.layer<5>().forward(s.all(), expected.all());
    CHECK(y.all() == expected.all());
}

TEST_CASE("A chain plays step by step with the numbers of forward") {
    const auto net = small_net();
    const Sequence<float> x = random_input(7, 2, 3);
    Sequence<float> y(7, 2, 2);
    std::decay_t<decltype(net)>::Cache cache;
    net.forward(x.view(), y.view(), cache);
    std::decay_t<decltype(net)>::State state;
    for (int song = 0; song < 2; ++song) {
        net.start(state, 2);
        for (Index t = 0; t < 7; ++t) {
            Matrix<float> step(2, 2);
            net.step(x.step(t), state, step);
            CHECK(step == y.step(t));
        }
    }
}

TEST_CASE("The parameters of a chain have the names of PyTorch's nn.Sequential") {
    const auto net = small_net();
    std::vector<std::string> names;
    for_each_parameter(
        net, [&](const ParameterName& name, const auto&) { names.push_back(name.text()); });
    CHECK(names == std::vector<std::string>{
                       "0.weight", "0.bias", "2.weight_ih_l0", "2.weight_hh_l0", "2.bias_ih_l0",
                       "2.bias_hh_l0", "3.weight", "3.bias", "4.weight_ih_l0", "4.weight_hh_l0",
                       "4.bias_ih_l0", "4.bias_hh_l0", "5.weight", "5.bias"});
}

TEST_CASE("Layers that do not fit are refused when the chain is made") {
    CHECK_THROWS_AS(chain(Dense<float>(3, 5), Dense<float>(4, 2)), ShapeError);
    try {
        (void)chain(Dense<float>(3, 5), ActivationLayer<float>{}, Lstm<float>(4, 2));
        FAIL("it was made");
    } catch (const ShapeError& error) {
        CHECK(std::string(error.what()) ==
              "Chain: layer 2 reads 4 features, the one before it gives 5");
    }
}

TEST_CASE("A chain is a layer of a chain, and convolutions have a place in it") {
    auto inner = chain(Dense<double>(3, 4), ActivationLayer<double>{Activation::tanh});
    auto outer = chain(inner, Conv2d<double>({.width = 4, .window_time = 3, .window_width = 3}),
                       Dense<double>(4, 1));
    initialise(outer, Random(3, "outer"));
    CHECK(outer.out() == 1);
    Sequence<double> x(5, 2, 3), y(5, 2, 1), dx(5, 2, 3), dy(5, 2, 1);
    x.all().setConstant(0.3);
    dy.all().setOnes();
    decltype(outer)::Cache cache;
    auto gradients = outer;
    set_zero(gradients);
    outer.forward(x.view(), y.view(), cache);
    outer.backward(dy.view(), dx.view(), cache, gradients);
    CHECK(dx.all().squaredNorm() > 0);
    const double once = squared_norm(gradients);
    // Without dx: the gradients of the parameters are the same.
    outer.backward(dy.view(), {}, cache, gradients);
    CHECK(squared_norm(gradients) == Approx(4 * once).epsilon(1e-12));
}
