#pragma once
/// \file
/// ReLU of many numbers, and its derivative:
///
///     forward    x = x > 0 ? x : 0             backward    d = y > 0 ? d : 0
///
/// Whether an activation is positive is as good as random, so a processor that guesses which way a
/// jump goes is wrong half of the time, and waits longer than the work takes. Here nothing jumps:
/// a comparison gives ones or zeros in every bit, and an `and` keeps the number or makes it 0.

#include <mgan/tensor/kernels/vector.hpp>
#include <mgan/tensor/matrix.hpp>

#include <cstdint>
#include <cstring>
#include <type_traits>

namespace mgan::inline MGAN_ABI::kernels {

/// x_k = 0 for each k < count whose sign_k is not positive (NaN is not). The arrays may be one.
template <typename Scalar>
void keep_where_positive(const Scalar* sign, Scalar* x, Index count) noexcept {
    Index k = 0;
#if defined(MGAN_COMPILER_VECTORS)
    if constexpr (std::is_same_v<Scalar, float> || std::is_same_v<Scalar, double>) {
        constexpr int kWidth = kVectorBytes / static_cast<int>(sizeof(Scalar));
        using Integer =
            std::conditional_t<sizeof(Scalar) == sizeof(std::int32_t), std::int32_t, std::int64_t>;
        using Vec = typename VectorOf<Scalar, kWidth>::Type;
        using Bits = typename VectorOf<Integer, kWidth>::Type;
        for (; k + kWidth <= count; k += kWidth) {
            Vec signs;
            Bits bits;
            std::memcpy(&signs, sign + k, sizeof signs);
            std::memcpy(&bits, x + k, sizeof bits);
            bits &= Bits(signs > Vec{});
            std::memcpy(x + k, &bits, sizeof bits);
        }
    }
#endif
    for (; k < count; ++k)
        if (!(real_part(sign[k]) > RealOf<Scalar>(0))) x[k] = Scalar(0);
}

}  // namespace mgan::inline MGAN_ABI::kernels
