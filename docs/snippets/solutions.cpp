// Solutions of the exercises of docs/*.md, each with the check that the exercise asks for.

#include <mgan/autodiff/gradient_check.hpp>
#include <mgan/core/random.hpp>
#include <mgan/generation/step_particles.hpp>
#include <mgan/layers/attention.hpp>
#include <mgan/layers/bilstm.hpp>
#include <mgan/layers/categorical.hpp>
#include <mgan/layers/conv1d.hpp>
#include <mgan/layers/dense.hpp>
#include <mgan/layers/dropout.hpp>
#include <mgan/layers/embedding.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/layers/loss.hpp>
#include <mgan/optimisation/schedule.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstdio>
#include <functional>
#include <numbers>
#include <vector>

namespace {

using mgan::Index;
using Mat = mgan::Matrix<double>;
using Column = mgan::Vector<double>;
using Complex = std::complex<double>;

bool all_right = true;

void say(const char* what, bool right) {
    std::printf("%s: %s\n", what, right ? "right" : "WRONG");
    all_right = all_right && right;
}

template <typename Number>
Number sigmoid(Number a) {
    return 1.0 / (1.0 + exp(-a));
}

// ---- docs/dense.md: which chords one layer tells from major

/// Loss of one dense layer after training on all transpositions of two chords.
double told_apart(const std::vector<Index>& first, const std::vector<Index>& second) {
    Mat x = Mat::Zero(12, 24), a(2, 24), da(2, 24);
    std::array<Index, 24> kind{};
    for (Index n = 0; n < 24; ++n) {
        for (const Index tone : n < 12 ? first : second) x((n + tone) % 12, n) = 1.0;
        kind[static_cast<std::size_t>(n)] = n / 12;
    }
    mgan::Dense<double> layer(12, 2), gradients(12, 2);
    mgan::initialise(layer, mgan::Random(1, "one layer"));
    double loss = 0.0;
    for (int step = 0; step < 3000; ++step) {
        layer.forward(x, a);
        loss = mgan::softmax_cross_entropy<double>(a, kind, 1.0 / 24.0, da);
        mgan::set_zero(gradients);
        layer.backward_parameters(x, da, gradients);
        mgan::add_parameters(layer, gradients, -0.5);
    }
    return loss;
}

void dense() {
    const std::vector<Index> major = {0, 4, 7};
    std::printf("one layer, major and minor: loss %.3f\n", told_apart(major, {0, 3, 7}));
    std::printf("one layer, major and diminished: loss %.3f\n", told_apart(major, {0, 3, 6}));
    std::printf("one layer, major and augmented: loss %.3f\n", told_apart(major, {0, 4, 8}));
    std::printf("one layer, major and dominant seventh: loss %.3f\n",
                told_apart(major, {0, 4, 7, 10}));
}

// ---- docs/autodiff.md: three operations more

namespace numbers {

struct Node {
    std::size_t parents[2];
    double slopes[2];
};
class Tape;
struct Var {
    Tape* tape;
    std::size_t index;
    double value;
};
class Tape {
public:
    Var variable(double value) { return add(value, 0, 0.0, 0, 0.0); }
    Var add(double value, std::size_t a, double slope_a, std::size_t b, double slope_b) {
        nodes_.push_back({{a, b}, {slope_a, slope_b}});
        return {this, nodes_.size() - 1, value};
    }
    std::vector<double> gradients(const Var& loss) const {
        std::vector<double> gradient(nodes_.size(), 0.0);
        gradient[loss.index] = 1.0;
        for (std::size_t i = loss.index + 1; i-- > 0;)
            for (int side = 0; side < 2; ++side)
                gradient[nodes_[i].parents[side]] += nodes_[i].slopes[side] * gradient[i];
        return gradient;
    }

private:
    std::vector<Node> nodes_;
};

Var exp(Var a) {
    const double b = std::exp(a.value);
    return a.tape->add(b, a.index, b, a.index, 0);
}
Var log(Var a) {
    return a.tape->add(std::log(a.value), a.index, 1 / a.value, a.index, 0);
}
Var operator/(Var a, Var b) {
    const double y = a.value / b.value;
    return a.tape->add(y, a.index, 1 / b.value, b.index, -y / b.value);
}
Var operator+(Var a, double one) {
    return a.tape->add(a.value + one, a.index, 1, a.index, 0);
}

}  // namespace numbers

void autodiff() {
    numbers::Tape tape;
    const numbers::Var a = tape.variable(0.3), b = tape.variable(1.7);
    const numbers::Var loss = log(exp(a) + 1.0) / b;  // softplus(a) / b
    const std::vector<double> gradient = tape.gradients(loss);
    const double by_a = mgan::complex_step_derivative(
        [](auto x) { return std::log(1.0 + std::exp(x)) / 1.7; }, 0.3);
    const double by_b = mgan::complex_step_derivative(
        [](auto x) { return std::log(1.0 + std::exp(0.3)) / x; }, 1.7);
    say("autodiff, exp, log and a quotient",
        std::abs(gradient[a.index] - by_a) < 1e-15 && std::abs(gradient[b.index] - by_b) < 1e-15);
}

// ---- docs/lstm.md: peepholes

/// Of gate k = i, f, g, o: weights of x_t, h_{t-1}, the bias, and of the cell (none for g).
template <typename Number>
struct Peephole {
    std::array<Number, 16> p{};
    Number w(std::size_t k) const { return p[k]; }
    Number u(std::size_t k) const { return p[4 + k]; }
    Number b(std::size_t k) const { return p[8 + k]; }
    Number peep(std::size_t k) const { return p[12 + k]; }
};

template <typename Number>
struct PeepholeStep {
    Number i, f, g, o, c, h;
};

template <typename Number>
std::vector<PeepholeStep<Number>> peephole_forward(const Peephole<Number>& p,
                                                   const std::vector<double>& x) {
    std::vector<PeepholeStep<Number>> steps;
    Number c = 0, h = 0;
    for (const double x_t : x) {
        const auto a = [&](std::size_t k) { return p.w(k) * x_t + p.u(k) * h + p.b(k); };
        const Number i = sigmoid(a(0) + p.peep(0) * c), f = sigmoid(a(1) + p.peep(1) * c);
        const Number g = tanh(a(2));
        c = f * c + i * g;
        const Number o = sigmoid(a(3) + p.peep(3) * c);
        h = o * tanh(c);
        steps.push_back({i, f, g, o, c, h});
    }
    return steps;
}

std::array<double, 16> peephole_backward(const Peephole<double>& p, const std::vector<double>& x,
                                         const std::vector<PeepholeStep<double>>& steps,
                                         const std::vector<double>& dy) {
    std::array<double, 16> gradient{};
    double from_later = 0, dc = 0;
    for (std::size_t t = steps.size(); t-- > 0;) {
        const auto& [i, f, g, o, c, h] = steps[t];
        const double c_before = t > 0 ? steps[t - 1].c : 0.0;
        const double h_before = t > 0 ? steps[t - 1].h : 0.0;
        const double tanh_c = std::tanh(c);
        const double dh = dy[t] + from_later;
        const double da_o = dh * tanh_c * o * (1 - o);            // first, since o reads c_t
        dc += dh * o * (1 - tanh_c * tanh_c) + p.peep(3) * da_o;  // (6), a third user
        const double da_i = dc * g * i * (1 - i), da_f = dc * c_before * f * (1 - f);
        const double da_g = dc * i * (1 - g * g);
        dc = dc * f + p.peep(0) * da_i + p.peep(1) * da_f;  // c_{t-1}: three users
        from_later = 0;
        const std::array<double, 4> da = {da_i, da_f, da_g, da_o};
        const std::array<double, 4> seen = {c_before, c_before, 0.0, c};
        for (std::size_t k = 0; k < 4; ++k) {
            from_later += p.u(k) * da[k];
            gradient[k] += da[k] * x[t];
            gradient[4 + k] += da[k] * h_before;
            gradient[8 + k] += da[k];
            gradient[12 + k] += da[k] * seen[k];
        }
    }
    return gradient;
}

void lstm() {
    const std::vector<double> x = {0.5, -1.0, 0.3, 0.8, -0.2}, dy = {0.1, 0.7, -0.4, 0.9, 1.0};
    const mgan::Random random(1, "peepholes");
    Peephole<double> p;
    for (std::size_t k = 0; k < 16; ++k) p.p[k] = random.uniform(k, -1.0, 1.0);
    p.p[14] = 0.0;  // g has no peephole
    const std::array<double, 16> by_hand = peephole_backward(p, x, peephole_forward(p, x), dy);
    double apart = 0.0;
    for (std::size_t k = 0; k < 16; ++k) {
        if (k == 14) continue;
        const double exact = mgan::complex_step_derivative(
            [&](const Complex& number) {
                Peephole<Complex> q;
                std::copy(p.p.begin(), p.p.end(), q.p.begin());
                q.p[k] = number;
                Complex sum = 0;
                const auto steps = peephole_forward(q, x);
                for (std::size_t t = 0; t < steps.size(); ++t) sum += dy[t] * steps[t].h;
                return sum;
            },
            p.p[k]);
        apart = std::max(apart, std::abs(exact - by_hand[k]));
    }
    say("lstm, peepholes", apart < 1e-14);
}

// ---- docs/bilstm.md: a palindrome

void bilstm() {
    constexpr Index kSteps = 7, kHidden = 3;
    mgan::BiLstm<double> layer(2, kHidden, 1);
    mgan::initialise(layer, mgan::Random(1, "palindrome"));
    layer.layers[0].backward = layer.layers[0].forward;
    mgan::Sequence<double> x(kSteps, 1, 2);
    x.all() = mgan::random_matrix(2, kSteps, 1);
    for (Index t = 0; t < kSteps / 2; ++t) x.step(kSteps - 1 - t) = x.step(t);
    mgan::BiLstm<double>::Cache cache;
    const mgan::Sequence<double>& y = layer.forward(std::as_const(x).view(), cache);
    double apart = 0.0;
    for (Index t = 0; t < kSteps; ++t)
        apart = std::max(apart,
                         (y.step(t).topRows(kHidden) - y.step(kSteps - 1 - t).bottomRows(kHidden))
                             .cwiseAbs()
                             .maxCoeff());
    say("bilstm, a palindrome", apart == 0.0);
}

// ---- docs/convolution.md: stride 2

double at(const Mat& plane, Index t, Index w) {
    const bool inside = t >= 0 && t < plane.rows() && w >= 0 && w < plane.cols();
    return inside ? plane(t, w) : 0.0;
}

struct Strided {
    Mat k;
    Index p = k.rows() / 2, q = k.cols() / 2;

    Mat forward(const Mat& x) const {
        Mat y = Mat::Zero((x.rows() + 1) / 2, x.cols());
        for (Index t = 0; t < y.rows(); ++t)
            for (Index w = 0; w < y.cols(); ++w)
                for (Index i = 0; i < k.rows(); ++i)
                    for (Index j = 0; j < k.cols(); ++j)
                        y(t, w) += k(i, j) * at(x, 2 * t + i - p, w + j - q);
        return y;
    }
    Mat d_input(const Mat& dy, Index rows) const {
        Mat dx = Mat::Zero(rows, dy.cols());
        for (Index r = 0; r < dx.rows(); ++r)
            for (Index v = 0; v < dx.cols(); ++v)
                for (Index i = 0; i < k.rows(); ++i)
                    for (Index j = 0; j < k.cols(); ++j)
                        if ((r - i + p) % 2 == 0)  // else no output stands there
                            dx(r, v) += k(i, j) * at(dy, (r - i + p) / 2, v - j + q);
        return dx;
    }
};

void convolution() {
    const Strided strided{mgan::random_matrix(5, 5, 1)};
    bool same = true;
    for (const Index steps : {1, 2, 3, 7, 8}) {
        const Mat x = mgan::random_matrix(steps, 4, 2);
        const Mat dy = mgan::random_matrix((steps + 1) / 2, 4, 3);
        const double forward = dy.cwiseProduct(strided.forward(x)).sum();
        const double backward = strided.d_input(dy, steps).cwiseProduct(x).sum();
        same = same && std::abs(forward - backward) < 1e-13;
    }
    say("convolution, stride 2", same);
}

// ---- docs/attention.md: a window of four

void attention() {
    const auto sees = [](Index t, Index j) { return j <= t && j > t - 4; };
    constexpr Index kSteps = 9, kWidth = 4;
    mgan::Attention<double> layer({.features = kWidth, .window = 4});
    layer.in_proj << mgan::random_matrix(kWidth, kWidth, 1), mgan::random_matrix(kWidth, kWidth, 2),
        mgan::random_matrix(kWidth, kWidth, 3);
    mgan::Sequence<double> x(kSteps, 1, kWidth), y(kSteps, 1, kWidth);
    x.all() = mgan::random_matrix(kWidth, kSteps, 4);
    mgan::Attention<double>::Cache cache;
    layer.forward(std::as_const(x).view(), y.view(), cache);
    const Mat q = layer.in_proj.topRows(4) * x.all(), k = layer.in_proj.middleRows(4, 4) * x.all(),
              v = layer.in_proj.bottomRows(4) * x.all();
    Mat p = Mat::Zero(kSteps, kSteps);
    for (Index t = 0; t < kSteps; ++t) {
        for (Index j = 0; j < kSteps; ++j)
            if (sees(t, j)) p(j, t) = std::exp(q.col(t).cwiseProduct(k.col(j)).sum() / 2.0);
        p.col(t) /= p.col(t).sum();
    }
    say("attention, a window of four", (v * p - y.all()).cwiseAbs().maxCoeff() < 1e-14);
}

// ---- docs/gan-losses.md

void gan_losses() {
    for (const double a : {-5.0, 0.0, 5.0})
        std::printf("least squares, a = %4.1f: slope %.1f\n", a, 2.0 * (a - 1.0));
    // Smoothing: at p = q the best D is 0.45 and each of its terms is larger.
    const double d = 0.45;
    const double loss_d = -0.9 * std::log(d) - 0.1 * std::log(1 - d) - std::log(1 - d);
    const double loss_g = -std::log(d);
    const mgan::Freezing rest = mgan::freeze(mgan::FreezingRule::winner, loss_d, loss_g, 0.7);
    std::printf("smoothed, at balance: loss_d %.3f, loss_g %.3f, frozen: %s\n", loss_d / 2, loss_g,
                rest.generator       ? "G"
                : rest.discriminator ? "D"
                                     : "nobody");
    int zeros = 0, levels = 0;
    for (; levels < 99; ++levels) {  // z = 0.01, 0.02, ... 0.99
        const double z = 0.01 * (levels + 1);
        zeros += z > 1.0 / 3 && z < 2.0 / 3;
    }
    std::printf("three things: %d of %d levels answer 0\n", zeros, levels);
}

// ---- docs/synthesiser.md: vibrato

template <typename Number>
struct Vibrato {
    Number onset, depth;
    Number sample(double time) const {
        const Number t = time - onset;
        const double omega = 2.0 * std::numbers::pi * 440.0;
        return exp(-t) * sin(omega * t + depth * sin(10.0 * std::numbers::pi * t));
    }
};

void synthesiser() {
    constexpr double kOmega = 2.0 * std::numbers::pi * 440.0, kSlow = 10.0 * std::numbers::pi;
    const Vibrato<double> note{0.01, 3.0};
    const Column dx = mgan::random_matrix(500, 1, 1);
    double d_depth = 0.0, d_onset = 0.0, exact_depth = 0.0, exact_onset = 0.0;
    for (Index n = 0; n < dx.size(); ++n) {
        const double time = 0.02 + static_cast<double>(n) / 4000.0, t = time - note.onset;
        const double phase = kOmega * t + note.depth * std::sin(kSlow * t);
        const double envelope = std::exp(-t);
        d_depth += dx(n) * envelope * std::cos(phase) * std::sin(kSlow * t);
        d_onset -= dx(n) * (-envelope * std::sin(phase) +
                            envelope * std::cos(phase) *
                                (kOmega + note.depth * kSlow * std::cos(kSlow * t)));
        exact_depth += dx(n) * mgan::complex_step_derivative(
                                   [&](const Complex& b) {
                                       return Vibrato<Complex>{note.onset, b}.sample(time);
                                   },
                                   note.depth);
        exact_onset += dx(n) * mgan::complex_step_derivative(
                                   [&](const Complex& o) {
                                       return Vibrato<Complex>{o, note.depth}.sample(time);
                                   },
                                   note.onset);
    }
    say("synthesiser, vibrato",
        std::abs(d_depth - exact_depth) < 1e-12 && std::abs(d_onset / exact_onset - 1.0) < 1e-12);
}

// ---- docs/gru.md: the paper's r

template <typename Number>
struct PaperGru {
    std::array<Number, 9> p{};  // w, v, b of r, z, n

    std::vector<std::array<Number, 4>> forward(const std::vector<double>& x) const {
        std::vector<std::array<Number, 4>> steps;
        Number h = 0;
        for (const double x_t : x) {
            const Number r = sigmoid(p[0] * x_t + p[3] * h + p[6]);
            const Number z = sigmoid(p[1] * x_t + p[4] * h + p[7]);
            const Number n = tanh(p[2] * x_t + p[5] * (r * h) + p[8]);
            h = (1.0 - z) * n + z * h;
            steps.push_back({r, z, n, h});
        }
        return steps;
    }
};

std::array<double, 9> paper_gru_backward(const PaperGru<double>& gru, const std::vector<double>& x,
                                         const std::vector<double>& dy) {
    const auto steps = gru.forward(x);
    std::array<double, 9> gradient{};
    double from_later = 0.0;
    for (std::size_t t = steps.size(); t-- > 0;) {
        const auto& [r, z, n, h] = steps[t];
        const double h_before = t > 0 ? steps[t - 1][3] : 0.0, v_n = gru.p[5];
        const double dh = dy[t] + from_later;
        const double da_n = dh * (1 - z) * (1 - n * n);
        const double da_z = dh * (h_before - n) * z * (1 - z);
        const double da_r = v_n * da_n * h_before * r * (1 - r);  // (6): W_hn^T da^n * h_{t-1}
        from_later = dh * z + gru.p[3] * da_r + gru.p[4] * da_z + r * v_n * da_n;
        const std::array<double, 3> da = {da_r, da_z, da_n},
                                    seen = {h_before, h_before, r * h_before};
        for (std::size_t k = 0; k < 3; ++k) {
            gradient[k] += da[k] * x[t];
            gradient[3 + k] += da[k] * seen[k];
            gradient[6 + k] += da[k];
        }
    }
    return gradient;
}

void gru() {
    const std::vector<double> x = {0.5, -1.0, 0.3, 0.8, -0.2}, dy = {0.1, 0.7, -0.4, 0.9, 1.0};
    const mgan::Random random(1, "paper's GRU");
    PaperGru<double> net;
    for (std::size_t k = 0; k < 9; ++k) net.p[k] = random.uniform(k, -1.0, 1.0);
    const std::array<double, 9> by_hand = paper_gru_backward(net, x, dy);
    double apart = 0.0;
    for (std::size_t k = 0; k < 9; ++k) {
        const double exact = mgan::complex_step_derivative(
            [&](const Complex& number) {
                PaperGru<Complex> moved;
                std::copy(net.p.begin(), net.p.end(), moved.p.begin());
                moved.p[k] = number;
                Complex sum = 0;
                const auto steps = moved.forward(x);
                for (std::size_t t = 0; t < steps.size(); ++t) sum += dy[t] * steps[t][3];
                return sum;
            },
            net.p[k]);
        apart = std::max(apart, std::abs(exact - by_hand[k]));
    }
    say("gru, the paper's r", apart < 1e-14);
}

// ---- docs/embedding.md: thirds

void embedding() {
    mgan::Embedding<double> table(12, 2), d_table(12, 2);
    mgan::Dense<double> head(2, 12), d_head(2, 12);
    mgan::initialise(table, mgan::Random(3, "thirds"));
    mgan::initialise(head, mgan::Random(4, "thirds"));
    std::array<Index, 36> now{}, next{};
    for (std::size_t i = 0; i < 36; ++i) {
        now[i] = static_cast<Index>(i % 12);
        next[i] = (now[i] + static_cast<Index>(i / 12) * 4) % 12;  // the same, +4, +8
    }
    Mat e(2, 36), logits(12, 36), d_logits = logits, de = e;
    mgan::Dense<double>::Cache cache;
    for (int step = 0; step < 6000; ++step) {
        table.forward(now, e);
        head.forward(e, logits);
        (void)mgan::softmax_cross_entropy<double>(logits, next, 1.0 / 36.0, d_logits);
        mgan::set_zero(d_table);
        mgan::set_zero(d_head);
        head.backward_parameters(e, d_logits, d_head);
        head.prepare_backward(cache);
        head.backward_input(d_logits, cache, de);
        table.backward(now, de, d_table);
        mgan::add_parameters(table, d_table, -1.0);
        mgan::add_parameters(head, d_head, -1.0);
    }
    double within = 0.0, between = 1e9;
    for (Index a = 0; a < 12; ++a) {
        for (Index b = 0; b < a; ++b) {
            const Column apart = table.weight.col(a) - table.weight.col(b);
            const double distance = std::sqrt(apart.cwiseAbs2().sum());
            if ((a - b) % 4 == 0) {
                within = std::max(within, distance);
            } else {
                between = std::min(between, distance);
            }
        }
    }
    std::printf("thirds: largest distance within a group %.2f, smallest between groups %.2f\n",
                within, between);
}

// ---- docs/layer-norm.md: RMS normalisation

void layer_norm() {
    constexpr double kEps = 1e-5;
    const Column x = mgan::random_matrix(6, 1, 1), dn = mgan::random_matrix(6, 1, 2);
    const double rms = std::sqrt(x.cwiseAbs2().mean() + kEps);
    const Column n = x / rms;
    const Column dx = (dn - n * dn.cwiseProduct(n).mean()) / rms;
    const auto loss = [&](const auto& at) {
        using Number = typename std::remove_cvref_t<decltype(at)>::Scalar;
        Number square(0), sum(0);
        for (Index i = 0; i < at.size(); ++i) square += at(i) * at(i) / 6.0;
        using std::sqrt;
        for (Index i = 0; i < at.size(); ++i) sum += dn(i) * at(i) / sqrt(square + kEps);
        return sum;
    };
    const Column exact = mgan::complex_step_gradient(loss, x);
    say("layer norm, RMS", (exact - dx).cwiseAbs().maxCoeff() < 1e-14);
    std::printf("RMS: dx along n %.5f, along \"all alike\" %.5f\n", dx.cwiseProduct(n).sum(),
                dx.sum());
}

// ---- docs/dropout.md: ten times

void dropout() {
    const mgan::Dropout<double> layer(0.1);
    mgan::Sequence<double> x(20000, 1, 10);
    x.all().setOnes();
    for (std::uint64_t k = 0; k < 10; ++k) {
        mgan::Dropout<double>::Cache cache;
        const std::string purpose = "layer " + std::to_string(k);
        layer.forward(std::as_const(x).view(), x.view(), mgan::Random(1, purpose.c_str()), 0,
                      cache);
    }
    const double left = (x.all().array() > 0.0).cast<double>().mean();
    std::printf("ten times dropout: %.2f are left, each %.2f, mean %.1f\n", left,
                x.all().maxCoeff(), x.all().mean());
}

// ---- docs/conv1d.md: how many steps four layers see

void conv1d() {
    mgan::Sequence<double> x(200, 1, 1), y(200, 1, 1);
    x(0, 0, 0) = 1.0;
    for (const Index dilation : {1, 3, 9, 27}) {
        mgan::Conv1d<double> layer(1, 1, 3, dilation);
        layer.weight.setOnes();
        mgan::Conv1d<double>::Cache cache;
        layer.forward(std::as_const(x).view(), y.view(), cache);
        x = y;
    }
    std::printf("window 3, dilations 1 3 9 27: a step is heard for %d steps\n",
                static_cast<int>((x.all().array() != 0.0).count()));
}

// ---- docs/step-quantiles.md: one of the two knows

void step_quantiles() {
    const auto logits_after = [](Index pitch) {
        mgan::Vector<float> logits(7);
        for (Index next = 0; next < 7; ++next)
            logits(next) =
                next == pitch ? -1.5f : -0.8f * static_cast<float>(std::abs(next - pitch));
        if (pitch == 3) logits(6) = mgan::kMasked<float>;
        return logits;
    };
    const mgan::Random random(1, "melody");
    int back = 0, middle = 0, middle_back = 0, edges_back = 0, likely = 0, likely_back = 0,
        rare_back = 0;
    constexpr int kNotes = 16000;
    Index pitch = 0;
    for (std::uint64_t t = 0; t < kNotes; ++t) {
        const mgan::Vector<float> logits = logits_after(pitch);
        pitch = mgan::quantile(logits, random.uniform(t), 0.5);
        const double share = random.at(1).uniform(t);  // where in the interval
        const mgan::LevelInterval part = mgan::interval(logits, pitch);
        const double z = part.at(share);
        const bool same = mgan::quantile(logits, z, 0.5) == pitch;
        const bool inside = share > 0.25 && share<0.75, wide = part.end - part.begin> 0.25;
        if (t < 16) back += same;
        middle += inside;
        (inside ? middle_back : edges_back) += same;
        likely += wide;
        (wide ? likely_back : rare_back) += same;
    }
    std::printf("levels of temperature 1, notes of 0.5: %d of 16 come back\n", back);
    std::printf("of many: z in the middle half of its interval %.2f, near its edges %.2f\n",
                static_cast<double>(middle_back) / middle,
                static_cast<double>(edges_back) / (kNotes - middle));
    std::printf("of many: notes of p above 1/4 %.2f, others %.2f\n",
                static_cast<double>(likely_back) / likely,
                static_cast<double>(rare_back) / (kNotes - likely));
}

// ---- docs/guidance.md

void guidance() {
    // Sharpness 2: among 64 candidates of q, one is taken by e^(2 gain).
    const std::array<double, 3> q = {0.5, 0.25, 0.25}, w = {0.25, 1.0, 4.0};
    const mgan::Random random(1, "sharpness");
    std::array<double, 3> taken{};
    constexpr std::uint64_t kTries = 20000, kCandidates = 64;
    for (std::uint64_t i = 0; i < kTries; ++i) {
        std::array<double, 3> weight{};
        for (std::uint64_t n = 0; n < kCandidates; ++n) {
            const double z = random.at(i).uniform(n);
            const std::size_t v = z < q[0] ? 0 : z < q[0] + q[1] ? 1 : 2;
            weight[v] += w[v];
        }
        const double sum = weight[0] + weight[1] + weight[2];
        for (std::size_t v = 0; v < 3; ++v) taken[v] += weight[v] / sum / kTries;
    }
    std::printf("sharpness 2: C %.2f  E %.2f  G %.2f\n", taken[0], taken[1], taken[2]);
    // Each of four places draws its particle by itself, against systematic resampling.
    const std::vector<double> four = {2.0, 1.0, 0.5, 0.5};
    double dies_systematic = 0.0, dies_alone = 0.0;
    for (std::uint64_t i = 0; i < kTries; ++i) {
        dies_systematic += mgan::systematic_resampling(four, random.uniform(i))[0] == 0;
        bool dies = true;
        for (std::uint64_t place = 0; place < 4; ++place)
            dies = dies && random.at(i).uniform(1000 + place) >= 0.5;
        dies_alone += dies;
    }
    std::printf("the best of four dies: systematic %.2f, each place by itself %.2f\n",
                dies_systematic / kTries, dies_alone / kTries);
}

}  // namespace

int main() {
    dense();
    autodiff();
    lstm();
    bilstm();
    convolution();
    attention();
    gan_losses();
    synthesiser();
    gru();
    embedding();
    layer_norm();
    dropout();
    conv1d();
    step_quantiles();
    guidance();
    return all_right ? 0 : 1;
}
