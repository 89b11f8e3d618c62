// W12, single numbers, by other tapes: XAD and autodiff, whichever were found.
//
//     bench_number_tapes [--seconds S]
//
// 400 000 operations in double, y <- (y + x) w - y / d, recorded and differentiated; prints a JSON
// array like bench_workloads. Both libraries are at their best here: XAD keeps its tape and its
// memory from run to run, and both are given the whole expression in one statement.

#if defined(BENCH_XAD)
#include <XAD/XAD.hpp>
#endif
#if defined(BENCH_AUTODIFF)
#include <autodiff/reverse/var.hpp>
#endif

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <vector>

namespace {

constexpr int kOperations = 400'000;

#if defined(BENCH_XAD)
double with_xad() {
    using Mode = xad::adj<double>;
    static Mode::tape_type tape;
    Mode::active_type x = 0.5, w = 0.4, d = 3.0;
    tape.clearAll();
    tape.registerInput(x);
    tape.registerInput(w);
    tape.registerInput(d);
    tape.newRecording();
    Mode::active_type y = x;
    for (int k = 0; k < kOperations / 4; ++k) y = (y + x) * w - y / d;
    tape.registerOutput(y);
    derivative(y) = 1.0;
    tape.computeAdjoints();
    return derivative(x) + derivative(w) + derivative(d);
}
#endif

#if defined(BENCH_AUTODIFF)
double with_autodiff() {
    autodiff::var x = 0.5, w = 0.4, d = 3.0;
    autodiff::var y = x;
    for (int k = 0; k < kOperations / 4; ++k) y = (y + x) * w - y / d;
    const auto [dx, dw, dd] = autodiff::derivatives(y, autodiff::reverse::detail::wrt(x, w, d));
    return dx + dw + dd;
}
#endif

double milliseconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
        .count();
}

double processor_milliseconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec);
}

void measure(const char* variant, double seconds, bool first, const std::function<double()>& run) {
    double slope = run();
    run();
    std::vector<double> times, cpu;
    double total = 0.0;
    while (times.size() < 5 || total < seconds * 1e3) {
        const double cpu_begin = processor_milliseconds();
        const auto begin = std::chrono::steady_clock::now();
        slope = run();
        times.push_back(milliseconds_since(begin));
        cpu.push_back(processor_milliseconds() - cpu_begin);
        total += times.back();
    }
    std::sort(times.begin(), times.end());
    std::sort(cpu.begin(), cpu.end());
    std::printf(
        "%s\n  {\"workload\": \"W12\", \"pass\": \"tape: single numbers\", \"variant\": \"%s\", "
        "\"T\": 1, \"B\": 1, \"H\": 1, \"threads\": 1, \"ms_median\": %.6g, \"ms_min\": %.6g, "
        "\"ms_cpu\": %.6g, \"runs\": %zu, \"slope\": %.15g}",
        first ? "" : ",", variant, times[times.size() / 2], times.front(), cpu[cpu.size() / 2],
        times.size(), slope);
}

}  // namespace

int main(int count, char** arguments) {
    double seconds = 1.0;
    for (int i = 1; i + 1 < count; ++i)
        if (std::strcmp(arguments[i], "--seconds") == 0) seconds = std::atof(arguments[i + 1]);
    bool first = true;
    std::printf("[");
#if defined(BENCH_XAD)
    measure("XAD " XAD_VERSION_STRING, seconds, first, with_xad);
    first = false;
#endif
#if defined(BENCH_AUTODIFF)
    measure("autodiff", seconds, first, with_autodiff);
#endif
    std::printf("\n]\n");
}
