#pragma once
/// \file
/// A convolution over time: each step sees its neighbours.
///
///     y_t = b + sum over k = -r .. r of W_k x_{t+k},     x = 0 outside of the sequence
///
/// The window has I = 2 r + 1 steps. A sequence is one matrix, a step B columns of it
/// (tensor/sequence.hpp), so that a shift in time is a shift of columns, and all steps at once take
/// one product for each k:
///
///         x    | x_1 | x_2 | x_3 | x_4 |                 k = +1:
///         y    | y_1 | y_2 | y_3 | y_4 |                 y_1 .. y_3  +=  W_1 [x_2 .. x_4]
///
/// Backward is the same picture read the other way: dx_{t+k} += W_k^T dy_t, dW_k += dy_t x_{t+k}^T.

#include <mgan/layers/parameters.hpp>
#include <mgan/tensor/product.hpp>
#include <mgan/tensor/sequence.hpp>

#include <algorithm>
#include <cstdlib>

namespace mgan::inline MGAN_ABI::judging {

template <typename Scalar>
class TimeConvolution {
public:
    using ScalarType = Scalar;

    struct Cache {
        Matrix<Scalar> weight_transposed;  ///< (I in) x out
    };

    TimeConvolution() = default;
    /// in -> out features with an odd window of `width` steps, all parameters zero.
    TimeConvolution(Index in, Index out, Index width)
        : weight(Matrix<Scalar>::Zero(out, in * width)),
          bias(Vector<Scalar>::Zero(out)),
          width_(width) {
        require<ShapeError>(width >= 1 && width % 2 == 1, "TimeConvolution: a window of ", width,
                            " steps has no middle; take an odd number");
    }

    [[nodiscard]] Index in() const noexcept { return weight.cols() / width_; }
    [[nodiscard]] Index out() const noexcept { return weight.rows(); }

    /// x: [T, B, in], y: [T, B, out], written. Throws ShapeError.
    void forward(SequenceView<const Scalar> x, SequenceView<Scalar> y) const {
        check("x", x.features(), in());
        check("y", y.features(), out());
        y.all().colwise() = bias;
        for (Index k = 0; k < width_; ++k) {
            const Shift shift = shift_of(k, x.steps());
            if (shift.count <= 0) continue;
            multiply<Scalar>(weight.middleCols(k * in(), in()), x.range(shift.x, shift.count),
                             y.range(shift.y, shift.count), Update::add);
        }
    }

    /// dy: [T, B, out]; dx: [T, B, in], written. `gradients` is added to.
    void backward(SequenceView<const Scalar> x, SequenceView<const Scalar> dy,
                  SequenceView<Scalar> dx, Cache& cache, TimeConvolution& gradients) const {
        check("dy", dy.features(), out());
        check("dx", dx.features(), in());
        transpose<Scalar>(weight, cache.weight_transposed);
        dx.all().setZero();
        for (Index k = 0; k < width_; ++k) {
            const Shift shift = shift_of(k, x.steps());
            if (shift.count <= 0) continue;
            const typename SequenceView<const Scalar>::Map dy_k = dy.range(shift.y, shift.count);
            multiply<Scalar>(cache.weight_transposed.middleRows(k * in(), in()), dy_k,
                             dx.range(shift.x, shift.count), Update::add);
            add_outer_product<Scalar>(dy_k, x.range(shift.x, shift.count),
                                      gradients.weight.middleCols(k * in(), in()));
        }
        add_columns<Scalar>(dy.all(), gradients.bias);
    }

    template <typename Self, typename Visitor>
    static void visit(Self& self, Visitor&& visitor, const ParameterName& prefix) {
        visitor(prefix / "weight", self.weight);
        visitor(prefix / "bias", self.bias);
    }

    Matrix<Scalar> weight;  ///< out x (I in): W_-r, ..., W_r side by side
    Vector<Scalar> bias;    ///< out

private:
    /// Steps y .. y + count - 1 read the steps x .. x + count - 1.
    struct Shift {
        Index x, y, count;
    };
    [[nodiscard]] Shift shift_of(Index k, Index steps) const noexcept {
        const Index by = k - width_ / 2;
        return {std::max<Index>(0, by), std::max<Index>(0, -by), steps - std::abs(by)};
    }
    static void check(const char* what, Index has, Index expects) {
        require<ShapeError>(has == expects, "TimeConvolution: ", what, " has ", has,
                            " features, the layer expects ", expects);
    }

    Index width_ = 1;
};

}  // namespace mgan::inline MGAN_ABI::judging
