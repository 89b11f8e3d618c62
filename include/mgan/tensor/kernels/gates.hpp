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
///
/// A sample gets the same bits wherever it lies in memory. Eigen would work through an array of
/// any length with vectors where these are aligned, and number by number at both ends; exp and tanh
/// round differently in the two, so that a song's bits would depend on its neighbours in the batch,
/// and streaming would differ from `forward`. Therefore all numbers go through arrays of one fixed
/// length, the last of them filled up with zeros: always vectors.
#include <mgan/tensor/matrix.hpp>

#include <algorithm>

namespace mgan::inline MGAN_ABI::kernels {

/// Numbers that are worked on at a time: one vector of the processor.
template <typename Scalar>
inline constexpr Index kChunk = Eigen::internal::packet_traits<Scalar>::size;
template <typename Scalar>
using Chunk = Eigen::Array<Scalar, static_cast<int>(kChunk<Scalar>), 1>;

/// The first `count` numbers at `from`, at most a chunk; zeros after them.
template <typename Scalar>
[[nodiscard]] inline Chunk<Scalar> load_chunk(const Scalar* from, Index count) {
    if (count >= kChunk<Scalar>) return Eigen::Map<const Chunk<Scalar>>(from);
    Chunk<Scalar> chunk = Chunk<Scalar>::Zero();
    std::copy_n(from, count, chunk.data());
    return chunk;
}
template <typename Scalar>
inline void store_chunk(const Chunk<Scalar>& chunk, Scalar* to, Index count) {
    if (count >= kChunk<Scalar>) {
        Eigen::Map<Chunk<Scalar>>{to} = chunk;
    } else {
        std::copy_n(chunk.data(), count, to);
    }
}

/// sigmoid of a chunk. Written out for complex scalars, where Eigen has no logistic function.
template <typename Scalar>
[[nodiscard]] inline Chunk<Scalar> sigmoid_of(const Chunk<Scalar>& x) {
    if constexpr (Eigen::NumTraits<Scalar>::IsComplex) {
        return (Scalar(1) + (-x).exp()).inverse();
    } else {
        return x.logistic();
    }
}

/// One sample forward. gates: 4 H pre-activations in, gates out; c_before, c, h: H. c may be
/// c_before.
template <typename Scalar>
void lstm_gates_forward(Scalar* gates, const Scalar* c_before, Scalar* c, Scalar* h, Index hidden) {
    for (Index k = 0; k < hidden; k += kChunk<Scalar>) {
        const Index n = hidden - k;
        Scalar* const at = gates + k;
        const Chunk<Scalar> i = sigmoid_of<Scalar>(load_chunk(at, n));
        const Chunk<Scalar> f = sigmoid_of<Scalar>(load_chunk(at + hidden, n));
        const Chunk<Scalar> g = load_chunk(at + 2 * hidden, n).tanh();
        const Chunk<Scalar> o = sigmoid_of<Scalar>(load_chunk(at + 3 * hidden, n));
        const Chunk<Scalar> cell = f * load_chunk(c_before + k, n) + i * g;
        const Chunk<Scalar> output = o * cell.tanh();
        store_chunk(i, at, n);
        store_chunk(f, at + hidden, n);
        store_chunk(g, at + 2 * hidden, n);
        store_chunk(o, at + 3 * hidden, n);
        store_chunk(cell, c + k, n);
        store_chunk(output, h + k, n);
    }
}

/// One sample backward. dh: H; dc: H, in: from the later step, out: for the earlier one; d_gates: 4
/// H.
template <typename Scalar>
void lstm_gates_backward(const Scalar* gates, const Scalar* c_before, const Scalar* c,
                         const Scalar* dh, Scalar* dc, Scalar* d_gates, Index hidden) {
    const Scalar one(1);
    for (Index k = 0; k < hidden; k += kChunk<Scalar>) {
        const Index n = hidden - k;
        const Chunk<Scalar> i = load_chunk(gates + k, n);
        const Chunk<Scalar> f = load_chunk(gates + hidden + k, n);
        const Chunk<Scalar> g = load_chunk(gates + 2 * hidden + k, n);
        const Chunk<Scalar> o = load_chunk(gates + 3 * hidden + k, n);
        const Chunk<Scalar> t = load_chunk(c + k, n).tanh();
        const Chunk<Scalar> d_output = load_chunk(dh + k, n);
        const Chunk<Scalar> d_cell = load_chunk(dc + k, n) + d_output * o * (one - t * t);
        const Chunk<Scalar> d_i = d_cell * g * i * (one - i);
        const Chunk<Scalar> d_f = d_cell * load_chunk(c_before + k, n) * f * (one - f);
        const Chunk<Scalar> d_g = d_cell * i * (one - g * g);
        const Chunk<Scalar> d_o = d_output * t * o * (one - o);
        store_chunk(d_i, d_gates + k, n);
        store_chunk(d_f, d_gates + hidden + k, n);
        store_chunk(d_g, d_gates + 2 * hidden + k, n);
        store_chunk(d_o, d_gates + 3 * hidden + k, n);
        store_chunk<Scalar>(d_cell * f, dc + k, n);
    }
}

}  // namespace mgan::inline MGAN_ABI::kernels
