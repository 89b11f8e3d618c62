#pragma once
/// \file
/// The one way in which mgan reads untrusted bytes.
///
/// A file says "4 294 967 000 bytes follow", and 12 follow: a reader that believes it reads past
/// its buffer, or allocates 4 GiB. So untrusted bytes are read through this cursor alone. It knows
/// where they end, and compares every length with what remains before it hands anything out. A
/// caller that wants to go on after damage asks `has(n)` first; any other lets it throw.

#include <mgan/core/error.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// A position in a span of bytes, and a limit that it cannot pass. Integers are read byte by byte,
/// so neither the alignment nor the byte order of the machine matters. Bytes and name must outlive
/// it.
class ByteCursor {
public:
    /// \param name  what the bytes are, for messages: a path, or "MIDI data"
    explicit ByteCursor(std::span<const std::byte> bytes, std::string_view name = "data") noexcept
        : bytes_(bytes), name_(name), limit_(bytes.size()) {}
    template <std::same_as<std::string> Temporary>
    ByteCursor(std::span<const std::byte>, Temporary&&) = delete;
    template <std::same_as<std::vector<std::byte>> Temporary>
    explicit ByteCursor(Temporary&&, std::string_view = "") = delete;

    [[nodiscard]] std::size_t offset() const noexcept { return offset_; }
    [[nodiscard]] std::size_t limit() const noexcept { return limit_; }
    [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
    [[nodiscard]] std::size_t remaining() const noexcept { return limit_ - offset_; }
    [[nodiscard]] bool has(std::uint64_t count) const noexcept { return count <= remaining(); }

    /// What remains, to look ahead. Not counted as read: `take` what was used.
    [[nodiscard]] std::span<const std::byte> rest() const noexcept {
        return bytes_.subspan(offset_, remaining());
    }

    /// Looks at single bytes so far, repeated ones counted: tests prove by it that a reader is
    /// linear.
    [[nodiscard]] std::uint64_t reads() const noexcept { return reads_; }

    /// Moves to `offset` <= limit(). \throws FormatError
    void seek(std::uint64_t offset) {
        if (offset > limit_) fail("a position inside the data");
        offset_ = static_cast<std::size_t>(offset);
    }

    /// Sets the end of what may be read, offset() <= limit <= size(). \throws FormatError
    void set_limit(std::uint64_t limit) {
        if (limit > bytes_.size() || limit < offset_) fail("a length that fits the data");
        limit_ = static_cast<std::size_t>(limit);
    }

    /// The next `count` bytes, and steps over them. \throws FormatError where fewer remain
    [[nodiscard]] std::span<const std::byte> take(std::uint64_t count) {
        const std::size_t begin = offset_;
        advance(count);
        return bytes_.subspan(begin, static_cast<std::size_t>(count));
    }

    /// Steps over `count` bytes without looking at them. \throws FormatError where fewer remain
    void skip(std::uint64_t count) {
        require_bytes(count);
        offset_ += static_cast<std::size_t>(count);
    }

    /// The next byte, without stepping over it. \throws FormatError
    [[nodiscard]] std::uint8_t peek() {
        require_bytes(1);
        ++reads_;
        return std::to_integer<std::uint8_t>(bytes_[offset_]);
    }

    /// Unsigned integers of 1, 2, 4 or 8 bytes; be = most significant byte first (MIDI), le = last
    /// (RIFF, safetensors). \throws FormatError where fewer bytes remain
    [[nodiscard]] std::uint8_t u8() {
        const std::uint8_t value = peek();
        ++offset_;
        return value;
    }
    [[nodiscard]] std::uint16_t be16() { return static_cast<std::uint16_t>(big_endian(2)); }
    [[nodiscard]] std::uint32_t be32() { return static_cast<std::uint32_t>(big_endian(4)); }
    [[nodiscard]] std::uint32_t le32() { return static_cast<std::uint32_t>(little_endian(4)); }
    [[nodiscard]] std::uint64_t le64() { return little_endian(8); }

    /// Whether the bytes of `text` come next.
    [[nodiscard]] bool next_is(std::string_view text) noexcept {
        if (!has(text.size())) return false;
        reads_ += text.size();
        return std::memcmp(bytes_.data() + offset_, text.data(), text.size()) == 0;
    }

    /// Moves to the next `text` (not empty) at or after the position and returns true; or stays and
    /// returns false. Linear.
    [[nodiscard]] bool find(std::string_view text) noexcept {
        const std::string_view rest(reinterpret_cast<const char*>(bytes_.data()) + offset_,
                                    remaining());
        const std::size_t at = rest.find(text);
        reads_ += at == std::string_view::npos ? rest.size() : at + text.size();
        if (at == std::string_view::npos) return false;
        offset_ += at;
        return true;
    }

private:
    [[noreturn]] void fail(std::string_view expected) const {
        fail_at(name_, offset_, "expected ", expected);
    }
    // Apart from the check, so that the compiler inlines the check into the loops that need it.
    [[noreturn]] void fail_short(std::uint64_t count) const {
        fail_at(name_, offset_, "expected ", count, " more byte", count == 1 ? "" : "s", ", ",
                remaining(), " remain");
    }
    void require_bytes(std::uint64_t count) const {
        if (!has(count)) fail_short(count);
    }
    void advance(std::uint64_t count) {
        skip(count);
        reads_ += count;
    }
    [[nodiscard]] std::uint64_t big_endian(std::size_t count) {
        std::uint64_t value = 0;
        for (const std::byte b : take(count))
            value = value << 8 | std::to_integer<std::uint64_t>(b);
        return value;
    }
    [[nodiscard]] std::uint64_t little_endian(std::size_t count) {
        std::uint64_t value = 0;
        unsigned shift = 0;
        for (const std::byte b : take(count)) {
            value |= std::to_integer<std::uint64_t>(b) << shift;
            shift += 8;
        }
        return value;
    }

    std::span<const std::byte> bytes_;
    std::string_view name_;
    std::size_t offset_ = 0;
    std::size_t limit_;
    std::uint64_t reads_ = 0;
};

}  // namespace mgan::inline MGAN_ABI
