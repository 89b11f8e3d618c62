#pragma once
/// \file
/// A checksum that finds damage: CRC-64/XZ.
///
/// Read the bytes as one long polynomial over {0, 1}, divide it by a fixed polynomial of degree 64,
/// and keep the remainder. One flipped bit anywhere, or any damage within 64 neighbouring bits, is
/// found for certain, not just probably: the fixed polynomial cannot divide such a difference. (A
/// multiplicative hash over words has no such proof: two flipped signs may cancel.) It is no
/// defence against a forger, who can compute it, too.
///
/// Polynomial 0x42F0E1EBA9EA3693 of ECMA-182 with bits reflected, as in the .xz format; "123456789"
/// gives 0x995DC9BBDF1939FA. Eight bytes a step by eight tables ("slicing by 8").

#include <mgan/core/version.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace mgan::inline MGAN_ABI {

/// CRC-64/XZ of bytes that may come in pieces.
class Checksum {
public:
    /// Takes the next bytes into account.
    void add(std::span<const std::byte> bytes) noexcept {
        std::uint64_t crc = crc_;
        while (bytes.size() >= 8) {
            for (std::size_t i = 0; i < 8; ++i) {
                crc ^= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
            }
            std::uint64_t next = 0;
            for (std::size_t i = 0; i < 8; ++i) next ^= kTables[7 - i][(crc >> (8 * i)) & 0xFF];
            crc = next;
            bytes = bytes.subspan(8);
        }
        for (const std::byte b : bytes) {
            crc = (crc >> 8) ^ kTables[0][(crc ^ std::to_integer<std::uint64_t>(b)) & 0xFF];
        }
        crc_ = crc;
    }

    /// Takes a number into account, as 8 bytes, the lowest first.
    void add(std::uint64_t number) noexcept {
        std::array<std::byte, 8> bytes;
        for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::byte>(number >> (8 * i));
        add(bytes);
    }

    /// Takes a text into account with its length, so that "ab", "c" differs from "a", "bc".
    void add(std::string_view text) noexcept {
        add(std::uint64_t{text.size()});
        add(std::as_bytes(std::span(text.data(), text.size())));
    }

    /// The checksum of everything so far.
    [[nodiscard]] std::uint64_t value() const noexcept { return ~crc_; }

    /// The checksum as 16 hexadecimal digits, lower case.
    [[nodiscard]] std::string text() const {
        std::string digits(16, '0');
        for (std::size_t i = 0; i < 16; ++i) {
            digits[i] = "0123456789abcdef"[(value() >> (60 - 4 * i)) & 0xF];
        }
        return digits;
    }

private:
    using Tables = std::array<std::array<std::uint64_t, 256>, 8>;

    /// kTables[k][b]: what byte b leaves once it and k zero bytes behind it have been divided.
    static constexpr Tables make_tables() noexcept {
        Tables tables{};
        for (std::size_t b = 0; b < 256; ++b) {
            std::uint64_t crc = b;
            for (int bit = 0; bit < 8; ++bit) {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xC96C5795D7870F42u : crc >> 1;
            }
            tables[0][b] = crc;
        }
        for (std::size_t k = 1; k < 8; ++k) {
            for (std::size_t b = 0; b < 256; ++b) {
                const std::uint64_t crc = tables[k - 1][b];
                tables[k][b] = (crc >> 8) ^ tables[0][crc & 0xFF];
            }
        }
        return tables;
    }
    static const Tables kTables;

    std::uint64_t crc_ = ~std::uint64_t{0};
};

inline constexpr Checksum::Tables Checksum::kTables = Checksum::make_tables();

}  // namespace mgan::inline MGAN_ABI
