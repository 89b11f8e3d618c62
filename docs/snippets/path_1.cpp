// Stop 1 of docs/bptt.md: one slope, by the chain rule.

#include <cmath>
#include <cstdio>

constexpr double kW = 0.8, kB = 0.1, kX = 1.5, kTarget = -0.5;

double loss(double w) {
    const double a = w * kX + kB;
    const double y = std::tanh(a);
    return 0.5 * (y - kTarget) * (y - kTarget);
}

int main() {
    const double a = kW * kX + kB;  // forward, line by line
    const double y = std::tanh(a);

    const double dy = y - kTarget;  // backward, the same lines from the end
    const double da = dy;           // mend this line
    const double dw = da * kX;

    const double h = 1e-5, by_difference = (loss(kW + h) - loss(kW - h)) / (2 * h);
    std::printf("dw by hand %.6f, by a difference %.6f: %s\n", dw, by_difference,
                std::abs(dw - by_difference) < 1e-8 ? "right" : "WRONG");
}
