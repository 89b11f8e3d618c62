// The programs of docs/dense.md. `mgan_docs_dense valley` prints the paths of its picture.

#include <mgan/autodiff/gradient_check.hpp>
#include <mgan/layers/activation.hpp>
#include <mgan/layers/categorical.hpp>
#include <mgan/layers/dense.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/optimisation/optimiser.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <functional>
#include <iostream>
#include <string_view>
#include <utility>

namespace {

using mgan::Index;
using mgan::Matrix;

// ---- one layer, index by index

/// dL/dx and dL/dW of y = W x + b, from dy = dL/dy.
std::pair<Matrix<double>, Matrix<double>> by_indices(const Matrix<double>& w,
                                                     const Matrix<double>& x,
                                                     const Matrix<double>& dy) {
    Matrix<double> dx = Matrix<double>::Zero(x.rows(), x.cols());
    Matrix<double> dw = Matrix<double>::Zero(w.rows(), w.cols());
    for (Index n = 0; n < x.cols(); ++n)
        for (Index i = 0; i < w.rows(); ++i)
            for (Index j = 0; j < w.cols(); ++j) {
                dx(j, n) += w(i, j) * dy(i, n);  // (2): x_j meets W_ij in y_i
                dw(i, j) += dy(i, n) * x(j, n);  // (3): W_ij meets x_j in y_i, once a sample
            }
    return {dx, dw};
}

bool print_layer() {
    mgan::Dense<double> layer(4, 3), gradients(4, 3);
    layer.weight = mgan::random_matrix(3, 4, 1);
    const Matrix<double> x = mgan::random_matrix(4, 5, 2), dy = mgan::random_matrix(3, 5, 3);
    mgan::Dense<double>::Cache cache;
    layer.prepare_backward(cache);
    Matrix<double> dx(4, 5);
    layer.backward_input(dy, cache, dx);
    layer.backward_parameters(x, dy, gradients);
    const auto [dx_loops, dw_loops] = by_indices(layer.weight, x, dy);
    const double apart = std::max((dx - dx_loops).cwiseAbs().maxCoeff(),
                                  (gradients.weight - dw_loops).cwiseAbs().maxCoeff());
    std::printf("the loops and the layer %s\n", apart < 1e-14 ? "agree" : "DIFFER");
    return apart < 1e-14;
}

// ---- a choice

void print_softmax() {
    Matrix<double> a(3, 1), p(3, 1), da(3, 1);
    a << 1.0, 2.0, 0.5;
    mgan::softmax<double>(a, p);
    std::printf("p  %8.5f %8.5f %8.5f\n", p(0), p(1), p(2));
    for (Index v = 0; v < 3; ++v) {
        std::printf(v == 0 ? "J " : "  ");
        for (Index i = 0; i < 3; ++i) std::printf(" %8.5f", p(v) * ((v == i ? 1.0 : 0.0) - p(i)));
        std::printf("\n");
    }
    const std::array<Index, 1> target = {0};
    const double loss = mgan::softmax_cross_entropy<double>(a, target, 1.0, da);
    std::printf("da %8.5f %8.5f %8.5f\nL  %8.5f\n", da(0), da(1), da(2), loss);
}

/// How a net that is sure of the wrong value learns: da of the right one.
void print_sure_and_wrong() {
    for (const double sure : {0.0, 2.0, 8.0}) {
        const double p = 1.0 / (1.0 + std::exp(sure));  // of the right value; the other has 1 - p
        const double squared = -2.0 * (1.0 - p) * p * (1.0 - p) - 2.0 * (1.0 - p) * p * (1.0 - p);
        std::printf("right value has p = %.4f: cross-entropy %.4f, squared error %.4f\n", p,
                    p - 1.0, squared);
    }
}

// ---- a net of two layers

/// Twelve pitch classes in, logits of "major" and "minor" out.
template <typename Scalar>
struct Net {
    using ScalarType = Scalar;
    mgan::Dense<Scalar> lower{12, 16}, upper{16, 2};

    Scalar loss(const Matrix<Scalar>& x, std::span<const Index> target, Net& gradients) const {
        Matrix<Scalar> h(lower.out(), x.cols()), a(2, x.cols()), da(2, x.cols());
        lower.forward(x, h);
        mgan::activate<Scalar>(mgan::Activation::relu, h);
        upper.forward(h, a);
        const Scalar value = mgan::softmax_cross_entropy<Scalar>(
            a, target, 1.0 / static_cast<double>(x.cols()), da);  // (C3)

        typename mgan::Dense<Scalar>::Cache cache;
        Matrix<Scalar> dh(h.rows(), h.cols());
        upper.backward_parameters(h, da, gradients.upper);  // (3) and (4), the upper layer
        upper.prepare_backward(cache);
        upper.backward_input(da, cache, dh);                             // (2)
        mgan::activate_backward<Scalar>(mgan::Activation::relu, h, dh);  // (a)
        lower.backward_parameters(x, dh, gradients.lower);  // (3) and (4), the lower layer
        return value;
    }
    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const mgan::ParameterName& prefix) {
        mgan::Dense<Scalar>::visit(self.lower, visitor, prefix / "lower.");
        mgan::Dense<Scalar>::visit(self.upper, visitor, prefix / "upper.");
    }
};

/// The 24 triads: a column each, 1 for every pitch class that sounds; 0 for major, 1 for minor.
struct Triads {
    Matrix<double> x = Matrix<double>::Zero(12, 24);
    std::array<Index, 24> kind{};

    Triads() {
        for (Index n = 0; n < 24; ++n) {
            const Index root = n % 12, third = n < 12 ? 4 : 3;
            for (const Index tone : {root, root + third, root + 7}) x(tone % 12, n) = 1.0;
            kind[static_cast<std::size_t>(n)] = n / 12;
        }
    }
};

bool check_net() {
    const Triads triads;
    Net<double> net, gradients;
    mgan::initialise(net, mgan::Random(1, "triads"));
    net.loss(triads.x, triads.kind, gradients);
    const mgan::GradientReport report = mgan::check_gradients(
        [&](const auto& n) {
            using Same = std::remove_cvref_t<decltype(n)>;
            Same unused;
            const Matrix<typename Same::ScalarType> x =
                triads.x.template cast<typename Same::ScalarType>();
            return n.loss(x, triads.kind, unused);
        },
        mgan::wrt("net", net, gradients));
    std::printf("all %d derivatives of the net are %s\n",
                static_cast<int>(mgan::parameter_count(net)), report.ok() ? "right" : "WRONG");
    if (!report.ok()) std::cout << report;  // names the worst entry of each parameter
    return report.ok();
}

void learn_triads() {
    const Triads triads;
    mgan::Dense<double> single(12, 2), d_single(12, 2);
    mgan::initialise(single, mgan::Random(1, "one layer"));
    Matrix<double> a(2, 24), da(2, 24);
    double loss = 0;
    for (int step = 0; step < 2000; ++step) {
        single.forward(triads.x, a);
        loss = mgan::softmax_cross_entropy<double>(a, triads.kind, 1.0 / 24.0, da);
        mgan::set_zero(d_single);
        single.backward_parameters(triads.x, da, d_single);
        mgan::add_parameters(single, d_single, -0.5);
    }
    std::printf("one layer:  loss %.3f\n", loss);

    Net<double> net, gradients;
    mgan::initialise(net, mgan::Random(1, "triads"));
    for (int step = 0; step < 2000; ++step) {
        mgan::set_zero(gradients);
        loss = net.loss(triads.x, triads.kind, gradients);
        mgan::add_parameters(net, gradients, -0.5);
    }
    std::printf("two layers: loss %.3f\n", loss);
}

// ---- dropout, for all masks

/// E (t - w (m * x))^2 over all masks, and what dropout adds to (t - w x)^2 according to (d).
void print_dropout() {
    constexpr double kRate = 0.3, kTarget = 1.0;
    constexpr std::array<double, 3> w = {0.5, -1.0, 2.0}, x = {1.0, 0.5, 0.8};
    double mean = 0.0, mean_square = 0.0, plain = 0.0, added = 0.0;
    for (unsigned mask = 0; mask < 8; ++mask) {
        double probability = 1.0, y = 0.0;
        for (unsigned j = 0; j < 3; ++j) {
            const bool kept = ((mask >> j) & 1u) != 0;
            probability *= kept ? 1.0 - kRate : kRate;
            if (kept) y += w[j] * x[j] / (1.0 - kRate);
        }
        mean += probability * y;
        mean_square += probability * (kTarget - y) * (kTarget - y);
    }
    for (std::size_t j = 0; j < 3; ++j) {
        plain += w[j] * x[j];
        added += kRate / (1.0 - kRate) * w[j] * w[j] * x[j] * x[j];
    }
    std::printf("y: mean over all masks %.4f, without dropout %.4f\n", mean, plain);
    std::printf("squared error: mean over all masks %.4f, by (d) %.4f\n", mean_square,
                (kTarget - plain) * (kTarget - plain) + added);
}

// ---- a valley

/// Two weights. `valley` is 100 times as steep across as along, and may be turned.
struct Point {
    using ScalarType = double;
    mgan::Vector<double> w = mgan::Vector<double>::Zero(2);

    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const mgan::ParameterName& prefix) {
        visitor(prefix / "w", self.w);
    }
};

constexpr double kAcross = 100.0;

/// L = (k u^2 + v^2) / 2, u across and v along the valley.
double valley(const Point& at, double turned, Point& gradient) {
    const double c = std::cos(turned), s = std::sin(turned);
    const double v = c * at.w(0) + s * at.w(1), u = c * at.w(1) - s * at.w(0);
    const double dv = v, du = kAcross * u;
    gradient.w(0) = c * dv - s * du;
    gradient.w(1) = s * dv + c * du;
    return 0.5 * (kAcross * u * u + v * v);
}

struct Method {
    const char* name;
    mgan::OptimiserSettings settings;
};

const std::array<Method, 3> kMethods = {
    {{"gradient descent", {.kind = mgan::OptimiserKind::sgd, .clip = 0.0}},
     {"momentum 0.9", {.kind = mgan::OptimiserKind::sgd, .momentum = 0.9, .clip = 0.0}},
     {"Adam", {.kind = mgan::OptimiserKind::adam, .beta1 = 0.9, .beta2 = 0.999, .clip = 0.0}}}};

/// Descends from the same place; `each` sees every point and its loss, and returns false to stop.
void descend(const Method& method, double rate, double turned,
             const std::function<bool(int, const Point&, double)>& each) {
    mgan::Optimiser<double> optimiser(method.settings);
    Point point, gradient;
    const double c = std::cos(turned), s = std::sin(turned), v = -2.0, u = 0.3;
    point.w << c * v - s * u, s * v + c * u;
    for (int step = 0;; ++step) {
        const double loss = valley(point, turned, gradient);
        if (!std::isfinite(loss) || !each(step, point, loss)) return;
        optimiser.step(point, gradient, rate, "the valley");
    }
}

/// Steps until the loss stays below 1e-4 of its start, at most 5000.
int steps_needed(const Method& method, double rate, double turned) {
    constexpr int kMost = 5000;
    double first = 0.0;
    int above = kMost;  // the last step whose loss was too large
    int last = 0;
    descend(method, rate, turned, [&](int step, const Point&, double loss) {
        if (step == 0) first = loss;
        if (loss > 1e-4 * first) above = step;
        last = step;
        return step < kMost && loss < 1e6;
    });
    return last < kMost ? kMost : above + 1;
}

/// The rate with the fewest steps, of 0.001 to 1, each 1.05 times the one before.
std::pair<double, int> best_rate(const Method& method, double turned) {
    std::pair<double, int> best = {0.0, 1 << 20};
    for (double rate = 0.001; rate < 1.0; rate *= 1.05) {
        const int steps = steps_needed(method, rate, turned);
        if (steps < best.second) best = {rate, steps};
    }
    return best;
}

constexpr double kTurn = 0.7853981633974483;  // 45 degrees

void print_valley() {
    std::printf("steps, each at its best rate   along the axes   turned by 45 degrees\n");
    for (const Method& method : kMethods) {
        std::printf("%-30s %8d %17d\n", method.name, best_rate(method, 0.0).second,
                    best_rate(method, kTurn).second);
    }
}

void print_paths() {
    std::printf("method\tstep\tw0\tw1\tloss\n");
    for (const Method& method : kMethods) {
        const double rate = best_rate(method, 0.35).first;
        descend(method, rate, 0.35, [&](int step, const Point& at, double loss) {
            std::printf("%s\t%d\t%.6g\t%.6g\t%.6g\n", method.name, step, at.w(0), at.w(1), loss);
            return step < 200;
        });
    }
}

/// What momentum and Adam make of gradients that agree, that alternate, and that are noise.
void print_estimates() {
    const mgan::Random random(1, "noise");
    const std::array<std::pair<const char*, std::function<double(int)>>, 3> gradients = {
        {{"always 1", [](int) { return 1.0; }},
         {"1, -1, 1, -1", [](int t) { return t % 2 == 0 ? 1.0 : -1.0; }},
         {"0.1, and noise of size 1",
          [&](int t) { return 0.1 + random.normal(static_cast<std::uint64_t>(t)); }}}};
    std::printf("gradient                    mean step of momentum 0.9   of Adam\n");
    for (const auto& [name, gradient] : gradients) {
        std::array<double, 2> size{};
        for (std::size_t k = 0; k < 2; ++k) {
            mgan::Optimiser<double> optimiser(kMethods[k + 1].settings);
            Point point, g;
            constexpr int kWarm = 3000, kSteps = 3000;
            for (int t = 0; t < kWarm + kSteps; ++t) {
                g.w << gradient(t), 0.0;
                const double before = point.w(0);
                optimiser.step(point, g, 1.0, "estimates");
                if (t >= kWarm) size[k] += std::abs(point.w(0) - before) / kSteps;
            }
        }
        std::printf("%-28s %24.2f %9.2f\n", name, size[0], size[1]);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1 && std::string_view(argv[1]) == "valley") {
        print_paths();
        return 0;
    }
    const bool ok = print_layer() && check_net();
    print_softmax();
    print_sure_and_wrong();
    learn_triads();
    print_dropout();
    print_estimates();
    print_valley();
    return ok ? 0 : 1;
}
