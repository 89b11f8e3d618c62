#pragma once
/// \file
/// Work in shards: the same bits for any number of threads.
///
/// A sum of floats depends on its order. If each thread summed what it happened to compute, two
/// threads would give other bits than one. So a batch is first cut into shards, in a way that
/// depends on the batch alone; each shard is computed by one thread, no matter which; and the
/// results are added in the order of the shards. Threads decide only how long it takes.
///
/// Without OpenMP everything works, on one thread.

#include <mgan/core/version.hpp>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <utility>
#include <vector>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace mgan::inline MGAN_ABI {

/// Number of threads that OpenMP offers (1 without it).
[[nodiscard]] inline int available_threads() noexcept {
#ifdef _OPENMP
    return omp_get_max_threads();
#else
    return 1;
#endif
}

/// A half-open range of samples of a batch.
struct Shard {
    std::ptrdiff_t begin = 0;
    std::ptrdiff_t end = 0;
    [[nodiscard]] std::ptrdiff_t size() const noexcept { return end - begin; }
};

/// Number of shards of a batch: ceil(batch / shard_size). Threads play no part in it.
[[nodiscard]] constexpr std::ptrdiff_t shard_count(std::ptrdiff_t batch,
                                                   std::ptrdiff_t shard_size) noexcept {
    return (batch + shard_size - 1) / shard_size;
}

/// Shard `index` of `count`: sizes differ by at most one, larger shards first.
[[nodiscard]] constexpr Shard shard_of(std::ptrdiff_t batch, std::ptrdiff_t count,
                                       std::ptrdiff_t index) noexcept {
    const std::ptrdiff_t size = batch / count;
    const std::ptrdiff_t larger = batch % count;
    const std::ptrdiff_t begin = index * size + (index < larger ? index : larger);
    return {begin, begin + size + (index < larger ? 1 : 0)};
}

/// More threads are never started, whatever is asked for.
inline constexpr std::ptrdiff_t kMostThreads = 1024;

#ifdef MGAN_TASK_LOG
/// For benchmarks that ask how work would spread over many cores: is told of each `parallel_for`
/// that runs on one thread, and of the end of each of its tasks.
class TaskLog {
public:
    virtual ~TaskLog() = default;
    virtual void begin(std::ptrdiff_t tasks) = 0;
    virtual void task_done() = 0;
};
inline TaskLog* task_log = nullptr;
#endif

/// Calls `work(index)` for index = 0 .. count - 1 on up to `threads` threads. If calls throw, the
/// exception of the lowest index is rethrown here. `work` must not touch what another index writes.
/// Allocates nothing unless a call throws.
template <typename Work>
void parallel_for(std::ptrdiff_t count, int threads, Work&& work) {
#ifdef _OPENMP
    // OpenMP ends a program that asks for more than the system has.
    const auto team = static_cast<int>(std::min<std::ptrdiff_t>({threads, count, kMostThreads}));
    if (team > 1) {
#ifdef __cpp_exceptions
        std::exception_ptr failure;
        std::ptrdiff_t failed_index = count;
#pragma omp parallel for num_threads(team) schedule(static, 1)
        for (std::ptrdiff_t index = 0; index < count; ++index) {
            try {
                work(index);
            } catch (...) {
#pragma omp critical(mgan_parallel_for)
                if (index < failed_index) {
                    failed_index = index;
                    failure = std::current_exception();
                }
            }
        }
        if (failure) std::rethrow_exception(failure);
#else
#pragma omp parallel for num_threads(team) schedule(static, 1)
        for (std::ptrdiff_t index = 0; index < count; ++index) work(index);
#endif
        return;
    }
#endif
    (void)threads;
#ifdef MGAN_TASK_LOG
    if (task_log != nullptr) {
        TaskLog* const log = std::exchange(task_log, nullptr);  // tasks within tasks do not count
        log->begin(count);
        for (std::ptrdiff_t index = 0; index < count; ++index) {
            work(index);
            log->task_done();
        }
        task_log = log;
        return;
    }
#endif
    for (std::ptrdiff_t index = 0; index < count; ++index) work(index);
}

}  // namespace mgan::inline MGAN_ABI
