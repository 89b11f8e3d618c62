#pragma once
/// \file
/// The convolution over time: each step sees itself and what came before it.
///
///     y_t = b + sum over k = 0 .. K-1 of W_k x_{t - (K-1-k) D},        x_t = 0 before start  (1)
///
///     K = 3, D = 2:      x_{t-4}   x_{t-3}   x_{t-2}   x_{t-1}   x_t
///                          W_0                 W_1                W_2        -->  y_t
///
/// K is the window, D the dilation. It is causal: nothing that comes later is seen, so that it can
/// play along with a stream. Layers with D = 1, 2, 4, ... on top of each other see 2^n steps back
/// (van den Oord et al., "WaveNet", 2016). It is torch.nn.Conv1d(F, out, K, dilation=D) of an input
/// with (K - 1) D zeros put in front; the kernel is not flipped.
///
/// Put the steps that y_t sees below each other, and (1) is one product for all steps and samples:
///
///     u_t[c K + k] = x_{t - (K-1-k) D}[c],          y_t = W u_t + b                           (2)
///
/// in which W, out x (F K), is PyTorch's weight [out, F, K], row by row. Backward:
///
///     du_t = W^T dy_t,     dx_t[c] = sum over k of du_{t + (K-1-k) D}[c K + k]                (3)
///     dW += dy_t u_t^T,    db += dy_t                                                         (4)
///
/// The price of (2) is memory: u is K times x.

#include <mgan/layers/chain.hpp>
#include <mgan/layers/parameters.hpp>
#include <mgan/layers/shape_check.hpp>
#include <mgan/tensor/product.hpp>
#include <mgan/tensor/sequence.hpp>

#include <array>
#include <cassert>

namespace mgan::inline MGAN_ABI {

template <typename Scalar>
class Conv1d {
public:
    using ScalarType = Scalar;

    struct Cache {
        Sequence<Scalar> seen;             ///< u_t, [T, B, F K]
        Sequence<Scalar> d_seen;           ///< du_t
        Matrix<Scalar> weight_transposed;  ///< (F K) x out
    };

    /// What a stream remembers: the last (K - 1) D + 1 steps, and scratch.
    struct State {
        Sequence<Scalar> past;  ///< [(K - 1) D + 1, B, F], a ring
        Matrix<Scalar> seen;    ///< u_t, (F K) x B
        Index next = 0;         ///< where in the ring the next step goes
    };

    Conv1d() = default;
    /// F -> out features with a window of K steps that lie D apart, all parameters zero. Throws
    /// ConfigError unless K >= 1 and D >= 1.
    Conv1d(Index features, Index out, Index window, Index dilation = 1)
        : window_(window),
          dilation_(dilation),
          weight(Matrix<Scalar>::Zero(out, features * checked(window, dilation))),
          bias(Vector<Scalar>::Zero(out)) {}

    [[nodiscard]] Index features() const noexcept { return weight.cols() / window_; }
    [[nodiscard]] Index out() const noexcept { return weight.rows(); }
    [[nodiscard]] Index window() const noexcept { return window_; }
    [[nodiscard]] Index dilation() const noexcept { return dilation_; }
    /// Steps that a step sees, itself among them: (K - 1) D + 1.
    [[nodiscard]] Index span() const noexcept { return (window_ - 1) * dilation_ + 1; }

    /// Equations (1), (2). x: [T, B, F], y: [T, B, out], written. Throws ShapeError.
    void forward(SequenceView<const Scalar> x, SequenceView<Scalar> y, Cache& cache) const {
        check_shape("Conv1d::forward", "x", "features", x.features(), features(), "F");
        check_shape("Conv1d::forward", "y", "features", y.features(), out());
        check_shape("Conv1d::forward", "y", "steps", y.steps(), x.steps(), "T");
        check_shape("Conv1d::forward", "y", "samples", y.batch(), x.batch(), "B");
        cache.seen.resize(x.steps(), x.batch(), weight.cols());
        for (Index t = 0; t < x.steps(); ++t) {
            MatrixMap<Scalar> seen = cache.seen.step(t);
            for (Index k = 0; k < window_; ++k) {
                const Index from = t - before(k);
                if (from < 0) {
                    rows_of(seen, k).setZero();
                } else {
                    rows_of(seen, k) = x.step(from);
                }
            }
        }
        product(cache.seen.all(), y.all());
    }

    /// Equations (3), (4). dy: [T, B, out]; dx: [T, B, F], written, or empty; `gradients` is added
    /// to. Throws ShapeError.
    void backward(SequenceView<const Scalar> dy, SequenceView<Scalar> dx, Cache& cache,
                  Conv1d& gradients) const {
        check_shape("Conv1d::backward", "dy", "features", dy.features(), out());
        check_shape("Conv1d::backward", "dy", "steps", dy.steps(), cache.seen.steps(), "T");
        check_shape("Conv1d::backward", "dy", "samples", dy.batch(), cache.seen.batch(), "B");
        add_outer_product<Scalar>(dy.all(), cache.seen.all(), gradients.weight);
        add_columns<Scalar>(dy.all(), gradients.bias);
        if (dx.empty()) return;
        check_shape("Conv1d::backward", "dx", "features", dx.features(), features(), "F");
        transpose<Scalar>(weight, cache.weight_transposed);
        cache.d_seen.resize(dy.steps(), dy.batch(), weight.cols());
        multiply<Scalar>(cache.weight_transposed, dy.all(), cache.d_seen.all(), Update::assign);
        dx.all().setZero();
        for (Index t = 0; t < dy.steps(); ++t) {
            MatrixMap<Scalar> d_seen = cache.d_seen.step(t);
            for (Index k = 0; k < window_; ++k)
                if (t >= before(k)) dx.step(t - before(k)) += rows_of(d_seen, k);
        }
    }

    /// Nothing was heard yet, in each of B streams.
    void start(State& state, Index batch) const {
        state.past.resize(span(), batch, features());
        state.past.set_zero();
        state.seen.resize(weight.cols(), batch);
        state.next = 0;
    }
    /// One step, x: F x B, y: out x B, not x. The numbers are those of `forward`, to the bit.
    /// Neither allocates nor throws; the sizes must be right (asserted, not checked).
    void step(const ConstMatrixRef<Scalar>& x, State& state, MatrixRef<Scalar> y) const noexcept {
        assert(x.rows() == features() && x.cols() == state.past.batch());
        state.past.step(state.next) = x;
        for (Index k = 0; k < window_; ++k) {
            const Index at = (state.next - before(k) + span()) % span();
            rows_of(state.seen, k) = state.past.step(at);
        }
        state.next = (state.next + 1) % span();
        product(state.seen, y);
    }

    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const ParameterName& prefix) {
        const std::array<Index, 3> shape = {self.out(), self.features(), self.window_};
        visitor((prefix / "weight").shaped(shape), self.weight);
        visitor(prefix / "bias", self.bias);
    }

private:
    [[nodiscard]] static Index checked(Index window, Index dilation) {
        require<ConfigError>(window >= 1 && dilation >= 1, "Conv1d: a window of ", window,
                             " steps, ", dilation, " apart; both must be 1 or more");
        return window;
    }
    /// Steps between what W_k reads and now.
    [[nodiscard]] Index before(Index k) const noexcept { return (window_ - 1 - k) * dilation_; }
    /// The rows of u that W_k reads: k, K + k, 2K + k, ...
    using Rows = Eigen::Map<Matrix<Scalar>, 0, Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>>;
    template <typename Seen>
    [[nodiscard]] Rows rows_of(Seen& seen, Index k) const noexcept {
        return Rows(seen.data() + k, features(), seen.cols(), {seen.rows(), window_});
    }
    void product(const ConstMatrixRef<Scalar>& seen, MatrixRef<Scalar> y) const noexcept {
        multiply<Scalar>(weight, seen, y, Update::assign);
        y.colwise() += bias;
    }

    Index window_ = 1;
    Index dilation_ = 1;

public:
    Matrix<Scalar> weight;  ///< out x (F K): entry (o, c K + k) is PyTorch's [o, c, k]
    Vector<Scalar> bias;    ///< out
};

/// In a chain, and streaming there.
template <typename Number>
struct ChainLink<Conv1d<Number>> : chain_detail::SequenceLink<Conv1d<Number>> {
    using Layer = Conv1d<Number>;
    using State = typename Layer::State;
    static void start(const Layer& layer, Index batch, State& state) { layer.start(state, batch); }
    static void step(const Layer& layer, const ConstMatrixRef<Number>& x, State& state,
                     MatrixRef<Number> y) noexcept {
        layer.step(x, state, y);
    }
};

}  // namespace mgan::inline MGAN_ABI
