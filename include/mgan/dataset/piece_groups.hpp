#pragma once
/// \file
/// Which songs are the same piece: copies, transpositions, other tempos, other arrangements.
///
/// A folder of MIDI files holds many pieces more than once. If one copy is learnt from and another
/// one is in the test part, the test measures memory. So songs of one piece form a group, and a
/// group goes to one part as a whole.
///
/// Two songs are compared by their top line: the highest note of each onset. Of two successive
/// notes of it count the interval in semitones (which transposition leaves alone) and the ratio of
/// the two time differences (which tempo and note values leave alone):
///
///     onset      0     384   576   768       ratio  =  round(2 log2(later / earlier difference))
///     top line   E5    D5    C5    D5        step   =  (interval, ratio)
///
/// Twelve successive steps are one *passage*. Passages that more than `kCommon` songs have (scales,
/// repeated notes) say nothing. Two songs are one piece if the shorter one shares with the other at
/// least half of the passages that are left of it, and at least `kFewest`.
///
/// Time and memory are linear in the notes: of the passages, those whose hash is a multiple of
/// `kSampling` are looked at (Broder 1997: the same ones are kept in both songs), and songs that
/// share none are never compared.

#include <mgan/midi/song.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

namespace piece_groups_detail {

inline constexpr std::size_t kPassage = 12;    ///< steps of a passage
inline constexpr std::size_t kCommon = 20;     ///< songs that a telling passage may have at most
inline constexpr std::size_t kFewest = 4;      ///< passages that two songs must share
inline constexpr std::uint64_t kSampling = 4;  ///< one passage of so many is looked at

/// The steps of a song's top line, as small numbers.
[[nodiscard]] inline std::vector<std::uint32_t> top_line_steps(const midi::Song& song) {
    std::map<std::int64_t, int> top;  // onset -> highest pitch
    for (const midi::Note& note : song.notes) {
        if (note.velocity <= 0 || note.channel == 9) continue;
        int& pitch = top.try_emplace(note.onset, note.pitch).first->second;
        pitch = std::max(pitch, note.pitch);
    }
    std::vector<std::uint32_t> steps;
    std::int64_t onset = 0, difference = 0;
    int pitch = 0;
    std::size_t count = 0;
    for (const auto& [next_onset, next_pitch] : top) {
        const std::int64_t next_difference = next_onset - onset;
        if (count >= 2) {
            const double ratio =
                std::log2(static_cast<double>(next_difference) / static_cast<double>(difference));
            steps.push_back(static_cast<std::uint32_t>(next_pitch - pitch + 128) * 64 +
                            static_cast<std::uint32_t>(
                                std::clamp<long>(std::lround(2.0 * ratio), -31, 31) + 32));
        }
        onset = next_onset;
        pitch = next_pitch;
        difference = next_difference;
        ++count;
    }
    return steps;
}

/// The sampled passages of a song, each once, ascending.
[[nodiscard]] inline std::vector<std::uint64_t> passages_of(const midi::Song& song) {
    const std::vector<std::uint32_t> steps = top_line_steps(song);
    std::vector<std::uint64_t> passages;
    for (std::size_t i = 0; i + kPassage <= steps.size(); ++i) {
        std::uint64_t hash = 0;
        for (std::size_t k = 0; k < kPassage; ++k) {
            hash = (hash ^ steps[i + k]) * 0x9e3779b97f4a7c15u;
            hash ^= hash >> 29;
        }
        if (hash % kSampling == 0) passages.push_back(hash);
    }
    std::sort(passages.begin(), passages.end());
    passages.erase(std::unique(passages.begin(), passages.end()), passages.end());
    return passages;
}

/// The smallest member of the set of `i` (union-find with path halving).
[[nodiscard]] inline std::size_t root_of(std::vector<std::size_t>& parent, std::size_t i) {
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
}
inline void join(std::vector<std::size_t>& parent, std::size_t a, std::size_t b) {
    a = root_of(parent, a);
    b = root_of(parent, b);
    parent[std::max(a, b)] = std::min(a, b);
}

}  // namespace piece_groups_detail

/// The group of each song: the index of the first song of the same piece. `names` says which songs
/// belong together whatever their notes (the tracks of one file, the variants of one score).
[[nodiscard]] inline std::vector<std::size_t> piece_groups(std::span<const midi::Song> songs,
                                                           std::span<const std::string> names) {
    using namespace piece_groups_detail;
    std::vector<std::size_t> parent(songs.size());
    std::iota(parent.begin(), parent.end(), std::size_t{0});
    std::map<std::string_view, std::size_t> first_of_name;
    for (std::size_t i = 0; i < songs.size(); ++i)
        join(parent, i, first_of_name.try_emplace(names[i], i).first->second);

    // Songs of one name count once: only between names is there something to find.
    std::vector<std::vector<std::uint64_t>> passages(songs.size());
    std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> songs_with;
    for (std::size_t i = 0; i < songs.size(); ++i) {
        passages[i] = passages_of(songs[i]);
        for (const std::uint64_t passage : passages[i]) {
            std::vector<std::uint32_t>& with = songs_with[passage];
            if (with.size() <= kCommon) with.push_back(static_cast<std::uint32_t>(i));
        }
    }
    std::vector<std::size_t> telling(songs.size(), 0);
    for (const auto& [passage, with] : songs_with)
        if (with.size() <= kCommon)
            for (const std::uint32_t i : with) ++telling[i];
    for (std::size_t i = 0; i < songs.size(); ++i) {
        std::map<std::uint32_t, std::size_t> shared;
        for (const std::uint64_t passage : passages[i]) {
            const std::vector<std::uint32_t>& with = songs_with[passage];
            if (with.size() > kCommon) continue;
            for (const std::uint32_t j : with)
                if (j > i) ++shared[j];
        }
        for (const auto& [j, count] : shared)
            if (count >= kFewest && 2 * count >= std::min(telling[i], telling[j]))
                join(parent, i, j);
    }
    std::vector<std::size_t> group(songs.size());
    for (std::size_t i = 0; i < songs.size(); ++i) group[i] = root_of(parent, i);
    return group;
}

}  // namespace mgan::inline MGAN_ABI
