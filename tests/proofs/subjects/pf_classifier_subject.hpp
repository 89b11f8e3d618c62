#pragma once
// The PF classifier's network as a subject of support/gradient_proof.hpp.

#include <mgan/models/pf_classifier.hpp>
#include <support/gradient_proof.hpp>

namespace mgan_test {

struct PfSizes {
    Index batch = 3;
    mgan::PfClassifierSettings config{
        .inputs = 11, .hidden_1 = 7, .hidden_2 = 6, .steps = 3, .hidden = 4};
};

template <typename Scalar>
struct PfClassifierSubject {
    using Cache = typename mgan::PfClassifier<Scalar>::Cache;

    PfClassifierSubject(PfSizes s)
        : sizes(s), classifier(s.config), x(Matrix<Scalar>::Zero(s.config.inputs, s.batch)) {}
    template <typename Other>
    PfClassifierSubject<Other> cast() const {
        return sizes;
    }
    std::string name() const {
        return sizes.config.kind == mgan::PfKind::dense ? "PF classifier, dense" : "PF classifier";
    }

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visit_layer(classifier, visitor);
        visitor("x", x, Role::kInput);
    }
    /// The logits, then the features q.
    Vector<Scalar> forward(Cache& cache) const {
        const Matrix<Scalar> logit = classifier.forward(x, cache);
        Vector<Scalar> both(logit.size() + cache.features().size());
        both << logit.reshaped(), cache.features().reshaped();
        return both;
    }
    void backward(const Vector<Scalar>& dy, Cache& cache, PfClassifierSubject& gradients) const {
        const Matrix<Scalar> d_logit = dy.head(sizes.batch).transpose();
        const Index rows = cache.features().rows();
        const Matrix<Scalar> d_features = dy.tail(rows * sizes.batch).reshaped(rows, sizes.batch);
        classifier.backward(d_logit, x, gradients.x, cache, gradients.classifier, d_features);
    }

    PfSizes sizes;
    mgan::PfClassifier<Scalar> classifier;
    Matrix<Scalar> x;
};

}  // namespace mgan_test
