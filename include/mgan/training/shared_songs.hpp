#pragma once
/// \file
/// Songs that ranks generate together: each some of them, and all have all afterwards.
///
/// A song is a function of model, seed and its number, so it does not matter who generates it.

#include <mgan/distributed/dealing.hpp>
#include <mgan/midi/notes.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

namespace shared_songs_detail {

/// A song as numbers: title, tempo, notes, each behind its length.
inline void put_song(const midi::Song& song, std::vector<std::int64_t>& to) {
    to.push_back(static_cast<std::int64_t>(song.title.size()));
    to.insert(to.end(), song.title.begin(), song.title.end());
    to.push_back(static_cast<std::int64_t>(song.tempo.size()));
    for (const midi::TempoChange& change : song.tempo)
        to.insert(to.end(), {change.tick, change.microseconds_per_quarter});
    to.push_back(static_cast<std::int64_t>(song.notes.size()));
    for (const midi::Note& note : song.notes)
        to.insert(to.end(), {note.onset, note.length, note.pitch, note.velocity, note.channel});
}

/// The song that begins there; moves `from` behind it.
[[nodiscard]] inline midi::Song get_song(const std::int64_t*& from) {
    midi::Song song;
    for (std::int64_t left = *from++; left > 0; --left)
        song.title.push_back(static_cast<char>(*from++));
    for (std::int64_t left = *from++; left > 0; --left, from += 2)
        song.tempo.push_back({from[0], from[1]});
    for (std::int64_t left = *from++; left > 0; --left, from += 5)
        song.notes.push_back({from[0], from[1], static_cast<int>(from[2]),
                              static_cast<int>(from[3]), static_cast<int>(from[4])});
    return song;
}

}  // namespace shared_songs_detail

/// Collective: the songs of all ranks, in the order of the ranks.
[[nodiscard]] inline std::vector<midi::Song> gather_songs(Communicator& ranks,
                                                          std::vector<midi::Song> own) {
    using namespace shared_songs_detail;
    if (ranks.size() == 1) return own;
    std::vector<std::int64_t> numbers;
    for (const midi::Song& song : own) put_song(song, numbers);
    std::vector<midi::Song> songs;
    for (const std::vector<std::int64_t>& list : gather_lists(ranks, numbers)) {
        const std::int64_t* from = list.data();
        while (from != list.data() + list.size()) songs.push_back(get_song(from));
    }
    return songs;
}

/// Collective: `count` songs. sample(first, count) generates some of them.
template <typename Sample>
[[nodiscard]] std::vector<midi::Song> share_songs(Communicator& ranks, std::ptrdiff_t count,
                                                  Sample&& sample) {
    const Shard mine = own_share(count, ranks);
    std::vector<midi::Song> songs;
    if (mine.size() > 0) songs = sample(mine.begin, mine.size());
    return gather_songs(ranks, std::move(songs));
}

}  // namespace mgan::inline MGAN_ABI
