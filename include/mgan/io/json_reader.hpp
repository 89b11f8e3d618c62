#pragma once
/// \file
/// JSON as a sequence of events.
///
/// An untrusted JSON file is not built into a tree: a tree takes many times the file's memory,
/// silently keeps one of two equal keys, and turns -1 or 1e30 into some integer. Here the parser
/// (nlohmann/json's SAX interface) reports what it meets, in order, to a listener that knows what
/// to expect and refuses everything else at once, with the place in the file.

#include <mgan/core/error.hpp>
#include <mgan/io/json_text.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

namespace mgan::inline MGAN_ABI {

/// A JSON value without parts: null, a truth value, a negative integer, an integer from zero up to
/// 2^64 - 1, any other number (always finite), a text.
using JsonScalar =
    std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string>;

/// A listener to `read_json`. It refuses what it does not expect by throwing.
class JsonEvents {
public:
    virtual ~JsonEvents() = default;
    virtual void begin_object() = 0;
    virtual void key(std::string&& name) = 0;
    virtual void end_object() = 0;
    virtual void begin_array() = 0;
    virtual void end_array() = 0;
    virtual void value(JsonScalar&& scalar) = 0;

    /// Throws FormatError `SOURCE: byte N: MESSAGE` at the place where the parser is.
    template <typename... Parts>
    [[noreturn]] void fail(const Parts&... parts) const {
        fail_at(source_, offset_, parts...);
    }

    /// Position in the file of the last byte that the parser has read: at a value or a key, its
    /// last byte or the one behind it.
    [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }

protected:
    JsonEvents() = default;
    JsonEvents(const JsonEvents&) = default;
    JsonEvents& operator=(const JsonEvents&) = default;

private:
    friend class JsonSax;
    std::string source_;
    std::uint64_t offset_ = 0;
};

/// Counts, for the listener, the bytes that the parser takes.
class JsonByteIterator {
public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    JsonByteIterator(const char* at, const char** last_read) : at_(at), last_read_(last_read) {}
    reference operator*() const noexcept {
        *last_read_ = at_;
        return *at_;
    }
    JsonByteIterator& operator++() noexcept {
        ++at_;
        return *this;
    }
    bool operator==(const JsonByteIterator& other) const noexcept { return at_ == other.at_; }

private:
    const char* at_;
    const char** last_read_;
};

/// Passes the events of nlohmann's parser on to a JsonEvents.
class JsonSax {
public:
    JsonSax(std::span<const std::byte> text, std::string_view source, std::uint64_t offset,
            std::size_t max_depth, JsonEvents& events)
        : begin_(reinterpret_cast<const char*>(text.data())),
          last_read_(begin_),
          offset_(offset),
          max_depth_(max_depth),
          events_(events) {
        events_.source_ = source;
        events_.offset_ = offset;
        // nlohmann's lexer takes a zero byte for the end of the text and would ignore what follows.
        const std::size_t zero = std::string_view(begin_, text.size()).find('\0');
        if (zero != std::string_view::npos) {
            events_.offset_ += zero;
            events_.fail("a zero byte, where JSON text is expected");
        }
        nlohmann::json::sax_parse(JsonByteIterator(begin_, &last_read_),
                                  JsonByteIterator(begin_ + text.size(), &last_read_), this);
    }

    // The interface that nlohmann::json::sax_parse asks for; `true` means "go on".
    bool null() { return value(std::monostate{}); }
    bool boolean(bool x) { return value(x); }
    bool number_integer(std::int64_t x) { return value(x); }
    bool number_unsigned(std::uint64_t x) { return value(x); }
    bool number_float(double x, const std::string&) { return value(x); }
    bool string(std::string& text) { return value(std::move(text)); }
    bool binary(nlohmann::json::binary_t&) { return false; }  // not in JSON text
    bool key(std::string& name) {
        update();
        events_.key(std::move(name));
        return true;
    }
    bool start_object(std::size_t) {
        enter();
        events_.begin_object();
        return true;
    }
    bool end_object() {
        leave();
        events_.end_object();
        return true;
    }
    bool start_array(std::size_t) {
        enter();
        events_.begin_array();
        return true;
    }
    bool end_array() {
        leave();
        events_.end_array();
        return true;
    }
    bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& error) {
        update();
        // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error ...": the
        // words behind the place are what a reader needs.
        std::string_view words = error.what();
        words.remove_prefix(std::min(words.find("] ") + 2, words.size()));
        if (words.starts_with("parse error at")) words = words.substr(words.find(": ") + 2);
        events_.fail("not JSON: ", words.substr(0, 200));
    }

private:
    void update() { events_.offset_ = offset_ + static_cast<std::uint64_t>(last_read_ - begin_); }
    template <typename Value>
    bool value(Value&& x) {
        update();
        events_.value(JsonScalar(std::forward<Value>(x)));
        return true;
    }
    void enter() {
        update();
        if (++depth_ > max_depth_) events_.fail("JSON nested deeper than ", max_depth_, " levels");
    }
    void leave() {
        update();
        --depth_;
    }

    const char* begin_;
    const char* last_read_;
    std::uint64_t offset_;
    std::size_t depth_ = 0;
    std::size_t max_depth_;
    JsonEvents& events_;
};

/// Reads one JSON value that fills `text`, and reports to `events` what it meets.
/// \param source  what is read, for messages: a path
/// \param offset  where `text` begins in the file, for messages
/// \throws FormatError where the text is not JSON or is nested deeper than `max_depth`, and
///         whatever `events` throws
inline void read_json(std::span<const std::byte> text, std::string_view source,
                      std::uint64_t offset, std::size_t max_depth, JsonEvents& events) {
    (void)JsonSax(text, source, offset, max_depth, events);
}

}  // namespace mgan::inline MGAN_ABI
