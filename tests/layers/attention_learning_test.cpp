// Attention learns to copy: one of 24 steps is marked, and the last step must say the value that
// stood there. Only the gradient through the weights of the attention (queries and keys) can tell
// it which of the steps to look at; with that gradient cut, or with a window that ends before the
// marked step, the task must fail, or this test would say nothing.

#include <mgan/core/random.hpp>
#include <mgan/layers/attention.hpp>
#include <mgan/layers/dense.hpp>
#include <mgan/layers/initialisation.hpp>
#include <support/catch.hpp>

using namespace mgan;

namespace {

constexpr Index kSteps = 24, kBatch = 16, kFeatures = 6;

struct Net {
    using ScalarType = double;
    Attention<double> attention;
    Dense<double> output{kFeatures, 1};
    explicit Net(Index window) : attention(AttentionSettings{kFeatures, 1, true, window}) {}

    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const ParameterName& prefix) {
        Attention<double>::visit(self.attention, visitor, prefix);
        Dense<double>::visit(self.output, visitor, prefix);
    }
};

enum class Way { kSequence, kStepByStep, kCut };

/// Mean squared error over the last 50 of 600 batches; always answering 0 gives 1/3.
double error_after_training(Way way, Index window) {
    Net net(window), gradients(window), mean(window), square(window);
    initialise(net, Random(1, "weights"));
    const Random random(2, "task");
    Attention<double>::Cache cache;
    Dense<double>::Cache output_cache;
    Sequence<double> x(kSteps, kBatch, kFeatures), y(kSteps, kBatch, kFeatures), dy = y, dx = y;
    Matrix<double> answer(1, kBatch), target(1, kBatch), d_answer(1, kBatch);
    double error = 0.0;
    constexpr int kUpdates = 600;
    for (int update = 1; update <= kUpdates; ++update) {
        const Random batch = random.at(static_cast<std::uint64_t>(update));
        std::uint64_t index = 0;
        x.set_zero();
        for (Index b = 0; b < kBatch; ++b) {
            const auto marked = static_cast<Index>(batch.integer(index++, kSteps - 8));
            for (Index t = 0; t < kSteps; ++t) {
                x(t, b, 0) = batch.uniform(index++, -1, 1);
                x(t, b, 1) = t == marked ? 1.0 : 0.0;
                x(t, b, 2) = t == kSteps - 1 ? 1.0 : 0.0;
            }
            target(0, b) = x(marked, b, 0);
        }
        net.attention.forward(x.view(), y.view(), cache);
        net.output.forward(y.step(kSteps - 1), answer);
        d_answer = 2.0 / kBatch * (answer - target);
        if (update > kUpdates - 50) error += (answer - target).squaredNorm() / kBatch / 50;

        set_zero(gradients);
        dy.set_zero();
        net.output.prepare_backward(output_cache);
        net.output.backward_input(d_answer, output_cache, dy.step(kSteps - 1));
        net.output.backward_parameters(y.step(kSteps - 1), d_answer, gradients.output);
        if (way == Way::kStepByStep) {
            net.attention.begin_backward(cache);
            for (Index t = kSteps; t-- > 0;)
                net.attention.backward_step(t, dy.step(t), cache, dx.step(t), gradients.attention);
        } else {
            net.attention.backward(dy.view(), dx.view(), cache, gradients.attention);
        }
        if (way == Way::kCut) gradients.attention.in_proj.topRows(2 * kFeatures).setZero();

        // Adam (Kingma and Ba 2015).
        const double rate =
            0.02 * std::sqrt(1 - std::pow(0.999, update)) / (1 - std::pow(0.9, update));
        const auto flat = [](const Net& n) { return flat_parameters<double>(n); };
        AlignedVector<double> weights = flat(net), slope = flat(gradients), first = flat(mean),
                              second = flat(square);
        for (std::size_t i = 0; i < weights.size(); ++i) {
            first[i] += 0.1 * (slope[i] - first[i]);
            second[i] += 0.001 * (slope[i] * slope[i] - second[i]);
            weights[i] -= rate * first[i] / (std::sqrt(second[i]) + 1e-8);
        }
        const auto assign = [](Net& n, const AlignedVector<double>& values) {
            assign_parameters(n, std::span<const double>(values));
        };
        assign(net, weights);
        assign(mean, first);
        assign(square, second);
    }
    return error;
}

}  // namespace

TEST_CASE("Attention learns to copy from a distant step") {
    CHECK(error_after_training(Way::kSequence, 0) < 0.01);
    CHECK(error_after_training(Way::kStepByStep, 0) < 0.01);
}

TEST_CASE("Attention cannot learn to copy without the gradient of queries and keys") {
    CHECK(error_after_training(Way::kCut, 0) > 0.2);
}

TEST_CASE("Attention cannot copy what lies outside its window") {
    CHECK(error_after_training(Way::kSequence, 8) > 0.2);
}
