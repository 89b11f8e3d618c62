#pragma once
/// \file
/// The GRU: a recurrent layer with one state and three gates.
///
/// (Cho et al. 2014, in the form that PyTorch computes: r acts on the product W_hn h, not on h.
/// Names and order of the gates are PyTorch's, too, so weights can be exchanged.) F features, H
/// hidden units, B samples.
///
///                +----------+                  +----------+
///     r rows  a: |   W_ih   |  x_t (F)      s: |   W_hh   |  h_t-1 (H)       3 H x B each
///     z rows     |  3H x F  |                  |  3H x H  |
///     n rows     +----------+                  +----------+
///
///     a_t = W_ih x_t + b_ih,    s_t = W_hh h_{t-1} + b_hh                      (1)
///     r, z = sigmoid(a^r + s^r, a^z + s^z)                                     (2)
///     n = tanh(a^n + r * s^n)                                                  (3)
///     h_t = (1 - z) * n + z * h_{t-1}                                          (4)
///
/// z says how much of the old state stays, r how much of it the candidate n may see. Where z is
/// near 1 the state passes unchanged, and so does its gradient: what the cell of an LSTM does, with
/// three quarters of the weights. The two biases do not merge: b_hn stands inside r * (...).
///
/// Backward walks from the last step to the first. h_t has three consumers: the loss at this step,
/// the gates of the next step, and (4) of the next step:
///
///     dh_t = dy_t + W_hh^T ds_{t+1} + z_{t+1} * dh_{t+1}                       (5)
///     da_t, ds_t = (2) to (4) differentiated, see tensor/kernels/gru_gates.hpp (6)
///     dx_t = W_ih^T da_t                                                       (7)
///     dW_ih += da_t x_t^T,   dW_hh += ds_t h_{t-1}^T,   db_ih += da_t,   db_hh += ds_t     (8)
///
/// Only s_t, (5) and (6) must run in time order. a_t, (7) and (8) are products over about
/// `kBlockColumns` columns at once.
///
/// Two levels: `forward` and `backward` serve whole sequences; `begin`, `forward_step`,
/// `backward_step`, `backward_input`, `backward_block` are the pieces, for nets whose output is fed
/// back. `step` is the streaming form, without a cache.

#include <mgan/layers/parameters.hpp>
#include <mgan/layers/shape_check.hpp>
#include <mgan/tensor/kernels/gru_gates.hpp>
#include <mgan/tensor/product.hpp>
#include <mgan/tensor/sequence.hpp>

#include <algorithm>
#include <cassert>
#include <string_view>
#include <utility>

namespace mgan::inline MGAN_ABI {

template <typename Scalar>
class Gru {
public:
    using ScalarType = Scalar;
    /// What a GRU remembers between steps: h, H x B.
    using State = Matrix<Scalar>;

    /// Columns (samples x steps) of one product, as in layers/lstm.hpp.
    static constexpr Index kBlockColumns = 100;

    /// State saved for backward, plus scratch. Holds views of x and y, which must outlive it,
    /// unchanged.
    struct Cache {
        SequenceView<const Scalar> x;  ///< [T, B, F]
        SequenceView<Scalar> y;        ///< [T, B, H], the outputs h_t
        State initial;                 ///< h_0
        Sequence<Scalar> gates;        ///< [T, B, 4H]: r, z, n, s^n
        Matrix<Scalar> recurrent;      ///< 3H x B: s_t

        Sequence<Scalar> d_input;      ///< [block, B, 3H]: da
        Sequence<Scalar> d_recurrent;  ///< [block, B, 3H]: ds
        Matrix<Scalar> d_hidden;       ///< H x B: dh_t but for dy_t
        Matrix<Scalar> weight_ih_transposed;
        Matrix<Scalar> weight_hh_transposed;

        [[nodiscard]] Index steps() const noexcept { return x.steps(); }
        [[nodiscard]] Index batch() const noexcept { return x.batch(); }
        /// Steps of one block.
        [[nodiscard]] Index block() const noexcept {
            return std::max<Index>(1, kBlockColumns / std::max<Index>(1, batch()));
        }
    };

    Gru() = default;

    /// F features -> H hidden units, all parameters zero (see layers/initialisation.hpp).
    Gru(Index features, Index hidden)
        : weight_ih(Matrix<Scalar>::Zero(3 * hidden, features)),
          weight_hh(Matrix<Scalar>::Zero(3 * hidden, hidden)),
          bias_ih(Vector<Scalar>::Zero(3 * hidden)),
          bias_hh(Vector<Scalar>::Zero(3 * hidden)) {}

    [[nodiscard]] Index features() const noexcept { return weight_ih.cols(); }
    [[nodiscard]] Index hidden() const noexcept { return weight_hh.cols(); }

    // ---- whole sequences ----------------------------------------------------------------------

    /// Equations (1) to (4) for all steps. x: [T, B, F], y: [T, B, H] (written). `initial`: h_0,
    /// H x B (zero if null). Throws ShapeError.
    void forward(SequenceView<const Scalar> x, SequenceView<Scalar> y, Cache& cache,
                 const State* initial = nullptr) const {
        begin(x, y, cache, initial);
        for (Index t = 0; t < x.steps(); ++t) {
            if (t % cache.block() == 0)
                read_input(t, std::min(cache.block(), x.steps() - t), cache);
            recurrence(t, cache);
        }
    }

    /// Equations (5) to (8). dy: [T, B, H]; dx: [T, B, F], written or added to (`dx_update`), or an
    /// empty view where nobody needs it. `gradients` is added to. `d_initial` (may be null)
    /// receives the gradient of h_0. Throws ShapeError.
    void backward(SequenceView<const Scalar> dy, SequenceView<Scalar> dx, Cache& cache,
                  Gru& gradients, Update dx_update = Update::assign,
                  State* d_initial = nullptr) const {
        run_backward(dy, dx, cache, &gradients, dx_update, d_initial);
    }

    /// Equations (5) to (7): the gradient of the input alone, where the parameters do not learn.
    void backward_through(SequenceView<const Scalar> dy, SequenceView<Scalar> dx, Cache& cache,
                          Update dx_update = Update::assign) const {
        run_backward(dy, dx, cache, nullptr, dx_update, nullptr);
    }

    // ---- the pieces ---------------------------------------------------------------------------

    /// Prepares the cache for T steps from `initial` (zero if null).
    void begin(SequenceView<const Scalar> x, SequenceView<Scalar> y, Cache& cache,
               const State* initial = nullptr) const {
        check_shape("Gru::forward", "x", "features", x.features(), features(), "F");
        check_shape("Gru::forward", "y", "features", y.features(), hidden(), "H");
        check_shape("Gru::forward", "y", "steps", y.steps(), x.steps(), "T");
        check_shape("Gru::forward", "y", "samples", y.batch(), x.batch(), "B");
        cache.x = x;
        cache.y = y;
        if (initial != nullptr) {
            check_shape("Gru::forward", "the initial state", "samples", initial->cols(), x.batch(),
                        "B");
            check_shape("Gru::forward", "the initial state", "units", initial->rows(), hidden(),
                        "H");
            cache.initial = *initial;
        } else {
            cache.initial.setZero(hidden(), x.batch());
        }
        cache.gates.resize(x.steps(), x.batch(), 4 * hidden());
        cache.recurrent.resize(3 * hidden(), x.batch());
    }

    /// Step t, whose x is known: fills y at t.
    void forward_step(Index t, Cache& cache) const {
        read_input(t, 1, cache);
        recurrence(t, cache);
    }

    /// Prepares the backward walk; the last step comes first.
    void begin_backward(Cache& cache) const {
        const Index steps = std::min(cache.block(), std::max<Index>(1, cache.steps()));
        cache.d_input.resize(steps, cache.batch(), 3 * hidden());
        cache.d_recurrent.resize(steps, cache.batch(), 3 * hidden());
        cache.d_hidden.setZero(hidden(), cache.batch());
        transpose<Scalar>(weight_ih, cache.weight_ih_transposed);
        transpose<Scalar>(weight_hh, cache.weight_hh_transposed);
    }

    /// Equations (5) and (6) of step t; dy: H x B.
    void backward_step(Index t, const ConstMatrixRef<Scalar>& dy, Cache& cache) const {
        const Index slot = t % cache.block();
        MatrixMap<Scalar> da = cache.d_input.step(slot), ds = cache.d_recurrent.step(slot);
        const ConstMatrixMap<Scalar> gates = std::as_const(cache.gates).step(t);
        cache.d_hidden += dy;
        for (Index b = 0; b < cache.batch(); ++b) {
            kernels::gru_gates_backward<Scalar>(gates.col(b).data(), h_before(t, b, cache),
                                                cache.d_hidden.col(b).data(), da.col(b).data(),
                                                ds.col(b).data(), hidden());
        }
        multiply<Scalar>(cache.weight_hh_transposed, ds, cache.d_hidden, Update::add);
    }

    /// Equation (7) for the step that `backward_step` has just done, where the input of this step
    /// is the output of an earlier one and cannot wait for the block. dx: F x B.
    void backward_input(Index t, Cache& cache, MatrixRef<Scalar> dx,
                        Update update = Update::assign) const {
        multiply<Scalar>(cache.weight_ih_transposed, cache.d_input.step(t % cache.block()), dx,
                         update);
    }

    /// Whether step t, just done, is the last of its block (and `backward_block` is due).
    [[nodiscard]] static bool block_is_complete(Index t, const Cache& cache) noexcept {
        return t % cache.block() == 0;
    }

    /// Equation (7) for the block of steps that begins with t. dx: [T, B, F].
    void backward_input_block(Index t, Cache& cache, SequenceView<Scalar> dx,
                              Update dx_update) const {
        const Index count = std::min(cache.block(), cache.steps() - t);
        multiply<Scalar>(cache.weight_ih_transposed, std::as_const(cache.d_input).range(0, count),
                         dx.range(t, count), dx_update);
    }

    /// Equations (8) for the block of steps that begins with t.
    void backward_block(Index t, Cache& cache, Gru& gradients) const {
        const Index count = std::min(cache.block(), cache.steps() - t);
        const ConstMatrixMap<Scalar> da = std::as_const(cache.d_input).range(0, count);
        const ConstMatrixMap<Scalar> ds = std::as_const(cache.d_recurrent).range(0, count);
        add_outer_product<Scalar>(da, cache.x.range(t, count), gradients.weight_ih);
        // The h before the steps of the block: the outputs one step earlier, and for the first step
        // of all the initial state.
        const Index edge = t == 0 ? 1 : 0;
        if (edge == 1) {
            add_outer_product<Scalar>(std::as_const(cache.d_recurrent).step(0), cache.initial,
                                      gradients.weight_hh);
        }
        if (count > edge) {
            add_outer_product<Scalar>(std::as_const(cache.d_recurrent).range(edge, count - edge),
                                      cache.y.range(t + edge - 1, count - edge),
                                      gradients.weight_hh);
        }
        add_columns<Scalar>(da, gradients.bias_ih);
        add_columns<Scalar>(ds, gradients.bias_hh);
    }

    /// After the first step: the gradient of the initial state.
    void end_backward(const Cache& cache, State& d_initial) const { d_initial = cache.d_hidden; }

    // ---- streaming ----------------------------------------------------------------------------

    /// Rows of the scratch of `step`: 4 H for the gates, 3 H for s.
    [[nodiscard]] Index scratch_rows() const noexcept { return 7 * hidden(); }

    /// One step without a cache: state (H x B) := state after reading x (F x B). scratch:
    /// scratch_rows() x B. The numbers are those of `forward`, to the bit. Real-time: neither
    /// allocates nor throws; the sizes must be right (asserted, not checked).
    void step(const ConstMatrixRef<Scalar>& x, State& state,
              Matrix<Scalar>& scratch) const noexcept {
        assert(state.rows() == hidden() && state.cols() == x.cols());
        assert(scratch.rows() == scratch_rows() && scratch.cols() == x.cols());
        input_part(x, scratch.topRows(3 * hidden()));
        recurrent_part(state, scratch.bottomRows(3 * hidden()));
        for (Index b = 0; b < x.cols(); ++b) {
            Scalar* const h = state.col(b).data();
            Scalar* const gates = scratch.col(b).data();
            kernels::gru_gates_forward<Scalar>(gates, gates + 4 * hidden(), h, h, hidden());
        }
    }

    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const ParameterName& prefix) {
        visit_as(self, visitor, prefix, "_l0");
    }

    /// The same with PyTorch's ending of another layer, such as "_l1".
    template <typename Self, typename Visitor>
    static void visit_as(Self& self, Visitor&& visitor, const ParameterName& prefix,
                         std::string_view layer) {
        const auto named = [&](std::string_view what, auto& parameter) {
            const ParameterName name = prefix / what;
            visitor((name / layer).of_gates(3), parameter);
        };
        named("weight_ih", self.weight_ih);
        named("weight_hh", self.weight_hh);
        named("bias_ih", self.bias_ih);
        named("bias_hh", self.bias_hh);
    }

    Matrix<Scalar> weight_ih;  ///< 3H x F, rows r z n
    Matrix<Scalar> weight_hh;  ///< 3H x H
    Vector<Scalar> bias_ih;    ///< 3H
    Vector<Scalar> bias_hh;    ///< 3H

private:
    void run_backward(SequenceView<const Scalar> dy, SequenceView<Scalar> dx, Cache& cache,
                      Gru* gradients, Update dx_update, State* d_initial) const {
        check_shape("Gru::backward", "dy", "steps", dy.steps(), cache.steps(), "T");
        check_shape("Gru::backward", "dy", "samples", dy.batch(), cache.batch(), "B");
        check_shape("Gru::backward", "dy", "features", dy.features(), hidden(), "H");
        if (!dx.empty()) {
            check_shape("Gru::backward", "dx", "steps", dx.steps(), cache.steps(), "T");
            check_shape("Gru::backward", "dx", "samples", dx.batch(), cache.batch(), "B");
            check_shape("Gru::backward", "dx", "features", dx.features(), features(), "F");
        }
        begin_backward(cache);
        for (Index t = cache.steps() - 1; t >= 0; --t) {
            backward_step(t, dy.step(t), cache);
            if (!block_is_complete(t, cache)) continue;
            if (!dx.empty()) backward_input_block(t, cache, dx, dx_update);
            if (gradients != nullptr) backward_block(t, cache, *gradients);
        }
        if (d_initial != nullptr) end_backward(cache, *d_initial);
    }

    /// a of (1); gates: 3H x N.
    void input_part(const ConstMatrixRef<Scalar>& x, MatrixRef<Scalar> gates) const {
        gates.colwise() = bias_ih;
        multiply<Scalar>(weight_ih, x, gates, Update::add);
    }
    /// s of (1); recurrent: 3H x B.
    void recurrent_part(const ConstMatrixRef<Scalar>& h, MatrixRef<Scalar> recurrent) const {
        recurrent.colwise() = bias_hh;
        multiply<Scalar>(weight_hh, h, recurrent, Update::add);
    }

    /// a of steps t .. t + count - 1, into the first 3 H rows of their gates.
    void read_input(Index t, Index count, Cache& cache) const {
        input_part(cache.x.range(t, count),
                   cache.gates.view().features(0, 3 * hidden()).range(t, count));
    }

    /// s and (2) to (4) of step t.
    void recurrence(Index t, Cache& cache) const {
        if (t == 0) {
            recurrent_part(cache.initial, cache.recurrent);
        } else {
            recurrent_part(cache.y.step(t - 1), cache.recurrent);
        }
        MatrixMap<Scalar> gates = cache.gates.step(t);
        typename SequenceView<Scalar>::Map h = cache.y.step(t);
        for (Index b = 0; b < cache.batch(); ++b) {
            kernels::gru_gates_forward<Scalar>(gates.col(b).data(), cache.recurrent.col(b).data(),
                                               h_before(t, b, cache), h.col(b).data(), hidden());
        }
    }

    /// h_{t-1} of sample b.
    [[nodiscard]] const Scalar* h_before(Index t, Index b, const Cache& cache) const noexcept {
        return t == 0 ? cache.initial.col(b).data() : cache.y.step(t - 1).col(b).data();
    }
};

}  // namespace mgan::inline MGAN_ABI
