#pragma once
/// \file
/// Which rank has which items of a list (shards of a minibatch, songs to generate).
///
///     items   0 1 2 | 3 4 5 | 6 7        neighbours stay together: what is summed in the order of
///     rank      0   |   1   |  2         the items, is summed in the order of the ranks
///
/// With fewer items than ranks, the last ranks have none.

#include <mgan/core/parallel.hpp>
#include <mgan/distributed/communicator.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// The items of rank `rank` of `ranks`, of `count` in all.
[[nodiscard]] constexpr Shard share_of(std::ptrdiff_t count, int ranks, int rank) noexcept {
    return shard_of(count, ranks, rank);
}

/// The items of this rank.
[[nodiscard]] inline Shard own_share(std::ptrdiff_t count, const Communicator& ranks) noexcept {
    return share_of(count, ranks.size(), ranks.rank());
}

/// The last rank that has any of `count` items; 0 without items.
[[nodiscard]] inline int last_sharer(std::ptrdiff_t count, const Communicator& ranks) noexcept {
    return static_cast<int>(std::clamp<std::ptrdiff_t>(count - 1, 0, ranks.size() - 1));
}

/// Collective: of a list of `count` items, `width` numbers each, every rank has filled in its own;
/// afterwards every rank has all.
template <typename Number>
void gather_shares(Communicator& ranks, std::ptrdiff_t count, std::size_t width,
                   std::span<Number> numbers) {
    if (ranks.size() == 1) return;
    std::vector<std::size_t> sizes;
    for (int rank = 0; rank < ranks.size(); ++rank)
        sizes.push_back(static_cast<std::size_t>(share_of(count, ranks.size(), rank).size()) *
                        width * sizeof(Number));
    ranks.gather(bytes_of(numbers), sizes);
}

/// Collective: the lists of all ranks, in the order of the ranks.
template <typename Number>
[[nodiscard]] std::vector<std::vector<Number>> gather_lists(Communicator& ranks,
                                                            const std::vector<Number>& own) {
    if (ranks.size() == 1) return {own};
    const auto count = static_cast<std::size_t>(ranks.size());
    const auto rank = static_cast<std::size_t>(ranks.rank());
    std::vector<std::uint64_t> lengths(count);
    lengths[rank] = own.size();
    gather_shares(ranks, ranks.size(), 1, std::span(lengths));
    std::vector<std::size_t> sizes;
    std::size_t whole = 0, begin = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (i == rank) begin = whole;
        whole += static_cast<std::size_t>(lengths[i]);
        sizes.push_back(static_cast<std::size_t>(lengths[i]) * sizeof(Number));
    }
    std::vector<Number> joined(whole);
    std::copy(own.begin(), own.end(), joined.begin() + static_cast<std::ptrdiff_t>(begin));
    ranks.gather(bytes_of(std::span(joined)), sizes);
    std::vector<std::vector<Number>> lists;
    auto from = joined.begin();
    for (const std::uint64_t length : lengths) {
        lists.emplace_back(from, from + static_cast<std::ptrdiff_t>(length));
        from += static_cast<std::ptrdiff_t>(length);
    }
    return lists;
}

}  // namespace mgan::inline MGAN_ABI
