// The program of docs/layer-norm.md: equation (8) as it stands, and what it takes away.

#include "print.hpp"

#include <mgan/autodiff/gradient_check.hpp>
#include <mgan/layers/layer_norm.hpp>

#include <cmath>
#include <cstdio>

namespace {

using Column = mgan::Vector<double>;

double mean(const Column& x) {
    return x.sum() / static_cast<double>(x.size());
}

/// dx of one column, for a gain w.
Column backward(const Column& x, const Column& w, const Column& dy, double eps) {
    const Column centred = x.array() - mean(x);                       // (1)
    const double sigma = std::sqrt(mean(centred.cwiseAbs2()) + eps);  // (2), (3)
    const Column n = centred / sigma;                                 // (4)
    const Column dn = w.cwiseProduct(dy);                             // (7)
    const double along = mean(dn.cwiseProduct(n));
    return (dn.array() - mean(dn) - n.array() * along) / sigma;  // (8)
}

/// The numbers of docs/oracles/layer-norm.py.
void print_numbers() {
    mgan::LayerNorm<double> layer(4), gradients(4);
    mgan::set_zero(gradients);  // a new layer has the gain 1
    mgan::Matrix<double> x(4, 1), y(4, 1), dx(4, 1), dy(4, 1);
    x << 1.0, -0.5, 2.0, 0.25;
    layer.weight << 1.0, 0.5, -1.0, 2.0;
    layer.bias << 0.1, 0.2, 0.3, 0.4;
    dy << 1.0, 0.5, 2.0, -1.0;
    mgan::LayerNorm<double>::Cache cache;
    layer.forward(x, y, cache);
    layer.backward(dy, dx, cache, gradients);
    print_row("y", y);
    print_row("dx", dx);
    print_row("dw", gradients.weight);
}

}  // namespace

int main() {
    print_numbers();
    const Column x = mgan::random_matrix(6, 1, 1), dy = mgan::random_matrix(6, 1, 2);
    mgan::LayerNorm<double> layer(6), gradients(6);
    layer.weight = mgan::random_matrix(6, 1, 3);
    mgan::LayerNorm<double>::Cache cache;
    mgan::Matrix<double> y(6, 1), dx(6, 1);
    layer.forward(x, y, cache);
    layer.backward(dy, dx, cache, gradients);

    const Column by_hand = backward(x, layer.weight, dy, layer.eps());
    const bool same = (by_hand - dx.col(0)).cwiseAbs().maxCoeff() < 1e-14;
    std::printf("by hand and in the layer: %s\n", same ? "the same" : "DIFFERENT");
    const double ones = std::abs(by_hand.sum());
    const double n = std::abs(by_hand.cwiseProduct(cache.normalised.col(0)).sum());
    std::printf("dx along \"all alike\": %s\n", ones < 1e-14 ? "nothing" : "something");
    std::printf("dx along n: %s\n", n < 1e-3 ? "nothing but the share of eps" : "something");
    return same ? 0 : 1;
}
