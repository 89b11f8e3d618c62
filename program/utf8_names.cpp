/// \file
/// File names are UTF-8 in the program, on Windows too.
///
/// With MinGW, `std::filesystem::path` writes narrow text as UTF-8, but reads it by `mbrtowc` of
/// the C library, which in the locale "C" takes each byte for a letter. A name would not come back
/// as it went. So the program has an `mbrtowc` that reads UTF-8; it is linked statically, and
/// nothing else in it reads narrow text as wide.

#if defined(__MINGW32__)

#include <cerrno>
#include <cwchar>

namespace {

constexpr std::size_t kInvalid = static_cast<std::size_t>(-1);
constexpr std::size_t kIncomplete = static_cast<std::size_t>(-2);

/// Bytes of the letter that begins with this one; 0 where none does.
std::size_t length_of(unsigned char first) {
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first < 0xE0) return 2;
    if (first >= 0xE0 && first < 0xF0) return 3;
    return first >= 0xF0 && first < 0xF5 ? 4 : 0;
}

}  // namespace

/// One unit of UTF-16; returns how many bytes it took. Of a letter with two units the first takes
/// three bytes, and `state` keeps the second, which takes the last byte.
extern "C" std::size_t mbrtowc(wchar_t* unit, const char* bytes, std::size_t size,
                               std::mbstate_t* state) {
    static std::mbstate_t own{};
    if (state == nullptr) state = &own;
    if (bytes == nullptr) {
        *state = 0;
        return 0;
    }
    if (size == 0) return kIncomplete;
    const auto put = [&](unsigned long value) {
        if (unit != nullptr) *unit = static_cast<wchar_t>(value);
    };
    if (*state != 0) {
        put(static_cast<unsigned long>(*state));
        *state = 0;
        return 1;
    }
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    const std::size_t length = length_of(byte(0));
    unsigned long letter = length < 2 ? byte(0) : byte(0) & (0x7Fu >> length);
    for (std::size_t i = 1; i < length && i < size; ++i) {
        if ((byte(i) & 0xC0u) != 0x80u) {
            errno = EILSEQ;
            return kInvalid;
        }
        letter = letter << 6 | (byte(i) & 0x3Fu);
    }
    const bool surrogate = letter >= 0xD800 && letter < 0xE000;
    if (length == 0 ||
        (length <= size && (surrogate || letter > 0x10FFFF || (length == 3 && letter < 0x800) ||
                            (length == 4 && letter < 0x10000)))) {
        errno = EILSEQ;
        return kInvalid;
    }
    if (length > size) return kIncomplete;
    if (length < 4) {
        put(letter);
        return letter == 0 ? 0 : length;
    }
    letter -= 0x10000;
    put(0xD800 + (letter >> 10));
    *state = static_cast<std::mbstate_t>(0xDC00 + (letter & 0x3FF));
    return 3;
}

#endif
