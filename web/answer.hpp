#pragma once
/// \file
/// How the page talks to the library: functions that C can call, and one answer.
///
/// A function returns 1, and leaves a text (mostly JSON) or bytes; or it returns 0, and the text
/// says what was wrong. The page calls one function at a time, and reads the answer before the
/// next.

#include <mgan/core/error.hpp>
#include <mgan/io/json_text.hpp>
#include <mgan/midi/song.hpp>

#include <cstddef>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#ifdef __EMSCRIPTEN__
#include <emscripten/emscripten.h>
#define MGAN_WEB extern "C" EMSCRIPTEN_KEEPALIVE
#else
#define MGAN_WEB extern "C"
#endif

namespace mgan::web {

struct Answer {
    std::string text;
    std::vector<std::byte> bytes;
};
inline Answer answer;

/// Runs `work`, which fills the answer. No exception leaves it.
template <typename Work>
int answered(Work&& work) noexcept {
    answer.text.clear();
    answer.bytes.clear();
    try {
        std::forward<Work>(work)();
        return 1;
    } catch (const std::bad_alloc&) {
        answer.text = "not enough memory";
    } catch (const std::exception& error) {
        answer.text = error.what();
    }
    return 0;
}

/// JSON, piece by piece.
class Json {
public:
    explicit Json(char open) : text_(1, open), close_(open == '{' ? '}' : ']') {}

    Json& key(std::string_view name) {
        separate();
        append_json_string(text_, name);
        text_ += ':';
        first_ = true;
        return *this;
    }
    Json& add(double number) {
        separate();
        append_json_number(text_, number);
        return *this;
    }
    /// A file's name may hold what JSON does not.
    Json& add(std::string_view text) {
        std::string plain(text);
        const bool in_utf8 = is_utf8(text);
        for (char& c : plain)
            if (static_cast<unsigned char>(c) < 0x20 || (!in_utf8 && (c & 0x80) != 0)) c = '?';
        separate();
        append_json_string(text_, plain);
        return *this;
    }
    Json& add(const Json& part) {
        separate();
        text_ += part.text();
        return *this;
    }
    /// JSON as it is.
    Json& add_raw(std::string_view json) {
        separate();
        text_ += json;
        return *this;
    }
    template <typename Value>
    Json& set(std::string_view name, const Value& value) {
        return key(name).add(value);
    }
    [[nodiscard]] std::string text() const { return text_ + close_; }

private:
    void separate() {
        if (!first_) text_ += ',';
        first_ = false;
    }
    std::string text_;
    char close_;
    bool first_ = true;
};

/// Notes as one flat list: onset, length, pitch, velocity, onset, ...
[[nodiscard]] inline Json notes_of(const Song& song) {
    Json notes('[');
    for (const Note& note : song.notes)
        notes.add(static_cast<double>(note.onset))
            .add(static_cast<double>(note.length))
            .add(static_cast<double>(note.pitch))
            .add(static_cast<double>(note.velocity));
    return notes;
}

}  // namespace mgan::web
