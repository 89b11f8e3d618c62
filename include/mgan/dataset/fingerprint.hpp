#pragma once
/// \file
/// One number that names a data set.

#include <mgan/core/hash.hpp>
#include <mgan/midi/song.hpp>

#include <cstdint>
#include <span>

namespace mgan::inline MGAN_ABI {

/// A hash (core/hash.hpp) of every note of every song, in order: two runs with the same fingerprint
/// had the same data set.
[[nodiscard]] inline std::uint64_t fingerprint(std::span<const midi::Song> songs) noexcept {
    Fnv1a hash;
    for (const midi::Song& song : songs) {
        hash.add(static_cast<std::int64_t>(song.notes.size()));
        for (const midi::Note& note : song.notes) {
            hash.add(note.onset);
            hash.add(note.length);
            hash.add(std::int64_t{note.pitch});
            hash.add(std::int64_t{note.velocity});
            hash.add(std::int64_t{note.channel});
        }
    }
    return hash.value();
}

}  // namespace mgan::inline MGAN_ABI
