#pragma once
/// \file
/// What can be wrong with a MIDI file, and what the reader makes of it.
///
/// Most faults of real files are small: a header that counts one track too many, a last track that
/// was cut off. A reader that refuses them loses the music; one that mends them silently hides that
/// the music may not be what was written. So every kind of fault has a name and one defined
/// outcome: in `strict` mode the first is an error; in `recover` mode each is mended as this table
/// says, and listed.

#include <mgan/core/version.hpp>

#include <cstdint>
#include <iterator>
#include <string_view>

namespace mgan::inline MGAN_ABI::midi {

/// The kinds of faults, in the order in which a file can show them.
enum class Fault : std::uint8_t {
    leading_bytes,
    riff_damaged,
    header_length,
    unknown_format,
    division_zero,
    division_overflow,
    track_count,
    format_0_tracks,
    too_many_tracks,
    chunk_past_end,
    stray_bytes,
    vlq_too_long,
    event_cut_off,
    length_past_end,
    missing_status,
    interrupted_running_status,
    illegal_status,
    high_data_byte,
    velocity_over_127,
    unfinished_sysex,
    meta_length,
    meta_value,
    time_too_long,
    bytes_after_end_of_track,
    missing_end_of_track,
};
inline constexpr int kFaultKinds = static_cast<int>(Fault::missing_end_of_track) + 1;

/// A fault in words: what the reader expected, and how `recover` mends it.
struct FaultText {
    std::string_view expected;  ///< completes "expected ..."
    std::string_view repair;
};

/// The table of all outcomes.
[[nodiscard]] constexpr FaultText describe(Fault fault) noexcept {
    switch (fault) {
        case Fault::leading_bytes:
            return {"a MIDI file, which begins with 'MThd'", "skipped the bytes before 'MThd'"};
        case Fault::riff_damaged:
            return {"RIFF chunks that fit the file, one of them 'data'", "searched for 'MThd'"};
        case Fault::header_length:
            return {"a header of 6 or more bytes, followed by a chunk",
                    "read the header as 6 bytes"};
        case Fault::unknown_format:
            return {"format 0, 1 or 2", "read it as format 1"};
        case Fault::division_zero:
            return {"a division other than zero", "took 480 ticks a quarter"};
        case Fault::division_overflow:
            return {"24, 25, 29 or 30 frames a second",
                    "read the division as more ticks a quarter than 15 bits hold, and halved ticks "
                    "and division"};
        case Fault::track_count:
            return {"as many tracks as the header says", "read the tracks that are there"};
        case Fault::format_0_tracks:
            return {"one track in format 0", "read it as format 1"};
        case Fault::too_many_tracks:
            return {"at most 65535 tracks", "left out the tracks after those"};
        case Fault::chunk_past_end:
            return {"a chunk that ends within the file",
                    "took the chunk to end at the next 'MTrk' or with the file"};
        case Fault::stray_bytes:
            return {"a chunk: four letters and a length", "skipped to the next 'MTrk'"};
        case Fault::vlq_too_long:
            return {"a variable-length quantity of at most 4 bytes", "ended the track before it"};
        case Fault::event_cut_off:
            return {"the rest of an event", "ended the track before it"};
        case Fault::length_past_end:
            return {"a length that ends within the track", "ended the track before the event"};
        case Fault::missing_status:
            return {"a status byte", "skipped to the next byte that is one"};
        case Fault::interrupted_running_status:
            return {"a status byte after a meta or system exclusive event",
                    "took the status before that event"};
        case Fault::illegal_status:
            return {"a channel message, F0, F7 or FF", "left the message out"};
        case Fault::high_data_byte:
            return {"a data byte below 80 (hexadecimal)", "cleared its bit 7"};
        case Fault::velocity_over_127:
            return {"a velocity below 80 (hexadecimal)", "took 127, the loudest"};
        case Fault::unfinished_sysex:
            return {"F7 at the end of a system exclusive message", "ended the message there"};
        case Fault::meta_length:
            return {"the length that this meta event has", "left the event out"};
        case Fault::meta_value:
            return {"a meta event whose values are in range", "left the event out"};
        case Fault::time_too_long:
            return {"a time that can be counted", "shortened the time"};
        case Fault::bytes_after_end_of_track:
            return {"the end of the chunk after the end of the track", "left them out"};
        case Fault::missing_end_of_track:
            return {"an end-of-track event", "ended the track after its last event"};
    }
    return {"", ""};
}

/// The name of a fault in lists, as in the enumeration.
[[nodiscard]] constexpr std::string_view name(Fault fault) noexcept {
    constexpr std::string_view kNames[] = {"leading_bytes",       "riff_damaged",
                                           "header_length",       "unknown_format",
                                           "division_zero",       "division_overflow",
                                           "track_count",         "format_0_tracks",
                                           "too_many_tracks",     "chunk_past_end",
                                           "stray_bytes",         "vlq_too_long",
                                           "event_cut_off",       "length_past_end",
                                           "missing_status",      "interrupted_running_status",
                                           "illegal_status",      "high_data_byte",
                                           "velocity_over_127",   "unfinished_sysex",
                                           "meta_length",         "meta_value",
                                           "time_too_long",       "bytes_after_end_of_track",
                                           "missing_end_of_track"};
    static_assert(std::size(kNames) == kFaultKinds);
    return kNames[static_cast<std::size_t>(fault)];
}

/// Whether the fault means that events were lost, or are not what was written. The others are
/// habits of programs: counts that are off, an end that is missing.
[[nodiscard]] constexpr bool loses_events(Fault fault) noexcept {
    switch (fault) {
        case Fault::stray_bytes:
        case Fault::vlq_too_long:
        case Fault::event_cut_off:
        case Fault::length_past_end:
        case Fault::missing_status:
        case Fault::illegal_status:
        case Fault::high_data_byte:
        case Fault::meta_length:
        case Fault::meta_value:
        case Fault::time_too_long:
            return true;
        default:
            return false;
    }
}

/// One entry of the list of repairs.
struct Repair {
    std::uint64_t offset = 0;  ///< of the first byte that is wrong, from the start of the file
    Fault fault{};

    friend bool operator==(const Repair&, const Repair&) = default;
};

}  // namespace mgan::inline MGAN_ABI::midi
