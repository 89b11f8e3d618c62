#pragma once
// The whole discriminator as a subject of support/gradient_proof.hpp.

#include <mgan/models/discriminator.hpp>
#include <proofs/subjects/lstm_subject.hpp>

namespace mgan_test {

struct DiscriminatorSizes {
    Index steps = 3, batch = 3;
    mgan::DiscriminatorSettings config{
        .features = 3, .hidden = 4, .layers = 2, .minibatch_deviation = false};
    bool with_features = false;  ///< the features s are outputs too (feature matching)
};

template <typename Scalar>
struct DiscriminatorSubject {
    using Cache = typename mgan::Discriminator<Scalar>::Cache;

    DiscriminatorSubject(DiscriminatorSizes s)
        : sizes(s), discriminator(s.config), x(s.steps, s.batch, s.config.features) {}
    template <typename Other>
    DiscriminatorSubject<Other> cast() const {
        return sizes;
    }
    std::string name() const {
        return sizes.config.minibatch_deviation ? "discriminator, minibatch deviation"
                                                : "discriminator";
    }

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visit_layer(discriminator, visitor);
        visitor("x", x, Role::kInput);
    }
    /// D(x) of each song, then s.
    Vector<Scalar> forward(Cache& cache) const {
        const Vector<Scalar> decision = discriminator.forward(x.view(), cache);
        if (!sizes.with_features) return decision;
        Vector<Scalar> both(sizes.batch + sizes.steps * sizes.batch * 2 * sizes.config.hidden);
        both << decision, cache.features.all().reshaped();
        return both;
    }
    void backward(const Vector<Scalar>& dy, Cache& cache, DiscriminatorSubject& gradients) const {
        const Vector<Scalar> d_decision = dy.head(sizes.batch);
        if (!sizes.with_features) {
            discriminator.backward(d_decision, gradients.x.view(), cache, gradients.discriminator);
            return;
        }
        const Sequence<Scalar> d_features = as_sequence<Scalar>(
            dy.tail(dy.size() - sizes.batch), sizes.steps, sizes.batch, 2 * sizes.config.hidden);
        discriminator.backward(d_decision, gradients.x.view(), cache, gradients.discriminator,
                               d_features.view());
    }

    DiscriminatorSizes sizes;
    mgan::Discriminator<Scalar> discriminator;
    Sequence<Scalar> x;
};

}  // namespace mgan_test
