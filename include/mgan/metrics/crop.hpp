#pragma once
/// \file
/// Cuts of songs, so that long songs can be compared with short ones.
///
/// Most metrics grow with the length of a song: a symphony has more distinct notes and far more
/// repetitions than its first hundred notes. Generated songs have as many notes as were asked for,
/// so real songs are cut to random pieces of that many before the two sets are compared.

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

/// `count` consecutive notes of a song from number `begin` on, in the order of the song. Times stay
/// what they were; the tempo map is kept. Fewer notes where the song ends before.
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

/// Every song of `songs` cut to the length of one of the songs in `like`, at a random place.
///
/// Song i takes the number of notes of a random song of `like` (of those that have any), and that
/// many consecutive notes from a place uniform among all that fit. A song that is no longer than
/// that is used whole. With nothing in `like` to take a length from, every song is used whole.
/// Song i is a function of the seed and i alone: `Random(seed, "metrics crop", i)`.
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
