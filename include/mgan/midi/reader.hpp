#pragma once
/// \file
/// Bytes of a Standard MIDI File -> `MidiFile`.
///
///     file     = header track*                     chunks of other kinds may stand between
///     header   = "MThd" 00000006 format tracks division          4 + 4 + 2 + 2 + 2 bytes
///     track    = "MTrk" length event*                       the last event is FF 2F 00
///     event    = time-difference message
///     message  = status data data                  a channel message; a status equal to that
///              | data data                         of the message before may be left out
///              | F0 length bytes                   (running status)
///              | F7 length bytes                   system exclusive
///              | FF type length bytes              meta
///
/// For any input: no crash, time linear in the number of bytes, memory below 64 KiB + 24 bytes for
/// each of them. What is wrong with a file is a `Fault`; fault.hpp has the table of outcomes.
/// Source: The Standard MIDI Files specification 1.0 (MIDI Manufacturers Association, RP-001).

#include <mgan/core/atomic_file.hpp>
#include <mgan/core/byte_cursor.hpp>
#include <mgan/midi/fault.hpp>
#include <mgan/midi/file.hpp>
#include <mgan/midi/meta_event.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace mgan::inline MGAN_ABI::midi {

/// What to do about a fault.
enum class ReadMode {
    recover,  ///< mend it, go on, and list it
    strict,   ///< throw a FormatError at the first
};

struct ReadOptions {
    ReadMode mode = ReadMode::recover;
    std::string name = "MIDI data";  ///< for error messages; `read_file` puts the path here
    std::size_t max_repairs = 1000;  ///< length of the list; further repairs are only counted
};

/// A file and what had to be mended to read it.
struct ReadResult {
    MidiFile file;
    std::vector<Repair> repairs;     ///< the first `max_repairs`, as they were met
    std::uint64_t repair_count = 0;  ///< all of them
    /// Looks at single bytes: at most about 4 for each byte of the file.
    std::uint64_t bytes_examined = 0;
};

/// The reader's state while it walks through one file, which must outlive it. Use `parse`.
class SmfReader {
public:
    SmfReader(std::span<const std::byte> bytes, ReadOptions options)
        : options_(std::move(options)), in_(bytes, options_.name) {}
    template <std::same_as<std::vector<std::byte>> Temporary>
    SmfReader(Temporary&&, ReadOptions) = delete;
    SmfReader(const SmfReader&) = delete;  // `in_` refers to the name in `options_`
    SmfReader& operator=(const SmfReader&) = delete;

    /// Reads the file. Once.
    [[nodiscard]] ReadResult read() {
        if (in_.size() > kMaxBytes) reject("at most 2 GiB");
        enter_container();
        read_header();
        while (in_.remaining() > 0 && read_chunk()) {
        }
        check_tracks();
        result_.bytes_examined = in_.reads();
        return std::move(result_);
    }

private:
    static constexpr std::size_t kMaxBytes = 0x7FFF'FFFF;
    static constexpr std::size_t kHeaderBytes = 14;
    static constexpr std::uint16_t kDivisionForZero = 480;

    [[nodiscard]] bool strict() const noexcept { return options_.mode == ReadMode::strict; }

    [[noreturn]] void reject(std::string_view expected, std::size_t offset = 0) const {
        fail_at(options_.name, offset, "expected ", expected);
    }

    void fault(Fault kind, std::size_t offset) {
        if (strict()) reject(describe(kind).expected, offset);
        ++result_.repair_count;
        if (result_.repairs.size() < options_.max_repairs)
            result_.repairs.push_back({offset, kind});
    }

    // ---- chunks -------------------------------------------------------------------------------

    /// Moves to "MThd": at the start, or inside the `data` chunk of a RIFF file (.rmi), or, to
    /// recover, wherever it is (a MacBinary header of 128 bytes stands before it in old files).
    void enter_container() {
        if (in_.size() == 0) reject("a MIDI file, the file is empty");
        if (in_.next_is("RIFF")) {
            if (enter_riff() && in_.next_is("MThd")) return;
            fault(Fault::riff_damaged, in_.offset());
            in_.set_limit(in_.size());
            in_.seek(0);
        }
        if (in_.next_is("MThd")) return;
        if (in_.next_is("\x1F\x8B")) reject("'MThd', this is gzip: unpack the file first");
        if (strict() || !in_.find("MThd")) reject(describe(Fault::leading_bytes).expected);
        fault(Fault::leading_bytes, 0);
    }

    /// "RIFF" size "RMID", then chunks `id size bytes`, padded to even length, sizes with the low
    /// byte first. Says whether it stands at the start of the data chunk, with the limit at its
    /// end.
    bool enter_riff() {
        if (!in_.has(12)) return false;
        in_.skip(4);
        const std::uint64_t size = in_.le32();
        if (size < 4 || !in_.has(size) || !in_.next_is("RMID")) return false;
        const std::size_t end = in_.offset() + static_cast<std::size_t>(size);
        if (end + (size & 1) < in_.limit()) fault(Fault::stray_bytes, end);
        in_.set_limit(end);
        in_.skip(4);
        while (in_.has(8)) {
            const bool is_data = in_.next_is("data");
            in_.skip(4);
            const std::uint64_t length = in_.le32();
            if (!in_.has(length)) return false;
            if (is_data) {
                in_.set_limit(in_.offset() + length);
                return true;
            }
            in_.skip(std::min<std::uint64_t>(length + (length & 1), in_.remaining()));
        }
        return false;
    }

    void read_header() {
        const std::size_t start = in_.offset();
        if (!in_.has(kHeaderBytes))
            reject("a header of 14 bytes, the file ends before", in_.limit());
        in_.skip(4);
        const std::uint64_t length = in_.be32();
        const std::size_t body = in_.offset();
        MidiFile& file = result_.file;
        file.format = in_.be16();
        declared_tracks_ = in_.be16();
        file.division = in_.be16();

        // A longer header is allowed; but does a chunk follow where it says that it ends?
        const std::size_t after = in_.offset();
        bool sound = length >= 6 && length <= in_.limit() - body;
        if (sound) in_.seek(body + length);
        if (sound && !strict()) sound = at_chunk_or_end();
        if (!sound) {
            fault(Fault::header_length, start + 4);
            in_.seek(after);
        }
        if (file.format > 2) {
            fault(Fault::unknown_format, body);
            file.format = 1;
        }
        tracks_offset_ = body + 2;
        if (is_valid_division(file.division)) return;
        if (!is_smpte(file.division) ||
            is_valid_division(static_cast<std::uint16_t>(file.division | 1))) {
            // 0 ticks a quarter, or 0 ticks a frame.
            fault(Fault::division_zero, body + 4);
            file.division = kDivisionForZero;
        } else {
            // 55440 ticks a quarter do not fit 15 bits; some programs write them all the same.
            fault(Fault::division_overflow, body + 4);
            file.division = static_cast<std::uint16_t>(file.division / 2);
            halve_ticks_ = true;
        }
    }

    /// Whether four printable letters stand here, as at the start of a chunk, or nothing more.
    bool at_chunk_or_end() {
        if (in_.remaining() == 0) return true;
        if (!in_.has(8)) return false;
        const std::size_t start = in_.offset();
        const auto letters = in_.take(4);
        in_.seek(start);
        return std::all_of(letters.begin(), letters.end(), [](std::byte b) {
            return b >= std::byte{0x20} && b <= std::byte{0x7E};
        });
    }

    /// One chunk, whatever it is. False at the end of what can be found.
    bool read_chunk() {
        const std::size_t start = in_.offset();
        if (!at_chunk_or_end()) {
            fault(Fault::stray_bytes, start);
            return in_.has(8) && in_.find("MTrk");
        }
        const bool is_track = in_.next_is("MTrk");
        in_.skip(4);
        const std::uint64_t length = in_.be32();
        const bool fits = in_.has(length);
        if (!fits) fault(Fault::chunk_past_end, start + 4);
        if (is_track) return read_track(length, fits);
        if (!fits) return in_.find("MTrk");
        in_.skip(length);
        return true;
    }

    bool read_track(std::uint64_t length, bool fits) {
        std::vector<Track>& tracks = result_.file.tracks;
        if (tracks.size() == kMaxTracks) {
            fault(Fault::too_many_tracks, in_.offset() - 8);
            return false;
        }
        const std::size_t outer_limit = in_.limit();
        const std::size_t body = in_.offset();
        std::size_t end = body;
        if (fits) {
            end += static_cast<std::size_t>(length);
        } else {
            end = in_.find("MTrk") ? in_.offset() : outer_limit;
            in_.seek(body);
        }
        in_.set_limit(end);
        const bool ended = read_events();
        const std::size_t stop = in_.offset();
        in_.set_limit(outer_limit);
        if (tracks.size() == tracks.capacity())
            tracks.reserve(tracks.size() + tracks.size() / 2 + 1);
        tracks.push_back(track_);  // a copy: it takes no more room than it needs

        std::size_t next = end;
        if (ended && stop < end) {
            if (!fits) {
                next = stop;  // the length was wrong: go on with what follows
            } else {
                fault(Fault::bytes_after_end_of_track, stop);
                // A length that is a little too long hides the start of the next track.
                const bool hidden_track = in_.next_is("MTrk");
                in_.seek(end);
                if (hidden_track && !at_chunk_or_end()) next = stop;
            }
        }
        in_.seek(next);
        return true;
    }

    void check_tracks() {
        MidiFile& file = result_.file;
        if (file.tracks.size() != declared_tracks_) fault(Fault::track_count, tracks_offset_);
        if (file.format == 0 && file.tracks.size() != 1) {
            fault(Fault::format_0_tracks, tracks_offset_);
            file.format = 1;
        }
        if (!halve_ticks_) return;
        for (Track& track : file.tracks) {
            for (Event& event : track.events) event.tick = (event.tick + 1) / 2;
            track.end = (track.end + 1) / 2;
        }
    }

    // ---- events -------------------------------------------------------------------------------

    /// How reading one event left the track.
    enum class Next { event, end_of_track, damage };

    /// The events up to the limit; true if an end-of-track event was among them.
    bool read_events() {
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
        if (next == Next::event) fault(Fault::missing_end_of_track, in_.offset());
        return next == Next::end_of_track;
    }

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

    Next read_event() {
        const auto difference = read_quantity();
        if (!difference) return Next::damage;
        advance_time(*difference);
        if (!in_.has(1)) return cut_off(in_.offset());

        std::size_t start = in_.offset();
        std::uint8_t status = in_.peek();
        if (status < 0x80) {
            if (running_status_ != 0) {
                if (interrupted_) fault(Fault::interrupted_running_status, start);
                return read_channel(running_status_, start);
            }
            fault(Fault::missing_status, start);
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
        fault(Fault::illegal_status, start);
        int data = status == 0xF2 ? 2 : status == 0xF1 || status == 0xF3 ? 1 : 0;
        while (data-- > 0 && in_.has(1) && in_.peek() < 0x80) in_.skip(1);
        return Next::event;
    }

    /// 1 to 4 bytes of 7 bits. Nothing if damaged; the fault has then been reported.
    std::optional<std::uint32_t> read_quantity() {
        const std::size_t start = in_.offset();
        std::uint32_t value = 0;
        for (int i = 0; i < 4; ++i) {
            if (!in_.has(1)) {
                fault(Fault::event_cut_off, start);
                return std::nullopt;
            }
            const std::uint8_t digit = in_.u8();
            value = value << 7 | (digit & 0x7Fu);
            if (digit < 0x80) return value;
        }
        fault(Fault::vlq_too_long, start);
        return std::nullopt;
    }

    void advance_time(std::uint32_t difference) {
        // Where events were left out, the difference to the last one that was kept can be longer
        // than a writer could write.
        const std::int64_t latest = std::min(kMaxTick, track_.end + std::int64_t{kMaxQuantity});
        tick_ += difference;
        if (tick_ <= latest) return;
        fault(Fault::time_too_long, in_.offset());
        tick_ = latest;
    }

    Next cut_off(std::size_t offset) {
        fault(Fault::event_cut_off, offset);
        return Next::damage;
    }

    Next read_channel(std::uint8_t status, std::size_t start) {
        const int count = channel_data_bytes(status);
        if (!in_.has(static_cast<std::uint64_t>(count))) return cut_off(start);
        std::uint8_t data[2] = {0, 0};
        for (int i = 0; i < count; ++i) {
            data[i] = in_.u8();
            if (data[i] < 0x80) continue;
            fault(Fault::high_data_byte, in_.offset() - 1);
            data[i] &= 0x7F;
        }
        running_status_ = status;
        interrupted_ = false;
        track_.add_channel(tick_, status, data[0], data[1]);
        return Next::event;
    }

    /// A length and as many bytes. Nothing if damaged.
    std::optional<std::span<const std::byte>> read_payload() {
        const std::size_t start = in_.offset();
        const auto length = read_quantity();
        if (!length) return std::nullopt;
        if (!in_.has(*length)) {
            fault(Fault::length_past_end, start);
            return std::nullopt;
        }
        return in_.take(*length);
    }

    Next read_meta(std::size_t start) {
        interrupted_ = true;
        if (!in_.has(1)) return cut_off(start);
        const std::uint8_t type = in_.u8();
        const auto bytes = read_payload();
        if (!bytes) return Next::damage;
        if (!meta_length_fits(type, bytes->size())) {
            fault(Fault::meta_length, start);
        } else if (!meta_values_fit(type, *bytes)) {
            fault(Fault::meta_value, start);
        } else if (type != kMetaEndOfTrack) {
            track_.add_meta(tick_, type, *bytes);
        }
        if (type != kMetaEndOfTrack) return Next::event;
        track_.end = tick_;
        return Next::end_of_track;
    }

    /// F0 begins a message, which ends with the byte F7. Without it, the next event has to be F7
    /// with the next packet. An F7 event outside a message carries raw bytes.
    Next read_system(std::uint8_t status, std::size_t start) {
        interrupted_ = true;
        const bool is_packet = status == 0xF0 || open_sysex_;
        constexpr std::byte kEnd{0xF7};
        const auto bytes = read_payload();
        if (!bytes) {
            if (open_sysex_ && status == 0xF7) track_.add_system(tick_, 0xF7, {&kEnd, 1});
            return Next::damage;
        }
        open_sysex_ = is_packet && (bytes->empty() || bytes->back() != kEnd);
        if (!open_sysex_ || packet_follows()) {
            track_.add_system(tick_, status, *bytes);
            return Next::event;
        }
        fault(Fault::unfinished_sysex, start);
        open_sysex_ = false;
        std::vector<std::byte> ended(bytes->begin(),
                                     bytes->end() - (bytes->size() == kMaxQuantity));
        ended.push_back(kEnd);
        track_.add_system(tick_, status, ended);
        return Next::event;
    }

    /// Whether the next event is an F7 event. Looks at 5 bytes at most and steps over none.
    bool packet_follows() {
        const std::size_t start = in_.offset();
        int digits = 0;
        while (in_.has(1) && digits < 4 && in_.u8() >= 0x80) ++digits;
        const bool follows = digits < 4 && in_.has(1) && in_.peek() == 0xF7;
        in_.seek(start);
        return follows;
    }

    ReadOptions options_;
    ByteCursor in_;
    ReadResult result_;
    std::size_t declared_tracks_ = 0;
    std::size_t tracks_offset_ = 0;
    bool halve_ticks_ = false;

    Track track_;  // the one being read; its room serves one after the other
    std::int64_t tick_ = 0;
    std::uint8_t running_status_ = 0;
    bool interrupted_ = false;  // by a meta or system exclusive event, which cancels running status
    bool open_sysex_ = false;   // a packet without F7 came, its continuation is next
};

/// Reads a MIDI file from memory.
/// \throws FormatError naming `options.name`, byte offset and what was expected: in `strict` mode
///         at the first fault, in `recover` mode where no header can be found
[[nodiscard]] inline ReadResult parse(std::span<const std::byte> bytes,
                                      const ReadOptions& options = {}) {
    return SmfReader(bytes, options).read();
}

/// Reads a MIDI file from disk; errors name its path.
/// \throws IoError, FormatError
[[nodiscard]] inline ReadResult read_file(const std::filesystem::path& path,
                                          ReadOptions options = {}) {
    options.name = path.string();
    const std::vector<std::byte> bytes = read_file_bytes(path, std::uint64_t{1} << 31);
    return parse(bytes, options);
}

}  // namespace mgan::inline MGAN_ABI::midi
