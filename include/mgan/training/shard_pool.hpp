#pragma once
/// \file
/// The memory of a minibatch, shard by shard, and the sums over the shards.
///
///     batch     = shard 0 | shard 1 | ...        cut by its size alone, not by threads or ranks
///     one rank  = some shards in a row           dealt by distributed/dealing.hpp
///     one shard = one task, computed by one thread, whichever is free
///     sums      = in the order of the shards     so that neither threads nor ranks change a bit
///
/// A rank has memory for its own shards alone; sums are there on every rank.

#include <mgan/core/parallel.hpp>
#include <mgan/distributed/ordered_sum.hpp>
#include <mgan/layers/parameters.hpp>
#include <mgan/training/losses.hpp>

#include <algorithm>
#include <type_traits>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// `Memory`: what a shard works with.
template <typename Memory>
class ShardPool {
    using Scalar = typename Memory::ScalarType;

public:
    /// For batches of up to `batch` songs, in shards of up to `shard_songs`; `cut_by` is never told
    /// less. Refers to `ranks`.
    ShardPool(Index batch, Index shard_songs, int threads, Communicator& ranks)
        : shard_songs_(shard_songs),
          most_(shard_count(batch, shard_songs)),
          threads_(threads),
          ranks_(&ranks),
          // A rank without shards has memory for one too: for sums.
          shards_(static_cast<std::size_t>(
              std::max<Index>(1, share_of(most_, ranks.size(), 0).size()))) {}

    /// From now on the shards have up to so many songs. What they hold is of no use afterwards.
    void cut_by(Index shard_songs) noexcept { shard_songs_ = shard_songs; }

    [[nodiscard]] int threads() const noexcept { return threads_; }
    [[nodiscard]] Communicator& ranks() const noexcept { return *ranks_; }

    /// Shards that a batch of `batch` songs fills, on all ranks together.
    [[nodiscard]] Index count(Index batch) const noexcept {
        return std::min<Index>(most_, shard_count(batch, shard_songs_));
    }
    /// Those of them that are this rank's, by number.
    [[nodiscard]] Shard own(Index batch) const noexcept { return own_share(count(batch), *ranks_); }
    /// The songs of a batch of `batch` songs that are in shard `index`.
    [[nodiscard]] Shard songs_of(Index batch, Index index) const noexcept {
        return shard_of(batch, count(batch), index);
    }

    /// The memory of this rank's shards, filled or not; of one at least.
    [[nodiscard]] std::vector<Memory>& all() noexcept { return shards_; }
    [[nodiscard]] const std::vector<Memory>& all() const noexcept { return shards_; }
    /// The memory of shard `index`, which is one of `own(batch)`.
    [[nodiscard]] Memory& at(Index batch, Index index) noexcept {
        return shards_[static_cast<std::size_t>(index - own(batch).begin)];
    }
    [[nodiscard]] const Memory& at(Index batch, Index index) const noexcept {
        return shards_[static_cast<std::size_t>(index - own(batch).begin)];
    }

    /// Calls body(range of the batch, memory) for every shard of this rank, of a batch of `batch`
    /// songs; or body(range, memory, number of the shard).
    template <typename Body>
    void for_each(Index batch, Body&& body) {
        const Shard mine = own(batch);
        parallel_for(mine.size(), threads_, [&](std::ptrdiff_t i) {
            const Index index = mine.begin + i;
            Memory& memory = shards_[static_cast<std::size_t>(i)];
            if constexpr (std::is_invocable_v<Body&, Shard, Memory&, Index>) {
                body(songs_of(batch, index), memory, index);
            } else {
                body(songs_of(batch, index), memory);
            }
        });
    }

    /// Collective: the sum of losses_of(memory).
    template <typename LossesOf>
    [[nodiscard]] Losses sum_losses(Index batch, LossesOf&& losses_of) {
        losses_.resize(static_cast<std::size_t>(count(batch)));
        const Shard mine = own(batch);
        for (Index i = mine.begin; i < mine.end; ++i)
            losses_[static_cast<std::size_t>(i)] = losses_of(at(batch, i));
        gather_shares(*ranks_, count(batch), 1, std::span(losses_));
        Losses sum;
        for (const Losses& losses : losses_) sum += losses;
        return sum;
    }

    /// Collective: the sum of gradient_of(memory), left in the rank's first shard.
    template <typename GradientOf>
    [[nodiscard]] auto& sum_gradients(Index batch, GradientOf&& gradient_of) {
        auto& sum = gradient_of(shards_.front());
        const Shard mine = own(batch);
        const auto shards = static_cast<std::size_t>(mine.size());
        if (terms_.size() < shards) terms_.resize(shards);
        for (Index i = mine.begin; i < mine.end; ++i) {
            Blocks<Scalar>& term = terms_[static_cast<std::size_t>(i - mine.begin)];
            term.clear();
            for_each_parameter(
                gradient_of(at(batch, i)), [&](const ParameterName&, auto& parameter) {
                    term.add(parameter.data(), static_cast<std::size_t>(parameter.size()));
                });
        }
        const std::span<const Blocks<Scalar>> terms(terms_.data(), shards);
        if (ranks_->size() == 1) {
            add_to_first(terms);
            return sum;
        }
        sum_in_order(*ranks_, count(batch), static_cast<std::size_t>(parameter_count(sum)), terms,
                     flat_);
        assign_parameters(sum, std::span<const Scalar>(flat_));
        return sum;
    }

    /// Collective: `columns` has a column for each song of a batch of `batch`. The rank has filled
    /// in those of its own songs; afterwards it has all.
    void gather_columns(Index batch, Matrix<Scalar>& columns) {
        const int size = ranks_->size();
        if (size == 1) return;
        std::vector<std::size_t> sizes(static_cast<std::size_t>(size), 0);
        for (int rank = 0; rank < size; ++rank) {
            const Shard shards = share_of(count(batch), size, rank);
            for (Index i = shards.begin; i < shards.end; ++i)
                sizes[static_cast<std::size_t>(rank)] +=
                    static_cast<std::size_t>(songs_of(batch, i).size() * columns.rows()) *
                    sizeof(Scalar);
        }
        ranks_->gather(
            bytes_of(std::span(columns.data(), static_cast<std::size_t>(columns.size()))), sizes);
    }

    /// Collective: a number, or a plain struct of numbers, that begins as `value` and is taken on
    /// by next(value, memory) for each shard in its order.
    template <typename Value, typename Next>
    [[nodiscard]] Value fold(Index batch, Value value, Next&& next) {
        return continue_in_order(*ranks_, count(batch), value, [&](Value now) {
            const Shard mine = own(batch);
            for (Index i = mine.begin; i < mine.end; ++i) now = next(now, at(batch, i));
            return now;
        });
    }

private:
    /// Adds terms 1, 2, ... to term 0, in their order, in pieces that threads take side by side.
    void add_to_first(std::span<const Blocks<Scalar>> terms) const {
        constexpr std::size_t kPiece = 8192;
        const auto pieces = static_cast<std::ptrdiff_t>((terms[0].size() + kPiece - 1) / kPiece);
        if (terms.size() < 2) return;
        parallel_for(pieces, threads_, [&](std::ptrdiff_t piece) {
            const std::size_t begin = static_cast<std::size_t>(piece) * kPiece;
            for (std::size_t i = 1; i < terms.size(); ++i) {
                terms[0].visit(begin, kPiece, [&](std::span<Scalar> to, std::size_t place) {
                    Scalar* out = to.data();
                    terms[i].visit(place, to.size(), [&](std::span<Scalar> from, std::size_t) {
                        const auto size = static_cast<Index>(from.size());
                        VectorMap<Scalar>(out, size) += ConstVectorMap<Scalar>(from.data(), size);
                        out += size;
                    });
                });
            }
        });
    }

    Index shard_songs_, most_;
    int threads_;
    Communicator* ranks_;
    std::vector<Memory> shards_;
    std::vector<Losses> losses_;
    std::vector<Blocks<Scalar>> terms_;  ///< of a sum, a shard each
    std::vector<Scalar> flat_;           ///< a sum on its way from rank to rank
};

}  // namespace mgan::inline MGAN_ABI
