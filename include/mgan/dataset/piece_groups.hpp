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
/// Time is linear in the notes: of the passages, those whose hash is a multiple of `kSampling` are
/// looked at (Broder 1997: the same ones are kept in both songs), and songs that share none are
/// never compared. Memory is bounded: where there may be more than `kMostAtOnce` passages, the
/// songs are read once more, to learn which passages occur again (dataset/repeat_filter.hpp), and
/// only these are kept; if they are still too many, in several readings, each for a part of the
/// hashes.

#include <mgan/core/parallel.hpp>
#include <mgan/dataset/repeat_filter.hpp>
#include <mgan/dataset/songs.hpp>
#include <mgan/dataset/split.hpp>
#include <mgan/midi/song.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

namespace piece_groups_detail {

inline constexpr std::size_t kPassage = 12;    ///< steps of a passage
inline constexpr std::size_t kCommon = 20;     ///< songs that a telling passage may have at most
inline constexpr std::size_t kFewest = 4;      ///< passages that two songs must share
inline constexpr std::uint64_t kSampling = 4;  ///< one passage of so many is looked at
inline constexpr std::size_t kMostAtOnce = std::size_t{1} << 23;  ///< passages, of 16 bytes each

/// The steps of a song's top line, as small numbers.
[[nodiscard]] inline std::vector<std::uint32_t> top_line_steps(const midi::Song& song) {
    std::vector<std::pair<std::int64_t, int>> top;  // onset, highest pitch
    for (const midi::Note& note : song.notes)
        if (note.velocity > 0 && note.channel != 9) top.emplace_back(note.onset, note.pitch);
    if (!std::is_sorted(top.begin(), top.end())) std::sort(top.begin(), top.end());
    // The last of each onset is the highest.
    std::size_t kept = 0;
    for (std::size_t i = 0; i < top.size(); ++i)
        if (i + 1 == top.size() || top[i + 1].first != top[i].first) top[kept++] = top[i];
    top.resize(kept);
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

/// The group of each song: the index of the first song of the same piece. Songs of one
/// `name_group` belong together whatever their notes (the tracks of one file, the variants of one
/// score). `threads` and `most_at_once` (passages in memory, about) change the time it takes,
/// nothing else. Throws what reading songs throws.
[[nodiscard]] inline std::vector<std::size_t> piece_groups(
    const Songs& songs, std::span<const std::size_t> name_group, int threads = 1,
    std::size_t most_at_once = piece_groups_detail::kMostAtOnce) {
    using namespace piece_groups_detail;
    const std::size_t count = songs.size();
    std::vector<std::size_t> parent(count);
    std::iota(parent.begin(), parent.end(), std::size_t{0});
    std::vector<std::size_t> first(count, count);
    std::size_t notes = 0;
    for (std::size_t i = 0; i < count; ++i) {
        std::size_t& begin = first[name_group[i]];
        begin = std::min(begin, i);
        join(parent, i, begin);
        notes += songs.sounding(i);
    }

    // Calls use(song, its passages) for one song after the other.
    std::vector<std::vector<std::uint64_t>> passages(std::min<std::size_t>(count, 1024));
    const auto read_all = [&](auto&& use) {
        for (std::size_t begin = 0; begin < count; begin += passages.size()) {
            const std::size_t size = std::min(passages.size(), count - begin);
            parallel_for(static_cast<std::ptrdiff_t>(size), threads, [&](std::ptrdiff_t index) {
                midi::Song memory;
                const auto i = static_cast<std::size_t>(index);
                passages[i] = passages_of(songs.get(begin + i, memory));
            });
            for (std::size_t i = 0; i < size; ++i) use(begin + i, passages[i]);
        }
    };

    std::vector<std::uint32_t> telling(count, 0);
    std::optional<RepeatFilter> filter;
    if (notes / kSampling > most_at_once) {
        filter.emplace(notes / kSampling);
        read_all([&](std::size_t, const std::vector<std::uint64_t>& of_song) {
            for (const std::uint64_t passage : of_song) filter->add(passage);
        });
        filter->end();
    }
    const std::size_t passes = filter ? 2 * filter->repeats() / most_at_once + 1 : 1;

    // Passages with the songs that have them, equal ones side by side once they are sorted.
    using Found = std::pair<std::uint64_t, std::uint32_t>;
    std::unordered_map<std::uint64_t, std::uint32_t> shared;  // of songs i < j: i 2^32 + j
    std::vector<Found> found;
    for (std::size_t pass = 0; pass < passes; ++pass) {
        found.clear();
        read_all([&](std::size_t song, const std::vector<std::uint64_t>& of_song) {
            for (const std::uint64_t passage : of_song) {
                if (filter && !filter->may_repeat(passage)) {
                    telling[song] += pass == 0 ? 1 : 0;  // this song's alone
                } else if (passage / kSampling % passes == pass) {
                    found.emplace_back(passage, static_cast<std::uint32_t>(song));
                }
            }
        });
        std::sort(found.begin(), found.end());
        for (auto with = found.begin(); with != found.end();) {
            const auto end = std::find_if(
                with, found.end(), [&](const Found& other) { return other.first != with->first; });
            if (static_cast<std::size_t>(end - with) <= kCommon) {
                for (auto i = with; i != end; ++i) {
                    ++telling[i->second];
                    for (auto j = i + 1; j != end; ++j)
                        ++shared[std::uint64_t{i->second} << 32 | j->second];
                }
            }
            with = end;
        }
    }
    for (const auto& [pair, number] : shared) {
        const auto i = static_cast<std::size_t>(pair >> 32);
        const auto j = static_cast<std::size_t>(pair & 0xFFFFFFFFu);
        if (number >= kFewest && 2 * number >= std::min(telling[i], telling[j])) join(parent, i, j);
    }
    std::vector<std::size_t> group(count);
    for (std::size_t i = 0; i < count; ++i) group[i] = root_of(parent, i);
    return group;
}

/// The same; songs of one name belong together.
[[nodiscard]] inline std::vector<std::size_t> piece_groups(std::span<const midi::Song> songs,
                                                           const std::vector<std::string>& names) {
    return piece_groups(Songs(songs), name_groups(names));
}

}  // namespace mgan::inline MGAN_ABI
