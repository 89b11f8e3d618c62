#pragma once
// Some tests try a few of very many cases. scripts/campaign has them try all: it sets
// MGAN_CAMPAIGN, and reads the line `tried N` from what they print.

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace mgan_test {

/// Whether every case is to be tried.
[[nodiscard]] inline bool is_campaign() {
    return std::getenv("MGAN_CAMPAIGN") != nullptr;
}

/// The step from one case to the next that tries about `most` of `cases`.
[[nodiscard]] inline std::int64_t stride(std::uint64_t cases, std::uint64_t most) {
    return is_campaign() || cases <= most ? 1 : static_cast<std::int64_t>(cases / most);
}

inline void tell_tried(std::uint64_t count) {
    if (is_campaign()) std::printf("tried %llu\n", static_cast<unsigned long long>(count));
}

}  // namespace mgan_test
