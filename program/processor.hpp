#pragma once
/// \file
/// One package, any processor: which of several compilations of the program runs here.
///
/// The option MGAN_PROGRAM_DISPATCH compiles the program for each class of processors. What a user
/// starts is the one that runs everywhere; it goes on as the fastest that this processor can run.

#include <mgan/core/error.hpp>
#include <mgan/core/processor_class.hpp>
#include <mgan/core/quote.hpp>
#include <mgan/core/version.hpp>

#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#if defined(__linux__)
#include <unistd.h>
#endif

namespace mgan::program {

/// The program to go on as: the fastest of `folder`/mgan-CLASS that runs here; or the class that
/// is `asked` for, where that is not empty. An empty path: this one. Throws ConfigError where what
/// is asked for does not run here, or is not there.
[[nodiscard]] inline std::filesystem::path program_to_go_on_as(
    std::span<const ProcessorClass> classes, const std::filesystem::path& folder,
    std::string_view asked, std::string_view own = kSimdName) {
    if (asked == own) return {};
    std::string present(own);
    for (const ProcessorClass& one : classes) {
        if (one.name == own) {
            if (asked.empty()) return {};
            continue;
        }
        std::error_code unknown;
        const std::filesystem::path other = folder / ("mgan-" + std::string(one.name));
        if (folder.empty() || !std::filesystem::exists(other, unknown)) continue;
        if (one.here && (asked.empty() || asked == one.name)) return other;
        if (one.here) present.append(", ").append(one.name);
    }
    if (!asked.empty())
        fail<ConfigError>("MGAN_KERNELS is ", in_quotes(asked),
                          ", but what this program has and this processor can run is ", present);
    return {};
}

/// Begins the program again, at most twice, in the same process, where that pays; called first.
///
/// - For the processor, as above; MGAN_KERNELS asks for a class.
/// - Threads that wait for each other should sleep. OpenMP's are idle by spinning, and where
///   another program wants a processor as well, they spin in the way of those they wait for: a step
///   takes several times as long. OpenMP reads its settings when a program is loaded. Whoever has
///   set OMP_WAIT_POLICY keeps it.
///
/// What cannot be begun again goes on as it is.
inline void begin_again([[maybe_unused]] char** argv) {
#if defined(__linux__)
#ifdef MGAN_PROGRAM_OTHERS
    constexpr std::string_view others = MGAN_PROGRAM_OTHERS;
#else
    constexpr std::string_view others;
#endif
    std::error_code failure;
    const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", failure);
    const char* const asked = std::getenv("MGAN_KERNELS");
    const std::filesystem::path other = program_to_go_on_as(
        processor_classes(), failure || others.empty() ? "" : self.parent_path() / others,
        asked == nullptr ? "" : asked);
#ifdef _OPENMP
    const bool sleeps =
        std::getenv("OMP_WAIT_POLICY") == nullptr && ::setenv("OMP_WAIT_POLICY", "passive", 0) == 0;
#else
    const bool sleeps = false;
#endif
    if (!other.empty()) ::execv(other.c_str(), argv);
    if (!failure && sleeps) ::execv(self.c_str(), argv);
#endif
}

}  // namespace mgan::program
