#pragma once
/// \file
/// LSTMs on top of each other: layer k reads the outputs of layer k - 1.
///
///     h^(0) = x,    h^(k) = Lstm_k(h^(k-1)),    y = h of the last layer
///
/// Backward goes down: the dx of layer k is the dy of layer k - 1. Parameters carry PyTorch's
/// names, `weight_ih_l0` ... `bias_hh_l1`, as in `torch.nn.LSTM(num_layers=2)`.

#include <mgan/layers/lstm.hpp>

#include <vector>

namespace mgan::inline MGAN_ABI {

namespace layer_names {
/// "_l0" ... "_l7": endings of the layers of a stack.
inline constexpr std::string_view kOfLayer[] = {"_l0", "_l1", "_l2", "_l3",
                                                "_l4", "_l5", "_l6", "_l7"};
inline constexpr Index kMostLayers = 8;
}  // namespace layer_names

template <typename Scalar>
class StackedLstm {
public:
    using ScalarType = Scalar;
    using State = std::vector<LstmState<Scalar>>;  ///< one a layer

    struct Cache {
        std::vector<typename Lstm<Scalar>::Cache> layers;
        std::vector<Sequence<Scalar>> outputs;    ///< h^(k), [T, B, H]
        std::vector<Sequence<Scalar>> d_outputs;  ///< dh^(k) of the layers below the top
    };

    StackedLstm() = default;

    /// F features -> H hidden units, `count` layers (1 to 8). Throws ShapeError.
    StackedLstm(Index features, Index hidden, Index count) {
        require<ShapeError>(count >= 1 && count <= layer_names::kMostLayers, "StackedLstm: ", count,
                            " layers, between 1 and ", layer_names::kMostLayers, " are possible");
        for (Index k = 0; k < count; ++k) layers.emplace_back(k == 0 ? features : hidden, hidden);
    }

    [[nodiscard]] Index features() const noexcept { return layers.front().features(); }
    [[nodiscard]] Index hidden() const noexcept { return layers.back().hidden(); }
    [[nodiscard]] std::size_t size() const noexcept { return layers.size(); }

    /// Prepares all layers for reading x ([T, B, F]); `initial` may be null (zero).
    void begin(SequenceView<const Scalar> x, Cache& cache, const State* initial = nullptr) const {
        require<ShapeError>(initial == nullptr || initial->size() == size(),
                            "StackedLstm::forward: ", initial != nullptr ? initial->size() : 0,
                            " initial states for ", size(), " layers");
        cache.layers.resize(size());
        cache.outputs.resize(size());
        cache.d_outputs.resize(size() - 1);
        for (std::size_t k = 0; k < size(); ++k) {
            cache.outputs[k].resize(x.steps(), x.batch(), hidden());
            const SequenceView<const Scalar> input =
                k == 0 ? x : std::as_const(cache.outputs[k - 1]).view();
            layers[k].begin(input, cache.outputs[k].view(), cache.layers[k], Direction::forward,
                            initial != nullptr ? &(*initial)[k] : nullptr);
        }
    }

    /// Step t of all layers.
    void forward_step(Index t, Cache& cache) const {
        for (std::size_t k = 0; k < size(); ++k) layers[k].forward_step(t, cache.layers[k]);
    }

    /// All steps, layer by layer. x: [T, B, F]. Returns y: [T, B, H], which lives in the cache.
    const Sequence<Scalar>& forward(SequenceView<const Scalar> x, Cache& cache,
                                    const State* initial = nullptr) const {
        begin(x, cache, initial);
        for (std::size_t k = 0; k < size(); ++k) {
            for (Index t = 0; t < x.steps(); ++t) layers[k].forward_step(t, cache.layers[k]);
        }
        return cache.outputs.back();
    }

    /// dy: [T, B, H]; dx: [T, B, F] or empty; `gradients` is added to; `d_initial` may be null.
    void backward(SequenceView<const Scalar> dy, SequenceView<Scalar> dx, Cache& cache,
                  StackedLstm& gradients, State* d_initial = nullptr) const {
        run_backward(dy, dx, cache, &gradients, d_initial);
    }

    /// The gradient of the input alone, where the parameters do not learn.
    void backward_through(SequenceView<const Scalar> dy, SequenceView<Scalar> dx,
                          Cache& cache) const {
        run_backward(dy, dx, cache, nullptr, nullptr);
    }

    // ---- step by step backward, for nets with output feedback -----------------------------------

    void begin_backward(Cache& cache) const {
        for (std::size_t k = 0; k < size(); ++k) {
            layers[k].begin_backward(cache.layers[k]);
            if (k > 0) cache.d_outputs[k - 1].resize(1, cache.layers[k].batch(), hidden());
        }
    }

    /// Step t, from the top down. dy: H x B; dx: F x B, written. Gradients of complete blocks are
    /// added.
    void backward_step(Index t, const ConstMatrixRef<Scalar>& dy, Cache& cache,
                       MatrixRef<Scalar> dx, StackedLstm& gradients) const {
        for (std::size_t k = size(); k-- > 0;) {
            typename Lstm<Scalar>::Cache& of_layer = cache.layers[k];
            if (k + 1 == size()) {
                layers[k].backward_step(t, dy, of_layer);
            } else {
                layers[k].backward_step(t, cache.d_outputs[k].step(0), of_layer);
            }
            if (k > 0) {
                layers[k].backward_input(t, of_layer, cache.d_outputs[k - 1].step(0));
            } else {
                layers[k].backward_input(t, of_layer, dx);
            }
            if (Lstm<Scalar>::block_is_complete(t, of_layer))
                layers[k].backward_block(t, of_layer, gradients.layers[k]);
        }
    }

    void end_backward(const Cache& cache, State& d_initial) const {
        d_initial.resize(size());
        for (std::size_t k = 0; k < size(); ++k)
            layers[k].end_backward(cache.layers[k], d_initial[k]);
    }

    // ---- streaming ----------------------------------------------------------------------------

    /// One step: the output is state.back().hidden. `gates`: scratch, 4H x B. Real-time: neither
    /// allocates nor throws; the sizes must be right (asserted, not checked).
    void step(const ConstMatrixRef<Scalar>& x, State& state, Matrix<Scalar>& gates) const noexcept {
        layers[0].step(x, state[0], gates);
        for (std::size_t k = 1; k < size(); ++k)
            layers[k].step(state[k - 1].hidden, state[k], gates);
    }

    /// A zero state for B samples.
    [[nodiscard]] State zero_state(Index batch) const {
        State state;
        set_zero(state, batch);
        return state;
    }
    /// The same in place: no allocation for a state of these sizes.
    void set_zero(State& state, Index batch) const {
        state.resize(size());
        for (LstmState<Scalar>& layer : state) layer.set_zero(hidden(), batch);
    }

    /// Song `to` of a state becomes as song `from`. Allocates nothing.
    static void copy_song(State& state, Index from, Index to) noexcept {
        for (LstmState<Scalar>& layer : state) {
            layer.hidden.col(to) = layer.hidden.col(from);
            layer.cell.col(to) = layer.cell.col(from);
        }
    }

    /// See `Lstm::pack_half`.
    void pack_half() {
        for (Lstm<Scalar>& layer : layers) layer.pack_half();
    }

    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const ParameterName& prefix) {
        for (std::size_t k = 0; k < self.size(); ++k) {
            Lstm<Scalar>::visit_as(self.layers[k], visitor, prefix, layer_names::kOfLayer[k], "");
        }
    }

    std::vector<Lstm<Scalar>> layers;

private:
    void run_backward(SequenceView<const Scalar> dy, SequenceView<Scalar> dx, Cache& cache,
                      StackedLstm* gradients, State* d_initial) const {
        if (d_initial != nullptr) d_initial->resize(size());
        for (std::size_t k = size(); k-- > 0;) {
            const bool top = k + 1 == size();
            const SequenceView<const Scalar> dy_k =
                top ? dy : std::as_const(cache.d_outputs[k]).view();
            SequenceView<Scalar> dx_k = dx;
            if (k > 0) {
                cache.d_outputs[k - 1].resize(dy.steps(), dy.batch(), hidden());
                dx_k = cache.d_outputs[k - 1].view();
            }
            if (gradients == nullptr) {
                layers[k].backward_through(dy_k, dx_k, cache.layers[k]);
                continue;
            }
            layers[k].backward(dy_k, dx_k, cache.layers[k], gradients->layers[k], Update::assign,
                               d_initial != nullptr ? &(*d_initial)[k] : nullptr);
        }
    }
};

}  // namespace mgan::inline MGAN_ABI
