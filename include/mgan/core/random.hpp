#pragma once
/// \file
/// Random numbers as a function, not as a stream.
///
/// A stream (`std::mt19937`) has a history: the numbers that a thread gets depend on who drew
/// before, so a run that is stopped, resumed or spread over threads changes its bits. Here every
/// number is a pure function of four things,
///
///     number = f(seed, purpose, step, index),
///
/// so any of them can be computed at any time, by any thread, in any order. The function is
/// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3",
/// SC 2011): ten rounds of multiplication and exchange over a 128-bit counter, under a 64-bit key.
///
///     counter = (index, step)         key = mix(seed, purpose)
///
/// The conversions are our own: the distributions of the standard library differ between
/// implementations. They use +, -, *, /, sqrt and fma only, which IEEE 754 rounds in one way.

#include <mgan/core/hash.hpp>
#include <mgan/core/version.hpp>

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace mgan::inline MGAN_ABI {

/// Philox4x32-10: 128 random bits from a 128-bit counter and a 64-bit key.
[[nodiscard]] constexpr std::array<std::uint32_t, 4> philox4x32(
    std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) noexcept {
    constexpr std::uint64_t kMultiplier0 = 0xD2511F53u;
    constexpr std::uint64_t kMultiplier1 = 0xCD9E8D57u;
    constexpr std::uint32_t kWeyl0 = 0x9E3779B9u;  // golden ratio
    constexpr std::uint32_t kWeyl1 = 0xBB67AE85u;  // sqrt(3) - 1
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t product0 = kMultiplier0 * counter[0];
        const std::uint64_t product1 = kMultiplier1 * counter[2];
        counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
                   static_cast<std::uint32_t>(product1),
                   static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
                   static_cast<std::uint32_t>(product0)};
        key[0] += kWeyl0;
        key[1] += kWeyl1;
    }
    return counter;
}

/// Inverse of the normal distribution function, p in (0, 1): Wichura's algorithm AS 241 (PPND16,
/// Applied Statistics 37, 1988), relative error about 1e-16. Deterministic on every machine.
[[nodiscard]] double inverse_normal_cdf(double p) noexcept;

/// A family of random numbers: the seed of the run, what the numbers are for, and which step of the
/// work they belong to. Copies are cheap; there is no state to advance.
class Random {
public:
    Random(std::uint64_t seed, std::string_view purpose, std::uint64_t step = 0) noexcept
        : key_(mix(seed ^ mix(fnv_1a(purpose)))), step_(step) {}

    /// The same seed and purpose at another step.
    [[nodiscard]] Random at(std::uint64_t step) const noexcept {
        Random other = *this;
        other.step_ = step;
        return other;
    }

    /// 64 random bits.
    [[nodiscard]] std::uint64_t bits(std::uint64_t index) const noexcept {
        const auto word =
            philox4x32({low(index), high(index), low(step_), high(step_)}, {low(key_), high(key_)});
        return (static_cast<std::uint64_t>(word[1]) << 32) | word[0];
    }

    /// Uniform on [0, 1): the top 53 bits, so that every value is a multiple of 2^-53.
    [[nodiscard]] double uniform(std::uint64_t index) const noexcept {
        return static_cast<double>(bits(index) >> 11) * 0x1.0p-53;
    }

    /// Uniform on [low, high).
    [[nodiscard]] double uniform(std::uint64_t index, double low, double high) const noexcept {
        return std::fma(high - low, uniform(index), low);
    }

    /// Uniform on {0, ..., count - 1}; count > 0. (Lemire's multiplication; the bias is below
    /// count / 2^64.)
    [[nodiscard]] std::uint64_t integer(std::uint64_t index, std::uint64_t count) const noexcept {
        const std::uint64_t x = bits(index);
        const std::uint64_t low_part = low(x) * static_cast<std::uint64_t>(low(count));
        const std::uint64_t middle1 =
            high(x) * static_cast<std::uint64_t>(low(count)) + (low_part >> 32);
        const std::uint64_t middle2 =
            low(x) * static_cast<std::uint64_t>(high(count)) + low(middle1);
        return high(x) * static_cast<std::uint64_t>(high(count)) + (middle1 >> 32) +
               (middle2 >> 32);
    }

    /// Standard normal, by inversion (one uniform, one number: no pairs to remember).
    [[nodiscard]] double normal(std::uint64_t index) const noexcept {
        const double p =
            (static_cast<double>(bits(index) >> 12) + 0.5) * 0x1.0p-52;  // never 0 or 1
        return inverse_normal_cdf(p);
    }

private:
    static constexpr std::uint32_t low(std::uint64_t x) noexcept {
        return static_cast<std::uint32_t>(x);
    }
    static constexpr std::uint32_t high(std::uint64_t x) noexcept {
        return static_cast<std::uint32_t>(x >> 32);
    }

    /// The finaliser of SplitMix64: near keys become unrelated ones.
    static constexpr std::uint64_t mix(std::uint64_t x) noexcept {
        x += 0x9e3779b97f4a7c15u;
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
        x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
        return x ^ (x >> 31);
    }

    std::uint64_t key_;
    std::uint64_t step_;
};

namespace random_detail {

/// Natural logarithm of a positive normal number: x = m 2^e with m in [sqrt(1/2), sqrt(2)), and
/// log m = 2 atanh(s), s = (m - 1) / (m + 1), as a series in s^2. Its 12 terms leave an error below
/// 1e-16. (std::log differs between C libraries in the last bit.)
[[nodiscard]] inline double logarithm(double x) noexcept {
    int exponent = 0;
    double mantissa = std::frexp(x, &exponent);
    if (mantissa < 0.70710678118654752) {
        mantissa *= 2.0;
        --exponent;
    }
    const double s = (mantissa - 1.0) / (mantissa + 1.0);
    const double s2 = s * s;
    double series = 0.0;
    for (int k = 23; k >= 3; k -= 2) series = std::fma(series, s2, 1.0 / k);
    const double log_mantissa = 2.0 * std::fma(s * s2, series, s);
    return std::fma(static_cast<double>(exponent), 0.69314718055994530942, log_mantissa);
}

/// sum of coefficient[k] x^k, by Horner with fused operations: one rounding a step on every
/// machine.
[[nodiscard]] inline double polynomial(const std::array<double, 8>& coefficient,
                                       double x) noexcept {
    double sum = coefficient[7];
    for (std::size_t k = 7; k-- > 0;) sum = std::fma(sum, x, coefficient[k]);
    return sum;
}

/// The coefficients of a quotient of two polynomials.
struct Rational {
    std::array<double, 8> numerator, denominator;
};

/// factor * numerator(x) / denominator(x).
[[nodiscard]] inline double ratio(const Rational& rational, double x,
                                  double factor = 1.0) noexcept {
    return factor * polynomial(rational.numerator, x) / polynomial(rational.denominator, x);
}

// The tables of AS 241.
inline constexpr Rational kMiddle = {
    {3.3871328727963666080, 1.3314166789178437745e+2, 1.9715909503065514427e+3,
     1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4,
     3.3430575583588128105e+4, 2.5090809287301226727e+3},
    {1.0, 4.2313330701600911252e+1, 6.8718700749205790830e+2, 5.3941960214247511077e+3,
     2.1213794301586595867e+4, 3.9307895800092710610e+4, 2.8729085735721942674e+4,
     5.2264952788528545610e+3}};
inline constexpr Rational kTail = {
    {1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550, 3.64784832476320460504,
     1.27045825245236838258, 2.41780725177450611770e-1, 2.27238449892691845833e-2,
     7.74545014278341407640e-4},
    {1.0, 2.05319162663775882187, 1.67638483018380384940, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
     1.05075007164441684324e-9}};
inline constexpr Rational kFarTail = {
    {6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580,
     2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
     2.71155556874348757815e-5, 2.01033439929228813265e-7},
    {1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
     2.04426310338993978564e-15}};

}  // namespace random_detail

inline double inverse_normal_cdf(double p) noexcept {
    using random_detail::ratio;
    const double q = p - 0.5;
    if (std::abs(q) <= 0.425)  // the middle: a rational function of q^2
        return ratio(random_detail::kMiddle, std::fma(-q, q, 0.180625), q);
    // the tails: rational functions of sqrt(-log(tail probability))
    const double r = std::sqrt(-random_detail::logarithm(q < 0.0 ? p : 1.0 - p));
    const double value =
        r <= 5.0 ? ratio(random_detail::kTail, r - 1.6) : ratio(random_detail::kFarTail, r - 5.0);
    return q < 0.0 ? -value : value;
}

/// Puts `items` into a random order (Fisher-Yates): entry i, from the last, changes places with one
/// of 0 .. i. Draws the numbers first + 2 .. first + n of `random`, so that several shuffles may
/// share one.
template <typename T>
void shuffle(std::span<T> items, const Random& random, std::uint64_t first = 0) {
    for (std::size_t count = items.size(); count > 1; --count)
        std::swap(items[count - 1], items[random.integer(first + count, count)]);
}

}  // namespace mgan::inline MGAN_ABI
