#include <mgan/layers/dense.hpp>
#include <mgan/optimisation/optimiser.hpp>

#include <support/catch.hpp>

#include <limits>

using namespace mgan;
using Catch::Matchers::Contains;

namespace {

/// Weights 1, 2 and a bias 3; the gradient of each is chosen by the test.
Dense<double> model_of(double a, double b, double bias) {
    Dense<double> model(2, 1);
    model.weight(0, 0) = a;
    model.weight(0, 1) = b;
    model.bias(0) = bias;
    return model;
}

std::array<double, 3> values(const Dense<double>& model) {
    return {model.weight(0, 0), model.weight(0, 1), model.bias(0)};
}

void check_near(const Dense<double>& model, const std::array<double, 3>& expected) {
    const std::array<double, 3> got = values(model);
    for (std::size_t i = 0; i < 3; ++i) CHECK(got[i] == Approx(expected[i]).epsilon(1e-13));
}

}  // namespace

TEST_CASE("SGD: w = w - rate g") {
    Dense<double> model = model_of(1, 2, 3), gradient = model_of(0.5, -1, 2);
    Optimiser<double> sgd({.kind = OptimiserKind::sgd, .clip = 0.0});
    const double norm = sgd.step(model, gradient, 0.1, "here");
    CHECK(norm == Approx(std::sqrt(0.25 + 1 + 4)));
    check_near(model, {0.95, 2.1, 2.8});
}

TEST_CASE("SGD: momentum sums the gradients, v = mu v + g") {
    Dense<double> model = model_of(1, 2, 3);
    Optimiser<double> sgd({.kind = OptimiserKind::sgd, .momentum = 0.5, .clip = 0.0});
    for (int step = 0; step < 3; ++step) {
        Dense<double> gradient = model_of(1, 0, -2);
        sgd.step(model, gradient, 0.1, "here");
    }
    // v = 1, 1.5, 1.75 times the gradient.
    check_near(model, {1 - 0.425, 2, 3 + 0.85});
}

TEST_CASE("Adam: two steps by hand, where t counts steps and not parameters") {
    const double b1 = 0.5, b2 = 0.9, rate = 0.1;
    Dense<double> model = model_of(1, 2, 3);
    Optimiser<double> adam({.kind = OptimiserKind::adam, .beta1 = b1, .beta2 = b2, .clip = 0.0});
    const std::array<std::array<double, 3>, 2> gradients = {{{0.5, -1, 2}, {1, 4, -3}}};
    std::array<double, 3> w = {1, 2, 3}, m{}, v{};
    for (std::size_t step = 0; step < 2; ++step) {
        const auto& g = gradients[step];
        const double t = static_cast<double>(step + 1);
        for (std::size_t i = 0; i < 3; ++i) {
            m[i] = b1 * m[i] + (1 - b1) * g[i];
            v[i] = b2 * v[i] + (1 - b2) * g[i] * g[i];
            w[i] -= rate * (m[i] / (1 - std::pow(b1, t))) /
                    (std::sqrt(v[i] / (1 - std::pow(b2, t))) + 1e-8);
        }
        Dense<double> gradient = model_of(g[0], g[1], g[2]);
        adam.step(model, gradient, rate, "here");
        check_near(model, w);
    }
    CHECK(adam.steps() == 2);
    // The first step of Adam is the rate, whatever the size of the gradient.
    Dense<double> other = model_of(0, 0, 0), gradient = model_of(1e-3, -50, 7);
    Optimiser<double> fresh({.kind = OptimiserKind::adam, .clip = 0.0});
    fresh.step(other, gradient, rate, "here");
    CHECK(other.weight(0, 0) == Approx(-0.1).epsilon(1e-4));
    CHECK(other.weight(0, 1) == Approx(0.1).epsilon(1e-4));
    CHECK(other.bias(0) == Approx(-0.1).epsilon(1e-4));
}

TEST_CASE("Optimiser: the L2 penalty pulls at weights, not at biases") {
    Dense<double> model = model_of(1, 2, 3), gradient = model_of(0, 0, 0);
    Optimiser<double> sgd({.kind = OptimiserKind::sgd, .l2 = 0.5, .clip = 0.0});
    sgd.step(model, gradient, 0.1, "here");
    check_near(model, {0.95, 1.9, 3});
}

TEST_CASE("Optimiser: a gradient longer than the limit is cut to it, a shorter one is not") {
    Optimiser<double> sgd({.kind = OptimiserKind::sgd, .clip = 5.0});
    Dense<double> model = model_of(0, 0, 0), gradient = model_of(6, 8, 0);
    CHECK(sgd.step(model, gradient, 1.0, "here") == Approx(10.0));
    check_near(model, {-3, -4, 0});
    gradient = model_of(0, 3, 4);
    CHECK(sgd.step(model, gradient, 1.0, "here") == Approx(5.0));
    check_near(model, {-3, -7, -4});
}

TEST_CASE(
    "Optimiser: a gradient that is not finite is named, and changes no weight and no moment") {
    for (const double bad : {std::numeric_limits<double>::quiet_NaN(),
                             std::numeric_limits<double>::infinity(), 1e200}) {
        Optimiser<double> adam(OptimiserSettings{});
        Dense<double> model = model_of(1, 2, 3), good = model_of(1, 1, 1);
        adam.step(model, good, 0.1, "here");
        const std::array<double, 3> before = values(model);
        const auto first = adam.first(), second = adam.second();
        Dense<double> gradient = model_of(1, 1, bad);
        CHECK_THROWS_AS(adam.step(model, gradient, 0.1, "epoch 3"), NumericalError);
        CHECK_THROWS_WITH(adam.step(model, gradient, 0.1, "epoch 3"), Contains("epoch 3"));
        CHECK_THROWS_WITH(adam.step(model, gradient, 0.1, "epoch 3"),
                          Contains(std::isfinite(bad) ? "overflows" : "bias"));
        CHECK(values(model) == before);
        CHECK(adam.first() == first);
        CHECK(adam.second() == second);
        CHECK(adam.steps() == 1);
    }
}

TEST_CASE("Optimiser: restored in the middle, it goes on with the same bits") {
    Dense<double> model = model_of(1, 2, 3);
    Optimiser<double> adam(OptimiserSettings{});
    const auto step = [](Optimiser<double>& optimiser, Dense<double>& moved, double g) {
        Dense<double> gradient = model_of(g, -g, 2 * g);
        optimiser.step(moved, gradient, 0.1, "here");
    };
    step(adam, model, 0.3);
    step(adam, model, -0.7);
    Optimiser<double> other(OptimiserSettings{});
    other.restore(adam.steps(), adam.first(), adam.second());
    Dense<double> copy = model;
    step(adam, model, 0.2);
    step(other, copy, 0.2);
    CHECK(values(copy) == values(model));
}

TEST_CASE(
    "Optimiser: every weight of a layer of many pieces takes its step, with the same bits for any "
    "threads") {
    const Index in = 300, out = 170;  // 51000 weights: four pieces, and one for the bias
    Dense<double> start(in, out), slope(in, out);
    for (Index i = 0; i < start.weight.size(); ++i) {
        start.weight.data()[i] = std::sin(static_cast<double>(i));
        slope.weight.data()[i] = std::cos(0.7 * static_cast<double>(i));
    }
    for (Index i = 0; i < out; ++i) {
        start.bias(i) = 0.01 * static_cast<double>(i);
        slope.bias(i) = 1.0 - start.bias(i);
    }
    REQUIRE(mgan::ParameterPieces(start, slope).size() == 5);

    const double rate = 0.1, l2 = 0.5, clip = 3.0;
    const mgan::Matrix<double> penalised = slope.weight + l2 * start.weight;
    const double norm = std::sqrt(penalised.squaredNorm() + slope.bias.squaredNorm());
    const mgan::Matrix<double> weight = start.weight - rate * clip / norm * penalised;
    const mgan::Vector<double> bias = start.bias - rate * clip / norm * slope.bias;
    for (const int threads : {1, 2, 3}) {
        Dense<double> sgd_model = start, sgd_gradient = slope;
        Optimiser<double> sgd({.kind = OptimiserKind::sgd, .l2 = l2, .clip = clip});
        CHECK(sgd.step(sgd_model, sgd_gradient, rate, "here", threads) == Approx(norm));
        CHECK((sgd_model.weight - weight).cwiseAbs().maxCoeff() < 1e-15);
        CHECK((sgd_model.bias - bias).cwiseAbs().maxCoeff() < 1e-15);
    }
    const auto after = [&](int threads) {
        Dense<double> model = start;
        Optimiser<double> adam({.l2 = l2, .clip = clip});
        for (int step = 0; step < 3; ++step) {
            Dense<double> gradient = slope;
            adam.step(model, gradient, rate, "here", threads);
        }
        return mgan::flat_parameters<double>(model);
    };
    const auto one = after(1);
    for (const int threads : {2, 3}) CHECK(after(threads) == one);
}

TEST_CASE("The moving average moves by its share of the difference") {
    Dense<double> average = model_of(1, 2, 3);
    const Dense<double> model = model_of(2, 0, 3);
    update_average(average, model, 0.9);
    check_near(average, {1.1, 1.8, 3});
}
