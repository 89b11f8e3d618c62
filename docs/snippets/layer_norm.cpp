// The program of docs/layer-norm.md: equation (8) as it stands, and what it takes away.

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

}  // namespace

int main() {
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
