#pragma once
// The convolution as a subject of support/gradient_proof.hpp.

#include <mgan/layers/conv2d.hpp>
#include <proofs/subjects/lstm_subject.hpp>

namespace mgan_test {

struct Conv2dSizes {
    Index steps = 3, batch = 3;
    mgan::Conv2dSettings config{};
};

template <typename Scalar>
struct Conv2dSubject {
    using Cache = typename mgan::Conv2d<Scalar>::Cache;

    Conv2dSubject(Conv2dSizes s) : sizes(s), layer(s.config), x(s.steps, s.batch, layer.in()) {}
    template <typename Other>
    Conv2dSubject<Other> cast() const {
        return sizes;
    }
    std::string name() const { return "conv2d"; }

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visit_layer(layer, visitor);
        visitor("x", x, Role::kInput);
    }
    Vector<Scalar> forward(Cache& cache) const {
        Sequence<Scalar> y(sizes.steps, sizes.batch, layer.out());
        layer.forward(x.view(), y.view(), cache);
        return y.all().reshaped();
    }
    void backward(const Vector<Scalar>& dy, Cache& cache, Conv2dSubject& gradients) const {
        const Sequence<Scalar> dy_sequence = as_sequence(dy, sizes.steps, sizes.batch, layer.out());
        layer.backward(dy_sequence.view(), gradients.x.view(), cache, gradients.layer);
    }

    Conv2dSizes sizes;
    mgan::Conv2d<Scalar> layer;
    Sequence<Scalar> x;
};

}  // namespace mgan_test
