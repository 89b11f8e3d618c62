#pragma once
// The mapping network as a subject of support/gradient_proof.hpp.

#include <mgan/layers/mapping_network.hpp>
#include <proofs/subjects/lstm_subject.hpp>

namespace mgan_test {

struct MappingNetworkSizes {
    Index steps = 3, batch = 3, features = 2, layers = 3;
};

template <typename Scalar>
struct MappingNetworkSubject {
    using Cache = typename mgan::MappingNetwork<Scalar>::Cache;

    MappingNetworkSubject(MappingNetworkSizes s)
        : sizes(s), layer(s.steps, s.features, s.layers), z(s.steps, s.batch, s.features) {}
    template <typename Other>
    MappingNetworkSubject<Other> cast() const {
        return sizes;
    }
    std::string name() const { return "mapping network"; }

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visit_layer(layer, visitor);
        visitor("z", z, Role::kInput);
    }
    Vector<Scalar> forward(Cache& cache) const {
        Sequence<Scalar> w(sizes.steps, sizes.batch, sizes.features);
        layer.forward(z.view(), w.view(), cache);
        return w.all().reshaped();
    }
    void backward(const Vector<Scalar>& dw, Cache& cache, MappingNetworkSubject& gradients) const {
        const Sequence<Scalar> dw_sequence =
            as_sequence(dw, sizes.steps, sizes.batch, sizes.features);
        layer.backward(dw_sequence.view(), gradients.z.view(), cache, gradients.layer);
    }

    MappingNetworkSizes sizes;
    mgan::MappingNetwork<Scalar> layer;
    Sequence<Scalar> z;
};

}  // namespace mgan_test
