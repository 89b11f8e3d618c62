#pragma once
/// \file
/// How a node of a tape calls a layer: `TapeCall<Layer>` (layer_on_tape.hpp says what for).
///
/// It is there for the layers and models of the library (tape_adapter.hpp) and for each layer of
/// your own that has one of the two common forms:
///
///     forward(x, y, cache) const;  backward(dy, dx, cache, gradients) const;
///
/// over matrices (a sample a column) or over sequences, and says its numbers of features by `in()`
/// and `out()`, or by `features()` if both are the same. For any other, specialise TapeCall.

#include <mgan/autodiff/custom.hpp>
#include <mgan/tensor/sequence.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <type_traits>

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
    /// Whether anything needs dL/d(input k).
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
/// The same for a sequence with this many features; says how the number of columns comes about.
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
///   - `Settings`: what a call needs beside its inputs; `Cache`: what it keeps for backward;
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
        tape_call_detail::expect(kName, "x", in[0], tape_call_detail::features_in(layer),
                                 in[0].cols);
        return {MatrixShape{tape_call_detail::features_out(layer), in[0].cols}};
    }
    static void forward(const Layer& layer, const Settings&, const LayerCall<Scalar>& call,
                        Cache& cache) {
        layer.forward(call.input(), call.output(), cache.layer);
    }
    static void backward(const Layer& layer, const Settings&, const LayerCall<Scalar>& call,
                         Cache& cache, Layer& gradients) {
        cache.dx.resize(call.input().rows(), call.input().cols());
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

}  // namespace mgan::inline MGAN_ABI
