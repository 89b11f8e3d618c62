#pragma once
/// \file
/// The recurrent judge: is this window of notes from a real song?
///
///     notes -> event embedding -> ReLU -> dropout -> e_t                  E features
///           -> convolution over 5 notes -> ReLU         -> c_t            C channels
///           -> BiLSTM                                   -> h_t            2 H
///           -> mean and maximum over time of h and c    -> 4 H + 2 C
///           -> dropout -> dense -> ReLU -> dropout -> dense -> a          one logit a window
///
/// It shares no weight, no feature and no training step with any discriminator of the models, so
/// that what fools a discriminator need not fool it. Backward walks the same list from its end;
/// each piece knows its own.
///
/// Dropout (Srivastava et al. 2014): an entry becomes 0 with probability 1/4, the others grow by
/// 4/3. The mask is a function of (seed, step, place), so backward asks for it again and nothing is
/// kept.

#include <mgan/core/random.hpp>
#include <mgan/judging/event_embedding.hpp>
#include <mgan/judging/time_convolution.hpp>
#include <mgan/judging/time_pooling.hpp>
#include <mgan/layers/activation.hpp>
#include <mgan/layers/bilstm.hpp>
#include <mgan/layers/initialisation.hpp>

#include <algorithm>

namespace mgan::inline MGAN_ABI::judging {

/// Sizes of the layers.
struct JudgeNetworkSizes {
    Index embedding = 48;  ///< E
    Index channels = 64;   ///< C
    Index hidden = 48;     ///< H, of each direction
    Index head = 64;
    Index width = 5;  ///< notes that the convolution sees
};

/// What dropout multiplies the entries by that it keeps.
template <typename Scalar>
inline constexpr RealOf<Scalar> kKept = RealOf<Scalar>(4) / RealOf<Scalar>(3);

/// Sets entries to zero with probability 1/4 and multiplies the others by 4/3; the same entries for
/// the same `random` and `first` (the number of the first entry, a multiple of 8).
template <typename Scalar>
void drop_out(MatrixRef<Scalar> x, const Random& random, std::uint64_t first) {
    // A byte of random bits an entry, eight entries a draw.
    const auto scale = [](Scalar& entry, std::uint64_t byte) {
        entry *= (byte & 0xFF) < 64 ? RealOf<Scalar>(0) : kKept<Scalar>;
    };
    std::uint64_t place = first, bits = 0;
    for (Index j = 0; j < x.cols(); ++j) {
        for (Index i = 0; i < x.rows();) {
            const auto at = static_cast<Index>(place % 8);
            const Index count = std::min(8 - at, x.rows() - i);
            if (at == 0) bits = random.bits(place / 8);
            Scalar* const entries = &x(i, j);
            if (count == 8) {  // of a length that the compiler knows
                for (int k = 0; k < 8; ++k) scale(entries[k], bits >> 8 * k);
            } else {
                for (Index k = 0; k < count; ++k) scale(entries[k], bits >> 8 * (at + k));
            }
            i += count;
            place += static_cast<std::uint64_t>(count);
        }
    }
}

template <typename Scalar>
class JudgeNetwork {
public:
    using ScalarType = Scalar;

    struct Cache {
        Sequence<Scalar> embedded;  ///< [T, B, E]: e_t
        Sequence<Scalar> channels;  ///< [T, B, C]: c_t
        typename BiLstm<Scalar>::Cache recurrent;
        typename TimePooling<Scalar>::Cache recurrent_pooling;
        typename TimePooling<Scalar>::Cache channel_pooling;
        Matrix<Scalar> pooled;  ///< (4 H + 2 C) x B
        Matrix<Scalar> head;    ///< head x B
        Matrix<Scalar> logits;  ///< 1 x B

        Sequence<Scalar> d_embedded, d_channels, d_recurrent;
        Matrix<Scalar> d_pooled, d_head;
        typename TimeConvolution<Scalar>::Cache convolution;
        typename Dense<Scalar>::Cache dense, output;
    };

    JudgeNetwork() = default;
    /// All parameters zero.
    explicit JudgeNetwork(const JudgeNetworkSizes& sizes)
        : embedding(sizes.embedding),
          convolution(sizes.embedding, sizes.channels, sizes.width),
          recurrent(sizes.channels, sizes.hidden, 1),
          dense(4 * sizes.hidden + 2 * sizes.channels, sizes.head),
          output(sizes.head, 1) {}

    /// The logit of each of the B windows. `dropout` (training alone) says which entries are
    /// dropped. The result lives in the cache.
    ConstVectorMap<Scalar> forward(const NoteFeatures<Scalar>& x, Cache& cache,
                                   const Random* dropout = nullptr) const {
        cache.embedded.resize(x.steps, x.batch, embedding.size());
        embedding.forward(x, cache.embedded.all());
        activate<Scalar>(Activation::relu, cache.embedded.all());
        drop(cache.embedded.all(), dropout, 0);

        cache.channels.resize(x.steps, x.batch, convolution.out());
        convolution.forward(std::as_const(cache.embedded).view(), cache.channels.view());
        activate<Scalar>(Activation::relu, cache.channels.all());
        const Sequence<Scalar>& h =
            recurrent.forward(std::as_const(cache.channels).view(), cache.recurrent);

        const Index of_h = 2 * h.features(), of_c = 2 * convolution.out();
        cache.pooled.resize(of_h + of_c, x.batch);
        TimePooling<Scalar>::forward(h.view(), cache.pooled.topRows(of_h), cache.recurrent_pooling);
        TimePooling<Scalar>::forward(std::as_const(cache.channels).view(),
                                     cache.pooled.bottomRows(of_c), cache.channel_pooling);

        drop(cache.pooled, dropout, 1);
        cache.head.resize(dense.out(), x.batch);
        dense.forward(cache.pooled, cache.head);
        activate<Scalar>(Activation::relu, cache.head);
        drop(cache.head, dropout, 2);
        cache.logits.resize(1, x.batch);
        output.forward(cache.head, cache.logits);
        return ConstVectorMap<Scalar>(cache.logits.data(), x.batch);
    }

    /// Adds to `gradients`, given d_logits (1 x B) and what `forward` left in the cache.
    void backward(const ConstMatrixRef<Scalar>& d_logits, const NoteFeatures<Scalar>& x,
                  Cache& cache, JudgeNetwork& gradients, const Random* dropout = nullptr) const {
        output.prepare_backward(cache.output);
        output.backward_parameters(cache.head, d_logits, gradients.output);
        cache.d_head.resize(dense.out(), x.batch);
        output.backward_input(d_logits, cache.output, cache.d_head);
        undrop(cache.d_head, dropout);
        activate_backward<Scalar>(Activation::relu, cache.head, cache.d_head);

        dense.prepare_backward(cache.dense);
        dense.backward_parameters(cache.pooled, cache.d_head, gradients.dense);
        cache.d_pooled.resize(dense.in(), x.batch);
        dense.backward_input(cache.d_head, cache.dense, cache.d_pooled);
        drop(cache.d_pooled, dropout, 1);

        const Index of_h = 4 * recurrent.hidden(), of_c = 2 * convolution.out();
        cache.d_recurrent.resize(x.steps, x.batch, 2 * recurrent.hidden());
        cache.d_recurrent.set_zero();
        TimePooling<Scalar>::backward(cache.d_pooled.topRows(of_h), cache.d_recurrent.view(),
                                      cache.recurrent_pooling);
        cache.d_channels.resize(x.steps, x.batch, convolution.out());
        recurrent.backward(std::as_const(cache.d_recurrent).view(), cache.d_channels.view(),
                           cache.recurrent, gradients.recurrent);
        TimePooling<Scalar>::backward(cache.d_pooled.bottomRows(of_c), cache.d_channels.view(),
                                      cache.channel_pooling);
        activate_backward<Scalar>(Activation::relu, cache.channels.all(), cache.d_channels.all());

        cache.d_embedded.resize(x.steps, x.batch, embedding.size());
        convolution.backward(std::as_const(cache.embedded).view(),
                             std::as_const(cache.d_channels).view(), cache.d_embedded.view(),
                             cache.convolution, gradients.convolution);
        undrop(cache.d_embedded.all(), dropout);
        activate_backward<Scalar>(Activation::relu, cache.embedded.all(), cache.d_embedded.all());
        embedding.backward(x, cache.d_embedded.all(), gradients.embedding);
    }

    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const ParameterName& prefix) {
        const auto part = [&](std::string_view what, auto& layer) {
            const ParameterName inner = prefix / what;
            std::remove_cvref_t<decltype(layer)>::visit(layer, visitor, inner);
        };
        part("embedding.", self.embedding);
        part("convolution.", self.convolution);
        part("bilstm.", self.recurrent);
        part("dense.", self.dense);
        part("output.", self.output);
    }

    EventEmbedding<Scalar> embedding;
    TimeConvolution<Scalar> convolution;
    BiLstm<Scalar> recurrent;
    Dense<Scalar> dense;
    Dense<Scalar> output;

private:
    /// The masks of the three places lie far apart.
    static void drop(MatrixRef<Scalar> x, const Random* dropout, std::uint64_t place) {
        if (dropout != nullptr) drop_out<Scalar>(x, *dropout, place << 40);
    }
    /// Backward, before a ReLU: what was dropped is zero, as what ReLU has cut off, and ReLU passes
    /// nothing on there.
    static void undrop(MatrixRef<Scalar> d, const Random* dropout) {
        if (dropout != nullptr) d *= kKept<Scalar>;
    }
};

/// Initial parameters: those of PyTorch, vectors of codes normal with deviation 0.3, so that a sum
/// of eight is of the order of one.
template <typename Scalar>
void initialise_judge(JudgeNetwork<Scalar>& network, std::uint64_t seed) {
    initialise(network, Random(seed, "judge weights"));
    const Random random(seed, "judge embedding");
    Matrix<Scalar>& table = network.embedding.table;
    for (Index i = 0; i < table.size(); ++i) {
        table.data()[i] =
            static_cast<RealOf<Scalar>>(0.3 * random.normal(static_cast<std::uint64_t>(i)));
    }
}

}  // namespace mgan::inline MGAN_ABI::judging
