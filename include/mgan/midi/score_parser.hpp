#pragma once
/// \file
/// Reads a score from text. The format is a strict subset of ABC 2.1; docs/scores.md describes it.
///
/// In five lines: letters are pitches (`C` is middle C, `c` the octave above, `c'` and `C,` go on),
/// `^ _ =` are sharp, flat, natural and hold until the bar line, a number is the length in units of
/// `L:`, `z` rests, `[CEG]` is a chord, `(3abc` a triplet, `a-` a tie, `|` ends a bar.
///
/// Typing music by hand means mistakes, so the parser counts like a suspicious copyist: every bar
/// must fill its metre (a short bar may only stand at a repeat sign, a double bar, the start or the
/// end), and all voices must have the same bars. A wrong length is found in the bar where it was
/// made.

#include <mgan/midi/score.hpp>
#include <mgan/midi/song.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI::midi {

namespace score_detail {

/// A letter's distance from C in semitones, letters A to G.
inline constexpr std::array<int, 7> kSemitones{9, 11, 0, 2, 4, 5, 7};

/// Sharps (positive) or flats (negative) of a key: the tonic's place on the circle of fifths, moved
/// by the mode (minor has three flats more than major). False if `key` is none.
inline bool fifths_of_key(std::string_view key, int& fifths) {
    static constexpr std::array<int, 7> kFifths{3, 5, 0, 2, 4, -1, 1};  // A B C D E F G
    static constexpr std::array<std::pair<std::string_view, int>, 10> kModes{{{"", 0},
                                                                              {"maj", 0},
                                                                              {"m", -3},
                                                                              {"min", -3},
                                                                              {"dor", -2},
                                                                              {"phr", -4},
                                                                              {"lyd", 1},
                                                                              {"mix", -1},
                                                                              {"aeo", -3},
                                                                              {"loc", -5}}};
    if (key.empty() || key[0] < 'A' || key[0] > 'G') return false;
    fifths = kFifths[static_cast<std::size_t>(key[0] - 'A')];
    key.remove_prefix(1);
    if (!key.empty() && (key[0] == '#' || key[0] == 'b')) {
        fifths += key[0] == '#' ? 7 : -7;
        key.remove_prefix(1);
    }
    while (!key.empty() && key[0] == ' ') key.remove_prefix(1);
    for (const auto& [name, shift] : kModes) {
        if (key == name) {
            fifths += shift;
            return fifths >= -7 && fifths <= 7;
        }
    }
    return false;
}

/// The accidental of each letter A to G in a key of so many fifths: sharps come as F C G D A E B.
inline std::array<int, 7> accidentals_of_key(int fifths) {
    static constexpr std::string_view kOrder = "FCGDAEB";
    std::array<int, 7> result{};
    for (int i = 0; i < fifths; ++i)
        result[static_cast<std::size_t>(kOrder[static_cast<std::size_t>(i)] - 'A')] = 1;
    for (int i = 0; i < -fifths; ++i)
        result[static_cast<std::size_t>(kOrder[static_cast<std::size_t>(6 - i)] - 'A')] = -1;
    return result;
}

/// The parser: one pass over the text, line by line. A voice remembers where it is.
class Parser {
public:
    Parser(std::string_view text, std::string_view name) : text_(text), name_(name) {}

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
    /// What a voice carries from note to note.
    struct VoiceState {
        std::array<int, 7> key{};      // accidental of each letter A to G
        std::map<int, int> in_bar;     // accidentals of this bar, by letter + 7 * octave
        std::int64_t unit = 0;         // ticks of a note without a number
        int beats = 4, beat_unit = 4;  // the metre
        ScoreBar bar;                  // the bar being filled
        std::vector<ScoreMark> marks;  // wait for the next element
        bool staccato = false, started = false, after_break = true, next_repeat_start = false;
        int slurs = 0, next_ending = 0;
        int tuplet_left = 0;  // notes of a tuplet still to come
        std::int64_t tuplet_p = 1, tuplet_q = 1;
    };

    template <typename... Parts>
    [[noreturn]] void fail(std::size_t offset, const Parts&... parts) const {
        const std::string_view before = text_.substr(0, std::min(offset, text_.size()));
        const int row = static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1;
        const std::size_t newline = before.rfind('\n');
        const std::size_t first = newline == std::string_view::npos ? 0 : newline + 1;
        const int column = static_cast<int>(before.size() - first) + 1;
        throw ScoreError(concat(name_, ":", row, ":", column, ": ", parts...), offset, row, column);
    }

    // ---- lines and fields -------------------------------------------------------------------

    char peek(std::size_t ahead = 0) const {
        return at_ + ahead < end_ ? text_[at_ + ahead] : '\0';
    }

    void skip_spaces() {
        while (peek() == ' ' || peek() == '\t') ++at_;
    }

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

    std::string_view rest_of(std::size_t end) const {
        std::string_view value = text_.substr(at_, end - at_);
        while (!value.empty() && (value.back() == ' ' || value.back() == '\t'))
            value.remove_suffix(1);
        return value;
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

    /// Reads "a/b" with positive numbers of at most three digits.
    bool fraction(std::string_view value, int& a, int& b) const {
        const std::size_t slash = value.find('/');
        return slash != std::string_view::npos && number(value.substr(0, slash), a) &&
               number(value.substr(slash + 1), b);
    }

    static bool number(std::string_view value, int& result) {
        if (value.empty() || value.size() > 3) return false;
        result = 0;
        for (const char c : value) {
            if (c < '0' || c > '9') return false;
            result = 10 * result + (c - '0');
        }
        return result > 0;
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

    // ---- music ------------------------------------------------------------------------------

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
        static constexpr std::array<std::pair<std::string_view, ScoreMark>, 18> kMarks{{
            {"ppp", {ScoreMarkKind::level, 28}},
            {"pp", {ScoreMarkKind::level, 40}},
            {"p", {ScoreMarkKind::level, 50}},
            {"mp", {ScoreMarkKind::level, 62}},
            {"mf", {ScoreMarkKind::level, 74}},
            {"f", {ScoreMarkKind::level, 86}},
            {"ff", {ScoreMarkKind::level, 98}},
            {"fff", {ScoreMarkKind::level, 108}},
            {"accent", {ScoreMarkKind::accent, 12}},
            {">", {ScoreMarkKind::accent, 12}},
            {"sfz", {ScoreMarkKind::accent, 20}},
            {"<(", {ScoreMarkKind::crescendo, 0}},
            {"<)", {ScoreMarkKind::hairpin_end, 0}},
            {">(", {ScoreMarkKind::diminuendo, 0}},
            {">)", {ScoreMarkKind::hairpin_end, 0}},
            {"crescendo(", {ScoreMarkKind::crescendo, 0}},
            {"diminuendo(", {ScoreMarkKind::diminuendo, 0}},
            {"crescendo)", {ScoreMarkKind::hairpin_end, 0}},
        }};
        const std::size_t close = text_.find('!', at_ + 1);
        if (close >= end_) fail(at_, "the mark opened by ! lacks its second !");
        const std::string_view name = text_.substr(at_ + 1, close - at_ - 1);
        for (const auto& [known, value] : kMarks) {
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

    bool take(char c) {
        if (peek() != c) return false;
        ++at_;
        return true;
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
        while (take('/')) divisor *= digits(2);
        if (state.tuplet_left > 0) {
            --state.tuplet_left;
            ticks *= state.tuplet_q;
            divisor *= state.tuplet_p;
        }
        if (divisor > 65536 || ticks == 0 || ticks % divisor != 0) {
            fail(offset, "this length is no whole number of ticks (1536 a whole note)");
        }
        return ticks / divisor;
    }

    /// The number at the cursor (at most three digits), or `otherwise`.
    std::int64_t digits(std::int64_t otherwise) {
        std::int64_t value = 0;
        int count = 0;
        for (; std::isdigit(static_cast<unsigned char>(peek())) != 0; ++at_, ++count) {
            if (count == 3) fail(at_, "a length of more than three digits");
            value = 10 * value + (peek() - '0');
        }
        return count == 0 ? otherwise : value;
    }

    // ---- bars -------------------------------------------------------------------------------

    void bar_line() {
        VoiceState& state = states_[voice_];
        const std::size_t offset = at_;
        bool end = false, start = false, lasting = false;
        int ending = 0;
        // Everything from the set | : ] [1 [2 belongs to one bar line: "|:", ":|2", "::", "||",
        // "|]".
        int strokes = 0;
        for (;; ++at_) {
            if (peek() == '|') {
                ++strokes;
            } else if (peek() == ':') {
                // Before the strokes a colon ends a repeat, behind them it starts one; :: is both.
                if (strokes > 0)
                    start = true;
                else if (end)
                    start = true;
                else
                    end = true;
            } else if (peek() == ']' && strokes > 0) {
                lasting = true;
            } else {
                break;
            }
        }
        if (peek() == '[' && (peek(1) == '1' || peek(1) == '2')) ++at_;
        if (peek() == '1' || peek() == '2') {
            ending = peek() - '0';
            ++at_;
        }
        if (end && strokes == 0 && !start) fail(offset, "a single ':', expected |: or :| or ::");
        lasting = lasting || strokes > 1 || end || start;
        if (state.tuplet_left > 0) fail(offset, "a bar line inside a tuplet");
        if (!state.bar.elements.empty()) {
            state.bar.repeat_end = end;
            close_bar(offset, lasting || ending == 2);
        } else if (end && !bars_[voice_].empty() && state.started) {
            bars_[voice_].back().repeat_end = true;  // "| :|" written apart
        } else if (end) {
            fail(offset, "a repeat ends where no bar has been");
        }
        state.next_repeat_start = state.next_repeat_start || start;
        if (ending != 0) state.next_ending = ending;
        state.after_break = state.after_break || lasting;
    }

    void close_bar(std::size_t offset, bool before_break) {
        VoiceState& state = states_[voice_];
        ScoreBar& bar = state.bar;
        bar.beats = state.beats;
        bar.beat_unit = state.beat_unit;
        bar.repeat_start = std::exchange(state.next_repeat_start, false);
        bar.ending = std::exchange(state.next_ending, 0);
        bar.after_break = std::exchange(state.after_break, false);
        const bool may_be_short = bar.after_break || before_break || bar.ending != 0;
        if (bar.length > bar.full_length() || (bar.length < bar.full_length() && !may_be_short)) {
            fail(bar.offset, "bar ", bars_[voice_].size() + 1, " of voice ",
                 score_.voices[voice_].name, " lasts ", in_units(bar.length),
                 " units of L:, the metre ", bar.beats, "/", bar.beat_unit, " asks for ",
                 in_units(bar.full_length()), ": check the lengths up to the bar line in column ",
                 column_of(offset));
        }
        state.in_bar.clear();
        state.started = true;
        bars_[voice_].push_back(std::exchange(bar, ScoreBar{}));
    }

    int column_of(std::size_t offset) const {
        const std::size_t newline = text_.substr(0, offset).rfind('\n');
        return static_cast<int>(newline == std::string_view::npos ? offset + 1 : offset - newline);
    }

    std::string in_units(std::int64_t ticks) const {
        const std::int64_t unit = states_[voice_].unit;
        if (ticks % unit == 0) return concat(ticks / unit);
        return concat(static_cast<double>(ticks) / static_cast<double>(unit));
    }

    /// Closes every voice's last bar and compares the voices, bar by bar.
    void finish_part() {
        bool any = false;
        for (const auto& bars : bars_) any = any || !bars.empty();
        for (const VoiceState& state : states_) any = any || !state.bar.elements.empty();
        if (!any) {
            if (!part_name_.empty()) fail(part_offset_, "part ", part_name_, " has no music");
            return;
        }
        const std::size_t keep = voice_;
        for (voice_ = 0; voice_ < states_.size(); ++voice_) {
            VoiceState& state = states_[voice_];
            if (!state.bar.elements.empty()) close_bar(at_, true);
            if (state.slurs != 0)
                fail(at_, "voice ", score_.voices[voice_].name, " leaves a slur open");
            // The next part starts afresh, in the key and metre where this one ends.
            state.after_break = true;
            state.started = state.next_repeat_start = false;
            state.next_ending = 0;
            state.marks.clear();
        }
        voice_ = keep;
        compare_voices();
        score_.parts.push_back({part_name_.empty() ? "A" : part_name_, std::move(bars_)});
        bars_.assign(states_.size(), {});
    }

    void compare_voices() const {
        const auto& first = bars_[0];
        int ending = 0;
        for (const ScoreBar& bar : first) {
            if (bar.ending == 2 && ending != 1)
                fail(bar.offset, "a second ending without a first one");
            if (bar.ending != 0) ending = bar.ending;
            if (bar.repeat_start && ending == 1)
                fail(bar.offset, "a first ending without a second one");
            if (ending == 2 && bar.ending == 2) ending = 0;
        }
        if (ending == 1) fail(first.back().offset, "a first ending without a second one");
        for (std::size_t v = 1; v < bars_.size(); ++v) {
            const auto& bars = bars_[v];
            const std::string& name = score_.voices[v].name;
            for (std::size_t i = 0; i < std::min(first.size(), bars.size()); ++i) {
                if (bars[i].length != first[i].length) {
                    fail(bars[i].offset, "bar ", i + 1, " of voice ", name, " lasts ",
                         bars[i].length, " ticks, in voice ", score_.voices[0].name, " ",
                         first[i].length);
                }
                if (!bars[i].same_lines(first[i])) {
                    fail(bars[i].offset, "bar ", i + 1, " of voice ", name,
                         " has other repeat signs or endings than voice ", score_.voices[0].name);
                }
            }
            if (bars.size() != first.size()) {
                fail(bars.empty() ? at_ : bars.back().offset, "voice ", name, " has ", bars.size(),
                     " bars, voice ", score_.voices[0].name, " ", first.size(), " (part ",
                     part_name_.empty() ? "A" : part_name_, ")");
            }
        }
    }

    void finish_order() {
        if (score_.parts.empty()) fail(at_, "the score has no music");
        if (part_order_.empty()) {
            for (std::size_t i = 0; i < score_.parts.size(); ++i) score_.order.push_back(i);
            return;
        }
        for (std::size_t k = 0; k < part_order_.size(); ++k) {
            if (part_order_[k] == ' ') continue;
            const auto found = std::find_if(
                score_.parts.begin(), score_.parts.end(),
                [&](const ScorePart& part) { return part.name == part_order_.substr(k, 1); });
            if (found == score_.parts.end()) {
                fail(part_order_offset_ + k, "the header plays part ", part_order_[k],
                     ", there is no P:", part_order_[k], " below");
            }
            score_.order.push_back(static_cast<std::size_t>(found - score_.parts.begin()));
        }
    }

    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

    std::string_view text_;
    std::string_view name_;
    std::size_t at_ = 0;   // the cursor
    std::size_t end_ = 0;  // the end of the line, without comment
    bool in_body_ = false;
    Score score_;
    VoiceState defaults_;
    std::vector<VoiceState> states_;           // of each voice
    std::vector<std::vector<ScoreBar>> bars_;  // of each voice, in this part
    std::size_t voice_ = kNone;                // the voice being written
    std::string part_name_;
    std::size_t part_offset_ = 0;
    std::string_view part_order_;
    std::size_t part_order_offset_ = 0;
};

}  // namespace score_detail

/// Reads a score from `text`; `name` (a file's name) opens every message.
///
/// \throws ScoreError where the text breaks the format: a bar that does not fill its metre, voices
///         that differ in bars or repeat signs, an unknown field, mark or character, a pitch
///         outside MIDI's range, a missing title, composer, unit length or key.
[[nodiscard]] inline Score parse_score(std::string_view text, std::string_view name) {
    return score_detail::Parser(text, name).run();
}

}  // namespace mgan::inline MGAN_ABI::midi
