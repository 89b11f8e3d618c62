#pragma once
/// \file
/// MIDI files that a copy has damaged, recognised by their bytes.
///
/// Four ways of copying a file take its bytes for text, and each leaves a trace over all of it:
///
///     text mode (Windows, FTP, git)     every 0A has become 0D 0A
///     UTF-8                             every byte over 7F has become two or three
///     UTF-16                            every byte has become two
///     seven bits (old mail)             no byte over 7F is left
///
/// The reader would recover something from such a file, but hardly a note of it as it was.

#include <mgan/midi/reader.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace mgan::inline MGAN_ABI::midi {

namespace copy_damage_detail {

/// Whether the bytes are UTF-8, but for a character that the end cuts off. `found`: how many
/// characters beyond ASCII there are.
[[nodiscard]] inline bool is_utf8_text(std::span<const std::byte> bytes,
                                       std::size_t& found) noexcept {
    found = 0;
    for (std::size_t i = 0; i < bytes.size();) {
        const auto first = std::to_integer<unsigned>(bytes[i++]);
        if (first < 0x80) continue;
        const int more = first >= 0xC2 && first < 0xE0   ? 1
                         : first >= 0xE0 && first < 0xF0 ? 2
                         : first >= 0xF0 && first < 0xF5 ? 3
                                                         : -1;
        if (more < 0) return false;
        for (int k = 0; k < more; ++k, ++i) {
            if (i == bytes.size()) return true;
            if ((bytes[i] & std::byte{0xC0}) != std::byte{0x80}) return false;
        }
        ++found;
    }
    return true;
}

/// How much of a file is damaged; more than can be where nothing can be read.
[[nodiscard]] inline std::uint64_t damage_of(std::span<const std::byte> bytes) {
    try {
        const ReadResult read = parse(bytes);
        return read.repair_count + read.lost_bytes;
    } catch (const FormatError&) {
        return ~std::uint64_t{0};
    }
}

}  // namespace copy_damage_detail

/// What a copy has done to a file that cannot be read, or only with repairs, as a sentence for the
/// user; empty where nothing is recognised. O(n).
[[nodiscard]] inline std::string_view copy_damage(std::span<const std::byte> bytes) {
    using namespace copy_damage_detail;
    constexpr std::byte kFeed{0x0A}, kReturn{0x0D}, kHigh{0x80};
    const auto begins_with = [&](std::string_view text) {
        return bytes.size() >= text.size() &&
               std::equal(text.begin(), text.end(), bytes.begin(),
                          [](char c, std::byte b) { return static_cast<std::byte>(c) == b; });
    };
    using namespace std::string_view_literals;
    if (begins_with("\xFF\xFEM\0T\0h\0d\0"sv) || begins_with("\xFE\xFF\0M\0T\0h\0"
                                                             "d"sv))
        return "its bytes were encoded as UTF-16, as if they were text; take the original";
    if (begins_with("\xEF\xBB\xBF"sv)) bytes = bytes.subspan(3);  // the mark of UTF-8
    if (!begins_with("MThd"sv) || bytes.size() < 14) return "";
    constexpr std::size_t kMostCopies = 3;
    std::size_t feeds = 0, high = 0, characters = 0;
    std::size_t returns = 0;          // so many 0D in a row before this byte
    std::size_t added = kMostCopies;  // so many before every 0A, or more: a copy adds one
    for (const std::byte b : bytes) {
        if (b >= kHigh) ++high;
        if (b == kFeed) {
            ++feeds;
            added = std::min(added, returns);
        }
        returns = b == kReturn ? returns + 1 : 0;
    }
    if (high == 0 && bytes.size() > 22)
        return "bit 7 of every byte was lost, as in a transfer of 7 bits; take the original";
    if (is_utf8_text(bytes, characters) && characters > 0)
        return "its bytes were encoded as UTF-8, as if they were text; take the original";
    if (feeds == 0 || added == 0) return "";
    const std::uint64_t damage = damage_of(bytes);
    for (std::size_t copies = 1; copies <= added; ++copies) {
        std::vector<std::byte> original;
        original.reserve(bytes.size());
        for (const std::byte b : bytes) {
            if (b == kFeed) original.resize(original.size() - copies);
            original.push_back(b);
        }
        if (damage_of(original) < damage)
            return "it was copied in text mode, so that every byte 0A became 0D 0A; take the "
                   "original, in binary mode";
    }
    return "";
}

}  // namespace mgan::inline MGAN_ABI::midi
