#pragma once
/// \file
/// Plays a score: from the page to notes with velocities, as a plain but musical player would.
///
/// A score played at one velocity sounds like a machine, and a network that learns from it learns
/// that loudness never changes. Here a note's velocity is a sum of what a pianist does without
/// thinking:
///
///     velocity = level            p, f, hairpins: the page
///              + metre            the first beat is heavy, the off-beats are light
///              + arc              four bars swell and fade
///              + contour          a high note sings
///              + gain             the tune stands above its accompaniment
///              + accent           where the page asks for one
///
/// All of it is integer arithmetic, so a song is the same on every machine. Onsets stay on the
/// grid: notes written together sound together.

#include <mgan/midi/song.hpp>
#include <mgan/score/score.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI::score {

/// How one performance differs from another of the same score.
struct Performance {
    int transpose = 0;           ///< semitones
    int tempo_percent = 100;     ///< 110 is ten per cent faster
    int velocity_shift = 0;      ///< added to every velocity
    int contrast_percent = 100;  ///< widens the velocities around the song's mean
};

namespace detail {

/// A voice's loudness over time: a level from `tick` on, moving to the next point's if `ramp`.
struct LevelPoint {
    std::int64_t tick;
    int level;
    bool ramp;
};

inline constexpr int kDefaultLevel = 70;
inline constexpr int kHairpinStep = 12;  // what a hairpin changes if no new level follows

/// Loudness of one voice from its own marks and, if it is not the first, from the first voice's: on
/// paper one `p` between the staves counts for both hands.
class LevelCurve {
public:
    void mark(std::int64_t tick, const ScoreMark& mark) {
        const int now = level_;
        switch (mark.kind) {
            case ScoreMarkKind::level:
                // A hairpin that is still open, or closes right here, leads to this level.
                level_ = static_cast<int>(mark.value);
                open_ = 0;
                add(tick, level_, false);
                return;
            case ScoreMarkKind::crescendo:
            case ScoreMarkKind::diminuendo:
                open_ = mark.kind == ScoreMarkKind::crescendo ? 1 : -1;
                add(tick, now, true);
                return;
            case ScoreMarkKind::hairpin_end:
                if (open_ == 0) return;
                level_ = std::clamp(now + open_ * kHairpinStep, 24, 112);
                open_ = 0;
                add(tick, level_, false);
                return;
            default:
                return;
        }
    }

    [[nodiscard]] int at(std::int64_t tick) const {
        if (points_.empty() || tick < points_.front().tick) return kDefaultLevel;
        std::size_t i = points_.size() - 1;
        while (points_[i].tick > tick) --i;
        const LevelPoint& a = points_[i];
        if (!a.ramp || i + 1 == points_.size()) return a.level;
        const LevelPoint& b = points_[i + 1];
        return a.level +
               static_cast<int>((b.level - a.level) * (tick - a.tick) / (b.tick - a.tick));
    }

private:
    void add(std::int64_t tick, int level, bool ramp) {
        if (!points_.empty() && points_.back().tick == tick) points_.pop_back();
        points_.push_back({tick, level, ramp});
    }

    std::vector<LevelPoint> points_;
    int level_ = kDefaultLevel;
    int open_ = 0;
};

/// A bar at its place in the performance.
struct PlacedBar {
    const ScoreBar* bar;
    std::int64_t onset;
    std::size_t number;  // from the start of its part, for the arc
};

[[nodiscard]] inline std::vector<PlacedBar> placed_bars(const Score& score, std::size_t voice) {
    std::vector<PlacedBar> result;
    std::int64_t onset = 0;
    for (const std::size_t part : score.order) {
        const std::vector<ScoreBar>& bars = score.parts[part].bars[voice];
        for (const std::size_t i : playing_order(bars)) {
            result.push_back({&bars[i], onset, i});
            onset += bars[i].length;
        }
    }
    return result;
}

/// Weight of a place in the bar: the first beat, the middle, the other beats, between the beats.
[[nodiscard]] inline int metrical_accent(const ScoreBar& bar, std::int64_t tick) {
    const bool compound = bar.beat_unit == 8 && bar.beats % 3 == 0 && bar.beats > 3;
    const std::int64_t beat = std::int64_t{1536} / bar.beat_unit * (compound ? 3 : 1);
    const std::int64_t beats = bar.full_length() / beat;
    if (tick == 0) return 8;
    if (beats % 2 == 0 && 2 * tick == bar.full_length()) return 3;
    if (tick % beat == 0) return 0;
    return 2 * tick % beat == 0 ? -4 : -6;
}

/// A swell over four bars, from -3 at its ends to +4 in its middle: the parabola 4 x (1 - x).
[[nodiscard]] inline int phrase_arc(std::size_t bar, std::int64_t tick, std::int64_t full) {
    const std::int64_t length = 4 * full;
    const std::int64_t x = static_cast<std::int64_t>(bar % 4) * full + tick;
    return static_cast<int>(4 * 7 * x * (length - x) / (length * length)) - 3;
}

/// How long a written length sounds: a little shorter, staccato half, slurred whole.
[[nodiscard]] inline std::int64_t sounding(std::int64_t length, ScoreTouch touch) {
    if (touch == ScoreTouch::staccato) return std::max<std::int64_t>(length / 2, 1);
    if (touch == ScoreTouch::slurred) return length;
    return std::max<std::int64_t>(length - std::min<std::int64_t>(length / 8, 24), 1);
}

/// The notes of one voice, ties joined; throws if a tie leads nowhere.
inline void play_voice(const Score& score, std::size_t voice, const LevelCurve& level,
                       std::vector<midi::Note>& notes) {
    const std::vector<PlacedBar> bars = placed_bars(score, voice);
    std::int64_t sum = 0, count = 0;
    for (const PlacedBar& placed : bars) {
        for (const ScoreElement& element : placed.bar->elements) {
            for (const ScorePitch& each : element.pitches) {
                sum += each.pitch;
                ++count;
            }
        }
    }
    const std::int64_t middle = count == 0 ? 60 : sum / count;
    struct Held {
        int pitch;
        std::size_t note;
    };
    std::vector<Held> held, next;
    for (const PlacedBar& placed : bars) {
        const ScoreBar& bar = *placed.bar;
        std::int64_t in_bar = 0;
        for (const ScoreElement& element : bar.elements) {
            const std::int64_t onset = placed.onset + in_bar;
            const std::int64_t tick = bar.first_tick() + in_bar;
            int accent = 0;
            for (const ScoreMark& mark : element.marks) {
                if (mark.kind == ScoreMarkKind::accent) accent += static_cast<int>(mark.value);
            }
            next.clear();
            std::size_t joined = 0;
            for (const ScorePitch& each : element.pitches) {
                const auto tie = std::find_if(held.begin(), held.end(),
                                              [&](const Held& h) { return h.pitch == each.pitch; });
                std::size_t index = notes.size();
                if (tie != held.end()) {
                    index = tie->note;
                    notes[index].length =
                        onset - notes[index].onset + sounding(element.length, element.touch);
                    ++joined;
                } else {
                    const int contour = static_cast<int>(
                        std::clamp<std::int64_t>((each.pitch - middle) / 3, -5, 5));
                    const int velocity = level.at(onset) + metrical_accent(bar, tick) +
                                         phrase_arc(placed.number, tick, bar.full_length()) +
                                         contour + score.voices[voice].gain + accent;
                    notes.push_back(
                        {onset, sounding(element.length, element.touch), each.pitch, velocity, 0});
                }
                if (each.tied) next.push_back({each.pitch, index});
            }
            require<DataError>(
                joined == held.size(), score.title, ": a tie in voice ", score.voices[voice].name,
                ", bar ", placed.number + 1,
                " does not lead to a note of the same pitch; write its accidental again");
            held.swap(next);
            in_bar += element.length;
        }
    }
    require<DataError>(held.empty(), score.title, ": a tie at the end of voice ",
                       score.voices[voice].name, " leads to no note");
}

}  // namespace detail

/// Plays `score`. The same score and performance always give the same song; its title is
/// `composer: title`, its notes are in `midi::note_order`, on channel 0. A pitch that two voices
/// strike at one moment is one note, the longer and louder of the two: a piano has each key once.
///
/// \throws DataError if a tie leads to no note of its pitch, or a transposed note leaves 0 .. 127.
/// \throws ConfigError if the tempo is not positive or the contrast negative.
[[nodiscard]] inline midi::Song perform(const Score& score, const Performance& how = {}) {
    require<ConfigError>(how.tempo_percent > 0 && how.contrast_percent >= 0,
                         "perform: tempo_percent is ", how.tempo_percent, " and contrast_percent ",
                         how.contrast_percent, ", expected more than 0 and at least 0");
    midi::Song song;
    song.title = score.composer + ": " + score.title;
    const auto tempo = [&](std::int64_t micros) { return micros * 100 / how.tempo_percent; };
    song.tempo.push_back({0, tempo(score.microseconds_per_quarter)});
    for (std::size_t voice = 0; voice < score.voices.size(); ++voice) {
        // Marks in time order; the first voice's count for every voice.
        struct Timed {
            std::int64_t tick;
            ScoreMark mark;
        };
        std::vector<Timed> marks;
        std::vector<std::size_t> sources{0};
        if (voice != 0) sources.push_back(voice);
        for (const std::size_t source : sources) {
            for (const detail::PlacedBar& placed : detail::placed_bars(score, source)) {
                std::int64_t tick = placed.onset;
                for (const ScoreElement& element : placed.bar->elements) {
                    for (const ScoreMark& mark : element.marks) {
                        if (mark.kind != ScoreMarkKind::tempo) {
                            marks.push_back({tick, mark});
                        } else if (voice == 0) {
                            if (song.tempo.back().tick == tick) song.tempo.pop_back();
                            song.tempo.push_back({tick, tempo(mark.value)});
                        }
                    }
                    tick += element.length;
                }
            }
        }
        std::stable_sort(marks.begin(), marks.end(),
                         [](const Timed& a, const Timed& b) { return a.tick < b.tick; });
        detail::LevelCurve level;
        for (const Timed& each : marks) level.mark(each.tick, each.mark);
        detail::play_voice(score, voice, level, song.notes);
    }

    std::int64_t sum = 0;
    for (const midi::Note& note : song.notes) sum += note.velocity;
    const auto n = static_cast<std::int64_t>(song.notes.size());
    const int mean = n == 0 ? 0 : static_cast<int>(sum / n);
    for (midi::Note& note : song.notes) {
        note.pitch += how.transpose;
        require<DataError>(note.pitch >= 0 && note.pitch <= 127, score.title, ": transposed by ",
                           how.transpose, " semitones a note is MIDI number ", note.pitch,
                           ", outside 0 to 127");
        const int swing = (note.velocity - mean) * how.contrast_percent / 100;
        note.velocity = std::clamp(mean + swing + how.velocity_shift, 1, 127);
    }
    std::sort(song.notes.begin(), song.notes.end(), midi::note_order);
    // One key, one string: of two equal pitches at one moment the longer and louder is kept, and a
    // pitch that is struck anew while it still sounds ends the note before.
    std::vector<midi::Note> kept;
    std::array<std::size_t, 128> last{};  // index + 1 into `kept` of each pitch's latest note
    for (const midi::Note& note : song.notes) {
        std::size_t& latest = last[static_cast<std::size_t>(note.pitch)];
        if (latest != 0) {
            midi::Note& before = kept[latest - 1];
            if (before.onset == note.onset) {
                before.length = std::max(before.length, note.length);
                before.velocity = std::max(before.velocity, note.velocity);
                continue;
            }
            before.length = std::min(before.length, note.onset - before.onset);
        }
        kept.push_back(note);
        latest = kept.size();
    }
    std::sort(kept.begin(), kept.end(), midi::note_order);
    song.notes = std::move(kept);
    return song;
}

}  // namespace mgan::inline MGAN_ABI::score
