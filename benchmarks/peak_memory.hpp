#pragma once
// The most memory that this program has held.

#include <sys/resource.h>

#include <fstream>
#include <string>

namespace bench {

/// MiB. From the kernel's own account of this program where there is one: what getrusage says
/// begins with the memory of the process that started it.
[[nodiscard]] inline double peak_mib() {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
        double kib = 0.0;
        if (word == "VmHWM:" && status >> kib) return kib / 1024.0;
    }
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

}  // namespace bench
