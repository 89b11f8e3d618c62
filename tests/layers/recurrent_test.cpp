// What the recurrent layers compute, and what they say when they are called wrongly. (Their
// gradients are proved in tests/proofs.)

#include <mgan/core/random.hpp>
#include <mgan/layers/bilstm.hpp>
#include <mgan/layers/dense.hpp>
#include <mgan/layers/initialisation.hpp>
#include <support/catch.hpp>
#include <support/random_sequence.hpp>
#include <support/shape_error.hpp>

#include <string>
#include <thread>

using mgan::Direction;
using mgan::Index;
using mgan::Matrix;
using mgan::Sequence;
using mgan_test::shape_error;

namespace {

template <typename Scalar>
Sequence<Scalar> random_sequence(Index steps, Index batch, Index features, std::uint64_t seed) {
    return mgan_test::random_sequence<Scalar>(steps, batch, features,
                                              mgan::Random(seed, "recurrent_test"), -1.0, 1.0);
}

template <typename Layer>
Layer initialised(Layer layer, std::uint64_t seed) {
    mgan::initialise(layer, mgan::Random(seed, "recurrent_test"));
    return layer;
}

}  // namespace

TEMPLATE_TEST_CASE("LSTM: streaming gives what forward gives, to the bit", "", float, double) {
    for (const Index hidden : {1, 5, 33, 100}) {
        for (const Index batch : {1, 3, 10}) {
            const mgan::StackedLstm<TestType> lstm =
                initialised(mgan::StackedLstm<TestType>(7, hidden, 2), 1);
            const Sequence<TestType> x = random_sequence<TestType>(12, batch, 7, 2);
            typename mgan::StackedLstm<TestType>::Cache cache;
            const Sequence<TestType>& y = lstm.forward(x.view(), cache);
            typename mgan::StackedLstm<TestType>::State state = lstm.zero_state(batch);
            Matrix<TestType> gates(4 * hidden, batch);
            for (Index t = 0; t < x.steps(); ++t) {
                lstm.step(x.step(t), state, gates);
                REQUIRE(state.back().hidden == y.step(t));
            }
        }
    }
}

TEMPLATE_TEST_CASE("LSTM: a song's numbers do not depend on the batch it is in", "", float,
                   double) {
    const mgan::Lstm<TestType> lstm = initialised(mgan::Lstm<TestType>(5, 21), 3);
    const Sequence<TestType> x = random_sequence<TestType>(9, 13, 5, 4);
    Sequence<TestType> y(9, 13, 21), one, y_one(9, 1, 21);
    typename mgan::Lstm<TestType>::Cache cache;
    lstm.forward(x.view(), y.view(), cache);
    for (Index b = 0; b < 13; ++b) {
        mgan::copy_samples(x, b, b + 1, one);
        lstm.forward(one.view(), y_one.view(), cache);
        for (Index t = 0; t < 9; ++t) REQUIRE(y_one.step(t).col(0) == y.step(t).col(b));
    }
}

TEST_CASE("LSTM: the backward direction sees the sequence reversed") {
    const mgan::Lstm<double> lstm = initialised(mgan::Lstm<double>(3, 4), 5);
    const Sequence<double> x = random_sequence<double>(6, 2, 3, 6);
    Sequence<double> reversed(6, 2, 3), y(6, 2, 4), y_reversed(6, 2, 4);
    for (Index t = 0; t < 6; ++t) reversed.step(t) = x.step(5 - t);
    mgan::Lstm<double>::Cache cache;
    lstm.forward(x.view(), y.view(), cache, Direction::backward);
    lstm.forward(reversed.view(), y_reversed.view(), cache, Direction::forward);
    for (Index t = 0; t < 6; ++t) CHECK(y.step(t) == y_reversed.step(5 - t));
}

TEST_CASE("BiLSTM: its halves are an LSTM and an LSTM that reads from the end") {
    const mgan::BiLstm<double> bilstm = initialised(mgan::BiLstm<double>(3, 4, 1), 7);
    const Sequence<double> x = random_sequence<double>(6, 2, 3, 8);
    mgan::BiLstm<double>::Cache cache;
    const Sequence<double>& y = bilstm.forward(x.view(), cache);
    Sequence<double> forward(6, 2, 4), backward(6, 2, 4);
    mgan::Lstm<double>::Cache single;
    bilstm.layers[0].forward.forward(x.view(), forward.view(), single, Direction::forward);
    bilstm.layers[0].backward.forward(x.view(), backward.view(), single, Direction::backward);
    CHECK(y.all().topRows(4) == forward.all());
    CHECK(y.all().bottomRows(4) == backward.all());
}

TEST_CASE(
    "BiLSTM: the gradient of the input alone is that of the whole backward pass, to the bit") {
    const mgan::BiLstm<double> bilstm = initialised(mgan::BiLstm<double>(3, 6, 2), 1);
    const Sequence<double> x = random_sequence<double>(60, 4, 3, 2),
                           dy = random_sequence<double>(60, 4, 12, 3);
    mgan::BiLstm<double> gradients(3, 6, 2);
    mgan::BiLstm<double>::Cache cache;
    bilstm.forward(x.view(), cache);
    Sequence<double> whole(60, 4, 3), alone(60, 4, 3);
    bilstm.backward(dy.view(), whole.view(), cache, gradients);
    bilstm.forward(x.view(), cache);
    bilstm.backward_through(dy.view(), alone.view(), cache);
    CHECK(alone.all() == whole.all());
    CHECK(alone.all().norm() > 0.0);
}

TEST_CASE("LSTM: starting from the state in the middle gives the second half of the sequence") {
    const mgan::StackedLstm<double> lstm = initialised(mgan::StackedLstm<double>(3, 4, 2), 9);
    const Sequence<double> x = random_sequence<double>(8, 2, 3, 10);
    mgan::StackedLstm<double>::Cache cache, half;
    const Sequence<double>& y = lstm.forward(x.view(), cache);
    mgan::StackedLstm<double>::State state = lstm.zero_state(2);
    Matrix<double> gates(16, 2);
    for (Index t = 0; t < 4; ++t) lstm.step(x.step(t), state, gates);
    Sequence<double> rest(4, 2, 3);
    for (Index t = 0; t < 4; ++t) rest.step(t) = x.step(4 + t);
    const Sequence<double>& y_rest = lstm.forward(rest.view(), half, &state);
    for (Index t = 0; t < 4; ++t) CHECK(y_rest.step(t) == y.step(4 + t));
}

TEST_CASE("One const layer serves two caches, interleaved and from two threads") {
    const mgan::BiLstm<double> bilstm = initialised(mgan::BiLstm<double>(3, 8, 2), 11);
    const Sequence<double> x[2] = {random_sequence<double>(20, 4, 3, 12),
                                   random_sequence<double>(15, 2, 3, 13)};
    const Sequence<double> dy[2] = {random_sequence<double>(20, 4, 16, 14),
                                    random_sequence<double>(15, 2, 16, 15)};
    mgan::BiLstm<double> alone[2], shared[2], threaded[2];
    Sequence<double> dx_alone[2], dx_shared[2], dx_threaded[2];
    for (int i = 0; i < 2; ++i) {
        alone[i] = bilstm;
        mgan::set_zero(alone[i]);
        shared[i] = threaded[i] = alone[i];
        dx_alone[i] = dx_shared[i] = dx_threaded[i] = x[i];
        mgan::BiLstm<double>::Cache cache;
        bilstm.forward(x[i].view(), cache);
        bilstm.backward(dy[i].view(), dx_alone[i].view(), cache, alone[i]);
    }
    mgan::BiLstm<double>::Cache caches[2];
    for (int i = 0; i < 2; ++i) bilstm.forward(x[i].view(), caches[i]);
    for (int i = 0; i < 2; ++i)
        bilstm.backward(dy[i].view(), dx_shared[i].view(), caches[i], shared[i]);
    const auto work = [&](int i) {
        for (int repeat = 0; repeat < 20; ++repeat) {
            mgan::BiLstm<double>::Cache cache;
            mgan::set_zero(threaded[i]);
            bilstm.forward(x[i].view(), cache);
            bilstm.backward(dy[i].view(), dx_threaded[i].view(), cache, threaded[i]);
        }
    };
    std::thread other(work, 1);
    work(0);
    other.join();
    for (int i = 0; i < 2; ++i) {
        CHECK(mgan::flat_parameters<double>(shared[i]) == mgan::flat_parameters<double>(alone[i]));
        CHECK(mgan::flat_parameters<double>(threaded[i]) ==
              mgan::flat_parameters<double>(alone[i]));
        CHECK(dx_shared[i].all() == dx_alone[i].all());
        CHECK(dx_threaded[i].all() == dx_alone[i].all());
    }
}

TEST_CASE("A copied layer has the weights of the original, and its own") {
    const mgan::BiLstm<double> original = initialised(mgan::BiLstm<double>(3, 4, 2), 16);
    mgan::BiLstm<double> copy = original;
    CHECK(mgan::flat_parameters<double>(copy) == mgan::flat_parameters<double>(original));
    copy.layers[1].backward.weight_hh(0, 0) += 1.0;
    CHECK(copy.layers[1].backward.weight_hh(0, 0) != original.layers[1].backward.weight_hh(0, 0));
}

TEST_CASE("Parameters carry the names of torch.nn.LSTM, in its order") {
    std::string names;
    const mgan::BiLstm<double> bilstm(3, 4, 2);
    mgan::for_each_parameter(bilstm, [&](const mgan::ParameterName& name, const auto& parameter) {
        names += mgan::concat(name.text(), " ", parameter.rows(), "x", parameter.cols(), "\n");
    });
    CHECK(names ==
          "weight_ih_l0 16x3\nweight_hh_l0 16x4\nbias_ih_l0 16x1\nbias_hh_l0 16x1\n"
          "weight_ih_l0_reverse 16x3\nweight_hh_l0_reverse 16x4\n"
          "bias_ih_l0_reverse 16x1\nbias_hh_l0_reverse 16x1\n"
          "weight_ih_l1 16x8\nweight_hh_l1 16x4\nbias_ih_l1 16x1\nbias_hh_l1 16x1\n"
          "weight_ih_l1_reverse 16x8\nweight_hh_l1_reverse 16x4\n"
          "bias_ih_l1_reverse 16x1\nbias_hh_l1_reverse 16x1\n");
}

TEST_CASE("Shape errors say what has which size, and what the layer expects") {
    const mgan::Lstm<double> lstm(8, 4);
    mgan::Lstm<double>::Cache cache;
    mgan::Lstm<double> gradients = lstm;
    const Sequence<double> x(5, 2, 8), wrong(5, 2, 3);
    Sequence<double> y(5, 2, 4);
    CHECK(shape_error([&] { lstm.forward(wrong.view(), y.view(), cache); }) ==
          "Lstm::forward: x has 3 features, the layer expects 8 (F)");
    Sequence<double> narrow(5, 2, 3), brief(4, 2, 4), thin(5, 1, 4);
    CHECK(shape_error([&] { lstm.forward(x.view(), narrow.view(), cache); }) ==
          "Lstm::forward: y has 3 features, the layer expects 4 (H)");
    CHECK(shape_error([&] { lstm.forward(x.view(), brief.view(), cache); }) ==
          "Lstm::forward: y has 4 steps, the layer expects 5 (T)");
    CHECK(shape_error([&] { lstm.forward(x.view(), thin.view(), cache); }) ==
          "Lstm::forward: y has 1 samples, the layer expects 2 (B)");
    mgan::LstmState<double> state;
    state.set_zero(4, 3);
    CHECK(shape_error([&] {
              lstm.forward(x.view(), y.view(), cache, Direction::forward, &state);
          }) == "Lstm::forward: the initial state has 3 samples, the layer expects 2 (B)");
    state.set_zero(4, 2);
    state.cell.resize(3, 2);
    CHECK(shape_error([&] {
              lstm.forward(x.view(), y.view(), cache, Direction::forward, &state);
          }) == "Lstm::forward: the initial cell has 3 units, the layer expects 4 (H)");
    lstm.forward(x.view(), y.view(), cache);
    CHECK(shape_error([&] { lstm.backward(thin.view(), {}, cache, gradients); }) ==
          "Lstm::backward: dy has 1 samples, the layer expects 2 (B)");
    CHECK(shape_error([&] { lstm.backward(y.view(), narrow.view(), cache, gradients); }) ==
          "Lstm::backward: dx has 3 features, the layer expects 8 (F)");

    const mgan::StackedLstm<double> stacked(8, 4, 2);
    mgan::StackedLstm<double>::Cache stacked_cache;
    const mgan::StackedLstm<double>::State one_state(1);
    CHECK(shape_error([&] { stacked.forward(x.view(), stacked_cache, &one_state); }) ==
          "StackedLstm::forward: 1 initial states for 2 layers");
    const mgan::BiLstm<double> bilstm(8, 4, 2);
    mgan::BiLstm<double>::Cache bilstm_cache;
    const mgan::BiLstm<double>::State three_states(3);
    CHECK(shape_error([&] { bilstm.forward(x.view(), bilstm_cache, &three_states); }) ==
          "BiLstm::forward: 3 initial states for 2 layers");
    CHECK(shape_error([&] { mgan::BiLstm<double>(8, 4, 9); }) ==
          "BiLstm: 9 layers, between 1 and 8 are possible");
    CHECK(shape_error([&] { mgan::StackedLstm<double>(8, 4, 0); }) ==
          "StackedLstm: 0 layers, between 1 and 8 are possible");

    const mgan::Dense<double> dense(8, 4);
    CHECK(shape_error([&] { dense.forward(wrong.all(), y.all()); }) ==
          "Dense::forward: x has 3 rows, the layer expects 8");
    CHECK(shape_error([&] { dense.forward(x.all(), narrow.all()); }) ==
          "Dense::forward: y has 3 rows, the layer expects 4");
}
