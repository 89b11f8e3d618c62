#pragma once
/// \file
/// Every layer and model of the library as a node of a tape (see layer_on_tape.hpp for the idea).
///
///     layer                          inputs                         settings       outputs
///     Dense                          x: in x N                                     out x N
///     ActivationLayer                x: any                                        as x
///     Conv2d, Attention,             x: F x (T B)                   T, B           F' x (T B)
///     MappingNetwork
///     Lstm, StackedLstm, BiLstm      x [, h_0, c_0 of each layer]   T, B           H or 2H x (T B)
///     Discriminator                  x: F x (T B)                   T, B           D(x): 1 x B,
///                                                                                  h: 2H x (T B)
///     PfClassifier                   x: inputs x B                                 logits: 1 x B
///     Generator, free running        noise, first event             GeneratorRun   F x (T B)
///     Generator, teacher forcing     noise, events before           GeneratorRun   F x (T B)
///
/// A loss of your own on the songs of a generator (examples/custom_loss_on_tape.cpp):
///
///     LayerOnTape<Generator<double>> player(generator, gradients);
///     const auto song = player.record({tape.constant(noise), tape.constant(first)},
///                                     {.steps = T, .batch = B});
///     tape.backward(my_loss(song));       // back through every event that was fed back

#include <mgan/layers/activation.hpp>
#include <mgan/layers/attention.hpp>
#include <mgan/layers/bilstm.hpp>
#include <mgan/layers/conv2d.hpp>
#include <mgan/layers/dense.hpp>
#include <mgan/layers/mapping_network.hpp>
#include <mgan/layers/stacked_lstm.hpp>
#include <mgan/models/discriminator.hpp>
#include <mgan/models/generator.hpp>
#include <mgan/models/layer_on_tape.hpp>
#include <mgan/models/pf_classifier.hpp>

#include <functional>

namespace mgan::inline MGAN_ABI {

// ---- dense layers and activations -------------------------------------------------------------

template <typename Scalar>
struct TapeCall<Dense<Scalar>> {
    static constexpr const char* kName = "Dense";
    struct Settings {};
    using Cache = typename Dense<Scalar>::Cache;

    static std::array<MatrixShape, 1> outputs(const Dense<Scalar>& layer, const Settings&,
                                              std::span<const MatrixShape> in) {
        tape_call_detail::expect_inputs(kName, in.size(), 1);
        tape_call_detail::expect(kName, "x", in[0], layer.in(), in[0].cols);
        return {MatrixShape{layer.out(), in[0].cols}};
    }
    static void forward(const Dense<Scalar>& layer, const Settings&, const LayerCall<Scalar>& call,
                        Cache&) {
        layer.forward(call.input(), call.output());
    }
    static void backward(const Dense<Scalar>& layer, const Settings&, const LayerCall<Scalar>& call,
                         Cache& cache, Dense<Scalar>& gradients) {
        layer.backward_parameters(call.input(), call.output_gradient(), gradients);
        if (!call.wants_gradient()) return;
        layer.prepare_backward(cache);
        layer.backward_input(call.output_gradient(), cache, call.input_gradient(), Update::add);
    }
};

template <typename Scalar>
struct TapeCall<ActivationLayer<Scalar>> {
    static constexpr const char* kName = "ActivationLayer";
    struct Settings {};
    struct Cache {
        Matrix<Scalar> dx;
    };

    static std::array<MatrixShape, 1> outputs(const ActivationLayer<Scalar>&, const Settings&,
                                              std::span<const MatrixShape> in) {
        tape_call_detail::expect_inputs(kName, in.size(), 1);
        return {in[0]};
    }
    static void forward(const ActivationLayer<Scalar>& layer, const Settings&,
                        const LayerCall<Scalar>& call, Cache&) {
        call.output() = call.input();
        activate<Scalar>(layer.kind, call.output());
    }
    static void backward(const ActivationLayer<Scalar>& layer, const Settings&,
                         const LayerCall<Scalar>& call, Cache& cache, ActivationLayer<Scalar>&) {
        if (!call.wants_gradient()) return;
        cache.dx = call.output_gradient();
        activate_backward<Scalar>(layer.kind, call.output(), cache.dx);
        call.input_gradient() += cache.dx;
    }
};

// ---- layers over sequences: the common form, with a name for messages --------------------------

template <typename Scalar>
struct TapeCall<Conv2d<Scalar>> : SequenceTapeCall<Conv2d<Scalar>> {
    static constexpr const char* kName = "Conv2d";
};
template <typename Scalar>
struct TapeCall<Attention<Scalar>> : SequenceTapeCall<Attention<Scalar>> {
    static constexpr const char* kName = "Attention";
};
template <typename Scalar>
struct TapeCall<MappingNetwork<Scalar>> : SequenceTapeCall<MappingNetwork<Scalar>> {
    static constexpr const char* kName = "MappingNetwork";
};

// ---- recurrent layers -------------------------------------------------------------------------

namespace tape_call_detail {

/// The initial states of a recurrent layer, one after the other, from the bottom up.
template <typename Scalar, typename Function>
void for_each_state(LstmState<Scalar>& state, Function&& function) {
    function(state);
}
template <typename Scalar, typename Function>
void for_each_state(std::vector<LstmState<Scalar>>& states, Function&& function) {
    for (LstmState<Scalar>& state : states) function(state);
}
template <typename LayerState, typename Function>
requires requires(LayerState& state) {
    state.forward.hidden;
    state.backward.hidden;
}
void for_each_state(std::vector<LayerState>& states, Function&& function) {
    for (LayerState& state : states) {
        function(state.forward);
        function(state.backward);
    }
}

/// LSTM, stack of LSTMs, stack of bidirectional LSTMs: `kDirections` states a layer. Inputs: x, or
/// x and then h_0, c_0 (H x B) of each layer, forward before backward.
template <typename Layer, Index kDirections>
struct Recurrent {
    using Scalar = typename Layer::ScalarType;
    using Settings = SequenceSize;
    static constexpr bool kSingle = std::is_same_v<Layer, Lstm<Scalar>>;
    struct Cache {
        typename Layer::Cache layer;
        typename Layer::State initial, d_initial;
        Sequence<Scalar> dx;
    };

    [[nodiscard]] static std::size_t layers(const Layer& layer) noexcept {
        if constexpr (kSingle) {
            return 1;
        } else {
            return layer.layers.size();
        }
    }

    static std::array<MatrixShape, 1> outputs(const Layer& layer, const Settings& size,
                                              std::span<const MatrixShape> in) {
        constexpr const char* kName = TapeCall<Layer>::kName;
        const std::size_t all = 1 + 2 * std::size_t{kDirections} * layers(layer);
        require<ShapeError>(in.size() == 1 || in.size() == all, kName, " on a tape: ", in.size(),
                            " inputs, expected x alone, or with h_0 and c_0 of each layer ", all);
        expect_sequence(kName, "x", in[0], layer.features(), size);
        for (const MatrixShape& state : in.subspan(1))
            expect(kName, "an initial state", state, layer.hidden(), size.batch);
        return {MatrixShape{kDirections * layer.hidden(), in[0].cols}};
    }

    static void forward(const Layer& layer, const Settings& size, const LayerCall<Scalar>& call,
                        Cache& cache) {
        typename Layer::State* initial = nullptr;
        if (call.inputs() > 1) {
            initial = &cache.initial;
            if constexpr (!kSingle) cache.initial.resize(layers(layer));
            Index k = 1;
            for_each_state(cache.initial, [&](LstmState<Scalar>& state) {
                state.hidden = call.input(k++);
                state.cell = call.input(k++);
            });
        }
        const SequenceView<const Scalar> x = call.sequence(call.input(), size);
        if constexpr (kSingle) {
            layer.forward(x, call.sequence(call.output(), size), cache.layer, Direction::forward,
                          initial);
        } else {
            call.output() = layer.forward(x, cache.layer, initial).all();
        }
    }

    static void backward(const Layer& layer, const Settings& size, const LayerCall<Scalar>& call,
                         Cache& cache, Layer& gradients) {
        const bool wanted = call.wants_gradient();
        if (wanted) cache.dx.resize(size.steps, size.batch, layer.features());
        const SequenceView<Scalar> dx = wanted ? cache.dx.view() : SequenceView<Scalar>();
        const SequenceView<const Scalar> dy = call.sequence(call.output_gradient(), size);
        typename Layer::State* const d_initial = call.inputs() > 1 ? &cache.d_initial : nullptr;
        if constexpr (kSingle) {
            layer.backward(dy, dx, cache.layer, gradients, Update::assign, d_initial);
        } else {
            layer.backward(dy, dx, cache.layer, gradients, d_initial);
        }
        if (wanted) call.input_gradient() += cache.dx.all();
        if (d_initial == nullptr) return;
        Index k = 1;
        for_each_state(cache.d_initial, [&](LstmState<Scalar>& state) {
            if (call.wants_gradient(k)) call.input_gradient(k) += state.hidden;
            ++k;
            if (call.wants_gradient(k)) call.input_gradient(k) += state.cell;
            ++k;
        });
    }
};

}  // namespace tape_call_detail

template <typename Scalar>
struct TapeCall<Lstm<Scalar>> : tape_call_detail::Recurrent<Lstm<Scalar>, 1> {
    static constexpr const char* kName = "Lstm";
};
template <typename Scalar>
struct TapeCall<StackedLstm<Scalar>> : tape_call_detail::Recurrent<StackedLstm<Scalar>, 1> {
    static constexpr const char* kName = "StackedLstm";
};
template <typename Scalar>
struct TapeCall<BiLstm<Scalar>> : tape_call_detail::Recurrent<BiLstm<Scalar>, 2> {
    static constexpr const char* kName = "BiLstm";
};

// ---- models -----------------------------------------------------------------------------------

/// Outputs: the decision D(x) of each song, 1 x B, and the features h, 2H x (T B).
template <typename Scalar>
struct TapeCall<Discriminator<Scalar>> {
    static constexpr const char* kName = "Discriminator";
    using Settings = SequenceSize;
    struct Cache {
        typename Discriminator<Scalar>::Cache model;
        Vector<Scalar> d_decision;
        Sequence<Scalar> dx;
    };

    static std::array<MatrixShape, 2> outputs(const Discriminator<Scalar>& model,
                                              const Settings& size,
                                              std::span<const MatrixShape> in) {
        tape_call_detail::expect_inputs(kName, in.size(), 1);
        tape_call_detail::expect_sequence(kName, "x", in[0], model.settings().features, size);
        return {MatrixShape{1, size.batch}, MatrixShape{2 * model.settings().hidden, in[0].cols}};
    }
    static void forward(const Discriminator<Scalar>& model, const Settings& size,
                        const LayerCall<Scalar>& call, Cache& cache) {
        call.output(0) = model.forward(call.sequence(call.input(), size), cache.model).transpose();
        call.output(1) = cache.model.features.all();
    }
    static void backward(const Discriminator<Scalar>& model, const Settings& size,
                         const LayerCall<Scalar>& call, Cache& cache,
                         Discriminator<Scalar>& gradients) {
        const bool wanted = call.wants_gradient();
        if (wanted) cache.dx.resize(size.steps, size.batch, model.settings().features);
        cache.d_decision = call.output_gradient(0).transpose();
        model.backward(cache.d_decision, wanted ? cache.dx.view() : SequenceView<Scalar>(),
                       cache.model, gradients, call.sequence(call.output_gradient(1), size));
        if (wanted) call.input_gradient() += cache.dx.all();
    }
};

template <typename Scalar>
struct TapeCall<PfClassifier<Scalar>> {
    static constexpr const char* kName = "PfClassifier";
    struct Settings {};
    struct Cache {
        typename PfClassifier<Scalar>::Cache model;
        Matrix<Scalar> d_logit, dx;
    };

    static std::array<MatrixShape, 1> outputs(const PfClassifier<Scalar>& model, const Settings&,
                                              std::span<const MatrixShape> in) {
        tape_call_detail::expect_inputs(kName, in.size(), 1);
        tape_call_detail::expect(kName, "x", in[0], model.settings().inputs, in[0].cols);
        return {MatrixShape{1, in[0].cols}};
    }
    static void forward(const PfClassifier<Scalar>& model, const Settings&,
                        const LayerCall<Scalar>& call, Cache& cache) {
        call.output() = model.forward(call.input(), cache.model);
    }
    static void backward(const PfClassifier<Scalar>& model, const Settings&,
                         const LayerCall<Scalar>& call, Cache& cache,
                         PfClassifier<Scalar>& gradients) {
        cache.d_logit = call.output_gradient();
        cache.dx.resize(call.input().rows(), call.input().cols());
        model.backward(cache.d_logit, call.input(), cache.dx, cache.model, gradients);
        if (call.wants_gradient()) call.input_gradient() += cache.dx;
    }
};

/// What is fed back after step t: writes the event that y_t becomes (F x B) and the context k_t
/// (K x B). In the gradient the first counts as y_t itself, and k_t as a constant.
template <typename Scalar>
using GeneratorFeedback =
    std::function<void(Index t, const ConstMatrixRef<Scalar>& y, MatrixRef<Scalar> fed_back,
                       MatrixRef<Scalar> context)>;

/// How a generator is run.
template <typename Scalar>
struct GeneratorRun {
    Index steps = 1;  ///< T, of the song
    Index batch = 1;  ///< B
    /// The second input is [y_{t-1} ; k_{t-1}] of real songs, (F + K) x (T B), instead of the first
    /// event, (F + K) x B.
    bool teacher_forced = false;
    Index noise_steps = 0;  ///< of the noise plane, Z x (noise_steps B); 0: T
    /// Free running: whether the gradient passes through the events that were fed back.
    bool through_feedback = true;
    /// Free running: null feeds events back as they are. Keep it until the tape is cleared.
    const GeneratorFeedback<Scalar>* feedback = nullptr;
};

template <typename Scalar>
struct TapeCall<Generator<Scalar>> {
    static constexpr const char* kName = "Generator";
    using Model = Generator<Scalar>;
    using Settings = GeneratorRun<Scalar>;
    using Cache = typename Model::Cache;

    static std::array<MatrixShape, 1> outputs(const Model& model, const Settings& run,
                                              std::span<const MatrixShape> in) {
        const GeneratorSettings& config = model.settings();
        tape_call_detail::expect_inputs(kName, in.size(), 2);
        tape_call_detail::expect_sequence(kName, "the noise", in[0], config.noise, noise(run));
        const Index fed_back = config.features + config.context;
        if (run.teacher_forced) {
            tape_call_detail::expect_sequence(kName, "the events before", in[1], fed_back,
                                              {run.steps, run.batch});
        } else {
            tape_call_detail::expect(kName, "the first event", in[1], fed_back, run.batch);
            require<ConfigError>(config.context == 0 || run.feedback != nullptr,
                                 "Generator on a tape: a generator with context needs a feedback "
                                 "function, which computes the context of each event");
        }
        return {MatrixShape{config.features, run.steps * run.batch}};
    }

    static void forward(const Model& model, const Settings& run, const LayerCall<Scalar>& call,
                        Cache& cache) {
        const SequenceView<const Scalar> z = call.sequence(call.input(0), noise(run));
        if (run.teacher_forced) {
            call.output() = model
                                .forward_teacher_forced(
                                    z, call.sequence(call.input(1), {run.steps, run.batch}), cache)
                                .all();
        } else if (run.feedback != nullptr) {
            call.output() = model.forward(z, call.input(1), cache, *run.feedback, run.steps).all();
        } else {
            call.output() =
                model.forward(z, call.input(1), cache, IdentityFeedback{}, run.steps).all();
        }
    }

    static void backward(const Model& model, const Settings& run, const LayerCall<Scalar>& call,
                         Cache& cache, Model& gradients) {
        const Index z = model.settings().noise;
        const Index fed_back = model.settings().features + model.settings().context;
        model.backward(call.sequence(call.output_gradient(), {run.steps, run.batch}), cache,
                       gradients, run.through_feedback && !run.teacher_forced);
        if (call.wants_gradient(0)) {
            if (model.noise_path.empty()) {
                call.input_gradient(0) += cache.d_input.all().topRows(z);
            } else {
                call.input_gradient(0) += cache.d_noise.all();
            }
        }
        if (!call.wants_gradient(1)) return;
        if (run.teacher_forced) {
            call.input_gradient(1) += cache.d_input.all().bottomRows(fed_back);
        } else {
            call.input_gradient(1) += cache.d_input.step(0).bottomRows(fed_back);
        }
        if (model.settings().recall_gate) recall_backward(model, call, cache);
    }

private:
    /// To the generator a recalled event is a constant. As an input of a node it has a gradient
    /// through the gate, too (recall_gate.hpp, equation (3)):
    ///
    ///     drecalled_t += found_t gate_t * dy_t
    ///     dfound_t    += sum over features of gate_t * (recalled_t - proposal_t) * dy_t
    static void recall_backward(const Model& model, const LayerCall<Scalar>& call,
                                const Cache& cache) {
        const Index features = model.settings().features;
        const ConstMatrixMap<Scalar> input = call.input(1);
        MatrixMap<Scalar> d_input = call.input_gradient(1);
        const Index r = input.rows() - features - 1, found = input.rows() - 1;
        for (Index n = 0; n < input.cols(); ++n) {
            for (Index f = 0; f < features; ++f) {
                const Scalar d = cache.d_event.all()(f, n) * cache.recall.gate.all()(f, n);
                d_input(r + f, n) += input(found, n) * d;
                d_input(found, n) += (input(r + f, n) - cache.recall.proposal.all()(f, n)) * d;
            }
        }
    }

    [[nodiscard]] static SequenceSize noise(const Settings& run) noexcept {
        return {run.noise_steps > 0 ? run.noise_steps : run.steps, run.batch};
    }
};

}  // namespace mgan::inline MGAN_ABI
