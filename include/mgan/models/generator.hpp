#pragma once
/// \file
/// The generator (sections 3.1.1 and 3.2.1 of the paper): noise in, events out, each event fed back
/// as input.
///
///               w_t        y_{t-1}         w = NoisePath(z), or z itself                      (1)
///                |  +---------+            u_t = [w_t ; y_{t-1} ; k_{t-1}]                    (2)
///              +-v--v-+
///              | LSTM |                    h_t = LSTM(u_t), two stacked layers                (3)
///              +--+---+
///            [ attention ]                 m_t = attention(h_1 .. h_t) [+ h_t], or h_t        (4)
///                 |
///            dense, relu                   head_t = relu(W_1 m_t [+ W_z z_t] + b_1)           (5)
///                 |
///               dense ----> y_t            y_t = W_2 head_t + b_2, [through the recall gate]  (6)
///                 ^          |
///                 +-- next --+             fed back: feedback(y_t), by default y_t itself     (7)
///                     step
///
/// Sizes: z_t, w_t: Z (noise), y_t: F (event features), k_t: K (context, 0 by default: constants
/// that the caller derives from the event, such as its pitch class), h_t, m_t: H. W_z is there if
/// `noise_to_head`. The baseline C-RNN-GAN has neither noise path nor attention; CARNN GAN has a
/// convolution and attention; CARNN mGAN has a mapping network too (`carnn_settings`).
///
/// Attention is causal: step t looks at LSTM outputs up to its own, since later ones depend on y_t
/// itself. (The future comes in through the noise: (1) is computed for the whole song beforehand.)
///
/// Two ways to run. *Teacher forcing*: the events before are those of a real song, known from the
/// start; layers run one after the other over all steps. *Free running*: the events before are the
/// generator's own; the layers advance together, step by step, and (7) passes each event through
/// `feedback` (for example: to the nearest event that can be played).
///
/// Backward through (7): y_t has two consumers, the loss and, one step later, the generator. So
///
///     dy_t = (the loss's gradient of y_t) + (rows of y_t in du_{t+1})                         (8)
///
/// where `feedback` counts as the identity ("straight-through", Bengio et al. 2013). With
/// attention, h_t too has many consumers, its own step and all that looked back at it: see
/// layers/attention.hpp. Cutting the second term of (8) gives a gradient of each event's direct
/// effect only, but one that does not explode.

#include <mgan/layers/activation.hpp>
#include <mgan/layers/attention.hpp>
#include <mgan/layers/dense.hpp>
#include <mgan/layers/stacked_lstm.hpp>
#include <mgan/models/generator_settings.hpp>
#include <mgan/models/noise_path.hpp>
#include <mgan/models/parameter_count.hpp>
#include <mgan/models/recall_gate.hpp>

namespace mgan::inline MGAN_ABI {

/// Feeds events back as they are, with no context.
struct IdentityFeedback {
    template <typename In, typename Out, typename Context>
    void operator()(Index, const In& y, Out&& fed_back, Context&&) const {
        fed_back = y;
    }
};

/// What a generator plays from: z, and w of equation (1) where somebody has computed it for more
/// songs than these (training/batch_noise.hpp).
template <typename Scalar>
struct GeneratorNoise {
    /// The generator computes w itself.
    template <typename View>
    requires(std::is_convertible_v<const View&, SequenceView<const Scalar>>)
        GeneratorNoise(const View& noise)  // NOLINT: conversion by design
        : z(noise) {}
    GeneratorNoise(SequenceView<const Scalar> noise, SequenceView<const Scalar> computed)
        : z(noise), w(computed) {}

    SequenceView<const Scalar> z;  ///< [T, B, Z]
    SequenceView<const Scalar> w;  ///< [T, B, Z], or empty
};

template <typename Scalar>
class Generator {
public:
    using ScalarType = Scalar;

    struct Cache {
        Sequence<Scalar> input;      ///< u_t, [T, B, Z + F + K]
        Sequence<Scalar> attended;   ///< m_t, [T, B, H]; only with attention
        Sequence<Scalar> hidden;     ///< head_t, [T, B, head]
        Sequence<Scalar> event;      ///< y_t, [T, B, F]
        Sequence<Scalar> raw_noise;  ///< z, only where both a noise path and the head read it
        Index plane_steps = 0;       ///< steps of z; more than T for the beginning of a song
        bool w_given = false;        ///< the noise path was run by the caller
        typename NoisePath<Scalar>::Cache noise_path;
        typename StackedLstm<Scalar>::Cache lstm;
        typename Attention<Scalar>::Cache attention;
        typename Dense<Scalar>::Cache head_1, head_2;
        typename RecallGate<Scalar>::Cache recall;  ///< only with recall gate
        Sequence<Scalar> d_event, d_hidden, d_attended, d_lstm;
        Sequence<Scalar> d_input;  ///< du_t, [T, B, Z + F + K]
        Sequence<Scalar> d_noise;  ///< dz, [steps of z, B, Z]; with a noise path
        Sequence<Scalar> d_plane;  ///< dw, [steps of z, B, Z]; with a noise path
    };

    /// What streaming generation remembers: one object a song (or a batch of songs) that is played.
    struct Stream {
        typename StackedLstm<Scalar>::State state;
        typename Attention<Scalar>::Stream attention;
        Matrix<Scalar> input;  ///< u_t; its rows Z .. are what was fed back
        Matrix<Scalar> gates, attended, hidden, event;
        Matrix<Scalar> proposal, recall;  ///< only with recall gate
    };

    Generator() = default;
    explicit Generator(const GeneratorSettings& config)
        : noise_path(NoisePathSettings{possible(config).noise, config.mapping_layers,
                                       config.plane_length, config.convolution}),
          lstm(config.noise + config.features + config.context, config.hidden, config.layers),
          head_1(config.hidden, config.head),
          head_2(config.head, config.features),
          head_noise(Matrix<Scalar>::Zero(config.noise_to_head ? config.head : 0, config.noise)),
          recall_gate(config.recall_gate ? RecallGate<Scalar>(config.head, config.features)
                                         : RecallGate<Scalar>()),
          config_(config) {
        require<ConfigError>(config.attention_heads >= 0, "Generator: ", config.attention_heads,
                             " attention heads; 0 stands for no attention");
        require<ConfigError>(!config.recall_gate || config.context > config.features,
                             "Generator: the recall gate needs a context that ends in a recalled "
                             "event and its flag, ",
                             config.features + 1, " rows; the context has ", config.context);
        if (attends()) {
            require_divisible_width(config.attention_heads, config.hidden);
            attention = Attention<Scalar>(AttentionSettings{config.hidden, config.attention_heads,
                                                            true, config.attention_window});
        }
    }

    [[nodiscard]] const GeneratorSettings& settings() const noexcept { return config_; }

    /// Whether there is an attention layer.
    [[nodiscard]] bool attends() const noexcept { return config_.attention_heads > 0; }

    /// Equation (1) for whole songs: z, [T, B, Z], to w, [T, B, Z], which is z itself without a
    /// noise path and lives in the cache otherwise. `forward` does this itself; streaming needs it
    /// before the first `step`. Throws ShapeError.
    [[nodiscard]] SequenceView<const Scalar> prepare_noise(
        SequenceView<const Scalar> z, typename NoisePath<Scalar>::Cache& cache) const {
        if (noise_path.empty()) return z;
        return noise_path.forward(z, cache).view();
    }

    /// The same for playing a song of any length, with the plane of
    /// `noise_path.plane_steps(length)` steps: w of a mapping network in overlapping windows.
    [[nodiscard]] SequenceView<const Scalar> prepare_long_noise(
        SequenceView<const Scalar> z, typename NoisePath<Scalar>::Cache& cache) const {
        if (noise_path.empty()) return z;
        return noise_path.forward_long(z, cache).view();
    }

    /// For songs longer than those of the training: steps that the attention, if there is one, sees
    /// from now on (in streams: those that start from now on). Throws ConfigError.
    void limit_attention(Index window) {
        if (attends()) attention.set_window(window);
        config_.attention_window = window;
    }

    /// Teacher forcing. noise: [T, B, Z], or longer with a noise path (a mapping network needs the
    /// plane of a whole song); before: [T, B, F + K], row block t holding [y_{t-1} ; k_{t-1}] of
    /// the real song. Returns y, [T, B, F], which lives in the cache. Throws ShapeError.
    const Sequence<Scalar>& forward_teacher_forced(const GeneratorNoise<Scalar>& noise,
                                                   SequenceView<const Scalar> before,
                                                   Cache& cache) const {
        const Index steps = before.steps();
        // (Not `require`: it would build the texts of the shapes, on the heap, at every call.)
        if (!((steps == noise.z.steps() || may_cut(steps, noise.z.steps())) &&
              before.batch() == noise.z.batch() &&
              before.features() == config_.features + config_.context)) {
            fail<ShapeError>("Generator::forward_teacher_forced: the events before are ",
                             before.shape(), ", expected [T=", noise.z.steps(),
                             ", B=", noise.z.batch(), ", F=", config_.features + config_.context,
                             "]");
        }
        begin(noise, steps, cache);
        cache.input.all().bottomRows(before.features()) = before.all();
        const Sequence<Scalar>& h = lstm.forward(std::as_const(cache.input).view(), cache.lstm);
        if (attends()) {
            attention.forward(h.view(), cache.attended.view(), cache.attention);
            if (config_.attention_residual) cache.attended.all() += h.all();
        }
        head(raw_noise(cache).all(), head_input(cache).all(), cache.hidden.all(),
             cache.event.all());
        if (config_.recall_gate) gate_events(0, steps, cache);
        return cache.event;
    }

    /// Free running. noise: [T, B, Z]; first: (F + K) x B, what stands for [y_0 ; k_0] before the
    /// first step; any matrix or expression. After each step, `feedback(t, y_t, fed_back, context)`
    /// writes what is fed back (F x B) and k_t (K x B). `steps`: of the song; 0 stands for T, fewer
    /// are possible with a noise path. Throws ShapeError.
    template <typename Derived, typename Feedback = IdentityFeedback>
    const Sequence<Scalar>& forward(const GeneratorNoise<Scalar>& noise,
                                    const Eigen::MatrixBase<Derived>& first, Cache& cache,
                                    Feedback&& feedback = {}, Index steps = 0) const {
        const Index plane = noise.z.steps(), batch = noise.z.batch();
        if (steps == 0) steps = plane;
        require<ShapeError>(steps == plane || may_cut(steps, plane), "Generator::forward: ", steps,
                            " steps from a noise plane of ", plane);
        begin(noise, steps, cache);
        require<ShapeError>(
            first.rows() == config_.features + config_.context && first.cols() == batch,
            "Generator::forward: the first event is ", first.rows(), " x ", first.cols(),
            ", expected ", config_.features + config_.context, " x ", batch);
        lstm.begin(std::as_const(cache.input).view(), cache.lstm);
        const Sequence<Scalar>& h = cache.lstm.outputs.back();
        if (attends()) attention.begin(h.view(), cache.attended.view(), cache.attention);
        cache.input.step(0).bottomRows(first.rows()) = first;
        for (Index t = 0; t < steps; ++t) {
            lstm.forward_step(t, cache.lstm);
            if (attends()) {
                attention.forward_step(t, cache.attention);
                if (config_.attention_residual) cache.attended.step(t) += h.step(t);
            }
            head(raw_noise(cache).step(t), head_input(cache).step(t), cache.hidden.step(t),
                 cache.event.step(t));
            if (config_.recall_gate) gate_events(t, 1, cache);
            if (t + 1 < steps) {
                MatrixMap<Scalar> next = cache.input.step(t + 1);
                feedback(t, cache.event.step(t), next.middleRows(config_.noise, config_.features),
                         next.bottomRows(config_.context));
            }
        }
        return cache.event;
    }

    /// Backward of the last forward. dy: [T, B, F]. `through_feedback` includes the second term of
    /// (8) (after `forward`; meaningless after teacher forcing). `gradients` is added to. du_t
    /// stays in `cache.d_input` ([T, B, Z + F + K]): rows 0 .. Z-1 are the gradient of the noise;
    /// with a noise path they are that of w, and that of z stays in `cache.d_noise`. Where w was
    /// given, backward ends at w, and `gradients.noise_path` is left alone (it may be empty).
    /// Throws ShapeError.
    void backward(SequenceView<const Scalar> dy, Cache& cache, Generator& gradients,
                  bool through_feedback) const {
        const Index steps = cache.event.steps(), batch = cache.event.batch();
        if (dy.steps() != steps || dy.batch() != batch || dy.features() != config_.features) {
            fail<ShapeError>("Generator::backward: dy is ", dy.shape(), ", the events are ",
                             cache.event.shape());
        }
        head_1.prepare_backward(cache.head_1);
        head_2.prepare_backward(cache.head_2);
        if (config_.recall_gate) recall_gate.dense.prepare_backward(cache.recall.dense);
        cache.d_hidden.resize(steps, batch, config_.head);
        cache.d_lstm.resize(steps, batch, config_.hidden);
        if (attends()) cache.d_attended.resize(steps, batch, config_.hidden);
        cache.d_input.resize(steps, batch, cache.input.features());
        cache.d_event.resize(steps, batch, config_.features);
        cache.d_event.all() = dy.all();
        Sequence<Scalar>& d_head_input = attends() ? cache.d_attended : cache.d_lstm;
        if (through_feedback) {
            lstm.begin_backward(cache.lstm);
            if (attends()) attention.begin_backward(cache.attention);
            for (Index t = steps - 1; t >= 0; --t) {
                if (t + 1 < steps) {  // equation (8)
                    cache.d_event.step(t) +=
                        cache.d_input.step(t + 1).middleRows(config_.noise, config_.features);
                }
                head_backward(t, 1, d_head_input.step(t), cache);
                if (attends()) {
                    attention.backward_step(t, cache.d_attended.step(t), cache.attention,
                                            cache.d_lstm.step(t), gradients.attention);
                    if (config_.attention_residual)
                        cache.d_lstm.step(t) += cache.d_attended.step(t);
                }
                lstm.backward_step(t, cache.d_lstm.step(t), cache.lstm, cache.d_input.step(t),
                                   gradients.lstm);
            }
        } else {
            head_backward(0, steps, d_head_input.all(), cache);
            if (attends()) {
                attention.backward(std::as_const(cache.d_attended).view(), cache.d_lstm.view(),
                                   cache.attention, gradients.attention);
                if (config_.attention_residual) cache.d_lstm.all() += cache.d_attended.all();
            }
            lstm.backward(std::as_const(cache.d_lstm).view(), cache.d_input.view(), cache.lstm,
                          gradients.lstm);
        }
        head_1.backward_parameters(head_input(cache).all(), cache.d_hidden.all(), gradients.head_1);
        if (config_.recall_gate) {
            head_2.backward_parameters(cache.hidden.all(), cache.recall.d_proposal.all(),
                                       gradients.head_2);
            recall_gate.dense.backward_parameters(cache.hidden.all(), cache.recall.d_gate.all(),
                                                  gradients.recall_gate.dense);
        } else {
            head_2.backward_parameters(cache.hidden.all(), cache.d_event.all(), gradients.head_2);
        }
        noise_backward(cache, gradients);
    }

    /// Prepares a stream of B songs that starts from `first`, (F + K) x B, any matrix or
    /// expression. The stream may go on for any time; an attention without window then sees the
    /// last `longest` steps (see `Attention::start`; otherwise `longest` does not matter).
    /// Allocates; `step` does not.
    template <typename Derived>
    void start(Stream& stream, const Eigen::MatrixBase<Derived>& first,
               Index longest = 4096) const {
        const Index batch = first.cols();
        lstm.set_zero(stream.state, batch);
        stream.input.setZero(lstm.features(), batch);
        stream.input.bottomRows(first.rows()) = first;
        stream.gates.resize(4 * config_.hidden, batch);
        stream.hidden.resize(config_.head, batch);
        stream.event.resize(config_.features, batch);
        if (config_.recall_gate) {
            stream.proposal.resize(config_.features, batch);
            stream.recall.resize(config_.features, batch);
        }
        if (attends()) {
            attention.start(stream.attention, batch, longest);
            stream.attended.resize(config_.hidden, batch);
        }
    }

    /// One event (F x B) from one noise vector (Z x B; with a noise path: w_t of `prepare_noise`),
    /// with the numbers of `forward` to the bit. The caller then writes what is fed back into
    /// `fed_back(stream)` and `context(stream)`. Real-time: neither allocates nor throws; the sizes
    /// must be right (asserted, not checked).
    const Matrix<Scalar>& step(const ConstMatrixRef<Scalar>& noise, Stream& stream) const noexcept {
        return step(noise, noise, stream);
    }

    /// The same where the head reads the noise past the noise path: w_t and z_t, Z x B each.
    const Matrix<Scalar>& step(const ConstMatrixRef<Scalar>& w, const ConstMatrixRef<Scalar>& z,
                               Stream& stream) const noexcept {
        stream.input.topRows(config_.noise) = w;
        lstm.step(stream.input, stream.state, stream.gates);
        const Matrix<Scalar>& h = stream.state.back().hidden;
        if (attends()) {
            attention.step(h, stream.attention, stream.attended);
            if (config_.attention_residual) stream.attended += h;
            head(z, stream.attended, stream.hidden, stream.event);
        } else {
            head(z, h, stream.hidden, stream.event);
        }
        if (config_.recall_gate) {
            stream.proposal = stream.event;
            recall_gate.step(stream.hidden, stream.proposal,
                             stream.input.bottomRows(config_.features + 1), stream.recall,
                             stream.event);
        }
        return stream.event;
    }
    /// Rows of the next u_t for the event, F x B, and for the context, K x B.
    [[nodiscard]] auto fed_back(Stream& stream) const noexcept {
        return stream.input.middleRows(config_.noise, config_.features);
    }
    [[nodiscard]] auto context(Stream& stream) const noexcept {
        return stream.input.bottomRows(config_.context);
    }

    /// Lets `step` read half the bytes where a single song is played, if the weights are bfloat16.
    /// To the same bits; to be called again when they have changed.
    void pack_half() {
        lstm.pack_half();
        head_1.pack_half();
        head_2.pack_half();
    }

    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const ParameterName& prefix) {
        NoisePath<Scalar>::visit(self.noise_path, visitor, prefix);
        StackedLstm<Scalar>::visit(self.lstm, visitor, prefix / "lstm.");
        if (self.attends())
            Attention<Scalar>::visit(self.attention, visitor, prefix / "attention.");
        Dense<Scalar>::visit(self.head_1, visitor, prefix / "head_1.");
        Dense<Scalar>::visit(self.head_2, visitor, prefix / "head_2.");
        if (self.config_.noise_to_head) visitor(prefix / "head_noise.weight", self.head_noise);
        if (self.config_.recall_gate)
            RecallGate<Scalar>::visit(self.recall_gate, visitor, prefix / "recall_gate.");
    }

    NoisePath<Scalar> noise_path;
    StackedLstm<Scalar> lstm;
    Attention<Scalar> attention;
    Dense<Scalar> head_1;
    Dense<Scalar> head_2;
    Matrix<Scalar> head_noise;  ///< W_z, head x Z; without rows if it is not used
    RecallGate<Scalar> recall_gate;

private:
    /// Whether a song of `steps` steps may be the beginning of a longer noise plane.
    [[nodiscard]] bool may_cut(Index steps, Index plane) const noexcept {
        return !noise_path.empty() && steps > 0 && steps < plane;
    }

    void begin(const GeneratorNoise<Scalar>& noise, Index steps, Cache& cache) const {
        const SequenceView<const Scalar>& z = noise.z;
        require<ShapeError>(z.features() == config_.noise, "Generator: the noise has ",
                            z.features(), " features, the model expects ", config_.noise, " (Z)");
        if (z.steps() <= 0 || z.batch() <= 0)
            fail<ShapeError>("Generator: the noise is empty, ", z.shape());
        cache.w_given = !noise.w.empty();
        if (cache.w_given && (noise.w.steps() != z.steps() || noise.w.batch() != z.batch() ||
                              noise.w.features() != config_.noise)) {
            fail<ShapeError>("Generator: w is ", noise.w.shape(), ", the noise ", z.shape());
        }
        const SequenceView<const Scalar> w =
            cache.w_given ? noise.w : prepare_noise(z, cache.noise_path);
        cache.plane_steps = z.steps();
        cache.input.resize(steps, z.batch(), lstm.features());
        cache.input.all().topRows(config_.noise) = w.range(0, steps);
        if (!noise_path.empty() && config_.noise_to_head) {
            cache.raw_noise.resize(steps, z.batch(), config_.noise);
            cache.raw_noise.all() = z.range(0, steps);
        }
        if (attends()) cache.attended.resize(steps, z.batch(), config_.hidden);
        cache.hidden.resize(steps, z.batch(), config_.head);
        cache.event.resize(steps, z.batch(), config_.features);
        if (config_.recall_gate) cache.recall.resize(steps, z.batch(), config_.features);
    }

    /// z_t for the head: the top of u_t, unless a noise path stands between.
    [[nodiscard]] SequenceView<const Scalar> raw_noise(const Cache& cache) const {
        if (!noise_path.empty() && config_.noise_to_head) return cache.raw_noise.view();
        return cache.input.view().features(0, config_.noise);
    }

    /// m_t.
    [[nodiscard]] const Sequence<Scalar>& head_input(const Cache& cache) const {
        return attends() ? cache.attended : cache.lstm.outputs.back();
    }

    /// (5) backward to z_t, which the head reads past the noise path; and (1) backward, unless the
    /// caller ran the noise path forward and therefore runs it backward, too.
    void noise_backward(Cache& cache, Generator& gradients) const {
        if (!noise_path.empty() && !cache.w_given) {
            // Noise beyond the end of the song affects only the noise path.
            cache.d_plane.resize(cache.plane_steps, cache.event.batch(), config_.noise);
            cache.d_plane.set_zero();
            cache.d_plane.range(0, cache.event.steps()) =
                cache.d_input.all().topRows(config_.noise);
            cache.d_noise.resize(cache.plane_steps, cache.event.batch(), config_.noise);
            noise_path.backward(std::as_const(cache.d_plane).view(), cache.d_noise.view(),
                                cache.noise_path, gradients.noise_path);
        }
        if (!config_.noise_to_head) return;
        add_outer_product<Scalar>(cache.d_hidden.all(), raw_noise(cache).all(),
                                  gradients.head_noise);
        if (cache.w_given) return;
        const SequenceView<Scalar> dz = noise_path.empty()
                                            ? cache.d_input.view().features(0, config_.noise)
                                            : cache.d_noise.view();
        dz.range(0, cache.event.steps()).noalias() +=
            head_noise.transpose().lazyProduct(cache.d_hidden.all());
    }

    /// Equations (5) and (6), for any number of columns.
    void head(const ConstMatrixRef<Scalar>& noise, const ConstMatrixRef<Scalar>& m,
              MatrixRef<Scalar> hidden, MatrixRef<Scalar> event) const noexcept {
        head_1.step(m, hidden);
        if (config_.noise_to_head) multiply<Scalar>(head_noise, noise, hidden, Update::add);
        activate<Scalar>(Activation::relu, hidden);
        head_2.step(hidden, event);
    }

    /// The recall gate over steps t .. t + count - 1: what the head wrote becomes the proposal.
    void gate_events(Index t, Index count, Cache& cache) const {
        cache.recall.proposal.range(t, count) = cache.event.range(t, count);
        recall_gate.forward(cache.hidden.range(t, count), cache.recall.proposal.range(t, count),
                            cache.input.range(t, count).bottomRows(config_.features + 1),
                            cache.recall.gate.range(t, count), cache.event.range(t, count));
    }

    /// The recall gate, (6) and (5) backward to dm_t, for steps t .. t + count - 1. The gradients
    /// of the parameters wait for the end, where each is one product.
    void head_backward(Index t, Index count, MatrixRef<Scalar> d_input, Cache& cache) const {
        MatrixMap<Scalar> d_event = cache.d_event.range(t, count);
        MatrixMap<Scalar> d_hidden = cache.d_hidden.range(t, count);
        if (config_.recall_gate) {
            MatrixMap<Scalar> d_proposal = cache.recall.d_proposal.range(t, count);
            d_hidden.setZero();
            recall_gate.backward(
                cache.recall.proposal.range(t, count), cache.recall.gate.range(t, count),
                cache.input.range(t, count).bottomRows(config_.features + 1), d_event,
                cache.recall.dense, d_proposal, cache.recall.d_gate.range(t, count), d_hidden);
            head_2.backward_input(d_proposal, cache.head_2, d_hidden, Update::add);
        } else {
            head_2.backward_input(d_event, cache.head_2, d_hidden);
        }
        activate_backward<Scalar>(Activation::relu, cache.hidden.range(t, count), d_hidden);
        head_1.backward_input(d_hidden, cache.head_1, d_input);
    }

    GeneratorSettings config_;
};

}  // namespace mgan::inline MGAN_ABI
