// Stop 3 of docs/bptt.md: back-propagation through time, by hand.

#include <array>
#include <cmath>
#include <complex>
#include <cstdio>

constexpr std::size_t kSteps = 6;
constexpr std::array<double, kSteps> kX = {0.5, -1.0, 0.3, 0.8, -0.2, 0.6};
constexpr std::array<double, kSteps> kDy = {0.1, 0.7, -0.4, 0.9, 1.0, -0.3};

template <typename Number>
struct Net {
    Number w, u, b;
};

/// h_1 .. h_T; h_t = tanh(w x_t + u h_{t-1} + b).
template <typename Number>
std::array<Number, kSteps> forward(const Net<Number>& net) {
    std::array<Number, kSteps> h;
    Number before = 0;
    for (std::size_t t = 0; t < kSteps; ++t) {
        h[t] = tanh(net.w * kX[t] + net.u * before + net.b);
        before = h[t];
    }
    return h;
}

/// dL/dw, dL/du, dL/db of L = sum over t of dy_t h_t.
Net<double> backward([[maybe_unused]] const Net<double>& net, const std::array<double, kSteps>& h) {
    Net<double> gradient{0, 0, 0};
    double from_later = 0;  // what step t + 1 says about h_t
    for (std::size_t t = kSteps; t-- > 0;) {
        const double before = t > 0 ? h[t - 1] : 0.0;
        const double dh = kDy[t] + from_later;
        const double da = dh * (1 - h[t] * h[t]);
        from_later = 0;  // mend this line
        gradient.w += da * kX[t];
        gradient.u += da * before;
        gradient.b += da;
    }
    return gradient;
}

int main() {
    const Net<double> net{0.7, 0.9, -0.1};
    const Net<double> by_hand = backward(net, forward(net));
    const auto compare = [&](const char* name, double Net<double>::*number,
                             std::complex<double> Net<std::complex<double>>::*same) {
        // The derivative to the last digit, from a step along the imaginary axis.
        Net<std::complex<double>> moved{net.w, net.u, net.b};
        (moved.*same).imag(1e-100);
        const auto h = forward(moved);
        double exact = 0;
        for (std::size_t t = 0; t < kSteps; ++t) exact += kDy[t] * h[t].imag() / 1e-100;
        std::printf("d%s by hand %9.6f, exact %9.6f: %s\n", name, by_hand.*number, exact,
                    std::abs(by_hand.*number - exact) < 1e-14 ? "right" : "WRONG");
    };
    compare("w", &Net<double>::w, &Net<std::complex<double>>::w);
    compare("u", &Net<double>::u, &Net<std::complex<double>>::u);
    compare("b", &Net<double>::b, &Net<std::complex<double>>::b);
}
