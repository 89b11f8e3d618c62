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

/// The notation: fields and notes. One pass over the text, line by line.
class Parser : public ScoreBars {
public:
    using ScoreBars::ScoreBars;

    Score run() {
        std::size_t begin = 0;
        while (begin < text_.size()) {
            const std::size_t end = std::min(text_.find('\n', begin), text_.size());
            at_ = begin;
            end_ = std::min({end, text_.find('%', begin), end});
            if (end_ > at_ && text_[end_ - 1] == '\r') --end_;
            line();
            begin = end + 1;
        }
        at_ = text_.size();
        if (!in_body_) fail(at_, "the field K: (the key) ends the header and is missing");
        finish_part();
        finish_order();
        return std::move(score_);
    }

private:
    // ---- fields

    void line() {
        skip_spaces();
        if (at_ == end_) return;
        const bool field = peek(1) == ':' && std::isalpha(static_cast<unsigned char>(peek())) != 0;
        // After the header `C:|` is a note and a repeat sign, not a composer.
        static constexpr std::string_view kBodyFields = "VPMLKQNT";
        if (!in_body_ && !field) {
            fail(at_,
                 "expected a header field such as T: or K:, found music; K: must come before it");
        }
        if (field && (!in_body_ || kBodyFields.find(peek()) != std::string_view::npos)) {
            const char letter = peek();
            at_ += 2;
            skip_spaces();
            set_field(letter, at_, rest_of(end_));
            return;
        }
        music();
    }

    void set_field(char letter, std::size_t offset, std::string_view value) {
        switch (letter) {
            case 'X':
                return;
            case 'T':
                score_.title = value;
                return;
            case 'C':
                score_.composer = value;
                return;
            case 'B':
                score_.catalogue = value;
                return;
            case 'N':
                score_.remarks.emplace_back(value);
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
                fail(offset, "unknown field ", letter, ":, expected one of X T C B N M L Q P K V");
        }
    }

    void set_metre(std::size_t offset, std::string_view value) {
        int beats = 4, unit = 4;
        if (value == "C|") {
            beats = unit = 2;
        } else if (value != "C" && (!fraction(value, beats, unit) || 1536 % unit != 0)) {
            fail(offset, "\"", value, "\" is no metre, expected for example M:3/4, M:C or M:C|");
        }
        VoiceState& state = target();
        state.beats = beats;
        state.beat_unit = unit;
    }

    void set_unit(std::size_t offset, std::string_view value) {
        int a = 1, b = 8;
        if (!fraction(value, a, b) || 1536 * a % b != 0) {
            fail(offset, "\"", value, "\" is no unit length, expected for example L:1/8");
        }
        target().unit = std::int64_t{1536} * a / b;
    }

    void set_tempo(std::size_t offset, std::string_view value) {
        const std::size_t equals = value.find('=');
        int a = 1, b = 4, per_minute = 120;
        if (equals == std::string_view::npos || !fraction(value.substr(0, equals), a, b) ||
            !number(value.substr(equals + 1), per_minute)) {
            fail(offset, "\"", value, "\" is no tempo, expected for example Q:1/4=120");
        }
        // One minute holds per_minute * (a / b) whole notes, each of four quarters.
        const std::int64_t micros =
            std::int64_t{60'000'000} * b / (std::int64_t{4} * per_minute * a);
        if (in_body_) {
            target().marks.push_back({ScoreMarkKind::tempo, micros});
        } else {
            score_.microseconds_per_quarter = micros;
        }
    }

    void set_key(std::size_t offset, std::string_view value) {
        int fifths = 0;
        if (!fifths_of_key(value, fifths)) {
            fail(offset, "\"", value,
                 "\" is no key, expected for example K:G, K:Bb, K:F#m or K:Ddor");
        }
        target().key = accidentals_of_key(fifths);
        if (in_body_) return;
        require_header(offset);
        score_.key = value;
        in_body_ = true;
    }

    void require_header(std::size_t offset) const {
        if (score_.title.empty()) fail(offset, "the header needs a title, T:");
        if (score_.composer.empty())
            fail(offset, "the header needs a composer, C: (or C:Traditional)");
        if (defaults_.unit == 0) fail(offset, "the header needs a unit length, for example L:1/8");
    }

    /// In the header the fields set what every voice starts from, later the current voice.
    VoiceState& target() { return in_body_ && voice_ != kNone ? states_[voice_] : defaults_; }

    void set_part(std::size_t offset, std::string_view value) {
        if (!in_body_) {
            part_order_ = value;
            part_order_offset_ = offset;
            return;
        }
        if (value.size() != 1) fail(offset, "a part is named by one letter, for example P:A");
        finish_part();
        for (const ScorePart& part : score_.parts) {
            if (part.name == value) fail(offset, "part ", value, " is there already");
        }
        part_name_ = value;
        part_offset_ = offset;
    }

    void set_voice(std::size_t offset, std::string_view value) {
        if (!in_body_) fail(offset, "voices come after K:, the last field of the header");
        const std::size_t space = std::min(value.find(' '), value.size());
        const std::string_view name = value.substr(0, space);
        if (name.empty()) fail(offset, "a voice needs a name, for example V:R");
        voice_ = kNone;
        for (std::size_t i = 0; i < score_.voices.size(); ++i) {
            if (score_.voices[i].name == name) voice_ = i;
        }
        if (voice_ == kNone) {
            if (!score_.parts.empty())
                fail(offset, "voice ", name, " was not there in the first part");
            voice_ = score_.voices.size();
            // The first voice is the tune unless gain= says otherwise.
            score_.voices.push_back({std::string(name), 0, voice_ == 0 ? 4 : -8});
            states_.push_back(defaults_);
            bars_.emplace_back();
        }
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
                fail(offset, "\"", word,
                     "\" is no property of a voice, expected octave=-1 or gain=-6");
            }
            (key == "octave" ? score_.voices[voice_].octave : score_.voices[voice_].gain) =
                negative ? -result : result;
            value.remove_prefix(size);
            offset += size;
        }
    }

    // ---- notes

    void music() {
        while (true) {
            skip_spaces();
            if (at_ == end_) return;
            if (peek() == '[' && std::isalpha(static_cast<unsigned char>(peek(1))) != 0 &&
                peek(2) == ':') {
                inline_field();
                continue;
            }
            if (voice_ == kNone) set_voice(at_, "1");
            symbol();
        }
    }

    void inline_field() {
        const std::size_t close = text_.find(']', at_);
        if (close >= end_) fail(at_, "the field opened by [", peek(1), ": lacks its ]");
        const char letter = peek(1);
        if (std::string_view("VMLKQ").find(letter) == std::string_view::npos) {
            fail(at_, "the field ", letter, ": cannot stand inside a line, only V M L K Q can");
        }
        at_ += 3;
        set_field(letter, at_, rest_of(close));
        at_ = close + 1;
    }

    void symbol() {
        VoiceState& state = states_[voice_];
        const char c = peek();
        if (c == '|' || c == ':' || (c == '[' && (peek(1) == '1' || peek(1) == '2')))
            return bar_line();
        switch (c) {
            case '!':
                return mark();
            case '.':
                state.staccato = true;
                ++at_;
                return;
            case '(':
                if (std::isdigit(static_cast<unsigned char>(peek(1))) != 0) return tuplet();
                ++state.slurs;
                ++at_;
                return;
            case ')':
                if (state.slurs == 0) fail(at_, "a slur is closed that was not opened by (");
                --state.slurs;
                ++at_;
                return;
            default:
                return element();
        }
    }

    void mark() {
        const std::size_t close = text_.find('!', at_ + 1);
        if (close >= end_) fail(at_, "the mark opened by ! lacks its second !");
        const std::string_view name = text_.substr(at_ + 1, close - at_ - 1);
        for (const auto& [known, value] : kScoreMarks) {
            if (known == name) {
                states_[voice_].marks.push_back(value);
                at_ = close + 1;
                return;
            }
        }
        fail(at_, "unknown mark !", name,
             "!, expected ppp pp p mp mf f ff fff accent > sfz <( <) >( >)");
    }

    void tuplet() {
        VoiceState& state = states_[voice_];
        if (state.tuplet_left > 0) fail(at_, "a tuplet begins inside another one");
        const int p = peek(1) - '0';
        int q = p == 3 || p == 6 ? 2 : (p == 2 || p == 4 || p == 8) ? 3 : 0;
        std::size_t used = 2;
        if (peek(2) == ':' && std::isdigit(static_cast<unsigned char>(peek(3))) != 0) {
            q = peek(3) - '0';
            used = 4;
        }
        if (p < 2 || q < 1) {
            fail(at_, "expected a tuplet (2 (3 (4 (6 or (8, or (p:q for p notes in the time of q");
        }
        state.tuplet_left = p;
        state.tuplet_p = p;
        state.tuplet_q = q;
        at_ += used;
    }

    /// A note, a chord or a rest, with its length.
    void element() {
        VoiceState& state = states_[voice_];
        ScoreElement result;
        result.offset = at_;
        if (peek() == 'z') {
            ++at_;
        } else if (peek() == '[') {
            ++at_;
            while (peek() != ']') {
                if (at_ == end_) fail(result.offset, "the chord opened by [ lacks its ]");
                result.pitches.push_back({pitch(), false});
                result.pitches.back().tied = take('-');
            }
            ++at_;
            if (result.pitches.empty()) fail(result.offset, "a chord without notes");
        } else {
            result.pitches.push_back({pitch(), false});
        }
        result.length = length(result.offset);
        if (take('-')) {
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

    int pitch() {
        VoiceState& state = states_[voice_];
        const std::size_t offset = at_;
        bool written = false;
        int accidental = 0;
        while (peek() == '^' || peek() == '_' || peek() == '=') {
            accidental += peek() == '^' ? 1 : peek() == '_' ? -1 : 0;
            written = true;
            ++at_;
        }
        const char c = peek();
        const bool low = c >= 'A' && c <= 'G';
        if (!low && (c < 'a' || c > 'g')) {
            fail(at_, "expected a note (A-G a-g), a rest (z), a chord or a bar line, found ",
                 at_ == end_ ? std::string("the end of the line") : concat("'", c, "'"));
        }
        ++at_;
        const auto letter = static_cast<std::size_t>(c - (low ? 'A' : 'a'));
        int octave = low ? 0 : 1;
        for (; peek() == ',' || peek() == '\''; ++at_) octave += peek() == ',' ? -1 : 1;
        const int place = static_cast<int>(letter) + 7 * octave;
        if (written) {
            state.in_bar[place] = accidental;
        } else {
            const auto earlier = state.in_bar.find(place);
            accidental = earlier != state.in_bar.end() ? earlier->second : state.key[letter];
        }
        const int result =
            60 + 12 * (octave + score_.voices[voice_].octave) + kSemitones[letter] + accidental;
        if (result < 0 || result > 127) {
            fail(offset, "the note is MIDI number ", result,
                 ", outside 0 to 127: check its octave");
        }
        return result;
    }

    /// `3` `3/2` `/2` `/` `//` after a note, in units of L:.
    std::int64_t length(std::size_t offset) {
        VoiceState& state = states_[voice_];
        std::int64_t ticks = state.unit * digits(1);
        std::int64_t divisor = 1;
        while (divisor <= 65536 && take('/')) divisor *= digits(2);
        if (state.tuplet_left > 0) {
            --state.tuplet_left;
            ticks *= state.tuplet_q;
            divisor *= state.tuplet_p;
        }
        if (divisor > 65536 || divisor == 0 || ticks == 0 || ticks % divisor != 0) {
            fail(offset, "this length is no whole number of ticks (1536 a whole note)");
        }
        return ticks / divisor;
    }

    bool in_body_ = false;
    VoiceState defaults_;
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
