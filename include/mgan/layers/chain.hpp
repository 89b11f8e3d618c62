#pragma once
/// \file
/// Layers, one after the other, as one layer.
///
///     auto net = chain(Lstm<float>(8, 100), LayerNorm<float>(100), Dense<float>(100, 4));
///
///     x --layer 0--> h_0 --layer 1--> h_1 -- ... --> y      forward(x, y, cache)
///     dx <--------- dh_0 <--------- dh_1 <-- ... -- dy      backward(dy, dx, cache, gradients)
///
/// The chain knows its layers when it is compiled: no virtual call, no list, and each call can be
/// inlined. It is a layer over sequences like any other. Its parameters are those of its layers,
/// named as in PyTorch's nn.Sequential ("0.weight_ih_l0", "1.weight", ...), so that initialising,
/// optimising, saving, loading and recording on a tape need nothing else. Its gradients are an
/// object of its own type; what backward needs lies in the cache of the caller.
///
/// A layer takes its place by one of these forms, in which `ChainLink` calls it (specialise it for
/// a layer of another form):
///   - over sequences (Lstm, Gru, Conv2d, Attention, another chain):
///         forward(x, y, cache) const;  backward(dy, dx, cache, gradients) const;
///   - over matrices, a sample a column, all steps alike (LayerNorm, and layers of your own): the
///     same two, with matrices;
///   - Dense, and ActivationLayer.
///
/// To play event by event, `start` a state and call `step`: the numbers are those of `forward`. For
/// that each layer must be one that can stream; a chain with another one has no `step`.

#include <mgan/layers/activation.hpp>
#include <mgan/layers/dense.hpp>
#include <mgan/layers/gru.hpp>
#include <mgan/layers/layer_norm.hpp>
#include <mgan/layers/lstm.hpp>
#include <mgan/layers/parameters.hpp>
#include <mgan/layers/shape_check.hpp>
#include <mgan/tensor/sequence.hpp>

#include <array>
#include <cstddef>
#include <tuple>
#include <utility>

namespace mgan::inline MGAN_ABI {

namespace chain_detail {

template <typename Layer>
concept OverSequences = requires(const Layer& layer,
                                 SequenceView<const typename Layer::ScalarType> in,
                                 SequenceView<typename Layer::ScalarType> out,
                                 typename Layer::Cache& cache, Layer& gradients) {
    layer.forward(in, out, cache);
    layer.backward(in, out, cache, gradients);
};

/// Features that a layer reads; 0 for one that takes any.
template <typename Layer>
[[nodiscard]] Index features_in(const Layer& layer) noexcept {
    if constexpr (requires { layer.in(); }) {
        return layer.in();
    } else if constexpr (requires { layer.features(); }) {
        return layer.features();
    } else {
        return 0;
    }
}
/// Features that a layer gives when it reads so many.
template <typename Layer>
[[nodiscard]] Index features_out(const Layer& layer, Index in) noexcept {
    if constexpr (requires { layer.out(); }) {
        return layer.out();
    } else if constexpr (requires { layer.hidden(); }) {
        return layer.hidden();
    } else {
        return in;
    }
}

/// What a layer without memory needs to stream.
struct NoState {};

}  // namespace chain_detail

/// How a chain calls a layer. This one is for layers over matrices: all steps are one matrix.
template <typename Layer>
struct ChainLink {
    using Scalar = typename Layer::ScalarType;
    using State = chain_detail::NoState;
    struct Cache {
        typename Layer::Cache layer;
        Matrix<Scalar> nowhere;  ///< dx, where nobody needs it
    };

    static void forward(const Layer& layer, SequenceView<const Scalar> x, SequenceView<Scalar> y,
                        Cache& cache) {
        layer.forward(x.all(), y.all(), cache.layer);
    }
    static void backward(const Layer& layer, SequenceView<const Scalar> dy, SequenceView<Scalar> dx,
                         Cache& cache, Layer& gradients) {
        if (!dx.empty()) {
            layer.backward(dy.all(), dx.all(), cache.layer, gradients);
            return;
        }
        cache.nowhere.resize(chain_detail::features_in(layer), dy.steps() * dy.batch());
        layer.backward(dy.all(), cache.nowhere, cache.layer, gradients);
    }
    static void start(const Layer&, Index, State&) noexcept {}
    /// One step; y is not x.
    static void step(const Layer& layer, const ConstMatrixRef<Scalar>& x, State&,
                     MatrixRef<Scalar> y) noexcept {
        if constexpr (requires { layer.step(x, y); }) {
            layer.step(x, y);
        } else {
            y = x;
            layer.step(y);
        }
    }
};

namespace chain_detail {
/// The calls of a layer over sequences.
template <typename Layer>
struct SequenceLink {
    using Scalar = typename Layer::ScalarType;
    using Cache = typename Layer::Cache;

    static void forward(const Layer& layer, SequenceView<const Scalar> x, SequenceView<Scalar> y,
                        Cache& cache) {
        layer.forward(x, y, cache);
    }
    static void backward(const Layer& layer, SequenceView<const Scalar> dy, SequenceView<Scalar> dx,
                         Cache& cache, Layer& gradients) {
        layer.backward(dy, dx, cache, gradients);
    }
};
}  // namespace chain_detail

/// Layers over sequences; Lstm and Gru can stream.
template <chain_detail::OverSequences Layer>
struct ChainLink<Layer> : chain_detail::SequenceLink<Layer> {
    using State = chain_detail::NoState;
};

template <typename Number>
struct ChainLink<Lstm<Number>> : chain_detail::SequenceLink<Lstm<Number>> {
    using Layer = Lstm<Number>;
    struct State {
        LstmState<Number> memory;
        Matrix<Number> gates;
    };
    static void start(const Layer& layer, Index batch, State& state) {
        state.memory.set_zero(layer.hidden(), batch);
        state.gates.resize(4 * layer.hidden(), batch);
    }
    static void step(const Layer& layer, const ConstMatrixRef<Number>& x, State& state,
                     MatrixRef<Number> y) noexcept {
        layer.step(x, state.memory, state.gates);
        y = state.memory.hidden;
    }
};

template <typename Number>
struct ChainLink<Gru<Number>> : chain_detail::SequenceLink<Gru<Number>> {
    using Layer = Gru<Number>;
    struct State {
        Matrix<Number> hidden;
        Matrix<Number> scratch;
    };
    static void start(const Layer& layer, Index batch, State& state) {
        state.hidden = Matrix<Number>::Zero(layer.hidden(), batch);
        state.scratch.resize(layer.scratch_rows(), batch);
    }
    static void step(const Layer& layer, const ConstMatrixRef<Number>& x, State& state,
                     MatrixRef<Number> y) noexcept {
        layer.step(x, state.hidden, state.scratch);
        y = state.hidden;
    }
};

template <typename Number>
struct ChainLink<Dense<Number>> {
    using Layer = Dense<Number>;
    using State = chain_detail::NoState;
    struct Cache {
        SequenceView<const Number> x;
        typename Layer::Cache layer;
    };

    static void forward(const Layer& layer, SequenceView<const Number> x, SequenceView<Number> y,
                        Cache& cache) {
        cache.x = x;
        layer.forward(x.all(), y.all());
    }
    static void backward(const Layer& layer, SequenceView<const Number> dy, SequenceView<Number> dx,
                         Cache& cache, Layer& gradients) {
        layer.backward_parameters(cache.x.all(), dy.all(), gradients);
        if (dx.empty()) return;
        layer.prepare_backward(cache.layer);
        layer.backward_input(dy.all(), cache.layer, dx.all());
    }
    static void start(const Layer&, Index, State&) noexcept {}
    static void step(const Layer& layer, const ConstMatrixRef<Number>& x, State&,
                     MatrixRef<Number> y) noexcept {
        layer.step(x, y);
    }
};

template <typename Number>
struct ChainLink<ActivationLayer<Number>> {
    using Layer = ActivationLayer<Number>;
    using State = chain_detail::NoState;
    struct Cache {
        SequenceView<Number> y;
    };

    static void forward(const Layer& layer, SequenceView<const Number> x, SequenceView<Number> y,
                        Cache& cache) {
        cache.y = y;
        y.all() = x.all();
        activate<Number>(layer.kind, y.all());
    }
    static void backward(const Layer& layer, SequenceView<const Number> dy, SequenceView<Number> dx,
                         Cache& cache, Layer&) {
        if (dx.empty()) return;
        dx.all() = dy.all();
        activate_backward<Number>(layer.kind, cache.y.all(), dx.all());
    }
    static void start(const Layer&, Index, State&) noexcept {}
    static void step(const Layer& layer, const ConstMatrixRef<Number>& x, State&,
                     MatrixRef<Number> y) noexcept {
        y = x;
        activate<Number>(layer.kind, y);
    }
};

/// The layers, from the input to the output; all of one scalar. Use `chain(...)` to make one.
template <typename First, typename... Rest>
class Chain {
public:
    using Scalar = typename First::ScalarType;
    using ScalarType = Scalar;
    static constexpr std::size_t kCount = 1 + sizeof...(Rest);
    static constexpr const char* kName = "Chain";
    static_assert((std::is_same_v<Scalar, typename Rest::ScalarType> && ...),
                  "the layers of a chain compute with one scalar");

    using Layers = std::tuple<First, Rest...>;
    template <std::size_t K>
    using Layer = std::tuple_element_t<K, Layers>;
    template <std::size_t K>
    using Link = ChainLink<Layer<K>>;

    /// What backward needs. Holds views of x and y, which must outlive it, unchanged.
    struct Cache {
        std::tuple<typename ChainLink<First>::Cache, typename ChainLink<Rest>::Cache...> links;
        std::array<Sequence<Scalar>, kCount> outputs;    ///< h_k; the last is not used
        std::array<Sequence<Scalar>, kCount> d_outputs;  ///< dh_k
    };
    /// What the layers remember between steps.
    struct State {
        std::tuple<typename ChainLink<First>::State, typename ChainLink<Rest>::State...> links;
        std::array<Matrix<Scalar>, kCount> outputs;
    };

    Chain() = default;
    /// Throws ShapeError where a layer gives what the next one cannot read.
    explicit Chain(First first, Rest... rest) : layers(std::move(first), std::move(rest)...) {
        check_from<0>(0);
    }

    /// Features of x; 0 if no layer says.
    [[nodiscard]] Index in() const noexcept { return in_from<0>(); }
    /// Features of y.
    [[nodiscard]] Index out() const noexcept { return out_from<0>(in()); }

    /// All layers. x: [T, B, in], y: [T, B, out] (written). Throws ShapeError.
    void forward(SequenceView<const Scalar> x, SequenceView<Scalar> y, Cache& cache) const {
        forward_from<0>(x, y, cache);
    }
    /// All layers back. dy: [T, B, out]; dx: [T, B, in], written, or an empty view where nobody
    /// needs it. `gradients` is added to. Throws ShapeError.
    void backward(SequenceView<const Scalar> dy, SequenceView<Scalar> dx, Cache& cache,
                  Chain& gradients) const {
        backward_from<kCount - 1>(dy, dx, cache, gradients);
    }

    /// Gets ready to stream: every memory zero.
    void start(State& state, Index batch) const { start_from<0>(state, batch, in()); }
    /// One step of a stream: x: in x B, y: out x B. The numbers are those of `forward`. Real-time:
    /// neither allocates nor throws; the sizes must be right (asserted, not checked).
    void step(const ConstMatrixRef<Scalar>& x, State& state, MatrixRef<Scalar> y) const noexcept {
        step_from<0>(x, state, y);
    }

    /// Layer K.
    template <std::size_t K>
    [[nodiscard]] Layer<K>& layer() noexcept {
        return std::get<K>(layers);
    }
    template <std::size_t K>
    [[nodiscard]] const Layer<K>& layer() const noexcept {
        return std::get<K>(layers);
    }

    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const ParameterName& prefix) {
        visit_from<0>(self, visitor, prefix);
    }

    Layers layers;

private:
    template <std::size_t K>
    static constexpr bool kIsLast = K + 1 == kCount;

    template <std::size_t K>
    void check_from(Index given) const {
        const Index wanted = chain_detail::features_in(layer<K>());
        if (K > 0 && wanted > 0 && given > 0 && wanted != given) {
            fail<ShapeError>("Chain: layer ", K, " reads ", wanted,
                             " features, the one before it "
                             "gives ",
                             given);
        }
        if constexpr (!kIsLast<K>) {
            check_from<K + 1>(chain_detail::features_out(layer<K>(), wanted > 0 ? wanted : given));
        }
    }
    template <std::size_t K>
    [[nodiscard]] Index in_from() const noexcept {
        const Index features = chain_detail::features_in(layer<K>());
        if constexpr (!kIsLast<K>) {
            if (features == 0) return in_from<K + 1>();
        }
        return features;
    }
    template <std::size_t K>
    [[nodiscard]] Index out_from(Index features) const noexcept {
        features = chain_detail::features_out(layer<K>(), features);
        if constexpr (!kIsLast<K>) {
            return out_from<K + 1>(features);
        } else {
            return features;
        }
    }

    template <std::size_t K>
    void forward_from(SequenceView<const Scalar> x, SequenceView<Scalar> y, Cache& cache) const {
        auto& of_link = std::get<K>(cache.links);
        if constexpr (kIsLast<K>) {
            Link<K>::forward(layer<K>(), x, y, of_link);
        } else {
            Sequence<Scalar>& h = cache.outputs[K];
            h.resize(x.steps(), x.batch(), chain_detail::features_out(layer<K>(), x.features()));
            Link<K>::forward(layer<K>(), x, h.view(), of_link);
            forward_from<K + 1>(h.view(), y, cache);
        }
    }
    template <std::size_t K>
    void backward_from(SequenceView<const Scalar> dy, SequenceView<Scalar> dx, Cache& cache,
                       Chain& gradients) const {
        auto& of_link = std::get<K>(cache.links);
        if constexpr (K == 0) {
            Link<K>::backward(layer<K>(), dy, dx, of_link, gradients.template layer<K>());
        } else {
            const Sequence<Scalar>& h = cache.outputs[K - 1];
            Sequence<Scalar>& dh = cache.d_outputs[K - 1];
            dh.resize(h.steps(), h.batch(), h.features());
            Link<K>::backward(layer<K>(), dy, dh.view(), of_link, gradients.template layer<K>());
            backward_from<K - 1>(dh.view(), dx, cache, gradients);
        }
    }

    template <std::size_t K>
    void start_from(State& state, Index batch, Index features) const {
        Link<K>::start(layer<K>(), batch, std::get<K>(state.links));
        if constexpr (!kIsLast<K>) {
            features = chain_detail::features_out(layer<K>(), features);
            state.outputs[K].resize(features, batch);
            start_from<K + 1>(state, batch, features);
        }
    }
    template <std::size_t K>
    void step_from(const ConstMatrixRef<Scalar>& x, State& state,
                   MatrixRef<Scalar> y) const noexcept {
        auto& of_link = std::get<K>(state.links);
        if constexpr (kIsLast<K>) {
            Link<K>::step(layer<K>(), x, of_link, y);
        } else {
            Link<K>::step(layer<K>(), x, of_link, state.outputs[K]);
            step_from<K + 1>(state.outputs[K], state, y);
        }
    }

    template <std::size_t K, typename Self, typename Visitor>
    static void visit_from(Self& self, Visitor& visitor, const ParameterName& prefix) {
        const ParameterName name = prefix.numbered("", static_cast<Index>(K), ".");
        Layer<K>::visit(std::get<K>(self.layers), visitor, name);
        if constexpr (!kIsLast<K>) visit_from<K + 1>(self, visitor, prefix);
    }
};

/// The layers as one: `chain(Dense<float>(3, 8), relu, Dense<float>(8, 1))`. Each is copied or
/// moved in. Throws ShapeError where one gives what the next one cannot read.
template <typename... Layers>
[[nodiscard]] Chain<std::remove_cvref_t<Layers>...> chain(Layers&&... layers) {
    return Chain<std::remove_cvref_t<Layers>...>(std::forward<Layers>(layers)...);
}

}  // namespace mgan::inline MGAN_ABI
