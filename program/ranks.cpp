#include "ranks.hpp"

#include "program.hpp"

#include <mgan/core/parallel.hpp>
#include <mgan/distributed/agreement.hpp>
#include <mgan/distributed/mpi_communicator.hpp>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <initializer_list>
#include <string_view>
#include <thread>
#include <vector>

namespace mgan::program {

namespace {

/// The largest of numbers in the environment; 0 without any.
int largest_of(std::initializer_list<const char*> names) {
    int most = 0;
    for (const char* const name : names) {
        const char* const text = std::getenv(name);
        if (text == nullptr) continue;
        int number = 0;
        const std::string_view digits(text);
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
        most = std::max(most, number);
    }
    return most;
}

/// How many processes a launcher says that it has started: 0 if there is no launcher. Without one
/// MPI is left alone: to begin it takes longer than most commands.
int launched() {
    // Open MPI and its relatives; MPICH, Intel MPI and Slurm's pmi2; PMIx tells only the rank.
    const int most = largest_of({"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS"});
    if (most == 0 && std::getenv("PMIX_RANK") != nullptr) return 1;
    return most;
}

}  // namespace

bool is_later_rank() {
    return largest_of({"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"}) > 0;
}

namespace {

/// All processes end; the first says why.
template <typename... Parts>
[[noreturn]] void refuse(const Parts&... parts) {
    if (is_later_rank()) std::exit(kWrongUsage);
    fail<UsageError>(parts...);
}

}  // namespace

Ranks::Ranks() : all_(&one_process()) {
    const int wanted = launched();
    if (wanted == 0) return;
#if MGAN_HAS_MPI
    auto joined = std::make_unique<MpiCommunicator>();
    neighbours_ = joined->neighbours();
    joined_ = std::move(joined);
    all_ = joined_.get();
    // The launcher of one MPI starts programs of another as strangers to each other.
    if (all_->size() < wanted)
        refuse("mpirun has started ", wanted, " processes, but this mgan sees ", all_->size(),
               "; it was built with another MPI than that of this mpirun: take the one "
               "that belongs to it, or build again (cmake -DMPI_CXX_COMPILER=...)");
#else
    if (wanted > 1)
        refuse("mpirun has started ", wanted,
               " processes, but this mgan was built without MPI; install it (Debian: apt "
               "install libopenmpi-dev openmpi-bin) and build again, or start mgan alone "
               "(--threads uses all processors of one machine)");
#endif
}

Ranks::~Ranks() = default;

int Ranks::threads() const {
    const int allowed = available_threads();
    // A launcher that binds each rank to processors of its own has shared them out already.
    const auto all = static_cast<int>(std::thread::hardware_concurrency());
    return allowed < all ? allowed : std::max(1, allowed / neighbours_);
}

int Ranks::run(const std::function<int()>& work) {
    Communicator& ranks = *all_;
    if (ranks.size() == 1) return work();
    std::uint8_t status = kDone;
    try {
        status = static_cast<std::uint8_t>(work());
    } catch (const RankError&) {
        status = kFailed;  // another rank says why
    } catch (const NumericalError&) {
        // A loss is a sum over all ranks: all throw this at the same moment.
        status = static_cast<std::uint8_t>(ranks.writes() ? say_failure() : kFailed);
    } catch (...) {
        const bool all_know = ranks.parted();
        status = static_cast<std::uint8_t>(say_failure(
            ranks.writes() ? "" : concat("rank ", ranks.rank(), " (", ranks.host(), "): ")));
        if (!all_know) ranks.abort(status);
    }
    // Nobody leaves before all are done: a launcher ends the others when one has failed.
    std::vector<std::uint8_t> all(static_cast<std::size_t>(ranks.size()));
    all[static_cast<std::size_t>(ranks.rank())] = status;
    gather_shares(ranks, ranks.size(), 1, std::span(all));
    return *std::max_element(all.begin(), all.end());
}

}  // namespace mgan::program
