// The programs of docs/gru.md.

#include "print.hpp"

#include <mgan/autodiff/gradient_check.hpp>
#include <mgan/layers/gru.hpp>
#include <mgan/layers/initialisation.hpp>

#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

namespace {

using mgan::Index;

// ---- a GRU in which every matrix is a number

double sigmoid(double a) {
    return 1.0 / (1.0 + std::exp(-a));
}

/// Of gate k = r, z, n: the weight of x_t and its bias, the weight of h_{t-1} and its bias.
struct Small {
    std::array<double, 3> w{}, b{}, v{}, c{};
};

/// What one step leaves behind for the way back.
struct Step {
    double x, h_before, r, z, n, s_n, h;
};

std::vector<Step> forward(const Small& p, const std::vector<double>& x) {
    std::vector<Step> steps;
    double h = 0;
    for (const double x_t : x) {
        const auto a = [&](std::size_t k) { return p.w[k] * x_t + p.b[k]; };  // (1)
        const auto s = [&](std::size_t k) { return p.v[k] * h + p.c[k]; };
        const double r = sigmoid(a(0) + s(0)), z = sigmoid(a(1) + s(1));  // (2)
        const double n = std::tanh(a(2) + r * s(2));                      // (3)
        steps.push_back({x_t, h, r, z, n, s(2), (1 - z) * n + z * h});    // (4)
        h = steps.back().h;
    }
    return steps;
}

/// dL/d(parameters) of L = sum over t of dy_t h_t.
Small backward(const Small& p, const std::vector<Step>& steps, const std::vector<double>& dy) {
    Small gradient;
    double from_later = 0;
    for (std::size_t t = steps.size(); t-- > 0;) {
        const auto& [x, h_before, r, z, n, s_n, h] = steps[t];
        const double dh = dy[t] + from_later;            // (5)
        const double da_n = dh * (1 - z) * (1 - n * n);  // (6), from here ...
        const double da_z = dh * (h_before - n) * z * (1 - z);
        const double da_r = da_n * s_n * r * (1 - r);  // ... to here
        const std::array<double, 3> da = {da_r, da_z, da_n}, ds = {da_r, da_z, da_n * r};
        from_later = dh * z;  // past the gates
        for (std::size_t k = 0; k < 3; ++k) {
            from_later += p.v[k] * ds[k];  // and through them
            gradient.w[k] += da[k] * x;    // (8)
            gradient.b[k] += da[k];
            gradient.v[k] += ds[k] * h_before;
            gradient.c[k] += ds[k];
        }
    }
    return gradient;
}

/// The largest difference between `backward` and the layer, all twelve parameters.
double difference_to_layer() {
    mgan::Gru<double> gru(1, 1), gradients(1, 1);
    mgan::initialise(gru, mgan::Random(1, "gru"));
    Small p;
    for (std::size_t k = 0; k < 3; ++k) {
        const auto row = static_cast<Index>(k);
        p.w[k] = gru.weight_ih(row, 0);
        p.b[k] = gru.bias_ih(row);
        p.v[k] = gru.weight_hh(row, 0);
        p.c[k] = gru.bias_hh(row);
    }
    mgan::Sequence<double> x(6, 1, 1), y(6, 1, 1), dy(6, 1, 1);
    x.all() = mgan::random_matrix(1, 6, 1);
    dy.all() = mgan::random_matrix(1, 6, 2);
    mgan::Gru<double>::Cache cache;
    gru.forward(std::as_const(x).view(), y.view(), cache);
    gru.backward(std::as_const(dy).view(), {}, cache, gradients);
    const Small by_hand =
        backward(p, forward(p, {x.data(), x.data() + 6}), {dy.data(), dy.data() + 6});
    double worst = 0;
    for (std::size_t k = 0; k < 3; ++k) {
        const auto row = static_cast<Index>(k);
        worst = std::max({worst, std::abs(by_hand.w[k] - gradients.weight_ih(row, 0)),
                          std::abs(by_hand.b[k] - gradients.bias_ih(row)),
                          std::abs(by_hand.v[k] - gradients.weight_hh(row, 0)),
                          std::abs(by_hand.c[k] - gradients.bias_hh(row))});
    }
    return worst;
}

/// The numbers of docs/oracles/gru.py.
void print_numbers() {
    const Small p{{0.5, -0.3, 0.8}, {0.2, 1.0, 0.1}, {0.1, 0.4, -0.6}, {-0.1, 0.3, 0.5}};
    const std::vector<Step> steps = forward(p, {0.5, -1.0, 0.3, 0.8, -0.2});
    const Small gradient = backward(p, steps, {0.1, 0.7, -0.4, 0.9, 1.0});
    mgan::Vector<double> h(5);
    for (std::size_t t = 0; t < 5; ++t) h(static_cast<Index>(t)) = steps[t].h;
    print_row("h", h.transpose());
    print_row("dW_hh", mgan::ConstVectorMap<double>(gradient.v.data(), 3).transpose());
    print_row("db_hh", mgan::ConstVectorMap<double>(gradient.c.data(), 3).transpose());
}

/// |dL/dx| of the input some steps before the end, for L read off the last output.
void print_reach(double bias) {
    constexpr Index kSteps = 81, kHidden = 16;
    mgan::Gru<double> gru(1, kHidden), gradients(1, kHidden);
    mgan::initialise(gru, mgan::Random(1, "reach"));
    gru.bias_ih.segment(kHidden, kHidden).setConstant(bias);  // z
    mgan::Sequence<double> x(kSteps, 1, 1), y(kSteps, 1, kHidden), dy(kSteps, 1, kHidden), dx = x;
    x.all() = mgan::random_matrix(1, kSteps, 1);
    dy.step(kSteps - 1) = mgan::random_matrix(kHidden, 1, 2);
    mgan::Gru<double>::Cache cache;
    gru.forward(std::as_const(x).view(), y.view(), cache);
    gru.backward(std::as_const(dy).view(), dx.view(), cache, gradients);
    std::printf("update bias %2.0f:", bias);
    for (const Index before : {0, 10, 20, 40, 80})
        std::printf("  %.0e", std::abs(dx(kSteps - 1 - before, 0, 0)));
    std::printf("\n");
}

}  // namespace

int main() {
    const double difference = difference_to_layer();
    std::printf("by hand and in the layer: %s\n", difference < 1e-14 ? "the same" : "DIFFERENT");
    for (const double bias : {-1.0, 1.0, 4.0}) print_reach(bias);
    print_numbers();
    return difference < 1e-14 ? 0 : 1;
}
