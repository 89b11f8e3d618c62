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

    /// When every shard has been collected: the noise path's gradient, written.
    void backward(const Generator<Scalar>& generator, NoisePath<Scalar>& gradient, int threads) {
        generator.noise_path.backward(std::as_const(d_w_).view(), {}, cache_, gradient,
                                      Update::assign, threads);
    }

private:
    Sequence<Scalar> z_, d_w_;
    typename NoisePath<Scalar>::Cache cache_;
    const Sequence<Scalar>* w_ = nullptr;  ///< in cache_
};

}  // namespace mgan::inline MGAN_ABI
