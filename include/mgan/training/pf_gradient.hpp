#pragma once
/// \file
/// The PF classifier's gradient of a whole minibatch, from what its shards have heard.
///
///     wide layer   formed once, of all shards' spectra: `wide_gradients` of pf_step.hpp
///     the rest     the sum of the shards' gradients, in their order
///
/// Between processes the spectra travel, and every one forms the wide layer's gradient itself: it
/// has a hundred times as many numbers as the spectra that it is made of.

#include <mgan/training/pf_step.hpp>
#include <mgan/training/shard_pool.hpp>

#include <vector>

namespace mgan::inline MGAN_ABI {

/// Memory is reused from step to step.
template <typename Scalar>
class PfGradient {
public:
    PfGradient() = default;
    explicit PfGradient(const PfClassifier<Scalar>& net) : sum_(net) {}

    /// Collective: the gradient of a minibatch of `batch` songs, after `pf_classifier_pass` on all
    /// its shards. heard_of(memory): the HeardShard in the memory of a shard.
    template <typename Memory, typename HeardOf>
    [[nodiscard]] PfClassifier<Scalar>& sum(ShardPool<Memory>& shards, Index batch,
                                            HeardOf&& heard_of) {
        const Shard mine = shards.own(batch);
        exchange_spectra(shards, batch, heard_of);
        const auto shard = [&](Index i) -> const HeardShard<Scalar>& {
            return i >= mine.begin && i < mine.end ? heard_of(shards.at(batch, i))
                                                   : others_[static_cast<std::size_t>(i)];
        };
        wide_gradients<Scalar>(shards.count(batch), shard, shards.threads(), sum_.wide);
        set_zero(sum_.head);
        add_parameters(
            sum_.head,
            shards.sum_gradients(
                batch, [&](Memory & memory) -> auto& { return heard_of(memory).gradient; }),
            Scalar(1));
        return sum_;
    }

private:
    /// What the wide layer's gradient is made of, of the shards of other ranks.
    template <typename Memory, typename HeardOf>
    void exchange_spectra(ShardPool<Memory>& shards, Index batch, HeardOf& heard_of) {
        if (shards.ranks().size() == 1) return;
        const Index inputs = sum_.wide.in(), hidden = sum_.wide.out();
        const auto each = [&](HeardShard<Scalar>& shard, auto&& use) {
            Index row = 0;
            for (Matrix<Scalar>* part : {&shard.real, &shard.generated, &shard.real_cache.d_hidden,
                                         &shard.generated_cache.d_hidden}) {
                const Index rows = row < 2 * inputs ? inputs : hidden;
                use(*part, row, rows);
                row += rows;
            }
        };
        const Shard mine = shards.own(batch);
        spectra_.resize(2 * (inputs + hidden), batch);
        for (Index i = mine.begin; i < mine.end; ++i) {
            const Shard songs = shards.songs_of(batch, i);
            each(heard_of(shards.at(batch, i)), [&](Matrix<Scalar>& part, Index row, Index rows) {
                spectra_.block(row, songs.begin, rows, songs.size()) = part;
            });
        }
        shards.gather_columns(batch, spectra_);
        others_.resize(static_cast<std::size_t>(shards.count(batch)));
        for (Index i = 0; i < shards.count(batch); ++i) {
            if (i >= mine.begin && i < mine.end) continue;
            const Shard songs = shards.songs_of(batch, i);
            each(others_[static_cast<std::size_t>(i)],
                 [&](Matrix<Scalar>& part, Index row, Index rows) {
                     part = spectra_.block(row, songs.begin, rows, songs.size());
                 });
        }
    }

    PfClassifier<Scalar> sum_;
    // With several ranks: spectra and what is learnt from them, a column a song; by shard, those of
    // other ranks.
    Matrix<Scalar> spectra_;
    std::vector<HeardShard<Scalar>> others_;
};

}  // namespace mgan::inline MGAN_ABI
