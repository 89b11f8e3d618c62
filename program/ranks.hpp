#pragma once
/// \file
/// The ranks of `mpirun -n 4 mgan train ...`: how they begin, and how they end.
///
/// In a build without MPI, or without mpirun, there is one process alone.

#include <mgan/distributed/communicator.hpp>

#include <functional>
#include <memory>

namespace mgan::program {

/// Whether a launcher has started this process, and another one that comes before it. Commands that
/// do not share their work leave it to the first.
[[nodiscard]] bool is_later_rank();

class Ranks {
public:
    /// Joins the ranks that a launcher has started, if one has. Throws UsageError where it has, and
    /// this program cannot join them.
    Ranks();
    Ranks(const Ranks&) = delete;
    Ranks& operator=(const Ranks&) = delete;
    /// Waits for the others.
    ~Ranks();

    [[nodiscard]] Communicator& all() noexcept { return *all_; }

    /// Threads for each rank if nobody says how many: the processors that it may use, shared with
    /// other ranks that may use the same.
    [[nodiscard]] int threads() const;

    /// Calls work() and returns its exit status: the highest of all ranks. If it throws where the
    /// others do not know of it, all ranks end at once. One message is printed, by the rank that
    /// has failed. One process alone just calls it.
    [[nodiscard]] int run(const std::function<int()>& work);

private:
    std::unique_ptr<Communicator> joined_;
    Communicator* all_;
    int neighbours_ = 1;
};

}  // namespace mgan::program
