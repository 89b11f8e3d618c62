#pragma once
/// \file
/// What the parser of scores knows before it reads a note: the circle of fifths, the words between
/// exclamation marks, and where in the text it stands.
///
/// Users call `parse_score` of parser.hpp; this is the lowest of its three layers (text, bars,
/// notation).

#include <mgan/score/score.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace mgan::inline MGAN_ABI::score::detail {

/// A letter's distance from C in semitones, letters A to G.
inline constexpr std::array<int, 7> kSemitones{9, 11, 0, 2, 4, 5, 7};

/// Sharps (positive) or flats (negative) of a key: the tonic's place on the circle of fifths, moved
/// by the mode (minor has three flats more than major). False if `key` is none.
[[nodiscard]] inline bool fifths_of_key(std::string_view key, int& fifths) {
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
[[nodiscard]] inline std::array<int, 7> accidentals_of_key(int fifths) {
    static constexpr std::string_view kOrder = "FCGDAEB";
    std::array<int, 7> result{};
    for (int i = 0; i < fifths; ++i)
        result[static_cast<std::size_t>(kOrder[static_cast<std::size_t>(i)] - 'A')] = 1;
    for (int i = 0; i < -fifths; ++i)
        result[static_cast<std::size_t>(kOrder[static_cast<std::size_t>(6 - i)] - 'A')] = -1;
    return result;
}

/// The marks `!name!` and what they change. Levels are velocities, a step of twelve from p to ff.
inline constexpr std::array<std::pair<std::string_view, ScoreMark>, 18> kScoreMarks{{
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

/// A positive number of at most three digits; false if `value` is none.
[[nodiscard]] inline bool number(std::string_view value, int& result) {
    if (value.empty() || value.size() > 3) return false;
    result = 0;
    for (const char c : value) {
        if (c < '0' || c > '9') return false;
        result = 10 * result + (c - '0');
    }
    return result > 0;
}

/// `a/b`, both as `number` reads them.
[[nodiscard]] inline bool fraction(std::string_view value, int& a, int& b) {
    const std::size_t slash = value.find('/');
    return slash != std::string_view::npos && number(value.substr(0, slash), a) &&
           number(value.substr(slash + 1), b);
}

/// A place in the text of a score, and errors that name a place. Text and name must outlive it.
class ScoreText {
public:
    ScoreText(std::string_view text, std::string_view name) : text_(text), name_(name) {}

    /// Throws ScoreError `NAME:LINE:COLUMN: MESSAGE` about the character at `offset`.
    template <typename... Parts>
    [[noreturn]] void fail(std::size_t offset, const Parts&... parts) const {
        const std::string_view before = text_.substr(0, std::min(offset, text_.size()));
        const int row = static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1;
        const int column = column_of(before.size());
        throw_or_abort(
            ScoreError(concat(name_, ":", row, ":", column, ": ", parts...), offset, row, column));
    }

    [[nodiscard]] int column_of(std::size_t offset) const {
        const std::size_t newline = text_.substr(0, offset).rfind('\n');
        return static_cast<int>(newline == std::string_view::npos ? offset + 1 : offset - newline);
    }

    /// Moves to the next line, up to its comment; false after the last one.
    [[nodiscard]] bool next_line() {
        if (next_ >= text_.size()) {
            at_ = text_.size();
            return false;
        }
        const std::size_t end = std::min(text_.find('\n', next_), text_.size());
        at_ = next_;
        end_ = std::min(end, text_.find('%', next_));
        if (end_ > at_ && text_[end_ - 1] == '\r') --end_;
        next_ = end + 1;
        return true;
    }

    [[nodiscard]] std::string_view text(std::size_t begin, std::size_t end) const {
        return text_.substr(begin, end - begin);
    }
    [[nodiscard]] std::size_t at() const noexcept { return at_; }
    [[nodiscard]] bool at_end() const noexcept { return at_ == end_; }
    void skip(std::size_t count = 1) noexcept { at_ += count; }
    /// Moves within the line.
    void move_to(std::size_t offset) noexcept { at_ = offset; }

    /// The character `ahead` of the cursor; 0 behind the end of the line.
    [[nodiscard]] char peek(std::size_t ahead = 0) const {
        return at_ + ahead < end_ ? text_[at_ + ahead] : '\0';
    }
    [[nodiscard]] bool digit_at(std::size_t ahead) const {
        return std::isdigit(static_cast<unsigned char>(peek(ahead))) != 0;
    }
    [[nodiscard]] bool letter_at(std::size_t ahead) const {
        return std::isalpha(static_cast<unsigned char>(peek(ahead))) != 0;
    }

    /// Steps over `c` if it comes next.
    bool take(char c) {
        if (peek() != c) return false;
        ++at_;
        return true;
    }

    void skip_spaces() {
        while (peek() == ' ' || peek() == '\t') ++at_;
    }

    /// Where `c` stands next in this line, `ahead` of the cursor or later; nothing if nowhere.
    [[nodiscard]] std::optional<std::size_t> find(char c, std::size_t ahead = 0) const {
        const std::size_t found = text_.find(c, at_ + ahead);
        return found < end_ ? std::optional(found) : std::nullopt;
    }

    /// The text from the cursor to `end`, without spaces at its end.
    [[nodiscard]] std::string_view up_to(std::size_t end) const {
        std::string_view value = text_.substr(at_, end - at_);
        while (!value.empty() && (value.back() == ' ' || value.back() == '\t'))
            value.remove_suffix(1);
        return value;
    }
    [[nodiscard]] std::string_view rest_of_line() const { return up_to(end_); }

    /// Steps over the number at the cursor (at most three digits); `otherwise` if there is none.
    [[nodiscard]] std::int64_t digits(std::int64_t otherwise) {
        std::int64_t value = 0;
        int count = 0;
        for (; digit_at(0); ++at_, ++count) {
            if (count == 3) fail(at_, "a length of more than three digits");
            value = 10 * value + (peek() - '0');
        }
        return count == 0 ? otherwise : value;
    }

private:
    std::string_view text_;
    std::string_view name_;
    std::size_t next_ = 0;  // the start of the next line
    std::size_t at_ = 0;    // the cursor
    std::size_t end_ = 0;   // the end of the line, without comment
};

}  // namespace mgan::inline MGAN_ABI::score::detail
