#pragma once
// Layer normalisation as a subject of support/gradient_proof.hpp.

#include <mgan/layers/layer_norm.hpp>
#include <support/gradient_proof.hpp>

namespace mgan_test {

struct LayerNormSizes {
    Index features = 5, columns = 4;
    double eps = 1e-5;
};

template <typename Scalar>
struct LayerNormSubject {
    using Cache = typename mgan::LayerNorm<Scalar>::Cache;

    LayerNormSubject(LayerNormSizes s)
        : sizes(s), layer(s.features, s.eps), x(Matrix<Scalar>::Zero(s.features, s.columns)) {}
    template <typename Other>
    LayerNormSubject<Other> cast() const {
        return sizes;
    }
    std::string name() const { return "layer norm"; }

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visit_layer(layer, visitor);
        visitor("x", x, Role::kInput);
    }
    Vector<Scalar> forward(Cache& cache) const {
        Matrix<Scalar> y(sizes.features, sizes.columns);
        layer.forward(x, y, cache);
        return y.reshaped();
    }
    void backward(const Vector<Scalar>& dy, Cache& cache, LayerNormSubject& gradients) const {
        layer.backward(mgan::ConstMatrixMap<Scalar>(dy.data(), sizes.features, sizes.columns),
                       gradients.x, cache, gradients.layer);
    }

    LayerNormSizes sizes;
    mgan::LayerNorm<Scalar> layer;
    Matrix<Scalar> x;
};

}  // namespace mgan_test
