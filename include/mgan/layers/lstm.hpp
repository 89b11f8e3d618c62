#pragma once
/// \file
/// The LSTM, and back-propagation through time by hand.
///
/// (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000; the gate order and
/// the two biases are PyTorch's, so that weights can be exchanged.) F features, H hidden units, B
/// samples.
///
///             +------------+             +------------+   +-----+     4H x B: one product for the
///     i rows  |            |             |            |   |     |     input, one for the output of
///     f rows  |    W_ih    |  x_t (F) +  |    W_hh    |   |h_t-1|     the step before
///     g rows  |   4H x F   |             |   4H x H   |   | (H) |
///     o rows  |            |             |            |   |     |
///             +------------+             +------------+   +-----+
///
///     a_t = W_ih x_t + W_hh h_{t-1} + b_ih + b_hh                  = [a^i ; a^f ; a^g ; a^o]  (1)
///     i = sigmoid(a^i),  f = sigmoid(a^f),  g = tanh(a^g),  o = sigmoid(a^o)                  (2)
///     c_t = f * c_{t-1} + i * g                                                               (3)
///     h_t = o * tanh(c_t)                                                                     (4)
///
/// Backward walks from the last step to the first. Two steps read h_t: its own (it is the output,
/// dy_t says what the loss makes of it) and the next one, through (1). So its gradient is a sum of
/// two terms. The same holds for the cell: (4) reads c_t, and (3) of the next step reads it.
///
///     dh_t = dy_t + W_hh^T da_{t+1}                                                           (5)
///     dc_t = dh_t * o * (1 - tanh(c_t)^2) + dc_{t+1} * f_{t+1}                                (6)
///     da^o = dh_t * tanh(c_t) * o * (1 - o)          da^f = dc_t * c_{t-1} * f * (1 - f)
///     da^i = dc_t * g * i * (1 - i)                  da^g = dc_t * i * (1 - g^2)             (6a)
///     dx_t = W_ih^T da_t                                                                      (7)
///     dW_ih += da_t x_t^T,   dW_hh += da_t h_{t-1}^T,   db_ih += da_t,   db_hh += da_t        (8)
///
/// After the first step, W_hh^T da_1 and dc_1 * f_1 are left over: the gradient of h_0 and c_0.
///
/// Why an LSTM learns over long spans: from dc_{t+1} to dc_t there is no matrix, only the factor
/// f_{t+1}, which the net can hold near 1.
///
/// Only (5) to (6a) must run in time order. (7) and (8) wait until the da of about `kBlockColumns`
/// columns lie side by side (still in the processor's cache) and become one product each.
///
/// Two levels: `forward` and `backward` serve whole sequences; `begin`, `forward_step`,
/// `backward_step`, `backward_input`, `backward_block` are the pieces, for nets whose output is fed
/// back and whose layers therefore advance together. `step` is the streaming form, without a cache.

#include <mgan/layers/parameters.hpp>
#include <mgan/layers/shape_check.hpp>
#include <mgan/tensor/half_matrix.hpp>
#include <mgan/tensor/kernels/gates.hpp>
#include <mgan/tensor/product.hpp>
#include <mgan/tensor/sequence.hpp>

namespace mgan::inline MGAN_ABI {

/// The order in which an LSTM reads a sequence.
enum class Direction { forward, backward };

/// What an LSTM remembers between steps. hidden, cell: H x B.
template <typename Scalar>
struct LstmState {
    Matrix<Scalar> hidden;
    Matrix<Scalar> cell;

    void set_zero(Index hidden_units, Index batch) {
        hidden.setZero(hidden_units, batch);
        cell.setZero(hidden_units, batch);
    }
};

template <typename Scalar>
class Lstm {
public:
    using ScalarType = Scalar;
    using State = LstmState<Scalar>;

    /// Columns (samples x steps) that one product of (7) and (8) covers: 100 columns of da and x
    /// take about 200 KiB at H = 100, which a level 2 cache holds.
    static constexpr Index kBlockColumns = 100;

    /// State saved for backward, plus scratch. Holds views of x and y, which must outlive it and
    /// must not change before backward is done.
    struct Cache {
        SequenceView<const Scalar> x;  ///< [T, B, F]
        SequenceView<Scalar> y;        ///< [T, B, H], the outputs h_t
        Direction direction = Direction::forward;
        State initial;
        Sequence<Scalar> gates;  ///< [T, B, 4H]: i, f, g, o
        Sequence<Scalar> cell;   ///< [T, B, H]: c_t

        Sequence<Scalar> d_gates;             ///< [block, B, 4H]: da_t of the steps of one block
        Matrix<Scalar> d_hidden;              ///< H x B: W_hh^T da_{t+1}, the second term of (5)
        Matrix<Scalar> d_cell;                ///< H x B: dc_{t+1} * f_{t+1}, the second term of (6)
        Matrix<Scalar> d_output;              ///< H x B: dh_t
        Matrix<Scalar> weight_ih_transposed;  ///< F x 4H
        Matrix<Scalar> weight_hh_transposed;  ///< H x 4H

        // Of dual numbers: the four matrices ready for products (nothing otherwise).
        kernels::TakenApart<Scalar> ih, hh, ih_transposed, hh_transposed;
        /// Of dual numbers: gradients of weights receive derivatives alone, which saves the rest.
        bool derivatives_only = false;

        [[nodiscard]] Index steps() const noexcept { return x.steps(); }
        [[nodiscard]] Index batch() const noexcept { return x.batch(); }
        /// Where in the sequence the nth step read lies, nth = 0 .. T - 1: the reverse direction
        /// reads the last step first.
        [[nodiscard]] Index time(Index nth) const noexcept {
            return direction == Direction::forward ? nth : steps() - 1 - nth;
        }
        /// Steps of one block.
        [[nodiscard]] Index block() const noexcept { return d_gates.steps(); }
    };

    Lstm() = default;

    /// F features -> H hidden units, all parameters zero (see layers/initialisation.hpp).
    Lstm(Index features, Index hidden)
        : weight_ih(Matrix<Scalar>::Zero(4 * hidden, features)),
          weight_hh(Matrix<Scalar>::Zero(4 * hidden, hidden)),
          bias_ih(Vector<Scalar>::Zero(4 * hidden)),
          bias_hh(Vector<Scalar>::Zero(4 * hidden)) {}

    [[nodiscard]] Index features() const noexcept { return weight_ih.cols(); }
    [[nodiscard]] Index hidden() const noexcept { return weight_hh.cols(); }

    // ---- whole sequences ----------------------------------------------------------------------

    /// Equations (1) to (4) for all steps. x: [T, B, F], y: [T, B, H] (written). `initial` is the
    /// state before the first step read (zero if null). Throws ShapeError.
    void forward(SequenceView<const Scalar> x, SequenceView<Scalar> y, Cache& cache,
                 Direction direction = Direction::forward, const State* initial = nullptr) const {
        begin(x, y, cache, direction, initial);
        for (Index nth = 0; nth < x.steps(); ++nth) forward_step(nth, cache);
    }

    /// Equations (5) to (8), after `forward` with the same cache. dy: [T, B, H]; dx: [T, B, F],
    /// written or added to (`dx_update`), or an empty view where nobody needs it. `gradients` is
    /// added to. `d_initial` (may be null) receives the gradient of the initial state. Throws
    /// ShapeError.
    void backward(SequenceView<const Scalar> dy, SequenceView<Scalar> dx, Cache& cache,
                  Lstm& gradients, Update dx_update = Update::assign,
                  State* d_initial = nullptr) const {
        run_backward(dy, dx, cache, &gradients, dx_update, d_initial);
    }

    /// Equations (5) to (7): the gradient of the input alone, where the parameters do not learn.
    /// Saves a third of the work.
    void backward_through(SequenceView<const Scalar> dy, SequenceView<Scalar> dx, Cache& cache,
                          Update dx_update = Update::assign) const {
        run_backward(dy, dx, cache, nullptr, dx_update, nullptr);
    }

    // ---- the pieces ---------------------------------------------------------------------------

    /// Prepares the cache for T steps from `initial` (zero if null).
    void begin(SequenceView<const Scalar> x, SequenceView<Scalar> y, Cache& cache,
               Direction direction = Direction::forward, const State* initial = nullptr) const {
        check_shape("Lstm::forward", "x", "features", x.features(), features(), "F");
        check_shape("Lstm::forward", "y", "features", y.features(), hidden(), "H");
        check_shape("Lstm::forward", "y", "steps", y.steps(), x.steps(), "T");
        check_shape("Lstm::forward", "y", "samples", y.batch(), x.batch(), "B");
        cache.x = x;
        cache.y = y;
        cache.direction = direction;
        if (initial != nullptr) {
            check_shape("Lstm::forward", "the initial state", "samples", initial->hidden.cols(),
                        x.batch(), "B");
            check_shape("Lstm::forward", "the initial state", "units", initial->hidden.rows(),
                        hidden(), "H");
            check_shape("Lstm::forward", "the initial cell", "samples", initial->cell.cols(),
                        x.batch(), "B");
            check_shape("Lstm::forward", "the initial cell", "units", initial->cell.rows(),
                        hidden(), "H");
            cache.initial = *initial;
        } else {
            cache.initial.set_zero(hidden(), x.batch());
        }
        cache.ih.set(weight_ih);
        cache.hh.set(weight_hh);
        cache.gates.resize(x.steps(), x.batch(), 4 * hidden());
        cache.cell.resize(x.steps(), x.batch(), hidden());
    }

    /// Equations (1) to (4) of the nth step read: fills y at time(nth).
    void forward_step(Index nth, Cache& cache) const {
        const Index t = cache.time(nth);
        MatrixMap<Scalar> gates = cache.gates.step(t);
        typename SequenceView<Scalar>::Map h = cache.y.step(t);
        if (nth == 0) {
            pre_activations(cache.x.step(t), cache.initial.hidden, cache.ih, cache.hh, gates);
        } else {
            pre_activations(cache.x.step(t), cache.y.step(cache.time(nth - 1)), cache.ih, cache.hh,
                            gates);
        }
        const Scalar* c_before =
            nth == 0 ? cache.initial.cell.data() : cache.cell.step(cache.time(nth - 1)).data();
        MatrixMap<Scalar> c = cache.cell.step(t);
        // `gates` holds a_t and becomes [i ; f ; g ; o]: backward needs no more of (2) than those.
        for (Index b = 0; b < cache.batch(); ++b) {
            kernels::lstm_gates_forward<Scalar>(gates.col(b).data(), c_before + b * hidden(),
                                                c.col(b).data(), h.col(b).data(), hidden());
        }
    }

    /// Prepares the backward walk; the last step comes first. Nothing reads what the last step
    /// leaves behind, so the second terms of (5) and (6) start at zero.
    void begin_backward(Cache& cache) const {
        const Index block = std::max<Index>(1, kBlockColumns / std::max<Index>(1, cache.batch()));
        cache.d_gates.resize(std::min(block, std::max<Index>(1, cache.steps())), cache.batch(),
                             4 * hidden());
        cache.d_hidden.setZero(hidden(), cache.batch());
        cache.d_cell.setZero(hidden(), cache.batch());
        cache.d_output.resize(hidden(), cache.batch());
        transpose<Scalar>(weight_ih, cache.weight_ih_transposed);
        transpose<Scalar>(weight_hh, cache.weight_hh_transposed);
        cache.ih_transposed.set(cache.weight_ih_transposed);
        cache.hh_transposed.set(cache.weight_hh_transposed);
    }

    /// Equations (5) and (6) of the nth step read, after those of step nth + 1; dy: H x B.
    void backward_step(Index nth, const ConstMatrixRef<Scalar>& dy, Cache& cache) const {
        const Index t = cache.time(nth);
        const Index before = nth == 0 ? 0 : cache.time(nth - 1);
        MatrixMap<Scalar> d_gates = d_gates_of(t, cache);
        const ConstMatrixMap<Scalar> gates = std::as_const(cache.gates).step(t);
        const ConstMatrixMap<Scalar> c = std::as_const(cache.cell).step(t);
        const Scalar* c_before =
            nth == 0 ? cache.initial.cell.data() : cache.cell.step(before).data();
        cache.d_output = dy + cache.d_hidden;
        // (6): writes da_t, and turns `d_cell` from the second term of dc_t into that of dc_{t-1}.
        for (Index b = 0; b < cache.batch(); ++b) {
            kernels::lstm_gates_backward<Scalar>(gates.col(b).data(), c_before + b * hidden(),
                                                 c.col(b).data(), cache.d_output.col(b).data(),
                                                 cache.d_cell.col(b).data(), d_gates.col(b).data(),
                                                 hidden());
        }
        // The second term of (5), ready for step t - 1.
        multiply<Scalar>(cache.weight_hh_transposed, cache.hh_transposed, d_gates, cache.d_hidden,
                         Update::assign);
    }

    /// Equation (7) for the step that `backward_step` has just done, where the input of this step
    /// is the output of an earlier one and cannot wait for the block. dx: F x B.
    void backward_input(Index nth, Cache& cache, MatrixRef<Scalar> dx,
                        Update update = Update::assign) const {
        multiply<Scalar>(cache.weight_ih_transposed, cache.ih_transposed,
                         d_gates_of(cache.time(nth), cache), dx, update);
    }

    /// Whether step nth, just done, is the last of its block (and `backward_block` is due). Blocks
    /// start at multiples of their length, whichever way time is walked.
    [[nodiscard]] static bool block_is_complete(Index nth, const Cache& cache) noexcept {
        const Index t = cache.time(nth);
        return nth == 0 || (cache.direction == Direction::forward ? t % cache.block() == 0
                                                                  : (t + 1) % cache.block() == 0);
    }

    /// Equation (7) for the block of steps that ends with nth. dx: [T, B, F].
    void backward_input_block(Index nth, Cache& cache, SequenceView<Scalar> dx,
                              Update dx_update) const {
        const auto [first, count] = block_of(nth, cache);
        multiply<Scalar>(cache.weight_ih_transposed, cache.ih_transposed,
                         std::as_const(cache.d_gates).range(0, count), dx.range(first, count),
                         dx_update);
    }

    /// Equations (8) for the block of steps that ends with nth.
    void backward_block(Index nth, Cache& cache, Lstm& gradients) const {
        const auto [first, count] = block_of(nth, cache);
        const ConstMatrixMap<Scalar> d_gates = std::as_const(cache.d_gates).range(0, count);
        const Update update = cache.derivatives_only ? Update::add_derivatives : Update::add;
        outer_product<Scalar>(d_gates, cache.x.range(first, count), gradients.weight_ih, update);
        // dW_hh needs h_{t-1} beside each da_t: the outputs, moved by one step in reading order.
        // They lie side by side, too, except that the first step read has h_0 before it.
        //
        //     forward    da:  t   t+1  t+2      h:  t-1  t   t+1
        //     backward   da:  t   t+1  t+2      h:  t+1  t+2 t+3
        const bool forward = cache.direction == Direction::forward;
        const Index edge = nth == 0 ? 1 : 0;
        const Index inner = count - edge;
        if (inner > 0) {
            const Index skip = forward ? edge : 0;
            outer_product<Scalar>(std::as_const(cache.d_gates).range(skip, inner),
                                  cache.y.range(forward ? first + skip - 1 : first + 1, inner),
                                  gradients.weight_hh, update);
        }
        if (edge == 1) {
            outer_product<Scalar>(std::as_const(cache.d_gates).step(forward ? 0 : count - 1),
                                  cache.initial.hidden, gradients.weight_hh, update);
        }
        add_columns<Scalar>(d_gates, gradients.bias_ih);
        add_columns<Scalar>(d_gates, gradients.bias_hh);
    }

    /// After the first step read: the gradient of the initial state, h_0 and c_0.
    void end_backward(const Cache& cache, State& d_initial) const {
        d_initial.hidden = cache.d_hidden;
        d_initial.cell = cache.d_cell;
    }

    // ---- streaming ----------------------------------------------------------------------------

    /// One step without a cache: state := state after reading x (F x B). `gates` is scratch, 4H x
    /// B. The numbers are those of `forward`, to the bit. Real-time: neither allocates nor throws;
    /// the sizes must be right (asserted, not checked).
    void step(const ConstMatrixRef<Scalar>& x, State& state, Matrix<Scalar>& gates) const noexcept {
        pre_activations(x, state.hidden, half_ih, half_hh, gates);
        for (Index b = 0; b < gates.cols(); ++b) {
            kernels::lstm_gates_forward<Scalar>(gates.col(b).data(), state.cell.col(b).data(),
                                                state.cell.col(b).data(),
                                                state.hidden.col(b).data(), hidden());
        }
    }

    /// Packs the weights for `step`, where they are bfloat16 (tensor/half_matrix.hpp): the same
    /// bits, read in half the time. Whoever changes a weight afterwards calls this again.
    void pack_half() {
        half_ih = HalfMatrix<Scalar>(weight_ih);
        half_hh = HalfMatrix<Scalar>(weight_hh);
    }

    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const ParameterName& prefix) {
        visit_as(self, visitor, prefix, "_l0", "");
    }

    /// The same with PyTorch's endings: layer "_l1", direction "" or "_reverse".
    template <typename Self, typename Visitor>
    static void visit_as(Self& self, Visitor&& visitor, const ParameterName& prefix,
                         std::string_view layer, std::string_view direction) {
        const auto named = [&](std::string_view what, auto& parameter) {
            const ParameterName name = prefix / what;
            const ParameterName of_layer = name / layer;
            visitor(of_layer / direction, parameter);
        };
        named("weight_ih", self.weight_ih);
        named("weight_hh", self.weight_hh);
        named("bias_ih", self.bias_ih);
        named("bias_hh", self.bias_hh);
    }

    Matrix<Scalar> weight_ih;  ///< 4H x F, rows i f g o
    Matrix<Scalar> weight_hh;  ///< 4H x H
    Vector<Scalar> bias_ih;    ///< 4H
    Vector<Scalar> bias_hh;    ///< 4H; the sum of the two biases is what counts

    HalfMatrix<Scalar> half_ih, half_hh;  ///< made by `pack_half`; no parameters

private:
    void run_backward(SequenceView<const Scalar> dy, SequenceView<Scalar> dx, Cache& cache,
                      Lstm* gradients, Update dx_update, State* d_initial) const {
        check_shape("Lstm::backward", "dy", "steps", dy.steps(), cache.steps(), "T");
        check_shape("Lstm::backward", "dy", "samples", dy.batch(), cache.batch(), "B");
        check_shape("Lstm::backward", "dy", "features", dy.features(), hidden(), "H");
        if (!dx.empty()) {
            check_shape("Lstm::backward", "dx", "steps", dx.steps(), cache.steps(), "T");
            check_shape("Lstm::backward", "dx", "samples", dx.batch(), cache.batch(), "B");
            check_shape("Lstm::backward", "dx", "features", dx.features(), features(), "F");
        }
        begin_backward(cache);
        for (Index nth = cache.steps() - 1; nth >= 0; --nth) {
            const Index t = cache.time(nth);
            backward_step(nth, dy.step(t), cache);
            if (!block_is_complete(nth, cache)) continue;
            if (!dx.empty()) backward_input_block(nth, cache, dx, dx_update);
            if (gradients != nullptr) backward_block(nth, cache, *gradients);
        }
        if (d_initial != nullptr) end_backward(cache, *d_initial);
    }

    /// The block that step nth lies in: steps first .. first + count - 1 of the sequence.
    struct Block {
        Index first, count;
    };
    [[nodiscard]] static Block block_of(Index nth, const Cache& cache) noexcept {
        const Index t = cache.time(nth), first = t - t % cache.block();
        return {first, std::min(first + cache.block(), cache.steps()) - first};
    }

    /// Equation (1). ih, hh: W_ih and W_hh once more, in a form that some products are faster with
    /// (`kernels::TakenApart`, `HalfMatrix`).
    template <typename Prepared>
    void pre_activations(const ConstMatrixRef<Scalar>& x, const ConstMatrixRef<Scalar>& h_before,
                         const Prepared& ih, const Prepared& hh,
                         MatrixRef<Scalar> gates) const noexcept {
        for (Index b = 0; b < gates.cols(); ++b) gates.col(b) = bias_ih + bias_hh;
        multiply<Scalar>(weight_ih, ih, x, gates, Update::add);
        multiply<Scalar>(weight_hh, hh, h_before, gates, Update::add);
    }

    /// da_t, in the block of its time.
    [[nodiscard]] static MatrixMap<Scalar> d_gates_of(Index t, Cache& cache) noexcept {
        return cache.d_gates.step(t % cache.block());
    }
};

}  // namespace mgan::inline MGAN_ABI
