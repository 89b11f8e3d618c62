#pragma once
// The GRU as a subject of support/gradient_proof.hpp.

#include <mgan/layers/gru.hpp>
#include <support/gradient_proof.hpp>

namespace mgan_test {

struct GruSizes {
    Index steps = 3, batch = 3, features = 3, hidden = 4;
    bool step_by_step = false;  ///< through the pieces instead of forward and backward
};

template <typename Scalar>
struct GruSubject {
    struct Cache {
        typename mgan::Gru<Scalar>::Cache gru;
        Sequence<Scalar> y;
    };

    GruSubject(GruSizes s)
        : sizes(s),
          gru(s.features, s.hidden),
          x(s.steps, s.batch, s.features),
          initial(Matrix<Scalar>::Zero(s.hidden, s.batch)) {}
    template <typename Other>
    GruSubject<Other> cast() const {
        return sizes;
    }
    std::string name() const { return sizes.step_by_step ? "GRU, step by step" : "GRU"; }

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visit_layer(gru, visitor);
        visitor("x", x, Role::kInput);
        visitor("h_0", initial, Role::kInput);
    }
    Vector<Scalar> forward(Cache& cache) const {
        cache.y.resize(sizes.steps, sizes.batch, sizes.hidden);
        if (sizes.step_by_step) {
            gru.begin(x.view(), cache.y.view(), cache.gru, &initial);
            for (Index t = 0; t < sizes.steps; ++t) gru.forward_step(t, cache.gru);
        } else {
            gru.forward(x.view(), cache.y.view(), cache.gru, &initial);
        }
        return cache.y.all().reshaped();
    }
    void backward(const Vector<Scalar>& dy, Cache& cache, GruSubject& gradients) const {
        Sequence<Scalar> dy_sequence(sizes.steps, sizes.batch, sizes.hidden);
        std::copy_n(dy.data(), dy.size(), dy_sequence.data());
        if (!sizes.step_by_step) {
            gru.backward(std::as_const(dy_sequence).view(), gradients.x.view(), cache.gru,
                         gradients.gru, mgan::Update::assign, &gradients.initial);
            return;
        }
        gru.begin_backward(cache.gru);
        for (Index t = sizes.steps - 1; t >= 0; --t) {
            gru.backward_step(t, dy_sequence.step(t), cache.gru);
            gru.backward_input(t, cache.gru, gradients.x.step(t));
            if (gru.block_is_complete(t, cache.gru))
                gru.backward_block(t, cache.gru, gradients.gru);
        }
        gru.end_backward(cache.gru, gradients.initial);
    }

    GruSizes sizes;
    mgan::Gru<Scalar> gru;
    Sequence<Scalar> x;
    Matrix<Scalar> initial;
};

}  // namespace mgan_test
