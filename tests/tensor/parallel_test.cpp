// Loops on several threads: each index once, and of several failures that of the lowest index.
#include <mgan/core/parallel.hpp>
#include <support/catch.hpp>

#include <atomic>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

template <typename Loop>
void check_loop(Loop&& loop) {
    // Of larger teams LLVM's OpenMP keeps memory to the end, which LeakSanitizer reports.
    for (const int threads : {1, 2, 3}) {
        for (const std::ptrdiff_t count : {0, 1, 2, 3, 20, 100}) {
            INFO(threads << " threads, " << count << " calls");
            std::vector<std::atomic<int>> calls(static_cast<std::size_t>(count));
            loop(count, threads, [&](std::ptrdiff_t i) { ++calls[static_cast<std::size_t>(i)]; });
            for (const std::atomic<int>& one : calls) CHECK(one == 1);
        }
        INFO(threads << " threads");
        std::string said;
        try {
            loop(20, threads, [&](std::ptrdiff_t i) {
                if (i % 6 == 5) throw std::runtime_error("index " + std::to_string(i));
            });
        } catch (const std::runtime_error& error) {
            said = error.what();
        }
        CHECK(said == "index 5");
    }
}

}  // namespace

TEST_CASE("parallel_for: each index once, and the failure of the lowest one") {
    check_loop([](std::ptrdiff_t count, int threads, auto&& work) {
        mgan::parallel_for(count, threads, work);
    });
}

TEST_CASE("parallel_tasks: each index once, and the failure of the lowest one") {
    check_loop([](std::ptrdiff_t count, int threads, auto&& work) {
        mgan::parallel_tasks(count, threads, work);
    });
}

TEST_CASE("parallel_for: nobody is asked for more threads than there are calls") {
    CHECK(mgan::parallel_detail::team_of(3, 8) == 3);
    CHECK(mgan::parallel_detail::team_of(8, 3) == 3);
    CHECK(mgan::parallel_detail::team_of(1'000'000, 1'000'000) == mgan::kMostThreads);
}
