// W12: the tape (mgan/autodiff), forward and backward, the same graph recorded anew in every run.
//
//   - a net 2 -> 128 -> 128 -> 1 with tanh, squared error, 64 samples;
//   - an LSTM written with the tape's operations, mean square of its last output;
//   - 400 000 operations on single numbers in double, y <- (y + x) w - y / d.

#include "flop.hpp"
#include "workload.hpp"

#include <mgan/autodiff/operations.hpp>

#include <array>
#include <memory>
#include <span>
#include <vector>

namespace {

using bench::Index;
using bench::Prepared;
using bench::Shape;
using Matrix = mgan::Matrix<float>;
using Variable = mgan::Variable<float>;

Matrix uniform(Index rows, Index cols, std::uint64_t seed, double limit) {
    return bench::uniform(1, cols, rows, seed, -limit, limit).all();
}

/// The norm of all gradients of the last run.
double norm_of(std::span<const Variable> variables) {
    double sum = 0.0;
    for (const Variable& v : variables) sum += static_cast<double>(v.gradient().squaredNorm());
    return std::sqrt(sum);
}

struct Mlp {
    static constexpr std::array<Index, 4> kSizes{2, 128, 128, 1};

    explicit Mlp(Index batch)
        : x(uniform(kSizes[0], batch, 1, 1.0)), target(uniform(kSizes[3], batch, 2, 1.0)) {
        for (std::size_t k = 0; k < 3; ++k) {
            weights[k] = uniform(kSizes[k + 1], kSizes[k], 3 + k, 0.1);
            biases[k] = uniform(kSizes[k + 1], 1, 6 + k, 0.1);
        }
    }

    void step() {
        tape.clear();
        std::array<Variable, 3> w, b;
        for (std::size_t k = 0; k < 3; ++k) {
            w[k] = tape.variable(weights[k]);
            b[k] = tape.variable(biases[k]);
        }
        const Variable in = tape.constant(x), wanted = tape.constant(target);
        const Variable h1 = tanh(matmul(w[0], in) + b[0]);
        const Variable h2 = tanh(matmul(w[1], h1) + b[1]);
        const Variable y = matmul(w[2], h2) + b[2];
        tape.backward(mean(pow(y - wanted, 2.0f)));
        parameters = {w[0], b[0], w[1], b[1], w[2], b[2]};
    }

    Matrix x, target;
    std::array<Matrix, 3> weights, biases;
    mgan::Tape<float> tape;
    std::array<Variable, 6> parameters;
};

struct PrimitiveLstm {
    static constexpr Index kFeatures = 8;

    explicit PrimitiveLstm(const Shape& s)
        : shape(s),
          x(uniform(kFeatures, s.steps * s.batch, 1, 1.0)),
          input_weight(uniform(4 * s.hidden, kFeatures, 2, 0.1)),
          hidden_weight(uniform(4 * s.hidden, s.hidden, 3, 0.1)),
          bias(uniform(4 * s.hidden, 1, 4, 0.1)) {}

    void step() {
        const Index n = shape.hidden, batch = shape.batch;
        tape.clear();
        const Variable w = tape.variable(input_weight), u = tape.variable(hidden_weight),
                       b = tape.variable(bias), in = tape.constant(x);
        Variable h = tape.constant(Matrix::Zero(n, batch));
        Variable c = tape.constant(Matrix::Zero(n, batch));
        for (Index t = 0; t < shape.steps; ++t) {
            const Variable a = matmul(w, slice_columns(in, t * batch, batch)) + matmul(u, h) + b;
            const auto gate = [&](Index k) { return slice_rows(a, k * n, n); };
            c = sigmoid(gate(1)) * c + sigmoid(gate(0)) * tanh(gate(2));
            h = sigmoid(gate(3)) * tanh(c);
        }
        tape.backward(mean(h * h));
        parameters = {w, u, b};
    }

    Shape shape;
    Matrix x, input_weight, hidden_weight, bias;
    mgan::Tape<float> tape;
    std::array<Variable, 3> parameters;
};

struct Numbers {
    static constexpr Index kOperations = 400'000;

    void step() {
        tape.clear();
        const mgan::Variable<double> x = tape.variable(0.5), w = tape.variable(0.4),
                                     d = tape.variable(3.0);
        mgan::Variable<double> y = x;
        for (Index k = 0; k < kOperations / 4; ++k) y = (y + x) * w - y / d;
        tape.backward(y);
        slope = x.gradient()(0, 0) + w.gradient()(0, 0) + d.gradient()(0, 0);
    }

    mgan::Tape<double> tape;
    double slope = 0.0;
};

Prepared mlp(const Shape& s) {
    const auto net = std::make_shared<Mlp>(s.batch);
    double flop = 0.0;
    for (std::size_t k = 0; k < 3; ++k) {
        const double product = bench::flop::product(Mlp::kSizes[k + 1], Mlp::kSizes[k], s.batch);
        flop += (k == 0 ? 2.0 : 3.0) * product;  // the input needs no gradient
    }
    return {[net] { net->step(); }, [net] { return norm_of(net->parameters); }, flop};
}

Prepared lstm(const Shape& s) {
    const auto net = std::make_shared<PrimitiveLstm>(s);
    const Index columns = s.steps * s.batch;
    return {[net] { net->step(); }, [net] { return norm_of(net->parameters); },
            bench::flop::lstm_forward(PrimitiveLstm::kFeatures, s.hidden, columns) +
                bench::flop::lstm_backward(PrimitiveLstm::kFeatures, s.hidden, columns, false)};
}

Prepared numbers(const Shape&) {
    const auto net = std::make_shared<Numbers>();
    return {[net] { net->step(); }, [net] { return net->slope; },
            static_cast<double>(Numbers::kOperations)};
}

}  // namespace

std::vector<bench::Workload> bench::tape_workloads() {
    return {{"W12", "mlp", {1, 64, 128}, mlp},
            {"W12", "lstm", {100, 20, 100}, lstm},
            {"W12", "numbers", {1, 1, 1}, numbers}};
}
