// What the GRU computes, and what it says when it is called wrongly. (Its gradients are proved in
// tests/proofs.)

#include <mgan/layers/gru.hpp>
#include <mgan/layers/initialisation.hpp>
#include <support/allocation_counter.hpp>
#include <support/catch.hpp>
#include <support/shape_error.hpp>

using mgan::Index;
using mgan::Matrix;
using mgan::Sequence;
using mgan_test::allocations_in;
using mgan_test::shape_error;

namespace {

template <typename Scalar>
Sequence<Scalar> random_sequence(Index steps, Index batch, Index features, std::uint64_t seed) {
    Sequence<Scalar> x(steps, batch, features);
    const mgan::Random random(seed, "gru_test");
    for (Index i = 0; i < x.size(); ++i)
        x.data()[i] = static_cast<Scalar>(random.uniform(static_cast<std::uint64_t>(i), -1.0, 1.0));
    return x;
}

template <typename Scalar>
mgan::Gru<Scalar> random_gru(Index features, Index hidden) {
    mgan::Gru<Scalar> gru(features, hidden);
    mgan::initialise(gru, mgan::Random(1, "gru_test"));
    return gru;
}

}  // namespace

TEMPLATE_TEST_CASE("GRU: streaming and single steps give what forward gives, to the bit", "", float,
                   double) {
    for (const Index hidden : {1, 5, 33, 100}) {
        for (const Index batch : {1, 3, 10}) {
            const mgan::Gru<TestType> gru = random_gru<TestType>(7, hidden);
            const Sequence<TestType> x = random_sequence<TestType>(23, batch, 7, 2);
            Sequence<TestType> y(23, batch, hidden), z = y;
            typename mgan::Gru<TestType>::Cache cache;
            gru.forward(x.view(), y.view(), cache);
            gru.begin(x.view(), z.view(), cache);
            Matrix<TestType> state = Matrix<TestType>::Zero(hidden, batch);
            Matrix<TestType> scratch(gru.scratch_rows(), batch);
            for (Index t = 0; t < x.steps(); ++t) {
                gru.step(x.step(t), state, scratch);
                REQUIRE(state == y.step(t));
                gru.forward_step(t, cache);
                REQUIRE(z.step(t) == y.step(t));
            }
        }
    }
}

TEMPLATE_TEST_CASE("GRU: a song's bits do not depend on the other songs of its batch", "", float,
                   double) {
    const mgan::Gru<TestType> gru = random_gru<TestType>(3, 21);
    const Sequence<TestType> x = random_sequence<TestType>(9, 7, 3, 3);
    Sequence<TestType> y(9, 7, 21), alone(9, 1, 21), one;
    typename mgan::Gru<TestType>::Cache cache;
    gru.forward(x.view(), y.view(), cache);
    for (Index b = 0; b < 7; ++b) {
        mgan::copy_samples(x, b, b + 1, one);
        gru.forward(std::as_const(one).view(), alone.view(), cache);
        for (Index t = 0; t < 9; ++t) REQUIRE(alone.step(t).col(0) == y.step(t).col(b));
    }
}

TEST_CASE("GRU: z = 1 keeps the state, z = 0 and r = 0 forget it") {
    mgan::Gru<double> gru(1, 2);
    mgan::initialise(gru, mgan::Random(2, "gru_test"));
    const Sequence<double> x = random_sequence<double>(4, 1, 1, 4);
    Sequence<double> y(4, 1, 2);
    mgan::Gru<double>::Cache cache;
    Matrix<double> initial(2, 1);
    initial << 0.3, -0.8;
    gru.bias_ih.segment(2, 2).setConstant(1e3);  // z
    gru.forward(x.view(), y.view(), cache, &initial);
    for (Index t = 0; t < 4; ++t)  // up to the rounding of n + (h - n)
        CHECK((y.step(t) - initial).cwiseAbs().maxCoeff() < 1e-15);

    gru.bias_ih.segment(2, 2).setConstant(-1e3);
    gru.bias_ih.segment(0, 2).setConstant(-1e3);  // r
    gru.forward(x.view(), y.view(), cache, &initial);
    for (Index t = 0; t < 4; ++t) {
        const Matrix<double> a = gru.weight_ih.bottomRows(2) * x.step(t) + gru.bias_ih.tail(2);
        CHECK((y.step(t) - a.array().tanh().matrix()).cwiseAbs().maxCoeff() < 1e-15);
    }
}

TEST_CASE("GRU: initial weights are those of three gates, and the update gate starts open") {
    mgan::Gru<double> gru(50, 16);
    mgan::initialise(gru, mgan::Random(3, "gru_test"));
    CHECK(gru.weight_ih.cwiseAbs().maxCoeff() <= 0.25);  // 1 / sqrt(16)
    CHECK(gru.weight_ih.cwiseAbs().maxCoeff() > 0.24);
    CHECK(gru.bias_ih.segment(16, 16) == mgan::Vector<double>::Ones(16));
    CHECK(gru.bias_hh.segment(16, 16) == mgan::Vector<double>::Zero(16));
    CHECK(gru.bias_ih.tail(16).cwiseAbs().maxCoeff() <= 0.25);
}

TEST_CASE("GRU: parameters have PyTorch's names") {
    mgan::Gru<float> gru(2, 3);
    std::string names;
    mgan::for_each_parameter(
        gru, [&](const mgan::ParameterName& name, const auto&) { names += name.text() + " "; });
    CHECK(names == "weight_ih_l0 weight_hh_l0 bias_ih_l0 bias_hh_l0 ");
}

TEST_CASE("GRU: a second pass allocates nothing, nor does a step") {
    if (!mgan_test::counts_malloc()) MGAN_SKIP("malloc cannot be counted in this build");
    const mgan::Gru<float> gru = random_gru<float>(7, 50);
    mgan::Gru<float> gradients(7, 50);
    const Sequence<float> x = random_sequence<float>(40, 10, 7, 5);
    const Sequence<float> dy = random_sequence<float>(40, 10, 50, 6);
    Sequence<float> y(40, 10, 50), dx(40, 10, 7);
    mgan::Gru<float>::Cache cache;
    Matrix<float> initial = Matrix<float>::Zero(50, 10), d_initial;
    Matrix<float> scratch(gru.scratch_rows(), 10);
    const auto pass = [&] {
        gru.forward(x.view(), y.view(), cache, &initial);
        gru.backward(dy.view(), dx.view(), cache, gradients, mgan::Update::assign, &d_initial);
        gru.forward(x.view(), y.view(), cache);
        gru.backward_through(dy.view(), dx.view(), cache);
        gru.step(x.step(0), initial, scratch);
    };
    pass();
    CHECK(allocations_in(pass) == 0);
}

TEST_CASE("GRU: what does not fit is refused, with both sizes") {
    const mgan::Gru<float> gru(3, 4);
    mgan::Gru<float> gradients(3, 4);
    mgan::Gru<float>::Cache cache;
    Sequence<float> x(5, 2, 3), y(5, 2, 4), wrong(5, 2, 2), shorter(4, 2, 4);
    const Matrix<float> initial = Matrix<float>::Zero(4, 3);
    CHECK(shape_error([&] { gru.forward(wrong.view(), y.view(), cache); }) ==
          "Gru::forward: x has 2 features, the layer expects 3 (F)");
    CHECK(shape_error([&] { gru.forward(x.view(), shorter.view(), cache); }) ==
          "Gru::forward: y has 4 steps, the layer expects 5 (T)");
    CHECK(shape_error([&] { gru.forward(x.view(), y.view(), cache, &initial); }) ==
          "Gru::forward: the initial state has 3 samples, the layer expects 2 (B)");
    gru.forward(x.view(), y.view(), cache);
    CHECK(shape_error([&] { gru.backward(wrong.view(), {}, cache, gradients); }) ==
          "Gru::backward: dy has 2 features, the layer expects 4 (H)");
    CHECK(shape_error([&] { gru.backward(y.view(), wrong.view(), cache, gradients); }) ==
          "Gru::backward: dx has 2 features, the layer expects 3 (F)");
}
