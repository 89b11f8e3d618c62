#pragma once
// Spectral normalisation as a subject of support/gradient_proof.hpp. u and v are constants.

#include <mgan/layers/spectral_norm.hpp>
#include <support/gradient_proof.hpp>

namespace mgan_test {

struct SpectralNormSizes {
    Index out = 4, in = 3;
};

template <typename Scalar>
struct SpectralNormSubject {
    struct Cache {
        Matrix<Scalar> normalised;
        Scalar sigma;
    };

    SpectralNormSubject(SpectralNormSizes s)
        : sizes(s),
          norm(s.out, s.in, mgan::Random(1, "spectral norm proof")),
          weight(Matrix<Scalar>::Zero(s.out, s.in)) {}
    template <typename Other>
    SpectralNormSubject<Other> cast() const {
        SpectralNormSubject<Other> other(sizes);
        other.norm.u = norm.u.real().template cast<Other>();
        other.norm.v = norm.v.real().template cast<Other>();
        return other;
    }
    std::string name() const { return "spectral norm"; }

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("weight", weight, Role::kParameter);
    }
    Vector<Scalar> forward(Cache& cache) const {
        cache.sigma = norm.forward(weight, cache.normalised);
        return cache.normalised.reshaped();
    }
    void backward(const Vector<Scalar>& dy, Cache& cache, SpectralNormSubject& gradients) const {
        norm.backward(dy.reshaped(sizes.out, sizes.in), cache.normalised, cache.sigma,
                      gradients.weight);
    }

    SpectralNormSizes sizes;
    mgan::SpectralNorm<Scalar> norm;
    Matrix<Scalar> weight;
};

}  // namespace mgan_test
