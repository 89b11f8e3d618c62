#pragma once
/// \file
/// Vectors of numbers as the compiler offers them (`vector_size`): one source for AVX-512, AVX2,
/// SSE2 and NEON.
///
///     VectorOf<float, 16>::Type a, b, c;      sixteen floats each
///     c = multiply_add<float, 16>(a, b, c);   sixteen sums, each rounded once
///
/// The instruction set is chosen when a program is compiled (-march), and named in MGAN_ABI, so
/// that two choices can live in one program. Where the compiler has no such vectors, or with
/// MGAN_PORTABLE_KERNELS defined, MGAN_COMPILER_VECTORS stays undefined and the kernels take their
/// plain form, which is also the reference in the tests.

#include <mgan/core/version.hpp>

#include <type_traits>

#if defined(__FMA__)
#include <immintrin.h>
#elif defined(__aarch64__) && defined(__ARM_NEON)
#include <arm_neon.h>
#endif

// clang-cl is no GNU compiler, but has them.
#if (defined(__GNUC__) || defined(__clang__)) && !defined(MGAN_PORTABLE_KERNELS)
#define MGAN_COMPILER_VECTORS
#endif

// Lanes in any order, also of two vectors: gcc 12 and clang.
#if defined(MGAN_COMPILER_VECTORS) && defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define MGAN_LANE_SHUFFLES
#endif
#endif

namespace mgan::inline MGAN_ABI::kernels {

/// Bytes of a vector register, and how many of them there are.
#if defined(__AVX512F__)
inline constexpr int kVectorBytes = 64;
inline constexpr int kVectorRegisters = 32;
#elif defined(__AVX__)
inline constexpr int kVectorBytes = 32;
inline constexpr int kVectorRegisters = 16;
#elif defined(__ARM_NEON)
inline constexpr int kVectorBytes = 16;
inline constexpr int kVectorRegisters = 32;
#else
inline constexpr int kVectorBytes = 16;
inline constexpr int kVectorRegisters = 16;
#endif

#if defined(MGAN_COMPILER_VECTORS)
template <typename Scalar, int Width>
struct VectorOf {
    typedef Scalar Type __attribute__((vector_size(Width * static_cast<int>(sizeof(Scalar)))));
};

/// Does nothing to `vector`, but what was loaded once stays in a register. g++ otherwise loads a
/// vector anew in every multiply-add that reads it, as if that were free, unless five and more do.
template <typename Vec>
inline void keep_in_register([[maybe_unused]] Vec& vector) noexcept {
#if defined(__x86_64__) && defined(__AVX512F__)
    if constexpr (sizeof(Vec) == 64) __asm__("" : "+v"(vector));  // any of the 32 registers
#elif defined(__x86_64__)
    if constexpr (sizeof(Vec) >= 16) __asm__("" : "+x"(vector));
#endif
}

/// a b + c with one rounding where the processor can, in every tile alike. (Left to the compiler,
/// some tiles would be contracted to fused operations and others not, and the bits of a sample
/// would depend on its place in the batch.)
template <typename Scalar, int Width>
[[nodiscard]] inline typename VectorOf<Scalar, Width>::Type multiply_add(
    typename VectorOf<Scalar, Width>::Type a, typename VectorOf<Scalar, Width>::Type b,
    typename VectorOf<Scalar, Width>::Type c) noexcept {
    using Vec [[maybe_unused]] = typename VectorOf<Scalar, Width>::Type;
#if defined(__FMA__)
    constexpr bool kFloat = std::is_same_v<Scalar, float>;
#if defined(__AVX512F__)
    if constexpr (sizeof(Vec) == 64 && kFloat)
        return Vec(_mm512_fmadd_ps(__m512(a), __m512(b), __m512(c)));
    if constexpr (sizeof(Vec) == 64 && !kFloat)
        return Vec(_mm512_fmadd_pd(__m512d(a), __m512d(b), __m512d(c)));
#endif
    if constexpr (sizeof(Vec) == 32 && kFloat)
        return Vec(_mm256_fmadd_ps(__m256(a), __m256(b), __m256(c)));
    if constexpr (sizeof(Vec) == 32 && !kFloat)
        return Vec(_mm256_fmadd_pd(__m256d(a), __m256d(b), __m256d(c)));
    if constexpr (sizeof(Vec) == 16 && kFloat)
        return Vec(_mm_fmadd_ps(__m128(a), __m128(b), __m128(c)));
    if constexpr (sizeof(Vec) == 16 && !kFloat)
        return Vec(_mm_fmadd_pd(__m128d(a), __m128d(b), __m128d(c)));
#elif defined(__aarch64__) && defined(__ARM_NEON)
    if constexpr (sizeof(Vec) == 16 && std::is_same_v<Scalar, float>)
        return Vec(vfmaq_f32(float32x4_t(c), float32x4_t(a), float32x4_t(b)));
    if constexpr (sizeof(Vec) == 16 && std::is_same_v<Scalar, double>)
        return Vec(vfmaq_f64(float64x2_t(c), float64x2_t(a), float64x2_t(b)));
#endif
#if defined(__FP_FAST_FMA) && defined(__FP_FAST_FMAF)
    Vec result{};
    for (int i = 0; i < Width; ++i) {
        if constexpr (std::is_same_v<Scalar, float>) {
            result[i] = __builtin_fmaf(a[i], b[i], c[i]);
        } else {
            result[i] = __builtin_fma(a[i], b[i], c[i]);
        }
    }
    return result;
#else
    return a * b + c;
#endif
}
#endif

}  // namespace mgan::inline MGAN_ABI::kernels
