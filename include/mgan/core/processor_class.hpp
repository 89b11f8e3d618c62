#pragma once
/// \file
/// The classes of processors that code of mgan may be compiled for, and which of them this one is.
///
/// Who ships one file for many processors compiles it several times (the library mgan_player, the
/// program of a package), and asks here which compilation may run.

#include <mgan/core/version.hpp>

#include <array>
#include <span>
#include <string_view>

namespace mgan::inline MGAN_ABI {

/// Those of one class have the same vector instructions; `here`: this processor is one of them, and
/// its system keeps their registers.
struct ProcessorClass {
    std::string_view name;  ///< as kSimdName has it
    bool here;
};

/// avx512, avx2, sse2: the fastest first. None but on x86-64, with gcc or clang.
[[nodiscard]] inline std::span<const ProcessorClass> processor_classes() noexcept {
#if defined(__x86_64__) && defined(__GNUC__)
    static const std::array<ProcessorClass, 3> classes = [] {
        __builtin_cpu_init();
        const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
        const bool avx512 =
            avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
            __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
        return std::array<ProcessorClass, 3>{{{"avx512", avx512}, {"avx2", avx2}, {"sse2", true}}};
    }();
    return classes;
#else
    return {};
#endif
}

}  // namespace mgan::inline MGAN_ABI
