// A layer that has run once allocates nothing when it runs again.

#define MGAN_COUNT_ALLOCATIONS
#include <support/allocation_counter.hpp>

#include <mgan/core/random.hpp>
#include <mgan/layers/attention.hpp>
#include <mgan/layers/bilstm.hpp>
#include <mgan/layers/dense.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/layers/loss.hpp>
#include <support/catch.hpp>
#include <support/random_sequence.hpp>

#include <memory>

using mgan::Index;
using mgan::Matrix;
using mgan::Sequence;
using mgan_test::allocations_in;
using mgan_test::allocations_in_second;

namespace {

constexpr Index kSteps = 40, kBatch = 10, kFeatures = 7, kHidden = 50;

Sequence<float> random_sequence(Index features) {
    return mgan_test::random_sequence<float>(kSteps, kBatch, features,
                                             mgan::Random(1, "allocation_test"), -1.0, 1.0);
}

}  // namespace

TEST_CASE("The allocation counter counts operator new, malloc, and the temporaries of Eigen") {
    if (!mgan_test::counts_malloc()) MGAN_SKIP("malloc cannot be counted in this build");
    CHECK(allocations_in([] {}) == 0);
    CHECK(allocations_in([] { const std::unique_ptr<int> p(new int(3)); }) <= 1);
    std::unique_ptr<int> kept;
    CHECK(allocations_in([&] { kept = std::make_unique<int>(3); }) == 1);
    mgan::AlignedVector<float> aligned;
    CHECK(allocations_in([&] { aligned.resize(100); }) == 1);
    void* volatile block = nullptr;
    CHECK(allocations_in([&] { block = std::malloc(10); }) == 1);
    std::free(block);
    Matrix<float> a = Matrix<float>::Ones(20, 20), b = a;
    CHECK(allocations_in([&] { b = a + a; }) == 0);
    CHECK(allocations_in([&] { a = a * b; }) >= 1);  // a product that needs its argument
    CHECK(allocations_in([&] { a.resize(30, 30); }) == 1);
}

TEST_CASE("Dense, activations and losses allocate nothing in their second pass") {
    if (!mgan_test::counts_malloc()) MGAN_SKIP("malloc cannot be counted in this build");
    mgan::Dense<float> dense(kFeatures, kHidden), gradients = dense;
    mgan::initialise(dense, mgan::Random(1, "dense"));
    mgan::Dense<float>::Cache cache;
    const Sequence<float> x = random_sequence(kFeatures), target = random_sequence(kHidden);
    Sequence<float> y(kSteps, kBatch, kHidden), dy = y, dx = x;
    for (const mgan::Activation activation :
         {mgan::Activation::identity, mgan::Activation::relu, mgan::Activation::sigmoid,
          mgan::Activation::tanh, mgan::Activation::softplus}) {
        float loss = 0.0f;
        CHECK(allocations_in_second([&] {
                  dense.forward(x.all(), y.all());
                  mgan::activate<float>(activation, y.all());
                  loss += mgan::squared_error<float>(y.all(), target.all(), 0.1f, dy.all());
                  loss += mgan::pinball<float>(y.all(), target.all(), target.all(), 0.1f, dy.all());
                  mgan::activate_backward<float>(activation, y.all(), dy.all());
                  dense.prepare_backward(cache);
                  dense.backward_input(dy.all(), cache, dx.all());
                  dense.backward_parameters(x.all(), dy.all(), gradients);
              }) == 0);
        CHECK(std::isfinite(loss));
    }
}

TEST_CASE("The recurrent layers allocate nothing in their second pass, nor in a step") {
    if (!mgan_test::counts_malloc()) MGAN_SKIP("malloc cannot be counted in this build");
    const Sequence<float> x = random_sequence(kFeatures), dy = random_sequence(kHidden),
                          dy_both = random_sequence(2 * kHidden);
    Sequence<float> dx = x;
    for (const mgan::Direction direction : {mgan::Direction::forward, mgan::Direction::backward}) {
        mgan::Lstm<float> lstm(kFeatures, kHidden), gradients = lstm;
        mgan::initialise(lstm, mgan::Random(2, "lstm"));
        mgan::Lstm<float>::Cache cache;
        mgan::LstmState<float> initial, d_initial;
        initial.set_zero(kHidden, kBatch);
        Sequence<float> y(kSteps, kBatch, kHidden);
        CHECK(allocations_in_second([&] {
                  lstm.forward(x.view(), y.view(), cache, direction, &initial);
                  lstm.backward(dy.view(), dx.view(), cache, gradients, mgan::Update::assign,
                                &d_initial);
                  lstm.forward(x.view(), y.view(), cache, direction);
                  lstm.backward(dy.view(), {}, cache, gradients);
              }) == 0);
    }
    {
        mgan::StackedLstm<float> lstm(kFeatures, kHidden, 2), gradients = lstm;
        mgan::initialise(lstm, mgan::Random(3, "stacked"));
        mgan::StackedLstm<float>::Cache cache;
        mgan::StackedLstm<float>::State initial = lstm.zero_state(kBatch), d_initial;
        CHECK(allocations_in_second([&] {
                  lstm.forward(x.view(), cache, &initial);
                  lstm.backward(dy.view(), dx.view(), cache, gradients, &d_initial);
              }) == 0);
        CHECK(allocations_in_second([&] {
                  lstm.begin(x.view(), cache);
                  for (Index t = 0; t < kSteps; ++t) lstm.forward_step(t, cache);
                  lstm.begin_backward(cache);
                  for (Index t = kSteps - 1; t >= 0; --t)
                      lstm.backward_step(t, dy.step(t), cache, dx.step(t), gradients);
                  lstm.end_backward(cache, d_initial);
              }) == 0);
        Matrix<float> gates(4 * kHidden, kBatch);
        CHECK(allocations_in([&] { lstm.step(x.step(0), initial, gates); }) == 0);
    }
    {
        mgan::BiLstm<float> bilstm(kFeatures, kHidden, 2), gradients = bilstm;
        mgan::initialise(bilstm, mgan::Random(4, "bilstm"));
        mgan::BiLstm<float>::Cache cache;
        mgan::BiLstm<float>::State d_initial;
        CHECK(allocations_in_second([&] {
                  bilstm.forward(x.view(), cache);
                  bilstm.backward(dy_both.view(), dx.view(), cache, gradients, &d_initial);
              }) == 0);
    }
}

TEST_CASE(
    "A streaming step of the attention never allocates and never throws, however long the song") {
    if (!mgan_test::counts_malloc()) MGAN_SKIP("malloc cannot be counted in this build");
    using Attention = mgan::Attention<float>;
    constexpr void (Attention::*kStep)(const mgan::ConstMatrixRef<float>&, Attention::Stream&,
                                       mgan::MatrixRef<float>) const noexcept = &Attention::step;
    const Sequence<float> x = random_sequence(kHidden);
    for (const Index window : {0, 5}) {
        Attention attention(mgan::AttentionSettings{kHidden, 2, true, window});
        mgan::initialise(attention, mgan::Random(5, "attention"));
        Attention::Stream stream;
        Matrix<float> y(kHidden, kBatch);
        attention.start(stream, kBatch, 20);
        CHECK(allocations_in([&] {
                  for (Index round = 0; round < 10; ++round)
                      for (Index t = 0; t < kSteps; ++t) (attention.*kStep)(x.step(t), stream, y);
              }) == 0);
        CHECK(y.allFinite());
    }
}

TEST_CASE("Arguments are taken where they lie: blocks, columns and rows are not copied") {
    if (!mgan_test::counts_malloc()) MGAN_SKIP("malloc cannot be counted in this build");
    const Matrix<float> w = Matrix<float>::Random(6, 9), x = Matrix<float>::Random(9, 5);
    const Eigen::Matrix<float, 1, Eigen::Dynamic> row = Eigen::Matrix<float, 1, 5>::Ones();
    Matrix<float> y = Matrix<float>::Zero(6, 5), of_row = y;
    const Matrix<float> expected = w.middleCols(2, 4) * x.middleRows(2, 4);
    const Matrix<float> third = w.col(3) * x.row(3), ones = w.col(3) * row;
    CHECK(allocations_in([&] {
              mgan::multiply<float>(w.middleCols(2, 4), x.middleRows(2, 4), y,
                                    mgan::Update::assign);
          }) == 0);
    CHECK(y.isApprox(expected, 1e-5f));
    CHECK(allocations_in([&] {
              mgan::multiply<float>(w.col(3), x.row(3), y, mgan::Update::assign);
              mgan::multiply<float>(w.col(3), row, of_row, mgan::Update::assign);
          }) == 0);
    CHECK(y.isApprox(third, 1e-5f));
    CHECK(of_row.isApprox(ones, 1e-5f));
}

TEST_CASE("Walking over parameters allocates nothing") {
    if (!mgan_test::counts_malloc()) MGAN_SKIP("malloc cannot be counted in this build");
    mgan::BiLstm<float> bilstm(kFeatures, kHidden, 2), other = bilstm;
    mgan::AlignedVector<float> flat = mgan::flat_parameters<float>(bilstm);
    double sum = 0.0;
    CHECK(allocations_in([&] {
              mgan::set_zero(bilstm);
              mgan::add_parameters(bilstm, other, 0.5f);
              mgan::scale_parameters(bilstm, 2.0f);
              mgan::copy_parameters(bilstm, std::span<float>(flat));
              mgan::assign_parameters(other, std::span<const float>(flat));
              sum += mgan::squared_norm(bilstm);
          }) == 0);
    CHECK(sum == 0.0);
}
