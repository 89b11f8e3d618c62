#pragma once
/// \file
/// Stacked bidirectional LSTMs: each layer reads its input from both ends.
///
///     time          1    2    3   ...   T
///     forward      -->  -->  -->       -->      rows 0 .. H-1    of h_t
///     backward     <--  <--  <--       <--      rows H .. 2H-1   of h_t
///
///     h^(k)_t = [ forward_k(h^(k-1))_t ; backward_k(h^(k-1))_t ],    h^(0) = x,    2 H features
///
/// Layer 2 sees both directions of layer 1, so each of its outputs knows the whole sequence.
/// Neither direction copies or reverses anything: both write into one sequence of 2 H features
/// through views with a stride, and the backward direction simply walks time from the end. Names
/// are those of `torch.nn.LSTM(bidirectional=True)`.

#include <mgan/layers/shape_check.hpp>
#include <mgan/layers/stacked_lstm.hpp>

namespace mgan::inline MGAN_ABI {

template <typename Scalar>
class BiLstm {
public:
    using ScalarType = Scalar;

    /// Initial states (or their gradients) of one layer, one a direction.
    struct LayerState {
        LstmState<Scalar> forward;
        LstmState<Scalar> backward;
    };
    using State = std::vector<LayerState>;

    /// The two directions of one layer.
    struct Layer {
        Lstm<Scalar> forward;
        Lstm<Scalar> backward;
    };

    struct Cache {
        struct OfLayer {
            typename Lstm<Scalar>::Cache forward;
            typename Lstm<Scalar>::Cache backward;
            Sequence<Scalar> output;    ///< [T, B, 2H]
            Sequence<Scalar> d_output;  ///< [T, B, 2H], of the layers below the top
        };
        std::vector<OfLayer> layers;
    };

    BiLstm() = default;

    /// F features -> 2 H features, `count` layers (1 to 8).
    BiLstm(Index features, Index hidden, Index count) {
        require<ShapeError>(count >= 1 && count <= layer_names::kMostLayers, "BiLstm: ", count,
                            " layers, between 1 and ", layer_names::kMostLayers, " are possible");
        for (Index k = 0; k < count; ++k) {
            const Index in = k == 0 ? features : 2 * hidden;
            layers.push_back({Lstm<Scalar>(in, hidden), Lstm<Scalar>(in, hidden)});
        }
    }

    [[nodiscard]] Index features() const noexcept { return layers.front().forward.features(); }
    [[nodiscard]] Index hidden() const noexcept { return layers.front().forward.hidden(); }

    /// x: [T, B, F]. Returns y: [T, B, 2H], which lives in the cache. Keep x until `backward` is
    /// done.
    const Sequence<Scalar>& forward(SequenceView<const Scalar> x, Cache& cache,
                                    const State* initial = nullptr) const {
        require<ShapeError>(initial == nullptr || initial->size() == layers.size(),
                            "BiLstm::forward: ", initial != nullptr ? initial->size() : 0,
                            " initial states for ", layers.size(), " layers");
        cache.layers.resize(layers.size());
        const Index h = hidden();
        for (std::size_t k = 0; k < layers.size(); ++k) {
            typename Cache::OfLayer& of_layer = cache.layers[k];
            of_layer.output.resize(x.steps(), x.batch(), 2 * h);
            const SequenceView<Scalar> y = of_layer.output.view();
            const SequenceView<const Scalar> input =
                k == 0 ? x : std::as_const(cache.layers[k - 1].output).view();
            layers[k].forward.forward(input, y.features(0, h), of_layer.forward, Direction::forward,
                                      initial != nullptr ? &(*initial)[k].forward : nullptr);
            layers[k].backward.forward(input, y.features(h, h), of_layer.backward,
                                       Direction::backward,
                                       initial != nullptr ? &(*initial)[k].backward : nullptr);
        }
        return cache.layers.back().output;
    }

    /// dy: [T, B, 2H]; dx: [T, B, F] (written) or empty; `gradients` is added to.
    void backward(SequenceView<const Scalar> dy, SequenceView<Scalar> dx, Cache& cache,
                  BiLstm& gradients, State* d_initial = nullptr) const {
        run_backward(dy, dx, cache, &gradients, d_initial);
    }

    /// The gradient of the input alone, where the parameters do not learn.
    void backward_through(SequenceView<const Scalar> dy, SequenceView<Scalar> dx,
                          Cache& cache) const {
        run_backward(dy, dx, cache, nullptr, nullptr);
    }

    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const ParameterName& prefix) {
        for (std::size_t k = 0; k < self.layers.size(); ++k) {
            Lstm<Scalar>::visit_as(self.layers[k].forward, visitor, prefix,
                                   layer_names::kOfLayer[k], "");
            Lstm<Scalar>::visit_as(self.layers[k].backward, visitor, prefix,
                                   layer_names::kOfLayer[k], "_reverse");
        }
    }

    std::vector<Layer> layers;

private:
    void run_backward(SequenceView<const Scalar> dy, SequenceView<Scalar> dx, Cache& cache,
                      BiLstm* gradients, State* d_initial) const {
        check_shape("BiLstm::backward", "dy", "features", dy.features(), 2 * hidden(), "2H");
        if (d_initial != nullptr) d_initial->resize(layers.size());
        const Index h = hidden();
        for (std::size_t k = layers.size(); k-- > 0;) {
            typename Cache::OfLayer& of_layer = cache.layers[k];
            const bool top = k + 1 == layers.size();
            const SequenceView<const Scalar> dy_k =
                top ? dy : std::as_const(of_layer.d_output).view();
            SequenceView<Scalar> dx_k = dx;
            if (k > 0) {
                Sequence<Scalar>& below = cache.layers[k - 1].d_output;
                below.resize(dy.steps(), dy.batch(), 2 * h);
                dx_k = below.view();
            }
            const SequenceView<const Scalar> dy_forward = dy_k.features(0, h),
                                             dy_backward = dy_k.features(h, h);
            if (gradients == nullptr) {
                layers[k].forward.backward_through(dy_forward, dx_k, of_layer.forward);
                layers[k].backward.backward_through(dy_backward, dx_k, of_layer.backward,
                                                    Update::add);
                continue;
            }
            layers[k].forward.backward(dy_forward, dx_k, of_layer.forward,
                                       gradients->layers[k].forward, Update::assign,
                                       d_initial != nullptr ? &(*d_initial)[k].forward : nullptr);
            layers[k].backward.backward(dy_backward, dx_k, of_layer.backward,
                                        gradients->layers[k].backward, Update::add,
                                        d_initial != nullptr ? &(*d_initial)[k].backward : nullptr);
        }
    }
};

}  // namespace mgan::inline MGAN_ABI
