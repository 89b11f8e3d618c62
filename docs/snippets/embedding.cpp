// The program of docs/embedding.md: a net learns where the twelve pitch classes lie.

#include "print.hpp"

#include <mgan/layers/categorical.hpp>
#include <mgan/layers/dense.hpp>
#include <mgan/layers/embedding.hpp>
#include <mgan/layers/initialisation.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <numeric>

namespace {

using mgan::Index;

/// A pitch class in, two numbers, twelve logits out.
struct Net {
    using ScalarType = double;
    mgan::Embedding<double> embedding{12, 2};
    mgan::Dense<double> head{2, 12};

    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const mgan::ParameterName& prefix) {
        mgan::Embedding<double>::visit(self.embedding, visitor, prefix / "embedding.");
        mgan::Dense<double>::visit(self.head, visitor, prefix / "head.");
    }
};

/// One look at every pitch class followed by itself, and by its neighbours a fifth up and down;
/// returns the loss.
double look(const Net& net, Net& gradients) {
    constexpr std::size_t kPairs = 36;
    constexpr Index kSteps[] = {0, 7, 5};
    std::array<Index, kPairs> now{}, next{};
    for (std::size_t i = 0; i < kPairs; ++i) {
        now[i] = static_cast<Index>(i % 12);
        next[i] = (now[i] + kSteps[i / 12]) % 12;
    }
    mgan::Matrix<double> e(2, kPairs), logits(12, kPairs), d_logits = logits, de = e;
    net.embedding.forward(now, e);
    net.head.forward(e, logits);
    const double loss = mgan::softmax_cross_entropy<double>(logits, next, 1.0 / kPairs, d_logits);

    mgan::set_zero(gradients);
    mgan::Dense<double>::Cache cache;
    net.head.prepare_backward(cache);
    net.head.backward_parameters(e, d_logits, gradients.head);
    net.head.backward_input(d_logits, cache, de);
    net.embedding.backward(now, de, gradients.embedding);
    return loss;
}

/// The numbers of docs/oracles/embedding.py.
void print_numbers() {
    mgan::Embedding<double> table(4, 2), gradients(4, 2);
    table.weight << 1.0, 0.5, 2.0, -1.0, 0.0, -1.0, 0.25, 1.5;  // value v is column v
    const std::array<Index, 3> values = {2, 0, 2};
    mgan::Matrix<double> y(2, 3), dy(2, 3);
    dy << 1.0, 0.5, 3.0, 2.0, -1.0, 0.25;
    table.forward(values, y);
    table.backward(values, dy, gradients);
    print_row("y", y.transpose());
    print_row("dW", gradients.weight.transpose());
}

}  // namespace

int main() {
    print_numbers();
    Net net, gradients;
    mgan::initialise(net, mgan::Random(3, "fifths"));
    double first = 0, last = 0;
    for (int i = 0; i < 4000; ++i) {
        last = look(net, gradients);
        if (i == 0) first = last;
        mgan::add_parameters(net, gradients, -1.0);
    }
    std::printf("loss: %.1f at first, %.1f after 4000 steps\n", first, last);

    // Around the circle, by angle.
    std::array<Index, 12> order{};
    std::iota(order.begin(), order.end(), Index{0});
    const mgan::Vector<double> middle = net.embedding.weight.rowwise().mean();
    const auto angle = [&](Index v) {
        const mgan::Vector<double> e = net.embedding.weight.col(v) - middle;
        return std::atan2(e(1), e(0));
    };
    std::sort(order.begin(), order.end(), [&](Index a, Index b) { return angle(a) < angle(b); });
    std::rotate(order.begin(), std::find(order.begin(), order.end(), 0), order.end());
    if (order[1] != 7) std::reverse(order.begin() + 1, order.end());
    constexpr const char* kNames[] = {"C",  "C#", "D",  "D#", "E",  "F",
                                      "F#", "G",  "G#", "A",  "A#", "B"};
    std::printf("around the circle:");
    for (const Index v : order) std::printf(" %s", kNames[v]);
    std::printf("\n");
    return order[1] == 7 ? 0 : 1;
}
