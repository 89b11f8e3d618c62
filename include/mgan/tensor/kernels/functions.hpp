#pragma once
/// \file
/// exp, sigmoid and tanh of any number of floats, by the vectors of elementary.hpp.
///
///     exp_of_all(x, y, n)        y_i = e^x_i,    0 <= i < n;  y may be x
///
/// A number gets the same bits wherever it lies: for_each_chunk of gates.hpp says how. Other
/// scalars have the C library.

#include <mgan/tensor/kernels/gates.hpp>

#include <cmath>

namespace mgan::inline MGAN_ABI::kernels {

/// y_i = f(x_i) by chunks.
template <typename Function>
inline void apply_to_all(const float* x, float* y, Index n, const Function& f) noexcept {
    const auto load = [&](Index k, Index count) { return load_chunk(x + k, count); };
    for_each_chunk<float>(n, load, [&](const Chunk<float>& chunk, Index k, Index count) {
        store_chunk<float>(f(chunk), y + k, count);
    });
}

inline void tanh_of_all(const float* x, float* y, Index n) noexcept {
    apply_to_all(x, y, n, [](const Chunk<float>& v) { return chunk_tanh<float>(v); });
}

inline void sigmoid_of_all(const float* x, float* y, Index n) noexcept {
    apply_to_all(x, y, n, [](const Chunk<float>& v) { return chunk_sigmoid<float>(v); });
}

/// For all x: infinite above 88.7, and below -87.3 less and less precise, down to 0.
inline void exp_of_all(const float* x, float* y, Index n) noexcept {
#if defined(MGAN_COMPILER_VECTORS)
    apply_to_all(x, y, n, [](const Chunk<float>& v) { return wide_exp_of(v); });
#else
    for (Index i = 0; i < n; ++i) y[i] = std::exp(x[i]);
#endif
}

}  // namespace mgan::inline MGAN_ABI::kernels
