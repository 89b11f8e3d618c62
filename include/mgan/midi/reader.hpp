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

#include <mgan/core/byte_cursor.hpp>
#include <mgan/core/file.hpp>
#include <mgan/midi/fault_log.hpp>
#include <mgan/midi/file.hpp>
#include <mgan/midi/track_reader.hpp>

#include <algorithm>
#include <concepts>
#include <filesystem>
#include <span>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI::midi {

/// A file and what had to be mended to read it.
struct ReadResult {
    MidiFile file;
    std::vector<Repair> repairs;     ///< the first `max_repairs`, as they were met
    std::uint64_t repair_count = 0;  ///< all of them
    FaultCounts repairs_of{};        ///< all of them, by kind
    std::uint64_t lost_bytes = 0;    ///< of tracks that ended at damage: what came after it
    /// Looks at single bytes: at most about 4 for each byte of the file.
    std::uint64_t bytes_examined = 0;
};

/// Reads one file, whose bytes must outlive the reader: container, header, chunks. Use `parse`.
class SmfReader {
public:
    SmfReader(std::span<const std::byte> bytes, ReadOptions options)
        : faults_(std::move(options)), in_(bytes, faults_.name()) {}
    template <std::same_as<std::vector<std::byte>> Temporary>
    SmfReader(Temporary&&, ReadOptions) = delete;
    SmfReader(const SmfReader&) = delete;  // members refer to each other
    SmfReader& operator=(const SmfReader&) = delete;

    /// Reads the file. Once.
    [[nodiscard]] ReadResult read() {
        if (in_.size() > kMaxBytes) faults_.reject("at most 2 GiB");
        enter_container();
        read_header();
        while (in_.remaining() > 0 && read_chunk()) {
        }
        check_tracks();
        result_.repairs = faults_.take_repairs();
        result_.repair_count = faults_.count();
        result_.repairs_of = faults_.count_of();
        result_.bytes_examined = in_.reads();
        return std::move(result_);
    }

private:
    static constexpr std::size_t kMaxBytes = 0x7FFF'FFFF;
    static constexpr std::size_t kHeaderBytes = 14;
    static constexpr std::uint16_t kDivisionForZero = 480;

    /// Moves to "MThd": at the start, or inside the `data` chunk of a RIFF file (.rmi), or, to
    /// recover, wherever it is (a MacBinary header of 128 bytes stands before it in old files).
    void enter_container() {
        if (in_.size() == 0) faults_.reject("a MIDI file, the file is empty");
        if (in_.next_is("RIFF")) {
            if (enter_riff() && in_.next_is("MThd")) return;
            faults_.report(Fault::riff_damaged, in_.offset());
            in_.set_limit(in_.size());
            in_.seek(0);
        }
        if (in_.next_is("MThd")) return;
        if (in_.next_is("\x1F\x8B")) faults_.reject("'MThd', this is gzip: unpack the file first");
        if (faults_.strict() || !in_.find("MThd"))
            faults_.reject(describe(Fault::leading_bytes).expected);
        faults_.report(Fault::leading_bytes, 0);
    }

    /// "RIFF" size "RMID", then chunks `id size bytes`, padded to even length, sizes with the low
    /// byte first. Moves to the bytes of the chunk `data`, with the limit at their end; false where
    /// there is none.
    [[nodiscard]] bool enter_riff() {
        if (!in_.has(12)) return false;
        in_.skip(4);
        const std::uint64_t size = in_.le32();
        if (size < 4 || !in_.has(size) || !in_.next_is("RMID")) return false;
        const std::size_t end = in_.offset() + static_cast<std::size_t>(size);
        if (end + (size & 1) < in_.limit()) faults_.report(Fault::stray_bytes, end);
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
            faults_.reject("a header of 14 bytes, the file ends before", in_.limit());
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
        if (sound && !faults_.strict()) sound = at_chunk_or_end();
        if (!sound) {
            faults_.report(Fault::header_length, start + 4);
            in_.seek(after);
        }
        if (file.format > 2) {
            faults_.report(Fault::unknown_format, body);
            file.format = 1;
        }
        tracks_offset_ = body + 2;
        if (is_valid_division(file.division)) return;
        if (!is_smpte(file.division) ||
            is_valid_division(static_cast<std::uint16_t>(file.division | 1))) {
            // 0 ticks a quarter, or 0 ticks a frame.
            faults_.report(Fault::division_zero, body + 4);
            file.division = kDivisionForZero;
        } else {
            // 55440 ticks a quarter do not fit 15 bits; some programs write them all the same.
            faults_.report(Fault::division_overflow, body + 4);
            file.division = static_cast<std::uint16_t>(file.division / 2);
            halve_ticks_ = true;
        }
    }

    /// Whether four printable letters stand here, as at the start of a chunk, or nothing more.
    [[nodiscard]] bool at_chunk_or_end() {
        if (in_.remaining() == 0) return true;
        if (!in_.has(8)) return false;
        const std::size_t start = in_.offset();
        const auto letters = in_.take(4);
        in_.seek(start);
        return std::all_of(letters.begin(), letters.end(), [](std::byte b) {
            return b >= std::byte{0x20} && b <= std::byte{0x7E};
        });
    }

    /// One chunk of any kind. False when no more can be found.
    [[nodiscard]] bool read_chunk() {
        const std::size_t start = in_.offset();
        if (!at_chunk_or_end()) {
            faults_.report(Fault::stray_bytes, start);
            return in_.has(8) && in_.find("MTrk");
        }
        const bool is_track = in_.next_is("MTrk");
        in_.skip(4);
        const std::uint64_t length = in_.be32();
        const bool fits = in_.has(length);
        if (!fits) faults_.report(Fault::chunk_past_end, start + 4);
        if (is_track) return read_track(length, fits);
        if (!fits) return in_.find("MTrk");
        in_.skip(length);
        return true;
    }

    [[nodiscard]] bool read_track(std::uint64_t length, bool fits) {
        std::vector<Track>& tracks = result_.file.tracks;
        if (tracks.size() == kMaxTracks) {
            faults_.report(Fault::too_many_tracks, in_.offset() - 8);
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
        const bool ended = track_reader_.read();
        const std::size_t stop = in_.offset();
        in_.set_limit(outer_limit);
        if (!ended) result_.lost_bytes += end - stop;
        if (tracks.size() == tracks.capacity())
            tracks.reserve(tracks.size() + tracks.size() / 2 + 1);
        tracks.push_back(track_reader_.track());  // a copy: it takes no more room than it needs

        std::size_t next = end;
        if (ended && stop < end) {
            if (!fits) {
                next = stop;  // the length was wrong: go on with what follows
            } else {
                faults_.report(Fault::bytes_after_end_of_track, stop);
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
        if (file.tracks.size() != declared_tracks_)
            faults_.report(Fault::track_count, tracks_offset_);
        if (file.format == 0 && file.tracks.size() != 1) {
            faults_.report(Fault::format_0_tracks, tracks_offset_);
            file.format = 1;
        }
        if (!halve_ticks_) return;
        for (Track& track : file.tracks) {
            for (Event& event : track.events) event.tick = (event.tick + 1) / 2;
            track.end = (track.end + 1) / 2;
        }
    }

    FaultLog faults_;
    ByteCursor in_;
    ReadResult result_;
    std::size_t declared_tracks_ = 0;
    std::size_t tracks_offset_ = 0;
    bool halve_ticks_ = false;
    TrackReader track_reader_{in_, faults_};
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
