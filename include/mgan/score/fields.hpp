#pragma once
/// \file
/// The fields of a score's text, `LETTER: value`: title, metre, key, tempo, parts, voices.
///
/// The header's fields say what every voice starts from; K: ends it. Those behind it change the
/// current voice. Users call `parse_score` of parser.hpp.

#include <mgan/score/bars.hpp>
#include <mgan/score/score.hpp>
#include <mgan/score/text.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mgan::inline MGAN_ABI::score::detail {

/// Reads fields into the score and its voices. `text` and `bars` must outlive it.
class ScoreFields {
public:
    ScoreFields(const ScoreText& text, ScoreBars& bars) noexcept : text_(text), bars_(bars) {}

    /// Whether the header is over.
    [[nodiscard]] bool in_body() const noexcept { return in_body_; }

    /// Reads the value of a field, which stands at `offset`.
    void set(char letter, std::size_t offset, std::string_view value) {
        switch (letter) {
            case 'X':
                return;
            case 'T':
                bars_.score.title = value;
                return;
            case 'C':
                bars_.score.composer = value;
                return;
            case 'B':
                bars_.score.catalogue = value;
                return;
            case 'N':
                bars_.score.remarks.emplace_back(value);
                return;
            case 'M':
                return set_metre(offset, value);
            case 'L':
                return set_unit(offset, value);
            case 'Q':
                return set_tempo(offset, value);
            case 'K':
                return set_key(offset, value);
            case 'P':
                return set_part(offset, value);
            case 'V':
                return set_voice(offset, value);
            default:
                text_.fail(offset, "unknown field ", letter,
                           ":, expected one of X T C B N M L Q P K V");
        }
    }

private:
    void set_metre(std::size_t offset, std::string_view value) {
        int beats = 4, unit = 4;
        if (value == "C|") {
            beats = unit = 2;
        } else if (value != "C" && (!fraction(value, beats, unit) || 1536 % unit != 0)) {
            text_.fail(offset, "\"", value,
                       "\" is no metre, expected for example M:3/4, M:C or M:C|");
        }
        VoiceState& state = target();
        state.beats = beats;
        state.beat_unit = unit;
    }

    void set_unit(std::size_t offset, std::string_view value) {
        int a = 1, b = 8;
        if (!fraction(value, a, b) || 1536 * a % b != 0) {
            text_.fail(offset, "\"", value, "\" is no unit length, expected for example L:1/8");
        }
        target().unit = std::int64_t{1536} * a / b;
    }

    void set_tempo(std::size_t offset, std::string_view value) {
        const std::size_t equals = value.find('=');
        int a = 1, b = 4, per_minute = 120;
        if (equals == std::string_view::npos || !fraction(value.substr(0, equals), a, b) ||
            !number(value.substr(equals + 1), per_minute)) {
            text_.fail(offset, "\"", value, "\" is no tempo, expected for example Q:1/4=120");
        }
        // One minute holds per_minute * (a / b) whole notes, each of four quarters.
        const std::int64_t micros =
            std::int64_t{60'000'000} * b / (std::int64_t{4} * per_minute * a);
        if (in_body_) {
            target().marks.push_back({ScoreMarkKind::tempo, micros});
        } else {
            bars_.score.microseconds_per_quarter = micros;
        }
    }

    void set_key(std::size_t offset, std::string_view value) {
        int fifths = 0;
        if (!fifths_of_key(value, fifths)) {
            text_.fail(offset, "\"", value,
                       "\" is no key, expected for example K:G, K:Bb, K:F#m or K:Ddor");
        }
        target().key = accidentals_of_key(fifths);
        if (in_body_) return;
        require_header(offset);
        bars_.score.key = value;
        in_body_ = true;
    }

    void require_header(std::size_t offset) const {
        if (bars_.score.title.empty()) text_.fail(offset, "the header needs a title, T:");
        if (bars_.score.composer.empty())
            text_.fail(offset, "the header needs a composer, C: (or C:Traditional)");
        if (defaults_.unit == 0)
            text_.fail(offset, "the header needs a unit length, for example L:1/8");
    }

    /// In the header the fields set what every voice starts from, later the current voice.
    [[nodiscard]] VoiceState& target() {
        return in_body_ && bars_.has_voice() ? bars_.state() : defaults_;
    }

    void set_part(std::size_t offset, std::string_view value) {
        if (!in_body_) return bars_.set_order(value, offset);
        if (value.size() != 1) text_.fail(offset, "a part is named by one letter, for example P:A");
        bars_.begin_part(value, offset);
    }

    void set_voice(std::size_t offset, std::string_view value) {
        if (!in_body_) text_.fail(offset, "voices come after K:, the last field of the header");
        const std::size_t space = std::min(value.find(' '), value.size());
        const std::string_view name = value.substr(0, space);
        if (name.empty()) text_.fail(offset, "a voice needs a name, for example V:R");
        bars_.select_voice(name, defaults_, offset);
        voice_properties(offset + space, value.substr(space));
    }

    void voice_properties(std::size_t offset, std::string_view value) {
        while (!value.empty()) {
            if (value[0] == ' ') {
                value.remove_prefix(1);
                ++offset;
                continue;
            }
            const std::size_t size = std::min(value.find(' '), value.size());
            const std::string_view word = value.substr(0, size);
            const std::size_t equals = std::min(word.find('='), word.size());
            const std::string_view key = word.substr(0, equals);
            std::string_view amount = word.substr(std::min(equals + 1, word.size()));
            const bool negative = !amount.empty() && amount[0] == '-';
            if (negative || (!amount.empty() && amount[0] == '+')) amount.remove_prefix(1);
            int result = 0;
            const bool sound = amount == "0" || number(amount, result);
            if (!sound || (key != "octave" && key != "gain") || result > (key == "gain" ? 60 : 4)) {
                text_.fail(offset, "\"", word,
                           "\" is no property of a voice, expected octave=-1 or gain=-6");
            }
            (key == "octave" ? bars_.voice().octave : bars_.voice().gain) =
                negative ? -result : result;
            value.remove_prefix(size);
            offset += size;
        }
    }

    const ScoreText& text_;
    ScoreBars& bars_;
    bool in_body_ = false;
    VoiceState defaults_;  // what a new voice starts from
};

}  // namespace mgan::inline MGAN_ABI::score::detail
