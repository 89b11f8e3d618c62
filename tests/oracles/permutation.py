#!/usr/bin/env python3
"""Permutations as equation (1) of core/permutation.hpp has them, for tests/core.

    tests/oracles/permutation.py          prints the first entries

Written from the equation and from the paper of Philox (Salmon et al., SC 2011), without mgan.
"""

MASK = 2**32 - 1
CASES = [(65537, 1, "order", 1, 0), (100_000, 2, "order", 7, 1), (1_000_000, 3, "order", 0, 0)]


def philox(counter, key):
    x, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * x[0], 0xCD9E8D57 * x[2]
        x = [(b >> 32) ^ x[1] ^ k[0], b & MASK, (a >> 32) ^ x[3] ^ k[1], a & MASK]
        k = [(k[0] + 0x9E3779B9) & MASK, (k[1] + 0xBB67AE85) & MASK]
    return x


def mix(x):
    x = (x + 0x9E3779B97F4A7C15) % 2**64
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB % 2**64
    return x ^ (x >> 31)


def fnv_1a(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def bits(seed, purpose, step, index):
    key = mix(seed ^ mix(fnv_1a(purpose)))
    words = philox([index & MASK, index >> 32, step & MASK, step >> 32], [key & MASK, key >> 32])
    return words[1] << 32 | words[0]


def entry(size, seed, purpose, step, number, place):
    n = (size - 1).bit_length()
    wide, narrow = (n + 1) // 2, n // 2
    while True:
        left, right = place >> wide, place % 2**wide
        for line in range(8):
            if line % 2 == 0:
                left ^= bits(seed, purpose, step, number * 2**40 + line * 2**32 + right) % 2**narrow
            else:
                right ^= bits(seed, purpose, step, number * 2**40 + line * 2**32 + left) % 2**wide
        place = left * 2**wide + right
        if place < size:
            return place


def main():
    for case in CASES:
        print(*case, ":", ", ".join(str(entry(*case, place)) for place in range(8)))


if __name__ == "__main__":
    main()
