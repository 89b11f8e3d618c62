#pragma once
/// \file
/// A permutation that is computed, not stored: for any place, the number that stands there.
///
/// `shuffle` (core/random.hpp) needs the whole list in memory, and all of it to know the first
/// entry. Of a million songs a minibatch wants 32. Here entry i is a function of i, as a random
/// number is a function of its index. It is a Feistel network (H. Feistel, "Cryptography and
/// computer privacy", Scientific American 228, 1973): a number of n bits is cut in two, and each
/// part is changed, in turn, by a random function of the other,
///
///     left   <-  left   xor  f_0(right)
///     right  <-  right  xor  f_1(left)
///     left   <-  left   xor  f_2(right)   ...                                          (1)
///
/// Whatever f_j is, a line undoes itself, so that (1) is a permutation of 0 .. 2^n - 1. With random
/// functions, four lines are hard to tell from a random one (M. Luby, C. Rackoff, SIAM Journal on
/// Computing 17, 1988); here there are eight, as the parts are small.
///
/// A size that is no power of two: an entry beyond it goes through (1) again, until it is below
/// (cycle walking; J. Black, P. Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002). It
/// comes there: (1) moves in cycles, and this one began at a number below. n is chosen such that
/// less than two passes are needed on average, a fraction of a microsecond.

#include <mgan/core/random.hpp>

#include <bit>
#include <cstdint>

namespace mgan::inline MGAN_ABI {

/// A permutation of 0 .. size - 1. Equal arguments give equal permutations, on every machine.
class Permutation {
public:
    /// `number`, below 2^24, tells apart several that share `random`, which has this use alone.
    Permutation(std::uint64_t size, const Random& random, std::uint64_t number = 0) noexcept
        : size_(size),
          random_(random),
          first_(number << 40),
          right_bits_((static_cast<int>(std::bit_width(size - 1)) + 1) / 2),
          left_bits_(static_cast<int>(std::bit_width(size - 1)) / 2) {}

    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

    /// The entry at `place` < size().
    [[nodiscard]] std::uint64_t operator()(std::uint64_t place) const noexcept {
        do place = network(place);
        while (place >= size_);
        return place;
    }

private:
    static constexpr std::uint64_t kLines = 8;

    /// The lowest `bits` bits, at most 32, of a random number for `part`.
    [[nodiscard]] std::uint64_t function(std::uint64_t line, std::uint64_t part,
                                         int bits) const noexcept {
        return random_.bits(first_ + (line << 32) + part) & ((std::uint64_t{1} << bits) - 1);
    }

    /// Equation (1).
    [[nodiscard]] std::uint64_t network(std::uint64_t number) const noexcept {
        std::uint64_t left = number >> right_bits_;
        std::uint64_t right = number & ((std::uint64_t{1} << right_bits_) - 1);
        for (std::uint64_t line = 0; line < kLines; line += 2) {
            left ^= function(line, right, left_bits_);
            right ^= function(line + 1, left, right_bits_);
        }
        return left << right_bits_ | right;
    }

    std::uint64_t size_;
    Random random_;
    std::uint64_t first_;
    int right_bits_, left_bits_;
};

}  // namespace mgan::inline MGAN_ABI
