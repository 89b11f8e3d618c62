// The program of docs/conv1d.md: (1) and (3) as loops, and how far back a stack looks.

#include "print.hpp"

#include <mgan/autodiff/gradient_check.hpp>
#include <mgan/layers/conv1d.hpp>

#include <cstdio>
#include <utility>
#include <vector>

namespace {

using mgan::Index;
using Column = mgan::Vector<double>;

/// One feature in, one out; steps count from 0.
struct Loops {
    Column w;
    double b;
    Index dilation;

    Index before(Index k) const { return (w.size() - 1 - k) * dilation; }  // steps before now

    Column forward(const Column& x) const {
        Column y = Column::Constant(x.size(), b);
        for (Index t = 0; t < x.size(); ++t)
            for (Index k = 0; k < w.size(); ++k)
                if (t - before(k) >= 0) y(t) += w(k) * x(t - before(k));  // (1)
        return y;
    }
    Column d_input(const Column& dy) const {
        Column dx = Column::Zero(dy.size());
        for (Index t = 0; t < dy.size(); ++t)
            for (Index k = 0; k < w.size(); ++k)
                if (t + before(k) < dy.size()) dx(t) += w(k) * dy(t + before(k));  // (3)
        return dx;
    }
};

/// The layer with the numbers of `loops`, forward and backward.
struct Answers {
    Column y, dx;
    mgan::Conv1d<double> gradients;
};

Answers layer(const Loops& loops, const Column& x, const Column& dy) {
    mgan::Conv1d<double> conv(1, 1, loops.w.size(), loops.dilation), gradients = conv;
    conv.weight = loops.w.transpose();
    conv.bias(0) = loops.b;
    const Index steps = x.size();
    mgan::Sequence<double> in(steps, 1, 1), out(steps, 1, 1), d_out(steps, 1, 1), d_in(steps, 1, 1);
    in.all() = x.transpose();
    d_out.all() = dy.transpose();
    mgan::Conv1d<double>::Cache cache;
    conv.forward(std::as_const(in).view(), out.view(), cache);
    conv.backward(std::as_const(d_out).view(), d_in.view(), cache, gradients);
    return {out.all().transpose(), d_in.all().transpose(), gradients};
}

/// The numbers of docs/oracles/conv1d.py.
void print_numbers() {
    Column w(3), x(6), dy(6);
    w << 0.5, -1.0, 2.0;
    x << 1.0, 0.5, -1.0, 2.0, 0.0, -0.5;
    dy << 0.1, 0.7, -0.4, 0.9, 1.0, -0.3;
    const Answers answers = layer({w, 0.25, 2}, x, dy);
    print_row("y", answers.y);
    print_row("dx", answers.dx);
    print_row("dW", answers.gradients.weight);
    print_row("db", answers.gradients.bias);
}

/// After a single 1 and zeros, at how many steps does a stack of layers say something?
int heard(Index window, const std::vector<Index>& dilations) {
    Column x = Column::Zero(200);
    x(0) = 1.0;
    for (const Index dilation : dilations)
        x = Loops{Column::Ones(window), 0.0, dilation}.forward(x);
    return static_cast<int>((x.array() != 0.0).count());
}

}  // namespace

int main() {
    print_numbers();
    bool same = true;
    for (const Index steps : {1, 2, 5, 20}) {
        const Loops loops{mgan::random_matrix(3, 1, 1), 0.3, 2};
        const Column x = mgan::random_matrix(steps, 1, 2), dy = mgan::random_matrix(steps, 1, 3);
        const Answers answers = layer(loops, x, dy);
        same = same && (loops.forward(x) - answers.y).cwiseAbs().maxCoeff() < 1e-14 &&
               (loops.d_input(dy) - answers.dx).cwiseAbs().maxCoeff() < 1e-14;
    }
    std::printf("the loops and the layer %s\n", same ? "agree" : "DISAGREE");
    std::printf("window 2, dilations 1 1 1: a step is heard for %d steps\n", heard(2, {1, 1, 1}));
    std::printf("window 2, dilations 1 2 4: a step is heard for %d steps\n", heard(2, {1, 2, 4}));
    return same ? 0 : 1;
}
