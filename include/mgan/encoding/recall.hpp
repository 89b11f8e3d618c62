#pragma once
/// \file
/// "What came next, last time?": the longest earlier match of what was just heard.
///
/// Hear a b c a b. The last two keys, a b, stood there before, and c followed. Music repeats itself
/// so much that c is a good guess. In general: of all earlier places, take the one whose past agrees
/// with ours over the most keys (12 at most: more says nothing new), of equally good ones the
/// earliest, and recall what followed it. Who goes on from the earliest place retells the song; who
/// goes on from the latest soon walks in a small circle.
///
/// The textbooks' answer is a suffix automaton, which grows without end, or a hash table for each
/// length. Here it is one number for each *lag*: for how many keys has the music now repeated what it
/// was `lag` keys before?
///
///     run[lag] = run[lag] + 1   if key[now] = key[now - lag]
///                0              otherwise
///
/// The recalled place is where run, cut at 12, is greatest; of equals the greatest lag. Nothing is
/// hashed, nothing moves when old keys are forgotten, and one key costs a few instructions for each
/// eight lags, because keys and runs are 16 bits wide and lie side by side. 256 keys of memory are
/// 1.5 kB to copy and about 50 ns a key.

#include <mgan/core/error.hpp>
#include <mgan/core/version.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace mgan::inline MGAN_ABI::encoding {

/// Matches longer than this count as this long where places are compared.
inline constexpr int kRecallCap = 12;
/// A run stops growing here. (A note that repeats for ever must not overflow it.)
inline constexpr int kLongestRun = 4095;
/// Keys are below this; it stands where no key was heard yet, and equals none.
inline constexpr std::uint16_t kNoKey = 0xFFFF;

/// Moves the runs of lags 1 .. `count` on by one key: run[i] belongs to lag i + 1, and earlier[i] is
/// the key that lag before the new one. (16 bits on both sides, or compilers do not use vectors.)
inline void extend_runs(const std::uint16_t* earlier, std::int16_t* run, std::size_t count,
                        std::uint16_t key) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
        const auto longer = static_cast<std::int16_t>(run[i] < kLongestRun ? run[i] + 1 : run[i]);
        run[i] = earlier[i] == key ? longer : std::int16_t(0);
    }
}

/// The recall of one sequence of keys. Fixed memory: `hear` allocates nothing; copies between recalls
/// of one size neither.
class Recall {
public:
    static constexpr std::size_t kLeastMemory = 16;
    static constexpr std::size_t kMostMemory = 2048;

    /// Remembers the last `memory` keys. Throws ConfigError unless that is a power of two, 16 to
    /// 2048.
    explicit Recall(std::size_t memory = 256)
        : memory_(checked(memory)), keys_(2 * memory, kNoKey), runs_(memory, 0) {}

    /// Forgets everything.
    void reset() noexcept {
        std::fill(keys_.begin(), keys_.end(), kNoKey);
        std::fill(runs_.begin(), runs_.end(), std::int16_t(0));
        heard_ = 0;
        lag_ = length_ = longest_ = 0;
    }

    /// Hears a key. Precondition: key < 0xFFFF.
    void hear(std::uint16_t key) noexcept {
        // The ring of keys runs backwards and stands there twice, so that the key of lag i is at
        // now[i] for each i.
        head_ = (head_ - 1) & (memory_ - 1);
        std::uint16_t* const now = keys_.data() + head_;
        now[0] = now[memory_] = key;
        heard_ = std::min(heard_ + 1, memory_);
        // Whole vectors: what was never heard equals no key.
        const std::size_t lags = std::min((heard_ + 6) / 8 * 8, memory_ - 1);
        extend_runs(now + 1, runs_.data(), lags, key);
        look(lags);
    }

    /// How many keys back the recalled place lies, 1 .. memory - 1; 0 if the last key is new. What
    /// followed it was heard lag() - 1 keys before the last one.
    [[nodiscard]] std::size_t lag() const noexcept { return static_cast<std::size_t>(lag_); }
    /// Keys that agree there, at most 12.
    [[nodiscard]] int length() const noexcept { return length_; }
    /// Keys that agree at the best place if they are all counted (up to `kLongestRun`).
    [[nodiscard]] int longest() const noexcept { return longest_; }
    /// For how many keys the music has now repeated what it was `lag` keys before; 1 <= lag <
    /// memory().
    [[nodiscard]] int run(std::size_t lag) const noexcept { return runs_[lag - 1]; }
    /// Keys that are remembered.
    [[nodiscard]] std::size_t memory() const noexcept { return memory_; }

private:
    [[nodiscard]] static std::size_t checked(std::size_t memory) {
        require<ConfigError>(
            memory >= kLeastMemory && memory <= kMostMemory && (memory & (memory - 1)) == 0,
            "Recall: a memory of ", memory, " keys; it must be a power of two, 16 to 2048");
        return memory;
    }

    /// Finds the best place. Length and lag are compared as one number of 15 bits,
    ///
    ///     length : 4   lag : 11
    ///
    /// so that the longest match wins, and of equals the greatest lag.
    void look(std::size_t lags) noexcept {
        static_assert(kRecallCap < 16 && kMostMemory <= 2048);
        const std::int16_t* const run = runs_.data();
        std::int16_t longest = 0, best = 0;
        for (std::size_t i = 0; i < lags; ++i) {
            const auto capped = std::min(run[i], static_cast<std::int16_t>(kRecallCap));
            const auto place =
                static_cast<std::int16_t>(static_cast<std::uint16_t>(capped) << 11 | (i + 1));
            longest = std::max(longest, run[i]);
            best = std::max(best, place);
        }
        longest_ = longest;
        length_ = best >> 11;
        lag_ = length_ == 0 ? 0 : best & 2047;
    }

    std::size_t memory_;
    std::vector<std::uint16_t> keys_;
    std::vector<std::int16_t> runs_;
    std::size_t heard_ = 0, head_ = 0;  // heard_ counts up to memory_
    int lag_ = 0, length_ = 0, longest_ = 0;
};

}  // namespace mgan::inline MGAN_ABI::encoding
