#pragma once
// Self-attention as a subject of support/gradient_proof.hpp: sequence by sequence, or step by step
// as inside a loop with output feedback.

#include <mgan/layers/attention.hpp>
#include <proofs/subjects/lstm_subject.hpp>

namespace mgan_test {

struct AttentionSizes {
    Index steps = 3, batch = 3;
    mgan::AttentionSettings config{};
    bool by_steps = false;
};

template <typename Scalar>
struct AttentionSubject {
    struct Cache {
        typename mgan::Attention<Scalar>::Cache layer;
        Sequence<Scalar> y;
    };

    AttentionSubject(AttentionSizes s)
        : sizes(s), layer(s.config), x(s.steps, s.batch, s.config.features) {}
    template <typename Other>
    AttentionSubject<Other> cast() const {
        return sizes;
    }
    std::string name() const {
        const std::string what = !sizes.config.causal      ? "attention, full"
                                 : sizes.config.window > 0 ? "attention, window"
                                                           : "attention, causal";
        return sizes.by_steps ? what + ", step by step" : what;
    }

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visit_layer(layer, visitor);
        visitor("x", x, Role::kInput);
    }
    Vector<Scalar> forward(Cache& cache) const {
        cache.y.resize(sizes.steps, sizes.batch, sizes.config.features);
        if (sizes.by_steps) {
            layer.begin(x.view(), cache.y.view(), cache.layer);
            for (Index t = 0; t < sizes.steps; ++t) layer.forward_step(t, cache.layer);
        } else {
            layer.forward(x.view(), cache.y.view(), cache.layer);
        }
        return cache.y.all().reshaped();
    }
    void backward(const Vector<Scalar>& dy, Cache& cache, AttentionSubject& gradients) const {
        const Sequence<Scalar> dy_sequence =
            as_sequence(dy, sizes.steps, sizes.batch, sizes.config.features);
        if (!sizes.by_steps) {
            layer.backward(dy_sequence.view(), gradients.x.view(), cache.layer, gradients.layer);
            return;
        }
        layer.begin_backward(cache.layer);
        for (Index t = sizes.steps; t-- > 0;) {
            layer.backward_step(t, dy_sequence.step(t), cache.layer, gradients.x.step(t),
                                gradients.layer);
        }
    }

    AttentionSizes sizes;
    mgan::Attention<Scalar> layer;
    Sequence<Scalar> x;
};

}  // namespace mgan_test
