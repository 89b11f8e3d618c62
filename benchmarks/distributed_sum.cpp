// What it costs to add the gradients of several ranks: mpirun -n 2 bench_distributed [NUMBERS...]
//
// One vector of floats a rank, summed
//
//     in order     as a training does it (distributed/ordered_sum.hpp): the bits of one process
//     in any order by MPI_Allreduce, whose rounding depends on the number of ranks
//     at home      the additions alone, one vector to another, without a message
//
// Prints one line of JSON for each number of floats: milliseconds, the median of many rounds, each
// the longest of the ranks.
#include <mgan/distributed/mpi_communicator.hpp>
#include <mgan/distributed/ordered_sum.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <span>
#include <vector>

namespace {

/// The median over the rounds, in milliseconds. Every rank begins with the others.
template <typename Work>
double milliseconds(int rounds, Work&& work) {
    using Clock = std::chrono::steady_clock;
    std::vector<double> times;
    for (int round = -1; round < rounds; ++round) {  // the first one warms up
        MPI_Barrier(MPI_COMM_WORLD);
        const auto begin = Clock::now();
        work();
        double time = std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
        MPI_Allreduce(MPI_IN_PLACE, &time, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
        if (round >= 0) times.push_back(time);
    }
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
}

/// The same of this rank alone, in processor time.
template <typename Work>
double processor_milliseconds(int rounds, Work&& work) {
    std::vector<double> times;
    for (int round = -1; round < rounds; ++round) {
        const std::clock_t begin = std::clock();
        work();
        const auto ticks = static_cast<double>(std::clock() - begin);
        if (round >= 0) times.push_back(1e3 * ticks / static_cast<double>(CLOCKS_PER_SEC));
    }
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
    mgan::MpiCommunicator ranks;
    std::vector<std::size_t> sizes;
    for (int i = 1; i < argc; ++i) sizes.push_back(std::strtoull(argv[i], nullptr, 10));
    if (sizes.empty()) sizes = {150'000, 500'000, 1'500'000, 5'000'000, 15'000'000, 50'000'000};
    for (const std::size_t size : sizes) {
        std::vector<float> own(size, 0.5f + static_cast<float>(ranks.rank())), other(own), sum;
        mgan::Blocks<float> block;
        block.add(own.data(), size);
        const int rounds = size > 10'000'000 ? 9 : size > 1'000'000 ? 21 : 101;
        const double in_order = milliseconds(rounds, [&] {
            mgan::sum_in_order(ranks, ranks.size(), size,
                               std::span<const mgan::Blocks<float>>(&block, 1), sum);
        });
        const double any_order = milliseconds(rounds, [&] {
            MPI_Allreduce(own.data(), sum.data(), static_cast<int>(size), MPI_FLOAT, MPI_SUM,
                          MPI_COMM_WORLD);
        });
        const double at_home = processor_milliseconds(rounds, [&] {
            for (std::size_t i = 0; i < size; ++i) other[i] += own[i];
        });
        if (ranks.writes())
            std::printf(
                "{\"ranks\": %d, \"numbers\": %zu, \"in_order_ms\": %.4f, \"any_order_ms\": %.4f, "
                "\"at_home_ms\": %.4f}\n",
                ranks.size(), size, in_order, any_order, at_home);
    }
}
