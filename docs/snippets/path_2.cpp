// Stop 2 of docs/bptt.md: a loop is a memory.

#include <cmath>
#include <cstdio>

constexpr double kW = 1.0, kU = 0.5;  // change kU

int main() {
    double h = 0.0;
    for (int t = 1; t <= 40; ++t) {
        const double x = t == 1 ? 0.3 : 0.0;  // one sign of life, then silence
        h = std::tanh(kW * x + kU * h);
        if (t == 1 || t == 2 || t == 5 || t == 10 || t == 20 || t == 40)
            std::printf("h after %2d steps: %9.6f\n", t, h);
    }
}
