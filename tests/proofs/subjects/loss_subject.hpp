#pragma once
// The losses as subjects of support/gradient_proof.hpp.

#include <mgan/layers/loss.hpp>
#include <support/gradient_proof.hpp>

namespace mgan_test {

enum class LossKind {
    kSquaredError,
    kPinball,
    kCrossEntropy,
    kSaturating,
    kNonSaturating,
    kRelativistic
};
inline constexpr LossKind kAllLosses[] = {LossKind::kSquaredError,  LossKind::kPinball,
                                          LossKind::kCrossEntropy,  LossKind::kSaturating,
                                          LossKind::kNonSaturating, LossKind::kRelativistic};

struct LossSizes {
    LossKind kind;
    Index features = 3, columns = 5;
};

/// x stands for y (regression), for the logits of as many real as generated songs (relativistic: a
/// row, an even number of columns) or, through p = (x + 1.5) / 3, for probabilities in (1/6, 5/6).
template <typename Scalar>
struct LossSubject {
    struct Cache {
        Vector<Scalar> derivative;
    };
    static constexpr double kWeight = 0.37;  // what one column counts
    static constexpr double kLabel = 0.9;

    LossSubject(LossSizes s)
        : sizes(s.kind == LossKind::kRelativistic ? LossSizes{s.kind, 1, s.columns + s.columns % 2}
                                                  : s),
          x(Matrix<Scalar>::Zero(sizes.features, sizes.columns)),
          target(mgan::random_matrix<Scalar>(sizes.features, sizes.columns, 5)),
          level(mgan::random_matrix<Scalar>(sizes.features, sizes.columns, 6, 0.05, 0.95)) {}
    template <typename Other>
    LossSubject<Other> cast() const {
        return sizes;
    }
    std::string name() const {
        switch (sizes.kind) {
            case LossKind::kSquaredError:
                return "squared error";
            case LossKind::kPinball:
                return "pinball";
            case LossKind::kCrossEntropy:
                return "cross entropy";
            case LossKind::kSaturating:
                return "saturating loss";
            case LossKind::kNonSaturating:
                return "non-saturating loss";
            case LossKind::kRelativistic:
                return "relativistic loss";
        }
        return "?";
    }
    [[nodiscard]] bool is_regression() const {
        return sizes.kind == LossKind::kSquaredError || sizes.kind == LossKind::kPinball;
    }

    /// One number for all of x; otherwise one for each of its numbers.
    [[nodiscard]] bool is_sum() const {
        return is_regression() || sizes.kind == LossKind::kRelativistic;
    }

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("x", x, Role::kInput);
    }
    /// The losses.
    Vector<Scalar> forward(Cache& cache) const {
        constexpr auto kColumn = static_cast<RealOf<Scalar>>(kWeight);
        cache.derivative.resize(x.size());
        mgan::MatrixMap<Scalar> dy(cache.derivative.data(), x.rows(), x.cols());
        if (sizes.kind == LossKind::kRelativistic)
            return Vector<Scalar>::Constant(1, mgan::relativistic_loss<Scalar>(x, kColumn, dy));
        if (is_regression()) {
            return Vector<Scalar>::Constant(
                1, sizes.kind == LossKind::kPinball
                       ? mgan::pinball<Scalar>(x, target, level, kColumn, dy)
                       : mgan::squared_error<Scalar>(x, target, kColumn, dy));
        }
        Vector<Scalar> losses(x.size());
        for (Index i = 0; i < x.size(); ++i) {
            const Scalar p = (x.data()[i] + Scalar(1.5f)) / Scalar(3);
            mgan::LossValue<Scalar> loss{};
            if (sizes.kind == LossKind::kCrossEntropy) {
                loss = mgan::cross_entropy(p, static_cast<RealOf<Scalar>>(kLabel));
            } else {
                loss = mgan::generator_loss(p, sizes.kind == LossKind::kSaturating
                                                   ? mgan::GeneratorLoss::saturating
                                                   : mgan::GeneratorLoss::non_saturating);
            }
            losses(i) = loss.value;
            cache.derivative(i) = loss.derivative / Scalar(3);
        }
        return losses;
    }
    void backward(const Vector<Scalar>& dy, Cache& cache, LossSubject& gradients) const {
        for (Index i = 0; i < x.size(); ++i)
            gradients.x.data()[i] = cache.derivative(i) * (is_sum() ? dy(0) : dy(i));
    }

    LossSizes sizes;
    Matrix<Scalar> x;
    Matrix<Scalar> target, level;  // constants
};

}  // namespace mgan_test
