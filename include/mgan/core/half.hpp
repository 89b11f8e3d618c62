#pragma once
/// \file
/// Numbers of 16 bits, as weights are stored in: from a float, and back to one.
///
///     bits        sign  exponent  fraction
///     float         1       8        23
///     bfloat16      1       8         7       the upper half of a float: its range, 3 digits
///     float16       1       5        10       up to 65504, 4 digits (IEEE 754, binary16)
///
/// Every number of either format is a float, so the way back is exact.

#include <mgan/core/bits.hpp>
#include <mgan/core/version.hpp>

#include <cstdint>

namespace mgan::inline MGAN_ABI {

/// The bfloat16 nearest to x; of two equally near the one whose last bit is 0. Beyond the largest
/// one by half a step or more: infinity. A NaN stays one, and becomes quiet.
[[nodiscard]] inline std::uint16_t bfloat16_of(float x) noexcept {
    const auto bits = bit_cast<std::uint32_t>(x);
    if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return static_cast<std::uint16_t>(bits >> 16 | 0x40u);
    // Half a step, less one where the number below is the even one; what it carries into the
    // exponent is right, up to infinity.
    return static_cast<std::uint16_t>((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}

/// The float with these upper bits.
[[nodiscard]] inline float from_bfloat16(std::uint16_t bits) noexcept {
    return bit_cast<float>(std::uint32_t{bits} << 16);
}

/// The value of a float16.
[[nodiscard]] inline float from_float16(std::uint16_t bits) noexcept {
    const std::uint32_t sign = (std::uint32_t{bits} & 0x8000u) << 16;
    const std::uint32_t exponent = std::uint32_t{bits} >> 10 & 0x1Fu;
    const std::uint32_t fraction = std::uint32_t{bits} & 0x3FFu;
    if (exponent == 0) {  // zero, or a denormal: a multiple of 2^-24, which a float holds
        const float size = static_cast<float>(fraction) * 0x1p-24F;
        return bit_cast<float>(bit_cast<std::uint32_t>(size) | sign);
    }
    const std::uint32_t wide = exponent == 0x1Fu ? 0xFFu : exponent + (127 - 15);
    return bit_cast<float>(sign | wide << 23 | fraction << 13);
}

}  // namespace mgan::inline MGAN_ABI
