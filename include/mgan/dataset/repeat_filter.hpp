#pragma once
/// \file
/// Which of many numbers occur more than once? In bounded memory, with few mistakes on one side.
///
///     RepeatFilter filter(a_hundred_million);
///     for (number of all) filter.add(number);
///     filter.end();
///     for (number of all) if (filter.may_repeat(number)) ...   // all that repeat, and few others
///
/// Two Bloom filters (B. Bloom, "Space/time trade-offs in hash coding with allowable errors",
/// Communications of the ACM 13, 1970): of each number four bits are set, in one word that its hash
/// chooses, so that a look costs one miss of the cache (blocked filters: F. Putze, P. Sanders,
/// J. Singler, WEA 2007).
///
///     seen    the bits of all numbers
///     again   the bits of those whose bits were all there when they came
///
/// A number that comes again finds its bits, so it is never missed. One that comes once is taken
/// for a repeated one if others have set its bits: of up to 64 million numbers about one in five
/// hundred; of more, more.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace mgan::inline MGAN_ABI {

class RepeatFilter {
    /// Where a number is: the word by the upper bits of its hash, four bits by some below.
    struct Bits {
        std::uint64_t hash, mask;

        explicit Bits(std::uint64_t number) noexcept
            : hash((number ^ number >> 32) * 0x9e3779b97f4a7c15u),
              mask(bit(8) | bit(14) | bit(20) | bit(26)) {}

        [[nodiscard]] std::uint64_t bit(int from) const noexcept {
            return std::uint64_t{1} << (hash >> from & 63);
        }
        template <typename Words>
        [[nodiscard]] auto& word_of(Words& words) const {
            return words[static_cast<std::size_t>(hash >> (65 - std::bit_width(words.size())))];
        }
    };

public:
    /// For about `numbers` numbers: up to 40 bits each, 160 MiB at most.
    explicit RepeatFilter(std::size_t numbers)
        : seen_(std::bit_ceil(std::clamp<std::size_t>(numbers / 4, kLeast, kMost))),
          again_(seen_.size() / 4) {}

    void add(std::uint64_t number) {
        const Bits bits(number);
        std::uint64_t& seen = bits.word_of(seen_);
        if ((seen & bits.mask) == bits.mask) {
            bits.word_of(again_) |= bits.mask;
            ++repeats_;
        } else {
            seen |= bits.mask;
        }
    }

    /// No more numbers are added: frees what only `add` needs.
    void end() { seen_ = std::vector<std::uint64_t>(); }

    /// Additions that found all bits there: those of numbers that were there, and a few others.
    [[nodiscard]] std::size_t repeats() const noexcept { return repeats_; }

    /// True for each number that was added twice or more.
    [[nodiscard]] bool may_repeat(std::uint64_t number) const {
        const Bits bits(number);
        return (bits.word_of(again_) & bits.mask) == bits.mask;
    }

private:
    static constexpr std::size_t kLeast = 64, kMost = std::size_t{1} << 24;

    std::vector<std::uint64_t> seen_, again_;
    std::size_t repeats_ = 0;
};

}  // namespace mgan::inline MGAN_ABI
