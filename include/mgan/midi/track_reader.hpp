#pragma once
/// \file
/// The events of one track: the inner half of the reader. reader.hpp has the grammar.
///
/// Nearly all bytes of a file are channel messages without any fault, so there are two ways through
/// a track: `read_plain_messages`, which is fast and stops at whatever is not plain, and
/// `read_event`, which knows every case.

#include <mgan/core/byte_cursor.hpp>
#include <mgan/midi/fault_log.hpp>
#include <mgan/midi/file.hpp>
#include <mgan/midi/meta_event.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace mgan::inline MGAN_ABI::midi {

/// Reads tracks, one after the other, from a cursor whose limit is the end of the track. Cursor and
/// log must outlive it.
class TrackReader {
public:
    TrackReader(ByteCursor& in, FaultLog& faults) noexcept : in_(in), faults_(faults) {}

    /// Reads the events of one track, from the cursor's place to its limit. Returns whether an
    /// end-of-track event was among them; the cursor then stands behind it.
    [[nodiscard]] bool read() {
        track_.events.clear();
        track_.payload.clear();
        track_.end = 0;
        tick_ = 0;
        running_status_ = 0;
        interrupted_ = false;
        open_sysex_ = false;
        Next next = Next::event;
        while (next == Next::event && in_.remaining() > 0) {
            read_plain_messages();
            next = read_event();
        }
        if (next == Next::event) faults_.report(Fault::missing_end_of_track, in_.offset());
        return next == Next::end_of_track;
    }

    /// The track that was read last.
    [[nodiscard]] const Track& track() const noexcept { return track_; }

private:
    /// How reading one event left the track.
    enum class Next { event, end_of_track, damage };

    /// The channel messages that come next, up to the first event that is of another kind, or
    /// damaged, or near the end: `read_event`, which knows all cases, takes over there. Nearly all
    /// of a file is read here, so there is one bounds check per message, not one per byte.
    void read_plain_messages() {
        constexpr std::size_t kLongest = 4 + 1 + 2;   // time, status, data
        constexpr std::size_t kAhead = kLongest + 1;  // a byte stays, for read_event
        constexpr std::int64_t kLastTick = kMaxTick - std::int64_t{kMaxQuantity};
        if (tick_ != track_.end) return;  // an event was left out: see advance_time
        // Local copies, so that the compiler can rule out aliasing.
        ByteCursor in = in_;
        std::int64_t tick = tick_;
        std::uint8_t running_status = interrupted_ ? std::uint8_t{0} : running_status_;
        while (in.has(kAhead) && tick <= kLastTick) {
            const auto bytes = in.rest();
            std::size_t at = 0;
            const auto next = [&] { return std::to_integer<std::uint8_t>(bytes[at++]); };

            std::uint8_t digit = next();
            std::uint32_t difference = digit & 0x7Fu;
            while (digit >= 0x80 && at < 4) {
                digit = next();
                difference = difference << 7 | (digit & 0x7Fu);
            }
            std::uint8_t status = running_status;
            std::uint8_t data1 = next();
            if (data1 >= 0x80) {
                status = data1;
                data1 = next();
            }
            const bool is_channel = status >= 0x80 && status < 0xF0;
            const std::uint8_t data2 =
                is_channel && channel_data_bytes(status) == 2 ? next() : std::uint8_t{0};
            if (!is_channel || (digit | data1 | data2) >= 0x80) break;

            tick += difference;
            track_.add_channel(tick, status, data1, data2);
            running_status = status;
            (void)in.take(at);
        }
        in_ = in;
        tick_ = tick;
        if (running_status == 0) return;
        running_status_ = running_status;
        interrupted_ = false;
    }

    [[nodiscard]] Next read_event() {
        const auto difference = read_quantity();
        if (!difference) return Next::damage;
        advance_time(*difference);
        if (!in_.has(1)) return cut_off(in_.offset());

        std::size_t start = in_.offset();
        std::uint8_t status = in_.peek();
        if (status < 0x80) {
            if (running_status_ != 0) {
                if (interrupted_) faults_.report(Fault::interrupted_running_status, start);
                return read_channel(running_status_, start);
            }
            faults_.report(Fault::missing_status, start);
            while (status < 0x80) {
                in_.skip(1);
                if (!in_.has(1)) return Next::damage;
                status = in_.peek();
            }
            start = in_.offset();
        }
        in_.skip(1);
        if (status < 0xF0) return read_channel(status, start);
        if (status == 0xFF) return read_meta(start);
        if (status == 0xF0 || status == 0xF7) return read_system(status, start);

        // System messages (clock, song position ...), valid only on a live connection: leave out
        // their data, too.
        faults_.report(Fault::illegal_status, start);
        int data = status == 0xF2 ? 2 : status == 0xF1 || status == 0xF3 ? 1 : 0;
        while (data-- > 0 && in_.has(1) && in_.peek() < 0x80) in_.skip(1);
        return Next::event;
    }

    /// 1 to 4 bytes of 7 bits. Nothing if damaged; the fault has then been reported.
    [[nodiscard]] std::optional<std::uint32_t> read_quantity() {
        const std::size_t start = in_.offset();
        std::uint32_t value = 0;
        for (int i = 0; i < 4; ++i) {
            if (!in_.has(1)) {
                faults_.report(Fault::event_cut_off, start);
                return std::nullopt;
            }
            const std::uint8_t digit = in_.u8();
            value = value << 7 | (digit & 0x7Fu);
            if (digit < 0x80) return value;
        }
        faults_.report(Fault::vlq_too_long, start);
        return std::nullopt;
    }

    void advance_time(std::uint32_t difference) {
        // Where events were left out, the difference to the last one that was kept can be longer
        // than a writer could write.
        const std::int64_t latest = std::min(kMaxTick, track_.end + std::int64_t{kMaxQuantity});
        tick_ += difference;
        if (tick_ <= latest) return;
        faults_.report(Fault::time_too_long, in_.offset());
        tick_ = latest;
    }

    [[nodiscard]] Next cut_off(std::size_t offset) {
        faults_.report(Fault::event_cut_off, offset);
        return Next::damage;
    }

    [[nodiscard]] Next read_channel(std::uint8_t status, std::size_t start) {
        const int count = channel_data_bytes(status);
        if (!in_.has(static_cast<std::uint64_t>(count))) return cut_off(start);
        std::uint8_t data[2] = {0, 0};
        for (int i = 0; i < count; ++i) {
            data[i] = in_.u8();
            if (data[i] < 0x80) continue;
            // Programs that scale velocities from 0 to 1 write 128 for the loudest. Without its bit
            // 7 that is 0, which ends a note instead.
            const bool velocity = i == 1 && (status & 0xE0) == 0x80;
            faults_.report(velocity ? Fault::velocity_over_127 : Fault::high_data_byte,
                           in_.offset() - 1);
            data[i] = velocity ? std::uint8_t{127} : static_cast<std::uint8_t>(data[i] & 0x7F);
        }
        running_status_ = status;
        interrupted_ = false;
        track_.add_channel(tick_, status, data[0], data[1]);
        return Next::event;
    }

    /// A length and as many bytes. Nothing if damaged.
    [[nodiscard]] std::optional<std::span<const std::byte>> read_payload() {
        const std::size_t start = in_.offset();
        const auto length = read_quantity();
        if (!length) return std::nullopt;
        if (!in_.has(*length)) {
            faults_.report(Fault::length_past_end, start);
            return std::nullopt;
        }
        return in_.take(*length);
    }

    [[nodiscard]] Next read_meta(std::size_t start) {
        interrupted_ = true;
        if (!in_.has(1)) return cut_off(start);
        const std::uint8_t type = in_.u8();
        const auto bytes = read_payload();
        if (!bytes) return Next::damage;
        if (!meta_length_fits(type, bytes->size())) {
            faults_.report(Fault::meta_length, start);
        } else if (!meta_values_fit(type, *bytes)) {
            faults_.report(Fault::meta_value, start);
        } else if (type != kMetaEndOfTrack) {
            track_.add_meta(tick_, type, *bytes);
        }
        if (type != kMetaEndOfTrack) return Next::event;
        track_.end = tick_;
        return Next::end_of_track;
    }

    /// F0 begins a message, which ends with the byte F7. Without it, the next event has to be F7
    /// with the next packet. An F7 event outside a message carries raw bytes.
    [[nodiscard]] Next read_system(std::uint8_t status, std::size_t start) {
        interrupted_ = true;
        const bool is_packet = status == 0xF0 || open_sysex_;
        constexpr std::byte kEnd{0xF7};
        const auto bytes = read_payload();
        if (!bytes) {
            if (open_sysex_) track_.add_system(tick_, 0xF7, {&kEnd, 1});
            return Next::damage;
        }
        open_sysex_ = is_packet && (bytes->empty() || bytes->back() != kEnd);
        if (!open_sysex_ || packet_follows()) {
            track_.add_system(tick_, status, *bytes);
            return Next::event;
        }
        faults_.report(Fault::unfinished_sysex, start);
        open_sysex_ = false;
        std::vector<std::byte> ended(bytes->begin(),
                                     bytes->end() - (bytes->size() == kMaxQuantity));
        ended.push_back(kEnd);
        track_.add_system(tick_, status, ended);
        return Next::event;
    }

    /// Whether the next event is an F7 event. Looks at 5 bytes at most and steps over none.
    [[nodiscard]] bool packet_follows() {
        const std::size_t start = in_.offset();
        int digits = 0;
        while (in_.has(1) && digits < 4 && in_.u8() >= 0x80) ++digits;
        const bool follows = digits < 4 && in_.has(1) && in_.peek() == 0xF7;
        in_.seek(start);
        return follows;
    }

    ByteCursor& in_;
    FaultLog& faults_;
    Track track_;  // its memory serves one track after the other
    std::int64_t tick_ = 0;
    std::uint8_t running_status_ = 0;
    bool interrupted_ = false;  // by a meta or system exclusive event, which cancels running status
    bool open_sysex_ = false;   // a packet without F7 came, its continuation is next
};

}  // namespace mgan::inline MGAN_ABI::midi
