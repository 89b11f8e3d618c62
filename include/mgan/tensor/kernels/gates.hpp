#pragma once
/// \file
/// The pointwise part of an LSTM step, one sample (column) at a time.
///
/// The four gates of a cell lie in one column of 4 H numbers, in PyTorch's order, before and after
/// their activation (letters and numbers of layers/lstm.hpp):
///
///     a_t = [ a^i ; a^f ; a^g ; a^o ]   ->   [ i ; f ; g ; o ]
///                                              input, forget, candidate, output
///
///     i = sigmoid(a^i)   f = sigmoid(a^f)   g = tanh(a^g)   o = sigmoid(a^o)                  (2)
///     c_t = f * c_{t-1} + i * g                                                               (3)
///     h_t = o * tanh(c_t)                                                                     (4)
///
/// Backward, given dh_t and what step t + 1 says about this cell, dc_{t+1} * f_{t+1}:
///
///     dc_t = dh_t * o * (1 - tanh(c_t)^2) + dc_{t+1} * f_{t+1}                                (6)
///     da^i = dc_t * g * i * (1 - i)
///     da^f = dc_t * c_{t-1} * f * (1 - f)
///     da^g = dc_t * i * (1 - g^2)
///     da^o = dh_t * tanh(c_t) * o * (1 - o)
///     dc_t * f                             is left for step t - 1
///
/// A sample gets the same bits wherever it lies in memory: all numbers go through vectors of one
/// fixed length, the leftover of H like the rest. (Eigen would work through an array of any length
/// with vectors where these are aligned, and number by number at both ends; exp and tanh round
/// differently in the two, so that a song's bits would depend on its neighbours in the batch.)
///
///     H = 100, vectors of 16:   |0 ... 15|16 ... 31| ... |80 ... 95|
///                                                   the last one:  |84 ........ 99|
///
/// The last vector overlaps the one before it: its entries are loaded before anything is written,
/// both compute equal bits, and no entry needs a path of its own. Only where H is smaller than one
/// vector is the vector padded with zeros.
///
/// float goes through tensor/kernels/elementary.hpp, other scalars through Eigen's arrays, and dual
/// numbers through two chunks of plain ones (dual_vector.hpp).

#include <mgan/tensor/kernels/dual_vector.hpp>
#include <mgan/tensor/kernels/elementary.hpp>
#include <mgan/tensor/matrix.hpp>

#include <algorithm>
#include <cstring>

namespace mgan::inline MGAN_ABI::kernels {

/// The vector that gates of this scalar are computed in.
template <typename Scalar>
struct ChunkOf {
    static constexpr int kSize = Eigen::internal::packet_traits<Scalar>::size;
    using Type = Eigen::Array<Scalar, kSize, 1>;
};
#if defined(MGAN_COMPILER_VECTORS)
template <>
struct ChunkOf<float> {
    static constexpr int kSize = kFloats;
    using Type = FloatVector;
};
#endif
template <typename Real>
struct ChunkOf<Dual<Real>> {
    static constexpr int kSize = ChunkOf<Real>::kSize;
    using Type = DualChunk<Real, typename ChunkOf<Real>::Type>;
};
template <typename Scalar>
inline constexpr Index kChunk = ChunkOf<Scalar>::kSize;
template <typename Scalar>
using Chunk = typename ChunkOf<Scalar>::Type;

/// The first `count` numbers at `from`, at most a chunk; zeros after them.
template <typename Scalar>
[[nodiscard]] inline Chunk<Scalar> load_chunk(const Scalar* from, Index count) noexcept {
    Chunk<Scalar> chunk;
    if (count >= kChunk<Scalar>) {
        std::memcpy(static_cast<void*>(&chunk), from, sizeof chunk);
    } else {
        Scalar padded[static_cast<std::size_t>(kChunk<Scalar>)] = {};
        std::copy_n(from, count, padded);
        std::memcpy(static_cast<void*>(&chunk), padded, sizeof chunk);
    }
    return chunk;
}
template <typename Real>
[[nodiscard]] inline Chunk<Dual<Real>> load_chunk(const Dual<Real>* from, Index count) noexcept {
    alignas(kAlignment) Real values[static_cast<std::size_t>(kChunk<Real>)] = {};
    alignas(kAlignment) Real slopes[static_cast<std::size_t>(kChunk<Real>)] = {};
    (void)take_apart(from, values, slopes, std::min(count, kChunk<Real>));
    return {load_chunk(values, kChunk<Real>), load_chunk(slopes, kChunk<Real>)};
}
template <typename Scalar>
inline void store_chunk(const Chunk<Scalar>& chunk, Scalar* to, Index count) noexcept {
    if constexpr (kIsDual<Scalar>) {
        using Real = RealOf<Scalar>;
        alignas(kAlignment) Real values[static_cast<std::size_t>(kChunk<Real>)];
        alignas(kAlignment) Real slopes[static_cast<std::size_t>(kChunk<Real>)];
        store_chunk<Real>(chunk.value, values, kChunk<Real>);
        store_chunk<Real>(chunk.slope, slopes, kChunk<Real>);
        put_together(values, slopes, to, std::min(count, kChunk<Real>));
    } else {
        const std::size_t bytes = count >= kChunk<Scalar>
                                      ? sizeof chunk
                                      : static_cast<std::size_t>(count) * sizeof(Scalar);
        std::memcpy(static_cast<void*>(to), &chunk, bytes);
    }
}

/// Calls update(load(k), k) for chunks from k that cover 0 .. hidden - 1, the last one loaded
/// before the first is updated. `count` numbers of each are real.
template <typename Scalar, typename Load, typename Update>
inline void for_each_chunk(Index hidden, Load&& load, Update&& update) noexcept {
    constexpr Index kSize = kChunk<Scalar>;
    if (hidden < kSize) {
        update(load(Index{0}, hidden), Index{0}, hidden);
        return;
    }
    const auto last = load(hidden - kSize, kSize);
    for (Index k = 0; k + kSize < hidden; k += kSize) update(load(k, kSize), k, kSize);
    update(last, hidden - kSize, kSize);
}

/// a b + c; for float rounded once, in every copy of this code alike.
template <typename Scalar>
[[nodiscard]] inline Chunk<Scalar> chunk_multiply_add(const Chunk<Scalar>& a,
                                                      const Chunk<Scalar>& b,
                                                      const Chunk<Scalar>& c) noexcept {
#if defined(MGAN_COMPILER_VECTORS)
    if constexpr (std::is_same_v<Scalar, float>) {
        return multiply_add<float, kFloats>(a, b, c);
    } else
#endif
    {
        if constexpr (kIsDual<Scalar>) {
            using Real = RealOf<Scalar>;
            return {chunk_multiply_add<Real>(a.value, b.value, c.value),
                    chunk_multiply_add<Real>(a.value, b.slope,
                                             chunk_multiply_add<Real>(a.slope, b.value, c.slope))};
        } else {
            return a * b + c;
        }
    }
}

/// x (1 - x) and 1 - x^2: the derivatives of sigmoid and tanh, from their values.
template <typename Scalar>
[[nodiscard]] inline Chunk<Scalar> sigmoid_slope(const Chunk<Scalar>& x) noexcept {
    return chunk_multiply_add<Scalar>(-x, x, x);
}
template <typename Scalar>
[[nodiscard]] inline Chunk<Scalar> tanh_slope(const Chunk<Scalar>& x) noexcept {
    const Chunk<Scalar> zero = x - x;  // NOLINT: not a slip
    return chunk_multiply_add<Scalar>(-x, x, Chunk<Scalar>(zero + Scalar(1)));
}

template <typename Scalar>
[[nodiscard]] inline Chunk<Scalar> chunk_tanh(const Chunk<Scalar>& x) noexcept {
#if defined(MGAN_COMPILER_VECTORS)
    if constexpr (std::is_same_v<Scalar, float>) {
        return tanh_of(x);
    } else
#endif
    {
        if constexpr (kIsDual<Scalar>) {
            const Chunk<RealOf<Scalar>> y = chunk_tanh<RealOf<Scalar>>(x.value);
            return {y, tanh_slope<RealOf<Scalar>>(y) * x.slope};
        } else {
            return x.tanh();
        }
    }
}

/// Written out for complex scalars, where Eigen has no logistic function.
template <typename Scalar>
[[nodiscard]] inline Chunk<Scalar> chunk_sigmoid(const Chunk<Scalar>& x) noexcept {
#if defined(MGAN_COMPILER_VECTORS)
    if constexpr (std::is_same_v<Scalar, float>) {
        return sigmoid_of(x);
    } else
#endif
    {
        if constexpr (kIsDual<Scalar>) {
            const Chunk<RealOf<Scalar>> y = chunk_sigmoid<RealOf<Scalar>>(x.value);
            return {y, sigmoid_slope<RealOf<Scalar>>(y) * x.slope};
        } else if constexpr (Eigen::NumTraits<Scalar>::IsComplex) {
            return (Scalar(1) + (-x).exp()).inverse();
        } else {
            return x.logistic();
        }
    }
}

/// Equations (2) to (4) of one sample. gates: 4 H numbers, a_t in, [i ; f ; g ; o] out; c_before
/// (c_{t-1}), c, h: H. c may be c_before.
template <typename Scalar>
void lstm_gates_forward(Scalar* gates, const Scalar* c_before, Scalar* c, Scalar* h,
                        Index hidden) noexcept {
    struct Inputs {
        Chunk<Scalar> i, f, g, o, c;
    };
    const auto load = [&](Index k, Index n) -> Inputs {
        const Scalar* const at = gates + k;
        return {load_chunk(at, n), load_chunk(at + hidden, n), load_chunk(at + 2 * hidden, n),
                load_chunk(at + 3 * hidden, n), load_chunk(c_before + k, n)};
    };
    for_each_chunk<Scalar>(hidden, load, [&](const Inputs& in, Index k, Index n) {
        Scalar* const at = gates + k;
        const Chunk<Scalar> i = chunk_sigmoid<Scalar>(in.i);
        const Chunk<Scalar> f = chunk_sigmoid<Scalar>(in.f);
        const Chunk<Scalar> g = chunk_tanh<Scalar>(in.g);
        const Chunk<Scalar> o = chunk_sigmoid<Scalar>(in.o);
        const Chunk<Scalar> cell = chunk_multiply_add<Scalar>(f, in.c, i * g);
        const Chunk<Scalar> output = o * chunk_tanh<Scalar>(cell);
        store_chunk<Scalar>(i, at, n);
        store_chunk<Scalar>(f, at + hidden, n);
        store_chunk<Scalar>(g, at + 2 * hidden, n);
        store_chunk<Scalar>(o, at + 3 * hidden, n);
        store_chunk<Scalar>(cell, c + k, n);
        store_chunk<Scalar>(output, h + k, n);
    });
}

/// Equation (6) of one sample. gates: [i ; f ; g ; o]; dh: H; dc: H, in: dc_{t+1} * f_{t+1}, out:
/// dc_t * f_t; d_gates: 4 H, da_t, written.
template <typename Scalar>
void lstm_gates_backward(const Scalar* gates, const Scalar* c_before, const Scalar* c,
                         const Scalar* dh, Scalar* dc, Scalar* d_gates, Index hidden) noexcept {
    const auto load = [&](Index k, Index n) { return load_chunk(dc + k, n); };
    for_each_chunk<Scalar>(hidden, load, [&](const Chunk<Scalar>& dc_later, Index k, Index n) {
        const Chunk<Scalar> i = load_chunk(gates + k, n);
        const Chunk<Scalar> f = load_chunk(gates + hidden + k, n);
        const Chunk<Scalar> g = load_chunk(gates + 2 * hidden + k, n);
        const Chunk<Scalar> o = load_chunk(gates + 3 * hidden + k, n);
        const Chunk<Scalar> t = chunk_tanh<Scalar>(load_chunk(c + k, n));
        const Chunk<Scalar> d_output = load_chunk(dh + k, n);
        const Chunk<Scalar> d_cell =
            chunk_multiply_add<Scalar>(d_output * o, tanh_slope<Scalar>(t), dc_later);
        store_chunk<Scalar>(d_cell * g * sigmoid_slope<Scalar>(i), d_gates + k, n);
        store_chunk<Scalar>(d_cell * load_chunk(c_before + k, n) * sigmoid_slope<Scalar>(f),
                            d_gates + hidden + k, n);
        store_chunk<Scalar>(d_cell * i * tanh_slope<Scalar>(g), d_gates + 2 * hidden + k, n);
        store_chunk<Scalar>(d_output * t * sigmoid_slope<Scalar>(o), d_gates + 3 * hidden + k, n);
        store_chunk<Scalar>(d_cell * f, dc + k, n);
    });
}

}  // namespace mgan::inline MGAN_ABI::kernels
