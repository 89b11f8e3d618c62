#pragma once
/// \file
/// A Standard MIDI File in memory: tracks of events, before anybody asks what music they are.
///
/// A track is a list of messages with a time each, counted in ticks since the start. Three kinds:
///
///     status       what                     data
///     80 .. EF     a channel message        1 or 2 bytes below 80 (note-on: pitch, velocity)
///     F0, F7       system exclusive         any number of bytes
///     FF           meta: tempo, names ...   a type, and any number of bytes
///
/// Nearly all are channel messages, so an `Event` has room for those, 16 bytes; the bytes of the
/// other kinds stand one after another in `Track::payload`, as in the file: a length, then the
/// bytes. The shortest event of a file is 2 bytes long, so a track takes at most 8 times its bytes.

#include <mgan/core/error.hpp>
#include <mgan/midi/meta_event.hpp>
#include <mgan/midi/song.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace mgan::inline MGAN_ABI::midi {

/// Variable-length quantities have at most 4 bytes of 7 bits. It bounds every time difference and
/// every payload.
inline constexpr std::uint32_t kMaxQuantity = 0x0FFF'FFFF;

/// The last tick that mgan accepts, 2^53: a double holds it exactly, and 64 bits suffice to rescale
/// it.
inline constexpr std::int64_t kMaxTick = std::int64_t{1} << 53;

/// The last tick of a song, 2^40: 90 years at 120 quarters a minute. What is later in a file is
/// moved there, so that whatever was read can be written.
inline constexpr std::int64_t kMaxSongTick = std::int64_t{1} << 40;

/// Most tracks of a file: its header counts them in 16 bits.
inline constexpr std::size_t kMaxTracks = 0xFFFF;

/// Data bytes of a channel message: 1 for program change (C0) and channel pressure (D0), else 2.
[[nodiscard]] constexpr int channel_data_bytes(std::uint8_t status) noexcept {
    return (status & 0xE0) == 0xC0 ? 1 : 2;
}

/// One message. `payload` is for F0, F7 and FF alone: where in `Track::payload` its length stands.
struct Event {
    std::int64_t tick = 0;  ///< since the start of the track, in the file's own division
    std::uint32_t payload = 0;
    std::uint8_t status = 0;  ///< 80 .. EF, F0, F7 or FF; always there: no running status
    std::uint8_t data1 = 0;   ///< first data byte, or the type of a meta event
    std::uint8_t data2 = 0;

    [[nodiscard]] bool is_channel() const noexcept { return status < 0xF0; }
    [[nodiscard]] bool is_meta(std::uint8_t type) const noexcept {
        return status == 0xFF && data1 == type;
    }
    [[nodiscard]] int channel() const noexcept { return status & 0x0F; }
    /// A note begins. By convention a note-on of velocity 0 is a note-off.
    [[nodiscard]] bool is_note_on() const noexcept { return (status & 0xF0) == 0x90 && data2 > 0; }
    [[nodiscard]] bool is_note_off() const noexcept {
        return (status & 0xF0) == 0x80 || ((status & 0xF0) == 0x90 && data2 == 0);
    }

    friend bool operator==(const Event&, const Event&) = default;
};
static_assert(sizeof(Event) == 16, "the promise about memory counts on it");

/// A variable-length quantity: 7 bits a byte, most significant first, bit 7 set on all but the
/// last. Appends `value` <= kMaxQuantity to `bytes`.
inline void append_quantity(std::vector<std::byte>& bytes, std::uint32_t value) {
    for (int shift = 21; shift > 0; shift -= 7) {
        if (value >> shift != 0)
            bytes.push_back(static_cast<std::byte>((value >> shift & 0x7F) | 0x80));
    }
    bytes.push_back(static_cast<std::byte>(value & 0x7F));
}

/// Events in order of time. The `add` functions keep events and payload in step.
struct Track {
    std::vector<Event> events;       ///< without the end-of-track event
    std::vector<std::byte> payload;  ///< lengths and bytes of system exclusive and meta events
    std::int64_t end = 0;            ///< tick of the end-of-track event, at or after the last event

    /// Appends a channel message. `data2` is ignored where the message has one data byte.
    void add_channel(std::int64_t tick, std::uint8_t status, std::uint8_t data1,
                     std::uint8_t data2 = 0) {
        add({tick, 0, status, data1, channel_data_bytes(status) == 2 ? data2 : std::uint8_t{0}});
    }

    /// Appends a meta event (not the end of the track: that is `end`). Bytes: at most kMaxQuantity.
    void add_meta(std::int64_t tick, std::uint8_t type, std::span<const std::byte> bytes) {
        add({tick, add_payload(bytes), 0xFF, type, 0});
    }

    /// Appends system exclusive bytes: status F0 (a message or its first packet) or F7 (a further
    /// packet, or raw bytes). The closing F7 is one of the bytes.
    void add_system(std::int64_t tick, std::uint8_t status, std::span<const std::byte> bytes) {
        add({tick, add_payload(bytes), status, 0, 0});
    }

    /// The bytes of a system exclusive or meta event; empty for a channel message.
    /// Precondition: the event is of this track.
    [[nodiscard]] std::span<const std::byte> bytes_of(const Event& event) const noexcept {
        if (event.is_channel()) return {};
        std::size_t at = event.payload;
        std::size_t length = 0;
        for (;;) {
            const auto digit = std::to_integer<std::size_t>(payload[at++]);
            length = length << 7 | (digit & 0x7F);
            if ((digit & 0x80) == 0) break;
        }
        return std::span(payload).subspan(at, length);
    }

    friend bool operator==(const Track&, const Track&) = default;

private:
    void add(const Event& event) {
        // Growth by a half instead of doubling: old and new array together stay below 20 bytes for
        // each byte of the file even when all its events are of the shortest kind.
        if (events.size() == events.capacity())
            events.reserve(events.size() + events.size() / 2 + 1);
        events.push_back(event);
        if (event.tick > end) end = event.tick;
    }
    std::uint32_t add_payload(std::span<const std::byte> bytes) {
        require<DataError>(
            bytes.size() <= kMaxQuantity && payload.size() <= 0xFFFF'FFF0 - bytes.size() - 4,
            "midi::Track: a payload of ", bytes.size(), " bytes does not fit a track");
        const auto at = static_cast<std::uint32_t>(payload.size());
        append_quantity(payload, static_cast<std::uint32_t>(bytes.size()));
        payload.insert(payload.end(), bytes.begin(), bytes.end());
        return at;
    }
};

/// A whole file.
struct MidiFile {
    int format = 1;                ///< 0: one track; 1: tracks of one song; 2: each track a song
    std::uint16_t division = 384;  ///< the header's word: what a tick is, see `TickScale`
    std::vector<Track> tracks;

    friend bool operator==(const MidiFile&, const MidiFile&) = default;
};

/// A division with bit 15 set counts time in frames of film: -frames a second in the upper byte,
/// ticks a frame in the lower. Otherwise it is the number of ticks a quarter note.
[[nodiscard]] constexpr bool is_smpte(std::uint16_t division) noexcept {
    return (division & 0x8000) != 0;
}
[[nodiscard]] constexpr int smpte_frames(std::uint16_t division) noexcept {
    return 256 - (division >> 8);
}
[[nodiscard]] constexpr int smpte_ticks_per_frame(std::uint16_t division) noexcept {
    return division & 0xFF;
}

/// Whether a division can be used: not 0, and of the frame rates 24, 25, 29 or 30 if it is SMPTE.
[[nodiscard]] constexpr bool is_valid_division(std::uint16_t division) noexcept {
    if (!is_smpte(division)) return division != 0;
    const int frames = smpte_frames(division);
    return smpte_ticks_per_frame(division) != 0 &&
           (frames == 24 || frames == 25 || frames == 29 || frames == 30);
}

/// Ticks of a file -> ticks of 1/384 quarter: a ratio.
///
///     d ticks a quarter:                     384 / d
///     SMPTE, f frames of k ticks:            768 / (f k)
///     f = 29 ("30 drop": 29.97 frames):      768 * 1001 / (30000 k)
///
/// where 768 ticks are a second at 120 quarters a minute.
struct TickScale {
    std::int64_t numerator = 1;
    std::int64_t denominator = 1;

    /// Precondition: is_valid_division(division).
    [[nodiscard]] static constexpr TickScale of(std::uint16_t division) noexcept {
        if (!is_smpte(division)) return {kTicksPerQuarter, division};
        const std::int64_t second = 2 * kTicksPerQuarter;
        const int frames = smpte_frames(division);
        const int ticks = smpte_ticks_per_frame(division);
        if (frames == 29) return {second * 1001, std::int64_t{30000} * ticks};
        return {second, std::int64_t{frames} * ticks};
    }

    /// tick * numerator / denominator to the nearest integer, halves up. It is meant for ticks
    /// since the start: rounding each difference instead would add the errors up. 0 <= tick <=
    /// kMaxTick.
    [[nodiscard]] constexpr std::int64_t operator()(std::int64_t tick) const noexcept {
        // One division where the product fits; else whole denominators first.
        if (tick < (std::int64_t{1} << 31))
            return (2 * tick * numerator + denominator) / (2 * denominator);
        const std::int64_t whole = tick / denominator;
        const std::int64_t rest = tick % denominator;
        return whole * numerator + (2 * rest * numerator + denominator) / (2 * denominator);
    }
};

}  // namespace mgan::inline MGAN_ABI::midi
