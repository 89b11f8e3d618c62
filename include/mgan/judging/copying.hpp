#pragma once
/// \file
/// How much of a song has been copied from the songs that its generator learned from.
///
/// A song is a sequence of moves (interval to the note before, steps since its onset), so that a
/// transposed copy is a copy. For n = 6, 12, 24:
///
///     share = #{passages of n moves that occur in a training song} / #{passages of n moves}
///
/// Real songs quote each other, too (a scale, a closing formula), so the share means something only
/// beside that of real songs that were not learned from. The longest copied passage is the plainest
/// evidence of all.
///
/// Passages are compared by 64-bit polynomial hashes (Karp and Rabin 1987), in a sorted table of
/// all passages of the training songs. Two different passages share a hash once in about 10^9
/// calls.

#include <mgan/judging/judged_song.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

namespace mgan::inline MGAN_ABI::judging {

/// Moves of the passages that are counted.
inline constexpr std::array<std::size_t, 3> kPassages = {6, 12, 24};

/// Hashes of all beginnings of a song, from which that of any passage follows:
/// hash(i, n) = H_{i+n} - H_i base^n  (mod 2^64).
class PassageHashes {
public:
    explicit PassageHashes(const std::vector<JudgedNote>& notes) {
        beginnings_.push_back(0);
        for (std::size_t i = 1; i < notes.size(); ++i) {
            const auto gap = static_cast<std::uint64_t>(notes[i].gap);
            const auto interval =
                static_cast<std::uint64_t>(notes[i].pitch - notes[i - 1].pitch + 128);
            beginnings_.push_back(beginnings_.back() * kBase + mixed(gap * 256 + interval + 1));
        }
    }
    /// Moves of the song: its notes less one.
    [[nodiscard]] std::size_t moves() const noexcept { return beginnings_.size() - 1; }
    /// Passages of `length` moves.
    [[nodiscard]] std::size_t passages(std::size_t length) const noexcept {
        return moves() >= length ? moves() - length + 1 : 0;
    }
    /// The passage of `length` moves that begins at note `begin`. `power` is base_power(length).
    [[nodiscard]] std::uint64_t hash(std::size_t begin, std::size_t length,
                                     std::uint64_t power) const noexcept {
        return beginnings_[begin + length] - beginnings_[begin] * power;
    }
    [[nodiscard]] static std::uint64_t base_power(std::size_t length) noexcept {
        std::uint64_t power = 1;
        for (std::size_t i = 0; i < length; ++i) power *= kBase;
        return power;
    }

private:
    static constexpr std::uint64_t kBase = 0x9e3779b97f4a7c15u;
    /// The finaliser of SplitMix64: near moves become unrelated numbers.
    [[nodiscard]] static std::uint64_t mixed(std::uint64_t x) noexcept {
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
        x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
        return x ^ (x >> 31);
    }
    std::vector<std::uint64_t> beginnings_;
};

/// All passages of one length in a set of songs.
class PassageIndex {
public:
    struct Place {
        std::uint64_t hash = 0;
        std::uint32_t song = 0;
        std::uint32_t begin = 0;  ///< the note it begins with
    };

    PassageIndex(const std::vector<PassageHashes>& songs, std::size_t length)
        : length_(length), power_(PassageHashes::base_power(length)) {
        for (std::size_t song = 0; song < songs.size(); ++song) {
            for (std::size_t i = 0; i < songs[song].passages(length); ++i) {
                places_.push_back({songs[song].hash(i, length, power_),
                                   static_cast<std::uint32_t>(song),
                                   static_cast<std::uint32_t>(i)});
            }
        }
        std::sort(places_.begin(), places_.end(), [](const Place& a, const Place& b) {
            return std::tie(a.hash, a.song, a.begin) < std::tie(b.hash, b.song, b.begin);
        });
    }

    /// The first place where the passage at note `begin` of `song` occurs, or null.
    [[nodiscard]] const Place* find(const PassageHashes& song, std::size_t begin) const {
        const std::uint64_t hash = song.hash(begin, length_, power_);
        const auto found =
            std::lower_bound(places_.begin(), places_.end(), hash,
                             [](const Place& place, std::uint64_t h) { return place.hash < h; });
        return found != places_.end() && found->hash == hash ? &*found : nullptr;
    }

    /// Share of the passages of `songs` that occur here; 0 if all are too short to have one.
    [[nodiscard]] double share(const std::vector<PassageHashes>& songs) const {
        std::size_t copied = 0, all = 0;
        for (const PassageHashes& song : songs) {
            for (std::size_t i = 0; i < song.passages(length_); ++i)
                copied += find(song, i) != nullptr ? 1U : 0U;
            all += song.passages(length_);
        }
        return all == 0 ? 0.0 : static_cast<double>(copied) / static_cast<double>(all);
    }

private:
    std::size_t length_;
    std::uint64_t power_;
    std::vector<Place> places_;
};

/// A passage that stands in a generated and in a training song.
struct CopiedPassage {
    std::size_t notes = 0;  ///< 0: nothing is copied, not even one interval
    std::string generated;  ///< file of the generated song
    std::size_t generated_begin = 0;
    std::string training;  ///< file of the training song
    std::size_t training_begin = 0;
};

/// Shares of copied passages, and the longest one.
struct Copying {
    struct Shares {
        std::size_t length = 0;  ///< moves of a passage
        double real = 0.0;       ///< of real songs that were not learned from
        double generated = 0.0;
    };
    std::array<Shares, kPassages.size()> shares;
    CopiedPassage longest;
};

namespace copying_detail {
[[nodiscard]] inline std::vector<PassageHashes> hashes(const std::vector<JudgedSong>& songs) {
    std::vector<PassageHashes> all;
    for (const JudgedSong& song : songs) all.emplace_back(song.notes);
    return all;
}
}  // namespace copying_detail

/// Compares generated and other real songs with those that were learned from.
[[nodiscard]] inline Copying copying(const std::vector<JudgedSong>& training,
                                     const std::vector<JudgedSong>& real,
                                     const std::vector<JudgedSong>& generated) {
    const std::vector<PassageHashes> known = copying_detail::hashes(training),
                                     other = copying_detail::hashes(real),
                                     made = copying_detail::hashes(generated);
    Copying result;
    for (std::size_t k = 0; k < kPassages.size(); ++k) {
        const PassageIndex index(known, kPassages[k]);
        result.shares[k] = {kPassages[k], index.share(other), index.share(made)};
    }
    // If a passage is copied, so are its parts: the greatest length is found by bisection.
    const auto any = [&](std::size_t length) {
        const PassageIndex index(known, length);
        CopiedPassage found;
        for (std::size_t song = 0; song < made.size() && found.notes == 0; ++song) {
            for (std::size_t i = 0; i < made[song].passages(length); ++i) {
                if (const PassageIndex::Place* place = index.find(made[song], i)) {
                    found = {length + 1, generated[song].file, i, training[place->song].file,
                             place->begin};
                    break;
                }
            }
        }
        return found;
    };
    std::size_t low = 0, high = 0;  // low: copied; above high: certainly not
    for (const PassageHashes& song : made) high = std::max(high, song.moves());
    while (low < high) {
        const std::size_t middle = (low + high + 1) / 2;
        if (const CopiedPassage found = any(middle); found.notes > 0) {
            result.longest = found;
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return result;
}

}  // namespace mgan::inline MGAN_ABI::judging
