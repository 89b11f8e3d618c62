#pragma once
/// \file
/// A layer with a hand-written backward pass as one node of a tape.
///
/// The tape (autodiff/tape.hpp) differentiates what is written with its operations; layers have
/// gradients of their own and know nothing of it. Both do the same: *given the gradient of my
/// result, what do I add to the gradients of my arguments?* So a layer fits between two operations,
///
///     x --tape--> u --layer.forward--> y --tape--> L
///     dx <--tape-- du <--layer.backward-- dy <--tape-- 1
///
/// and one may write a loss on the tape and keep the fast kernels below it:
///
///     LayerOnTape<Dense<double>> dense(layer, gradients);
///     const Variable<double> y = dense.record(x);            // one node, whatever the layer does
///     tape.backward(mean(pow(y - target, 2.0)));             // adds to `gradients`
///
/// A sequence [T, B, F] is the F x (T B) matrix of tensor/sequence.hpp, with T and B beside it:
///
///     const Variable<double> h = lstm.record(x, {.steps = 7, .batch = 3});
///
/// Where the parameters come from, and where their gradient goes:
///
///     LayerOnTape(layer)               they are constants: gradients of the inputs alone
///     LayerOnTape(layer, gradients)    each Tape::backward adds to an object of the layer's type
///     record_with(flat, x)             they are a variable of the tape, P x 1, as any other: to be
///                                      penalised, shared, or computed by the tape itself
///
/// How a layer is called is said by `TapeCall<Layer>`. It is there for the layers and models of the
/// library (tape_adapter.hpp) and for each layer of your own that has one of the two common forms:
///
///     forward(x, y, cache) const;  backward(dy, dx, cache, gradients) const;
///
/// over matrices (a sample a column) or over sequences, and says its numbers of features by `in()`
/// and `out()`. For any other, specialise TapeCall.

#include <mgan/autodiff/custom.hpp>
#include <mgan/autodiff/shaping.hpp>
#include <mgan/layers/parameters.hpp>
#include <mgan/tensor/sequence.hpp>

#include <array>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// T and B of a sequence that lies on a tape as F x (T B).
struct SequenceSize {
    Index steps = 1;
    Index batch = 1;
};

/// What a layer sees of the tape: its inputs, its outputs and their gradients, as matrices or as
/// sequences. All are views of the tape's memory, which stays where it is until `clear`.
template <typename Scalar>
class LayerCall {
public:
    explicit LayerCall(const CustomCall<Scalar>& call) noexcept : call_(call) {}

    // Input 0 of the node stands for the parameters.
    [[nodiscard]] Index inputs() const noexcept { return call_.inputs() - 1; }
    [[nodiscard]] ConstMatrixMap<Scalar> input(Index k = 0) const noexcept {
        return call_.input(k + 1);
    }
    [[nodiscard]] MatrixMap<Scalar> output(Index k = 0) const noexcept { return call_.output(k); }
    [[nodiscard]] ConstMatrixMap<Scalar> output_gradient(Index k = 0) const noexcept {
        return call_.output_gradient(k);
    }
    /// Whether anybody wants dL/d(input k).
    [[nodiscard]] bool wants_gradient(Index k = 0) const noexcept {
        return call_.wants_gradient(k + 1);
    }
    /// dL/d(input k): add to it, never assign.
    [[nodiscard]] MatrixMap<Scalar> input_gradient(Index k = 0) const {
        return call_.input_gradient(k + 1);
    }
    /// A matrix of the tape as a sequence.
    template <typename Map>
    [[nodiscard]] static auto sequence(Map&& matrix, const SequenceSize& size) noexcept {
        using Entry = std::remove_pointer_t<decltype(matrix.data())>;
        return SequenceView<Entry>(matrix.data(), size.steps, size.batch, matrix.rows(),
                                   matrix.rows());
    }

private:
    const CustomCall<Scalar>& call_;
};

template <typename Layer>
struct TapeCall;

namespace tape_call_detail {

/// "LSTM on a tape: x is 3 x 4, expected 3 x 6".
inline void expect(const char* layer, const char* what, const MatrixShape& has, Index rows,
                   Index cols) {
    require<ShapeError>(has.rows == rows && has.cols == cols, layer, " on a tape: ", what, " is ",
                        has.rows, " x ", has.cols, ", expected ", rows, " x ", cols);
}
/// The same for a sequence of so many features; says how the number of columns comes about.
inline void expect_sequence(const char* layer, const char* what, const MatrixShape& has,
                            Index features, const SequenceSize& size) {
    require<ShapeError>(size.steps > 0 && size.batch > 0, layer, " on a tape: ", size.steps,
                        " steps of ", size.batch, " samples; both must be at least 1");
    require<ShapeError>(has.rows == features && has.cols == size.steps * size.batch, layer,
                        " on a tape: ", what, " is ", has.rows, " x ", has.cols, ", expected ",
                        features, " x ", size.steps * size.batch, " (F x T B with T = ", size.steps,
                        ", B = ", size.batch, ")");
}
inline void expect_inputs(const char* layer, std::size_t has, std::size_t expects) {
    require<ShapeError>(has == expects, layer, " on a tape: ", has, " inputs, expected ", expects);
}

template <typename Layer>
[[nodiscard]] Index features_in(const Layer& layer) noexcept {
    if constexpr (requires { layer.in(); }) {
        return layer.in();
    } else {
        return layer.features();
    }
}
template <typename Layer>
[[nodiscard]] Index features_out(const Layer& layer) noexcept {
    if constexpr (requires { layer.out(); }) {
        return layer.out();
    } else {
        return layer.features();
    }
}

/// Name in messages: `kName` of TapeCall<Layer>, or of the layer.
template <typename Layer>
[[nodiscard]] constexpr const char* name_of() noexcept {
    if constexpr (requires { TapeCall<Layer>::kName; }) {
        return TapeCall<Layer>::kName;
    } else if constexpr (requires { Layer::kName; }) {
        return Layer::kName;
    } else {
        return "a layer";
    }
}

}  // namespace tape_call_detail

/// A layer that maps whole sequences.
template <typename Layer>
concept SequenceLayer = requires(const Layer& layer,
                                 SequenceView<const typename Layer::ScalarType> in,
                                 SequenceView<typename Layer::ScalarType> out,
                                 typename Layer::Cache& cache, Layer& gradients) {
    layer.forward(in, out, cache);
    layer.backward(in, out, cache, gradients);
};

/// How a node calls a layer. This one is for layers over matrices, in x N -> out x N; specialise it
/// for a layer that is called in another way. All functions are static:
///   - `Settings`: what a call needs beside its inputs; `Cache`: what it keeps for its way back;
///   - `outputs(layer, settings, shapes of the inputs)` gives the shapes of the outputs, as a
///     std::array, and throws ShapeError where the inputs do not fit;
///   - `forward` fills `call.output(k)`; `backward` adds to `call.input_gradient(k)` and to
///     `gradients`. The cache may have served another call, of other sizes.
template <typename Layer>
struct TapeCall {
    using Scalar = typename Layer::ScalarType;
    struct Settings {};
    struct Cache {
        typename Layer::Cache layer;
        Matrix<Scalar> dx;
    };

    static std::array<MatrixShape, 1> outputs(const Layer& layer, const Settings&,
                                              std::span<const MatrixShape> in) {
        constexpr const char* kName = tape_call_detail::name_of<Layer>();
        tape_call_detail::expect_inputs(kName, in.size(), 1);
        tape_call_detail::expect(kName, "x", in[0], layer.in(), in[0].cols);
        return {MatrixShape{layer.out(), in[0].cols}};
    }
    static void forward(const Layer& layer, const Settings&, const LayerCall<Scalar>& call,
                        Cache& cache) {
        layer.forward(call.input(), call.output(), cache.layer);
    }
    static void backward(const Layer& layer, const Settings&, const LayerCall<Scalar>& call,
                         Cache& cache, Layer& gradients) {
        cache.dx.resize(layer.in(), call.input().cols());
        layer.backward(call.output_gradient(), cache.dx, cache.layer, gradients);
        if (call.wants_gradient()) call.input_gradient() += cache.dx;
    }
};

/// The same for layers over sequences, [T, B, in] -> [T, B, out].
template <typename Layer>
struct SequenceTapeCall {
    using Scalar = typename Layer::ScalarType;
    using Settings = SequenceSize;
    struct Cache {
        typename Layer::Cache layer;
        Sequence<Scalar> dx;
    };

    static std::array<MatrixShape, 1> outputs(const Layer& layer, const Settings& size,
                                              std::span<const MatrixShape> in) {
        constexpr const char* kName = tape_call_detail::name_of<Layer>();
        tape_call_detail::expect_inputs(kName, in.size(), 1);
        tape_call_detail::expect_sequence(kName, "x", in[0], tape_call_detail::features_in(layer),
                                          size);
        return {MatrixShape{tape_call_detail::features_out(layer), in[0].cols}};
    }
    static void forward(const Layer& layer, const Settings& size, const LayerCall<Scalar>& call,
                        Cache& cache) {
        layer.forward(call.sequence(call.input(), size), call.sequence(call.output(), size),
                      cache.layer);
    }
    static void backward(const Layer& layer, const Settings& size, const LayerCall<Scalar>& call,
                         Cache& cache, Layer& gradients) {
        const bool wanted = call.wants_gradient();
        if (wanted) cache.dx.resize(size.steps, size.batch, call.input().rows());
        layer.backward(call.sequence(call.output_gradient(), size),
                       wanted ? cache.dx.view() : SequenceView<Scalar>(), cache.layer, gradients);
        if (wanted) call.input_gradient() += cache.dx.all();
    }
};

template <SequenceLayer Layer>
struct TapeCall<Layer> : SequenceTapeCall<Layer> {};

/// Records a layer as often as one likes, on any tapes, each time as one node with a cache of its
/// own. `Tape::clear` gives the caches back, so that the second pass over the same graph allocates
/// nothing if the layer does not. The object itself may go before its tapes; the layer and the
/// gradients must stay, and the layer unchanged, until the tape is cleared (with `record_with`: no
/// longer than the call). One thread at a time; other objects for other threads.
template <typename Layer>
class LayerOnTape {
public:
    using Scalar = typename Layer::ScalarType;
    using Call = TapeCall<Layer>;
    using Settings = typename Call::Settings;
    static constexpr std::size_t kOutputs = std::tuple_size_v<decltype(Call::outputs(
        std::declval<const Layer&>(), std::declval<const Settings&>(), {}))>;
    /// What is recorded: a variable, or an array of them where the layer has several outputs.
    using Outputs =
        std::conditional_t<kOutputs == 1, Variable<Scalar>, std::array<Variable<Scalar>, kOutputs>>;

    /// The parameters are constants (but see `record_with`).
    explicit LayerOnTape(const Layer& layer) : layer_(&layer) {}
    /// Each `Tape::backward` adds dL/d(parameters) to `gradients`.
    LayerOnTape(const Layer& layer, Layer& gradients) : layer_(&layer), gradients_(&gradients) {}
    explicit LayerOnTape(const Layer&&) = delete;  // it would be gone before it is used
    LayerOnTape(const Layer&&, Layer&) = delete;
    LayerOnTape(LayerOnTape&&) noexcept = default;
    LayerOnTape& operator=(LayerOnTape&&) noexcept = default;

    /// One node: layer(inputs). Throws ShapeError, and Error where the inputs are of several tapes.
    [[nodiscard]] Outputs record(const Variable<Scalar>& x, const Settings& settings = {}) const {
        return record(std::span(&x, 1), settings);
    }
    [[nodiscard]] Outputs record(std::initializer_list<Variable<Scalar>> inputs,
                                 const Settings& settings = {}) const {
        return record(std::span(inputs.begin(), inputs.size()), settings);
    }
    [[nodiscard]] Outputs record(std::span<const Variable<Scalar>> inputs,
                                 const Settings& settings = {}) const {
        // An empty stand-in for the parameters: were it not there, nothing would be differentiated
        // when all inputs are constants.
        Tape<Scalar>& tape = tape_of(inputs);
        const auto nothing = Matrix<Scalar>::Zero(0, 0);
        const Variable<Scalar> parameters =
            gradients_ != nullptr ? tape.variable(nothing) : tape.constant(nothing);
        return add_node(parameters, inputs, settings, false);
    }

    /// The same with the parameters of a variable, P x 1, in the order of `copy_parameters`
    /// (`record_parameters` makes it); the layer itself only lends its shape.
    [[nodiscard]] Outputs record_with(const Variable<Scalar>& parameters, const Variable<Scalar>& x,
                                      const Settings& settings = {}) const {
        return record_with(parameters, std::span(&x, 1), settings);
    }
    [[nodiscard]] Outputs record_with(const Variable<Scalar>& parameters,
                                      std::initializer_list<Variable<Scalar>> inputs,
                                      const Settings& settings = {}) const {
        return record_with(parameters, std::span(inputs.begin(), inputs.size()), settings);
    }
    [[nodiscard]] Outputs record_with(const Variable<Scalar>& parameters,
                                      std::span<const Variable<Scalar>> inputs,
                                      const Settings& settings = {}) const {
        const Index count = parameter_count(*layer_);
        tape_call_detail::expect(tape_call_detail::name_of<Layer>(), "the vector of its parameters",
                                 {parameters.rows(), parameters.cols()}, count, 1);
        return add_node(parameters, inputs, settings, true);
    }

private:
    /// What one node needs. Kept for the next one when its tape is cleared.
    struct Slot {
        typename Call::Cache cache;
        std::optional<Layer> layer;      ///< with the parameters of `record_with`
        std::optional<Layer> gradients;  ///< where the caller gave none
        Slot* next = nullptr;
    };
    struct Pool {
        std::vector<std::unique_ptr<Slot>> slots;
        Slot* free = nullptr;
    };
    /// Gives the slot back in its destructor, which the tape calls at `clear`, the last node first:
    /// so the list of free slots has the first node's on top, and the same graph recorded again
    /// finds each cache with the right size.
    class Lease {
    public:
        explicit Lease(const std::shared_ptr<Pool>& pool) : pool_(pool) {
            if (pool_->free == nullptr) {
                pool_->slots.push_back(std::make_unique<Slot>());
                slot_ = pool_->slots.back().get();
            } else {
                slot_ = std::exchange(pool_->free, pool_->free->next);
            }
        }
        Lease(Lease&& other) noexcept
            : pool_(std::move(other.pool_)), slot_(std::exchange(other.slot_, nullptr)) {}
        Lease& operator=(Lease&&) = delete;
        ~Lease() {
            if (slot_ != nullptr) slot_->next = std::exchange(pool_->free, slot_);
        }
        Slot* operator->() const noexcept { return slot_; }

    private:
        std::shared_ptr<Pool> pool_;
        Slot* slot_ = nullptr;
    };

    struct Operation {
        Lease slot;
        const Layer* layer;
        Layer* gradients;
        Settings settings;
        bool with_variable;

        void forward(const CustomCall<Scalar>& call) {
            if (with_variable) {
                const ConstMatrixMap<Scalar> values = call.input(0);
                assign_parameters(*slot->layer,
                                  std::span<const Scalar>(values.data(),
                                                          static_cast<std::size_t>(values.size())));
            }
            Call::forward(*layer, settings, LayerCall<Scalar>(call), slot->cache);
        }
        void backward(const CustomCall<Scalar>& call) {
            if (with_variable) set_zero(*gradients);
            Call::backward(*layer, settings, LayerCall<Scalar>(call), slot->cache, *gradients);
            if (!with_variable || !call.wants_gradient(0)) return;
            Scalar* into = call.input_gradient(0).data();
            for_each_parameter(*gradients, [&](const ParameterName&, const auto& gradient) {
                VectorMap<Scalar>(into, gradient.size()) += gradient.reshaped();
                into += gradient.size();
            });
        }
    };

    static Tape<Scalar>& tape_of(std::span<const Variable<Scalar>> inputs) {
        require<ShapeError>(!inputs.empty(), tape_call_detail::name_of<Layer>(),
                            " on a tape: no inputs");
        return inputs[0].tape("LayerOnTape::record");
    }
    static void copy(std::optional<Layer>& to, const Layer& from) {
        if (to.has_value()) {
            *to = from;  // into the memory that is there
        } else {
            to.emplace(from);
        }
    }

    Outputs add_node(const Variable<Scalar>& parameters, std::span<const Variable<Scalar>> inputs,
                     const Settings& settings, bool with_variable) const {
        // Everything is looked at before anything is recorded.
        (void)tape_of(inputs);
        std::array<MatrixShape, kMostInputs> in;
        std::array<Variable<Scalar>, kMostInputs + 1> parents;
        require<ShapeError>(inputs.size() <= in.size(), "LayerOnTape::record: ", inputs.size(),
                            " inputs, at most ", in.size(), " are possible");
        parents[0] = parameters;
        for (std::size_t k = 0; k < inputs.size(); ++k) {
            in[k] = {inputs[k].rows(), inputs[k].cols()};
            parents[k + 1] = inputs[k];
        }
        const auto shapes = Call::outputs(*layer_, settings, std::span(in).first(inputs.size()));

        Lease slot(pool_);
        Layer* gradients = gradients_;
        if (with_variable || gradients == nullptr) {
            copy(slot->gradients, *layer_);
            gradients = &*slot->gradients;
        }
        if (with_variable) copy(slot->layer, *layer_);
        const Layer* const layer = with_variable ? &*slot->layer : layer_;
        const CustomOutputs<Scalar> outputs =
            custom<Scalar>(std::span(std::as_const(parents)).first(inputs.size() + 1),
                           std::span<const MatrixShape>(shapes),
                           Operation{std::move(slot), layer, gradients, settings, with_variable});
        if constexpr (kOutputs == 1) {
            return outputs[0];
        } else {
            Outputs result;
            for (std::size_t k = 0; k < kOutputs; ++k) result[k] = outputs[static_cast<Index>(k)];
            return result;
        }
    }

    /// x, and two initial states for each direction of each layer of the deepest stack.
    static constexpr std::size_t kMostInputs = 33;

    const Layer* layer_;
    Layer* gradients_ = nullptr;
    std::shared_ptr<Pool> pool_ = std::make_shared<Pool>();
};

/// All parameters of `layer` as one variable, P x 1, for `LayerOnTape::record_with`.
template <typename Layer>
[[nodiscard]] Variable<typename Layer::ScalarType> record_parameters(
    Tape<typename Layer::ScalarType>& tape, const Layer& layer) {
    using Scalar = typename Layer::ScalarType;
    const Index count = parameter_count(layer);
    const Variable<Scalar> flat = tape.variable(Vector<Scalar>::Zero(count));
    copy_parameters(
        layer, std::span<Scalar>(tape.node(flat.index()).value, static_cast<std::size_t>(count)));
    return flat;
}

/// The parameter called `name` within `flat` (of `record_parameters`), in its own shape: a view,
/// whose gradient is part of that of `flat`. Throws Error if the layer has no such parameter.
template <typename Layer>
[[nodiscard]] Variable<typename Layer::ScalarType> parameter_of(
    const Variable<typename Layer::ScalarType>& flat, const Layer& layer, std::string_view name) {
    Index offset = 0, rows = -1, cols = 0, next = 0;
    for_each_parameter(layer, [&](const ParameterName& other, const auto& parameter) {
        if (rows < 0 && other.text() == name) {
            rows = parameter.rows();
            cols = parameter.cols();
            offset = next;
        }
        next += parameter.size();
    });
    require<Error>(rows >= 0, "parameter_of: the layer has no parameter called '", name, "'");
    require<ShapeError>(flat.size() == next, "parameter_of: the vector has ", flat.size(),
                        " entries, the layer ", next);
    return reshape(slice_columns(reshape(flat, 1, next), offset, rows * cols), rows, cols);
}

}  // namespace mgan::inline MGAN_ABI
