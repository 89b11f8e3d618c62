#pragma once
/// \file
/// MIDI files that a copy has damaged, recognised by their bytes.
///
/// Five ways of copying a file take its bytes for text, and each leaves a trace over all of it:
///
///     text mode (Windows, FTP, git)     every 0A has become 0D 0A
///     text mode, the other way          no 0D is left, or no 0A, and tracks are too short for it
///     UTF-8                             every byte over 7F has become two or three
///     UTF-16                            every byte has become two
///     seven bits (old mail)             no byte over 7F is left
///
/// The reader would recover something from such a file, but hardly a note of it as it was.

#include <mgan/midi/reader.hpp>

#include <algorithm>
#include <array>
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

/// Whether events of a file were lost, or may have been: without a byte before it, a status is
/// taken for a velocity.
[[nodiscard]] inline bool loses_anything(std::span<const std::byte> bytes) {
    try {
        const ReadResult read = parse(bytes);
        if (read.lost_bytes > 0) return true;
        if (read.repairs_of[static_cast<std::size_t>(Fault::velocity_over_127)] > 0) return true;
        for (std::size_t fault = 0; fault < read.repairs_of.size(); ++fault)
            if (loses_events(static_cast<Fault>(fault)) && read.repairs_of[fault] > 0) return true;
        return false;
    } catch (const FormatError&) {
        return true;
    }
}

/// Whether a track of `size` bytes, whose length stands at `at`, can have lost some bytes `gone`:
/// of the track, or of its length. `lost`: whether it has.
[[nodiscard]] inline bool may_have_lost(std::span<const std::byte> bytes, std::size_t at,
                                        std::size_t size, std::byte gone, bool& lost) {
    const std::uint64_t most = size + size / 4 + 8;
    const auto length = [&](std::size_t inserted) {
        std::uint64_t sum = 0;
        for (std::size_t i = 0, from = at; i < 4; ++i)
            sum = sum << 8 | std::to_integer<std::uint64_t>(i == inserted ? gone : bytes[from++]);
        return sum;
    };
    const std::uint64_t plain = length(4);
    if (plain == size) return true;
    lost = true;
    if (plain > size && plain <= most) return true;
    for (std::size_t i = 0; i < 4; ++i)
        if (length(i) > size && length(i) <= most) return true;
    return false;
}

/// Whether a copy has taken every byte `gone` out of a file that has none: events are lost, and the
/// tracks end where they should, but earlier than their lengths say. A file that was cut off ends
/// within a track, and one whose writer counted badly loses nothing.
[[nodiscard]] inline bool is_without(std::span<const std::byte> bytes, std::byte gone) {
    constexpr std::size_t kHeader = 14;
    const auto find_track = [&](std::size_t from) {
        constexpr std::array mark = {std::byte{'M'}, std::byte{'T'}, std::byte{'r'},
                                     std::byte{'k'}};
        const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(from);
        return static_cast<std::size_t>(std::search(begin, bytes.end(), mark.begin(), mark.end()) -
                                        bytes.begin());
    };
    std::size_t track = find_track(8);
    if (track > kHeader) return false;
    bool lost = track < kHeader;
    while (track < bytes.size()) {
        if (bytes.size() - track < 12) return false;
        const std::size_t next = find_track(track + 8);
        const bool ends = bytes[next - 3] == std::byte{0xFF} &&
                          bytes[next - 2] == std::byte{0x2F} && bytes[next - 1] == std::byte{0};
        if (!ends || !may_have_lost(bytes, track + 4, next - track - 8, gone, lost)) return false;
        track = next;
    }
    return lost && loses_anything(bytes);
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
    std::size_t feeds = 0, carriage_returns = 0, high = 0, characters = 0;
    std::size_t returns = 0;          // so many 0D in a row before this byte
    std::size_t added = kMostCopies;  // so many before every 0A, or more: a copy adds one
    for (const std::byte b : bytes) {
        if (b >= kHigh) ++high;
        if (b == kFeed) {
            ++feeds;
            added = std::min(added, returns);
        }
        returns = b == kReturn ? returns + 1 : 0;
        if (b == kReturn) ++carriage_returns;
    }
    if (high == 0 && bytes.size() > 22)
        return "bit 7 of every byte was lost, as in a transfer of 7 bits; take the original";
    if (is_utf8_text(bytes, characters) && characters > 0)
        return "its bytes were encoded as UTF-8, as if they were text; take the original";
    if (carriage_returns == 0 && is_without(bytes, kReturn))
        return "it was copied in text mode, so that every byte 0D is gone; take the original, in "
               "binary mode";
    if (feeds == 0 && is_without(bytes, kFeed))
        return "it was copied in text mode, so that every byte 0A is gone; take the original, in "
               "binary mode";
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
