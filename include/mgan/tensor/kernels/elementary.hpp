#pragma once
/// \file
/// tanh and sigmoid of a whole vector of floats, without a table and without a branch.
///
/// The C library takes one number at a time, about 9 ns each; a step of the net needs five for each
/// hidden unit of each song. Here a vector takes about 15 instructions and one division.
///
///     tanh(x)  =  x P(x^2) / Q(x^2)         P, Q: degree 4, for |x| <= 9.02; beyond, tanh is 1
///
/// A quotient in x^2 times x keeps the *relative* error small near zero, where tanh(x) is nearly x
/// and 1 - 2 / (e^2x + 1) would lose all its digits. All coefficients are positive, so nothing
/// cancels.
///
///     sigmoid(x)  =  1 / (1 + e^-x)         relative error small on the far left, too, where
///                                           1/2 + tanh(x/2)/2 would be a difference
///     e^t  =  2^n e^r,   n = round(t / ln 2),   r = t - n ln 2 in [-0.35, 0.35]
///     e^r  =  1 + r + r^2 E(r)              E: degree 4
///     2^n  :  n + 127 written into the exponent bits
///
/// P, Q and E are minimax fits (scripts/fit_elementary): errors of 2.1e-8, and 3.1e-9 for e^r,
/// before rounding. With rounding, both functions stay within 4 units in the last place, but for
/// tanh beyond |x| = 1, where the units are half as long: 3e-7 relative there
/// (tests/tensor/elementary_test.cpp looks at a million floats). NaN gives NaN.

#include <mgan/tensor/kernels/vector.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace mgan::inline MGAN_ABI::kernels {

#if defined(MGAN_COMPILER_VECTORS)

inline constexpr int kFloats = kVectorBytes / static_cast<int>(sizeof(float));
using FloatVector = typename VectorOf<float, kFloats>::Type;
using IntVector = typename VectorOf<std::int32_t, kFloats>::Type;

/// Horner's rule: c[0] + x (c[1] + x (c[2] + ...)).
template <std::size_t Count>
[[nodiscard]] inline FloatVector polynomial(FloatVector x, const float (&c)[Count]) noexcept {
    FloatVector sum = FloatVector{} + c[Count - 1];
    for (std::size_t k = Count - 1; k-- > 0;)
        sum = multiply_add<float, kFloats>(sum, x, FloatVector{} + c[k]);
    return sum;
}

/// x between -limit and limit; NaN stays.
[[nodiscard]] inline FloatVector clamped(FloatVector x, float limit) noexcept {
    const FloatVector high = FloatVector{} + limit;
    x = x > high ? high : x;
    return x < -high ? -high : x;
}

[[nodiscard]] inline FloatVector tanh_of(FloatVector x) noexcept {
    constexpr float kP[] = {0.9999999790295286f, 0.13379711770140282f, 0.0034940272150952205f,
                            2.058336145994842e-05f, 1.3318910965493997e-08f};
    constexpr float kQ[] = {1.0f, 0.4671302701501101f, 0.025871045280092087f,
                            0.00032830808521478507f, 7.761952345928582e-07f};
    x = clamped(x, 9.02f);
    const FloatVector square = x * x;
    // Rounding can end one unit above 1, where 1 - tanh^2 would turn negative.
    return clamped(x * polynomial(square, kP) / polynomial(square, kQ), 1.0f);
}

/// x = n ln 2 + r with a whole number n: e^x = 2^n e^r.
struct SplitExponent {
    FloatVector fraction;  ///< e^r
    IntVector shifted;     ///< n, above bits that a shift by 23 pushes out
};
[[nodiscard]] inline SplitExponent split_exp_of(FloatVector x) noexcept {
    constexpr float kE[] = {1.0f,
                            1.0f,
                            0.49999993412469707f,
                            0.16666520107626126f,
                            0.04166839421740355f,
                            0.00836878042911908f,
                            0.001381446674067796f};
    // Adding 1.5 * 2^23 leaves no bits for a fraction: the sum is rounded to a whole number, which
    // then stands in its lowest bits.
    constexpr float kRound = 12582912.0f;
    // ln 2 in two parts: n times the first, which has 9 bits, is exact.
    constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;
    const FloatVector shifted =
        multiply_add<float, kFloats>(x, FloatVector{} + 1.44269504f, FloatVector{} + kRound);
    const FloatVector n = shifted - kRound;
    FloatVector r = multiply_add<float, kFloats>(n, FloatVector{} - kLn2High, x);
    r = multiply_add<float, kFloats>(n, FloatVector{} - kLn2Low, r);
    IntVector bits;
    std::memcpy(&bits, &shifted, sizeof bits);
    return {polynomial(r, kE), bits};
}
/// 2^n for -126 <= n <= 127.
[[nodiscard]] inline FloatVector power_of_two(IntVector n) noexcept {
    const IntVector bits = (n + 127) << 23;
    FloatVector power;
    std::memcpy(&power, &bits, sizeof power);
    return power;
}

/// e^x for |x| <= 87; beyond, e^(+-87).
[[nodiscard]] inline FloatVector exp_of(FloatVector x) noexcept {
    const SplitExponent e = split_exp_of(clamped(x, 87.0f));
    return e.fraction * power_of_two(e.shifted);
}

/// e^x for all x, infinite and 0 where they are next: 2^n by two factors.
[[nodiscard]] inline FloatVector wide_exp_of(FloatVector x) noexcept {
    constexpr std::int32_t kRoundBits = 0x4B400000;  // of 1.5 * 2^23
    const SplitExponent e = split_exp_of(clamped(x, 110.0f));
    const IntVector n = e.shifted - kRoundBits, half = n >> 1;
    return e.fraction * power_of_two(half) * power_of_two(n - half);
}

[[nodiscard]] inline FloatVector sigmoid_of(FloatVector x) noexcept {
    return 1.0f / (1.0f + exp_of(-x));
}

#endif

}  // namespace mgan::inline MGAN_ABI::kernels
