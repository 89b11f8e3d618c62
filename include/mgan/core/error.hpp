#pragma once
/// \file
/// The exceptions of mgan, and how they are thrown. All derive from `mgan::Error`, so one `catch`
/// serves at a program's edge.
///
/// A message says what was wrong, where, and where possible what to do:
/// `Lstm::forward: x has 3 features, the layer expects 8 (F)`.
///
///     require<ShapeError>(x.rows() == size, "Dense: x has ", x.rows(), " rows, expected ", size);
///     if (!found) fail<DataError>(path, ": no song ", in_quotes(name));
///     fail_at(path, offset, "expected 4 more bytes");
///
/// Generation (models, encoding, generation/sampler.hpp, midi/writer.hpp) also compiles with
/// `-fno-exceptions -fno-rtti`. There, what would be thrown is written to standard error, and the
/// program is aborted: check sizes before the call, as every function says what must hold.

#include <mgan/core/version.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <locale>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace mgan::inline MGAN_BOUNDARY {

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

/// Another process holds the lock on what was to be locked (core/file_lock.hpp).
class LockedError : public IoError {
public:
    using IoError::IoError;
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

/// A loss or a gradient of a training is not finite. Of several ranks, all throw it.
class DivergenceError : public NumericalError {
public:
    using NumericalError::NumericalError;
};

}  // namespace mgan::inline MGAN_BOUNDARY

namespace mgan::inline MGAN_ABI {

/// One piece of a message: a text, a number, a path, or anything that `<<` writes. It refers to
/// what it was made from, which must outlive it, and costs nothing until the message is written.
class MessagePiece {
public:
    template <typename T>
    MessagePiece(const T& value) noexcept : value_(&value), write_(&write<T>) {}
    /// Texts of every length share one function.
    MessagePiece(const char* text) noexcept : value_(text), write_(&write_text) {}

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

    static void write_text(std::ostream& text, const void* value) {
        text << static_cast<const char*>(value);
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

/// Throws FormatError `SOURCE: byte OFFSET: MESSAGE` about a file's byte at `offset`.
template <typename... Parts>
[[noreturn]] void fail_at(std::string_view source, std::uint64_t offset, const Parts&... parts) {
    throw_or_abort(FormatError(concat(source, ": byte ", offset, ": ", parts...), offset));
}

/// Fails with `Exception` and the joined message unless `condition` holds.
///
/// The message is written only if it does not, but the parts are computed in any case, so they must
/// cost nothing: one that builds a text (`path.string()`, a nested `concat`) does not compile. Give
/// the path itself, or write `if (!condition) fail<Exception>(...)`.
template <typename Exception, typename... Parts>
void require(bool condition, Parts&&... parts) {
    static_assert((!std::is_same_v<std::remove_cv_t<Parts>, std::string> && ...),
                  "mgan::require: this part builds a text even where nothing is wrong");
    if (!condition) fail<Exception>(parts...);
}

}  // namespace mgan::inline MGAN_ABI
