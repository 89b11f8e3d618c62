#pragma once
/// \file
/// The pointwise part of a GRU step, one sample (column) at a time; layers/gru.hpp has the
/// products.
///
/// A column of 4 H numbers holds what forward leaves for backward:
///
///     [ r : reset | z : update | n : candidate | s : s^n ]                H numbers each
///
/// Forward, with a = W_ih x + b_ih in the first three, and s = W_hh h_before + b_hh (3 H) beside:
///
///     r = sigmoid(a^r + s^r)    z = sigmoid(a^z + s^z)    n = tanh(a^n + r * s^n)
///     h = n + z * (h_before - n)                      = (1 - z) * n + z * h_before
///
/// Backward, given dh:
///
///     da^n = dh * (1 - z) * (1 - n^2)
///     da^z = dh * (h_before - n) * z (1 - z)          = ds^z
///     da^r = da^n * s^n * r (1 - r)                   = ds^r
///     ds^n = da^n * r
///     dh_before = dh * z          what goes past the gates; W_hh^T ds comes on top
///
/// Vectors as in gates.hpp, so that a sample has the same bits wherever it lies in memory.

#include <mgan/tensor/kernels/gates.hpp>

namespace mgan::inline MGAN_ABI::kernels {

/// One sample forward. gates: 4 H, in: a in the first 3 H, out: r, z, n, s^n. s: 3 H; h_before, h:
/// H; h may be h_before.
template <typename Scalar>
void gru_gates_forward(Scalar* gates, const Scalar* s, const Scalar* h_before, Scalar* h,
                       Index hidden) {
    struct Inputs {
        Chunk<Scalar> r, z, n, before;
    };
    const auto load = [&](Index k, Index count) -> Inputs {
        const Scalar* const at = gates + k;
        return {load_chunk(at, count), load_chunk(at + hidden, count),
                load_chunk(at + 2 * hidden, count), load_chunk(h_before + k, count)};
    };
    for_each_chunk<Scalar>(hidden, load, [&](const Inputs& in, Index k, Index count) {
        Scalar* const at = gates + k;
        const Chunk<Scalar> s_n = load_chunk(s + 2 * hidden + k, count);
        const Chunk<Scalar> r =
            chunk_sigmoid<Scalar>(Chunk<Scalar>(in.r + load_chunk(s + k, count)));
        const Chunk<Scalar> z =
            chunk_sigmoid<Scalar>(Chunk<Scalar>(in.z + load_chunk(s + hidden + k, count)));
        const Chunk<Scalar> n = chunk_tanh<Scalar>(chunk_multiply_add<Scalar>(r, s_n, in.n));
        const Chunk<Scalar> output = chunk_multiply_add<Scalar>(z, Chunk<Scalar>(in.before - n), n);
        store_chunk<Scalar>(r, at, count);
        store_chunk<Scalar>(z, at + hidden, count);
        store_chunk<Scalar>(n, at + 2 * hidden, count);
        store_chunk<Scalar>(s_n, at + 3 * hidden, count);
        store_chunk<Scalar>(output, h + k, count);
    });
}

/// One sample backward. gates: r, z, n, s^n; dh: H, in: dh, out: dh * z; da, ds: 3 H each, written.
template <typename Scalar>
void gru_gates_backward(const Scalar* gates, const Scalar* h_before, Scalar* dh, Scalar* da,
                        Scalar* ds, Index hidden) {
    const auto load = [&](Index k, Index count) { return load_chunk(dh + k, count); };
    for_each_chunk<Scalar>(hidden, load, [&](const Chunk<Scalar>& d_h, Index k, Index count) {
        const Chunk<Scalar> r = load_chunk(gates + k, count);
        const Chunk<Scalar> z = load_chunk(gates + hidden + k, count);
        const Chunk<Scalar> n = load_chunk(gates + 2 * hidden + k, count);
        const Chunk<Scalar> s_n = load_chunk(gates + 3 * hidden + k, count);
        const Chunk<Scalar> before = load_chunk(h_before + k, count);
        const Chunk<Scalar> past = d_h * z;
        const Chunk<Scalar> d_n = (d_h - past) * tanh_slope<Scalar>(n);
        const Chunk<Scalar> d_z = d_h * (before - n) * sigmoid_slope<Scalar>(z);
        const Chunk<Scalar> d_r = d_n * s_n * sigmoid_slope<Scalar>(r);
        store_chunk<Scalar>(d_r, da + k, count);
        store_chunk<Scalar>(d_z, da + hidden + k, count);
        store_chunk<Scalar>(d_n, da + 2 * hidden + k, count);
        store_chunk<Scalar>(d_r, ds + k, count);
        store_chunk<Scalar>(d_z, ds + hidden + k, count);
        store_chunk<Scalar>(d_n * r, ds + 2 * hidden + k, count);
        store_chunk<Scalar>(past, dh + k, count);
    });
}

}  // namespace mgan::inline MGAN_ABI::kernels
