#pragma once
/// \file
/// Lengths, and columns of mean 0 and deviation 1.
///
///     norm(x) = sqrt(sum x_ij^2)            dx_ij += x_ij / norm(x) dy,  and 0 at x = 0
///
/// sqrt has an infinite slope at 0; the norm itself has a kink there, at which 0 is a subgradient.
/// Nothing is conjugated: of a complex matrix this is the analytic function, not a length.
///
/// Layer norm takes one sample, a column x of R entries:
///
///     m = mean x     v = mean (x - m)^2     n = (x - m) / s,  s = sqrt(v + epsilon)
///     y = gain * n + bias
///
/// n does not change when x is shifted or stretched (but for epsilon), so that the gradient of x is
/// orthogonal to both directions:
///
///     dx = (dn - mean dn - n mean(n dn)) / s
///
/// Source: J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer Normalization" (2016).

#include <mgan/autodiff/arithmetic.hpp>
#include <mgan/autodiff/nonlinear.hpp>
#include <mgan/autodiff/reductions.hpp>

#include <cmath>
#include <complex>

namespace mgan::inline MGAN_ABI {

namespace normalising_detail {

/// y_j = norm of the `rows` entries from j rows on; p: the argument, however it is shaped.
template <typename Scalar>
void norms(const Scalar* x, Index rows, Index count, Scalar* y) {
    using std::sqrt;
    for (Index j = 0; j < count; ++j) {
        const ConstVectorMap<Scalar> part(x + j * rows, rows);
        y[j] = sqrt(Scalar(part.cwiseProduct(part).sum()));
    }
}
template <typename Scalar>
void norms_backward(Tape<Scalar>& t, const Node<Scalar>& n) {
    const Node<Scalar>& p = t.parent(n, 0);
    const Index rows = n.size() > 0 ? p.size() / n.size() : 0;
    for (Index j = 0; j < n.size(); ++j) {
        if (n.value[j] == Scalar(0)) continue;
        const Scalar factor = n.gradient[j] / n.value[j];
        for (Index i = j * rows; i < (j + 1) * rows; ++i) p.gradient[i] += factor * p.value[i];
    }
}

}  // namespace normalising_detail

/// The square root of the sum of all squared entries, 1 x 1. The gradient at 0 is 0.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> norm(const Variable<Scalar>& x) {
    Tape<Scalar>& tape = x.tape("norm");
    const NodeIndex argument = tape.mine(x, "norm");
    const NodeIndex index = tape.add(1, 1, {argument}, &normalising_detail::norms_backward<Scalar>);
    normalising_detail::norms(tape.node(argument).value, x.size(), Index{1},
                              tape.node(index).value);
    return tape.handle(index);
}

/// The norm of each column: x is R x C, the result 1 x C.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> column_norms(const Variable<Scalar>& x) {
    Tape<Scalar>& tape = x.tape("column_norms");
    const NodeIndex argument = tape.mine(x, "column_norms");
    const NodeIndex index =
        tape.add(1, x.cols(), {argument}, &normalising_detail::norms_backward<Scalar>);
    normalising_detail::norms(tape.node(argument).value, x.rows(), x.cols(),
                              tape.node(index).value);
    return tape.handle(index);
}

/// Each column shifted and scaled to mean 0 and deviation 1: n of the equations above. x: R x C,
/// R > 0 (ShapeError otherwise); epsilon > 0 keeps constant columns finite.
template <typename Scalar>
[[nodiscard]] Variable<Scalar> normalise_columns(
    const Variable<Scalar>& x,
    RealOf<std::type_identity_t<Scalar>> epsilon = RealOf<Scalar>(1e-5)) {
    using Real = RealOf<Scalar>;
    Tape<Scalar>& tape = x.tape("normalise_columns");
    const NodeIndex argument = tape.mine(x, "normalise_columns");
    const Index rows = x.rows(), cols = x.cols();
    require<ShapeError>(rows > 0, "normalise_columns: x is 0 x ", cols);
    const auto backward = [](Tape<Scalar>& t, const Node<Scalar>& n) {
        const Node<Scalar>& p = t.parent(n, 0);
        const Index height = n.rows;
        const auto count = static_cast<Real>(height);
        for (Index j = 0; j < n.cols; ++j) {
            const ConstVectorMap<Scalar> in(p.value + j * height, height);
            const ConstVectorMap<Scalar> out(n.value + j * height, height);
            const ConstVectorMap<Scalar> d_out(n.gradient + j * height, height);
            const Scalar centre = in.sum() / count;
            Scalar squares(0);
            for (Index i = 0; i < height; ++i) squares += (in(i)-centre) * (in(i)-centre);
            using std::sqrt;
            const Scalar inverse = Scalar(1) / sqrt(squares / count + n.parameter);
            const Scalar mean = d_out.sum() / count;
            const Scalar along = out.cwiseProduct(d_out).sum() / count;
            for (Index i = 0; i < height; ++i)
                p.gradient[j * height + i] += (d_out(i) - mean - out(i) * along) * inverse;
        }
    };
    const NodeIndex index = tape.add(rows, cols, {argument}, backward);
    Node<Scalar>& y = tape.node(index);
    y.parameter = Scalar(epsilon);
    const Scalar* const values = tape.node(argument).value;
    const auto count = static_cast<Real>(rows);
    for (Index j = 0; j < cols; ++j) {
        const ConstVectorMap<Scalar> in(values + j * rows, rows);
        const Scalar centre = in.sum() / count;
        Scalar squares(0);
        for (Index i = 0; i < rows; ++i) squares += (in(i)-centre) * (in(i)-centre);
        using std::sqrt;
        const Scalar inverse = Scalar(1) / sqrt(squares / count + epsilon);
        for (Index i = 0; i < rows; ++i) y.value[j * rows + i] = (in(i)-centre) * inverse;
    }
    return tape.handle(index);
}

/// gain * n + bias with n = normalise_columns(x); gain, bias: R x 1 (ShapeError otherwise).
template <typename Scalar>
[[nodiscard]] Variable<Scalar> layer_norm(
    const Variable<Scalar>& x, const Variable<Scalar>& gain, const Variable<Scalar>& bias,
    RealOf<std::type_identity_t<Scalar>> epsilon = RealOf<Scalar>(1e-5)) {
    for (const Variable<Scalar>* part : {&gain, &bias}) {
        require<ShapeError>(part->rows() == x.rows() && part->cols() == 1, "layer_norm: x is ",
                            x.rows(), " x ", x.cols(), ", gain ", gain.rows(), " x ", gain.cols(),
                            ", bias ", bias.rows(), " x ", bias.cols(),
                            "; gain and bias have one entry for each row");
    }
    return gain * normalise_columns(x, epsilon) + bias;
}

}  // namespace mgan::inline MGAN_ABI
