#pragma once
/// \file
/// Activations: functions of one number, y = f(a), with their derivatives written by their *value*.
///
///     relu      y = max(a, 0)            f'(a) = [y > 0]
///     sigmoid   y = 1 / (1 + e^-a)       f'(a) = y (1 - y)
///     tanh      y = tanh a               f'(a) = 1 - y^2
///     softplus  y = log(1 + e^a)         f'(a) = 1 - e^-y
///     identity  y = a                    f'(a) = 1
///
/// Each derivative needs y alone, so the backward pass keeps one array, not two, and the forward
/// pass may overwrite its argument. At a = 0 the derivative of relu is taken as 0.

#include <mgan/layers/parameters.hpp>
#include <mgan/tensor/kernels/relu.hpp>
#include <mgan/tensor/matrix.hpp>

#include <cmath>

namespace mgan::inline MGAN_ABI {

enum class Activation { identity, relu, sigmoid, tanh, softplus };

/// 1 / (1 + e^-x) without overflow: for x < 0 as e^x / (1 + e^x).
template <typename Scalar>
[[nodiscard]] Scalar sigmoid(const Scalar& x) noexcept {
    using std::exp;
    if (real_part(x) >= RealOf<Scalar>(0)) return Scalar(1) / (Scalar(1) + exp(-x));
    const Scalar e = exp(x);
    return e / (Scalar(1) + e);
}

/// log(1 + e^x) = max(x, 0) + log(1 + e^-|x|): neither overflow nor loss of small values.
template <typename Scalar>
[[nodiscard]] Scalar softplus(const Scalar& x) noexcept {
    using std::exp;
    using std::log;
    using std::log1p;
    const bool positive = real_part(x) > RealOf<Scalar>(0);
    const Scalar e = exp(positive ? Scalar(-x) : x);
    if constexpr (Eigen::NumTraits<Scalar>::IsComplex) {
        return (positive ? x : Scalar(0)) + log(Scalar(1) + e);
    } else {
        return (positive ? x : Scalar(0)) + log1p(e);
    }
}

/// x := 0 where `sign` is not positive; both of one shape, or one and the same.
template <typename Scalar>
void keep_where_positive(const ConstMatrixRef<Scalar>& sign, MatrixRef<Scalar> x) noexcept {
    if (sign.outerStride() == x.rows() && x.outerStride() == x.rows()) {
        kernels::keep_where_positive<Scalar>(sign.data(), x.data(), x.size());
        return;
    }
    for (Index j = 0; j < x.cols(); ++j) {
        kernels::keep_where_positive<Scalar>(sign.data() + j * sign.outerStride(),
                                             x.data() + j * x.outerStride(), x.rows());
    }
}

/// values (any shape) := activation(values).
template <typename Scalar>
void activate(Activation activation, MatrixRef<Scalar> values) noexcept {
    switch (activation) {
        case Activation::identity:
            return;
        case Activation::relu:
            keep_where_positive<Scalar>(values, values);
            return;
        case Activation::sigmoid:
            values = values.unaryExpr([](const Scalar& x) { return sigmoid(x); });
            return;
        case Activation::tanh:
            values = values.array().tanh().matrix();
            return;
        case Activation::softplus:
            values = values.unaryExpr([](const Scalar& x) { return softplus(x); });
            return;
    }
}

/// d_values := da = dy * f'(a), given dy in `d_values` and y = f(a); both of one shape.
template <typename Scalar>
void activate_backward(Activation activation, const ConstMatrixRef<Scalar>& y,
                       MatrixRef<Scalar> d_values) noexcept {
    switch (activation) {
        case Activation::identity:
            return;
        case Activation::relu:
            keep_where_positive<Scalar>(y, d_values);
            return;
        case Activation::sigmoid:
            d_values.array() *= y.array() * (Scalar(1) - y.array());
            return;
        case Activation::tanh:
            d_values.array() *= Scalar(1) - y.array().square();
            return;
        case Activation::softplus:
            d_values.array() *= Scalar(1) - (-y.array()).exp();
            return;
    }
}

/// An activation as a layer, one without parameters.
template <typename Scalar>
struct ActivationLayer {
    using ScalarType = Scalar;
    Activation kind = Activation::identity;

    template <typename Self, typename Visitor>
    static void visit(Self&, Visitor&&, const ParameterName&) {}
};

}  // namespace mgan::inline MGAN_ABI
