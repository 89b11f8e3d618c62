#pragma once
/// \file
/// One number that names a data set.

#include <mgan/core/hash.hpp>
#include <mgan/dataset/data_set.hpp>
#include <mgan/midi/song.hpp>

#include <cstdint>
#include <span>

namespace mgan::inline MGAN_ABI {

/// A hash (core/hash.hpp) of every note of every song, in order: two runs with the same fingerprint
/// had the same data set. Songs are added one after the other.
class Fingerprint {
public:
    void add(const midi::Song& song) noexcept {
        hash_.add(static_cast<std::int64_t>(song.notes.size()));
        for (const midi::Note& note : song.notes) {
            hash_.add(note.onset);
            hash_.add(note.length);
            hash_.add(std::int64_t{note.pitch});
            hash_.add(std::int64_t{note.velocity});
            hash_.add(std::int64_t{note.channel});
        }
    }
    [[nodiscard]] std::uint64_t value() const noexcept { return hash_.value(); }

private:
    Fnv1a hash_;
};

/// The fingerprint of songs.
[[nodiscard]] inline std::uint64_t fingerprint(std::span<const midi::Song> songs) noexcept {
    Fingerprint all;
    for (const midi::Song& song : songs) all.add(song);
    return all.value();
}

/// The same of a data set; that of a packed file is written in it.
[[nodiscard]] inline std::uint64_t fingerprint(const DataSet& data) noexcept {
    return data.source ? data.source->fingerprint() : fingerprint(data.songs);
}

}  // namespace mgan::inline MGAN_ABI
