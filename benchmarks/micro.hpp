#pragma once
// Counters that all micro-benchmarks report.

#include "fma_peak.hpp"

#include <benchmark/benchmark.h>

namespace bench {

/// Peak of one thread, measured once a program, before the first benchmark.
[[nodiscard]] inline double peak_of_this_run() {
    static const double peak = fma_peak(1);
    return peak;
}

/// GF/s, and the share of the FMA peak, of a benchmark whose iterations do `flop` operations each.
inline void count_flop(benchmark::State& state, double flop) {
    const double total = flop * static_cast<double>(state.iterations());
    state.counters["GF/s"] = benchmark::Counter(total * 1e-9, benchmark::Counter::kIsRate);
    state.counters["of_peak"] =
        benchmark::Counter(total * 1e-9 / peak_of_this_run(), benchmark::Counter::kIsRate);
}

}  // namespace bench
