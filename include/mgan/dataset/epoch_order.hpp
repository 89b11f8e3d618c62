#pragma once
/// \file
/// The order in which an epoch takes the songs, or samples of any kind.
///
///     EpochOrder order(songs, Random(seed, "order", epoch));
///     order.copy(minibatch * batch, chosen);                  // the songs of a minibatch
///
///     place     0 .. size - 1    size .. 2 size - 1    ...
///     song      permutation 0  | permutation 1       | ...
///
/// An entry depends on its place alone, not on how many are asked for. Up to `kMostShuffled` songs
/// are shuffled, and the permutation that is under way is in memory; of more, each entry is
/// computed (core/permutation.hpp), and nothing is. So an order takes no more memory for a million
/// songs than for 65,536, and the first entry of a million no more time than the first of ten.

#include <mgan/core/permutation.hpp>
#include <mgan/core/random.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace mgan::inline MGAN_ABI {

class EpochOrder {
public:
    /// The most songs that are shuffled.
    static constexpr std::size_t kMostShuffled = std::size_t{1} << 16;

    /// Of no songs.
    EpochOrder() noexcept : EpochOrder(0, Random(0, "")) {}
    EpochOrder(std::size_t size, const Random& random) noexcept : size_(size), random_(random) {}

    /// Number of songs.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    /// Writes entries first, first + 1, ... to `songs`. size() > 0.
    void copy(std::size_t first, std::span<std::size_t> songs) {
        for (std::size_t& song : songs) song = entry(first++);
    }

private:
    [[nodiscard]] std::size_t entry(std::size_t place) {
        const std::size_t number = place / size_, within = place % size_;
        if (size_ > kMostShuffled)
            return static_cast<std::size_t>(Permutation(size_, random_, number)(within));
        if (shuffled_.empty() || number != shuffled_number_) {
            shuffled_.resize(size_);
            std::iota(shuffled_.begin(), shuffled_.end(), std::size_t{0});
            shuffle(std::span(shuffled_), random_, number * size_);
            shuffled_number_ = number;
        }
        return shuffled_[within];
    }

    std::size_t size_;
    Random random_;
    std::vector<std::size_t> shuffled_;  ///< permutation `shuffled_number_`, if there are few songs
    std::size_t shuffled_number_ = 0;
};

/// The first songs of an order: at least `least`, whole permutations; of more than
/// `EpochOrder::kMostShuffled` songs `least`.
[[nodiscard]] inline std::vector<std::size_t> song_order(std::size_t size, const Random& random,
                                                         std::size_t least) {
    const std::size_t permutations = std::max<std::size_t>(1, (least + size - 1) / size);
    std::vector<std::size_t> songs(size > EpochOrder::kMostShuffled ? least : permutations * size);
    EpochOrder(size, random).copy(0, songs);
    return songs;
}

}  // namespace mgan::inline MGAN_ABI
