#pragma once
/// \file
/// The version of mgan, and the name under which its symbols are compiled.
///
/// The numbers here are the only source: CMake, the packages and `mgan --version` read them.

#define MGAN_VERSION_MAJOR 0
#define MGAN_VERSION_MINOR 1
#define MGAN_VERSION_PATCH 0

#define MGAN_STRINGIFY_(x) #x
#define MGAN_STRINGIFY(x) MGAN_STRINGIFY_(x)
#define MGAN_VERSION_STRING            \
    MGAN_STRINGIFY(MGAN_VERSION_MAJOR) \
    "." MGAN_STRINGIFY(MGAN_VERSION_MINOR) "." MGAN_STRINGIFY(MGAN_VERSION_PATCH)

// A header-only library is compiled by its users, with their flags. Two translation units compiled
// for different processors must not share an inline function: the linker would keep either one, and
// the program could stop with an illegal instruction on the older processor. So the instruction set
// is part of an inline namespace: `mgan::Lstm` is `mgan::v0_avx512::Lstm` to the linker, and users
// never see it. So is whether exceptions are on: without them, errors abort (core/error.hpp).
#if defined(__AVX512F__) && defined(__AVX512DQ__)
#define MGAN_SIMD_NAME "avx512"
#define MGAN_ABI_OF(suffix) v0_avx512##suffix
#elif defined(__AVX2__) && defined(__FMA__)
#define MGAN_SIMD_NAME "avx2"
#define MGAN_ABI_OF(suffix) v0_avx2##suffix
#elif defined(__AVX__)
#define MGAN_SIMD_NAME "avx"
#define MGAN_ABI_OF(suffix) v0_avx##suffix
#elif defined(__SSE2__)
#define MGAN_SIMD_NAME "sse2"
#define MGAN_ABI_OF(suffix) v0_sse2##suffix
#elif defined(__ARM_NEON)
#define MGAN_SIMD_NAME "neon"
#define MGAN_ABI_OF(suffix) v0_neon##suffix
#elif defined(__wasm_simd128__)
#define MGAN_SIMD_NAME "simd128"
#define MGAN_ABI_OF(suffix) v0_simd128##suffix
#else
#define MGAN_SIMD_NAME "portable"
#define MGAN_ABI_OF(suffix) v0_portable##suffix
#endif

#ifdef __cpp_exceptions
#define MGAN_ABI MGAN_ABI_OF()
#else
#define MGAN_ABI MGAN_ABI_OF(_no_exceptions)
#endif

// What two such translation units hand to each other (errors, songs, the player) has no code that
// depends on the processor; its names stand in a namespace of the version alone.
#define MGAN_BOUNDARY v0

#if defined(__FAST_MATH__) || defined(_M_FP_FAST)
#error \
    "mgan: -ffast-math (-Ofast, /fp:fast) removes the checks for NaN and the promise of equal " \
    "bits; compile without it"
#endif

// <windows.h> makes macros of two names of the standard library, unless NOMINMAX is defined.
#ifdef _WIN32
#undef min
#undef max
#endif

namespace mgan::inline MGAN_ABI {

/// The version as text, for example "0.1.0".
inline constexpr const char* kVersion = MGAN_VERSION_STRING;

/// The instruction set that this translation unit was compiled for.
inline constexpr const char* kSimdName = MGAN_SIMD_NAME;

}  // namespace mgan::inline MGAN_ABI

// Not __cplusplus, which some compilers leave at its oldest value.
#if !defined(__cpp_concepts) || __cpp_concepts < 201907L
#error \
    "mgan: this needs C++20; compile with -std=c++20 " \
    "(CMake: target_compile_features(... cxx_std_20))"
#endif
