// The programs of docs/bilstm.md.

#include "print.hpp"

#include <mgan/autodiff/gradient_check.hpp>
#include <mgan/layers/bilstm.hpp>
#include <mgan/layers/initialisation.hpp>

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdio>

namespace {

using mgan::Index;

mgan::Sequence<double> reversed(const mgan::Sequence<double>& x) {
    mgan::Sequence<double> y(x.steps(), x.batch(), x.features());
    for (Index t = 0; t < x.steps(); ++t) y.step(t) = x.step(x.steps() - 1 - t);
    return y;
}

/// The backward half of y, computed with an ordinary LSTM: reverse, read, reverse.
double difference_to_reversal(const mgan::BiLstm<double>& layer, const mgan::Sequence<double>& x) {
    mgan::BiLstm<double>::Cache cache;
    const mgan::Sequence<double>& y = layer.forward(x.view(), cache);  // [T, B, 2H]

    const mgan::Sequence<double> x_reversed = reversed(x);
    mgan::Sequence<double> h(x.steps(), x.batch(), layer.hidden());
    mgan::Lstm<double>::Cache lstm_cache;
    layer.layers[0].backward.forward(x_reversed.view(), h.view(), lstm_cache);
    return (y.all().bottomRows(layer.hidden()) - reversed(h).all()).cwiseAbs().maxCoeff();
}

/// dL/dx_t of L = sum of the outputs at step `at`: on which inputs do they depend?
void print_hearing(Index layers, Index at) {
    constexpr Index kSteps = 7, kHidden = 5;
    mgan::BiLstm<double> layer(1, kHidden, layers), gradients(1, kHidden, layers);
    mgan::initialise(layer, mgan::Random(1, "bilstm"));
    mgan::Sequence<double> x(kSteps, 1, 1), dx(kSteps, 1, 1), dy(kSteps, 1, 2 * kHidden);
    x.all() = mgan::random_matrix(1, kSteps, 2);
    mgan::BiLstm<double>::Cache cache;
    for (const bool forward_half : {true, false}) {
        dy.set_zero();
        dy.step(at).middleRows(forward_half ? 0 : kHidden, kHidden).setOnes();
        layer.forward(std::as_const(x).view(), cache);
        layer.backward(std::as_const(dy).view(), dx.view(), cache, gradients);
        std::printf("%d layer%s %s half of step %d depends on steps:", static_cast<int>(layers),
                    layers == 1 ? ", " : "s,", forward_half ? "forward " : "backward",
                    static_cast<int>(at));
        for (Index t = 0; t < kSteps; ++t)
            if (dx(t, 0, 0) != 0.0) std::printf(" %d", static_cast<int>(t));
        std::printf("\n");
    }
}

/// The numbers of docs/oracles/bilstm.py.
void print_numbers() {
    mgan::BiLstm<double> layer(1, 1, 1), gradients(1, 1, 1);
    double k = 0.0;
    mgan::for_each_parameter(layer, [&](const mgan::ParameterName&, auto& parameter) {
        for (Index row = 0; row < 4; ++row)
            parameter(row, 0) = 0.1 * (static_cast<double>(row) + k - 3.5);
        k += 1.0;
    });
    mgan::Sequence<double> x(3, 1, 1), dx(3, 1, 1), dy(3, 1, 2);
    x.all() << 0.5, -1.0, 0.3;
    dy.all() << 1, 3, 5, 2, 4, 6;
    mgan::BiLstm<double>::Cache cache;
    const mgan::Sequence<double>& y = layer.forward(std::as_const(x).view(), cache);
    layer.backward(std::as_const(dy).view(), dx.view(), cache, gradients);
    print_row("y", y.all().transpose());
    print_row("dx", dx.all());
}

// ---- how much the songs of a batch differ

/// Equation (4) of models/discriminator.hpp from the averages over time g, 2H x B.
template <typename Scalar>
Scalar spread(const mgan::Matrix<Scalar>& g) {
    Scalar sum(0);
    for (Index i = 0; i < g.rows(); ++i) {
        const Scalar mean = g.row(i).sum() / static_cast<double>(g.cols());
        Scalar variance(0);
        for (Index b = 0; b < g.cols(); ++b) variance += (g(i, b) - mean) * (g(i, b) - mean);
        using std::sqrt;
        sum += sqrt(variance / static_cast<double>(g.cols()) + 1e-8);
    }
    return sum / static_cast<double>(g.rows());
}

/// dspread/dg by (4a).
mgan::Matrix<double> spread_backward(const mgan::Matrix<double>& g) {
    mgan::Matrix<double> dg(g.rows(), g.cols());
    for (Index i = 0; i < g.rows(); ++i) {
        const double mean = g.row(i).mean();
        const double sigma = std::sqrt((g.row(i).array() - mean).square().mean() + 1e-8);
        for (Index b = 0; b < g.cols(); ++b)
            dg(i, b) = (g(i, b) - mean) / (static_cast<double>(g.cols() * g.rows()) * sigma);
    }
    return dg;
}

bool print_spread() {
    const mgan::Matrix<double> g = mgan::random_matrix(6, 4, 7);
    const mgan::Matrix<double> equal = g.col(0).replicate(1, 4), by_hand = spread_backward(g);
    std::printf("spread of four songs that differ: %.2f\n", spread(g));
    std::printf("spread of four equal songs: %.4f\n", spread(equal));
    double apart = 0.0;
    for (Index i = 0; i < g.rows(); ++i) {
        for (Index b = 0; b < g.cols(); ++b) {
            const double exact = mgan::complex_step_derivative(
                [&](const std::complex<double>& number) {
                    mgan::Matrix<std::complex<double>> moved = g.cast<std::complex<double>>();
                    moved(i, b) = number;
                    return spread(moved);
                },
                g(i, b));
            apart = std::max(apart, std::abs(exact - by_hand(i, b)));
        }
    }
    std::printf("(4a) differs from the complex step by %s\n",
                apart < 1e-14 ? "less than 1e-14" : "TOO MUCH");
    return apart < 1e-14;
}

}  // namespace

int main() {
    mgan::BiLstm<double> layer(3, 4, 1);
    mgan::initialise(layer, mgan::Random(1, "bilstm"));
    mgan::Sequence<double> x(6, 2, 3);
    x.all() = mgan::random_matrix(3, 12, 1);
    const double difference = difference_to_reversal(layer, x);
    std::printf("difference to the reversed sequence: %g\n", difference);
    print_numbers();
    print_hearing(1, 2);
    print_hearing(2, 2);
    const bool right = print_spread();
    return difference == 0.0 && right ? 0 : 1;
}
