#pragma once
/// \file
/// A layer with a hand-written backward pass as one node of a tape.
///
/// The tape (autodiff/tape.hpp) differentiates what is written with its operations; layers have
/// gradients of their own and do not know the tape. Both answer the same question: *given the
/// gradient of my result, what do I add to the gradients of my arguments?* So a layer fits between
/// two operations,
///
///     x  ---tape-->  u  ---layer.forward-->   y  ---tape-->  L
///     dx <--tape---  du <--layer.backward---  dy <--tape---  1
///
/// and a loss can be written on the tape while the fast kernels compute what is below it:
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
///     record_with(flat, x)             they are a variable of the tape like any other, P x 1: to
///                                      be penalised, shared, or computed by the tape itself
///
/// How a node calls a layer is in tape_call.hpp. That is there for the layers and models of the
/// library (tape_adapter.hpp), and for each layer of your own in one of the two common forms.

#include <mgan/autodiff/custom.hpp>
#include <mgan/autodiff/shaping.hpp>
#include <mgan/layers/parameters.hpp>
#include <mgan/models/tape_call.hpp>

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

/// Records a layer any number of times, on any tapes, each time as one node with a cache of its
/// own. `Tape::clear` gives the caches back, so that the second pass over the same graph allocates
/// nothing if the layer does not. The object itself may be destroyed before its tapes; the layer
/// and the gradients must stay, and the layer unchanged, until the tape is cleared (with
/// `record_with`: no longer than the call). One thread at a time; other objects for other threads.
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
        // An empty stand-in for the parameters: without it backward would skip the node when all
        // inputs are constants.
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
        // Validate everything before recording.
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
