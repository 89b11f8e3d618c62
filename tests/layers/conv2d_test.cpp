#include <mgan/core/random.hpp>
#include <mgan/layers/conv2d.hpp>
#include <support/catch.hpp>

using namespace mgan;

namespace {

void fill(double* values, Index count, std::uint64_t seed) {
    const Random random(seed, "conv2d_test");
    for (Index i = 0; i < count; ++i)
        values[i] = random.uniform(static_cast<std::uint64_t>(i), -1, 1);
}

/// Equation (1) as it stands.
double at(const Conv2d<double>& layer, const Sequence<double>& x, Index t, Index b, Index o,
          Index w) {
    const Conv2dSettings& c = layer.settings();
    double sum = layer.bias(o);
    for (Index channel = 0; channel < c.in_channels; ++channel) {
        for (Index i = 0; i < c.window_time; ++i) {
            for (Index j = 0; j < c.window_width; ++j) {
                const Index from = t + i - c.window_time / 2, column = w + j - c.window_width / 2;
                if (from < 0 || from >= x.steps() || column < 0 || column >= c.width) continue;
                sum += layer.weight(o, (channel * c.window_time + i) * c.window_width + j) *
                       x(from, b, channel * c.width + column);
            }
        }
    }
    return sum;
}

}  // namespace

TEST_CASE("Conv2d: every output is the sum over its window, zeros outside the plane") {
    for (const Conv2dSettings config :
         {Conv2dSettings{}, Conv2dSettings{4, 2, 3, 3, 5}, Conv2dSettings{3, 3, 2, 1, 1},
          Conv2dSettings{2, 1, 2, 5, 7}, Conv2dSettings{7, 2, 1, 9, 3}}) {
        for (const Index steps : {1, 2, 3, 7, 20}) {
            Conv2d<double> layer(config);
            fill(layer.weight.data(), layer.weight.size(), 1);
            fill(layer.bias.data(), layer.bias.size(), 2);
            Sequence<double> x(steps, 3, layer.in()), y(steps, 3, layer.out());
            fill(x.data(), x.size(), 3);
            Conv2d<double>::Cache cache;
            layer.forward(x.view(), y.view(), cache);
            for (Index t = 0; t < steps; ++t) {
                for (Index b = 0; b < 3; ++b) {
                    for (Index o = 0; o < config.out_channels; ++o) {
                        for (Index w = 0; w < config.width; ++w) {
                            REQUIRE(y(t, b, o * config.width + w) ==
                                    Approx(at(layer, x, t, b, o, w)).margin(1e-13));
                        }
                    }
                }
            }
        }
    }
}

TEST_CASE("Conv2d: a kernel of one in the middle leaves the plane as it is") {
    Conv2d<float> layer(Conv2dSettings{});
    layer.weight(0, 12) = 1.0f;
    Sequence<float> x(6, 2, 4), y(6, 2, 4);
    for (Index i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(i);
    Conv2d<float>::Cache cache;
    layer.forward(x.view(), y.view(), cache);
    CHECK((y.all() == x.all()));
}

TEST_CASE("Conv2d: wrong windows and shapes are named") {
    CHECK_THROWS_AS(Conv2d<float>(Conv2dSettings{4, 1, 1, 4, 5}), ConfigError);
    CHECK_THROWS_AS(Conv2d<float>(Conv2dSettings{4, 1, 1, 5, 0}), ConfigError);
    CHECK_THROWS_AS(Conv2d<float>(Conv2dSettings{4, 0, 1, 5, 5}), ConfigError);
    const Conv2d<float> layer(Conv2dSettings{});
    Conv2d<float>::Cache cache;
    Sequence<float> x(6, 2, 4), three(6, 2, 3), shorter(5, 2, 4), batch(6, 1, 4);
    CHECK_THROWS_WITH(layer.forward(three.view(), x.view(), cache),
                      "Conv2d::forward: x has 3 features, the layer expects 4");
    CHECK_THROWS_AS(layer.forward(x.view(), shorter.view(), cache), ShapeError);
    CHECK_THROWS_AS(layer.forward(x.view(), batch.view(), cache), ShapeError);
}
