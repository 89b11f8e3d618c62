#pragma once
/// \file
/// The step-quantile generator: the paper's map from noise to events, exactly.
///
///     z_t ~ U[0, 1)^C   ->   event t,   component k = F_k^-1(z_tk)
///
/// where F_k is the cumulative distribution of component k given all that was played and the
/// components before it. Drawing by the inverse of F is what "random numbers in, music out" means
/// for values that come in steps; a smooth function of z would land between them.
///
///              sources, phases, numbers (StepInputs)        [ w_t: noise path ]
///                           |                                      |
///     x_t = [ E_c(component c of source i) ; P_0(phase) ; P_1(next phase) ; numbers ; w_t ]  (1)
///                           |
///     u_t = relu(W x_t + b)                                                                  (2)
///     h_t = LSTM(u_t), stacked;   with attention   h_t = attention(h_1 .. h_t) [+ h_t]       (3)
///                           |
///     heads 0 .. C-1 in turn: q_k( . | h_t, style, v_0 .. v_{k-1})     step_head.hpp         (4)
///
/// Pretraining minimises the mean over events of  sum_k -log q_k(v_k)  on real songs. Nothing is
/// fed back through the net itself: what was played comes in as data, so (1) to (3) run over the
/// whole sequence, and each product serves all steps.

#include <mgan/layers/attention.hpp>
#include <mgan/layers/stacked_lstm.hpp>
#include <mgan/models/generator_settings.hpp>
#include <mgan/models/noise_path.hpp>
#include <mgan/models/step_head.hpp>
#include <mgan/models/step_settings.hpp>

namespace mgan::inline MGAN_ABI {

template <typename Scalar>
class StepGenerator {
public:
    using ScalarType = Scalar;

    /// Columns that the heads compute at a time: their rows stay in the level 2 cache.
    static constexpr Index kBlockColumns = 100;

    /// One a component: their sizes differ, and a cache that changes its size allocates.
    using HeadCaches = std::vector<typename StepHead<Scalar>::Cache>;

    /// State saved for backward, plus scratch, of T steps of B songs.
    struct Cache {
        Sequence<Scalar> input;   ///< x_t, [T, B, inputs]
        Sequence<Scalar> dense;   ///< u_t
        Sequence<Scalar> output;  ///< h_t as the heads read it, [T, B, H]
        typename StackedLstm<Scalar>::Cache lstm;
        typename Attention<Scalar>::Cache attention;
        typename Dense<Scalar>::Cache input_layer;
        HeadCaches heads;
        Sequence<Scalar> d_output, d_lstm, d_dense, d_input;
        Vector<Scalar> weight;
        Vector<RealOf<Scalar>> sharpness;
        Matrix<Scalar> negative_log;  ///< -log q of each component of each column, C x N
    };

    StepGenerator() = default;
    StepGenerator(const StepShape& shape, const StepGeneratorSettings& config)
        : shape_(shape), config_(config) {
        for (const StepComponentShape& component : shape.components)
            embedding.push_back(Matrix<Scalar>::Zero(config.embedding, component.size() + 1));
        for (auto* phase : {&phase_embedding, &next_phase_embedding})
            *phase = Matrix<Scalar>::Zero(config.embedding, shape.quarter);
        input_layer = Dense<Scalar>(input_size(), config.input);
        lstm = StackedLstm<Scalar>(config.input, config.hidden, config.layers);
        if (config.attention_heads > 0) {
            require_divisible_width(config.attention_heads, config.hidden);
            attention = Attention<Scalar>(AttentionSettings{config.hidden, config.attention_heads,
                                                            true, config.attention_window});
        }
        for (Index k = 0; k < shape.count(); ++k)
            heads.push_back(StepHead<Scalar>(shape, k, config.hidden, config.head));
        if (config.mapping_layers > 0 || config.convolution > 0)
            noise_path = NoisePath<Scalar>(NoisePathSettings{
                config.noise, config.mapping_layers, config.plane_length, config.convolution});
    }

    [[nodiscard]] const StepShape& shape() const noexcept { return shape_; }
    [[nodiscard]] const StepGeneratorSettings& config() const noexcept { return config_; }
    [[nodiscard]] bool attends() const noexcept { return config_.attention_heads > 0; }
    /// Rows of x_t.
    [[nodiscard]] Index input_size() const noexcept {
        return config_.embedding * (shape_.input_sources * shape_.count() + 2) + shape_.numbers +
               config_.noise;
    }

    /// Equations (1) to (3) for T steps of B songs; column t B + b of `in` is step t of song b. w:
    /// [T, B, Z], or empty without noise path. mask: [T, B, H], multiplied into h_t (dropout), or
    /// empty. Returns h_t, [T, B, H], which lives in the cache.
    const Sequence<Scalar>& forward(const StepInputs<Scalar>& in, Index steps, Index batch,
                                    SequenceView<const Scalar> w, SequenceView<const Scalar> mask,
                                    Cache& cache) const {
        require<ShapeError>(in.columns() == steps * batch, "StepGenerator::forward: ", in.columns(),
                            " columns for ", steps, " steps of ", batch, " songs");
        cache.input.resize(steps, batch, input_size());
        write_input(in, w, cache.input.all());
        cache.dense.resize(steps, batch, config_.input);
        input_layer.forward(cache.input.all(), cache.dense.all());
        activate<Scalar>(Activation::relu, cache.dense.all());
        const Sequence<Scalar>& h = lstm.forward(std::as_const(cache.dense).view(), cache.lstm);
        cache.output.resize(steps, batch, config_.hidden);
        if (attends()) {
            attention.forward(h.view(), cache.output.view(), cache.attention);
            if (config_.attention_residual) cache.output.all() += h.all();
        } else {
            cache.output.all() = h.all();
        }
        if (!mask.empty()) cache.output.all().array() *= mask.all().array();
        return cache.output;
    }

    /// What component k of a column weighs in the loss: 0 where it is not drawn (the move of a
    /// first event; the gap of an event that does not move), else 1.
    [[nodiscard]] bool is_drawn(const StepInputs<Scalar>& in, Index column, Index k) const {
        const bool first = in.first[static_cast<std::size_t>(column)] != 0;
        switch (shape_.components[static_cast<std::size_t>(k)].kind) {
            case StepKind::move:
                return !first;
            case StepKind::gap:
                return first || in.value(column, shape_.find(StepKind::move)) == 1;
            default:
                return true;
        }
    }

    /// weights(k, i) := `weight` where component k of column i is drawn, else 0: C x N.
    void drawn_weights(const StepInputs<Scalar>& in, Scalar weight, Matrix<Scalar>& weights) const {
        weights.resize(shape_.count(), in.columns());
        for (Index i = 0; i < in.columns(); ++i)
            for (Index k = 0; k < shape_.count(); ++k)
                weights(k, i) = is_drawn(in, i, k) ? weight : Scalar(0);
    }

    /// Equation (4) after `forward`, block by block: cache.negative_log(k, i) = -log q of component
    /// k of column i. With `gradients`, the gradient of  sum over k, i of weights(k, i) *
    /// negative_log(k, i)  is added to the parameters of the heads, and that to h_t is left in the
    /// cache for `backward`. weights: C x N. Returns that sum.
    Scalar learn_heads(const StepInputs<Scalar>& in, const Matrix<Scalar>& weights, Cache& cache,
                       StepGenerator* gradients) const {
        if (gradients != nullptr) {
            cache.d_output.resize(cache.output.steps(), cache.output.batch(), config_.hidden);
            cache.d_output.set_zero();
        }
        return learn_heads(in, cache.output.data(), weights, {}, cache,
                           gradients != nullptr ? cache.d_output.data() : nullptr, gradients);
    }

    /// The same for columns that stand alone, such as several candidates for one event. h: H x N,
    /// what the heads read. sharpness: as of `StepHead::forward`, C x N, or empty; the gradient is
    /// that of the sharpened distributions. d_h: H x N, added to; null without `gradients`.
    Scalar learn_heads(const StepInputs<Scalar>& in, const Scalar* h, const Matrix<Scalar>& weights,
                       const Matrix<RealOf<Scalar>>& sharpness, Cache& cache, Scalar* d_h,
                       StepGenerator* gradients) const {
        const Index columns = in.columns(), hidden = config_.hidden;
        require<ShapeError>(weights.rows() == shape_.count() && weights.cols() == columns,
                            "StepGenerator::learn_heads: the weights are ", weights.rows(), " x ",
                            weights.cols(), ", expected ", shape_.count(), " x ", columns);
        cache.negative_log.resize(shape_.count(), columns);
        cache.heads.resize(heads.size());
        const bool sharpens = sharpness.size() > 0;
        for (Index begin = 0; begin < columns; begin += kBlockColumns) {
            const Index n = std::min(kBlockColumns, columns - begin);
            const ConstMatrixMap<Scalar> h_block(h + begin * hidden, hidden, n);
            for (Index k = 0; k < shape_.count(); ++k) {
                const StepHead<Scalar>& head = heads[static_cast<std::size_t>(k)];
                if (sharpens) cache.sharpness = sharpness.row(k).segment(begin, n).transpose();
                typename StepHead<Scalar>::Cache& own = cache.heads[static_cast<std::size_t>(k)];
                head.forward(in, begin, h_block, own,
                             sharpens ? std::span<const RealOf<Scalar>>(cache.sharpness.data(),
                                                                        static_cast<std::size_t>(n))
                                      : std::span<const RealOf<Scalar>>{});
                cache.negative_log.row(k).segment(begin, n) = own.negative_log.transpose();
                if (gradients == nullptr) continue;
                cache.weight = weights.row(k).segment(begin, n).transpose();
                // dlogit is that of the sharpened logit times its sharpness.
                if (sharpens)
                    cache.weight.array() *= cache.sharpness.template cast<Scalar>().array();
                MatrixMap<Scalar> dh(d_h + begin * hidden, hidden, n);
                head.backward(in, begin, ConstVectorMap<Scalar>(cache.weight.data(), n), own, dh,
                              gradients->heads[static_cast<std::size_t>(k)]);
            }
        }
        return weights.cwiseProduct(cache.negative_log).sum();
    }

    /// The way from h_t back to the parameters of (1) to (3), after `learn_heads`. dw: [T, B, Z],
    /// written, or empty. mask: as in `forward`.
    void backward(const StepInputs<Scalar>& in, SequenceView<Scalar> dw,
                  SequenceView<const Scalar> mask, Cache& cache, StepGenerator& gradients) const {
        const Index steps = cache.output.steps(), batch = cache.output.batch();
        if (!mask.empty()) cache.d_output.all().array() *= mask.all().array();
        SequenceView<const Scalar> dh = std::as_const(cache.d_output).view();
        if (attends()) {
            cache.d_lstm.resize(steps, batch, config_.hidden);
            attention.backward(dh, cache.d_lstm.view(), cache.attention, gradients.attention);
            if (config_.attention_residual) cache.d_lstm.all() += cache.d_output.all();
            dh = std::as_const(cache.d_lstm).view();
        }
        cache.d_dense.resize(steps, batch, config_.input);
        lstm.backward(dh, cache.d_dense.view(), cache.lstm, gradients.lstm);
        activate_backward<Scalar>(Activation::relu, cache.dense.all(), cache.d_dense.all());
        input_layer.prepare_backward(cache.input_layer);
        cache.d_input.resize(steps, batch, input_size());
        input_layer.backward_input(cache.d_dense.all(), cache.input_layer, cache.d_input.all());
        input_layer.backward_parameters(cache.input.all(), cache.d_dense.all(),
                                        gradients.input_layer);
        learn_input(in, cache.d_input.all(), gradients);
        if (!dw.empty()) dw.all() = cache.d_input.all().bottomRows(config_.noise);
    }

    // ---- playing --------------------------------------------------------------------------------

    /// Where B songs that are being played stand, with scratch. Copyable: a copy goes on alike.
    struct Stream {
        typename StackedLstm<Scalar>::State lstm;
        typename Attention<Scalar>::Stream attention;
        Matrix<Scalar> h;  ///< h_t, H x B: what the heads read
        Matrix<Scalar> input, dense, gates;
        HeadCaches heads;
    };

    /// Begins B songs. `longest`: events of the longest, for the memory of an attention without
    /// window. Allocates; `listen` and `draw` do not once they have run.
    void start(Stream& stream, Index batch, Index longest) const {
        lstm.set_zero(stream.lstm, batch);
        stream.h.resize(config_.hidden, batch);
        stream.input.resize(input_size(), batch);
        stream.dense.resize(config_.input, batch);
        stream.gates.resize(4 * config_.hidden, batch);
        stream.heads.resize(heads.size());
        if (attends()) attention.start(stream.attention, batch, longest);
    }

    /// Song `to` of a stream becomes as song `from`. Allocates nothing.
    void copy_song(Stream& stream, Index from, Index to) const noexcept {
        StackedLstm<Scalar>::copy_song(stream.lstm, from, to);
        stream.h.col(to) = stream.h.col(from);
        if (attends()) Attention<Scalar>::copy_song(stream.attention, from, to);
    }

    /// Equations (1) to (3) for the next event: column b of `in` is what song b has heard. w: Z x
    /// B, or empty without noise path. The numbers are those of `forward`, to the bit.
    void listen(const StepInputs<Scalar>& in, SequenceView<const Scalar> w, Stream& stream) const {
        write_input(in, w, MatrixMap<Scalar>(stream.input.data(), input_size(), in.columns()));
        input_layer.forward(stream.input, stream.dense);
        activate<Scalar>(Activation::relu, stream.dense);
        lstm.step(stream.dense, stream.lstm, stream.gates);
        const Matrix<Scalar>& h = stream.lstm.back().hidden;
        if (attends()) {
            attention.step(h, stream.attention, stream.h);
            if (config_.attention_residual) stream.h += h;
        } else {
            stream.h = h;
        }
    }

    /// Equation (4): the distribution of component k in every column, given the components that
    /// `in` holds already; then in.value(b, k) = F^-1(z(b)). Components are drawn in order; after
    /// the move, whoever listens sets `new_phase` and `sounding`.
    template <typename Levels>
    void draw(StepInputs<Scalar>& in, Index k, Levels&& z,
              std::span<const RealOf<Scalar>> sharpness, Stream& stream) const {
        draw(in, k, stream.h, z, sharpness, stream.heads[static_cast<std::size_t>(k)]);
    }
    /// The same where h, H x columns, is given: several columns may stand for one song. bias: as of
    /// `StepHead::forward`.
    template <typename Levels>
    void draw(StepInputs<Scalar>& in, Index k, const ConstMatrixRef<Scalar>& h, Levels&& z,
              std::span<const RealOf<Scalar>> sharpness, typename StepHead<Scalar>::Cache& cache,
              std::span<const RealOf<Scalar>> bias = {}) const {
        const StepHead<Scalar>& head = heads[static_cast<std::size_t>(k)];
        for (Index b = 0; b < in.columns(); ++b) in.value(b, k) = kNoValue;
        head.forward(in, 0, h, cache, sharpness, bias);
        for (Index b = 0; b < in.columns(); ++b)
            in.value(b, k) = head.quantile(cache, b, static_cast<double>(z(b)));
    }

    /// Lets `listen` and `draw` read half the bytes where a single song is played, if the weights
    /// are bfloat16. To the same bits; to be called again when they have changed.
    void pack_half() {
        input_layer.pack_half();
        lstm.pack_half();
        for (StepHead<Scalar>& head : heads) head.pack_half();
    }

    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const ParameterName& prefix) {
        NoisePath<Scalar>::visit(self.noise_path, visitor, prefix);
        for (std::size_t c = 0; c < self.embedding.size(); ++c)
            visitor(prefix.numbered("embedding.", static_cast<Index>(c), ".weight"),
                    self.embedding[c]);
        visitor(prefix / "phase.weight", self.phase_embedding);
        visitor(prefix / "next_phase.weight", self.next_phase_embedding);
        Dense<Scalar>::visit(self.input_layer, visitor, prefix / "input.");
        StackedLstm<Scalar>::visit(self.lstm, visitor, prefix / "lstm.");
        if (self.attends())
            Attention<Scalar>::visit(self.attention, visitor, prefix / "attention.");
        for (std::size_t k = 0; k < self.heads.size(); ++k)
            StepHead<Scalar>::visit(self.heads[k], visitor,
                                    prefix.numbered("heads.", static_cast<Index>(k), "."));
    }

private:
    /// Equation (1).
    void write_input(const StepInputs<Scalar>& in, SequenceView<const Scalar> w,
                     MatrixMap<Scalar> x) const {
        for (Index i = 0; i < x.cols(); ++i) {
            Scalar* to = x.col(i).data();
            for_each_embedding(*this, in, i, [&](const Matrix<Scalar>& table, Index value) {
                std::copy_n(table.col(value).data(), config_.embedding, to);
                to += config_.embedding;
            });
            std::copy_n(in.numbers.col(i).data(), shape_.numbers, to);
            if (!config_.closed_loop)
                std::fill_n(to + shape_.numbers - shape_.style - shape_.so_far, shape_.so_far,
                            Scalar(0));
        }
        if (config_.noise > 0) x.bottomRows(config_.noise) = w.all();
    }
    void learn_input(const StepInputs<Scalar>& in, const ConstMatrixRef<Scalar>& dx,
                     StepGenerator& gradients) const {
        for (Index i = 0; i < dx.cols(); ++i) {
            const Scalar* from = dx.col(i).data();
            for_each_embedding(gradients, in, i, [&](Matrix<Scalar>& table, Index value) {
                table.col(value) += ConstVectorMap<Scalar>(from, config_.embedding);
                from += config_.embedding;
            });
        }
    }

    /// Calls f(table, column of it) for each embedding of (1), in order. A source that is not there
    /// has a column of its own, the last.
    template <typename Self, typename Visit>
    static void for_each_embedding(Self& self, const StepInputs<Scalar>& in, Index column,
                                   Visit&& f) {
        const StepShape& shape = self.shape_;
        for (Index s = 0; s < shape.input_sources; ++s) {
            for (Index c = 0; c < shape.count(); ++c) {
                auto& table = self.embedding[static_cast<std::size_t>(c)];
                const Index value = in.source(column, s, c);
                f(table, value >= 0 ? value : table.cols() - 1);
            }
        }
        f(self.phase_embedding, in.phase[static_cast<std::size_t>(column)]);
        f(self.next_phase_embedding, in.next_phase[static_cast<std::size_t>(column)]);
    }

    StepShape shape_;
    StepGeneratorSettings config_;

public:
    NoisePath<Scalar> noise_path;           ///< z to w; empty where w is given as it is
    std::vector<Matrix<Scalar>> embedding;  ///< E_c: embedding x (values + 1)
    Matrix<Scalar> phase_embedding, next_phase_embedding;
    Dense<Scalar> input_layer;
    StackedLstm<Scalar> lstm;
    Attention<Scalar> attention;
    std::vector<StepHead<Scalar>> heads;
};

}  // namespace mgan::inline MGAN_ABI
