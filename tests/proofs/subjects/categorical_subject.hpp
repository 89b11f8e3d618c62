#pragma once
// log_softmax and the cross-entropy of logits as subjects of support/gradient_proof.hpp.

#include <mgan/layers/categorical.hpp>
#include <mgan/layers/parameters.hpp>
#include <support/gradient_proof.hpp>

namespace mgan_test {

struct CategoricalSizes {
    bool cross_entropy = true;
    double temperature = 0.7;
    Index values = 5;
    std::vector<Index> targets{2, 0, -1, 4};
};

/// Value 1 is masked in column 0, values 0 and 3 in column 3.
template <typename Scalar>
struct CategoricalSubject {
    struct Cache {
        Matrix<Scalar> y, d_logits;
    };
    static constexpr double kWeight = 0.37;

    CategoricalSubject(CategoricalSizes s)
        : sizes(std::move(s)), x(Matrix<Scalar>::Zero(sizes.values, columns())) {}
    template <typename Other>
    CategoricalSubject<Other> cast() const {
        return sizes;
    }
    std::string name() const {
        return sizes.cross_entropy ? "softmax and cross entropy" : "log softmax";
    }
    [[nodiscard]] Index columns() const { return static_cast<Index>(sizes.targets.size()); }
    [[nodiscard]] static bool is_masked(Index i, Index j) {
        return (j == 0 && i == 1) || (j == 3 && (i == 0 || i == 3));
    }

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("x", x, Role::kInput);
    }
    Vector<Scalar> forward(Cache& cache) const {
        const auto temperature = static_cast<RealOf<Scalar>>(sizes.temperature);
        Matrix<Scalar> logits = x;
        for (Index j = 0; j < columns(); ++j)
            for (Index i = 0; i < sizes.values; ++i)
                if (is_masked(i, j)) logits(i, j) = Scalar(mgan::kMasked<Scalar>);
        if (sizes.cross_entropy) {
            cache.d_logits.resize(sizes.values, columns());
            return Vector<Scalar>::Constant(
                1, mgan::softmax_cross_entropy<Scalar>(logits, sizes.targets,
                                                       static_cast<RealOf<Scalar>>(kWeight),
                                                       cache.d_logits, temperature));
        }
        cache.y.resize(sizes.values, columns());
        mgan::log_softmax<Scalar>(logits, cache.y, temperature);
        Matrix<Scalar> y = cache.y;
        for (Index j = 0; j < columns(); ++j)
            for (Index i = 0; i < sizes.values; ++i)
                if (is_masked(i, j)) y(i, j) = Scalar(0);
        return y.reshaped();
    }
    void backward(const Vector<Scalar>& dy, Cache& cache, CategoricalSubject& gradients) const {
        if (sizes.cross_entropy) {
            gradients.x = dy(0) * cache.d_logits;
        } else {
            mgan::log_softmax_backward<Scalar>(
                cache.y, mgan::ConstMatrixMap<Scalar>(dy.data(), sizes.values, columns()),
                gradients.x, static_cast<RealOf<Scalar>>(sizes.temperature));
        }
    }

    CategoricalSizes sizes;
    Matrix<Scalar> x;
};

}  // namespace mgan_test
