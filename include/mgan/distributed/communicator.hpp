#pragma once
/// \file
/// The processes that train one model together, and what they say to each other.
///
///     rank 0 .. size - 1     each has all songs, all weights, and some shards of every minibatch
///     send, receive          bytes from one rank to another
///     broadcast              from one rank to all
///     gather                 every rank gives its part, and has all parts afterwards
///
/// The code of a training is written once, for any number of ranks. `OneProcess` is the usual case:
/// one rank, which has nobody to talk to. mpi_communicator.hpp is the other, and the only header
/// that needs MPI.
///
/// `broadcast` and `gather` are collective: all ranks call them, in the same order, from one
/// thread. So whatever decides which of them comes next must be the same on all ranks; what only
/// one of them knows (a signal, a full disk) goes through agreement.hpp first.

#include <mgan/core/error.hpp>

#include <cstddef>
#include <cstdlib>
#include <span>
#include <string>
#include <type_traits>

namespace mgan::inline MGAN_ABI {

/// The interface. Bytes are sent as they are, so all ranks must run the same build on processors of
/// one byte order; `require_alike` (agreement.hpp) sees to it.
class Communicator {
public:
    Communicator() = default;
    Communicator(const Communicator&) = delete;
    Communicator& operator=(const Communicator&) = delete;
    virtual ~Communicator() = default;

    [[nodiscard]] virtual int rank() const noexcept = 0;
    [[nodiscard]] virtual int size() const noexcept = 0;
    /// The machine that this rank runs on, for messages; may be empty.
    [[nodiscard]] virtual std::string host() const = 0;

    /// May return before the bytes have arrived. They must stay as they are until `settle`.
    virtual void send(std::span<const std::byte> bytes, int to) = 0;
    /// Waits until all that was sent has arrived.
    virtual void settle() = 0;
    /// Waits for the next bytes that rank `from` has sent to this one: as many as that.
    virtual void receive(std::span<std::byte> bytes, int from) = 0;
    /// Collective: all ranks have the bytes of rank `from` afterwards.
    virtual void broadcast(std::span<std::byte> bytes, int from) = 0;
    /// Collective: rank r has filled in its part of `all`, sizes[r] bytes behind those of the ranks
    /// before it. Afterwards every rank has every part.
    virtual void gather(std::span<std::byte> all, std::span<const std::size_t> sizes) = 0;
    /// Ends all ranks at once, wherever they are: after an error that the others cannot know of.
    [[noreturn]] virtual void abort(int status) = 0;

    /// Whether this rank writes files and prints.
    [[nodiscard]] bool writes() const noexcept { return rank() == 0; }

    /// Notes that all ranks know of an error: each may end by itself, nobody waits for it.
    void part() noexcept { parted_ = true; }
    [[nodiscard]] bool parted() const noexcept { return parted_; }

private:
    bool parted_ = false;
};

/// One process alone.
class OneProcess final : public Communicator {
public:
    [[nodiscard]] int rank() const noexcept override { return 0; }
    [[nodiscard]] int size() const noexcept override { return 1; }
    [[nodiscard]] std::string host() const override { return {}; }
    void send(std::span<const std::byte>, int) override { fail_alone(); }
    void settle() override {}
    void receive(std::span<std::byte>, int) override { fail_alone(); }
    void broadcast(std::span<std::byte>, int) override {}
    void gather(std::span<std::byte>, std::span<const std::size_t>) override {}
    [[noreturn]] void abort(int status) override { std::_Exit(status); }

private:
    [[noreturn]] static void fail_alone() {
        fail<Error>("OneProcess: there is no other rank to send to or to receive from");
    }
};

/// The default of all that takes a communicator. It holds nothing.
[[nodiscard]] inline OneProcess& one_process() {
    static OneProcess alone;
    return alone;
}

/// The bytes of numbers, or of plain structs of them.
template <typename Number>
[[nodiscard]] std::span<std::byte> bytes_of(std::span<Number> numbers) noexcept {
    static_assert(std::is_trivially_copyable_v<Number>);
    return std::as_writable_bytes(numbers);
}

}  // namespace mgan::inline MGAN_ABI
