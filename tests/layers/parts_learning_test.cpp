// Method 6 of the gradient proofs for the GRU, the embedding, the categorical head and layer norm:
// tasks that only a right gradient can learn, and each of them once more with a part of the
// gradient left out, where it must fail.

#include <mgan/autodiff/gradient_check.hpp>
#include <mgan/core/random.hpp>
#include <mgan/layers/categorical.hpp>
#include <mgan/layers/dense.hpp>
#include <mgan/layers/embedding.hpp>
#include <mgan/layers/gru.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/layers/layer_norm.hpp>
#include <mgan/layers/loss.hpp>
#include <support/adam.hpp>
#include <support/catch.hpp>

#include <array>

using mgan::Dense;
using mgan::Embedding;
using mgan::Gru;
using mgan::Index;
using mgan::LayerNorm;
using mgan::Matrix;
using mgan::Random;
using mgan::Sequence;
using mgan::Vector;
using mgan_test::Adam;

namespace {

enum class Gradient { whole, cut };

// ---- the GRU: a symbol of the first step, asked for 20 steps later

struct RecallNet {
    using ScalarType = double;
    Gru<double> recurrent{2, 12};
    Dense<double> output{12, 1};

    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const mgan::ParameterName& prefix) {
        Gru<double>::visit(self.recurrent, visitor, prefix);
        Dense<double>::visit(self.output, visitor, prefix);
    }
};

/// The mean squared error of the last tenth of the iterations; guessing gives 1.
double recall_error(Gradient gradient, int iterations) {
    constexpr Index kSteps = 21, kBatch = 16;
    RecallNet net, gradients;
    mgan::initialise(net, Random(1, "parts_learning_test"));
    Gru<double>::Cache cache;
    Dense<double>::Cache dense_cache;
    Sequence<double> x(kSteps, kBatch, 2), h(kSteps, kBatch, 12), dh(kSteps, kBatch, 12);
    Matrix<double> y(1, kBatch), dy(1, kBatch), target(1, kBatch);
    Adam adam;
    double sum = 0.0;
    for (int i = 0; i < iterations; ++i) {
        const Random random(2, "recall", static_cast<std::uint64_t>(i));
        for (Index k = 0; k < x.size(); ++k)
            x.data()[k] = random.uniform(static_cast<std::uint64_t>(k), -0.2, 0.2);
        for (Index t = 0; t < kSteps; ++t) x.step(t).row(0).setZero();
        for (Index b = 0; b < kBatch; ++b)
            x(0, b, 0) = target(0, b) =
                random.uniform(static_cast<std::uint64_t>(10000 + b)) < 0.5 ? -1.0 : 1.0;
        net.recurrent.forward(std::as_const(x).view(), h.view(), cache);
        net.output.forward(h.step(kSteps - 1), y);
        const double loss = mgan::squared_error<double>(y, target, 1.0 / kBatch, dy);
        mgan::set_zero(gradients);
        dh.set_zero();
        net.output.prepare_backward(dense_cache);
        net.output.backward_parameters(h.step(kSteps - 1), dy, gradients.output);
        net.output.backward_input(dy, dense_cache, dh.step(kSteps - 1));
        net.recurrent.begin_backward(cache);
        for (Index t = kSteps - 1; t >= 0; --t) {
            if (gradient == Gradient::cut) cache.d_hidden.setZero();
            net.recurrent.backward_step(t, dh.step(t), cache);
            if (net.recurrent.block_is_complete(t, cache))
                net.recurrent.backward_block(t, cache, gradients.recurrent);
        }
        adam.step(net, gradients);
        if (10 * i >= 9 * iterations) sum += loss;
    }
    return 10.0 * sum / iterations;
}

// ---- embedding and categorical head: which value follows which

struct FollowNet {
    using ScalarType = double;
    Embedding<double> embedding{12, 2};
    Dense<double> head{2, 12};

    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const mgan::ParameterName& prefix) {
        Embedding<double>::visit(self.embedding, visitor, prefix / "embedding.");
        Dense<double>::visit(self.head, visitor, prefix / "head.");
    }
};

/// Value v is followed by 5 v + 1 or by 5 v + 7 (mod 12), three times out of four by the first:
/// cross-entropy at best 0.562, log 12 = 2.485 for a net that knows nothing. With the gradient cut,
/// the batch is scattered to the wrong columns: each to that of its neighbour.
double follow_loss(Gradient gradient, int iterations, FollowNet* learned = nullptr) {
    constexpr Index kBatch = 64;
    FollowNet net, gradients;
    mgan::initialise(net, Random(1, "parts_learning_test"));
    Dense<double>::Cache dense_cache;
    std::array<Index, kBatch> values{}, next{}, scattered{};
    Matrix<double> e(2, kBatch), de(2, kBatch), logits(12, kBatch), d(12, kBatch);
    Adam adam;
    double sum = 0.0;
    for (int i = 0; i < iterations; ++i) {
        const Random random(2, "follow", static_cast<std::uint64_t>(i));
        for (std::size_t b = 0; b < kBatch; ++b) {
            values[b] = static_cast<Index>(random.integer(b, 12));
            next[b] = (5 * values[b] + (random.uniform(1000 + b) < 0.75 ? 1 : 7)) % 12;
            scattered[b == 0 ? kBatch - 1 : b - 1] = values[b];
        }
        net.embedding.forward(values, e);
        net.head.forward(e, logits);
        const double loss = mgan::softmax_cross_entropy<double>(logits, next, 1.0 / kBatch, d);
        mgan::set_zero(gradients);
        net.head.prepare_backward(dense_cache);
        net.head.backward_parameters(e, d, gradients.head);
        net.head.backward_input(d, dense_cache, de);
        net.embedding.backward(gradient == Gradient::cut ? scattered : values, de,
                               gradients.embedding);
        adam.rate = 0.05 * (1.0 - static_cast<double>(i) / iterations);
        adam.step(net, gradients);
        if (10 * i >= 9 * iterations) sum += loss;
    }
    if (learned != nullptr) *learned = net;
    return 10.0 * sum / iterations;
}

/// Descent on the *input* of a normalisation: the loss |y - target|^2 after plain gradient steps.
/// With the gradient cut, dx is dn / sigma, without the two means of equation (8).
double norm_error(Gradient gradient, int iterations) {
    const LayerNorm<double> layer(8);
    LayerNorm<double> gradients(8);
    LayerNorm<double>::Cache cache;
    Matrix<double> x = mgan::random_matrix(8, 4, 1), y(8, 4), target(8, 4), dy(8, 4), dx(8, 4);
    // Not reachable: twice as large as any normalised column, and not centred. The nearest point
    // is the normalised target itself.
    layer.forward(mgan::random_matrix(8, 4, 2), target, cache);
    const Matrix<double> wanted = 2.0 * target.array() + 1.5;
    for (int i = 0; i < iterations; ++i) {
        layer.forward(x, y, cache);
        (void)mgan::squared_error<double>(y, wanted, 0.25, dy);
        layer.backward(dy, dx, cache, gradients);
        if (gradient == Gradient::cut)
            for (Index j = 0; j < 4; ++j) dx.col(j) = cache.inverse_sigma(j) * dy.col(j);
        x -= 0.05 * dx;
    }
    layer.forward(x, y, cache);
    // What the loss cannot see must not have moved: the mean of a column, and its length but for
    // the second order of the step.
    return (y - target).squaredNorm() +
           (x.colwise().mean() - mgan::random_matrix(8, 4, 1).colwise().mean()).squaredNorm();
}

}  // namespace

TEST_CASE("GRU: learns to recall a symbol after 20 steps, and cannot if the gradient is cut") {
    CHECK(recall_error(Gradient::whole, 500) < 0.01);
    CHECK(recall_error(Gradient::cut, 500) > 0.5);
}

TEST_CASE(
    "Embedding and categorical head: learn what follows what, and cannot if values are confused") {
    FollowNet net;
    CHECK(follow_loss(Gradient::whole, 1500, &net) < 0.6);
    CHECK(follow_loss(Gradient::cut, 1500) > 1.0);
    // The choice plays what was learned.
    for (Index value = 0; value < 12; ++value) {
        Matrix<double> logits(12, 1);
        net.head.forward(net.embedding.weight.col(value), logits);
        int usual = 0, other = 0;
        for (int i = 0; i < 200; ++i) {
            const Index next = mgan::quantile(logits.col(0), (i + 0.5) / 200.0);
            usual += next == (5 * value + 1) % 12;
            other += next == (5 * value + 7) % 12;
        }
        CHECK(std::abs(usual - 150) < 15);
        CHECK(std::abs(other - 50) < 15);
    }
}

TEST_CASE("Layer norm: its input learns to give a target, and drifts if the gradient is cut") {
    CHECK(norm_error(Gradient::whole, 2000) < 1e-6);
    CHECK(norm_error(Gradient::cut, 2000) > 0.1);
}
