#pragma once
/// \file
/// Writing JSON piece by piece.
///
/// What mgan writes is flat (a header, a list of settings, a line per epoch) and needs no tree in
/// memory: the pieces are appended to a string. Equal values give equal bytes, and a number is
/// written with the fewest digits that read back as the same number.

#include <mgan/core/error.hpp>
#include <mgan/core/number_text.hpp>
#include <mgan/core/quote.hpp>

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mgan::inline MGAN_ABI {

/// Whether `text` is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
[[nodiscard]] inline bool is_utf8(std::string_view text) noexcept {
    std::size_t follow = 0;            // bytes of this character that are still to come
    unsigned low = 0x80, high = 0xBF;  // bounds of the next of them
    for (const char c : text) {
        const unsigned b = static_cast<unsigned char>(c);
        if (follow > 0) {
            if (b < low || b > high) return false;
            low = 0x80;
            high = 0xBF;
            --follow;
        } else if (b >= 0x80) {
            if (b < 0xC2 || b > 0xF4) return false;
            follow = b < 0xE0 ? 1 : b < 0xF0 ? 2 : 3;
            if (b == 0xE0) low = 0xA0;   // below: overlong
            if (b == 0xED) high = 0x9F;  // above: surrogates
            if (b == 0xF0) low = 0x90;   // below: overlong
            if (b == 0xF4) high = 0x8F;  // above: beyond U+10FFFF
        }
    }
    return follow == 0;
}

/// Appends `text` as a JSON string. Every text has one form: a backslash before `"` and `\`, the
/// short escapes `\b \t \n \f \r`, everything else as it is.
/// \throws Error where the text is not UTF-8 or holds another control character
inline void append_json_string(std::string& json, std::string_view text) {
    if (!is_utf8(text)) fail<Error>("JSON: the text ", in_quotes(text), " is not UTF-8");
    constexpr std::string_view kShort = "\b\t\n\f\r\"\\";
    json += '"';
    for (const char c : text) {
        if (const std::size_t at = kShort.find(c); at != std::string_view::npos) {
            json += '\\';
            json += "btnfr\"\\"[at];
        } else {
            if (static_cast<unsigned char>(c) < 0x20) {
                fail<Error>("JSON: the text ", in_quotes(text), " holds a control character");
            }
            json += c;
        }
    }
    json += '"';
}

/// Appends an integer.
template <typename Integer>
void append_json_integer(std::string& json, Integer value) {
    char digits[24];
    json.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

/// Appends a number with the fewest digits that read back as the same double. JSON has no word for
/// NaN and the infinities: they become `null`.
inline void append_json_number(std::string& json, double value) {
    if (!std::isfinite(value)) {
        json += "null";
        return;
    }
    char digits[kNumberCharacters];
    json.append(digits, write_number(digits, value));
}

}  // namespace mgan::inline MGAN_ABI
