#pragma once
/// \file
/// The exceptions of mgan. All derive from `mgan::Error`, so one `catch` serves at a program's edge.
///
/// A message says what was wrong, where, and where possible what to do:
/// `Lstm::forward: x has 3 features, the layer expects 8 (F)`.
///
/// Generation (models, encoding, generation/sampler.hpp, midi/writer.hpp) also compiles with
/// `-fno-exceptions -fno-rtti`. There, what would be thrown is written to standard error, and the
/// program is aborted: check sizes before, as every function says what must hold.

#include <mgan/core/version.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <locale>
#include <sstream>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace mgan::inline MGAN_ABI {

/// Base of everything that mgan throws.
class Error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Sizes of arrays do not fit each other.
class ShapeError : public Error {
public:
    using Error::Error;
};

/// A setting is unknown, of the wrong type or out of range.
class ConfigError : public Error {
public:
    using Error::Error;
};

/// The operating system refused: a file that cannot be opened, read, written or renamed.
class IoError : public Error {
public:
    using Error::Error;
};

/// The bytes of a file are not what its format asks for. `offset()` is the position of the first
/// byte that is wrong, counted from the start of the file.
class FormatError : public Error {
public:
    FormatError(const std::string& message, std::uint64_t offset)
        : Error(message), offset_(offset) {}
    [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }

private:
    std::uint64_t offset_;
};

/// The data hold nothing that can be used (an empty folder, songs that are all too short).
class DataError : public Error {
public:
    using Error::Error;
};

/// A value that must be finite is not. The message names the tensor and the step.
class NumericalError : public Error {
public:
    using Error::Error;
};

/// One piece of a message: a text, a number, a path, or anything that `<<` writes. It refers to what
/// it was made from, and costs nothing until the message is written.
class MessagePiece {
public:
    template <typename T>
    MessagePiece(const T& value) noexcept : value_(&value), write_(&write<T>) {}

    friend std::ostream& operator<<(std::ostream& text, const MessagePiece& piece) {
        piece.write_(text, piece.value_);
        return text;
    }

private:
    template <typename T>
    static void write(std::ostream& text, const void* value) {
        const T& piece = *static_cast<const T*>(value);
        if constexpr (requires { piece.generic_string(); })
            text << piece.string();  // std::filesystem::path, which `<<` would put into quotes
        else
            text << piece;
    }

    const void* value_;
    void (*write_)(std::ostream&, const void*);
};

/// The pieces as one text; `concat` is the way to call it.
[[nodiscard]] inline std::string join_pieces(std::initializer_list<MessagePiece> pieces) {
    std::ostringstream text;
    text.imbue(std::locale::classic());
    text.exceptions(std::ios::badbit);
    for (const MessagePiece& piece : pieces) text << piece;
    return std::move(text).str();
}

/// Joins its arguments as text: `concat("step ", 3, " of ", 8)`. Numbers are written the same way
/// in every locale, paths without quotes. Throws std::bad_alloc rather than returning half a text.
template <typename... Parts>
[[nodiscard]] std::string concat(const Parts&... parts) {
    return join_pieces({MessagePiece(parts)...});
}

/// Throws `error`; in a program that is compiled without exceptions, prints it and aborts.
template <typename Exception>
[[noreturn]] void throw_or_abort(const Exception& error) {
#ifdef __cpp_exceptions
    throw error;
#else
    std::fprintf(stderr, "%s\n", error.what());
    std::abort();
#endif
}

/// Throws `Exception` with the joined message (or aborts, as `throw_or_abort`).
template <typename Exception, typename... Parts>
[[noreturn]] void fail(const Parts&... parts) {
    throw_or_abort(Exception(concat(parts...)));
}

/// Fails with `Exception` and the joined message unless `condition` holds.
///
/// The message is written only then, so the parts must cost nothing themselves: a part that builds
/// a text (`path.string()`, a nested `concat`) does not compile. Give the path itself, or write
/// `if (!condition) fail<Exception>(...)`.
template <typename Exception, typename... Parts>
void require(bool condition, Parts&&... parts) {
    static_assert((!std::is_same_v<Parts, std::string> && ...),
                  "mgan::require: this part builds a text even where nothing is wrong");
    if (!condition) fail<Exception>(parts...);
}

}  // namespace mgan::inline MGAN_ABI
