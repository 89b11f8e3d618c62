#pragma once
/// \file
/// A sum over all ranks with the bits of one process.
///
/// A sum of floats depends on its order. One process adds the gradients of a minibatch in the order
/// of the shards, ((g_0 + g_1) + g_2) + ..., so the ranks must do the same: no tree, no ring of
/// partial sums, which would round otherwise. But the order binds each entry only, not the vector:
/// the sum walks from rank to rank in pieces, and while rank 1 adds to the first piece, rank 0 is
/// at the second:
///
///     rank 0   |p0|p1|p2|p3|                     g_0 + .. of its own shards
///     rank 1      |p0|p1|p2|p3|                  received + g_j + .. of its own shards
///     rank 2         |p0|p1|p2|p3|  --broadcast--> all
///
/// Every rank sends and receives each number once, and gets the sum once, however many shards and
/// ranks there are. With n ranks, P pieces of s bytes, latency l and bandwidth b:
///
///     t  =  (n - 1 + P) (l + s / b)  +  the broadcast                                        (1)
///
/// n - 1 pieces are what the order costs beside a sum in any order.

#include <mgan/distributed/dealing.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// A vector that lies in several blocks: the parameters of a net, one after the other.
template <typename Number>
class Blocks {
public:
    void add(Number* data, std::size_t size) {
        blocks_.emplace_back(data, size);
        size_ += size;
    }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    /// Forgets the blocks, and keeps the room for them.
    void clear() noexcept {
        blocks_.clear();
        size_ = 0;
    }

    /// Calls use(numbers of a block, their place in the vector) for what lies in
    /// begin .. begin + count - 1.
    template <typename Use>
    void visit(std::size_t begin, std::size_t count, Use&& use) const {
        const std::size_t end = begin + count;
        std::size_t first = 0;
        for (const std::span<Number> block : blocks_) {
            const std::size_t low = std::max(begin, first);
            const std::size_t high = std::min(end, first + block.size());
            if (low < high) use(block.subspan(low - first, high - low), low);
            first += block.size();
            if (first >= end) return;
        }
    }

private:
    std::vector<std::span<Number>> blocks_;
    std::size_t size_ = 0;
};

/// Numbers of a piece: 64 KiB of floats.
inline constexpr std::size_t kSumPiece = std::size_t{1} << 14;

/// Collective: the sum of `terms` vectors of equal size in their order. `own`: those of this rank,
/// as `share_of` deals them. `sum` gets room for one vector, and holds the result on every rank.
template <typename Number>
void sum_in_order(Communicator& ranks, std::ptrdiff_t terms, std::size_t size,
                  std::span<const Blocks<Number>> own, std::vector<Number>& sum) {
    const int last = last_sharer(terms, ranks), rank = ranks.rank();
    sum.resize(size);
    for (std::size_t begin = 0; rank <= last && begin < size; begin += kSumPiece) {
        const std::size_t count = std::min(kSumPiece, size - begin);
        const std::span<Number> piece = std::span(sum).subspan(begin, count);
        std::size_t next = 0;
        if (rank > 0) {
            ranks.receive(bytes_of(piece), rank - 1);
        } else {
            own[next++].visit(begin, count, [&](std::span<const Number> numbers, std::size_t at) {
                std::copy(numbers.begin(), numbers.end(), sum.data() + at);
            });
        }
        for (; next < own.size(); ++next) {
            own[next].visit(begin, count, [&](std::span<const Number> numbers, std::size_t at) {
                Number* const to = sum.data() + at;
                for (std::size_t i = 0; i < numbers.size(); ++i) to[i] += numbers[i];
            });
        }
        if (rank < last) ranks.send(std::as_bytes(std::span<const Number>(piece)), rank + 1);
    }
    ranks.settle();
    ranks.broadcast(bytes_of(std::span(sum)), last);
}

/// Collective: a value that begins as `value` and is taken on by next(value) on each rank that has
/// some of `terms` items, in their order. Returns the last one, on every rank.
template <typename Value, typename Next>
[[nodiscard]] Value continue_in_order(Communicator& ranks, std::ptrdiff_t terms, Value value,
                                      Next&& next) {
    if (ranks.size() == 1) return next(std::move(value));
    const int last = last_sharer(terms, ranks), rank = ranks.rank();
    if (rank <= last) {
        if (rank > 0) ranks.receive(bytes_of(std::span(&value, 1)), rank - 1);
        value = next(std::move(value));
        if (rank < last) ranks.send(std::as_bytes(std::span<const Value>(&value, 1)), rank + 1);
        ranks.settle();
    }
    ranks.broadcast(bytes_of(std::span(&value, 1)), last);
    return value;
}

}  // namespace mgan::inline MGAN_ABI
