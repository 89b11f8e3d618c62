#pragma once
/// \file
/// A discriminator that answers after every event: how much more likely is this song so far among
/// real ones than among generated ones?
///
///     x_t = relu(W [ E_c(v_tc) ; P(phase) ; flags ; numbers ; facts ] + b)                   (1)
///     h_t = LSTM(x_t)                                                                        (2)
///     u_t = [ h_t ; x_t ]
///     m_t = 1/t sum over j <= t of u_j                     the song's mean so far            (3)
///     a_t = relu(V [ u_t ; m_t ; sets_t ] + c)                                               (4)
///     l_t = w^T a_t + d                                                the logit at step t    (5)
///
/// flags: for each source and component, whether the event has the source's value. facts: numbers
/// about the event itself. sets: how many different pitches, lengths, velocities there were, and
/// how wide they reach.
///
/// With the loss  mean over t of softplus(-l_t)  on real songs and  softplus(l_t)  on generated
/// ones, the best l_t is  log p_real(song so far) / p_generated(song so far).  So l_t - l_{t-1} is
/// what event t gains: a critic of single events, which neither training nor playing has to wait
/// for the end of the song to ask.
///
/// Backward, given dl_t. (3) sends the gradient of a mean to all that came before:
///
///     du_j = du_j from (4)  +  sum over t >= j of  dm_t / t                                  (6)
///
/// which is one running sum from the last step to the first.

#include <mgan/layers/activation.hpp>
#include <mgan/layers/dense.hpp>
#include <mgan/layers/stacked_lstm.hpp>
#include <mgan/models/step_inputs.hpp>
#include <mgan/models/step_settings.hpp>

namespace mgan::inline MGAN_ABI {

template <typename Scalar>
class StepDiscriminator {
public:
    using ScalarType = Scalar;

    /// State saved for backward, plus scratch, of T steps of B songs.
    struct Cache {
        Sequence<Scalar> input;   ///< what (1) reads, [T, B, inputs]
        Sequence<Scalar> dense;   ///< x_t
        Sequence<Scalar> answer;  ///< [u_t ; m_t ; sets_t]
        Sequence<Scalar> hidden;  ///< a_t
        Sequence<Scalar> logit;   ///< l_t, [T, B, 1]
        typename StackedLstm<Scalar>::Cache lstm;
        typename Dense<Scalar>::Cache input_layer, answer_layer, output;
        Sequence<Scalar> d_hidden, d_answer, d_lstm, d_dense, d_input;
        Matrix<Scalar> d_mean;  ///< the running sum of (6)
    };

    StepDiscriminator() = default;
    StepDiscriminator(const StepShape& shape, const StepDiscriminatorSettings& config)
        : shape_(shape), config_(config) {
        for (const StepComponentShape& component : shape.components)
            embedding.push_back(Matrix<Scalar>::Zero(config.embedding, component.size()));
        phase_embedding = Matrix<Scalar>::Zero(config.embedding, shape.quarter);
        input_layer = Dense<Scalar>(input_size(), config.input);
        lstm = StackedLstm<Scalar>(config.input, config.hidden, config.layers);
        answer_layer = Dense<Scalar>(2 * mean_size() + shape.sets, config.answer);
        output = Dense<Scalar>(config.answer, 1);
    }

    [[nodiscard]] const StepShape& shape() const noexcept { return shape_; }
    [[nodiscard]] const StepDiscriminatorSettings& config() const noexcept { return config_; }
    [[nodiscard]] Index input_size() const noexcept {
        return config_.embedding * (shape_.count() + 1) + shape_.sources * shape_.count() +
               shape_.numbers - shape_.style + shape_.facts;
    }

    /// Equations (1) to (5) for T steps of B songs whose events are known: column t B + b of `in`.
    /// mask: [T, B, 2 (H + input)], multiplied into [u_t ; m_t] (dropout), or empty. Returns l_t,
    /// [T, B, 1], which lives in the cache.
    const Sequence<Scalar>& forward(const StepInputs<Scalar>& in, Index steps, Index batch,
                                    SequenceView<const Scalar> mask, Cache& cache) const {
        require<ShapeError>(in.columns() == steps * batch,
                            "StepDiscriminator::forward: ", in.columns(), " columns for ", steps,
                            " steps of ", batch, " songs");
        cache.input.resize(steps, batch, input_size());
        for (Index i = 0; i < in.columns(); ++i)
            write_input(in, i, cache.input.all().col(i).data());
        return forward_input(in.sets, mask, cache);
    }

    /// Equations (1) to (5) of what stands in `cache.input`, [T, B, inputs]: the column that (1)
    /// reads, embedded. sets: sets_t, a column for each of the T B events.
    const Sequence<Scalar>& forward_input(const ConstMatrixRef<Scalar>& sets,
                                          SequenceView<const Scalar> mask, Cache& cache) const {
        const Index steps = cache.input.steps(), batch = cache.input.batch();
        cache.dense.resize(steps, batch, config_.input);
        input_layer.forward(cache.input.all(), cache.dense.all());
        activate<Scalar>(Activation::relu, cache.dense.all());
        const Sequence<Scalar>& h = lstm.forward(std::as_const(cache.dense).view(), cache.lstm);

        const Index size = mean_size(), hidden = config_.hidden;
        cache.answer.resize(steps, batch, answer_layer.in());
        for (Index t = 0; t < steps; ++t) {
            auto answer = cache.answer.step(t);
            answer.topRows(hidden) = h.step(t);
            answer.middleRows(hidden, config_.input) = cache.dense.step(t);
            // m_t = m_{t-1} + (u_t - m_{t-1}) / t
            auto mean = answer.middleRows(size, size);
            if (t == 0) {
                mean = answer.topRows(size);
            } else {
                const auto before = cache.answer.step(t - 1).middleRows(size, size);
                mean = before + (answer.topRows(size) - before) *
                                    Scalar(RealOf<Scalar>(1) / static_cast<RealOf<Scalar>>(t + 1));
            }
            answer.bottomRows(shape_.sets) = sets.middleCols(t * batch, batch);
        }
        if (!mask.empty()) cache.answer.all().topRows(2 * size).array() *= mask.all().array();
        cache.hidden.resize(steps, batch, config_.answer);
        answer_layer.forward(cache.answer.all(), cache.hidden.all());
        activate<Scalar>(Activation::relu, cache.hidden.all());
        cache.logit.resize(steps, batch, 1);
        output.forward(cache.hidden.all(), cache.logit.all());
        return cache.logit;
    }

    /// Equation (6) and what leads to it. d_logit: [T, B, 1]; mask: as in `forward`. `gradients` is
    /// added to.
    void backward(const StepInputs<Scalar>& in, SequenceView<const Scalar> d_logit,
                  SequenceView<const Scalar> mask, Cache& cache,
                  StepDiscriminator& gradients) const {
        backward_input(d_logit, mask, cache, &gradients);
        scatter_input(in, std::as_const(cache.d_input).view(), gradients);
    }

    /// The same down to `cache.d_input`, the gradient of what (1) reads. `gradients` may be null:
    /// then parameters do not learn.
    void backward_input(SequenceView<const Scalar> d_logit, SequenceView<const Scalar> mask,
                        Cache& cache, StepDiscriminator* gradients) const {
        const Index steps = cache.logit.steps(), batch = cache.logit.batch();
        const Index size = mean_size(), hidden = config_.hidden;
        cache.d_hidden.resize(steps, batch, config_.answer);
        output.prepare_backward(cache.output);
        output.backward_input(d_logit.all(), cache.output, cache.d_hidden.all());
        if (gradients != nullptr)
            output.backward_parameters(cache.hidden.all(), d_logit.all(), gradients->output);
        activate_backward<Scalar>(Activation::relu, cache.hidden.all(), cache.d_hidden.all());
        cache.d_answer.resize(steps, batch, answer_layer.in());
        answer_layer.prepare_backward(cache.answer_layer);
        answer_layer.backward_input(cache.d_hidden.all(), cache.answer_layer, cache.d_answer.all());
        if (gradients != nullptr)
            answer_layer.backward_parameters(cache.answer.all(), cache.d_hidden.all(),
                                             gradients->answer_layer);
        if (!mask.empty()) cache.d_answer.all().topRows(2 * size).array() *= mask.all().array();

        cache.d_lstm.resize(steps, batch, hidden);
        cache.d_dense.resize(steps, batch, config_.input);
        cache.d_mean.setZero(size, batch);
        for (Index t = steps - 1; t >= 0; --t) {
            const auto d_answer = cache.d_answer.step(t);
            cache.d_mean += d_answer.middleRows(size, size) *
                            Scalar(RealOf<Scalar>(1) / static_cast<RealOf<Scalar>>(t + 1));
            cache.d_lstm.step(t) = d_answer.topRows(hidden) + cache.d_mean.topRows(hidden);
        }
        input_layer.prepare_backward(cache.input_layer);
        const SequenceView<const Scalar> d_lstm = std::as_const(cache.d_lstm).view();
        if (gradients != nullptr) {
            lstm.backward(d_lstm, cache.d_dense.view(), cache.lstm, gradients->lstm);
        } else {
            lstm.backward_through(d_lstm, cache.d_dense.view(), cache.lstm);
        }
        cache.d_mean.setZero(size, batch);
        for (Index t = steps - 1; t >= 0; --t) {
            const auto d_answer = cache.d_answer.step(t);
            cache.d_mean += d_answer.middleRows(size, size) *
                            Scalar(RealOf<Scalar>(1) / static_cast<RealOf<Scalar>>(t + 1));
            cache.d_dense.step(t) +=
                d_answer.middleRows(hidden, config_.input) + cache.d_mean.bottomRows(config_.input);
        }
        activate_backward<Scalar>(Activation::relu, cache.dense.all(), cache.d_dense.all());
        cache.d_input.resize(steps, batch, input_size());
        input_layer.backward_input(cache.d_dense.all(), cache.input_layer, cache.d_input.all());
        if (gradients != nullptr)
            input_layer.backward_parameters(cache.input.all(), cache.d_dense.all(),
                                            gradients->input_layer);
    }

    /// Adds the gradient of what (1) reads to the embeddings that it was read from.
    void scatter_input(const StepInputs<Scalar>& in, SequenceView<const Scalar> d_input,
                       StepDiscriminator& gradients) const {
        for (Index i = 0; i < in.columns(); ++i) {
            const Scalar* from = d_input.all().col(i).data();
            for_each_embedding(gradients, in, i, [&](Matrix<Scalar>& table, Index value) {
                table.col(value) += ConstVectorMap<Scalar>(from, config_.embedding);
                from += config_.embedding;
            });
        }
    }

    // ---- event by event -------------------------------------------------------------------------

    /// Where B songs stand, with scratch. Copyable: candidates for the next event are answers to
    /// copies of one stream.
    struct Stream {
        typename StackedLstm<Scalar>::State lstm;
        Matrix<Scalar> mean;  ///< m_t, (H + input) x B
        Index steps = 0;      ///< t
        Matrix<Scalar> input, dense, gates, answer, hidden, logit;
    };

    void start(Stream& stream, Index batch) const {
        lstm.set_zero(stream.lstm, batch);
        stream.mean.setZero(mean_size(), batch);
        stream.steps = 0;
        stream.input.resize(input_size(), batch);
        stream.dense.resize(config_.input, batch);
        stream.gates.resize(4 * config_.hidden, batch);
        stream.answer.resize(answer_layer.in(), batch);
        stream.hidden.resize(config_.answer, batch);
        stream.logit.resize(1, batch);
    }

    /// Hears one more event of each song, column b of `in`, and returns the logits l_t, 1 x B. The
    /// numbers are those of `forward` without a mask, to the bit. Allocates nothing.
    const Matrix<Scalar>& step(const StepInputs<Scalar>& in, Stream& stream) const {
        for (Index b = 0; b < in.columns(); ++b) write_input(in, b, stream.input.col(b).data());
        input_layer.forward(stream.input, stream.dense);
        activate<Scalar>(Activation::relu, stream.dense);
        lstm.step(stream.dense, stream.lstm, stream.gates);
        const Index size = mean_size();
        ++stream.steps;
        stream.answer.topRows(config_.hidden) = stream.lstm.back().hidden;
        stream.answer.middleRows(config_.hidden, config_.input) = stream.dense;
        if (stream.steps == 1) {
            stream.mean = stream.answer.topRows(size);
        } else {
            stream.mean += (stream.answer.topRows(size) - stream.mean) *
                           Scalar(RealOf<Scalar>(1) / static_cast<RealOf<Scalar>>(stream.steps));
        }
        stream.answer.middleRows(size, size) = stream.mean;
        stream.answer.bottomRows(shape_.sets) = in.sets;
        answer_layer.forward(stream.answer, stream.hidden);
        activate<Scalar>(Activation::relu, stream.hidden);
        output.forward(stream.hidden, stream.logit);
        return stream.logit;
    }

    /// Song `to` of a stream becomes as song `from`. Allocates nothing.
    static void copy_song(Stream& stream, Index from, Index to) noexcept {
        StackedLstm<Scalar>::copy_song(stream.lstm, from, to);
        stream.mean.col(to) = stream.mean.col(from);
    }

    /// Song columns[i] of `from` becomes song i of `to`. Candidates for the next event of a song
    /// are songs that begin alike.
    static void copy_songs(const Stream& from, std::span<const Index> columns, Stream& to) {
        const auto copy = [&](const Matrix<Scalar>& all, Matrix<Scalar>& chosen) {
            for (std::size_t i = 0; i < columns.size(); ++i)
                chosen.col(static_cast<Index>(i)) = all.col(columns[i]);
        };
        for (std::size_t layer = 0; layer < from.lstm.size(); ++layer) {
            copy(from.lstm[layer].hidden, to.lstm[layer].hidden);
            copy(from.lstm[layer].cell, to.lstm[layer].cell);
        }
        copy(from.mean, to.mean);
        to.steps = from.steps;
    }

    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const ParameterName& prefix) {
        for (std::size_t c = 0; c < self.embedding.size(); ++c)
            visitor(prefix.numbered("embedding.", static_cast<Index>(c), ".weight"),
                    self.embedding[c]);
        visitor(prefix / "phase.weight", self.phase_embedding);
        Dense<Scalar>::visit(self.input_layer, visitor, prefix / "input.");
        StackedLstm<Scalar>::visit(self.lstm, visitor, prefix / "lstm.");
        Dense<Scalar>::visit(self.answer_layer, visitor, prefix / "answer.");
        Dense<Scalar>::visit(self.output, visitor, prefix / "output.");
    }

    /// Rows of a mask: [u_t ; m_t].
    [[nodiscard]] Index masked_size() const noexcept { return 2 * mean_size(); }

private:
    /// Rows of u_t.
    [[nodiscard]] Index mean_size() const noexcept { return config_.hidden + config_.input; }

    /// What (1) reads of a column.
    void write_input(const StepInputs<Scalar>& in, Index column, Scalar* to) const {
        for_each_embedding(*this, in, column, [&](const Matrix<Scalar>& table, Index value) {
            std::copy_n(table.col(value).data(), config_.embedding, to);
            to += config_.embedding;
        });
        for (Index s = 0; s < shape_.sources; ++s)
            for (Index c = 0; c < shape_.count(); ++c)
                *to++ = Scalar(in.source(column, s, c) == in.value(column, c) ? 1 : 0);
        const Index numbers = shape_.numbers - shape_.style;
        to = std::copy_n(in.numbers.col(column).data(), numbers, to);
        std::copy_n(in.facts.col(column).data(), shape_.facts, to);
    }

    /// Calls f(table, column of it) for each embedding of (1), in order.
    template <typename Self, typename Visit>
    static void for_each_embedding(Self& self, const StepInputs<Scalar>& in, Index column,
                                   Visit&& f) {
        for (Index c = 0; c < self.shape_.count(); ++c)
            f(self.embedding[static_cast<std::size_t>(c)], Index{in.value(column, c)});
        f(self.phase_embedding, Index{in.new_phase[static_cast<std::size_t>(column)]});
    }

    StepShape shape_;
    StepDiscriminatorSettings config_;

public:
    std::vector<Matrix<Scalar>> embedding;  ///< E_c: embedding x values
    Matrix<Scalar> phase_embedding;         ///< P: embedding x Q
    Dense<Scalar> input_layer;
    StackedLstm<Scalar> lstm;
    Dense<Scalar> answer_layer;
    Dense<Scalar> output;
};

}  // namespace mgan::inline MGAN_ABI
