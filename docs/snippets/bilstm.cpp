// The programs of docs/bilstm.md.

#include <mgan/autodiff/gradient_check.hpp>
#include <mgan/layers/bilstm.hpp>
#include <mgan/layers/initialisation.hpp>

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

}  // namespace

int main() {
    mgan::BiLstm<double> layer(3, 4, 1);
    mgan::initialise(layer, mgan::Random(1, "bilstm"));
    mgan::Sequence<double> x(6, 2, 3);
    x.all() = mgan::random_matrix(3, 12, 1);
    const double difference = difference_to_reversal(layer, x);
    std::printf("difference to the reversed sequence: %g\n", difference);
    print_hearing(1, 2);
    print_hearing(2, 2);
    return difference == 0.0 ? 0 : 1;
}
