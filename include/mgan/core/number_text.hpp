#pragma once
/// \file
/// Numbers as text: the fewest digits that read back as the same number.
///
/// `std::to_chars` writes them. The libraries of some compilers have it for whole numbers only
/// (libc++ before version 14, so emscripten's); there `shortest_digits` finds the same characters.

#include <mgan/core/version.hpp>

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace mgan::inline MGAN_ABI {

/// Room for the text of any finite double.
inline constexpr std::size_t kNumberCharacters = 32;

/// Writes a number as `std::to_chars(begin, end, value)` does; returns the end of the text.
/// `begin` has room for `kNumberCharacters`. Slow: it tries one digit, two digits, ... Independent
/// of the locale.
[[nodiscard]] inline char* shortest_digits(char* begin, double value) noexcept {
    if (!std::isfinite(value)) {
        const char* const word = std::isnan(value) ? "nan" : "inf";
        if (std::signbit(value)) *begin++ = '-';
        std::memcpy(begin, word, 3);
        return begin + 3;
    }
    char digits[20], text[48];
    const double size = std::fabs(value);
    int count = 1, exponent = 0;
    const auto reads_back = [&] {  // digits without a point, which a locale may write as a comma
        std::snprintf(text, sizeof text, "%.*se%d", count, digits, exponent - (count - 1));
        return std::strtod(text, nullptr) == size;
    };
    for (; count <= 17; ++count) {
        std::snprintf(text, sizeof text, "%.*e", count - 1, size);
        const char* from = text;
        for (int i = 0; i < count; ++from)
            if (*from >= '0' && *from <= '9') digits[i++] = *from;
        exponent = std::atoi(std::strchr(from, 'e') + 1);
        if (reads_back()) break;
        // Below a power of two doubles are twice as dense as above. So the next decimal above may
        // read back where the nearest one, which lies below, does not.
        int last = count - 1;
        if (digits[last] == '9') continue;
        ++digits[last];
        if (reads_back()) break;
    }
    // The shorter of both notations; fixed, if they are equally long.
    const int magnitude = exponent < 0 ? -exponent : exponent;
    const int scientific = count + (count > 1 ? 1 : 0) + (magnitude < 100 ? 4 : 5);
    const int fixed = exponent < 0            ? count + 1 - exponent
                      : exponent + 1 >= count ? exponent + 1
                                              : count + 1;
    char* to = begin;
    if (std::signbit(value)) *to++ = '-';
    const auto put = [&](int from, int many) {
        std::memcpy(to, digits + from, static_cast<std::size_t>(many));
        to += many;
    };
    if (fixed > scientific) {
        put(0, 1);
        if (count > 1) *to++ = '.';
        put(1, count - 1);
        return to + std::snprintf(to, 8, "e%c%02d", exponent < 0 ? '-' : '+', magnitude);
    }
    if (exponent < 0) {
        *to++ = '0';
        *to++ = '.';
        for (int i = 1; i < magnitude; ++i) *to++ = '0';
        put(0, count);
    } else if (exponent + 1 >= count) {  // a whole number: all of its digits
        to += std::snprintf(to, kNumberCharacters - 1, "%.0f", size);
    } else {
        put(0, exponent + 1);
        *to++ = '.';
        put(exponent + 1, count - exponent - 1);
    }
    return to;
}

namespace number_text_detail {
/// A template, so that a library without `to_chars` for this type makes it false.
template <typename Number>
concept HasToChars = requires(char* at, Number value) {
    std::to_chars(at, at, value).ptr;
};

template <typename Number>
[[nodiscard]] char* write_number(char* begin, Number value) noexcept {
    if constexpr (HasToChars<Number>) {
        return std::to_chars(begin, begin + kNumberCharacters, value).ptr;
    } else {
        return shortest_digits(begin, value);
    }
}
}  // namespace number_text_detail

/// Writes a finite number with the fewest digits that read back as the same double; returns the end
/// of the text. `begin` has room for `kNumberCharacters`.
[[nodiscard]] inline char* write_number(char* begin, double value) noexcept {
    return number_text_detail::write_number(begin, value);
}

/// The shortest digits that read back as the same number.
[[nodiscard]] inline std::string number_text(double value) {
    char digits[kNumberCharacters];
    return {digits, write_number(digits, value)};
}

}  // namespace mgan::inline MGAN_ABI
