#pragma once
/// \file
/// The bars of a score that is being read: closes them, counts them, and compares the voices.
///
/// Music typed by hand has mistakes, and most of them are lengths. A bar that does not fill its
/// metre is reported where it stands; a voice whose bars or repeat signs differ from the first
/// voice's, at the first bar that differs. The middle of the parser's three layers; see parser.hpp.

#include <mgan/score/score.hpp>
#include <mgan/score/text.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI::score::detail {

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

inline constexpr std::size_t kNone = static_cast<std::size_t>(-1);

/// The bars of every voice of the part being read, and the parts that are whole.
class ScoreBars : public ScoreText {
public:
    using ScoreText::ScoreText;

protected:
    /// Reads a bar line with its repeat signs and ending, and closes the bar before it.
    void bar_line() {
        VoiceState& state = states_[voice_];
        const std::size_t offset = at_;
        bool end = false, start = false, lasting = false;
        int ending = 0;
        // Everything from the set | : ] [1 [2 belongs to one bar line: |: :|2 :: || |]
        int strokes = 0;
        for (;; ++at_) {
            if (peek() == '|') {
                ++strokes;
            } else if (peek() == ':') {
                // Before the strokes a colon ends a repeat, behind them it starts one; :: is both.
                (strokes > 0 || end ? start : end) = true;
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

    /// Takes the bar as complete: throws unless it fills its metre or may be short.
    void close_bar(std::size_t offset, bool before_break) {
        VoiceState& state = states_[voice_];
        ScoreBar& bar = state.bar;
        if (state.tuplet_left > 0) {
            fail(offset, "the bar ends inside a tuplet, ", state.tuplet_left, " notes are missing");
        }
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
            const std::string& name = score_.voices[voice_].name;
            if (state.slurs != 0) fail(at_, "voice ", name, " leaves a slur open");
            if (!state.marks.empty() || state.staccato) {
                fail(at_, "voice ", name, " ends with a mark that no note follows");
            }
            // The next part starts afresh, in the key and metre where this one ends.
            state.after_break = true;
            state.started = state.next_repeat_start = false;
            state.next_ending = 0;
        }
        voice_ = keep;
        compare_voices();
        score_.parts.push_back({part_name_.empty() ? "A" : part_name_, std::move(bars_)});
        bars_.assign(states_.size(), {});
    }

    /// The first voice's endings come in pairs; the others have its bars, one by one.
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

    /// Turns the header's P: into indices.
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

    Score score_;
    std::vector<VoiceState> states_;           // of each voice
    std::vector<std::vector<ScoreBar>> bars_;  // of each voice, in this part
    std::size_t voice_ = kNone;                // the voice being written
    std::string part_name_;
    std::size_t part_offset_ = 0;
    std::string_view part_order_;  // the header's P:
    std::size_t part_order_offset_ = 0;
};

}  // namespace mgan::inline MGAN_ABI::score::detail
