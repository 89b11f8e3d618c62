// Single layers, forward and backward, at B = 20: time, share of the FMA peak, and, for attention,
// what a song of T steps costs in time and memory (its cost grows as T^2 H, its memory as T H).

#include "flop.hpp"
#include "micro.hpp"

#include <mgan/core/random.hpp>
#include <mgan/layers/attention.hpp>
#include <mgan/layers/bilstm.hpp>
#include <mgan/layers/conv2d.hpp>
#include <mgan/layers/dense.hpp>
#include <mgan/layers/initialisation.hpp>

// The counter of the tests, for benchmarks that also report memory: see allocation_counter.hpp.
#define MGAN_COUNT_ALLOCATIONS
#include <support/allocation_counter.hpp>

namespace {

using benchmark::State;
using mgan::Index;
using mgan::Sequence;

constexpr Index kBatch = 20;

Sequence<float> numbers(Index steps, Index batch, Index features) {
    Sequence<float> x(steps, batch, features);
    x.all().setRandom();
    return x;
}

/// Allocations of the second pass: none are expected once a layer has run.
template <typename Pass>
void run(State& state, Pass&& pass, double flop) {
    pass();
    state.counters["allocations"] = static_cast<double>(mgan_test::allocations_in(pass));
    for (auto _ : state) {
        pass();
        benchmark::ClobberMemory();
    }
    bench::count_flop(state, flop);
}

void dense(State& state) {
    const Index in = state.range(0), out = state.range(1), columns = state.range(2);
    mgan::Dense<float> layer(in, out), gradient(in, out);
    mgan::initialise(layer, mgan::Random(1, "weights"));
    const mgan::Matrix<float> x = mgan::Matrix<float>::Random(in, columns),
                              dy = mgan::Matrix<float>::Random(out, columns);
    mgan::Matrix<float> y(out, columns), dx(in, columns);
    mgan::Dense<float>::Cache cache;
    run(
        state,
        [&] {
            layer.forward(x, y);
            layer.prepare_backward(cache);
            layer.backward_parameters(x, dy, gradient);
            layer.backward_input(dy, cache, dx);
        },
        3.0 * bench::flop::product(out, in, columns));
}

void lstm(State& state) {
    const Index features = state.range(0), hidden = state.range(1), steps = state.range(2);
    mgan::Lstm<float> layer(features, hidden), gradient(features, hidden);
    mgan::initialise(layer, mgan::Random(1, "weights"));
    const Sequence<float> x = numbers(steps, kBatch, features), dy = numbers(steps, kBatch, hidden);
    Sequence<float> y(steps, kBatch, hidden), dx(steps, kBatch, features);
    mgan::Lstm<float>::Cache cache;
    const Index columns = steps * kBatch;
    run(
        state,
        [&] {
            layer.forward(x.view(), y.view(), cache);
            layer.backward(dy.view(), dx.view(), cache, gradient);
        },
        bench::flop::lstm_forward(features, hidden, columns) +
            bench::flop::lstm_backward(features, hidden, columns, true));
}

void bilstm(State& state) {
    const Index features = state.range(0), hidden = state.range(1), steps = state.range(2);
    mgan::BiLstm<float> layer(features, hidden, 2), gradient(features, hidden, 2);
    mgan::initialise(layer, mgan::Random(1, "weights"));
    const Sequence<float> x = numbers(steps, kBatch, features),
                          dy = numbers(steps, kBatch, 2 * hidden);
    Sequence<float> dx(steps, kBatch, features);
    mgan::BiLstm<float>::Cache cache;
    const Index columns = steps * kBatch;
    run(
        state,
        [&] {
            layer.forward(x.view(), cache);
            layer.backward(dy.view(), dx.view(), cache, gradient);
        },
        bench::flop::bilstm_forward(features, hidden, columns) +
            bench::flop::bilstm_backward(features, hidden, columns, true));
}

/// 5 x 5, one channel, over T x 4.
void conv2d(State& state) {
    const Index steps = state.range(0);
    mgan::Conv2d<float> layer{mgan::Conv2dSettings{}}, gradient{mgan::Conv2dSettings{}};
    mgan::initialise(layer, mgan::Random(1, "weights"));
    const Sequence<float> x = numbers(steps, kBatch, 4), dy = numbers(steps, kBatch, 4);
    Sequence<float> y(steps, kBatch, 4), dx(steps, kBatch, 4);
    mgan::Conv2d<float>::Cache cache;
    run(
        state,
        [&] {
            layer.forward(x.view(), y.view(), cache);
            layer.backward(dy.view(), dx.view(), cache, gradient);
        },
        3.0 * bench::flop::product(25, 4 * steps, kBatch));
}

/// Bytes of the sequences and matrices of a cache.
double bytes_of(const mgan::Attention<float>::Cache& c) {
    Index numbers = c.in_proj_transposed.size() + c.out_proj_transposed.size();
    for (const Sequence<float>* s :
         {&c.queries, &c.keys, &c.values, &c.mixture, &c.peak, &c.inverse_sum, &c.projected,
          &c.columns, &c.d_queries, &c.d_keys, &c.d_values, &c.d_mixture, &c.weights, &c.d_scores,
          &c.d_output, &c.d_projected})
        numbers += s->size();
    return static_cast<double>(numbers) * sizeof(float);
}

/// Causal, H = 100, step by step as under output feedback (stepwise) or as whole sequences.
void attention(State& state) {
    const Index steps = state.range(0);
    const bool stepwise = state.range(1) != 0;
    constexpr Index kHidden = 100;
    mgan::Attention<float> layer{mgan::AttentionSettings{}}, gradient{mgan::AttentionSettings{}};
    mgan::initialise(layer, mgan::Random(1, "weights"));
    const Sequence<float> x = numbers(steps, kBatch, kHidden), dy = numbers(steps, kBatch, kHidden);
    Sequence<float> y(steps, kBatch, kHidden), dx(steps, kBatch, kHidden);
    mgan::Attention<float>::Cache cache;
    run(
        state,
        [&] {
            if (!stepwise) {
                layer.forward(x.view(), y.view(), cache);
                layer.backward(dy.view(), dx.view(), cache, gradient);
                return;
            }
            layer.begin(x.view(), y.view(), cache);
            for (Index t = 0; t < steps; ++t) layer.forward_step(t, cache);
            layer.begin_backward(cache);
            for (Index t = steps - 1; t >= 0; --t)
                layer.backward_step(t, dy.step(t), cache, dx.step(t), gradient);
        },
        3.0 * bench::flop::attention_forward(kHidden, steps, kBatch));
    state.counters["bytes_a_step_and_song"] = bytes_of(cache) / static_cast<double>(steps * kBatch);
}

}  // namespace

BENCHMARK(dense)
    ->ArgNames({"in", "out", "columns"})
    ->Args({100, 100, 2000})
    ->Args({100, 4, 2000})
    ->Args({400, 400, 20})
    ->Args({1000, 1000, 20})
    ->Args({5000, 1000, 20});
BENCHMARK(lstm)
    ->ArgNames({"F", "H", "T"})
    ->Args({8, 100, 100})
    ->Args({100, 100, 100})
    ->Args({100, 100, 500})
    ->Args({256, 256, 100})
    ->Args({512, 512, 100})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(bilstm)
    ->ArgNames({"F", "H", "T"})
    ->Args({4, 100, 100})
    ->Args({1, 100, 500})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(conv2d)->ArgName("T")->Arg(100)->Arg(250);
BENCHMARK(attention)
    ->ArgNames({"T", "stepwise"})
    ->ArgsProduct({{50, 100, 250, 500, 1000}, {0, 1}})
    ->Unit(benchmark::kMillisecond);
