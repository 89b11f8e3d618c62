#pragma once
/// \file
/// A sequence as one vector: mean and maximum of each feature over time.
///
///     y = [ mean over t of x_t ; max over t of x_t ]           (1)   x: [T, B, F], y: 2 F x B
///
/// The mean says how much there is of something in a song, the maximum whether it occurs at all.
/// Backward: the mean gives each step dy / T; the maximum gives all of dy to the step where it was
/// found, the first of equals.

#include <mgan/core/error.hpp>
#include <mgan/tensor/sequence.hpp>

#include <vector>

namespace mgan::inline MGAN_ABI::judging {

template <typename Scalar>
class TimePooling {
public:
    /// Where the maxima were found: F B steps, sample by sample.
    struct Cache {
        std::vector<Index> step_of_maximum;
    };

    /// Equation (1), y written. T >= 1. Throws ShapeError.
    static void forward(SequenceView<const Scalar> x, MatrixRef<Scalar> y, Cache& cache) {
        const Index features = x.features();
        require<ShapeError>(x.steps() >= 1 && y.rows() == 2 * features && y.cols() == x.batch(),
                            "TimePooling: x has ", x.steps(), " steps of ", features,
                            " features, y ", y.rows(), " rows; 2 F are needed");
        cache.step_of_maximum.assign(static_cast<std::size_t>(features * x.batch()), 0);
        MatrixRef<Scalar> sum = y.topRows(features);
        MatrixRef<Scalar> most = y.bottomRows(features);
        sum = x.step(0);
        most = x.step(0);
        for (Index t = 1; t < x.steps(); ++t) {
            const typename SequenceView<const Scalar>::Map now = x.step(t);
            sum += now;
            for (Index b = 0; b < x.batch(); ++b) {
                for (Index i = 0; i < features; ++i) {
                    if (!(real_part(now(i, b)) > real_part(most(i, b)))) continue;
                    most(i, b) = now(i, b);
                    cache.step_of_maximum[static_cast<std::size_t>(b * features + i)] = t;
                }
            }
        }
        sum /= static_cast<RealOf<Scalar>>(x.steps());
    }

    /// dy: 2 F x B; dx: [T, B, F], added to.
    static void backward(const ConstMatrixRef<Scalar>& dy, SequenceView<Scalar> dx,
                         const Cache& cache) {
        const Index features = dx.features();
        const RealOf<Scalar> share = RealOf<Scalar>(1) / static_cast<RealOf<Scalar>>(dx.steps());
        for (Index t = 0; t < dx.steps(); ++t) dx.step(t) += share * dy.topRows(features);
        for (Index b = 0; b < dx.batch(); ++b) {
            for (Index i = 0; i < features; ++i) {
                const Index t = cache.step_of_maximum[static_cast<std::size_t>(b * features + i)];
                dx.step(t)(i, b) += dy(features + i, b);
            }
        }
    }
};

}  // namespace mgan::inline MGAN_ABI::judging
