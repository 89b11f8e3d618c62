#pragma once
/// \file
/// Crops of songs, so that long songs can be compared with short ones.
///
/// Most metrics grow with the length of a song: a symphony has more pitches and far more
/// repetitions than its first hundred notes. Generated songs have as many notes as were asked for,
/// so real songs are cropped to that many, at random places, before the two sets are compared.

#include <mgan/core/random.hpp>
#include <mgan/core/version.hpp>
#include <mgan/midi/song.hpp>
#include <mgan/midi/sounding_notes.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mgan::inline MGAN_ABI::metrics {

/// `count` consecutive notes of a song from number `begin` on, in the order of the song; fewer
/// where the song ends before. Their times do not change; the tempo map is kept.
[[nodiscard]] inline midi::Song crop(const midi::Song& song, std::size_t begin, std::size_t count) {
    midi::Song piece;
    piece.title = song.title;
    piece.tempo = song.tempo;
    std::vector<midi::Note> notes = midi::sounding_notes(song);
    begin = std::min(begin, notes.size());
    count = std::min(count, notes.size() - begin);
    const auto first = notes.begin() + static_cast<std::ptrdiff_t>(begin);
    piece.notes.assign(first, first + static_cast<std::ptrdiff_t>(count));
    return piece;
}

/// Every song of `songs` cropped to the length of a random song of `like`, at a random place.
///
/// The length is that of one of the songs in `like` that have notes, the place uniform among all
/// that fit. A song that is no longer is used whole; so are all songs if `like` has no notes. The
/// crop of song i depends on the seed and i alone: `Random(seed, "metrics crop", i)`.
[[nodiscard]] inline std::vector<midi::Song> random_crops(std::span<const midi::Song> songs,
                                                          std::span<const midi::Song> like,
                                                          std::uint64_t seed) {
    std::vector<std::size_t> lengths;
    lengths.reserve(like.size());
    for (const midi::Song& song : like)
        if (const std::size_t length = midi::sounding_notes(song).size(); length > 0)
            lengths.push_back(length);

    std::vector<midi::Song> pieces;
    pieces.reserve(songs.size());
    for (std::size_t i = 0; i < songs.size(); ++i) {
        const Random random(seed, "metrics crop", i);
        const std::size_t size = midi::sounding_notes(songs[i]).size();
        const std::size_t length =
            lengths.empty() ? size : lengths[random.integer(0, lengths.size())];
        const std::size_t begin = size > length ? random.integer(1, size - length + 1) : 0;
        pieces.push_back(crop(songs[i], begin, length));
    }
    return pieces;
}

}  // namespace mgan::inline MGAN_ABI::metrics
