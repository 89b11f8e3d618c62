#pragma once
/// \file
/// What is told before an event of steps: by a listener, to a generator or a discriminator.
///
///     sources   whole events that the next one may copy: the last, those that followed the longest
///               earlier match of what was just heard (recall.hpp), the seven before the last,
///               those that stood here one period ago, and the outer voices of the onsets before
///     phases    where in a quarter note the last onset lies, and where the next one will
///     numbers   metre, key, chord, what the song is so far (style_meter.hpp), what it shall be,
///               and how far its end is
///     counts    how often each value was used
///     limits    the range that was asked for; whether another pitch class is, or a further key

#include <mgan/core/version.hpp>
#include <mgan/encoding/step_events.hpp>
#include <mgan/encoding/step_vocabulary.hpp>
#include <mgan/encoding/style_axes.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace mgan::inline MGAN_ABI::encoding {

/// The sources of a context, by place:
///
///      0         the last event
///      1         what followed the longest earlier match of the last pitches
///      2         ... of the last times between events; its pitch is moved along: last pitch +
///                recalled interval
///      3         ... of the last (interval, time); moved along
///      4 .. 10   the seven events before the last one, the latest first
///     11 .. 23   the event that stood here 3/4, 1, 3/2, 2, 3, 4, 6, 8, 12, 16, 24, 32 and 64
///                quarters ago, as far back as it is remembered: of the chord at that distance
///                from the last onset the note that comes next in order, if it has one, or else
///                the first note at that distance from the next onset
///     24 .. 36   of each of these its interval alone, moved along: last pitch + (its pitch - that
///                of the event before it)
///     37 .. 41   known once the move is drawn (`StepArrival::voices`): the highest and the lowest
///                note of the onset before this one, those of the onset before that, and of the
///                first of these chords the note whose place in the order is that of the next one
inline constexpr std::size_t kStepRecalls = 3;
inline constexpr std::size_t kStepInputs = 1 + kStepRecalls;  ///< those a net reads as a whole
inline constexpr std::size_t kStepRecent = 7;
/// In sixteenth notes: those of sources 11 .. 23.
inline constexpr std::array<std::int32_t, 13> kStepPeriods = {3,  4,  6,  8,  12,  16, 24,
                                                              32, 48, 64, 96, 128, 256};
inline constexpr std::size_t kStepAligned = kStepPeriods.size();
inline constexpr std::size_t kStepVoices = 5;
inline constexpr std::size_t kFirstAligned = kStepInputs + kStepRecent;
inline constexpr std::size_t kFirstMoved = kFirstAligned + kStepAligned;
inline constexpr std::size_t kFirstVoice = kFirstMoved + kStepAligned;
inline constexpr std::size_t kStepSources = kFirstVoice + kStepVoices;

/// Where the numbers of a context begin; all of size about 1.
namespace step_numbers {
/// cos, then sin of the last onset's phase in 4, 3 and 2 quarters.
inline constexpr std::size_t kMetre = 0;
/// Lengths of the three matches, at most 12, over 12.
inline constexpr std::size_t kMatches = kMetre + 6;
/// How much each pitch class was used of late: an event counts 1/5, times 0.95 for each later one.
inline constexpr std::size_t kPitchClasses = kMatches + kStepRecalls;
/// 1 for each pitch class that began with the last onset.
inline constexpr std::size_t kChord = kPitchClasses + 12;
/// The style of the last 100 events, normalised; zeros before the first.
inline constexpr std::size_t kRunning = kChord + 12;
/// In this order: events in the window / 50 - 1; log(1 + their duration in sixteenths of a quarter)
/// / 3 - 1; log(1 + earlier places with the last three pitches); log(1 + length) / 2 of the first
/// and of the third match, not cut; how far the song still is from the asked lowest and highest
/// pitch (octaves), least and greatest velocity (in 20); keys that sound / 4 - 1.
inline constexpr std::size_t kProgress = kRunning + kStyleAxes;
/// The style that was asked for, normalised.
inline constexpr std::size_t kAsked = kProgress + 10;
/// Where the song shall end (`StepListener::end_in`): zeros while that is unknown or further than
/// 16 quarters away. Else 1; 1 if the next onset is the last one; 1 if the last one was; how near
/// the next onset is to it: 1 - quarters / 4 and 1 - quarters / 16, within 0 .. 1.
inline constexpr std::size_t kEnding = kAsked + kStyleAxes;
inline constexpr std::size_t kEndingCount = 5;
/// Number of numbers.
inline constexpr std::size_t kCount = kEnding + kEndingCount;
}  // namespace step_numbers

inline constexpr std::uint16_t kAllPitchClasses = 0xFFF;

/// What is told before an event.
struct StepContext {
    /// Component indices; -1 in every component where there is no such event, or not yet.
    std::array<StepEvent, kStepSources> sources{};
    /// Onset of the last event modulo a quarter, in grid steps; before the first event, of that.
    std::int32_t last_phase = 0;
    /// Where the next move leads, modulo a quarter; before the first event, of that.
    std::int32_t next_phase = 0;
    std::array<float, step_numbers::kCount> numbers{};  ///< see `step_numbers`
    /// For each component, how often each of its values occurs in the last 100 events (a gap once
    /// an onset, a move never). Refers to the listener, and follows it.
    std::array<std::span<const std::uint16_t>, kMaxComponents> counts{};
    /// For each component the least and the greatest index within the asked style: the ranges of
    /// pitch and velocity; of the other components the whole list.
    std::array<std::int16_t, kMaxComponents> least{}, greatest{};
    /// Bit c: pitch class c is within the asked style. All, until as many different ones were heard
    /// as it asks for; from then on those.
    std::uint16_t classes = kAllPitchClasses;
    /// As many keys sound as the asked style has at most: no further one at this onset.
    bool full = false;

    /// Number of `numbers`.
    [[nodiscard]] static constexpr std::size_t size() noexcept { return step_numbers::kCount; }
};

/// Bit p % 64 of word p / 64: key p.
using StepKeys = std::array<std::uint64_t, 2>;

[[nodiscard]] constexpr bool has_key(const StepKeys& keys, std::size_t key) noexcept {
    return (keys[key / 64] >> (key % 64) & 1u) != 0;
}
constexpr void add_key(StepKeys& keys, std::size_t key) noexcept {
    keys[key / 64] |= std::uint64_t(1) << (key % 64);
}
/// Calls `function(key)` for each, from the lowest up.
template <typename Function>
constexpr void for_each_key(const StepKeys& keys, Function&& function) noexcept {
    for (std::size_t word = 0; word < 2; ++word)
        for (std::uint64_t bits = keys[word]; bits != 0; bits &= bits - 1)
            function(64 * word + static_cast<std::size_t>(std::countr_zero(bits)));
}

/// In sixteenth notes: those of sets 0 .. 6.
inline constexpr std::array<std::int32_t, 7> kStepEchoes = {2, 4, 8, 12, 16, 24, 32};
/// The sets of keys of a `StepArrival`, by place:
///
///      0 .. 6    the keys struck 1/2, 1, 2, 3, 4, 6 and 8 quarters before the new onset
///      7         all keys of the pitch classes that were struck at it so far
///      8         ... at the onset before it
///      9         ... that sound there
inline constexpr std::size_t kStepKeySets = kStepEchoes.size() + 3;

/// Quarters from the next onset to the last one within which a listener tells of the end.
inline constexpr std::int32_t kEndingQuarters = 16;

/// Ends of sounding notes that `StepArrival` names.
inline constexpr std::size_t kStepEnds = 4;
/// These, and the last onset of the song.
inline constexpr std::size_t kStepReleases = kStepEnds + 1;

/// What is known once the move is drawn.
struct StepArrival {
    std::int32_t phase = 0;  ///< of the new onset, modulo a quarter, grid steps
    StepKeys sounding{};     ///< keys that were struck before and sound there
    /// When the notes that sound there end, the soonest first, each time once, as indices of the
    /// nearest gap and the nearest length; -1 where there are fewer. (Onsets and ends like to fall
    /// together.) At the last place the song's last onset, where it is known and within reach of
    /// one gap, or one length.
    std::array<std::int16_t, kStepReleases> release_gap{}, release_length{};
    /// Grid steps. If the next onset is sooner, so many keys sound there still that a note which
    /// begins now must have ended: its length is the gap at most. 0: it may be of any length.
    std::int32_t hold = 0;
    /// Sources 37 .. 41. Their move is -1: it would tell the next one's.
    std::array<StepEvent, kStepVoices> voices{};
    std::array<StepKeys, kStepKeySets> keys{};  ///< see `kStepKeySets`

    [[nodiscard]] bool sounds(int pitch) const noexcept {
        return has_key(sounding, static_cast<std::size_t>(pitch));
    }
};

}  // namespace mgan::inline MGAN_ABI::encoding
