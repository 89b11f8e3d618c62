#pragma once
/// \file
/// The generator (section 3.1.1 of the paper): noise in, events out, each event fed back as input.
///
///               z_t        y_{t-1}          u_t = [z_t ; y_{t-1} ; k_{t-1}] (1)
///                |  +---------+
///              +-v--v-+                      s_t = LSTM(u_t), two stacked layers (2) | LSTM |
///              +--+---+                      a_t = relu(W_1 s_t [+ W_z z_t] + b_1) (3)
///                 |                          y_t = W_2 a_t + b_2 (4)
///              dense, relu
///                 |                          fed back: r(y_t), by default y_t itself (5)
///              dense ---> y_t ---+
///                 ^              |
///                 +--- next step-+
///
/// Sizes: z_t: Z (noise), y_t: F (event features), k_t: K (context, 0 by default: constants that
/// the caller derives from the event, such as its pitch class), s_t: H. W_z is there if
/// `noise_to_head`.
///
/// Two ways to run. *Teacher forcing*: the events before are those of a real song, known from the
/// start; layers run one after the other over all steps. *Free running*: the events before are the
/// generator's own; the layers advance together, step by step, and (5) passes each event through
/// `feedback` (for example: to the nearest event that can be played).
///
/// Backward through (5): y_t is heard twice, by the loss and, one step later, by the generator. So
///
///     dy_t = dL/dy_t + (rows of y in W_ih' da_{t+1}) (6)
///
/// where r counts as the identity ("straight-through", Bengio et al. 2013). Cutting the second term
/// leaves a gradient that knows each event's direct effect alone, but which does not explode.

#include <mgan/layers/activation.hpp>
#include <mgan/layers/dense.hpp>
#include <mgan/layers/stacked_lstm.hpp>

namespace mgan::inline MGAN_ABI {

struct GeneratorConfig {
    Index features = 4;          ///< F
    Index noise = 4;             ///< Z
    Index context = 0;           ///< K
    Index hidden = 100;          ///< H
    Index layers = 2;            ///< of the LSTM
    Index head = 100;            ///< units of the first dense layer
    bool noise_to_head = false;  ///< the first dense layer sees z_t too
};

/// Feeds events back as they are, with no context.
struct IdentityFeedback {
    template <typename In, typename Out, typename Context>
    void operator()(Index, const In& y, Out&& fed_back, Context&&) const {
        fed_back = y;
    }
};

template <typename Scalar>
class Generator {
public:
    using ScalarType = Scalar;

    struct Cache {
        Sequence<Scalar> input;   ///< u_t, [T, B, Z + F + K]
        Sequence<Scalar> hidden;  ///< a_t, [T, B, head]
        Sequence<Scalar> event;   ///< y_t, [T, B, F]
        typename StackedLstm<Scalar>::Cache lstm;
        typename Dense<Scalar>::Cache head_1, head_2;
        Sequence<Scalar> d_event, d_hidden, d_lstm, d_input;
    };

    /// What streaming generation remembers: one object a song (or a batch of songs) that is played.
    struct Stream {
        typename StackedLstm<Scalar>::State state;
        Matrix<Scalar> input;  ///< u_t; its rows Z .. are what was fed back
        Matrix<Scalar> gates, hidden, event;
    };

    Generator() = default;
    explicit Generator(const GeneratorConfig& config)
        : lstm(config.noise + config.features + config.context, config.hidden, config.layers),
          head_1(config.hidden, config.head),
          head_2(config.head, config.features),
          head_noise(Matrix<Scalar>::Zero(config.noise_to_head ? config.head : 0, config.noise)),
          config_(config) {}

    [[nodiscard]] const GeneratorConfig& config() const noexcept { return config_; }

    /// Teacher forcing. noise: [T, B, Z]; before: [T, B, F + K], row block t holding [y_{t-1} ;
    /// k_{t-1}] of the real song. Returns y, [T, B, F], which lives in the cache. Throws
    /// ShapeError.
    const Sequence<Scalar>& forward_teacher_forced(SequenceView<const Scalar> noise,
                                                   SequenceView<const Scalar> before,
                                                   Cache& cache) const {
        begin(noise, cache);
        require<ShapeError>(before.steps() == noise.steps() && before.batch() == noise.batch() &&
                                before.features() == config_.features + config_.context,
                            "Generator::forward_teacher_forced: the events before are ",
                            before.shape(), ", expected [T=", noise.steps(), ", B=", noise.batch(),
                            ", F=", config_.features + config_.context, "]");
        cache.input.all().bottomRows(before.features()) = before.all();
        const Sequence<Scalar>& s = lstm.forward(std::as_const(cache.input).view(), cache.lstm);
        head(noise.all(), s.all(), cache.hidden.all(), cache.event.all());
        return cache.event;
    }

    /// Free running. noise: [T, B, Z]; first: (F + K) x B, what stands for [y_0 ; k_0] before the
    /// first step. After each step, `feedback(t, y_t, fed_back, context)` writes r(y_t) (F x B) and
    /// k_t (K x B).
    template <typename Feedback = IdentityFeedback>
    const Sequence<Scalar>& forward(SequenceView<const Scalar> noise,
                                    const ConstMatrixRef<Scalar>& first, Cache& cache,
                                    Feedback&& feedback = {}) const {
        begin(noise, cache);
        require<ShapeError>(
            first.rows() == config_.features + config_.context && first.cols() == noise.batch(),
            "Generator::forward: the first event is ", first.rows(), " x ", first.cols(),
            ", expected ", config_.features + config_.context, " x ", noise.batch());
        lstm.begin(std::as_const(cache.input).view(), cache.lstm);
        cache.input.step(0).bottomRows(first.rows()) = first;
        for (Index t = 0; t < noise.steps(); ++t) {
            lstm.forward_step(t, cache.lstm);
            head(noise.step(t), cache.lstm.outputs.back().step(t), cache.hidden.step(t),
                 cache.event.step(t));
            if (t + 1 < noise.steps()) {
                MatrixMap<Scalar> next = cache.input.step(t + 1);
                feedback(t, cache.event.step(t), next.middleRows(config_.noise, config_.features),
                         next.bottomRows(config_.context));
            }
        }
        return cache.event;
    }

    /// Backward of the last forward. dy: [T, B, F]. `through_feedback` takes the second term of (6)
    /// in (after `forward`; pointless after teacher forcing). `gradients` is added to. The gradient
    /// of u_t stays in `cache.d_input` ([T, B, Z + F + K]): rows 0 .. Z-1 are that of the noise.
    void backward(SequenceView<const Scalar> dy, Cache& cache, Generator& gradients,
                  bool through_feedback) const {
        const Index steps = cache.event.steps(), batch = cache.event.batch();
        require<ShapeError>(
            dy.steps() == steps && dy.batch() == batch && dy.features() == config_.features,
            "Generator::backward: dy is ", dy.shape(), ", the events are ", cache.event.shape());
        head_1.prepare_backward(cache.head_1);
        head_2.prepare_backward(cache.head_2);
        cache.d_hidden.resize(steps, batch, config_.head);
        cache.d_lstm.resize(steps, batch, config_.hidden);
        cache.d_input.resize(steps, batch, cache.input.features());
        cache.d_event.resize(steps, batch, config_.features);
        cache.d_event.all() = dy.all();
        if (through_feedback) {
            lstm.begin_backward(cache.lstm);
            for (Index t = steps - 1; t >= 0; --t) {
                if (t + 1 < steps) {  // equation (6)
                    cache.d_event.step(t) +=
                        cache.d_input.step(t + 1).middleRows(config_.noise, config_.features);
                }
                head_backward(cache.hidden.step(t), cache.d_event.step(t), cache.d_hidden.step(t),
                              cache.d_lstm.step(t), cache);
                lstm.backward_step(t, cache.d_lstm.step(t), cache.lstm, cache.d_input.step(t),
                                   gradients.lstm);
            }
        } else {
            head_backward(cache.hidden.all(), cache.d_event.all(), cache.d_hidden.all(),
                          cache.d_lstm.all(), cache);
            lstm.backward(std::as_const(cache.d_lstm).view(), cache.d_input.view(), cache.lstm,
                          gradients.lstm);
        }
        head_1.backward_parameters(cache.lstm.outputs.back().all(), cache.d_hidden.all(),
                                   gradients.head_1);
        head_2.backward_parameters(cache.hidden.all(), cache.d_event.all(), gradients.head_2);
        if (config_.noise_to_head) {
            const ConstMatrixRef<Scalar> noise = cache.input.all().topRows(config_.noise);
            add_outer_product<Scalar>(cache.d_hidden.all(), noise, gradients.head_noise);
            cache.d_input.all().topRows(config_.noise).noalias() +=
                head_noise.transpose().lazyProduct(cache.d_hidden.all());
        }
    }

    /// Prepares a stream of B songs that starts from `first`, (F + K) x B. Allocates; `step` does
    /// not.
    void start(Stream& stream, const ConstMatrixRef<Scalar>& first) const {
        const Index batch = first.cols();
        stream.state = lstm.zero_state(batch);
        stream.input.setZero(lstm.features(), batch);
        stream.input.bottomRows(first.rows()) = first;
        stream.gates.resize(4 * config_.hidden, batch);
        stream.hidden.resize(config_.head, batch);
        stream.event.resize(config_.features, batch);
    }

    /// One event (F x B) from one noise vector (Z x B), with the numbers of `forward` to the bit.
    /// The caller then writes what is fed back into `fed_back(stream)` and `context(stream)`.
    /// Allocates nothing.
    const Matrix<Scalar>& step(const ConstMatrixRef<Scalar>& noise, Stream& stream) const {
        stream.input.topRows(config_.noise) = noise;
        lstm.step(stream.input, stream.state, stream.gates);
        head(noise, stream.state.back().hidden, stream.hidden, stream.event);
        return stream.event;
    }
    [[nodiscard]] auto fed_back(Stream& stream) const {
        return stream.input.middleRows(config_.noise, config_.features);
    }
    [[nodiscard]] auto context(Stream& stream) const {
        return stream.input.bottomRows(config_.context);
    }

    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const ParameterName& prefix) {
        StackedLstm<Scalar>::visit(self.lstm, visitor, prefix / "lstm.");
        Dense<Scalar>::visit(self.head_1, visitor, prefix / "head_1.");
        Dense<Scalar>::visit(self.head_2, visitor, prefix / "head_2.");
        if (self.config_.noise_to_head) visitor(prefix / "head_noise.weight", self.head_noise);
    }

    StackedLstm<Scalar> lstm;
    Dense<Scalar> head_1;
    Dense<Scalar> head_2;
    Matrix<Scalar> head_noise;  ///< W_z, head x Z; without rows if it is not used

private:
    void begin(SequenceView<const Scalar> noise, Cache& cache) const {
        require<ShapeError>(noise.features() == config_.noise, "Generator: the noise has ",
                            noise.features(), " features, the model expects ", config_.noise,
                            " (Z)");
        require<ShapeError>(noise.steps() > 0 && noise.batch() > 0,
                            "Generator: the noise is empty, ", noise.shape());
        cache.input.resize(noise.steps(), noise.batch(), lstm.features());
        cache.input.all().topRows(config_.noise) = noise.all();
        cache.hidden.resize(noise.steps(), noise.batch(), config_.head);
        cache.event.resize(noise.steps(), noise.batch(), config_.features);
    }

    /// Equations (3) and (4), for any number of columns.
    void head(const ConstMatrixRef<Scalar>& noise, const ConstMatrixRef<Scalar>& s,
              MatrixRef<Scalar> hidden, MatrixRef<Scalar> event) const {
        head_1.forward(s, hidden);
        if (config_.noise_to_head) multiply<Scalar>(head_noise, noise, hidden, Update::kAdd);
        activate<Scalar>(Activation::kRelu, hidden);
        head_2.forward(hidden, event);
    }

    /// (4) and (3) backward to ds_t; the parameters' part waits for the end, as one product.
    void head_backward(const ConstMatrixRef<Scalar>& hidden, const ConstMatrixRef<Scalar>& d_event,
                       MatrixRef<Scalar> d_hidden, MatrixRef<Scalar> d_lstm, Cache& cache) const {
        head_2.backward_input(d_event, cache.head_2, d_hidden);
        activate_backward<Scalar>(Activation::kRelu, hidden, d_hidden);
        head_1.backward_input(d_hidden, cache.head_1, d_lstm);
    }

    GeneratorConfig config_;
};

}  // namespace mgan::inline MGAN_ABI
