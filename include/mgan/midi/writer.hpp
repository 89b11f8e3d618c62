#pragma once
/// \file
/// `MidiFile` -> bytes of a Standard MIDI File.
///
/// Written so that every reader understands it the same way: quantities in their shortest form, a
/// status byte after every meta and system exclusive event (running status only between channel
/// messages), an end-of-track event in every track, true lengths and counts.
///
///     parse(serialise(file)).file == file
///
/// for all that `parse` returns, and for every file that `serialise` accepts and whose meta events
/// are valid.

#include <mgan/core/atomic_file.hpp>
#include <mgan/midi/file.hpp>

#include <string_view>

namespace mgan::inline MGAN_ABI::midi {

/// Appends one track chunk; `index` is its number, for messages.
/// \throws DataError where the track cannot be written
inline void append_track(std::vector<std::byte>& out, const Track& track, std::size_t index) {
    const auto put = [&](std::uint8_t value) { out.push_back(static_cast<std::byte>(value)); };
    const auto put_text = [&](std::string_view text) {
        for (const char c : text) out.push_back(static_cast<std::byte>(c));
    };
    std::int64_t now = 0;
    const auto put_time = [&](std::int64_t tick) {
        require<DataError>(tick >= now && tick - now <= std::int64_t{kMaxQuantity},
                           "midi::serialise: track ", index, ": tick ", tick,
                           " cannot follow tick ", now,
                           ": times must not go back, nor wait more than 268435455 ticks");
        append_quantity(out, static_cast<std::uint32_t>(tick - now));
        now = tick;
    };

    put_text("MTrk");
    const std::size_t length_at = out.size();
    out.resize(length_at + 4);
    std::uint8_t running_status = 0;
    for (const Event& event : track.events) {
        put_time(event.tick);
        if (event.is_channel()) {
            require<DataError>(event.status >= 0x80 && event.data1 < 0x80 && event.data2 < 0x80,
                               "midi::serialise: track ", index, ", tick ", event.tick, ": status ",
                               int{event.status}, " with data ", int{event.data1}, ", ",
                               int{event.data2},
                               " is no channel message (status 128 to 239, data 0 to 127)");
            if (event.status != running_status) put(event.status);
            running_status = event.status;
            put(event.data1);
            if (channel_data_bytes(event.status) == 2) put(event.data2);
            continue;
        }
        running_status = 0;
        require<DataError>(event.status == 0xF0 || event.status == 0xF7 ||
                               (event.status == 0xFF && event.data1 != kMetaEndOfTrack),
                           "midi::serialise: track ", index, ", tick ", event.tick, ": status ",
                           int{event.status},
                           " cannot stand in a file (nor can an end of track among the events)");
        put(event.status);
        if (event.status == 0xFF) put(event.data1);
        const auto bytes = track.bytes_of(event);
        append_quantity(out, static_cast<std::uint32_t>(bytes.size()));
        out.insert(out.end(), bytes.begin(), bytes.end());
    }
    put_time(track.end);
    for (const int value : {0xFF, int{kMetaEndOfTrack}, 0x00})
        put(static_cast<std::uint8_t>(value));

    const std::size_t length = out.size() - length_at - 4;
    require<DataError>(length <= 0xFFFF'FFFF, "midi::serialise: track ", index,
                       " is longer than 4 GiB");
    for (std::size_t i = 0; i < 4; ++i)
        out[length_at + i] = static_cast<std::byte>(length >> (24 - 8 * i));
}

/// The bytes of a file.
/// \throws DataError naming track and tick where something cannot be written as it is
[[nodiscard]] inline std::vector<std::byte> serialise(const MidiFile& file) {
    require<DataError>(file.format >= 0 && file.format <= 2, "midi::serialise: format ",
                       file.format, ", it must be 0, 1 or 2");
    require<DataError>(is_valid_division(file.division), "midi::serialise: division ",
                       file.division, " is neither ticks a quarter nor SMPTE");
    require<DataError>(file.tracks.size() <= kMaxTracks, "midi::serialise: ", file.tracks.size(),
                       " tracks, a header can count 65535");
    require<DataError>(file.format != 0 || file.tracks.size() == 1,
                       "midi::serialise: format 0 has one track, not ", file.tracks.size());
    std::vector<std::byte> out;
    for (const char c : std::string_view("MThd\0\0\0\6", 8))
        out.push_back(static_cast<std::byte>(c));
    for (const std::size_t word : {static_cast<std::size_t>(file.format), file.tracks.size(),
                                   static_cast<std::size_t>(file.division)}) {
        out.push_back(static_cast<std::byte>(word >> 8));
        out.push_back(static_cast<std::byte>(word));
    }
    for (std::size_t i = 0; i < file.tracks.size(); ++i) append_track(out, file.tracks[i], i);
    return out;
}

/// Writes a file, all or nothing. \throws DataError, IoError
inline void write_file(const std::filesystem::path& path, const MidiFile& file) {
    write_file_atomically(path, serialise(file));
}

}  // namespace mgan::inline MGAN_ABI::midi
