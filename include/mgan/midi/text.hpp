#pragma once
/// \file
/// The names in MIDI files as UTF-8.
///
/// A MIDI file does not declare the encoding of its names. Newer programs write UTF-8, older ones
/// whatever their machine used, mostly Latin-1. JSON and file names must be UTF-8.

#include <mgan/core/version.hpp>

#include <cstddef>
#include <span>
#include <string>

namespace mgan::inline MGAN_ABI::midi {

/// A file's text as UTF-8; what is not UTF-8 is taken for Latin-1. Ends at the first zero byte;
/// control characters become spaces.
[[nodiscard]] inline std::string text_of(std::span<const std::byte> bytes) {
    std::string text;
    for (const std::byte b : bytes) {
        if (b == std::byte{0}) break;
        const auto c = std::to_integer<unsigned char>(b);
        text.push_back(c < 0x20 || c == 0x7F ? ' ' : static_cast<char>(c));
    }
    const auto byte_at = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
    };
    bool is_utf8 = true;
    for (std::size_t i = 0; i < text.size() && is_utf8;) {
        // Lead byte -> number of bytes that follow, and the least code point that needs them.
        const unsigned lead = byte_at(i++);
        const int more = lead < 0x80                   ? 0
                         : lead >= 0xC2 && lead < 0xE0 ? 1
                         : (lead & 0xF0) == 0xE0       ? 2
                         : lead >= 0xF0 && lead < 0xF5 ? 3
                                                       : -1;
        unsigned point = more == 1 ? lead & 0x1Fu : more == 2 ? lead & 0x0Fu : lead & 0x07u;
        is_utf8 = more >= 0;
        for (int k = 0; k < more && is_utf8; ++k) {
            is_utf8 = (byte_at(i) & 0xC0u) == 0x80u;
            point = point << 6 | (byte_at(i++) & 0x3Fu);
        }
        if (more == 2) is_utf8 = is_utf8 && point >= 0x800 && (point < 0xD800 || point > 0xDFFF);
        if (more == 3) is_utf8 = is_utf8 && point >= 0x10000 && point <= 0x10FFFF;
    }
    if (is_utf8) return text;
    std::string converted;
    for (const char c : text) {
        const auto latin = static_cast<unsigned char>(c);
        if (latin >= 0x80) converted.push_back(static_cast<char>(0xC0 | latin >> 6));
        converted.push_back(latin >= 0x80 ? static_cast<char>(0x80 | (latin & 0x3F)) : c);
    }
    return converted;
}

}  // namespace mgan::inline MGAN_ABI::midi
