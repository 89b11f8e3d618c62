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
    bool staccato = false, after_break = true, next_repeat_start = false;
    int slurs = 0, next_ending = 0;
    int tuplet_left = 0;  // notes of a tuplet still to come
    std::int64_t tuplet_p = 1, tuplet_q = 1;
};

inline constexpr std::size_t kNone = static_cast<std::size_t>(-1);

/// A bar line with its repeat signs and ending.
struct BarLine {
    std::size_t offset = 0;
    bool repeat_end = false, repeat_start = false;
    bool is_break = false;  // a double bar or a repeat sign
    int ending = 0;         // 1 or 2 where that ending begins
};

/// The bars of every voice of the part being read, and the parts that are complete. `text` names
/// places in messages, and must outlive it.
class ScoreBars {
public:
    explicit ScoreBars(const ScoreText& text) noexcept : text_(text) {}
    ScoreBars(ScoreText&&) = delete;

    Score score;  ///< what is known of it so far

    [[nodiscard]] bool has_voice() const noexcept { return voice_ != kNone; }
    /// The voice being written; only if there is one.
    [[nodiscard]] VoiceState& state() noexcept { return states_[voice_]; }
    [[nodiscard]] ScoreVoice& voice() noexcept { return score.voices[voice_]; }

    /// Goes on in the voice of that name. In the first part it may be new, and starts from
    /// `defaults`.
    void select_voice(std::string_view name, const VoiceState& defaults, std::size_t offset) {
        voice_ = kNone;
        for (std::size_t i = 0; i < score.voices.size(); ++i) {
            if (score.voices[i].name == name) voice_ = i;
        }
        if (voice_ != kNone) return;
        if (!score.parts.empty())
            text_.fail(offset, "voice ", name, " was not there in the first part");
        voice_ = score.voices.size();
        // The first voice is the tune unless gain= says otherwise.
        score.voices.push_back({std::string(name), 0, voice_ == 0 ? 4 : -8});
        states_.push_back(defaults);
        bars_.emplace_back();
    }

    /// Ends the part before, and begins the one of that name.
    void begin_part(std::string_view name, std::size_t offset) {
        finish_part();
        for (const ScorePart& part : score.parts) {
            if (part.name == name) text_.fail(offset, "part ", name, " is there already");
        }
        part_name_ = name;
        part_offset_ = offset;
    }

    /// The order of the parts, as the header's P: has it.
    void set_order(std::string_view order, std::size_t offset) {
        part_order_ = order;
        part_order_offset_ = offset;
    }

    /// Closes the bar before a bar line.
    void bar_line(const BarLine& line) {
        VoiceState& now = state();
        if (!now.bar.elements.empty()) {
            now.bar.repeat_end = line.repeat_end;
            close_bar(line.offset, line.is_break || line.ending == 2);
        } else if (line.repeat_end && !bars_[voice_].empty()) {
            bars_[voice_].back().repeat_end = true;  // "| :|" written apart
        } else if (line.repeat_end) {
            text_.fail(line.offset, "a repeat ends where no bar has been");
        }
        now.next_repeat_start = now.next_repeat_start || line.repeat_start;
        if (line.ending != 0) now.next_ending = line.ending;
        now.after_break = now.after_break || line.is_break;
    }

    /// Ends the last part and returns the score. Once.
    [[nodiscard]] Score finish() {
        finish_part();
        finish_order();
        return std::move(score);
    }

private:
    /// Takes the bar as complete: throws unless it fills its metre or may be short.
    void close_bar(std::size_t offset, bool before_break) {
        VoiceState& state = states_[voice_];
        ScoreBar& bar = state.bar;
        if (state.tuplet_left > 0) {
            text_.fail(offset, "the bar ends inside a tuplet, ", state.tuplet_left,
                       " notes are missing");
        }
        bar.beats = state.beats;
        bar.beat_unit = state.beat_unit;
        bar.repeat_start = std::exchange(state.next_repeat_start, false);
        bar.ending = std::exchange(state.next_ending, 0);
        bar.after_break = std::exchange(state.after_break, false);
        const bool may_be_short = bar.after_break || before_break || bar.ending != 0;
        if (bar.length > bar.full_length() || (bar.length < bar.full_length() && !may_be_short)) {
            text_.fail(bar.offset, "bar ", bars_[voice_].size() + 1, " of voice ",
                       score.voices[voice_].name, " lasts ", in_units(bar.length),
                       " units of L:, the metre ", bar.beats, "/", bar.beat_unit, " asks for ",
                       in_units(bar.full_length()),
                       ": check the lengths up to the bar line in column ",
                       text_.column_of(offset));
        }
        state.in_bar.clear();
        bars_[voice_].push_back(std::exchange(bar, ScoreBar{}));
    }

    [[nodiscard]] std::string in_units(std::int64_t ticks) const {
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
            if (!part_name_.empty()) text_.fail(part_offset_, "part ", part_name_, " has no music");
            return;
        }
        const std::size_t keep = voice_;
        for (voice_ = 0; voice_ < states_.size(); ++voice_) {
            VoiceState& state = states_[voice_];
            if (!state.bar.elements.empty()) close_bar(text_.at(), true);
            const std::string& name = score.voices[voice_].name;
            if (state.slurs != 0) text_.fail(text_.at(), "voice ", name, " leaves a slur open");
            if (!state.marks.empty() || state.staccato) {
                text_.fail(text_.at(), "voice ", name, " ends with a mark that no note follows");
            }
            // The next part starts afresh, in the key and metre where this one ends.
            state.after_break = true;
            state.next_repeat_start = false;
            state.next_ending = 0;
        }
        voice_ = keep;
        compare_voices();
        score.parts.push_back({part_name_.empty() ? "A" : part_name_, std::move(bars_)});
        bars_.assign(states_.size(), {});
    }

    /// The first voice's endings come in pairs; the others have its bars, one by one.
    void compare_voices() const {
        const auto& first = bars_[0];
        int ending = 0;
        for (const ScoreBar& bar : first) {
            if (bar.ending == 2 && ending != 1)
                text_.fail(bar.offset, "a second ending without a first one");
            if (bar.ending != 0) ending = bar.ending;
            if (bar.repeat_start && ending == 1)
                text_.fail(bar.offset, "a first ending without a second one");
            if (ending == 2) ending = 0;
        }
        if (ending == 1) text_.fail(first.back().offset, "a first ending without a second one");
        for (std::size_t v = 1; v < bars_.size(); ++v) {
            const auto& bars = bars_[v];
            const std::string& name = score.voices[v].name;
            for (std::size_t i = 0; i < std::min(first.size(), bars.size()); ++i) {
                if (bars[i].length != first[i].length) {
                    text_.fail(bars[i].offset, "bar ", i + 1, " of voice ", name, " lasts ",
                               bars[i].length, " ticks, in voice ", score.voices[0].name, " ",
                               first[i].length);
                }
                if (!bars[i].same_lines(first[i])) {
                    text_.fail(bars[i].offset, "bar ", i + 1, " of voice ", name,
                               " has other repeat signs or endings than voice ",
                               score.voices[0].name);
                }
            }
            if (bars.size() != first.size()) {
                text_.fail(bars.empty() ? text_.at() : bars.back().offset, "voice ", name, " has ",
                           bars.size(), " bars, voice ", score.voices[0].name, " ", first.size(),
                           " (part ", part_name_.empty() ? "A" : part_name_, ")");
            }
        }
    }

    /// Turns the header's P: into indices.
    void finish_order() {
        if (score.parts.empty()) text_.fail(text_.at(), "the score has no music");
        if (part_order_.empty()) {
            for (std::size_t i = 0; i < score.parts.size(); ++i) score.order.push_back(i);
            return;
        }
        for (std::size_t k = 0; k < part_order_.size(); ++k) {
            if (part_order_[k] == ' ') continue;
            const auto found = std::find_if(
                score.parts.begin(), score.parts.end(),
                [&](const ScorePart& part) { return part.name == part_order_.substr(k, 1); });
            if (found == score.parts.end()) {
                text_.fail(part_order_offset_ + k, "the header plays part ", part_order_[k],
                           ", there is no P:", part_order_[k], " below");
            }
            score.order.push_back(static_cast<std::size_t>(found - score.parts.begin()));
        }
    }

    const ScoreText& text_;
    std::vector<VoiceState> states_;           // of each voice
    std::vector<std::vector<ScoreBar>> bars_;  // of each voice, in this part
    std::size_t voice_ = kNone;                // the voice being written
    std::string part_name_;
    std::size_t part_offset_ = 0;
    std::string_view part_order_;  // the header's P:
    std::size_t part_order_offset_ = 0;
};

}  // namespace mgan::inline MGAN_ABI::score::detail
