#pragma once
// The convolution over time as a subject of support/gradient_proof.hpp.

#include <mgan/layers/conv1d.hpp>
#include <proofs/subjects/lstm_subject.hpp>

namespace mgan_test {

struct Conv1dSizes {
    Index steps = 7, batch = 3, features = 3, out = 4, window = 3, dilation = 2;
};

template <typename Scalar>
struct Conv1dSubject {
    using Cache = typename mgan::Conv1d<Scalar>::Cache;

    Conv1dSubject(Conv1dSizes s)
        : sizes(s),
          layer(s.features, s.out, s.window, s.dilation),
          x(s.steps, s.batch, s.features) {}
    template <typename Other>
    Conv1dSubject<Other> cast() const {
        return sizes;
    }
    std::string name() const { return "conv1d"; }

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visit_layer(layer, visitor);
        visitor("x", x, Role::kInput);
    }
    Vector<Scalar> forward(Cache& cache) const {
        Sequence<Scalar> y(sizes.steps, sizes.batch, sizes.out);
        layer.forward(x.view(), y.view(), cache);
        return y.all().reshaped();
    }
    void backward(const Vector<Scalar>& dy, Cache& cache, Conv1dSubject& gradients) const {
        const Sequence<Scalar> dy_sequence = as_sequence(dy, sizes.steps, sizes.batch, sizes.out);
        layer.backward(dy_sequence.view(), gradients.x.view(), cache, gradients.layer);
    }

    Conv1dSizes sizes;
    mgan::Conv1d<Scalar> layer;
    Sequence<Scalar> x;
};

}  // namespace mgan_test
