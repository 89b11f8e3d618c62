#pragma once
/// \file
/// The bits of numbers: what header bit has, for libraries that lack it (libc++ before version 14,
/// so emscripten's).

#include <mgan/core/version.hpp>

#include <cstdint>
#include <cstring>
#include <type_traits>

namespace mgan::inline MGAN_ABI {

/// The value of type `To` with the bits of `from`.
template <typename To, typename From>
requires(sizeof(To) == sizeof(From) && std::is_trivially_copyable_v<To> &&
         std::is_trivially_copyable_v<From>) [[nodiscard]] To bit_cast(const From& from) noexcept {
    To to;
    std::memcpy(&to, &from, sizeof to);
    return to;
}

/// How many bits a number has from its highest 1 down; 0 of 0.
[[nodiscard]] constexpr int bit_width(std::uint64_t number) noexcept {
    int width = 0;
    for (; number != 0; number >>= 1) ++width;
    return width;
}

}  // namespace mgan::inline MGAN_ABI
