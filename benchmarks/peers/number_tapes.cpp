// W12, single numbers, by XAD.
//
//     bench_number_tapes [--seconds S]
//
// 400 000 operations in double, y <- (y + x) w - y / d, recorded and differentiated; prints a JSON
// array like bench_workloads. XAD is at its best here: it keeps its tape and its memory from run to
// run, and is given the whole expression in one statement. (autodiff is left out: its reverse mode
// follows every path from y to x, of which each statement doubles the number.)

#include <XAD/XAD.hpp>

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

double milliseconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
        .count();
}

double processor_milliseconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec);
}

void measure(const char* variant, double seconds, const std::function<double()>& run) {
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
        "\n  {\"workload\": \"W12\", \"pass\": \"numbers\", \"variant\": \"%s\", "
        "\"T\": 1, \"B\": 1, \"H\": 1, \"threads\": 1, \"ms_median\": %.6g, \"ms_min\": %.6g, "
        "\"ms_cpu\": %.6g, \"runs\": %zu, \"slope\": %.15g}",
        variant, times[times.size() / 2], times.front(), cpu[cpu.size() / 2], times.size(), slope);
}

}  // namespace

int main(int count, char** arguments) {
    double seconds = 1.0;
    for (int i = 1; i + 1 < count; ++i)
        if (std::strcmp(arguments[i], "--seconds") == 0) seconds = std::atof(arguments[i + 1]);
    std::printf("[");
    measure("XAD " XAD_VERSION_STRING, seconds, with_xad);
    std::printf("\n]\n");
}
