// What dropout and zoneout compute.

#include <mgan/autodiff/gradient_check.hpp>
#include <mgan/layers/dropout.hpp>
#include <support/allocation_counter.hpp>
#include <support/catch.hpp>

using mgan::Dropout;
using mgan::DropoutMask;
using mgan::Index;
using mgan::Matrix;
using mgan::Random;
using mgan::Sequence;

namespace {

Sequence<float> ones(Index steps, Index batch, Index features) {
    Sequence<float> x(steps, batch, features);
    x.all().setOnes();
    return x;
}

Sequence<float> dropped(const Dropout<float>& layer, Index steps, Index batch, Index features,
                        Index first_sample = 0, std::uint64_t seed = 1) {
    const Sequence<float> x = ones(steps, batch, features);
    Sequence<float> y = x;
    Dropout<float>::Cache cache;
    layer.forward(x.view(), y.view(), Random(seed, "dropout"), first_sample, cache);
    return y;
}

}  // namespace

TEST_CASE("Dropout: numbers are zero or 1 / (1 - rate) times what they were, at the right rate") {
    for (const double rate : {0.1, 0.5, 0.8}) {
        const Sequence<float> y = dropped(Dropout<float>(rate), 100, 20, 10);
        Index zeros = 0;
        for (Index i = 0; i < y.size(); ++i) {
            if (y.data()[i] == 0.0f) {
                ++zeros;
            } else {
                REQUIRE(y.data()[i] == static_cast<float>(1.0 / (1.0 - rate)));
            }
        }
        // 20,000 draws: five standard deviations.
        const double share = static_cast<double>(zeros) / static_cast<double>(y.size());
        CHECK(std::abs(share - rate) < 5.0 * std::sqrt(rate * (1.0 - rate) / 20000.0));
    }
}

TEST_CASE("Dropout: shards of a batch have the masks of the batch, and longer songs begin alike") {
    for (const DropoutMask form : {DropoutMask::each_step, DropoutMask::whole_sequence}) {
        const Dropout<float> layer(0.4, form);
        const Sequence<float> whole = dropped(layer, 6, 7, 5);
        for (const Index first : {0, 2, 6}) {
            for (const Index steps : {6, 3}) {
                const Sequence<float> shard = dropped(layer, steps, 7 - first, 5, first);
                for (Index t = 0; t < steps; ++t)
                    CHECK(shard.step(t) == whole.step(t).rightCols(7 - first));
            }
        }
        CHECK(dropped(layer, 6, 7, 5, 0, 2).all() != whole.all());  // another seed
    }
}

TEST_CASE("Dropout: the variational form drops the same features at every step") {
    const Sequence<float> same = dropped(Dropout<float>(0.4, DropoutMask::whole_sequence), 6, 7, 5);
    for (Index t = 1; t < 6; ++t) CHECK(same.step(t) == same.step(0));
    CHECK(same.step(0).col(0) != same.step(0).col(1));
    const Sequence<float> each = dropped(Dropout<float>(0.4), 6, 7, 5);
    CHECK(each.step(1) != each.step(0));
}

TEST_CASE("Dropout: step by step it is what forward is, also in place") {
    for (const DropoutMask form : {DropoutMask::each_step, DropoutMask::whole_sequence}) {
        const Dropout<float> layer(0.4, form);
        Sequence<float> x = ones(6, 3, 5), y = x;
        Dropout<float>::Cache cache;
        layer.forward(x.view(), x.view(), Random(1, "dropout"), 0, cache);
        layer.draw(Random(1, "dropout"), 0, 6, 3, 5, cache);
        for (Index t = 0; t < 6; ++t) layer.apply(t, cache, y.step(t));
        CHECK(x.all() == y.all());
    }
}

TEST_CASE("Dropout: at play, and at a rate of 0, nothing changes") {
    const Matrix<float> x = mgan::random_matrix<float>(4, 3, 1);
    Matrix<float> y(4, 3);
    Dropout<float>::play(x, y);
    CHECK(x == y);
    CHECK(dropped(Dropout<float>(0.0), 6, 3, 5).all() == ones(6, 3, 5).all());
}

TEST_CASE("Zoneout: units keep their state or take the new one, and at play the mean of both") {
    const mgan::Zoneout<double> layer(0.3);
    const Matrix<double> before = mgan::random_matrix(40, 5, 1),
                         next = mgan::random_matrix(40, 5, 2);
    mgan::Zoneout<double>::Cache cache;
    Matrix<double> mean = Matrix<double>::Zero(40, 5);
    Index kept = 0;
    layer.draw(Random(1, "zoneout"), 0, 400, 5, 40, cache);
    for (Index t = 0; t < 400; ++t) {
        Matrix<double> state = next;
        layer.forward_step(t, before, cache, state);
        for (Index i = 0; i < state.size(); ++i) {
            const double value = state.data()[i];
            REQUIRE((value == before.data()[i] || value == next.data()[i]));
            kept += value == before.data()[i];
        }
        mean += state / 400.0;
    }
    CHECK(std::abs(static_cast<double>(kept) / 80000.0 - 0.3) < 0.01);
    Matrix<double> state = next;
    layer.play_step(before, state);
    CHECK((state - (0.3 * before + 0.7 * next)).cwiseAbs().maxCoeff() < 1e-15);
    CHECK((state - mean).cwiseAbs().maxCoeff() < 0.25);  // 5 deviations of the largest step, 2
}

TEST_CASE("Dropout and zoneout: a second pass allocates nothing") {
    if (!mgan_test::counts_malloc()) MGAN_SKIP("malloc cannot be counted in this build");
    const Dropout<float> layer(0.4);
    const mgan::Zoneout<float> zoneout(0.4);
    Sequence<float> x = ones(6, 3, 5);
    Dropout<float>::Cache cache;
    mgan::Zoneout<float>::Cache zoneout_cache;
    const auto pass = [&] {
        layer.forward(x.view(), x.view(), Random(1, "dropout"), 0, cache);
        layer.backward(x.view(), x.view(), cache);
        zoneout.draw(Random(1, "zoneout"), 0, 6, 3, 5, zoneout_cache);
        zoneout.forward_step(1, x.step(0), zoneout_cache, x.step(1));
        zoneout.backward_step(1, zoneout_cache, x.step(1), x.step(0));
        zoneout.play_step(x.step(0), x.step(1));
    };
    pass();
    CHECK(mgan_test::allocations_in(pass) == 0);
}

TEST_CASE("Dropout: impossible rates and sizes are refused") {
    CHECK_THROWS_AS(Dropout<float>(1.0), mgan::ConfigError);
    CHECK_THROWS_AS(Dropout<float>(-0.1), mgan::ConfigError);
    CHECK_THROWS_AS(mgan::Zoneout<float>(1.5), mgan::ConfigError);
    Sequence<float> x = ones(6, 3, 5), y = ones(6, 3, 4), shorter = ones(5, 3, 5);
    Dropout<float>::Cache cache;
    const Dropout<float> layer(0.4);
    CHECK_THROWS_WITH(layer.forward(x.view(), y.view(), Random(1, "dropout"), 0, cache),
                      "Dropout::forward: y has 4 features, the mask expects 5");
    CHECK_THROWS_WITH(layer.backward(shorter.view(), x.view(), cache),
                      "Dropout::backward: dy has 5 steps, the mask expects 6");
}
