#pragma once
/// \file
/// The network of the PF classifier (section 3.3.2 of the paper): does this song *sound* real?
///
/// In front of it stands the frequency converter (audio/frequency_converter.hpp), which turns a
/// song into its spectrum x. The network sees nothing else of the song:
///
///     x                                     5000: inputs      one column a song
///     h^(1)  = relu(W_1 x + b_1)            1000                                              (1)
///     h^(2)  = relu(W_2 h^(1) + b_2)        500                                               (2)
///     pieces = h^(2), cut into T            T x 500/T         "time" runs along the spectrum  (3)
///     h      = BiLSTM(pieces)               two stacked layers, 100 units a direction
///     ends   = [forward h_T ; backward h_1]     what each direction knows at its end          (4)
///     a      = W ends + b                   PF(x) = sigmoid(a)                                (5)
///
///     h^(2)    | 0 1 ... 24 | 25 ... 49 | ... | 475 ... 499 |       T = 20 pieces of 25
///                   -->          -->                 -->   forward h_T
///     backward h_1  <--          <--                 <--
///
/// The paper's words leave T open: 500 steps of one value (preset `paper`), or 20 of 25, which is
/// fifteen times as fast and learns better (docs/results.md).
///
/// The paper's first attempt, which "failed to improve" (section 4.3), is kind `dense`: five dense
/// layers with ReLU, here of 1000, 500, and three times 100 units, then (5).
///
/// The result is the logit a, not PF(x): the losses (layers/loss.hpp) take the sigmoid themselves
/// and lose no digits where PF(x) is near 0 or 1.
///
/// W_1 has nine tenths of all parameters, five million. Its gradient, da_1 x^T, is a product that
/// writes 20 MB and reads next to nothing, so it should be formed once a minibatch, not once a
/// shard: `PfClassifier::backward` leaves da_1 in the cache, and `wide_gradient` makes any rows of
/// the product of it.

#include <mgan/layers/activation.hpp>
#include <mgan/layers/bilstm.hpp>
#include <mgan/layers/dense.hpp>
#include <mgan/models/pf_classifier_settings.hpp>
#include <mgan/tensor/transposed_product.hpp>

namespace mgan::inline MGAN_ABI {

/// What follows the first dense layer: h^(1) -> logit, equations (2) to (5).
template <typename Scalar>
class PfHead {
public:
    using ScalarType = Scalar;

    struct Cache {
        std::vector<Matrix<Scalar>> values;  ///< h^(2) (kind dense: to h^(5))
        std::vector<typename Dense<Scalar>::Cache> dense;
        Sequence<Scalar> pieces;  ///< of (3), [T, B, hidden_2 / T]
        typename BiLstm<Scalar>::Cache bilstm;
        typename Dense<Scalar>::Cache output;
        Matrix<Scalar> features;  ///< ends, 2H x B (kind dense: h^(5), H x B)
        Matrix<Scalar> logit;     ///< a, 1 x B

        Matrix<Scalar> d_features;
        std::vector<Matrix<Scalar>> d_values;
        Sequence<Scalar> d_last;    ///< dh, [T, B, 2H], zero but for the ends
        Sequence<Scalar> d_pieces;  ///< [T, B, hidden_2 / T]
    };

    PfHead() = default;

    /// Throws ShapeError if the second layer cannot be cut into equal pieces.
    explicit PfHead(const PfClassifierSettings& config) : config_(config) {
        if (config.kind == PfKind::dense) {
            dense = {Dense<Scalar>(config.hidden_1, config.hidden_2),
                     Dense<Scalar>(config.hidden_2, config.hidden),
                     Dense<Scalar>(config.hidden, config.hidden),
                     Dense<Scalar>(config.hidden, config.hidden)};
            output = Dense<Scalar>(config.hidden, 1);
            return;
        }
        require<ShapeError>(config.steps > 0 && config.hidden_2 % config.steps == 0,
                            "PfClassifier: ", config.hidden_2,
                            " values (hidden_2) cannot be cut into ", config.steps,
                            " equal pieces (steps); take a divisor of ", config.hidden_2);
        dense = {Dense<Scalar>(config.hidden_1, config.hidden_2)};
        bilstm = BiLstm<Scalar>(config.hidden_2 / config.steps, config.hidden, config.layers);
        output = Dense<Scalar>(2 * config.hidden, 1);
    }

    /// h_1 (that is h^(1)): hidden_1 x B, kept until backward is done. Returns the logits, 1 x B,
    /// in the cache.
    const Matrix<Scalar>& forward(const ConstMatrixRef<Scalar>& h_1, Cache& cache) const {
        const Index batch = h_1.cols();
        cache.values.resize(dense.size());
        for (std::size_t k = 0; k < dense.size(); ++k) {
            cache.values[k].resize(dense[k].out(), batch);
            if (k == 0)
                dense[k].forward(h_1, cache.values[k]);
            else
                dense[k].forward(cache.values[k - 1], cache.values[k]);
            activate<Scalar>(Activation::relu, cache.values[k]);
        }
        if (config_.kind == PfKind::dense) {
            cache.features = cache.values.back();
        } else {
            cut(cache.values[0], cache.pieces);
            const Sequence<Scalar>& h =
                bilstm.forward(std::as_const(cache.pieces).view(), cache.bilstm);
            const Index half = config_.hidden;
            cache.features.resize(2 * half, batch);
            cache.features.topRows(half) = h.step(h.steps() - 1).topRows(half);
            cache.features.bottomRows(half) = h.step(0).bottomRows(half);
        }
        cache.logit.resize(1, batch);
        output.forward(cache.features, cache.logit);
        return cache.logit;
    }

    /// d_logit: 1 x B; h_1 as in forward; d_h_1: hidden_1 x B, written. `gradients` is added to.
    /// `d_features`: a further gradient of the features `ends`, of their shape, or empty.
    void backward(const Matrix<Scalar>& d_logit, const ConstMatrixRef<Scalar>& h_1,
                  MatrixRef<Scalar> d_h_1, Cache& cache, PfHead& gradients,
                  const Matrix<Scalar>& d_features = {}) const {
        run_backward(d_logit, h_1, d_h_1, cache, &gradients, d_features);
    }

    /// The gradient of h_1 alone: what the generator learns from.
    void backward_through(const Matrix<Scalar>& d_logit, const ConstMatrixRef<Scalar>& h_1,
                          MatrixRef<Scalar> d_h_1, Cache& cache,
                          const Matrix<Scalar>& d_features = {}) const {
        run_backward(d_logit, h_1, d_h_1, cache, nullptr, d_features);
    }

    /// Names: dense_2. (to dense_5.), bilstm., output.
    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const ParameterName& prefix) {
        for (std::size_t k = 0; k < self.dense.size(); ++k) {
            const ParameterName name = prefix.numbered("dense_", static_cast<Index>(k) + 2, ".");
            Dense<Scalar>::visit(self.dense[k], visitor, name);
        }
        BiLstm<Scalar>::visit(self.bilstm, visitor, prefix / "bilstm.");
        Dense<Scalar>::visit(self.output, visitor, prefix / "output.");
    }

    std::vector<Dense<Scalar>> dense;  ///< layers 2, 3, ...
    BiLstm<Scalar> bilstm;             ///< without layers in kind dense
    Dense<Scalar> output;

private:
    void run_backward(const Matrix<Scalar>& d_logit, const ConstMatrixRef<Scalar>& h_1,
                      MatrixRef<Scalar> d_h_1, Cache& cache, PfHead* gradients,
                      const Matrix<Scalar>& d_features) const {
        output.prepare_backward(cache.output);
        if (gradients != nullptr)
            output.backward_parameters(cache.features, d_logit, gradients->output);
        cache.d_features.resize(cache.features.rows(), cache.features.cols());
        output.backward_input(d_logit, cache.output, cache.d_features);
        if (d_features.size() > 0) cache.d_features += d_features;

        cache.d_values.resize(dense.size());
        for (std::size_t k = 0; k < dense.size(); ++k)
            cache.d_values[k].resize(cache.values[k].rows(), cache.values[k].cols());
        if (config_.kind == PfKind::dense) {
            cache.d_values.back() = cache.d_features;
        } else {
            const Sequence<Scalar>& h = cache.bilstm.layers.back().output;
            const Index half = config_.hidden;
            cache.d_last.resize(h.steps(), h.batch(), h.features());
            cache.d_last.set_zero();
            cache.d_last.step(h.steps() - 1).topRows(half) = cache.d_features.topRows(half);
            cache.d_last.step(0).bottomRows(half) = cache.d_features.bottomRows(half);
            cache.d_pieces.resize(cache.pieces.steps(), cache.pieces.batch(),
                                  cache.pieces.features());
            const SequenceView<const Scalar> d_last = std::as_const(cache.d_last).view();
            if (gradients != nullptr) {
                bilstm.backward(d_last, cache.d_pieces.view(), cache.bilstm, gradients->bilstm);
            } else {
                bilstm.backward_through(d_last, cache.d_pieces.view(), cache.bilstm);
            }
            join(cache.d_pieces, cache.d_values[0]);
        }
        cache.dense.resize(dense.size());
        for (std::size_t k = dense.size(); k-- > 0;) {
            activate_backward<Scalar>(Activation::relu, cache.values[k], cache.d_values[k]);
            dense[k].prepare_backward(cache.dense[k]);
            const ConstMatrixRef<Scalar> below =
                k == 0 ? h_1 : ConstMatrixRef<Scalar>(cache.values[k - 1]);
            if (gradients != nullptr)
                dense[k].backward_parameters(below, cache.d_values[k], gradients->dense[k]);
            if (k == 0)
                dense[k].backward_input(cache.d_values[k], cache.dense[k], d_h_1);
            else
                dense[k].backward_input(cache.d_values[k], cache.dense[k], cache.d_values[k - 1]);
        }
    }

    /// Equation (3): rows t n .. (t + 1) n - 1 of `values` become step t.
    void cut(const Matrix<Scalar>& values, Sequence<Scalar>& pieces) const {
        const Index width = values.rows() / config_.steps;
        pieces.resize(config_.steps, values.cols(), width);
        for (Index t = 0; t < config_.steps; ++t)
            pieces.step(t) = values.middleRows(t * width, width);
    }
    void join(const Sequence<Scalar>& pieces, Matrix<Scalar>& values) const {
        const Index width = pieces.features();
        for (Index t = 0; t < pieces.steps(); ++t)
            values.middleRows(t * width, width) = pieces.step(t);
    }

    PfClassifierSettings config_;
};

/// The whole network: x -> logit.
template <typename Scalar>
class PfClassifier {
public:
    using ScalarType = Scalar;

    struct Cache {
        Matrix<Scalar> hidden;    ///< h^(1), hidden_1 x B
        Matrix<Scalar> d_hidden;  ///< da_1, the gradient of W_1 x + b_1, hidden_1 x B
        typename PfHead<Scalar>::Cache head;

        /// What feature matching compares: `ends`, one column a song.
        [[nodiscard]] const Matrix<Scalar>& features() const noexcept { return head.features; }
    };

    PfClassifier() = default;
    /// `config.inputs` is at least 1. Throws ShapeError.
    explicit PfClassifier(const PfClassifierSettings& config)
        : wide(config.inputs, config.hidden_1), head(config), config_(config) {}

    [[nodiscard]] const PfClassifierSettings& settings() const noexcept { return config_; }

    /// x: inputs x B. Returns the logits a, 1 x B, which live in the cache; PF(x) = sigmoid(a).
    /// Throws ShapeError.
    const Matrix<Scalar>& forward(const ConstMatrixRef<Scalar>& x, Cache& cache) const {
        // Not `require`: its arguments, texts on the heap, would be made in every step.
        if (x.cols() <= 0 || x.rows() != config_.inputs)
            fail<ShapeError>("PfClassifier::forward: x is ", x.rows(), " x ", x.cols(),
                             ", expected ", config_.inputs, " values (I) of each song");
        cache.hidden.resize(wide.out(), x.cols());
        wide.forward(x, cache.hidden);
        activate<Scalar>(Activation::relu, cache.hidden);
        return head.forward(cache.hidden, cache.head);
    }

    /// All but the first layer's gradient: `gradients` is added to, and da_1 stays in the cache.
    /// d_logit: 1 x B; d_features: see `PfHead::backward`. Throws ShapeError.
    void backward_head(const Matrix<Scalar>& d_logit, Cache& cache, PfHead<Scalar>& gradients,
                       const Matrix<Scalar>& d_features = {}) const {
        check_logit(d_logit, cache);
        cache.d_hidden.resize(cache.hidden.rows(), cache.hidden.cols());
        head.backward(d_logit, cache.hidden, cache.d_hidden, cache.head, gradients, d_features);
        activate_backward<Scalar>(Activation::relu, cache.hidden, cache.d_hidden);
    }

    /// dx (inputs x B, written) = W_1^T da_1, after `backward_head`. Reads W_1 where it lies: to
    /// transpose it would take longer than the product.
    void backward_input(const Cache& cache, MatrixRef<Scalar> dx) const {
        if (dx.rows() != wide.in() || dx.cols() != cache.d_hidden.cols())
            fail<ShapeError>("PfClassifier::backward_input: dx is ", dx.rows(), " x ", dx.cols(),
                             ", expected ", wide.in(), " x ", cache.d_hidden.cols());
        multiply_transposed<Scalar>(wide.weight, cache.d_hidden, dx);
    }

    /// The gradient of x alone, where no parameter learns: dx, inputs x B, written. Throws
    /// ShapeError.
    void backward_through(const Matrix<Scalar>& d_logit, MatrixRef<Scalar> dx, Cache& cache,
                          const Matrix<Scalar>& d_features = {}) const {
        check_logit(d_logit, cache);
        cache.d_hidden.resize(cache.hidden.rows(), cache.hidden.cols());
        head.backward_through(d_logit, cache.hidden, cache.d_hidden, cache.head, d_features);
        activate_backward<Scalar>(Activation::relu, cache.hidden, cache.d_hidden);
        backward_input(cache, dx);
    }

    /// The first layer's gradient of rows begin .. begin + count - 1, after `backward_head`:
    /// dW_1 += da_1 x^T, db_1 += the columns of da_1. Different rows may be added at the same time.
    static void wide_gradient(const ConstMatrixRef<Scalar>& x, const Cache& cache, Index begin,
                              Index count, Dense<Scalar>& gradients) {
        const auto da_1 = cache.d_hidden.middleRows(begin, count);
        add_outer_product<Scalar>(da_1, x, gradients.weight.middleRows(begin, count));
        for (Index b = 0; b < da_1.cols(); ++b) gradients.bias.segment(begin, count) += da_1.col(b);
    }

    /// The three above in one: x as in forward; dx: inputs x B, written; `gradients` is added to.
    void backward(const Matrix<Scalar>& d_logit, const ConstMatrixRef<Scalar>& x,
                  MatrixRef<Scalar> dx, Cache& cache, PfClassifier& gradients,
                  const Matrix<Scalar>& d_features = {}) const {
        backward_head(d_logit, cache, gradients.head, d_features);
        wide_gradient(x, cache, 0, wide.out(), gradients.wide);
        backward_input(cache, dx);
    }

    /// Names: dense_1., then those of the head.
    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const ParameterName& prefix) {
        Dense<Scalar>::visit(self.wide, visitor, prefix / "dense_1.");
        PfHead<Scalar>::visit(self.head, visitor, prefix);
    }

    Dense<Scalar> wide;
    PfHead<Scalar> head;

private:
    static void check_logit(const Matrix<Scalar>& d_logit, const Cache& cache) {
        if (d_logit.rows() != 1 || d_logit.cols() != cache.hidden.cols())
            fail<ShapeError>("PfClassifier::backward: d_logit is ", d_logit.rows(), " x ",
                             d_logit.cols(), " for ", cache.hidden.cols(), " songs");
    }

    PfClassifierSettings config_;
};

}  // namespace mgan::inline MGAN_ABI
