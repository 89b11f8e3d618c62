#pragma once
/// \file
/// The noise path of a minibatch, for all its songs at once.
///
///     z, all songs ------> NoisePath ------> w ---+--> shard 1: generator, free and taught
///     (each thread takes some of the songs)       +--> shard 2: ...
///
///     dw of a song  =  the sum over the passes that read w        (free running, teacher forcing)
///     gradient of the noise path from dw, once for the batch
///
/// If each shard ran the path for itself, each would read all weights of the mapping network and
/// write a gradient of their size, to be summed: for songs of 250 events a third of a step, spent
/// waiting for memory. Here every weight is read twice per step and its gradient written once.
///
/// Ranks of several machines do the same: each runs the path for all songs of the batch. What
/// travels is dw, T Z numbers a song, instead of a gradient with (T Z)^2 numbers a layer.

#include <mgan/core/parallel.hpp>
#include <mgan/models/generator.hpp>

#include <utility>

namespace mgan::inline MGAN_ABI {

template <typename Scalar>
class BatchNoise {
public:
    /// Prepares room for `batch` songs of `steps` noise vectors.
    void resize(Index steps, Index batch, Index features) {
        z_.resize(steps, batch, features);
        d_w_.resize(steps, batch, features);
    }

    /// z of the songs of one shard. Shards may come in any order, side by side.
    void put(Shard shard, const Sequence<Scalar>& z) { place_samples(z, shard.begin, z_); }

    /// w of all songs, when every shard has put its z.
    void forward(const Generator<Scalar>& generator, int threads) {
        w_ = &generator.noise_path.forward(std::as_const(z_).view(), cache_, threads);
        d_w_.set_zero();
    }

    /// w of the songs of one shard.
    void get(Shard shard, Sequence<Scalar>& w) const {
        copy_samples(*w_, shard.begin, shard.end, w);
    }

    /// After the generator's backward pass over the songs of a shard: adds its dw. Shards may come
    /// side by side.
    void collect(Shard shard, const typename Generator<Scalar>::Cache& pass) {
        for (Index t = 0; t < pass.d_input.steps(); ++t) {
            d_w_.step(t).middleCols(shard.begin, shard.size()) +=
                pass.d_input.step(t).topRows(d_w_.features());
        }
    }

    /// Where songs are on several ranks: calls gather(columns) with dw of song b in column b, which
    /// fills in what other ranks have collected.
    template <typename Gather>
    void exchange(Gather&& gather) {
        const Index rows = d_w_.features();
        columns_.resize(d_w_.steps() * rows, d_w_.batch());
        for (Index t = 0; t < d_w_.steps(); ++t) columns_.middleRows(t * rows, rows) = d_w_.step(t);
        gather(columns_);
        for (Index t = 0; t < d_w_.steps(); ++t) d_w_.step(t) = columns_.middleRows(t * rows, rows);
    }

    /// When every shard has been collected: the noise path's gradient, written.
    void backward(const Generator<Scalar>& generator, NoisePath<Scalar>& gradient, int threads) {
        generator.noise_path.backward(std::as_const(d_w_).view(), {}, cache_, gradient,
                                      Update::assign, threads);
    }

private:
    Sequence<Scalar> z_, d_w_;
    Matrix<Scalar> columns_;  ///< dw, a column a song
    typename NoisePath<Scalar>::Cache cache_;
    const Sequence<Scalar>* w_ = nullptr;  ///< in cache_
};

}  // namespace mgan::inline MGAN_ABI
