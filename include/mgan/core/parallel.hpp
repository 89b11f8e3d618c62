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

namespace parallel_detail {

/// What the calls of a parallel loop throw: that of the lowest index is kept.
class FirstFailure {
public:
    template <typename Work>
    void call(Work& work, std::ptrdiff_t index) noexcept {
#ifdef __cpp_exceptions
        try {
            work(index);
        } catch (...) {
#ifdef _OPENMP
#pragma omp critical(mgan_parallel_for)
#endif
            if (!failure_ || index < index_) {
                index_ = index;
                failure_ = std::current_exception();
            }
        }
#else
        work(index);
#endif
    }
    void rethrow() const {
#ifdef __cpp_exceptions
        if (failure_) std::rethrow_exception(failure_);
#endif
    }

private:
    std::exception_ptr failure_;
    std::ptrdiff_t index_ = 0;
};

/// Threads for `count` calls: OpenMP ends a program that asks for more than the system has.
[[nodiscard]] inline int team_of(std::ptrdiff_t count, int threads) noexcept {
    return static_cast<int>(std::min<std::ptrdiff_t>({threads, count, kMostThreads}));
}

/// Who takes which call: each thread its own indices, or whoever is free the next one.
enum class Schedule { fixed, free };

/// `parallel_for` and `parallel_tasks`.
template <Schedule kSchedule, typename Work>
void run(std::ptrdiff_t count, int threads, Work& work) {
#ifdef _OPENMP
    if (const int team = team_of(count, threads); team > 1) {
        FirstFailure failure;
        if constexpr (kSchedule == Schedule::fixed) {
#pragma omp parallel for num_threads(team) schedule(static, 1)
            for (std::ptrdiff_t index = 0; index < count; ++index) failure.call(work, index);
        } else {
#pragma omp parallel for num_threads(team) schedule(dynamic, 1)
            for (std::ptrdiff_t index = 0; index < count; ++index) failure.call(work, index);
        }
        failure.rethrow();
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

}  // namespace parallel_detail

/// Calls `work(index)` for index = 0 .. count - 1 on up to `threads` threads, of which each has its
/// own indices: those of a shard stay in the cache of their core from one loop to the next. If
/// calls throw, the exception of the lowest index is rethrown here. `work` must not touch what
/// another index writes. Allocates nothing unless a call throws.
template <typename Work>
void parallel_for(std::ptrdiff_t count, int threads, Work&& work) {
    parallel_detail::run<parallel_detail::Schedule::fixed>(count, threads, work);
}

/// The same for calls of very different lengths: a thread that is free takes the next index. Put
/// the longest first.
template <typename Work>
void parallel_tasks(std::ptrdiff_t count, int threads, Work&& work) {
    parallel_detail::run<parallel_detail::Schedule::free>(count, threads, work);
}

}  // namespace mgan::inline MGAN_ABI
