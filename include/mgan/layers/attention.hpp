#pragma once
/// \file
/// Self-attention: each step looks back at the steps before it and takes what it needs.
///
/// (Scaled dot product, Vaswani et al. 2017; section 3.2.1 of the paper. docs/attention.md.) Every
/// step asks a question (query), offers a label (key) and a content (value), with weights shared
/// over time. H features; each head has H_k = H / heads rows and does (2) to (4) on its own:
///
///                  +-------+
///     q_t  H rows  |  W_q  |
///     k_t  H rows  |  W_k  | x_t          one product, W = [W_q ; W_k ; W_v], 3H x H          (1)
///     v_t  H rows  |  W_v  |
///                  +-------+
///     s_tj = q_t^T k_j / sqrt(H_k)        scores, for the steps j that t may see              (2)
///     p_tj = exp(s_tj) / sum_i exp(s_ti)  weights, tensor/kernels/softmax.hpp                 (3)
///     m_t  = sum_j p_tj v_j               the mixture                                         (4)
///     y_t  = W_o m_t                      mixes the heads; one head: y_t = m_t                (5)
///
/// What t may see:   causal: j <= t;   causal with window w: t - w < j <= t;   full: all j.
///
///     causal    1 . . . .      window 2    1 . . . .      full    1 1 1 1 1
///     (t down,  1 1 . . .                  1 1 . . .              1 1 1 1 1
///     j right)  1 1 1 . .                  . 1 1 . .              1 1 1 1 1
///
/// Backward, given dy_t. The weights p are not kept (T^2 numbers a song) but computed again from q,
/// k and two numbers a step, the maximum and the sum of (3):
///
///     dm_t  = W_o^T dy_t
///     dp_tj = dm_t^T v_j,       ds_tj = p_tj (dp_tj - sum_i p_ti dp_ti)                       (6)
///     dq_t  = 1/sqrt(H_k) sum_j ds_tj k_j                                                     (7)
///     dk_j  = 1/sqrt(H_k) sum_t ds_tj q_t,   dv_j = sum_t p_tj dm_t   over all t that see j   (8)
///     dx_t  = W^T [dq_t ; dk_t ; dv_t],   dW += [dq_t ; dk_t ; dv_t] x_t^T,
///     dW_o += dy_t m_t^T                                                                      (9)
///
/// Inside a loop with output feedback the dm_t become known one by one, from the last to the first.
/// (8) for step j then gathers from all later steps, and is complete exactly when the walk reaches
/// j (causal: no earlier step sees j). So `backward_step(t)` can finish dx_t. Contributions to
/// steps far back are not added one by one: `kBlockSteps` steps share one product.
///
/// Names follow `torch.nn.MultiheadAttention(bias=False)`: `in_proj_weight`, `out_proj.weight`.

#include <mgan/layers/parameters.hpp>
#include <mgan/layers/shape_check.hpp>
#include <mgan/tensor/kernels/softmax.hpp>
#include <mgan/tensor/product.hpp>
#include <mgan/tensor/sequence.hpp>
#include <mgan/tensor/transposed_product.hpp>

#include <utility>

namespace mgan::inline MGAN_ABI {

struct AttentionSettings {
    Index features = 100;  ///< H
    Index heads = 1;       ///< a divisor of H
    bool causal = true;    ///< false: every step sees all (no streaming, no output feedback)
    Index window = 0;      ///< steps that a step sees, itself among them; 0: no limit (causal only)
};

template <typename Scalar>
class Attention {
public:
    using ScalarType = Scalar;

    /// Steps whose contributions to (8) of earlier steps are added by one product.
    static constexpr Index kBlockSteps = 16;

    /// One H x T matrix per song, a step a column: a `Sequence` whose "step" b is song b. So a step
    /// that looks back over its song reads memory in order.
    using BySong = Sequence<Scalar>;

    /// State saved for backward, plus scratch. Holds views of x and y, which must outlive it and
    /// must not change before backward is done. Memory grows with T H per song.
    struct Cache {
        SequenceView<const Scalar> x;  ///< [T, B, H]
        SequenceView<Scalar> y;        ///< [T, B, H]
        BySong queries, keys, values;  ///< B x (H x T)
        Sequence<Scalar> mixture;      ///< m_t, [T, B, H]; only with several heads
        Sequence<Scalar> peak;         ///< of (3), [T, B, heads]
        Sequence<Scalar> inverse_sum;  ///< of (3), [T, B, heads]
        Sequence<Scalar> projected;    ///< [q ; k ; v] of one block: [block, B, 3H]
        Sequence<Scalar> columns;      ///< p of one block of queries: [1, block, T]

        BySong d_queries, d_keys, d_values;  ///< B x (H x T)
        BySong d_mixture;                    ///< dm_t of one block: B x (H x block)
        Sequence<Scalar> weights;            ///< p of one block: (B heads) x (T x block)
        Sequence<Scalar> d_scores;     ///< ds / sqrt(H_k) of one block: (B heads) x (T x block)
        Sequence<Scalar> d_output;     ///< W_o^T dy of one block, [block, B, H]
        Sequence<Scalar> d_projected;  ///< of one block: [block, B, 3H]
        Matrix<Scalar> in_proj_transposed;   ///< H x 3H
        Matrix<Scalar> out_proj_transposed;  ///< H x H
    };

    /// What a stream remembers: the keys and values of the steps that can still be seen. The buffer
    /// has room for more columns than the window. When it is full, the window moves to its front:
    ///
    ///     | no longer seen | the last window - 1 steps |          full
    ///     | the last window - 1 steps |       room      |          moved, and the stream goes on
    struct Stream {
        BySong keys, values;      ///< B x (H x capacity)
        Index length = 0;         ///< columns in use
        Index window = 0;         ///< steps that a step sees, itself among them; at least 1
        Sequence<Scalar> column;  ///< p: [1, 1, capacity]
        Matrix<Scalar> projected, mixture;
    };

    Attention() = default;

    /// All parameters zero (see layers/initialisation.hpp). Throws ConfigError.
    explicit Attention(const AttentionSettings& config)
        : in_proj(Matrix<Scalar>::Zero(3 * config.features, config.features)), config_(config) {
        require<ConfigError>(
            config.heads >= 1 && config.features >= 1 && config.features % config.heads == 0,
            "Attention: ", config.features, " features (H) cannot be shared by ", config.heads,
            " heads; choose a divisor of H");
        require<ConfigError>(config.window >= 0 && (config.causal || config.window == 0),
                             "Attention: a window of ", config.window,
                             config.causal ? " steps; it must be at least 1, or 0 for no limit"
                                           : " steps only goes with causal attention");
        if (config.heads > 1) out_proj.setZero(config.features, config.features);
    }

    [[nodiscard]] const AttentionSettings& settings() const noexcept { return config_; }
    [[nodiscard]] Index features() const noexcept { return config_.features; }

    /// From now on each step sees `window` steps at most, itself among them (0: no limit). No
    /// parameter depends on it. Must not be called between forward and backward; a stream keeps the
    /// window that it was started with. Throws ConfigError.
    void set_window(Index window) {
        require<ConfigError>(window >= 0 && (config_.causal || window == 0),
                             "Attention::set_window: ", window,
                             " steps; it goes with causal attention, and is at least 1, or 0 for "
                             "no limit");
        config_.window = window;
    }

    // ---- whole sequences ----------------------------------------------------------------------

    /// Equations (1) to (5) for all steps. x, y: [T, B, H]; y is written. Throws ShapeError.
    void forward(SequenceView<const Scalar> x, SequenceView<Scalar> y, Cache& cache) const {
        begin(x, y, cache);
        const Index steps = x.steps();
        for (Index t = 0; t < steps; t += kBlockSteps)
            project(t, std::min(kBlockSteps, steps - t), cache);
        for (Index t = 0; t < steps; t += kBlockSteps)
            attend(t, std::min(kBlockSteps, steps - t), cache);
    }

    /// Equations (6) to (9). dy: [T, B, H]; dx: [T, B, H], written, or an empty view. `gradients`
    /// is added to.
    void backward(SequenceView<const Scalar> dy, SequenceView<Scalar> dx, Cache& cache,
                  Attention& gradients) const {
        check_shape("Attention::backward", "dy", "steps", dy.steps(), cache.x.steps());
        check_shape("Attention::backward", "dy", "samples", dy.batch(), cache.x.batch());
        check_shape("Attention::backward", "dy", "features", dy.features(), features());
        begin_backward(cache);
        const Index steps = dy.steps();
        for (Index first = block_of(steps - 1); first >= 0; first -= kBlockSteps) {
            const Index count = std::min(kBlockSteps, steps - first);
            output_backward(first, dy.range(first, count), cache, gradients);
            const Index begin = first_seen(first), end = end_seen(first + count - 1, steps);
            for_each_head(cache, [&](Index b, Index head) {
                weights_again(b, head, first, count, cache);
                scores_backward(b, head, first, count, cache);
                query_backward(b, head, first, count, begin, end, cache);
                key_backward(b, head, first, count, begin, end, cache);
            });
        }
        for (Index first = 0; first < steps; first += kBlockSteps) {
            const Index count = std::min(kBlockSteps, steps - first);
            gather(first, count, cache);
            if (!dx.empty()) projection_backward(first, count, cache, dx.range(first, count));
            parameters_backward(first, count, cache, gradients);
        }
    }

    // ---- the pieces: causal only, for nets whose output is fed back ----------------------------

    /// Prepares the cache for T steps.
    void begin(SequenceView<const Scalar> x, SequenceView<Scalar> y, Cache& cache) const {
        check_shape("Attention::forward", "x", "features", x.features(), features());
        check_shape("Attention::forward", "y", "features", y.features(), features());
        check_shape("Attention::forward", "y", "steps", y.steps(), x.steps());
        check_shape("Attention::forward", "y", "samples", y.batch(), x.batch());
        const Index steps = x.steps(), batch = x.batch();
        cache.x = x;
        cache.y = y;
        for (BySong* sequence : {&cache.queries, &cache.keys, &cache.values})
            sequence->resize(batch, steps, features());
        if (config_.heads > 1) cache.mixture.resize(steps, batch, features());
        cache.peak.resize(steps, batch, config_.heads);
        cache.inverse_sum.resize(steps, batch, config_.heads);
        cache.projected.resize(std::min(kBlockSteps, steps), batch, 3 * features());
        cache.columns.resize(1, kBlockSteps, kernels::lanes_ceil(steps));
    }

    /// Step t, after the steps before it: fills y at t. Its bits are those of `forward`.
    void forward_step(Index t, Cache& cache) const {
        project(t, 1, cache);
        attend(t, 1, cache);
    }

    /// Prepares the backward walk; the last step comes first.
    void begin_backward(Cache& cache) const {
        const Index steps = cache.x.steps(), batch = cache.x.batch();
        const Index block = std::min(kBlockSteps, steps);
        transpose<Scalar>(in_proj, cache.in_proj_transposed);
        if (config_.heads > 1) transpose<Scalar>(out_proj, cache.out_proj_transposed);
        cache.d_queries.resize(batch, steps, features());
        cache.d_keys.resize(batch, steps, features());
        cache.d_values.resize(batch, steps, features());
        cache.d_keys.set_zero();
        cache.d_values.set_zero();
        cache.d_mixture.resize(batch, block, features());
        if (config_.heads > 1) cache.d_output.resize(block, batch, features());
        cache.weights.resize(batch * config_.heads, block, kernels::lanes_ceil(steps));
        cache.d_scores.resize(batch * config_.heads, block, kernels::lanes_ceil(steps));
        cache.d_projected.resize(block, batch, 3 * features());
    }

    /// Equations (6) to (9) of step t, after those of all later steps. dy: H x B; dx: H x B,
    /// written. Gradients of parameters are added when a block of steps is complete.
    void backward_step(Index t, const ConstMatrixRef<Scalar>& dy, Cache& cache,
                       MatrixRef<Scalar> dx, Attention& gradients) const {
        const Index steps = cache.x.steps();
        const Index first = block_of(t), count = std::min(kBlockSteps, steps - first);
        const Index begin = first_seen(t);
        output_backward(t, dy, cache, gradients);
        for_each_head(cache, [&](Index b, Index head) {
            if (t + 1 == first + count) weights_again(b, head, first, count, cache);
            scores_backward(b, head, t, 1, cache);
            query_backward(b, head, t, 1, begin, t + 1, cache);
            // The steps of this block need their dk and dv next; those before it can wait for the
            // whole block.
            key_backward(b, head, t, 1, std::max(begin, first), t + 1, cache);
            if (t == first) key_backward(b, head, first, count, begin, first, cache);
        });
        gather(t, 1, cache);
        projection_backward(t, 1, cache, dx);
        if (t == first) parameters_backward(first, count, cache, gradients);
    }

    // ---- streaming, causal only ---------------------------------------------------------------

    /// Prepares a stream of B songs, which may go on for any time. Each step sees the `window` of
    /// the settings, or, where these set no limit, the last `longest` steps: up to this length a
    /// song has the bits of `forward`, beyond it those of `forward` with a window of `longest`.
    /// (With a window, `longest` does not matter.) Allocates; `step` does not. Throws ConfigError.
    void start(Stream& stream, Index batch, Index longest) const {
        require<ConfigError>(
            config_.causal, "Attention::start: full attention sees future steps and cannot stream");
        require<ConfigError>(longest >= 1, "Attention::start: room for ", longest,
                             " steps; give the length of the longest song");
        stream.window = config_.window > 0 ? config_.window : longest;
        // A quarter more than the window: moving the window costs four copied columns per step.
        const Index capacity =
            kernels::lanes_ceil(stream.window + stream.window / 4) + kernels::kSoftmaxLanes;
        stream.keys.resize(batch, capacity, features());
        stream.values.resize(batch, capacity, features());
        stream.length = 0;
        stream.projected.resize(3 * features(), batch);
        stream.column.resize(1, 1, capacity);
        stream.mixture.resize(features(), config_.heads > 1 ? batch : 0);
    }

    /// Song `to` of a stream becomes as song `from`. Allocates nothing.
    static void copy_song(Stream& stream, Index from, Index to) noexcept {
        for (BySong* songs : {&stream.keys, &stream.values})
            songs->step(to).leftCols(stream.length) = songs->step(from).leftCols(stream.length);
    }

    /// One step. x, y: H x B. Real-time: neither allocates nor throws, however long the song; the
    /// sizes must be right (asserted, not checked). Once in window / 4 steps it moves the window,
    /// which takes about as long as the step itself.
    void step(const ConstMatrixRef<Scalar>& x, Stream& stream, MatrixRef<Scalar> y) const noexcept {
        if (stream.length == stream.keys.batch()) move_window(stream);
        const Index t = stream.length++;
        multiply<Scalar>(in_proj, x, stream.projected, Update::assign);
        const Index h = features(), rows = head_size();
        for (Index b = 0; b < x.cols(); ++b) {
            stream.keys.step(b).col(t) = stream.projected.col(b).segment(h, h);
            stream.values.step(b).col(t) = stream.projected.col(b).tail(h);
        }
        const Index begin = std::max<Index>(0, t + 1 - stream.window), seen = t + 1 - begin;
        for (Index b = 0; b < x.cols(); ++b) {
            for (Index head = 0; head < config_.heads; ++head) {
                const ConstMatrixMap<Scalar> keys = std::as_const(stream.keys).step(b);
                const ConstMatrixMap<Scalar> values = std::as_const(stream.values).step(b);
                scores(keys.middleRows(head * rows, rows),
                       stream.projected.col(b).segment(head * rows, rows), begin, t + 1,
                       stream.column.step(0));
                kernels::softmax(stream.column.data(), begin, t + 1);
                MatrixRef<Scalar> out = config_.heads > 1 ? MatrixRef<Scalar>(stream.mixture) : y;
                multiply<Scalar>(values.block(head * rows, begin, rows, seen),
                                 std::as_const(stream.column).step(0).middleRows(begin, seen),
                                 out.block(head * rows, b, rows, 1), Update::assign);
            }
        }
        if (config_.heads > 1) multiply<Scalar>(out_proj, stream.mixture, y, Update::assign);
    }

    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const ParameterName& prefix) {
        visitor(prefix / "in_proj_weight", self.in_proj);
        if (self.config_.heads > 1) visitor(prefix / "out_proj.weight", self.out_proj);
    }

    Matrix<Scalar> in_proj;   ///< W = [W_q ; W_k ; W_v], 3H x H
    Matrix<Scalar> out_proj;  ///< W_o, H x H; empty with one head

private:
    using Softmax = kernels::SoftmaxScale<Scalar>;

    /// H_k.
    [[nodiscard]] Index head_size() const noexcept { return features() / config_.heads; }

    /// 1 / sqrt(H_k) of (2).
    [[nodiscard]] Scalar score_factor() const noexcept {
        return Scalar(RealOf<Scalar>(1) / std::sqrt(static_cast<RealOf<Scalar>>(head_size())));
    }

    /// Step t sees [first_seen(t), end_seen(t)).
    [[nodiscard]] Index first_seen(Index t) const noexcept {
        return config_.window > 0 ? std::max<Index>(0, t + 1 - config_.window) : 0;
    }
    [[nodiscard]] Index end_seen(Index t, Index steps) const noexcept {
        return config_.causal ? t + 1 : steps;
    }
    [[nodiscard]] static Index block_of(Index t) noexcept { return t - t % kBlockSteps; }

    template <typename Function>
    void for_each_head(const Cache& cache, Function&& function) const {
        for (Index b = 0; b < cache.x.batch(); ++b)
            for (Index head = 0; head < config_.heads; ++head) function(b, head);
    }

    /// Equation (1) for `count` steps, into the matrices of the songs.
    void project(Index first, Index count, Cache& cache) const {
        const Index h = features();
        multiply<Scalar>(in_proj, cache.x.range(first, count), cache.projected.range(0, count),
                         Update::assign);
        for (Index r = 0; r < count; ++r) {
            const MatrixMap<Scalar> projected = cache.projected.step(r);
            for (Index b = 0; b < cache.x.batch(); ++b) {
                cache.queries.step(b).col(first + r) = projected.col(b).head(h);
                cache.keys.step(b).col(first + r) = projected.col(b).segment(h, h);
                cache.values.step(b).col(first + r) = projected.col(b).tail(h);
            }
        }
    }

    /// Equation (2): columns(j, r) = s_tj of the r-th query for begin <= j < end, also where t does
    /// not see j. keys: H_k x T, queries: H_k x any number.
    void scores(const ConstMatrixRef<Scalar>& keys, const ConstMatrixRef<Scalar>& queries,
                Index begin, Index end, MatrixRef<Scalar> columns) const noexcept {
        auto seen = columns.block(begin, 0, end - begin, queries.cols());
        multiply_transposed<Scalar>(keys.middleCols(begin, end - begin), queries, seen);
        seen *= score_factor();
    }

    /// Equations (2) to (5) for `count` steps: the same numbers for one step and for a block, since
    /// weights of steps that a step does not see are exactly zero.
    void attend(Index first, Index count, Cache& cache) const {
        const Index d = head_size();
        const Index begin = first_seen(first);
        const Index end = end_seen(first + count - 1, cache.x.steps());
        const bool several = config_.heads > 1;
        const SequenceView<Scalar> out = several ? cache.mixture.view() : cache.y;
        for_each_head(cache, [&](Index b, Index head) {
            const ConstMatrixMap<Scalar> queries = std::as_const(cache.queries).step(b);
            const ConstMatrixMap<Scalar> keys = std::as_const(cache.keys).step(b);
            const ConstMatrixMap<Scalar> values = std::as_const(cache.values).step(b);
            scores(keys.middleRows(head * d, d), queries.block(head * d, first, d, count), begin,
                   end, cache.columns.step(0));
            for (Index r = 0; r < count; ++r) {
                const Index t = first + r;
                Scalar* column = cache.columns.step(0).col(r).data();
                const Index t_begin = first_seen(t), t_end = end_seen(t, cache.x.steps());
                const Softmax scale = kernels::softmax(column, t_begin, t_end);
                cache.peak(t, b, head) = scale.peak;
                cache.inverse_sum(t, b, head) = scale.inverse_sum;
                clear_unseen(column, t_begin, t_end, begin, end);
            }
            // m of song b, steps first ..: columns that lie a whole batch apart.
            Eigen::Map<Matrix<Scalar>, 0, Eigen::OuterStride<>> m(
                out.step(first).col(b).data() + head * d, d, count,
                Eigen::OuterStride<>(out.batch() * out.column_stride()));
            multiply<Scalar>(
                values.block(head * d, begin, d, end - begin),
                std::as_const(cache.columns).step(0).block(begin, 0, end - begin, count), m,
                Update::assign);
        });
        if (several)
            multiply<Scalar>(out_proj, cache.mixture.range(first, count),
                             cache.y.range(first, count), Update::assign);
    }

    /// Zeros in [block_begin, block_end) outside what step t sees, [begin, end).
    static void clear_unseen(Scalar* column, Index begin, Index end, Index block_begin,
                             Index block_end) {
        std::fill(column + std::min(block_begin, begin), column + begin, Scalar(0));
        std::fill(column + end, column + std::max(block_end, end), Scalar(0));
    }

    /// dm_t of (6) for the steps of dy (H x (count B)), and dW_o of (9).
    void output_backward(Index first, const ConstMatrixRef<Scalar>& dy, Cache& cache,
                         Attention& gradients) const {
        const Index batch = cache.x.batch(), count = dy.cols() / batch;
        const Index slot = first % kBlockSteps;
        const bool several = config_.heads > 1;
        if (several) {
            multiply<Scalar>(cache.out_proj_transposed, dy, cache.d_output.range(slot, count),
                             Update::assign);
            add_outer_product<Scalar>(dy, cache.mixture.range(first, count), gradients.out_proj);
        }
        for (Index r = 0; r < count; ++r) {
            for (Index b = 0; b < batch; ++b) {
                if (several) {
                    cache.d_mixture.step(b).col(slot + r) = cache.d_output.step(slot + r).col(b);
                } else {
                    cache.d_mixture.step(b).col(slot + r) = dy.col(r * batch + b);
                }
            }
        }
    }

    /// p of `count` steps, a block or its end: equations (2) and (3) again, to the same bits.
    void weights_again(Index b, Index head, Index first, Index count, Cache& cache) const {
        const Index d = head_size(), steps = cache.x.steps(), slot = first % kBlockSteps;
        const Index begin = first_seen(first), end = end_seen(first + count - 1, steps);
        MatrixMap<Scalar> p = cache.weights.step(b * config_.heads + head);
        scores(std::as_const(cache.keys).step(b).middleRows(head * d, d),
               std::as_const(cache.queries).step(b).block(head * d, first, d, count), begin, end,
               p.middleCols(slot, count));
        for (Index t = first; t < first + count; ++t) {
            Scalar* column = p.col(t % kBlockSteps).data();
            const Index t_begin = first_seen(t), t_end = end_seen(t, steps);
            kernels::softmax_apply(column, t_begin, t_end,
                                   Softmax{cache.peak(t, b, head), cache.inverse_sum(t, b, head)});
            // Products over a whole block of steps meet this column where it sees nothing.
            clear_unseen(column, t_begin, t_end, begin, end);
        }
    }

    /// ds / sqrt(H_k) of `count` steps within a block, equation (6).
    void scores_backward(Index b, Index head, Index first, Index count, Cache& cache) const {
        const Index d = head_size(), steps = cache.x.steps(), slot = first % kBlockSteps;
        const Index begin = first_seen(first), end = end_seen(first + count - 1, steps);
        MatrixMap<Scalar> p = cache.weights.step(b * config_.heads + head);
        MatrixMap<Scalar> ds = cache.d_scores.step(b * config_.heads + head);
        multiply_transposed<Scalar>(
            std::as_const(cache.values).step(b).block(head * d, begin, d, end - begin),
            std::as_const(cache.d_mixture).step(b).block(head * d, slot, d, count),
            ds.block(begin, slot, end - begin, count));
        const Index block = block_of(first), last = std::min(block + kBlockSteps, steps) - 1;
        const Index block_begin = first_seen(block), block_end = end_seen(last, steps);
        for (Index t = first; t < first + count; ++t) {
            Scalar* column = ds.col(t % kBlockSteps).data();
            const Index t_begin = first_seen(t), t_end = end_seen(t, steps);
            kernels::softmax_backward(p.col(t % kBlockSteps).data(), column, t_begin, t_end,
                                      score_factor());
            clear_unseen(column, t_begin, t_end, block_begin, block_end);
        }
    }

    /// Equation (7) for `count` steps from `first`, over keys [begin, end).
    void query_backward(Index b, Index head, Index first, Index count, Index begin, Index end,
                        Cache& cache) const {
        const Index d = head_size(), slot = first % kBlockSteps;
        multiply<Scalar>(std::as_const(cache.keys).step(b).block(head * d, begin, d, end - begin),
                         std::as_const(cache.d_scores)
                             .step(b * config_.heads + head)
                             .block(begin, slot, end - begin, count),
                         cache.d_queries.step(b).block(head * d, first, d, count), Update::assign);
    }

    /// Equation (8): what `count` steps from `first` add to keys and values [begin, end).
    void key_backward(Index b, Index head, Index first, Index count, Index begin, Index end,
                      Cache& cache) const {
        if (end <= begin) return;
        const Index d = head_size(), slot = first % kBlockSteps, n = end - begin;
        const Index of_head = b * config_.heads + head;
        add_outer_product<Scalar>(
            std::as_const(cache.queries).step(b).block(head * d, first, d, count),
            std::as_const(cache.d_scores).step(of_head).block(begin, slot, n, count),
            cache.d_keys.step(b).block(head * d, begin, d, n));
        add_outer_product<Scalar>(
            std::as_const(cache.d_mixture).step(b).block(head * d, slot, d, count),
            std::as_const(cache.weights).step(of_head).block(begin, slot, n, count),
            cache.d_values.step(b).block(head * d, begin, d, n));
    }

    /// [dq ; dk ; dv] of `count` steps from the matrices of the songs.
    void gather(Index first, Index count, Cache& cache) const {
        const Index h = features();
        for (Index t = first; t < first + count; ++t) {
            MatrixMap<Scalar> d_projected = cache.d_projected.step(t % kBlockSteps);
            for (Index b = 0; b < cache.x.batch(); ++b) {
                d_projected.col(b).head(h) = cache.d_queries.step(b).col(t);
                d_projected.col(b).segment(h, h) = cache.d_keys.step(b).col(t);
                d_projected.col(b).tail(h) = cache.d_values.step(b).col(t);
            }
        }
    }

    /// (9): dx of the gathered steps.
    void projection_backward(Index first, Index count, const Cache& cache,
                             MatrixRef<Scalar> dx) const {
        multiply<Scalar>(cache.in_proj_transposed,
                         cache.d_projected.range(first % kBlockSteps, count), dx, Update::assign);
    }

    /// (9): dW of a block of steps.
    void parameters_backward(Index first, Index count, const Cache& cache,
                             Attention& gradients) const {
        add_outer_product<Scalar>(cache.d_projected.range(0, count), cache.x.range(first, count),
                                  gradients.in_proj);
    }

    /// Makes room in a full stream: moves the columns that the next step sees to the front, by
    /// whole lanes of the softmax, so that its sums keep their order and their bits.
    void move_window(Stream& stream) const noexcept {
        const Index capacity = stream.keys.batch();
        const Index drop = kernels::lanes_floor(capacity + 1 - stream.window);
        for (BySong* songs : {&stream.keys, &stream.values}) {
            for (Index b = 0; b < songs->steps(); ++b) {
                Scalar* data = songs->step(b).data();
                std::copy(data + drop * features(), data + capacity * features(), data);
            }
        }
        stream.length = capacity - drop;
    }

    AttentionSettings config_;
};

}  // namespace mgan::inline MGAN_ABI
