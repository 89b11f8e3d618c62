// The program of docs/convolution.md: the sums written out, compared with the layer.

#include "print.hpp"

#include <mgan/autodiff/gradient_check.hpp>
#include <mgan/layers/conv2d.hpp>

#include <cmath>
#include <cstdio>
#include <string_view>

namespace {

using mgan::Index;
using Plane = mgan::Matrix<double>;  // T x W; zero outside

double at(const Plane& plane, Index t, Index w) {
    const bool inside = t >= 0 && t < plane.rows() && w >= 0 && w < plane.cols();
    return inside ? plane(t, w) : 0.0;
}

/// Equation (1), and its derivatives by x and k.
struct Loops {
    Plane k;  // I x J
    Index p = k.rows() / 2, q = k.cols() / 2;

    Plane forward(const Plane& x) const {
        Plane y = Plane::Zero(x.rows(), x.cols());
        for (Index t = 0; t < x.rows(); ++t)
            for (Index w = 0; w < x.cols(); ++w)
                for (Index i = 0; i < k.rows(); ++i)
                    for (Index j = 0; j < k.cols(); ++j)
                        y(t, w) += k(i, j) * at(x, t + i - p, w + j - q);
        return y;
    }
    Plane d_input(const Plane& dy) const {
        Plane dx = Plane::Zero(dy.rows(), dy.cols());
        for (Index r = 0; r < dy.rows(); ++r)
            for (Index v = 0; v < dy.cols(); ++v)
                for (Index i = 0; i < k.rows(); ++i)
                    for (Index j = 0; j < k.cols(); ++j)
                        dx(r, v) += k(i, j) * at(dy, r - i + p, v - j + q);
        return dx;
    }
    Plane d_kernel(const Plane& x, const Plane& dy) const {
        Plane dk = Plane::Zero(k.rows(), k.cols());
        for (Index i = 0; i < k.rows(); ++i)
            for (Index j = 0; j < k.cols(); ++j)
                for (Index t = 0; t < dy.rows(); ++t)
                    for (Index w = 0; w < dy.cols(); ++w)
                        dk(i, j) += dy(t, w) * at(x, t + i - p, w + j - q);
        return dk;
    }
};

/// The largest difference between the loops and `Conv2d`, for songs of T steps.
double difference(Index steps) {
    const Loops loops{mgan::random_matrix(5, 5, 1)};
    const Plane x = mgan::random_matrix(steps, 4, 2), dy = mgan::random_matrix(steps, 4, 3);

    mgan::Conv2d<double> layer({.width = 4}), gradients({.width = 4});
    for (Index i = 0; i < 5; ++i)
        for (Index j = 0; j < 5; ++j) layer.weight(0, 5 * i + j) = loops.k(i, j);
    mgan::Sequence<double> in(steps, 1, 4), out(steps, 1, 4), d_out(steps, 1, 4), d_in(steps, 1, 4);
    in.all() = x.transpose();
    d_out.all() = dy.transpose();
    mgan::Conv2d<double>::Cache cache;
    layer.forward(std::as_const(in).view(), out.view(), cache);
    layer.backward(std::as_const(d_out).view(), d_in.view(), cache, gradients);

    double worst = (out.all().transpose() - loops.forward(x)).cwiseAbs().maxCoeff();
    worst = std::max(worst, (d_in.all().transpose() - loops.d_input(dy)).cwiseAbs().maxCoeff());
    const Plane dk = loops.d_kernel(x, dy);
    for (Index i = 0; i < 5; ++i)
        for (Index j = 0; j < 5; ++j)
            worst = std::max(worst, std::abs(gradients.weight(0, 5 * i + j) - dk(i, j)));
    return worst;
}

/// The numbers of docs/oracles/convolution.py.
void print_numbers() {
    Plane x(4, 2), dy(4, 2), k(3, 3);
    x << 1, 2, 0, -1, 3, 0.5, -2, 1;
    dy << 1, -1, 0.5, 2, 0, 1, -0.5, 3;
    k << 1, 0, -1, 2, 0.5, 0, 0, -1, 1;
    const Loops loops{k};
    print_row("y", loops.forward(x));
    print_row("dx", loops.d_input(dy));
    print_row("dk", loops.d_kernel(x, dy));
}

/// For docs/pictures/noise-plane.svg: a plane of noise, and what a window of 5 x 5 makes of it.
void print_plane() {
    constexpr Index kSteps = 48, kFeatures = 4;
    const Plane z = mgan::random_matrix(kSteps, kFeatures, 6);
    Loops bell{Plane(5, 5)};
    for (Index i = 0; i < 5; ++i)
        for (Index j = 0; j < 5; ++j)
            bell.k(i, j) =
                std::exp(-0.3 * static_cast<double>((i - 2) * (i - 2) + (j - 2) * (j - 2)));
    const Plane w = bell.forward(z);
    std::printf("t\tfeature\tz\tw\n");
    for (Index t = 0; t < kSteps; ++t)
        for (Index f = 0; f < kFeatures; ++f)
            std::printf("%d\t%d\t%.4f\t%.4f\n", static_cast<int>(t), static_cast<int>(f), z(t, f),
                        w(t, f));
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1 && std::string_view(argv[1]) == "plane") {
        print_plane();
        return 0;
    }
    print_numbers();
    bool same = true;
    for (const Index steps : {1, 2, 3, 7}) {
        const bool ok = difference(steps) < 1e-12;
        std::printf("T = %d: the loops and Conv2d %s\n", static_cast<int>(steps),
                    ok ? "agree" : "DIFFER");
        same = same && ok;
    }
    return same ? 0 : 1;
}
