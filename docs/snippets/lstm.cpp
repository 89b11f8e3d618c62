// The programs of docs/lstm.md.

#include "print.hpp"

#include <mgan/autodiff/complex_step.hpp>
#include <mgan/autodiff/gradient_check.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/layers/lstm.hpp>

#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

namespace {

// ---- an LSTM in which every matrix is a number

template <typename Number>
Number sigmoid(Number a) {
    return 1.0 / (1.0 + exp(-a));
}

/// Of gate k = i, f, g, o: the weight of x_t, the weight of h_{t-1}, the bias.
template <typename Number>
struct Small {
    std::array<Number, 4> w{}, u{}, b{};
};

/// What one step saves for the backward pass.
template <typename Number>
struct Step {
    Number x, i, f, g, o, c, h;
};

template <typename Number>
std::vector<Step<Number>> forward(const Small<Number>& p, const std::vector<double>& x) {
    std::vector<Step<Number>> steps;
    Number c = 0, h = 0;
    for (const double x_t : x) {
        const auto a = [&, h](std::size_t k) { return p.w[k] * x_t + p.u[k] * h + p.b[k]; };  // (1)
        const Number i = sigmoid(a(0)), f = sigmoid(a(1));                                    // (2)
        const Number g = tanh(a(2)), o = sigmoid(a(3));
        c = f * c + i * g;  // (3)
        h = o * tanh(c);    // (4)
        steps.push_back({x_t, i, f, g, o, c, h});
    }
    return steps;
}

/// dL/d(parameters) of L = sum over t of dy_t h_t.
Small<double> backward(const Small<double>& p, const std::vector<Step<double>>& steps,
                       const std::vector<double>& dy) {
    Small<double> gradient;
    double from_later = 0, dc = 0;  // what step t + 1 says about h_t and c_t
    for (std::size_t t = steps.size(); t-- > 0;) {
        const auto& [x, i, f, g, o, c, h] = steps[t];
        const double c_before = t > 0 ? steps[t - 1].c : 0.0;
        const double h_before = t > 0 ? steps[t - 1].h : 0.0;
        const double tanh_c = std::tanh(c);

        const double dh = dy[t] + from_later;  // (5)
        dc += dh * o * (1 - tanh_c * tanh_c);  // (6)
        const std::array<double, 4> da = {
            dc * g * i * (1 - i),  // (6a)
            dc * c_before * f * (1 - f),
            dc * i * (1 - g * g),
            dh * tanh_c * o * (1 - o),
        };
        dc *= f;  // the second term of (6), for step t - 1
        from_later = 0;
        for (std::size_t k = 0; k < 4; ++k) {
            from_later += p.u[k] * da[k];  // the second term of (5), for step t - 1
            gradient.w[k] += da[k] * x;    // (8)
            gradient.u[k] += da[k] * h_before;
            gradient.b[k] += da[k];
        }
    }
    return gradient;
}

Small<double> some_parameters() {
    const mgan::Random random(1, "small LSTM");
    Small<double> p;
    std::uint64_t n = 0;
    for (auto* part : {&p.w, &p.u, &p.b})
        for (double& number : *part) number = random.uniform(n++, -1.0, 1.0);
    return p;
}

/// The largest difference between `backward` and the complex step, over all 12 parameters.
double error_of_backward() {
    const Small<double> p = some_parameters();
    const std::vector<double> x = {0.5, -1.0, 0.3, 0.8, -0.2}, dy = {0.1, 0.7, -0.4, 0.9, 1.0};
    const Small<double> by_hand = backward(p, forward(p, x), dy);
    double worst = 0;
    const auto compare =
        [&](std::array<double, 4> Small<double>::*part,
            std::array<std::complex<double>, 4> Small<std::complex<double>>::*same) {
            for (std::size_t k = 0; k < 4; ++k) {
                const auto loss = [&](std::complex<double> number) {
                    Small<std::complex<double>> q;
                    for (std::size_t j = 0; j < 4; ++j) {
                        q.w[j] = p.w[j];
                        q.u[j] = p.u[j];
                        q.b[j] = p.b[j];
                    }
                    (q.*same)[k] = number;
                    std::complex<double> sum = 0;
                    const auto steps = forward(q, x);
                    for (std::size_t t = 0; t < steps.size(); ++t) sum += dy[t] * steps[t].h;
                    return sum;
                };
                const double exact = mgan::complex_step_derivative(loss, (p.*part)[k]);
                worst = std::max(worst, std::abs(exact - (by_hand.*part)[k]));
            }
        };
    compare(&Small<double>::w, &Small<std::complex<double>>::w);
    compare(&Small<double>::u, &Small<std::complex<double>>::u);
    compare(&Small<double>::b, &Small<std::complex<double>>::b);
    return worst;
}

/// The numbers of docs/oracles/lstm.py.
void print_numbers() {
    const Small<double> p{{0.5, -0.3, 0.8, 0.2}, {0.1, 0.4, -0.6, 0.7}, {0.0, 1.0, 0.1, -0.2}};
    const auto steps = forward(p, {0.5, -1.0, 0.3, 0.8, -0.2});
    const Small<double> gradient = backward(p, steps, {0.1, 0.7, -0.4, 0.9, 1.0});
    const auto print = [](const char* name, const std::array<double, 4>& numbers) {
        print_row(name, mgan::ConstVectorMap<double>(numbers.data(), 4).transpose());
    };
    mgan::Vector<double> h(5);
    for (std::size_t t = 0; t < 5; ++t) h(static_cast<mgan::Index>(t)) = steps[t].h;
    print_row("h", h.transpose());
    print("dW_ih", gradient.w);
    print("dW_hh", gradient.u);
    print("db", gradient.b);
}

// ---- the layer of the library

using mgan::Index;

/// Gradient of L = sum of dy * y over T steps, computed in pieces of `piece` steps: the state goes
/// from piece to piece, the gradient does not. piece = T: not truncated.
mgan::Lstm<double> truncated(const mgan::Lstm<double>& lstm, const mgan::Sequence<double>& x,
                             const mgan::Sequence<double>& dy, Index piece) {
    mgan::Lstm<double> gradients(lstm.features(), lstm.hidden());
    mgan::Lstm<double>::Cache cache;
    mgan::LstmState<double> state;
    state.set_zero(lstm.hidden(), x.batch());
    for (Index t = 0; t < x.steps(); t += piece) {
        const Index count = std::min(piece, x.steps() - t);
        mgan::Sequence<double> x_piece(count, x.batch(), x.features());
        mgan::Sequence<double> y_piece(count, x.batch(), lstm.hidden());
        mgan::Sequence<double> dy_piece(count, x.batch(), lstm.hidden());
        x_piece.all() = x.range(t, count);
        dy_piece.all() = dy.range(t, count);
        lstm.forward(std::as_const(x_piece).view(), y_piece.view(), cache, mgan::Direction::forward,
                     &state);
        lstm.backward(std::as_const(dy_piece).view(), {}, cache, gradients);
        state.hidden = y_piece.step(count - 1);
        state.cell = cache.cell.step(count - 1);
    }
    return gradients;
}

double norm(const mgan::Matrix<double>& m) {
    return std::sqrt(m.cwiseProduct(m).sum());
}

/// The relative error of the gradient of W_hh.
void print_truncation() {
    mgan::Lstm<double> lstm(4, 16);
    mgan::initialise(lstm, mgan::Random(3, "lstm"));
    constexpr Index kSteps = 100;
    mgan::Sequence<double> x(kSteps, 1, 4), dy(kSteps, 1, 16);
    x.all() = mgan::random_matrix(4, kSteps, 1);
    dy.set_zero();
    dy.step(kSteps - 1) = mgan::random_matrix(16, 1, 2);  // L depends on the last step alone
    const mgan::Matrix<double> whole = truncated(lstm, x, dy, kSteps).weight_hh;
    for (const Index piece : {1, 5, 10, 20, 50, 100}) {
        const mgan::Matrix<double> part = truncated(lstm, x, dy, piece).weight_hh;
        std::printf("pieces of %3d steps: error %.2f\n", static_cast<int>(piece),
                    norm(part - whole) / norm(whole));
    }
}

// ---- how far back the gradient reaches

/// |dL/dx| of the input k steps before the end, L depends on the last output.
void print_memory(double forget_bias) {
    mgan::Lstm<double> lstm(4, 16), gradients(4, 16);
    mgan::initialise(lstm, mgan::Random(3, "lstm"));
    lstm.bias_ih.segment(16, 16).setConstant(forget_bias);  // rows i f g o, 16 each
    lstm.bias_hh.setZero();
    constexpr Index kSteps = 100;
    mgan::Sequence<double> x(kSteps, 1, 4), y(kSteps, 1, 16), dy(kSteps, 1, 16), dx(kSteps, 1, 4);
    x.all() = mgan::random_matrix(4, kSteps, 1);
    dy.set_zero();
    dy.step(kSteps - 1) = mgan::random_matrix(16, 1, 2);
    mgan::Lstm<double>::Cache cache;
    lstm.forward(std::as_const(x).view(), y.view(), cache);
    lstm.backward(std::as_const(dy).view(), dx.view(), cache, gradients);
    std::printf("forget bias %2.0f:", forget_bias);
    for (const Index k : {0, 10, 20, 40, 80}) std::printf("  %5.0e", norm(dx.step(kSteps - 1 - k)));
    std::printf("\n");
}

}  // namespace

int main() {
    const double error = error_of_backward();
    std::printf("backward differs from the complex step by %s\n",
                error < 1e-14 ? "less than 1e-14" : "TOO MUCH");
    print_numbers();
    print_truncation();
    for (const double bias : {-1, 1, 4}) print_memory(bias);
    return error < 1e-14 ? 0 : 1;
}
