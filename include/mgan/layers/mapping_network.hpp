#pragma once
/// \file
/// The input mapping network (section 3.2.1 of the paper, figure 3): noise in, better noise out.
///
/// The whole noise plane of a song, T steps of F values, becomes one long vector; a stack of square
/// dense layers with ReLU moves it to a space that the generator finds easier to play from (the
/// idea of StyleGAN, Karras et al. 2019); then it becomes a plane again.
///
///     h^(0) = flatten(z)                        T F numbers a song, step by step (t F + f)    (1)
///     h^(k) = relu(W_k h^(k-1) + b_k)           k = 1 .. n, W_k: T F x T F                    (2)
///     w     = plane(h^(n))                                                                    (3)
///
/// This is the one place where the length of a song is built into the weights: W_k has a row and a
/// column for every step. A network for T = 100 maps 100 steps, no more and no fewer. For a shorter
/// song, map all of it and use the beginning.
///
/// Backward is that of n dense layers. W_k^T is not stored beside W_k: with 1000 x 1000 weights and
/// a batch of 20 songs, writing the transpose would take longer than the product.
///
/// For T = 250, eight layers have 8 million weights, 32 MB, and a batch meets each of them 20
/// times: time goes into reading them. So a training gives the songs of the whole batch at once.
/// Each thread takes some of the songs through all layers, and then some rows of the gradients; an
/// entry is the same sum whoever computes it.

#include <mgan/core/parallel.hpp>
#include <mgan/core/random.hpp>
#include <mgan/layers/activation.hpp>
#include <mgan/layers/dense.hpp>
#include <mgan/tensor/sequence.hpp>
#include <mgan/tensor/transposed_product.hpp>

#include <vector>

namespace mgan::inline MGAN_ABI {

template <typename Scalar>
class MappingNetwork {
public:
    using ScalarType = Scalar;

    struct Cache {
        std::vector<Matrix<Scalar>> values;    ///< h^(0) .. h^(n), T F x B each
        std::vector<Matrix<Scalar>> d_values;  ///< dh^(0), then da of layers 1 .. n
    };

    MappingNetwork() = default;

    /// For planes of `steps` x `features` (T x F), `count` layers; all parameters zero (see
    /// layers/initialisation.hpp). Throws ConfigError.
    MappingNetwork(Index steps, Index features, Index count = 8)
        : steps_(steps), features_(features) {
        require<ConfigError>(steps > 0 && features > 0 && count >= 0, "MappingNetwork: ", count,
                             " layers for songs of ", steps, " steps of ", features,
                             " values; a mapping network needs the length of the songs (T)");
        for (Index k = 0; k < count; ++k) layers.emplace_back(steps * features, steps * features);
    }

    /// T: the length of the songs that this network maps.
    [[nodiscard]] Index steps() const noexcept { return steps_; }
    [[nodiscard]] Index features() const noexcept { return features_; }

    /// Equations (1) to (3). z, w: [T, B, F]; w is written. Throws ShapeError.
    void forward(SequenceView<const Scalar> z, SequenceView<Scalar> w, Cache& cache,
                 int threads = 1) const {
        check("forward", z.steps(), z.features());
        check("forward", w.steps(), w.features());
        cache.values.resize(layers.size() + 1);
        flatten(z, cache.values[0]);
        for (std::size_t k = 0; k < layers.size(); ++k)
            cache.values[k + 1].resize(layers[k].out(), z.batch());
        for_songs(z.batch(), threads, [&](Index first, Index count) {
            for (std::size_t k = 0; k < layers.size(); ++k) {
                auto y = cache.values[k + 1].middleCols(first, count);
                layers[k].forward(cache.values[k].middleCols(first, count), y);
                activate<Scalar>(Activation::relu, y);
            }
        });
        unflatten(cache.values.back(), w);
    }

    /// dw: [T, B, F]; dz: [T, B, F], written, or an empty view; `gradients` is added to, or
    /// written. Throws ShapeError.
    void backward(SequenceView<const Scalar> dw, SequenceView<Scalar> dz, Cache& cache,
                  MappingNetwork& gradients, Update update = Update::add, int threads = 1) const {
        check("backward", dw.steps(), dw.features());
        const std::size_t n = layers.size();
        cache.d_values.resize(n + 1);
        flatten(dw, cache.d_values[n]);
        for (std::size_t k = 0; k < n; ++k) cache.d_values[k].resize(layers[k].in(), dw.batch());
        for_songs(dw.batch(), threads, [&](Index first, Index count) {
            for (std::size_t k = n; k-- > 0;) {
                auto d = cache.d_values[k + 1].middleCols(first, count);
                activate_backward<Scalar>(Activation::relu,
                                          cache.values[k + 1].middleCols(first, count), d);
                if (k == 0 && dz.empty()) return;
                multiply_transposed<Scalar>(layers[k].weight, d,
                                            cache.d_values[k].middleCols(first, count));
            }
        });
        constexpr Index kRows = 64;  // of a gradient that a thread writes at a time
        const Index rows = steps_ * features_, blocks = shard_count(rows, kRows);
        parallel_for(static_cast<Index>(n) * blocks, threads, [&](std::ptrdiff_t index) {
            const auto k = static_cast<std::size_t>(index / blocks);
            const Index row = index % blocks * kRows, count = std::min(kRows, rows - row);
            const auto d = cache.d_values[k + 1].middleRows(row, count);
            outer_product<Scalar>(d, cache.values[k],
                                  gradients.layers[k].weight.middleRows(row, count), update);
            auto bias = gradients.layers[k].bias.segment(row, count);
            if (update == Update::assign) bias.setZero();
            for (Index b = 0; b < d.cols(); ++b) bias += d.col(b);
        });
        if (!dz.empty()) unflatten(cache.d_values[0], dz);
    }

    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const ParameterName& prefix) {
        for (std::size_t k = 0; k < self.layers.size(); ++k) {
            const ParameterName name = prefix.numbered("", static_cast<Index>(k), ".");
            Dense<Scalar>::visit(self.layers[k], visitor, name);
        }
    }

    std::vector<Dense<Scalar>> layers;

private:
    /// Calls work(first, count) for as many equal parts of the songs as there are threads.
    template <typename Work>
    static void for_songs(Index batch, int threads, Work&& work) {
        const Index parts = std::clamp<Index>(threads, 1, batch);
        parallel_for(parts, threads, [&](std::ptrdiff_t part) {
            const Shard songs = shard_of(batch, parts, part);
            work(songs.begin, songs.size());
        });
    }

    /// Column b: the plane of song b, step after step.
    void flatten(SequenceView<const Scalar> plane, Matrix<Scalar>& columns) const {
        columns.resize(steps_ * features_, plane.batch());
        for (Index t = 0; t < steps_; ++t)
            columns.middleRows(t * features_, features_) = plane.step(t);
    }
    void unflatten(const Matrix<Scalar>& columns, SequenceView<Scalar> plane) const {
        for (Index t = 0; t < steps_; ++t)
            plane.step(t) = columns.middleRows(t * features_, features_);
    }

    void check(const char* where, Index steps, Index features) const {
        if (steps != steps_ || features != features_) {
            fail<ShapeError>(
                "MappingNetwork::", where, ": a noise plane of ", steps, " steps of ", features,
                " values, but the network was built for songs of exactly ", steps_, " steps of ",
                features_, ". Give a plane of ", steps_,
                " steps (and use the beginning of the result for a shorter song), train a model "
                "for songs of ",
                steps, " steps, or use a variant without mapping network");
        }
    }

    Index steps_ = 0;
    Index features_ = 0;
};

/// Initial values that let the noise through: W ~ U(-l, l) with l = sqrt(6 / (T F)), b = 0 (He et
/// al. 2015). A ReLU drops half of what it gets; this factor makes up for it. With the usual bound,
/// 1 / sqrt(T F), each layer keeps a sixth of the variance, and after eight of them the noise has a
/// thousandth of its size: all songs would start out alike. `random` must be a stream that nothing
/// else draws from.
template <typename Scalar>
void initialise_mapping(MappingNetwork<Scalar>& network, const Random& random) {
    std::uint64_t index = 0;
    for (Dense<Scalar>& layer : network.layers) {
        const double bound = std::sqrt(6.0 / static_cast<double>(layer.in()));
        for (Index i = 0; i < layer.weight.size(); ++i) {
            layer.weight.data()[i] =
                Scalar(static_cast<RealOf<Scalar>>(random.uniform(index++, -bound, bound)));
        }
        layer.bias.setZero();
    }
}

}  // namespace mgan::inline MGAN_ABI
