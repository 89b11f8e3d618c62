#pragma once
// A chain with a layer of each form as a subject of support/gradient_proof.hpp: over sequences
// (LSTM, GRU), over matrices (layer norm), dense, and an activation.

#include <mgan/layers/chain.hpp>
#include <support/gradient_proof.hpp>

namespace mgan_test {

struct ChainSizes {
    Index steps = 3, batch = 2, features = 3, hidden = 4, out = 5;
};

template <typename Scalar>
struct ChainSubject {
    using Net = mgan::Chain<mgan::Dense<Scalar>, mgan::ActivationLayer<Scalar>, mgan::Lstm<Scalar>,
                            mgan::LayerNorm<Scalar>, mgan::Gru<Scalar>, mgan::Dense<Scalar>>;
    struct Cache {
        typename Net::Cache chain;
        Sequence<Scalar> y;
    };

    ChainSubject(ChainSizes s)
        : sizes(s),
          // A large epsilon, so that layer norm is smooth where the LSTM's outputs are all small.
          net(mgan::Dense<Scalar>(s.features, s.hidden),
              mgan::ActivationLayer<Scalar>{mgan::Activation::tanh},
              mgan::Lstm<Scalar>(s.hidden, s.hidden + 1),
              mgan::LayerNorm<Scalar>(s.hidden + 1, 0.3), mgan::Gru<Scalar>(s.hidden + 1, s.hidden),
              mgan::Dense<Scalar>(s.hidden, s.out)),
          x(s.steps, s.batch, s.features) {}
    template <typename Other>
    ChainSubject<Other> cast() const {
        return sizes;
    }
    std::string name() const { return "chain"; }

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visit_layer(net, visitor);
        visitor("x", x, Role::kInput);
    }
    Vector<Scalar> forward(Cache& cache) const {
        cache.y.resize(sizes.steps, sizes.batch, sizes.out);
        net.forward(x.view(), cache.y.view(), cache.chain);
        return cache.y.all().reshaped();
    }
    void backward(const Vector<Scalar>& dy, Cache& cache, ChainSubject& gradients) const {
        Sequence<Scalar> dy_sequence(sizes.steps, sizes.batch, sizes.out);
        std::copy_n(dy.data(), dy.size(), dy_sequence.data());
        net.backward(dy_sequence.view(), gradients.x.view(), cache.chain, gradients.net);
    }

    ChainSizes sizes;
    Net net;
    Sequence<Scalar> x;
};

}  // namespace mgan_test
