// Stop 5 of docs/bptt.md: an LSTM of one unit remembers a number.
//
// Every step shows the net a random number and a flag. The flag is 1 at the first step alone; at
// the end the net must say which number stood there.

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstdio>
#include <random>
#include <vector>

constexpr double kForgetBias = 1.0;  // change it

/// Of gate i, f, g, o: the weights of the number, of the flag, of h_{t-1}, and the bias.
template <typename Number>
using Weights = std::array<std::array<Number, 4>, 4>;

template <typename Number>
struct Step {
    std::array<Number, 4> in, gate;  // what the gates read; i f g o
    Number c, h;
};

template <typename Number>
Number sigmoid(Number a) {
    return 1.0 / (1.0 + exp(-a));
}

template <typename Number>
std::vector<Step<Number>> forward(const Weights<Number>& w, const std::vector<double>& x) {
    std::vector<Step<Number>> steps;
    Number c = 0, h = 0;
    for (std::size_t t = 0; t < x.size(); ++t) {
        Step<Number> s{{x[t], t == 0 ? 1.0 : 0.0, h, 1.0}, {}, 0, 0};
        for (std::size_t k = 0; k < 4; ++k) {
            Number a = 0;
            for (std::size_t j = 0; j < 4; ++j) a += w[k][j] * s.in[j];
            s.gate[k] = k == 2 ? tanh(a) : sigmoid(a);
        }
        const auto& [i, f, g, o] = s.gate;
        c = s.c = f * c + i * g;
        h = s.h = o * tanh(c);
        steps.push_back(s);
    }
    return steps;
}

/// dL/d(weights) of an L with the gradient dh_last by the last h.
Weights<double> backward(const Weights<double>& w, const std::vector<Step<double>>& steps,
                         double dh_last) {
    Weights<double> gradient{};
    double dh = dh_last, dc = 0;
    for (std::size_t t = steps.size(); t-- > 0;) {
        const auto& [i, f, g, o] = steps[t].gate;
        const double c_before = t > 0 ? steps[t - 1].c : 0.0, tanh_c = std::tanh(steps[t].c);
        dc += dh * o * (1 - tanh_c * tanh_c);
        const std::array<double, 4> da = {dc * g * i * (1 - i), dc * c_before * f * (1 - f),
                                          dc * i * (1 - g * g), dh * tanh_c * o * (1 - o)};
        dc = 0;  // mend this line: what does step t say about c_{t-1}?
        dh = 0;
        for (std::size_t k = 0; k < 4; ++k) {
            dh += w[k][2] * da[k];
            for (std::size_t j = 0; j < 4; ++j) gradient[k][j] += da[k] * steps[t].in[j];
        }
    }
    return gradient;
}

bool gradient_is_right() {
    const std::vector<double> x = {0.5, -0.3, 0.8, 0.1};
    Weights<double> w{};
    for (std::size_t n = 0; n < 16; ++n) w[n / 4][n % 4] = std::sin(1.0 + static_cast<double>(n));
    const Weights<double> by_hand = backward(w, forward(w, x), 1.0);
    double apart = 0;
    for (std::size_t n = 0; n < 16; ++n) {
        Weights<std::complex<double>> moved;
        for (std::size_t m = 0; m < 16; ++m) moved[m / 4][m % 4] = w[m / 4][m % 4];
        moved[n / 4][n % 4].imag(1e-100);
        const double exact = forward(moved, x).back().h.imag() / 1e-100;
        apart = std::max(apart, std::abs(exact - by_hand[n / 4][n % 4]));
    }
    return apart < 1e-14;
}

/// Learns by Adam; prints the mean error at the end, and f of a step without a flag.
void learn(std::size_t length) {
    std::mt19937 random(1);
    const auto uniform = [&] { return static_cast<double>(random()) / 2147483648.0 - 1.0; };
    Weights<double> w{}, m{}, v{};
    for (auto& gate : w)
        for (double& number : gate) number = 0.5 * uniform();
    w[1][3] = kForgetBias;
    double error = 0;
    for (int round = 1; round <= 3000; ++round) {
        Weights<double> gradient{};
        for (int sample = 0; sample < 16; ++sample) {
            std::vector<double> x(length);
            for (double& number : x) number = 0.7 * uniform();
            const auto steps = forward(w, x);
            const double e = steps.back().h - x[0];
            error = 0.999 * error + 0.001 * std::abs(e);
            const Weights<double> g = backward(w, steps, e / 16);
            for (std::size_t n = 0; n < 16; ++n) gradient[n / 4][n % 4] += g[n / 4][n % 4];
        }
        for (std::size_t n = 0; n < 16; ++n) {
            const double g = gradient[n / 4][n % 4];
            double& mean = m[n / 4][n % 4];
            double& square = v[n / 4][n % 4];
            mean = 0.9 * mean + 0.1 * g;
            square = 0.999 * square + 0.001 * g * g;
            w[n / 4][n % 4] -= 0.02 * mean / (1 - std::pow(0.9, round)) /
                               (std::sqrt(square / (1 - std::pow(0.999, round))) + 1e-8);
        }
    }
    std::printf("%2d steps: mean error %.2f, forget gate %.2f\n", static_cast<int>(length), error,
                sigmoid(w[1][3]));
}

int main() {
    std::printf("gradient: %s\n", gradient_is_right() ? "right" : "WRONG");
    for (const std::size_t length : {3u, 5u, 10u, 20u}) learn(length);
}
