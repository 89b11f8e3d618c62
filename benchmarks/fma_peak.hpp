#pragma once
// The peak of this processor, measured: fused multiply-adds on registers only. Clock rates change
// from minute to minute, so a share of the peak needs the peak of the same run.

#include <mgan/core/parallel.hpp>
#include <mgan/tensor/kernels/gemm.hpp>

#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <vector>

namespace bench {

/// Processor time of this thread, unaffected by other programs.
[[nodiscard]] inline double thread_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Floating-point operations per second of one thread, in 1e9, over about `iterations` rounds.
/// Twelve independent chains cover the latency of a multiply-add (4 cycles, two a cycle).
[[nodiscard]] inline double fma_rate(long iterations) {
    constexpr int kWidth = mgan::kernels::kVectorBytes / static_cast<int>(sizeof(float));
    constexpr std::size_t kChains = 12;
    using Vec = mgan::kernels::VectorOf<float, kWidth>::Type;
    Vec chain[kChains];
    for (std::size_t i = 0; i < kChains; ++i)
        chain[i] = Vec{} + 1.0f + 1e-3f * static_cast<float>(i);
    Vec factor = Vec{} + 0.999999f, addend = Vec{} + 1e-6f;
    const double begin = thread_seconds();
    for (long n = 0; n < iterations; ++n) {
        // Values that the compiler cannot know: the loop stays a loop.
        asm volatile("" : "+m"(factor), "+m"(addend) : :);
        const Vec f = factor, a = addend;
        for (int inner = 0; inner < 64; ++inner) {
#pragma GCC unroll 12
            for (std::size_t i = 0; i < kChains; ++i)
                chain[i] = mgan::kernels::multiply_add<float, kWidth>(chain[i], f, a);
        }
    }
    const double seconds = thread_seconds() - begin;
    float sum = 0.0f;
    for (const Vec& values : chain) {
        for (int k = 0; k < kWidth; ++k) sum += values[k];
    }
    volatile float sink = sum;
    (void)sink;
    return 2.0 * kWidth * static_cast<double>(kChains) * 64.0 * static_cast<double>(iterations) /
           seconds * 1e-9;
}

/// The FMA peak of `threads` threads together, in GF/s: the best of a few short rounds (30 ms).
[[nodiscard]] inline double fma_peak(int threads) {
    std::vector<double> best(static_cast<std::size_t>(threads), 0.0);
    mgan::parallel_for(threads, threads, [&](std::ptrdiff_t i) {
        for (int round = 0; round < 6; ++round) {
            double& rate = best[static_cast<std::size_t>(i)];
            rate = std::max(rate, fma_rate(20'000));
        }
    });
    double sum = 0.0;
    for (const double rate : best) sum += rate;
    return sum;
}

/// Microseconds in which one thread reads `bytes` once, from the cache that holds them after many
/// reads (half a megabyte: level 2), or from memory. The best of many.
[[nodiscard]] inline double microseconds_to_read(double bytes) {
    constexpr int kWidth = mgan::kernels::kVectorBytes / static_cast<int>(sizeof(float));
    using Vec = mgan::kernels::VectorOf<float, kWidth>::Type;
    constexpr std::size_t kChains = 8;
    const std::size_t rounds = static_cast<std::size_t>(bytes) /
                               (kChains * static_cast<std::size_t>(kWidth) * sizeof(float));
    const mgan::AlignedVector<float> memory(rounds * kChains * static_cast<std::size_t>(kWidth),
                                            1.0f);
    double best = 1e300;
    float total = 0.0f;
    const int repetitions = std::clamp(static_cast<int>(1e9 / bytes), 20, 2000);
    for (int repetition = 0; repetition < repetitions; ++repetition) {
        Vec chain[kChains] = {};
        const auto begin = std::chrono::steady_clock::now();
        const float* from = memory.data();
        asm volatile("" : "+r"(from) : : "memory");
        for (std::size_t i = 0; i < rounds; ++i) {
#pragma GCC unroll 8
            for (std::size_t k = 0; k < kChains; ++k) {
                Vec values;
                std::memcpy(&values, from, sizeof(Vec));
                chain[k] += values;
                from += kWidth;
            }
        }
        const std::chrono::duration<double, std::micro> time =
            std::chrono::steady_clock::now() - begin;
        best = std::min(best, time.count());
        for (const Vec& values : chain) total += values[0];
    }
    volatile float sink = total;
    (void)sink;
    return best;
}

}  // namespace bench
