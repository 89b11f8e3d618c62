#pragma once
/// \file
/// The memory of a minibatch, shard by shard, and the sums over the shards.
///
///     batch     = shard 0 | shard 1 | ...        cut by its size alone, not by the threads
///     one shard = one task, computed by one thread, whichever is free
///     sums      = in the order of the shards     so that threads change no bit

#include <mgan/core/parallel.hpp>
#include <mgan/layers/parameters.hpp>
#include <mgan/training/losses.hpp>

#include <algorithm>
#include <type_traits>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// `Memory`: what a shard works with.
template <typename Memory>
class ShardPool {
public:
    /// For batches of up to `batch` songs, in shards of up to `shard_songs`.
    ShardPool(Index batch, Index shard_songs, int threads)
        : shard_songs_(shard_songs),
          threads_(threads),
          shards_(static_cast<std::size_t>(shard_count(batch, shard_songs))) {}

    [[nodiscard]] int threads() const noexcept { return threads_; }

    /// Shards that a batch of `batch` songs fills.
    [[nodiscard]] Index count(Index batch) const noexcept {
        return std::min<Index>(static_cast<Index>(shards_.size()),
                               shard_count(batch, shard_songs_));
    }

    /// All shards, filled or not.
    [[nodiscard]] std::vector<Memory>& all() noexcept { return shards_; }
    [[nodiscard]] const std::vector<Memory>& all() const noexcept { return shards_; }
    [[nodiscard]] Memory& operator[](Index i) noexcept {
        return shards_[static_cast<std::size_t>(i)];
    }
    [[nodiscard]] const Memory& operator[](Index i) const noexcept {
        return shards_[static_cast<std::size_t>(i)];
    }

    /// Calls body(range of the batch, memory) for every shard of a batch of `batch` songs.
    template <typename Body>
    void for_each(Index batch, Body&& body) {
        const Index shards = count(batch);
        parallel_for(shards, threads_, [&](std::ptrdiff_t index) {
            body(shard_of(batch, shards, index), (*this)[index]);
        });
    }

    /// The sum of losses_of(memory).
    template <typename LossesOf>
    [[nodiscard]] Losses sum_losses(Index batch, LossesOf&& losses_of) const {
        Losses sum;
        for (Index i = 0; i < count(batch); ++i) sum += losses_of((*this)[i]);
        return sum;
    }

    /// The sum of gradient_of(memory), left in shard 0.
    template <typename GradientOf>
    [[nodiscard]] auto& sum_gradients(Index batch, GradientOf&& gradient_of) {
        auto& sum = gradient_of((*this)[0]);
        using One = typename std::remove_cvref_t<decltype(sum)>::ScalarType;
        for (Index i = 1; i < count(batch); ++i)
            add_parameters(sum, gradient_of((*this)[i]), One(1));
        return sum;
    }

private:
    Index shard_songs_;
    int threads_;
    std::vector<Memory> shards_;
};

}  // namespace mgan::inline MGAN_ABI
