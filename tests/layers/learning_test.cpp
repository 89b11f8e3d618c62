// Method 6 of the gradient proofs: tasks that only a right gradient through many steps can learn.
//
// Each task asks at the end for something that was seen 20 to 30 steps before. What the net has to
// change is how it *remembers*, and the only thing that tells it so is the gradient that came back
// through all those steps. So each task is also run with that way cut (every step's gradient is
// right but for what later steps send back), and must then fail: a test that passes either way
// would say nothing about BPTT.

#include <mgan/core/random.hpp>
#include <mgan/layers/bilstm.hpp>
#include <mgan/layers/dense.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/layers/loss.hpp>
#include <support/adam.hpp>
#include <support/catch.hpp>

using mgan::BiLstm;
using mgan::Dense;
using mgan::Index;
using mgan::Lstm;
using mgan::Random;
using mgan::Sequence;
using mgan::Update;
using mgan_test::Adam;

namespace {

enum class Recurrence { kWhole, kCut };

/// backward of an LSTM whose steps hear nothing from later ones: W_hh' da and dc are dropped.
void backward_cut(const Lstm<double>& lstm, mgan::SequenceView<const double> dy,
                  mgan::SequenceView<double> dx, Lstm<double>::Cache& cache,
                  Lstm<double>& gradients, Update update) {
    lstm.begin_backward(cache);
    for (Index s = cache.steps() - 1; s >= 0; --s) {
        cache.d_hidden.setZero();
        cache.d_cell.setZero();
        lstm.backward_step(s, dy.step(cache.time(s)), cache);
        if (Lstm<double>::block_is_complete(s, cache)) {
            if (!dx.empty()) lstm.backward_input_block(s, cache, dx, update);
            lstm.backward_block(s, cache, gradients);
        }
    }
}

/// An LSTM or one BiLSTM, and one number out of it at every step.
struct ForwardNet {
    using ScalarType = double;
    Lstm<double> recurrent{2, 12};
    Dense<double> output{12, 1};
    struct Cache {
        Lstm<double>::Cache recurrent;
        Sequence<double> y;
    };
    const Sequence<double>& run(const Sequence<double>& x, Cache& cache) const {
        cache.y.resize(x.steps(), x.batch(), recurrent.hidden());
        recurrent.forward(x.view(), cache.y.view(), cache.recurrent);
        return cache.y;
    }
    void run_backward(const Sequence<double>& dy, Cache& cache, ForwardNet& gradients,
                      Recurrence recurrence) const {
        if (recurrence == Recurrence::kCut) {
            backward_cut(recurrent, dy.view(), {}, cache.recurrent, gradients.recurrent,
                         Update::assign);
        } else {
            recurrent.backward(dy.view(), {}, cache.recurrent, gradients.recurrent);
        }
    }
    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const mgan::ParameterName& prefix) {
        Lstm<double>::visit(self.recurrent, visitor, prefix);
        Dense<double>::visit(self.output, visitor, prefix);
    }
};

struct BothWaysNet {
    using ScalarType = double;
    BiLstm<double> recurrent{2, 12, 1};
    Dense<double> output{24, 1};
    using Cache = BiLstm<double>::Cache;
    const Sequence<double>& run(const Sequence<double>& x, Cache& cache) const {
        return recurrent.forward(x.view(), cache);
    }
    void run_backward(const Sequence<double>& dy, Cache& cache, BothWaysNet& gradients,
                      Recurrence recurrence) const {
        if (recurrence == Recurrence::kWhole) {
            recurrent.backward(dy.view(), {}, cache, gradients.recurrent);
            return;
        }
        const BiLstm<double>::Layer& layer = recurrent.layers[0];
        BiLstm<double>::Layer& d_layer = gradients.recurrent.layers[0];
        backward_cut(layer.forward, dy.view().features(0, 12), {}, cache.layers[0].forward,
                     d_layer.forward, Update::assign);
        backward_cut(layer.backward, dy.view().features(12, 12), {}, cache.layers[0].backward,
                     d_layer.backward, Update::assign);
    }
    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const mgan::ParameterName& prefix) {
        BiLstm<double>::visit(self.recurrent, visitor, prefix);
        Dense<double>::visit(self.output, visitor, prefix);
    }
};

/// A batch of one task: what comes in, what should come out, and at which steps that counts.
struct Batch {
    Sequence<double> x;       // [T, B, 2]: the signal, and noise that has to be ignored
    Sequence<double> target;  // [T, B, 1]
    Sequence<double> counts;  // [T, B, 1]: 1 or 0
};

Batch empty_batch(const Random& random, Index steps, Index batch) {
    Batch result{Sequence<double>(steps, batch, 2), Sequence<double>(steps, batch, 1),
                 Sequence<double>(steps, batch, 1)};
    std::uint64_t index = 1000;
    for (Index t = 0; t < steps; ++t)
        for (Index b = 0; b < batch; ++b) result.x(t, b, 1) = random.uniform(index++, -0.2, 0.2);
    return result;
}

double sign(const Random& random, std::uint64_t index) {
    return random.uniform(index) < 0.5 ? -1.0 : 1.0;
}

/// A sign at the first step; after 30 more steps it is asked for.
Batch recall(const Random& random) {
    constexpr Index kSteps = 31, kBatch = 16;
    Batch batch = empty_batch(random, kSteps, kBatch);
    for (Index b = 0; b < kBatch; ++b) {
        const double symbol = sign(random, static_cast<std::uint64_t>(b));
        batch.x(0, b, 0) = symbol;
        batch.target(kSteps - 1, b, 0) = symbol;
        batch.counts(kSteps - 1, b, 0) = 1.0;
    }
    return batch;
}

/// An impulse early on, up or down; it is to become a step, judged from 25 steps later on.
Batch impulse_to_step(const Random& random) {
    constexpr Index kSteps = 34, kBatch = 16, kJudged = 29;
    Batch batch = empty_batch(random, kSteps, kBatch);
    for (Index b = 0; b < kBatch; ++b) {
        const auto index = static_cast<std::uint64_t>(b);
        const double height = sign(random, index);
        const auto start = static_cast<Index>(random.integer(100 + index, 4));
        batch.x(start, b, 0) = height;
        for (Index t = kJudged; t < kSteps; ++t) {
            batch.target(t, b, 0) = height;
            batch.counts(t, b, 0) = 1.0;
        }
    }
    return batch;
}

/// A sign at one end, asked for at the other: half of the songs need one direction, half the other.
Batch from_end_to_end(const Random& random) {
    constexpr Index kSteps = 31, kBatch = 16;
    Batch batch = empty_batch(random, kSteps, kBatch);
    for (Index b = 0; b < kBatch; ++b) {
        const double symbol = sign(random, static_cast<std::uint64_t>(b));
        const Index shown = b % 2 == 0 ? 0 : kSteps - 1, asked = kSteps - 1 - shown;
        batch.x(shown, b, 0) = symbol;
        batch.target(asked, b, 0) = symbol;
        batch.counts(asked, b, 0) = 1.0;
    }
    return batch;
}

/// Trains on ever new batches; the mean squared error over the last tenth of them.
template <typename Net, typename Task>
double error_after_training(const Task& task, Recurrence recurrence, int iterations) {
    Net net, gradients;
    mgan::initialise(net, Random(1, "learning_test"));
    // Cells that keep 82 % a step: after 30 steps 0.3 % of a symbol are left, under the noise of
    // the steps between. That is enough for a gradient, and too little to be read off as it is.
    mgan::for_each_parameter(net, [](const mgan::ParameterName& name, auto& parameter) {
        if (name.text().find("bias_ih") != std::string::npos)
            parameter.reshaped().segment(12, 12).setConstant(1.5);
    });
    typename Net::Cache cache;
    Dense<double>::Cache dense_cache;
    Sequence<double> y, dy, ds;
    Adam adam;
    double sum = 0.0;
    int count = 0;
    for (int i = 0; i < iterations; ++i) {
        const Batch batch = task(Random(2, "task", static_cast<std::uint64_t>(i)));
        const Sequence<double>& s = net.run(batch.x, cache);
        y.resize(s.steps(), s.batch(), 1);
        net.output.forward(s.all(), y.all());
        // Where nothing counts, the answer is its own target.
        y.all() = y.all().cwiseProduct(batch.counts.all());
        dy.resize(y.steps(), y.batch(), 1);
        const double loss = mgan::squared_error<double>(y.all(), batch.target.all(),
                                                        1.0 / batch.counts.all().sum(), dy.all());
        mgan::set_zero(gradients);
        ds.resize(s.steps(), s.batch(), s.features());
        net.output.prepare_backward(dense_cache);
        net.output.backward_parameters(s.all(), dy.all(), gradients.output);
        net.output.backward_input(dy.all(), dense_cache, ds.all());
        net.run_backward(ds, cache, gradients, recurrence);
        adam.step(net, gradients);
        if (10 * i >= 9 * iterations) {
            sum += loss;
            ++count;
        }
    }
    return sum / count;
}

}  // namespace

TEST_CASE("LSTM: learns to recall a symbol after 30 steps, and cannot if the gradient is cut") {
    CHECK(error_after_training<ForwardNet>(recall, Recurrence::kWhole, 800) < 0.01);
    CHECK(error_after_training<ForwardNet>(recall, Recurrence::kCut, 800) > 0.5);  // guessing: 1
}

TEST_CASE("LSTM: learns to turn an impulse into a step, and cannot if the gradient is cut") {
    CHECK(error_after_training<ForwardNet>(impulse_to_step, Recurrence::kWhole, 800) < 0.01);
    CHECK(error_after_training<ForwardNet>(impulse_to_step, Recurrence::kCut, 800) >
          0.5);  // guessing: 1
}

TEST_CASE(
    "BiLSTM: learns to carry a symbol from either end to the other, and cannot if the gradient is "
    "cut") {
    CHECK(error_after_training<BothWaysNet>(from_end_to_end, Recurrence::kWhole, 800) < 0.01);
    CHECK(error_after_training<BothWaysNet>(from_end_to_end, Recurrence::kCut, 800) > 0.5);
}
