#pragma once
/// \file
/// A score: music as it stands on paper, before anybody plays it.
///
/// A MIDI file says when a key goes down, how long and how hard. A page of music says less and
/// more: pitches in a key, lengths as fractions of a bar, voices, repeat signs, `p` and `f`. This
/// header is that page as data; `parser.hpp` reads it from text, `performance.hpp` plays it.
///
///     T:Melody                         one Score
///     ...                                parts (P:A, P:B), played in the order of the header's P:
///     [V:R] e4 d2 c2 | B2 g2 A2 c2 |       for each voice its bars
///     [V:L] CGEG FGFG | ...                  for each bar its elements: notes, chords, rests
///
/// The text format is a strict subset of ABC 2.1 (abcnotation.com), described in docs/scores.md.

#include <mgan/core/error.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace mgan::inline MGAN_ABI::score {

/// A score's text breaks the format. `line()` and `column()` count from 1; the message holds them
/// too, and what was expected:
///
///     minuet.score:12:9: bar 3 of voice R lasts 5/8, the metre is 3/4: ...
class ScoreError : public FormatError {
public:
    ScoreError(const std::string& message, std::uint64_t offset, int line, int column)
        : FormatError(message, offset), line_(line), column_(column) {}
    [[nodiscard]] int line() const noexcept { return line_; }
    [[nodiscard]] int column() const noexcept { return column_; }

private:
    int line_;
    int column_;
};

/// What a mark changes from its note on.
enum class ScoreMarkKind {
    level,        ///< a dynamic, `value` is its velocity (p is 50, f is 86)
    accent,       ///< this note alone is louder by `value`
    crescendo,    ///< a hairpin opens, towards the next level
    diminuendo,   ///< a hairpin opens downwards
    hairpin_end,  ///< the open hairpin ends here
    tempo         ///< `value` is microseconds per quarter note
};

/// One mark, attached to the element that follows it.
struct ScoreMark {
    ScoreMarkKind kind = ScoreMarkKind::level;
    std::int64_t value = 0;
};

/// One pitch of a note or chord; a tied one goes on into the next element of its voice.
struct ScorePitch {
    int pitch = 0;  ///< MIDI number
    bool tied = false;
};

/// How an element is held.
enum class ScoreTouch { plain, staccato, slurred };

/// A note (one pitch), a chord (several) or a rest (none).
struct ScoreElement {
    std::int64_t length = 0;  ///< ticks as written
    std::vector<ScorePitch> pitches;
    std::vector<ScoreMark> marks;
    ScoreTouch touch = ScoreTouch::plain;
    std::size_t offset = 0;  ///< where in the text, for messages
};

/// One bar of one voice, with the bar lines around it.
struct ScoreBar {
    std::vector<ScoreElement> elements;
    std::int64_t length = 0;  ///< ticks: the sum over the elements
    int beats = 4;            ///< the metre's upper number
    int beat_unit = 4;        ///< the metre's lower number
    bool repeat_start = false;
    bool repeat_end = false;
    int ending = 0;            ///< 1 or 2 where a first or second ending begins, else 0
    bool after_break = false;  ///< follows the start, a repeat sign or a double bar
    std::size_t offset = 0;

    /// Ticks of a full bar: beats / beat_unit of a whole note.
    [[nodiscard]] std::int64_t full_length() const noexcept {
        return std::int64_t{beats} * 1536 / beat_unit;
    }
    /// Where in the metre this bar starts: an upbeat (a short bar after a break) fills the end.
    [[nodiscard]] std::int64_t first_tick() const noexcept {
        return after_break && length < full_length() ? full_length() - length : 0;
    }
    /// Same bar lines: what every voice must agree on, beside the length.
    [[nodiscard]] bool same_lines(const ScoreBar& other) const noexcept {
        return repeat_start == other.repeat_start && repeat_end == other.repeat_end &&
               ending == other.ending;
    }
};

/// A voice (one hand, one singer): its place in the balance.
struct ScoreVoice {
    std::string name;
    int octave = 0;  ///< octaves added to every pitch, so that a left hand needs fewer commas
    int gain = 0;    ///< velocity added to every note: a tune is played above its accompaniment
};

/// A section, such as the trio of a minuet: bars[voice][bar].
struct ScorePart {
    std::string name;
    std::vector<std::vector<ScoreBar>> bars;
};

/// A whole piece.
struct Score {
    std::string title;
    std::string composer;   ///< with years: `Robert Schumann (1810-1856)`, or `Traditional`
    std::string catalogue;  ///< the field B: opus or catalogue number
    std::string key;        ///< as in the text: `G`, `Am`
    std::vector<std::string> remarks;  ///< the fields N: which section this is, who arranged it
    std::int64_t microseconds_per_quarter = 500'000;
    std::vector<ScoreVoice> voices;
    std::vector<ScorePart> parts;
    std::vector<std::size_t> order;  ///< indices into `parts`, as played
};

/// The bars of one voice of a part in the order in which they are played, repeats written out.
///
/// `|: a | b :|` gives a b a b; `|: a |1 b :|2 c` gives a b a c. A `:|` without `|:` goes back to
/// the last repeat sign, or to the start.
[[nodiscard]] inline std::vector<std::size_t> playing_order(const std::vector<ScoreBar>& bars) {
    std::vector<std::size_t> order;
    std::size_t start = 0;
    bool second_time = false;
    for (std::size_t i = 0; i < bars.size();) {
        if (bars[i].repeat_start && i != start) {
            start = i;
            second_time = false;
        }
        if (second_time && bars[i].ending == 1) {
            while (i < bars.size() && bars[i].ending != 2) ++i;
            start = i;
            second_time = false;
            continue;
        }
        order.push_back(i);
        if (bars[i].repeat_end && !second_time) {
            second_time = true;
            i = start;
            continue;
        }
        if (bars[i].repeat_end) {
            start = i + 1;
            second_time = false;
        }
        ++i;
    }
    return order;
}

}  // namespace mgan::inline MGAN_ABI::score
