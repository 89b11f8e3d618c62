#pragma once
// MIDI files for tests, put together from hexadecimal: smf_file({smf_header(0, 1, 96),
// smf_track("00 90 3c 40")}).

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

using Bytes = std::vector<std::byte>;

inline Bytes hex(std::string_view text) {
    Bytes bytes;
    int high = -1;
    for (const char c : text) {
        if (c == ' ') continue;
        const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
        if (high >= 0) bytes.push_back(static_cast<std::byte>(high * 16 + digit));
        high = high < 0 ? digit : -1;
    }
    return bytes;
}

inline Bytes text_bytes(std::string_view text) {
    Bytes bytes;
    for (const char c : text) bytes.push_back(static_cast<std::byte>(c));
    return bytes;
}

inline Bytes joined(std::initializer_list<Bytes> parts) {
    Bytes all;
    for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
}

inline Bytes repeated(const Bytes& part, int times) {
    Bytes all;
    for (int i = 0; i < times; ++i) all.insert(all.end(), part.begin(), part.end());
    return all;
}

inline Bytes be32_bytes(std::uint32_t value) {
    return {static_cast<std::byte>(value >> 24), static_cast<std::byte>(value >> 16 & 0xFF),
            static_cast<std::byte>(value >> 8 & 0xFF), static_cast<std::byte>(value & 0xFF)};
}

inline Bytes le32_bytes(std::uint32_t value) {
    const Bytes b = be32_bytes(value);
    return {b[3], b[2], b[1], b[0]};
}

inline Bytes smf_header(unsigned format, unsigned tracks, unsigned division,
                        std::uint32_t length = 6) {
    const Bytes words = be32_bytes(format << 16 | tracks);
    const Bytes last = be32_bytes(division << 16);
    return joined({text_bytes("MThd"), be32_bytes(length), words, {last[0], last[1]}});
}

// `declared` < 0: the true length.
inline Bytes smf_chunk(std::string_view id, const Bytes& body, std::int64_t declared = -1) {
    const auto length = declared < 0 ? static_cast<std::uint32_t>(body.size())
                                     : static_cast<std::uint32_t>(declared);
    return joined({text_bytes(id), be32_bytes(length), body});
}

inline Bytes smf_track(std::string_view events, std::int64_t declared = -1) {
    return smf_chunk("MTrk", hex(events), declared);
}
