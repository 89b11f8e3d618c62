#pragma once
/// \file
/// One number for all notes of a data set.

#include <mgan/midi/song.hpp>

#include <cstdint>
#include <span>

namespace mgan::inline MGAN_ABI {

/// A hash (FNV-1a, 64 bits) of every note of every song, in order: two runs with the same
/// fingerprint had the same data set.
[[nodiscard]] inline std::uint64_t fingerprint(std::span<const midi::Song> songs) noexcept {
    std::uint64_t hash = 0xcbf29ce484222325u;
    const auto add = [&hash](std::int64_t value) {
        for (int byte = 0; byte < 8; ++byte) {
            hash =
                (hash ^ static_cast<std::uint64_t>((value >> (8 * byte)) & 0xff)) * 0x100000001b3u;
        }
    };
    for (const midi::Song& song : songs) {
        add(static_cast<std::int64_t>(song.notes.size()));
        for (const midi::Note& note : song.notes) {
            add(note.onset);
            add(note.length);
            add(note.pitch);
            add(note.velocity);
            add(note.channel);
        }
    }
    return hash;
}

}  // namespace mgan::inline MGAN_ABI
