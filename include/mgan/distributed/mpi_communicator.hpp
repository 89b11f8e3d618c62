#pragma once
/// \file
/// The ranks of an MPI program: `mpirun -n 4 mgan train ...`.
///
/// Compiled where `MGAN_HAS_MPI` is defined as 1, as the build option `MGAN_MPI` does for the
/// program mgan. Nothing else of the library knows MPI.
///
/// Only what every MPI since version 3 has is used, and from one thread. An error inside MPI (a
/// connection that is lost) ends the rank, as MPI does unless told otherwise; the launcher then
/// ends the others.

#ifndef MGAN_HAS_MPI
#define MGAN_HAS_MPI 0
#endif

#if MGAN_HAS_MPI

#include <mgan/distributed/dealing.hpp>

// The C++ bindings left the standard long ago, and do not compile without warnings.
#ifndef OMPI_SKIP_MPICXX
#define OMPI_SKIP_MPICXX 1
#endif
#ifndef MPICH_SKIP_MPICXX
#define MPICH_SKIP_MPICXX 1
#endif
#include <mpi.h>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// All ranks of the program. MPI begins with the object and ends with it; there can be one in the
/// life of a process, made in the main thread.
class MpiCommunicator final : public Communicator {
public:
    MpiCommunicator() {
        int provided = 0;
        MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
        MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
        MPI_Comm_size(MPI_COMM_WORLD, &size_);
        MPI_Comm node = MPI_COMM_NULL;
        MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &node);
        MPI_Comm_size(node, &neighbours_);
        MPI_Comm_free(&node);
    }
    /// Waits for the other ranks.
    ~MpiCommunicator() override { MPI_Finalize(); }

    [[nodiscard]] int rank() const noexcept override { return rank_; }
    [[nodiscard]] int size() const noexcept override { return size_; }
    /// Ranks on this machine, with this one.
    [[nodiscard]] int neighbours() const noexcept { return neighbours_; }
    [[nodiscard]] std::string host() const override {
        char name[MPI_MAX_PROCESSOR_NAME] = {};
        int length = 0;
        MPI_Get_processor_name(name, &length);
        return {name, static_cast<std::size_t>(length)};
    }

    void send(std::span<const std::byte> bytes, int to) override {
        for_pieces(bytes, [&](std::span<const std::byte> piece) {
            sent_.emplace_back();
            MPI_Isend(piece.data(), static_cast<int>(piece.size()), MPI_BYTE, to, kTag,
                      MPI_COMM_WORLD, &sent_.back());
        });
    }
    void settle() override {
        MPI_Waitall(static_cast<int>(sent_.size()), sent_.data(), MPI_STATUSES_IGNORE);
        sent_.clear();
    }
    void receive(std::span<std::byte> bytes, int from) override {
        for_pieces(bytes, [&](std::span<std::byte> piece) {
            MPI_Recv(piece.data(), static_cast<int>(piece.size()), MPI_BYTE, from, kTag,
                     MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        });
    }
    void broadcast(std::span<std::byte> bytes, int from) override {
        for_pieces(bytes, [&](std::span<std::byte> piece) {
            MPI_Bcast(piece.data(), static_cast<int>(piece.size()), MPI_BYTE, from, MPI_COMM_WORLD);
        });
    }
    void gather(std::span<std::byte> all, std::span<const std::size_t> sizes) override {
        if (all.size() > kPiece) {  // sizes and places are ints
            std::size_t begin = 0;
            for (int rank = 0; rank < size_; ++rank) {
                const std::size_t size = sizes[static_cast<std::size_t>(rank)];
                broadcast(all.subspan(begin, size), rank);
                begin += size;
            }
            return;
        }
        counts_.clear();
        places_.clear();
        int place = 0;
        for (const std::size_t size : sizes) {
            counts_.push_back(static_cast<int>(size));
            places_.push_back(place);
            place += counts_.back();
        }
        MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, all.data(), counts_.data(),
                       places_.data(), MPI_BYTE, MPI_COMM_WORLD);
    }
    [[noreturn]] void abort(int status) override {
        MPI_Abort(MPI_COMM_WORLD, status);
        std::_Exit(status);
    }

private:
    static constexpr int kTag = 1;
    static constexpr std::size_t kPiece = std::size_t{1} << 30;

    template <typename Byte, typename Use>
    static void for_pieces(std::span<Byte> bytes, Use&& use) {
        for (std::size_t begin = 0; begin < bytes.size(); begin += kPiece)
            use(bytes.subspan(begin, std::min(kPiece, bytes.size() - begin)));
    }

    int rank_ = 0, size_ = 1, neighbours_ = 1;
    std::vector<MPI_Request> sent_;
    std::vector<int> counts_, places_;
};

}  // namespace mgan::inline MGAN_ABI

#endif
