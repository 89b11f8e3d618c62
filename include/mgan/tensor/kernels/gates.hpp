#pragma once
/// \file
/// The pointwise part of an LSTM step, one sample (column) at a time.
///
/// The four gates of a cell lie in one column of 4 H numbers, in PyTorch's order:
///
///     [ i : input | f : forget | g : candidate | o : output ]        H numbers each
///
/// Forward, in place of the pre-activations:
///
///     i = sigmoid(.)   f = sigmoid(.)   g = tanh(.)   o = sigmoid(.)
///     c = f * c_before + i * g                                        the cell
///     h = o * tanh(c)                                                 the output
///
/// Backward, given dh and dc (what later steps say about this cell):
///
///     dc   += dh * o * (1 - tanh(c)^2)
///     do~   = dh * tanh(c) * o (1 - o)          ~ : before the activation
///     di~   = dc * g * i (1 - i)
///     df~   = dc * c_before * f (1 - f)
///     dg~   = dc * i * (1 - g^2)
///     dc_before = dc * f

#include <mgan/tensor/matrix.hpp>

namespace mgan::inline MGAN_ABI::kernels {

/// sigmoid over an array. Written out for complex scalars, where Eigen has no logistic function.
template <typename Scalar, typename Array>
void sigmoid_in_place(Array&& x) {
    if constexpr (Eigen::NumTraits<Scalar>::IsComplex) {
        x = (Scalar(1) + (-x).exp()).inverse();
    } else {
        x = x.logistic();
    }
}

/// One sample forward. gates: 4 H pre-activations in, gates out; c_before, c, h: H.
template <typename Scalar>
void lstm_gates_forward(Scalar* gates, const Scalar* c_before, Scalar* c, Scalar* h, Index hidden) {
    using Array = Eigen::Array<Scalar, Eigen::Dynamic, 1>;
    using Map = Eigen::Map<Array>;
    sigmoid_in_place<Scalar>(Map(gates, 2 * hidden));
    Map g(gates + 2 * hidden, hidden);
    g = g.tanh();
    sigmoid_in_place<Scalar>(Map(gates + 3 * hidden, hidden));
    const Eigen::Map<const Array> i(gates, hidden), f(gates + hidden, hidden),
        o(gates + 3 * hidden, hidden), before(c_before, hidden);
    Map cell(c, hidden);
    cell = f * before + i * g;
    Map(h, hidden) = o * cell.tanh();
}

/// One sample backward. dh: H; dc: H, in: from the later step, out: for the earlier one; d_gates: 4
/// H.
template <typename Scalar>
void lstm_gates_backward(const Scalar* gates, const Scalar* c_before, const Scalar* c,
                         const Scalar* dh, Scalar* dc, Scalar* d_gates, Index hidden) {
    for (Index k = 0; k < hidden; ++k) d_gates[k] = c[k];
    using Array = Eigen::Array<Scalar, Eigen::Dynamic, 1>;
    Eigen::Map<Array> tanh_c(d_gates, hidden);  // its place is free until the loop below writes di
    tanh_c = tanh_c.tanh();
    const Scalar one(1);
    for (Index k = 0; k < hidden; ++k) {
        const Scalar i = gates[k], f = gates[hidden + k], g = gates[2 * hidden + k],
                     o = gates[3 * hidden + k];
        const Scalar t = d_gates[k];
        const Scalar d_cell = dc[k] + dh[k] * o * (one - t * t);
        d_gates[k] = d_cell * g * i * (one - i);
        d_gates[hidden + k] = d_cell * c_before[k] * f * (one - f);
        d_gates[2 * hidden + k] = d_cell * i * (one - g * g);
        d_gates[3 * hidden + k] = dh[k] * t * o * (one - o);
        dc[k] = d_cell * f;
    }
}

}  // namespace mgan::inline MGAN_ABI::kernels
