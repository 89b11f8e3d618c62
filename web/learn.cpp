/// \file
/// The page's LSTM of one unit: its gradient by hand and by the complex step, from `Lstm`.

#include "answer.hpp"

#include <mgan/autodiff/complex_step.hpp>
#include <mgan/layers/lstm.hpp>

#include <algorithm>
#include <cmath>
#include <complex>
#include <span>
#include <string_view>

namespace mgan::web {
namespace {

/// Of gate k = i, f, g, o: the weight of x_t, the weight of h_{t-1}, the bias.
constexpr Index kParameters = 12;

template <typename Number>
struct Run {
    Lstm<Number> lstm{1, 1};
    Sequence<Number> x, y;
    typename Lstm<Number>::Cache cache;

    /// `numbers`: the parameters, then x_1 .. x_T.
    Run(std::span<const Number> numbers, Index steps) : x(steps, 1, 1), y(steps, 1, 1) {
        for (Index k = 0; k < 4; ++k) {
            lstm.weight_ih(k, 0) = numbers[static_cast<std::size_t>(k)];
            lstm.weight_hh(k, 0) = numbers[static_cast<std::size_t>(4 + k)];
            lstm.bias_ih(k) = numbers[static_cast<std::size_t>(8 + k)];
        }
        for (Index t = 0; t < steps; ++t)
            x.step(t)(0, 0) = numbers[static_cast<std::size_t>(kParameters + t)];
        lstm.forward(std::as_const(x).view(), y.view(), cache);
    }

    /// L = sum over t of dy_t h_t.
    [[nodiscard]] Number loss(std::span<const double> dy) {
        Number sum = 0;
        for (Index t = 0; t < x.steps(); ++t)
            sum += dy[static_cast<std::size_t>(t)] * y.step(t)(0, 0);
        return sum;
    }
};

/// dL/d(numbers) by `Lstm::backward`, equations (5) to (8).
std::vector<double> by_hand(Run<double>& run, std::span<const double> dy) {
    const Index steps = run.x.steps();
    Sequence<double> dy_all(steps, 1, 1), dx(steps, 1, 1);
    for (Index t = 0; t < steps; ++t) dy_all.step(t)(0, 0) = dy[static_cast<std::size_t>(t)];
    Lstm<double> gradients(1, 1);
    run.lstm.backward(std::as_const(dy_all).view(), dx.view(), run.cache, gradients);
    std::vector<double> all;
    for (const auto* part : {&gradients.weight_ih, &gradients.weight_hh})
        for (Index k = 0; k < 4; ++k) all.push_back((*part)(k, 0));
    for (Index k = 0; k < 4; ++k) all.push_back(gradients.bias_ih(k));
    for (Index t = 0; t < steps; ++t) all.push_back(dx.step(t)(0, 0));
    return all;
}

/// The same by `Lstm::forward` alone, one number at a time with a step along the imaginary axis.
std::vector<double> by_complex_step(std::span<const double> numbers, std::span<const double> dy) {
    const std::vector<std::complex<double>> point(numbers.begin(), numbers.end());
    std::vector<double> all;
    for (std::size_t n = 0; n < numbers.size(); ++n)
        all.push_back(complex_step_derivative(
            [&](std::complex<double> number) {
                auto moved = point;
                moved[n] = number;
                Run<std::complex<double>> run(moved, static_cast<Index>(dy.size()));
                return run.loss(dy);
            },
            numbers[n]));
    return all;
}

Json list(std::span<const double> numbers) {
    Json json('[');
    for (const double number : numbers) json.add(number);
    return json;
}

}  // namespace
}  // namespace mgan::web

using namespace mgan::web;  // NOLINT: the function below is for C

/// `numbers`: 4 weights of x (gates i, f, g, o), 4 of h, 4 biases, x_1 .. x_T, dy_1 .. dy_T. The
/// answer: i, f, g, o, c, h of every step, the loss, both gradients.
MGAN_WEB int mgan_lstm(const double* numbers, int steps) {
    return answered([&] {
        mgan::require<mgan::ConfigError>(steps >= 1 && steps <= 100, "an LSTM of ", steps,
                                         " steps");
        const auto count = static_cast<std::size_t>(kParameters + steps);
        const std::span<const double> given(numbers, count),
            dy(numbers + count, static_cast<std::size_t>(steps));
        Run<double> run(given, steps);
        Json rows('[');
        for (mgan::Index t = 0; t < steps; ++t) {
            const auto gates = run.cache.gates.step(t);
            rows.add(list(std::array{gates(0, 0), gates(1, 0), gates(2, 0), gates(3, 0),
                                     run.cache.cell.step(t)(0, 0), run.y.step(t)(0, 0)}));
        }
        Json all('{');
        all.set("steps", rows)
            .set("loss", run.loss(dy))
            .set("by_hand", list(by_hand(run, dy)))
            .set("by_complex_step", list(by_complex_step(given, dy)));
        answer.text = all.text();
    });
}
