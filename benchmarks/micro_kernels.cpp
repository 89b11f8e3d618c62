// Single kernels at the sizes of the nets: products, gates, softmax, activations.

#include "micro.hpp"

#include <mgan/layers/activation.hpp>
#include <mgan/tensor/kernels/gates.hpp>
#include <mgan/tensor/kernels/softmax.hpp>
#include <mgan/tensor/product.hpp>
#include <mgan/tensor/transposed_product.hpp>

namespace {

using benchmark::State;
using mgan::Index;
using mgan::Matrix;

Matrix<float> numbers(Index rows, Index columns) {
    return Matrix<float>::Random(rows, columns);
}

/// M x K times K x N.
struct Sizes {
    Index m, k, n;
    explicit Sizes(const State& state) : m(state.range(0)), k(state.range(1)), n(state.range(2)) {}
    [[nodiscard]] double flop() const { return 2.0 * static_cast<double>(m * k * n); }
};

void product(State& state) {
    const Sizes s(state);
    const Matrix<float> w = numbers(s.m, s.k), x = numbers(s.k, s.n);
    Matrix<float> y(s.m, s.n);
    for (auto _ : state) {
        mgan::multiply<float>(w, x, y, mgan::Update::assign);
        benchmark::DoNotOptimize(y.data());
        benchmark::ClobberMemory();
    }
    bench::count_flop(state, s.flop());
}

/// Eigen's own product, for comparison.
void product_eigen(State& state) {
    const Sizes s(state);
    const Matrix<float> w = numbers(s.m, s.k), x = numbers(s.k, s.n);
    Matrix<float> y(s.m, s.n);
    for (auto _ : state) {
        y.noalias() = w * x;
        benchmark::DoNotOptimize(y.data());
        benchmark::ClobberMemory();
    }
    bench::count_flop(state, s.flop());
}

/// The M x K matrix lies in memory as K x M.
void product_transposed(State& state) {
    const Sizes s(state);
    const Matrix<float> w = numbers(s.k, s.m), x = numbers(s.k, s.n);
    Matrix<float> y(s.m, s.n);
    for (auto _ : state) {
        mgan::multiply_transposed<float>(w, x, y);
        benchmark::DoNotOptimize(y.data());
        benchmark::ClobberMemory();
    }
    bench::count_flop(state, s.flop());
}

/// dW (M x N) += dy (M x K) x' (K x N): K columns.
void add_outer_product(State& state) {
    const Sizes s(state);
    const Matrix<float> dy = numbers(s.m, s.k), x = numbers(s.n, s.k);
    Matrix<float> dw = Matrix<float>::Zero(s.m, s.n);
    for (auto _ : state) {
        mgan::add_outer_product<float>(dy, x, dw);
        benchmark::DoNotOptimize(dw.data());
        benchmark::ClobberMemory();
    }
    bench::count_flop(state, s.flop());
}

/// H units of a sample, B samples; items are gates.
void gates_forward(State& state) {
    const Index hidden = state.range(0), batch = state.range(1);
    const Matrix<float> before = numbers(4 * hidden, batch), c_before = numbers(hidden, batch);
    Matrix<float> gates = before, c(hidden, batch), h(hidden, batch);
    for (auto _ : state) {
        for (Index b = 0; b < batch; ++b) {  // (gates of gates from the second time on)
            mgan::kernels::lstm_gates_forward<float>(gates.col(b).data(), c_before.col(b).data(),
                                                     c.col(b).data(), h.col(b).data(), hidden);
        }
        benchmark::DoNotOptimize(h.data());
        benchmark::ClobberMemory();
    }
    state.SetItemsProcessed(state.iterations() * 4 * hidden * batch);
}

void gates_backward(State& state) {
    const Index hidden = state.range(0), batch = state.range(1);
    Matrix<float> gates = Matrix<float>::Constant(4 * hidden, batch, 0.5f),
                  d_gates(4 * hidden, batch), dc = Matrix<float>::Zero(hidden, batch);
    const Matrix<float> c = numbers(hidden, batch), dh = numbers(hidden, batch);
    for (auto _ : state) {
        for (Index b = 0; b < batch; ++b) {
            mgan::kernels::lstm_gates_backward<float>(
                gates.col(b).data(), c.col(b).data(), c.col(b).data(), dh.col(b).data(),
                dc.col(b).data(), d_gates.col(b).data(), hidden);
        }
        benchmark::DoNotOptimize(d_gates.data());
        benchmark::ClobberMemory();
    }
    state.SetItemsProcessed(state.iterations() * 4 * hidden * batch);
}

void softmax(State& state) {
    const Index steps = state.range(0);
    const Matrix<float> scores = numbers(mgan::kernels::lanes_ceil(steps), 1);
    Matrix<float> p = scores;
    for (auto _ : state) {
        p = scores;
        benchmark::DoNotOptimize(mgan::kernels::softmax(p.data(), 0, steps));
        benchmark::ClobberMemory();
    }
    state.SetItemsProcessed(state.iterations() * steps);
}

void exponential(State& state) {
    const Matrix<float> x = numbers(state.range(0), 1);
    Matrix<float> y = x;
    for (auto _ : state) {
        y.array() = x.array().exp();
        benchmark::DoNotOptimize(y.data());
        benchmark::ClobberMemory();
    }
    state.SetItemsProcessed(state.iterations() * x.size());
}

template <mgan::Activation Kind>
void activation(State& state) {
    Matrix<float> y = numbers(state.range(0), 20);
    for (auto _ : state) {
        mgan::activate<float>(Kind, y);
        benchmark::DoNotOptimize(y.data());
        benchmark::ClobberMemory();
    }
    state.SetItemsProcessed(state.iterations() * y.size());
}

}  // namespace

// 400 x 100 x 20: the recurrent product at B = 20; x 10: of a shard; 1024 and 2048: H = 256, 512;
// 1000 x 5000: the wide layer of the PF classifier; 4 x 100: the last dense layer.
BENCHMARK(product)
    ->ArgNames({"m", "k", "n"})
    ->Args({400, 100, 10})
    ->Args({400, 100, 20})
    ->Args({400, 8, 20})
    ->Args({400, 200, 20})
    ->Args({400, 100, 2000})
    ->Args({100, 400, 10})
    ->Args({100, 400, 20})
    ->Args({100, 100, 20})
    ->Args({4, 100, 20})
    ->Args({1000, 1000, 20})
    ->Args({1000, 5000, 20})
    ->Args({1024, 256, 20})
    ->Args({2048, 512, 20})
    ->Args({400, 100, 1});
BENCHMARK(product_eigen)->ArgNames({"m", "k", "n"})->Args({400, 100, 20})->Args({400, 100, 2000});
BENCHMARK(product_transposed)
    ->ArgNames({"m", "k", "n"})
    ->Args({100, 400, 20})
    ->Args({1000, 1000, 20})
    ->Args({5000, 1000, 20});
BENCHMARK(add_outer_product)
    ->ArgNames({"m", "columns", "n"})
    ->Args({400, 20, 100})
    ->Args({400, 100, 100})
    ->Args({400, 100, 8})
    ->Args({400, 100, 200})
    ->Args({400, 2000, 100})
    ->Args({1000, 20, 5000})
    ->Args({2048, 100, 512});
BENCHMARK(gates_forward)->ArgNames({"H", "B"})->Args({100, 20})->Args({512, 20});
BENCHMARK(gates_backward)->ArgNames({"H", "B"})->Args({100, 20})->Args({512, 20});
BENCHMARK(softmax)->ArgName("T")->Arg(16)->Arg(100)->Arg(1000);
BENCHMARK(exponential)->ArgName("n")->Arg(2000);
BENCHMARK_TEMPLATE(activation, mgan::Activation::sigmoid)->ArgName("units")->Arg(100);
BENCHMARK_TEMPLATE(activation, mgan::Activation::tanh)->ArgName("units")->Arg(100);
BENCHMARK_TEMPLATE(activation, mgan::Activation::relu)->ArgName("units")->Arg(100);
