#pragma once
// The embedding as a subject of support/gradient_proof.hpp.

#include <mgan/layers/embedding.hpp>
#include <support/gradient_proof.hpp>

namespace mgan_test {

struct EmbeddingSizes {
    Index values = 5, width = 3;
    std::vector<Index> batch{3, 0, -1, 3, 4, 3};
};

template <typename Scalar>
struct EmbeddingSubject {
    struct Cache {};

    EmbeddingSubject(EmbeddingSizes s) : sizes(std::move(s)), layer(sizes.values, sizes.width) {}
    template <typename Other>
    EmbeddingSubject<Other> cast() const {
        return sizes;
    }
    std::string name() const { return "embedding"; }

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visit_layer(layer, visitor);
    }
    [[nodiscard]] Index columns() const { return static_cast<Index>(sizes.batch.size()); }
    Vector<Scalar> forward(Cache&) const {
        Matrix<Scalar> y(sizes.width, columns());
        layer.forward(sizes.batch, y);
        return y.reshaped();
    }
    void backward(const Vector<Scalar>& dy, Cache&, EmbeddingSubject& gradients) const {
        layer.backward(sizes.batch, mgan::ConstMatrixMap<Scalar>(dy.data(), sizes.width, columns()),
                       gradients.layer);
    }

    EmbeddingSizes sizes;
    mgan::Embedding<Scalar> layer;
};

}  // namespace mgan_test
