#pragma once
// Peak memory of this program.

#include <sys/resource.h>

#include <fstream>
#include <string>

namespace bench {

/// MiB. From the kernel's own account of this program if there is one: getrusage starts from
/// the memory of the parent process.
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
