// Stop 4 of docs/bptt.md: how far back does a gradient reach?
//
// The net sees 1 or -1, then zeros, and must say at the end which it was.

#include <cmath>
#include <cstdio>
#include <vector>

constexpr double kFirstU = 0.5;  // u before the first step of learning; change it

struct Net {
    double w = 0.5, u = kFirstU, v = 1.0;  // v: from the last h to the answer
};

/// Loss of a sequence of `steps`; adds to `gradient`; dh: |dL/dh_t| of each step.
double learn(const Net& net, double first, int steps, Net& gradient, std::vector<double>& dh) {
    std::vector<double> h(static_cast<std::size_t>(steps) + 1, 0.0);  // h[0] = 0
    for (int t = 1; t <= steps; ++t) {
        const auto at = static_cast<std::size_t>(t);
        h[at] = std::tanh(net.w * (t == 1 ? first : 0.0) + net.u * h[at - 1]);
    }
    const double p = 1 / (1 + std::exp(-net.v * h.back()));  // the probability of "it was 1"
    const double logit = p - (first > 0 ? 1 : 0);            // its gradient: claimed minus true
    gradient.v += logit * h.back();
    double from_later = logit * net.v;
    dh.assign(h.size(), 0.0);
    for (std::size_t t = h.size(); t-- > 1;) {
        dh[t] = std::abs(from_later);
        const double da = from_later * (1 - h[t] * h[t]);
        gradient.w += da * (t == 1 ? first : 0.0);
        gradient.u += da * h[t - 1];
        from_later = net.u * da;
    }
    return -std::log(first > 0 ? p : 1 - p);
}

int main() {
    for (const int steps : {2, 5, 10, 20, 40}) {
        Net net;
        double loss = 0, reach = 0;
        std::vector<double> dh;
        for (int round = 0; round < 2000; ++round) {
            Net gradient{0, 0, 0};
            loss = learn(net, 1, steps, gradient, dh) + learn(net, -1, steps, gradient, dh);
            if (round == 0) reach = dh[1] / dh.back();
            net.w -= 0.1 * gradient.w;
            net.u -= 0.1 * gradient.u;
            net.v -= 0.1 * gradient.v;
        }
        std::printf("%2d steps: |dh_1| : |dh_T| at first %7.0e, loss after learning %.3f\n", steps,
                    reach, loss / 2);
    }
}
