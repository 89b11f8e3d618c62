#include <mgan/core/random.hpp>
#include <mgan/layers/attention.hpp>
#include <mgan/layers/initialisation.hpp>
#include <support/catch.hpp>
#include <support/random_sequence.hpp>

using namespace mgan;

namespace {

template <typename Scalar>
Sequence<Scalar> random_sequence(Index steps, Index batch, Index features, std::uint64_t seed) {
    return mgan_test::random_sequence<Scalar>(steps, batch, features,
                                              Random(seed, "attention_test"), -2, 2);
}

template <typename Scalar>
Attention<Scalar> random_attention(const AttentionSettings& config, std::uint64_t seed) {
    Attention<Scalar> layer(config);
    initialise(layer, Random(seed, "attention_test"));
    layer.in_proj *= Scalar(3);
    return layer;
}

/// Equations (1) to (5) as they stand, with std::exp and no maximum subtracted.
Vector<double> plain(const Attention<double>& layer, const Sequence<double>& x, Index t, Index b) {
    const AttentionSettings& c = layer.settings();
    const Index h = c.features, d = h / c.heads;
    const auto project = [&](Index step, Index row) {
        return Vector<double>(layer.in_proj.middleRows(row, h) * x.step(step).col(b));
    };
    Vector<double> o = Vector<double>::Zero(h);
    for (Index head = 0; head < c.heads; ++head) {
        double sum = 0.0;
        Vector<double> weighted = Vector<double>::Zero(d);
        for (Index j = 0; j < x.steps(); ++j) {
            if (c.causal && (j > t || (c.window > 0 && j <= t - c.window))) continue;
            const double score = project(t, 0)
                                     .segment(head * d, d)
                                     .cwiseProduct(project(j, h).segment(head * d, d))
                                     .sum() /
                                 std::sqrt(static_cast<double>(d));
            sum += std::exp(score);
            weighted += std::exp(score) * project(j, 2 * h).segment(head * d, d);
        }
        o.segment(head * d, d) = weighted / sum;
    }
    return c.heads > 1 ? Vector<double>(layer.out_proj * o) : o;
}

template <typename Scalar>
void check_streaming() {
    for (const Index heads : {1, 2, 5}) {
        for (const Index window : {0, 1, 7, 16, 20}) {
            const AttentionSettings config{20, heads, true, window};
            const Attention<Scalar> layer = random_attention<Scalar>(config, 3);
            constexpr Index kSteps = 150;
            const Sequence<Scalar> x = random_sequence<Scalar>(kSteps, 3, 20, 4);
            Sequence<Scalar> y(kSteps, 3, 20), by_steps(kSteps, 3, 20);
            typename Attention<Scalar>::Cache cache;
            layer.forward(x.view(), y.view(), cache);
            layer.begin(x.view(), by_steps.view(), cache);
            for (Index t = 0; t < kSteps; ++t) layer.forward_step(t, cache);
            typename Attention<Scalar>::Stream stream;
            layer.start(stream, 3, kSteps);
            Matrix<Scalar> step(20, 3);
            for (Index t = 0; t < kSteps; ++t) {
                INFO("heads " << heads << ", window " << window << ", step " << t);
                layer.step(x.step(t), stream, step);
                REQUIRE((step == y.step(t)));
                REQUIRE((by_steps.step(t) == y.step(t)));
            }
        }
    }
}

}  // namespace

TEST_CASE("Attention: outputs are those of the plain equations") {
    for (const AttentionSettings config :
         {AttentionSettings{6, 1, true, 0}, AttentionSettings{6, 3, true, 0},
          AttentionSettings{6, 2, true, 4}, AttentionSettings{6, 1, true, 1},
          AttentionSettings{6, 2, false, 0}, AttentionSettings{6, 1, false, 0}}) {
        const Attention<double> layer = random_attention<double>(config, 1);
        const Sequence<double> x = random_sequence<double>(37, 2, 6, 2);
        Sequence<double> y(37, 2, 6);
        Attention<double>::Cache cache;
        layer.forward(x.view(), y.view(), cache);
        for (Index t = 0; t < 37; ++t)
            for (Index b = 0; b < 2; ++b)
                REQUIRE((y.step(t).col(b) - plain(layer, x, t, b)).cwiseAbs().maxCoeff() < 1e-12);
    }
}

TEST_CASE(
    "Attention: stream, steps and whole sequence give the same bits, with and without window") {
    check_streaming<float>();
    check_streaming<double>();
}

TEST_CASE("Attention: a song has the same bits alone and in a batch") {
    const Attention<float> layer = random_attention<float>({20, 2, true, 0}, 5);
    const Sequence<float> x = random_sequence<float>(40, 7, 20, 6);
    Sequence<float> y(40, 7, 20), one, y_one(40, 1, 20);
    Attention<float>::Cache cache;
    layer.forward(x.view(), y.view(), cache);
    copy_samples(x, 4, 5, one);
    layer.forward(one.view(), y_one.view(), cache);
    for (Index t = 0; t < 40; ++t) REQUIRE((y_one.step(t).col(0) == y.step(t).col(4)));
}

TEST_CASE("Attention: a step hears nothing of the future, nor of what left its window") {
    for (const Index window : {0, 5}) {
        const Attention<double> layer = random_attention<double>({6, 2, true, window}, 7);
        Sequence<double> x = random_sequence<double>(30, 1, 6, 8);
        Sequence<double> y(30, 1, 6), changed(30, 1, 6);
        Attention<double>::Cache cache;
        layer.forward(x.view(), y.view(), cache);
        x.step(12).array() += 0.5;
        layer.forward(x.view(), changed.view(), cache);
        for (Index t = 0; t < 30; ++t) {
            const bool hears = t >= 12 && (window == 0 || t < 12 + window);
            INFO("window " << window << ", step " << t);
            CHECK((changed.step(t) == y.step(t)) == !hears);
        }
    }
}

TEST_CASE("Attention: full attention hears the future") {
    const Attention<double> layer = random_attention<double>({6, 1, false, 0}, 9);
    Sequence<double> x = random_sequence<double>(30, 1, 6, 10);
    Sequence<double> y(30, 1, 6), changed(30, 1, 6);
    Attention<double>::Cache cache;
    layer.forward(x.view(), y.view(), cache);
    x.step(29).array() += 0.5;
    layer.forward(x.view(), changed.view(), cache);
    for (Index t = 0; t < 30; ++t) CHECK_FALSE((changed.step(t) == y.step(t)));
}

TEST_CASE("Attention: large scores neither overflow nor lose the winner") {
    // q_t = k_t = 1e4 x_t, v_t = x_t, with |x| growing: every step takes exactly itself.
    Attention<float> layer(AttentionSettings{1, 1, true, 0});
    layer.in_proj << 1e4f, 1e4f, 1.0f;
    Sequence<float> x(20, 1, 1), y(20, 1, 1);
    for (Index t = 0; t < 20; ++t) x(t, 0, 0) = static_cast<float>(t + 1);
    Attention<float>::Cache cache;
    layer.forward(x.view(), y.view(), cache);
    CHECK((y.all() == x.all()));
}

TEMPLATE_TEST_CASE(
    "Attention: a stream goes on for any time, as the sequence with its window, to the bit", "",
    float, double) {
    // With a window the stream has it, whatever it was started for; without one, the last `longest`
    // steps. Longer than the buffer by far: the window moves many times.
    constexpr Index kSteps = 500, kLongest = 37;
    const Sequence<TestType> x = random_sequence<TestType>(kSteps, 2, 6, 12);
    for (const Index heads : {1, 2}) {
        for (const Index window : {0, 1, 5, 16, 100}) {
            const Attention<TestType> layer =
                random_attention<TestType>({6, heads, true, window}, 11);
            Attention<TestType> windowed = layer;
            windowed.set_window(window > 0 ? window : kLongest);
            Sequence<TestType> expected(kSteps, 2, 6);
            typename Attention<TestType>::Cache cache;
            windowed.forward(x.view(), expected.view(), cache);

            typename Attention<TestType>::Stream stream;
            layer.start(stream, 2, kLongest);
            const Index capacity = stream.keys.batch();
            Matrix<TestType> y(6, 2);
            for (Index t = 0; t < kSteps; ++t) {
                layer.step(x.step(t), stream, y);
                INFO("heads " << heads << ", window " << window << ", step " << t);
                REQUIRE((y == expected.step(t)));
            }
            CHECK(stream.keys.batch() == capacity);
            CHECK(capacity < 200);
        }
    }
}

TEST_CASE("Attention: up to the length that it was started for, a stream without window sees all") {
    const Attention<float> layer = random_attention<float>({6, 2, true, 0}, 13);
    const Sequence<float> x = random_sequence<float>(40, 1, 6, 14);
    Sequence<float> all(40, 1, 6);
    Attention<float>::Cache cache;
    layer.forward(x.view(), all.view(), cache);
    Attention<float>::Stream stream;
    layer.start(stream, 1, 39);
    Matrix<float> y(6, 1);
    for (Index t = 0; t < 40; ++t) {
        layer.step(x.step(t), stream, y);
        CHECK((y == all.step(t)) == (t < 39));
    }
}

TEST_CASE("Attention: a stream keeps the window that it was started with") {
    Attention<float> layer = random_attention<float>({4, 1, true, 3}, 11);
    Attention<float>::Stream stream;
    layer.start(stream, 1, 10);
    const Matrix<float> x = Matrix<float>::Ones(4, 1);
    Matrix<float> y(4, 1);
    layer.set_window(1000);
    for (int t = 0; t < 10000; ++t) layer.step(x, stream, y);
    CHECK((y - layer.in_proj.bottomRows(4) * x).cwiseAbs().maxCoeff() < 1e-5f);
}

TEST_CASE("Attention: wrong settings and shapes are named") {
    CHECK_THROWS_AS(Attention<float>(AttentionSettings{100, 3, true, 0}), ConfigError);
    CHECK_THROWS_AS(Attention<float>(AttentionSettings{100, 0, true, 0}), ConfigError);
    CHECK_THROWS_AS(Attention<float>(AttentionSettings{100, 1, true, -1}), ConfigError);
    CHECK_THROWS_AS(Attention<float>(AttentionSettings{100, 1, false, 5}), ConfigError);
    const Attention<float> layer(AttentionSettings{6, 1, true, 0}),
        full(AttentionSettings{6, 1, false, 0});
    Attention<float>::Stream stream;
    CHECK_THROWS_AS(full.start(stream, 1, 10), ConfigError);
    CHECK_THROWS_AS(layer.start(stream, 1, 0), ConfigError);
    Attention<float>::Cache cache;
    Sequence<float> x(5, 2, 6), five(5, 2, 5), shorter(4, 2, 6);
    CHECK_THROWS_WITH(layer.forward(five.view(), x.view(), cache),
                      "Attention::forward: x has 5 features, the layer expects 6");
    CHECK_THROWS_AS(layer.forward(x.view(), shorter.view(), cache), ShapeError);
}

TEST_CASE("Attention: parameters carry PyTorch's names") {
    std::string names;
    const auto add = [&](const ParameterName& name, const auto&) { names += name.text() + " "; };
    const Attention<float> one(AttentionSettings{6, 1, true, 0}),
        two(AttentionSettings{6, 2, true, 0});
    for_each_parameter(one, add);
    CHECK(names == "in_proj_weight ");
    names.clear();
    for_each_parameter(two, add);
    CHECK(names == "in_proj_weight out_proj.weight ");
}
