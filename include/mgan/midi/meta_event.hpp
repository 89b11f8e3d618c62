#pragma once
/// \file
/// Meta events: what a file says besides the music, and which of them are valid.
///
/// "FF type length bytes": tempo, names, key, the end of the track. The length is written although
/// the type fixes it, and the bytes can hold values out of range: a reader must check both.
///
/// Source: The Standard MIDI Files specification 1.0 (MIDI Manufacturers Association, RP-001).

#include <mgan/core/version.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace mgan::inline MGAN_ABI::midi {

/// The meta types that mgan checks.
enum MetaType : std::uint8_t {
    kMetaSequenceNumber = 0x00,
    kMetaText = 0x01,
    kMetaTrackName = 0x03,
    kMetaChannelPrefix = 0x20,
    kMetaPort = 0x21,
    kMetaEndOfTrack = 0x2F,
    kMetaTempo = 0x51,
    kMetaSmpteOffset = 0x54,
    kMetaTimeSignature = 0x58,
    kMetaKeySignature = 0x59,
};

/// Whether a meta event of this type may have this length; true for types that mgan does not check.
[[nodiscard]] constexpr bool meta_length_fits(std::uint8_t type, std::size_t length) noexcept {
    switch (type) {
        case kMetaSequenceNumber:
            return length == 2 || length == 0;  // 0: the track's own number
        case kMetaChannelPrefix:
        case kMetaPort:
            return length == 1;
        case kMetaEndOfTrack:
            return length == 0;
        case kMetaTempo:
            return length == 3;
        case kMetaSmpteOffset:
            return length == 5;
        case kMetaTimeSignature:
            return length == 4;
        case kMetaKeySignature:
            return length == 2;
        default:
            return true;
    }
}

/// Whether the values of a meta event are in range. Precondition: meta_length_fits.
[[nodiscard]] inline bool meta_values_fit(std::uint8_t type,
                                          std::span<const std::byte> bytes) noexcept {
    const auto at = [&](std::size_t i) { return std::to_integer<int>(bytes[i]); };
    switch (type) {
        case kMetaChannelPrefix:
            return at(0) < 16;
        case kMetaTempo:
            return (at(0) | at(1) | at(2)) != 0;
        case kMetaSmpteOffset:  // hours (bits 5, 6: the rate), minutes, seconds, frames, hundredths
            return (at(0) & 0x9F) < 24 && at(1) < 60 && at(2) < 60 && at(3) < 30 && at(4) < 100;
        case kMetaTimeSignature:
            return at(0) > 0 && at(1) < 16;  // the second is a power of two
        case kMetaKeySignature:
            return (at(0) <= 7 || at(0) >= 256 - 7) && at(1) <= 1;
        default:
            return true;
    }
}

}  // namespace mgan::inline MGAN_ABI::midi
