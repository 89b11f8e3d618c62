#pragma once
/// \file
/// A hash that is the same on every machine: FNV-1a, 64 bits (Fowler, Noll, Vo).
///
///     h = 0xcbf29ce484222325;      for each byte:  h = (h xor byte) * 0x100000001b3  mod 2^64
///
/// It names things: the purpose of random numbers, a data set. To find damage, see checksum.hpp.

#include <mgan/core/version.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mgan::inline MGAN_ABI {

/// FNV-1a of bytes, texts and numbers that come one after the other.
class Fnv1a {
public:
    constexpr void add(std::uint8_t byte) noexcept { value_ = (value_ ^ byte) * 0x100000001b3u; }

    constexpr void add(std::string_view text) noexcept {
        for (const char c : text) add(static_cast<std::uint8_t>(c));
    }

    /// As 8 bytes, the lowest first. Most numbers are small: where the bytes that are left are 0,
    /// each would only multiply, so one multiplication by a power does for all.
    constexpr void add(std::int64_t number) noexcept {
        auto rest = static_cast<std::uint64_t>(number);
        std::size_t left = 8;
        for (; rest != 0; rest >>= 8, --left) add(static_cast<std::uint8_t>(rest & 0xff));
        value_ *= kPowers[left];
    }

    [[nodiscard]] constexpr std::uint64_t value() const noexcept { return value_; }

private:
    /// Powers of the multiplier.
    static constexpr std::array<std::uint64_t, 9> kPowers = [] {
        std::array<std::uint64_t, 9> powers{1};
        for (std::size_t i = 1; i < 9; ++i) powers[i] = powers[i - 1] * 0x100000001b3u;
        return powers;
    }();

    std::uint64_t value_ = 0xcbf29ce484222325u;
};

/// FNV-1a of a text.
[[nodiscard]] constexpr std::uint64_t fnv_1a(std::string_view text) noexcept {
    Fnv1a hash;
    hash.add(text);
    return hash.value();
}

}  // namespace mgan::inline MGAN_ABI
