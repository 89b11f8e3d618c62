#pragma once
// What four programs share that train the same net, each with another library: a net 2 -> 128 ->
// 128 -> 1 with tanh on 64 samples, mean squared error, gradient descent. All start from the same
// numbers, so that their losses must agree.

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace same_net {

constexpr int kInputs = 2, kHidden = 128, kBatch = 64;
constexpr double kRate = 0.01;

/// Entry n (row after row) of weight or bias number `part`.
inline double start(int part, int n) {
    return 0.1 * std::sin(12.9898 * n + 78.233 * part + 0.5);
}
/// Sample b: what it is told, and what it is to answer.
inline double input(int k, int b) {
    return std::sin(1.7 * b + 2.1 * k);
}
inline double target(int b) {
    return std::sin(input(0, b)) * input(1, b);
}

/// Seconds of the processor.
inline double now() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Calls step() as often as the first argument says; prints the last loss and the mean time.
template <typename Step>
int run(int count, char** arguments, const Step& step) {
    const int steps = count > 1 ? std::atoi(arguments[1]) : 100;
    double loss = step();
    const double begin = now();
    for (int k = 1; k < steps; ++k) loss = step();
    const int timed = steps > 1 ? steps - 1 : 1;
    std::printf("{\"steps\": %d, \"loss\": %.9g, \"ms\": %.5g}\n", steps, loss,
                1e3 * (now() - begin) / timed);
    return 0;
}

}  // namespace same_net
