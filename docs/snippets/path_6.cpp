// Stop 6 of docs/bptt.md: a net that hears itself.
//
//     h_t = tanh(w y_{t-1} + u h_{t-1}),    y_t = v h_t,    L = sum over t of dy_t y_t

#include <cmath>
#include <complex>
#include <cstdio>
#include <vector>

template <typename Number>
struct Net {
    Number w, u, v;
};

template <typename Number>
std::vector<Number> play(const Net<Number>& net, int steps) {  // h_1 .. h_T
    std::vector<Number> h;
    Number y = 0.001, before = 0;
    for (int t = 0; t < steps; ++t) {
        before = tanh(net.w * y + net.u * before);
        y = net.v * before;
        h.push_back(before);
    }
    return h;
}

Net<double> backward(const Net<double>& net, const std::vector<double>& h,
                     const std::vector<double>& dy_by_loss) {
    Net<double> gradient{0, 0, 0};
    double da_next = 0;
    for (std::size_t t = h.size(); t-- > 0;) {
        const double h_before = t > 0 ? h[t - 1] : 0.0, y_before = t > 0 ? net.v * h[t - 1] : 0.001;
        const double dy = dy_by_loss[t];  // mend this line: who else used y_t?
        const double dh = net.v * dy + net.u * da_next;
        const double da = dh * (1 - h[t] * h[t]);
        gradient.w += da * y_before;
        gradient.u += da * h_before;
        gradient.v += dy * h[t];
        da_next = da;
    }
    return gradient;
}

int main() {
    const Net<double> net{0.7, 0.5, 1.1};       // change it
    const auto dy_of = [](std::size_t steps) {  // L depends on the last note alone
        std::vector<double> dy(steps, 0.0);
        dy.back() = 1.0;
        return dy;
    };
    const double by_hand = backward(net, play(net, 6), dy_of(6)).u;
    const Net<std::complex<double>> moved{net.w, {net.u, 1e-100}, net.v};
    const double exact = (moved.v * play(moved, 6).back()).imag() / 1e-100;
    std::printf("du: %s\n", std::abs(by_hand - exact) < 1e-15 ? "right" : "WRONG");

    for (const int steps : {10, 20, 40, 80}) {
        // h_T by h_1, with which y_1 = v h_1 moves: T - 1 factors, along the whole loop.
        const std::vector<double> h = play(net, steps);
        double reach = 1.0;
        for (std::size_t t = 1; t < h.size(); ++t)
            reach *= (net.u + net.w * net.v) * (1 - h[t] * h[t]);
        std::printf("%2d notes: |dh_T / dh_1| = %.1e\n", steps, reach);
    }
}
