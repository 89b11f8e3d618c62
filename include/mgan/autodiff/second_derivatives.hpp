#pragma once
/// \file
/// Derivatives along a direction, Jacobians, and second derivatives of what a tape records.
///
/// Two ways to differentiate meet here. *Forward*: run a function with dual numbers
/// (tensor/dual.hpp) at x + v e, and its result carries the derivative along v. *Reverse*: record
/// it on a tape, and walk back for the gradient. Forward over reverse is the first applied to the
/// second: a tape whose scalars are dual numbers gives the gradient and its derivative along v,
///
///     g(x + v e) = g(x) + H v e,           H_ij = d^2 f / dx_i dx_j
///
/// for about the price of three gradients, and without a matrix of n x n.
///
///     jacobian_vector_product    J v          one forward run            PyTorch: jvp
///     jacobian                   J            n forward runs                      jacobian
///     hessian_vector_product     H v, g       one forward and back                hvp
///     hessian                    H            n of these                          hessian
///     directional_derivatives    f, f', f'' along v
///
/// Nothing is approximated: errors are those of rounding. A net or layer with a backward pass
/// written by hand needs no tape: give its parameters and inputs dual numbers, run forward and
/// backward, and the derivative parts of its gradients are H v (layers/dual_parameters.hpp).
///
/// Source: B. Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 6 (1994).

#include <mgan/autodiff/tape.hpp>
#include <mgan/tensor/dual.hpp>

#include <type_traits>
#include <utility>

namespace mgan::inline MGAN_ABI {

/// x + v e, entry by entry; x and v of one shape (ShapeError otherwise).
template <typename Derived, typename Direction>
[[nodiscard]] auto dual_matrix(const Eigen::MatrixBase<Derived>& x,
                               const Eigen::MatrixBase<Direction>& v) {
    using Real = typename Derived::Scalar;
    require<ShapeError>(x.rows() == v.rows() && x.cols() == v.cols(), "dual_matrix: x is ",
                        x.rows(), " x ", x.cols(), ", the direction ", v.rows(), " x ", v.cols());
    using Result =
        Eigen::Matrix<Dual<Real>, Derived::RowsAtCompileTime, Derived::ColsAtCompileTime>;
    return Result(x.binaryExpr(v, [](Real a, Real b) { return Dual<Real>(a, b); }));
}
/// The values of dual numbers, and their derivatives.
template <typename Derived>
[[nodiscard]] auto values_of(const Eigen::MatrixBase<Derived>& x) {
    using Scalar = typename Derived::Scalar;
    using Result =
        Eigen::Matrix<RealOf<Scalar>, Derived::RowsAtCompileTime, Derived::ColsAtCompileTime>;
    return Result(x.unaryExpr([](const Scalar& a) { return a.value; }));
}
template <typename Derived>
[[nodiscard]] auto derivatives_of(const Eigen::MatrixBase<Derived>& x) {
    using Scalar = typename Derived::Scalar;
    using Result =
        Eigen::Matrix<RealOf<Scalar>, Derived::RowsAtCompileTime, Derived::ColsAtCompileTime>;
    return Result(x.unaryExpr([](const Scalar& a) { return a.derivative; }));
}

/// f(x), and J v.
template <typename Real>
struct JacobianProduct {
    Vector<Real> value;
    Vector<Real> product;
};

/// Of a function of n numbers with m results, at x along v (n each; ShapeError otherwise). `f`
/// takes a Vector<Dual<Real>> and returns one. If f returns a gradient, the product is H v.
template <typename Function, typename Real>
[[nodiscard]] JacobianProduct<Real> jacobian_vector_product(Function&& f, const Vector<Real>& x,
                                                            const Vector<Real>& v) {
    const Vector<Dual<Real>> y = f(dual_matrix(x, v));
    return {values_of(y), derivatives_of(y)};
}

/// J, m x n: one run of f for each of the n entries of x.
template <typename Function, typename Real>
[[nodiscard]] Matrix<Real> jacobian(Function&& f, const Vector<Real>& x) {
    Matrix<Real> result;
    Vector<Dual<Real>> point = x.template cast<Dual<Real>>();
    for (Index j = 0; j < x.size(); ++j) {
        point(j).derivative = Real(1);
        const Vector<Dual<Real>> y = f(std::as_const(point));
        point(j).derivative = Real(0);
        if (j == 0) result.resize(y.size(), x.size());
        result.col(j) = derivatives_of(y);
    }
    return result;
}

/// f(x), its gradient and H v; the latter two of x's shape.
template <typename Real>
struct HessianProduct {
    Real value;
    Matrix<Real> gradient;
    Matrix<Real> product;
};

/// Of a function that a tape records: `f` takes a Variable<Dual<Real>> (a template or `auto` takes
/// both) and returns a 1 x 1 Variable. x, v: any shape, the same (ShapeError otherwise).
template <typename Function, typename X, typename V>
[[nodiscard]] auto hessian_vector_product(Function&& f, const Eigen::MatrixBase<X>& x,
                                          const Eigen::MatrixBase<V>& v) {
    using Real = typename X::Scalar;
    Tape<Dual<Real>> tape;
    const Variable<Dual<Real>> point = tape.variable(dual_matrix(x, v));
    const Variable<Dual<Real>> y = f(point);
    tape.backward(y);
    return HessianProduct<Real>{y.scalar().value, values_of(point.gradient()),
                                derivatives_of(point.gradient())};
}

/// H, n x n for a matrix of n entries, column by column: one forward and back for each.
template <typename Function, typename X>
[[nodiscard]] auto hessian(Function&& f, const Eigen::MatrixBase<X>& x) {
    using Real = typename X::Scalar;
    Matrix<Real> result(x.size(), x.size());
    Matrix<Real> v = Matrix<Real>::Zero(x.rows(), x.cols());
    for (Index j = 0; j < x.size(); ++j) {
        v.data()[j] = Real(1);
        result.col(j) = hessian_vector_product(f, x, v).product.reshaped();
        v.data()[j] = Real(0);
    }
    return result;
}

/// The value of f at x and its first two derivatives along v: with p(t) = f(x + t v), p(0), p'(0)
/// and p''(0). `f` as in `hessian_vector_product`.
template <typename Real>
struct DirectionalDerivatives {
    Real value;
    Real first;
    Real second;
};
template <typename Function, typename X, typename V>
[[nodiscard]] auto directional_derivatives(Function&& f, const Eigen::MatrixBase<X>& x,
                                           const Eigen::MatrixBase<V>& v) {
    using Real = typename X::Scalar;
    const HessianProduct<Real> h = hessian_vector_product(f, x, v);
    return DirectionalDerivatives<Real>{h.value, h.gradient.cwiseProduct(v).sum(),
                                        h.product.cwiseProduct(v).sum()};
}

}  // namespace mgan::inline MGAN_ABI
