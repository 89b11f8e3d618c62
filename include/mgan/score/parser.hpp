#pragma once
/// \file
/// Reads a score from text. The format is a strict subset of ABC 2.1; docs/scores.md describes it.
///
/// In short: letters are pitches (`C` is middle C, `c` the octave above, `c'` and `C,` go on),
/// `^ _ =` are sharp, flat, natural and hold until the bar line, a number is the length in units of
/// `L:`, `z` rests, `[CEG]` is a chord, `(3abc` a triplet, `a-` a tie, `|` ends a bar.
///
/// Music typed by hand has mistakes, so the parser counts like a suspicious copyist: every bar must
/// fill its metre (a short one may only stand at a repeat sign, a double bar, the start or the
/// end), and all voices must have the same bars. So a wrong length is reported in the bar where it
/// stands.

#include <mgan/score/bars.hpp>
#include <mgan/score/fields.hpp>
#include <mgan/score/score.hpp>
#include <mgan/score/text.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace mgan::inline MGAN_ABI::score {

namespace detail {

/// The notation. One pass over the text, line by line.
class Parser {
public:
    Parser(std::string_view text, std::string_view name) : text_(text, name) {}
    Parser(const Parser&) = delete;  // members refer to each other
    Parser& operator=(const Parser&) = delete;

    /// Reads the score. Once.
    [[nodiscard]] Score run() {
        while (text_.next_line()) line();
        if (!fields_.in_body()) fail("the field K: (the key) ends the header and is missing");
        return bars_.finish();
    }

private:
    [[nodiscard]] char peek(std::size_t ahead = 0) const { return text_.peek(ahead); }

    /// Throws ScoreError about what stands at the cursor.
    template <typename... Parts>
    [[noreturn]] void fail(const Parts&... parts) const {
        text_.fail(text_.at(), parts...);
    }

    /// A field, or music.
    void line() {
        text_.skip_spaces();
        if (text_.at_end()) return;
        const bool field = peek(1) == ':' && text_.letter_at(0);
        // After the header `C:|` is a note and a repeat sign, not a composer.
        static constexpr std::string_view kBodyFields = "VPMLKQNT";
        if (!fields_.in_body() && !field)
            fail("expected a header field such as T: or K:, found music; K: must come before it");
        if (!field || (fields_.in_body() && kBodyFields.find(peek()) == std::string_view::npos))
            return music();
        const char letter = peek();
        text_.skip(2);
        text_.skip_spaces();
        fields_.set(letter, text_.at(), text_.rest_of_line());
    }

    void music() {
        for (;;) {
            text_.skip_spaces();
            if (text_.at_end()) return;
            if (peek() == '[' && text_.letter_at(1) && peek(2) == ':') {
                inline_field();
                continue;
            }
            if (!bars_.has_voice()) fields_.set('V', text_.at(), "1");
            symbol();
        }
    }

    void inline_field() {
        const auto close = text_.find(']');
        if (!close) fail("the field opened by [", peek(1), ": lacks its ]");
        const char letter = peek(1);
        if (std::string_view("VMLKQ").find(letter) == std::string_view::npos)
            fail("the field ", letter, ": cannot stand inside a line, only V M L K Q can");
        text_.skip(3);
        fields_.set(letter, text_.at(), text_.up_to(*close));
        text_.move_to(*close + 1);
    }

    void symbol() {
        VoiceState& state = bars_.state();
        const char c = peek();
        if (c == '|' || c == ':' || (c == '[' && (peek(1) == '1' || peek(1) == '2')))
            return bar_line();
        switch (c) {
            case '!':
                return mark();
            case '.':
                state.staccato = true;
                text_.skip();
                return;
            case '(':
                if (text_.digit_at(1)) return tuplet();
                ++state.slurs;
                text_.skip();
                return;
            case ')':
                if (state.slurs == 0) fail("a slur is closed that was not opened by (");
                --state.slurs;
                text_.skip();
                return;
            default:
                return element();
        }
    }

    void mark() {
        const auto close = text_.find('!', 1);
        if (!close) fail("the mark opened by ! lacks its second !");
        text_.skip();
        const std::string_view name = text_.text(text_.at(), *close);
        for (const auto& [known, value] : kScoreMarks) {
            if (known != name) continue;
            bars_.state().marks.push_back(value);
            return text_.move_to(*close + 1);
        }
        text_.fail(text_.at() - 1, "unknown mark !", name,
                   "!, expected ppp pp p mp mf f ff fff accent > sfz <( <) >( >)");
    }

    /// Reads a bar line. Everything of | : ] [1 [2 that touches belongs to it: |: :|2 :: || |]
    void bar_line() {
        BarLine line{.offset = text_.at()};
        int strokes = 0;
        bool closed = false;
        for (;; text_.skip()) {
            if (peek() == '|') {
                ++strokes;
            } else if (peek() == ':') {
                // Before the strokes a colon ends a repeat, behind them it starts one; :: is both.
                (strokes > 0 || line.repeat_end ? line.repeat_start : line.repeat_end) = true;
            } else if (peek() == ']' && strokes > 0) {
                closed = true;
            } else {
                break;
            }
        }
        if (peek() == '[' && (peek(1) == '1' || peek(1) == '2')) text_.skip();
        if (peek() == '1' || peek() == '2') {
            line.ending = peek() - '0';
            text_.skip();
        }
        if (line.repeat_end && strokes == 0 && !line.repeat_start)
            text_.fail(line.offset, "a single ':', expected |: or :| or ::");
        line.is_break = closed || strokes > 1 || line.repeat_end || line.repeat_start;
        bars_.bar_line(line);
    }

    void tuplet() {
        VoiceState& state = bars_.state();
        if (state.tuplet_left > 0) fail("a tuplet begins inside another one");
        const int p = peek(1) - '0';
        int q = p == 3 || p == 6 ? 2 : (p == 2 || p == 4 || p == 8) ? 3 : 0;
        std::size_t used = 2;
        if (peek(2) == ':' && text_.digit_at(3)) {
            q = peek(3) - '0';
            used = 4;
        }
        if (p < 2 || q < 1) {
            fail("expected a tuplet (2 (3 (4 (6 or (8, or (p:q for p notes in the time of q");
        }
        state.tuplet_left = p;
        state.tuplet_p = p;
        state.tuplet_q = q;
        text_.skip(used);
    }

    /// A note, a chord or a rest, with its length.
    void element() {
        VoiceState& state = bars_.state();
        ScoreElement result;
        result.offset = text_.at();
        if (peek() == 'z') {
            text_.skip();
        } else if (peek() == '[') {
            text_.skip();
            while (peek() != ']') {
                if (text_.at_end()) text_.fail(result.offset, "the chord opened by [ lacks its ]");
                result.pitches.push_back({pitch(), false});
                result.pitches.back().tied = text_.take('-');
            }
            text_.skip();
            if (result.pitches.empty()) text_.fail(result.offset, "a chord without notes");
        } else {
            result.pitches.push_back({pitch(), false});
        }
        result.length = length(result.offset);
        if (text_.take('-')) {
            for (ScorePitch& each : result.pitches) each.tied = true;
        }
        result.touch = state.staccato    ? ScoreTouch::staccato
                       : state.slurs > 0 ? ScoreTouch::slurred
                                         : ScoreTouch::plain;
        state.staccato = false;
        result.marks = std::move(state.marks);
        state.marks.clear();
        if (state.bar.elements.empty()) state.bar.offset = result.offset;
        state.bar.length += result.length;
        state.bar.elements.push_back(std::move(result));
    }

    [[nodiscard]] int pitch() {
        VoiceState& state = bars_.state();
        const std::size_t offset = text_.at();
        bool written = false;
        int accidental = 0;
        while (peek() == '^' || peek() == '_' || peek() == '=') {
            accidental += peek() == '^' ? 1 : peek() == '_' ? -1 : 0;
            written = true;
            text_.skip();
        }
        const char c = peek();
        const bool low = c >= 'A' && c <= 'G';
        if (!low && (c < 'a' || c > 'g')) {
            fail("expected a note (A-G a-g), a rest (z), a chord or a bar line, found ",
                 text_.at_end() ? std::string("the end of the line") : concat("'", c, "'"));
        }
        text_.skip();
        const auto letter = static_cast<std::size_t>(c - (low ? 'A' : 'a'));
        int octave = low ? 0 : 1;
        for (; peek() == ',' || peek() == '\''; text_.skip()) octave += peek() == ',' ? -1 : 1;
        const int place = static_cast<int>(letter) + 7 * octave;
        if (written) {
            state.in_bar[place] = accidental;
        } else {
            const auto earlier = state.in_bar.find(place);
            accidental = earlier != state.in_bar.end() ? earlier->second : state.key[letter];
        }
        const int result =
            60 + 12 * (octave + bars_.voice().octave) + kSemitones[letter] + accidental;
        if (result < 0 || result > 127) {
            text_.fail(offset, "the note is MIDI number ", result,
                       ", outside 0 to 127: check its octave");
        }
        return result;
    }

    /// `3` `3/2` `/2` `/` `//` after a note, in units of L:.
    [[nodiscard]] std::int64_t length(std::size_t offset) {
        VoiceState& state = bars_.state();
        std::int64_t ticks = state.unit * text_.digits(1);
        std::int64_t divisor = 1;
        while (divisor <= 65536 && text_.take('/')) divisor *= text_.digits(2);
        if (state.tuplet_left > 0) {
            --state.tuplet_left;
            ticks *= state.tuplet_q;
            divisor *= state.tuplet_p;
        }
        if (divisor > 65536 || divisor == 0 || ticks == 0 || ticks % divisor != 0) {
            text_.fail(offset, "this length is no whole number of ticks (1536 a whole note)");
        }
        return ticks / divisor;
    }

    ScoreText text_;
    ScoreBars bars_{text_};
    ScoreFields fields_{text_, bars_};
};

}  // namespace detail

/// Reads a score from `text`; `name` (a file's name) opens every message.
///
/// \throws ScoreError where the text breaks the format: a bar that does not fill its metre, voices
///         that differ in bars or repeat signs, an unknown field, mark or character, a pitch
///         outside MIDI's range, a missing title, composer, unit length or key.
[[nodiscard]] inline Score parse_score(std::string_view text, std::string_view name) {
    return detail::Parser(text, name).run();
}

}  // namespace mgan::inline MGAN_ABI::score
