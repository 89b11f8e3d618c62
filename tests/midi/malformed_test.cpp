// Every kind of damage, and its defined outcome.
#include <mgan/midi/notes.hpp>
#include <support/catch.hpp>
#include <support/smf_bytes.hpp>

#include <set>
#include <string>

using namespace mgan::midi;

namespace {

const std::string kNote = "00 90 3c 40 60 80 3c 00 ";  // middle C, 96 ticks
const std::string kEnd = "00 ff 2f 00 ";

Bytes one_track(const std::string& events) {
    return joined({smf_header(0, 1, 96), smf_track(events)});
}
Bytes good() {
    return one_track(kNote + kEnd);
}

struct Case {
    std::string name;
    Bytes bytes;
    std::vector<Repair> repairs;  // of `recover`, all of them; none: strict accepts as well
    std::size_t notes = 1;
    std::size_t tracks = 1;
};

Bytes rmid(const Bytes& midi, std::uint32_t riff_length, std::uint32_t data_length,
           const Bytes& after = {}) {
    return joined({text_bytes("RIFF"), le32_bytes(riff_length), text_bytes("RMIDdata"),
                   le32_bytes(data_length), midi, after});
}

std::vector<Case> cases() {
    using F = Fault;
    const auto track = smf_track(kNote + kEnd);
    const auto size = static_cast<std::uint32_t>(good().size());
    return {
        // Valid, though some of it is rare.
        {"the plainest file", good(), {}},
        {"a header of 8 bytes", joined({smf_header(0, 1, 96, 8), hex("00 00"), track}), {}},
        {"a header alone that counts no tracks", smf_header(1, 0, 96), {}, 0, 0},
        {"format 2", joined({smf_header(2, 2, 96), track, track}), {}, 2, 2},
        {"SMPTE division", joined({smf_header(0, 1, 0xE728), track}), {}},
        {"running status", one_track("00 90 3c 40 60 3c 00 00 3e 40 60 3e 00 " + kEnd), {}, 2},
        {"an alien chunk before a track",
         joined({smf_header(0, 1, 96), smf_chunk("XFIH", hex("01 02")), track}),
         {}},
        {"an alien chunk after the tracks",
         joined({good(), smf_chunk("XFKM", hex("01 02 03"))}),
         {}},
        {"quantities with leading 80", one_track("80 80 00 90 3c 40 80 60 80 3c 00 " + kEnd), {}},
        {"the longest time difference, 20 times",
         joined(
             {smf_header(0, 1, 96),
              smf_chunk("MTrk", joined({repeated(hex("ff ff ff 7f 90 3c 40"), 20), hex(kEnd)}))}),
         {},
         20},
        {"a note never released", one_track("00 90 3c 40 " + kEnd), {}},
        {"a release without a note", one_track("00 80 3c 40 " + kEnd), {}, 0},
        {"a thousand equal notes",
         joined({smf_header(0, 1, 96),
                 smf_chunk("MTrk", joined({repeated(hex("00 90 3c 40"), 1000), hex(kEnd)}))}),
         {},
         1000},
        {"an escape of length 0", one_track("00 f7 00 " + kNote + kEnd), {}},
        {"an escaped note-on is no note", one_track("00 f7 03 90 3c 40 " + kNote + kEnd), {}},
        {"a system exclusive message", one_track("00 f0 03 01 02 f7 " + kNote + kEnd), {}},
        {"a system exclusive message in packets",
         one_track("00 f0 02 01 02 60 f7 01 03 00 f7 02 04 f7 " + kNote + kEnd),
         {}},
        {"meta types that nobody knows",
         one_track("00 ff 7e 02 01 02 00 ff 90 01 00 " + kNote + kEnd),
         {}},
        {"a sequence number of length 0", one_track("00 ff 00 00 " + kNote + kEnd), {}},
        {"RIFF", rmid(good(), size + 12, size), {}},
        {"RIFF with a further chunk",
         rmid(good(), size + 12 + 10, size,
              joined({text_bytes("LIST"), le32_bytes(2), hex("00 00")})),
         {}},
        // Around the tracks.
        {"a MacBinary header", joined({Bytes(128), good()}), {{0, F::leading_bytes}}},
        {"RIFF whose lengths lie",
         rmid(good(), 0xFFFFFFFF, 0xFFFFFFFF),
         {{8, F::riff_damaged}, {0, F::leading_bytes}}},
        {"RIFF whose data are longer than it",
         rmid(good(), size + 12, size + 100),
         {{20, F::riff_damaged}, {0, F::leading_bytes}}},
        {"RIFF without data",
         joined({text_bytes("RIFF"), le32_bytes(4), text_bytes("RMID"), good()}),
         {{12, F::stray_bytes}, {12, F::riff_damaged}, {0, F::leading_bytes}}},
        {"a RIFF of something else around it",
         joined({text_bytes("RIFF"), le32_bytes(size + 4), text_bytes("WAVE"), good()}),
         {{8, F::riff_damaged}, {0, F::leading_bytes}}},
        {"bytes after the RIFF",
         rmid(good(), size + 12, size, hex("00 01 02 03")),
         {{20 + size, F::stray_bytes}}},
        {"a header length of 0", joined({smf_header(0, 1, 96, 0), track}), {{4, F::header_length}}},
        {"a header length of 5", joined({smf_header(0, 1, 96, 5), track}), {{4, F::header_length}}},
        {"a header length of 4 GiB",
         joined({smf_header(0, 1, 96, ~0u), track}),
         {{4, F::header_length}}},
        {"a header length of 9 into the track",
         joined({smf_header(0, 1, 96, 9), track}),
         {{4, F::header_length}}},
        {"format 3", joined({smf_header(3, 1, 96), track}), {{8, F::unknown_format}}},
        {"format 0 with two tracks",
         joined({smf_header(0, 2, 96), track, track}),
         {{10, F::format_0_tracks}},
         2,
         2},
        {"format 0 without a track", smf_header(0, 0, 96), {{10, F::format_0_tracks}}, 0, 0},
        {"a header that counts no track",
         joined({smf_header(1, 0, 96), track}),
         {{10, F::track_count}}},
        {"a header that counts 65535 tracks",
         joined({smf_header(1, 65535, 96), track}),
         {{10, F::track_count}}},
        {"five tracks, one counted",
         joined({smf_header(1, 1, 96), repeated(track, 5)}),
         {{10, F::track_count}},
         5,
         5},
        {"a header alone that counts a track", smf_header(1, 1, 96), {{10, F::track_count}}, 0, 0},
        {"division 0", joined({smf_header(0, 1, 0), track}), {{12, F::division_zero}}},
        {"SMPTE with 0 ticks a frame",
         joined({smf_header(0, 1, 0xE700), track}),
         {{12, F::division_zero}}},
        {"SMPTE with 128 frames",
         joined({smf_header(0, 1, 0x8000), track}),
         {{12, F::division_overflow}}},
        {"a division of 55440",
         joined({smf_header(0, 1, 55440), track}),
         {{12, F::division_overflow}}},
        {"a track that says 2 GiB",
         joined({smf_header(0, 1, 96), smf_track(kNote + kEnd, 0x7FFFFFFF)}),
         {{18, F::chunk_past_end}}},
        {"a first track that says 4 GiB",
         joined({smf_header(1, 2, 96), smf_track(kNote + kEnd, 0xFFFFFFFF), track}),
         {{18, F::chunk_past_end}},
         2,
         2},
        {"a first track that says 4 GiB and has no end",
         joined({smf_header(1, 2, 96), smf_track(kNote, 0xFFFFFFFF), track}),
         {{18, F::chunk_past_end}, {30, F::missing_end_of_track}},
         2,
         2},
        {"a track length that is 4 bytes too long",
         joined({smf_header(1, 2, 96), smf_track(kNote + kEnd, 16), track}),
         {{34, F::bytes_after_end_of_track}},
         2,
         2},
        {"a track length that is too short",
         joined({smf_header(0, 1, 96), smf_track(kNote + kEnd, 3)}),
         {{23, F::event_cut_off}, {25, F::stray_bytes}},
         0},
        {"a too short first track",
         joined({smf_header(1, 2, 96), smf_track(kNote + kEnd, 9), track}),
         {{31, F::event_cut_off}, {31, F::stray_bytes}},
         2,
         2},
        {"an alien chunk that says 4 GiB",
         joined({smf_header(1, 1, 96), smf_chunk("XFIH", hex("01 02"), 0xFFFFFFF0), track}),
         {{18, F::chunk_past_end}}},
        {"zeros after the last track", joined({good(), Bytes(37)}), {{34, F::stray_bytes}}},
        {"a letter after the last track",
         joined({good(), text_bytes("M")}),
         {{34, F::stray_bytes}}},
        {"zeros between tracks",
         joined({smf_header(1, 2, 96), track, Bytes(37), track}),
         {{34, F::stray_bytes}},
         2,
         2},
        {"a track of length 0",
         joined({smf_header(1, 2, 96), smf_track(""), track}),
         {{22, F::missing_end_of_track}},
         1,
         2},
        // Inside a track.
        {"no end of track", one_track(kNote), {{30, F::missing_end_of_track}}},
        {"no end of track after the longest message",
         one_track("ff ff ff 7f 90 3c 40"),
         {{29, F::missing_end_of_track}}},
        {"data bytes with bit 7 in a long track",
         one_track(kNote + "00 90 3c c0 60 80 bc 00 " + kNote + kEnd),
         {{33, F::velocity_over_127}, {36, F::high_data_byte}},
         3},
        {"running status after a meta event in a long track",
         one_track("00 90 3c 40 00 ff 01 00 10 3c 00 00 3e 40 00 3e 00 " + kNote + kEnd),
         {{31, F::interrupted_running_status}},
         3},
        {"notes after the end of track",
         one_track(kNote + kEnd + kNote),
         {{34, F::bytes_after_end_of_track}}},
        {"an end of track of length 5",
         one_track(kNote + "00 ff 2f 05 61 62 63 64 65"),
         {{31, F::meta_length}}},
        {"a time of 5 bytes",
         one_track("ff ff ff ff 7f 90 3c 40 " + kEnd),
         {{22, F::vlq_too_long}},
         0},
        {"a time without end", one_track(kNote + "ff ff ff"), {{30, F::event_cut_off}}},
        {"a time and nothing more", one_track(kNote + "60"), {{31, F::event_cut_off}}},
        {"half a note-on", one_track(kNote + "00 90 3c"), {{31, F::event_cut_off}}},
        {"a meta event without type", one_track(kNote + "00 ff"), {{31, F::event_cut_off}}},
        {"a meta event without length", one_track(kNote + "00 ff 01"), {{33, F::event_cut_off}}},
        {"a meta length of 5 bytes",
         one_track(kNote + "00 ff 01 ff ff ff ff 01 " + kEnd),
         {{33, F::vlq_too_long}}},
        {"a meta length beyond the track",
         one_track(kNote + "00 ff 01 ff ff ff 7f 41"),
         {{33, F::length_past_end}}},
        {"a system exclusive length beyond the track",
         one_track(kNote + "00 f0 85 00 01 02"),
         {{32, F::length_past_end}}},
        {"a second packet beyond the track",
         one_track(kNote + "00 f0 01 01 00 f7 05 01"),
         {{36, F::length_past_end}}},
        {"data before any status",
         one_track("00 3c 40 " + kNote + kEnd),
         {{23, F::missing_status}}},
        {"data before any status, to the end", one_track("00 3c 40"), {{23, F::missing_status}}, 0},
        {"running status after a meta event",
         one_track("00 90 3c 40 00 ff 01 00 10 3c 00 " + kEnd),
         {{31, F::interrupted_running_status}}},
        {"running status after system exclusive",
         one_track("00 90 3c 40 00 f0 01 f7 10 3c 00 " + kEnd),
         {{31, F::interrupted_running_status}}},
        {"running status inside packets",
         one_track("00 90 3c 40 00 f0 01 01 00 3c 00 " + kEnd),
         {{27, F::unfinished_sysex}, {31, F::interrupted_running_status}}},
        {"data bytes with bit 7",
         one_track("00 90 bc c0 60 80 3c 00 " + kEnd),
         {{24, F::high_data_byte}, {25, F::velocity_over_127}}},
        {"a clock message", one_track("00 f8 " + kNote + kEnd), {{23, F::illegal_status}}},
        {"a song position with its data",
         one_track("00 f2 7f 7f " + kNote + kEnd),
         {{23, F::illegal_status}}},
        {"a song position at the end of its track",
         one_track(kNote + "00 f2"),
         {{31, F::illegal_status}, {32, F::missing_end_of_track}}},
        {"system exclusive without its end, before a time that is none",
         one_track(kNote + "00 f0 01 01 ff ff ff ff ff ff 2f 00"),
         {{31, F::unfinished_sysex}, {34, F::vlq_too_long}}},
        {"a song position without its data",
         one_track("00 f2 7f 80 3c 00 " + kEnd),
         {{23, F::illegal_status}, {27, F::missing_status}},
         0},
        {"a song select with its data",
         one_track("00 f3 7f " + kNote + kEnd),
         {{23, F::illegal_status}}},
        {"system exclusive without F7",
         one_track("00 f0 02 01 02 " + kNote + kEnd),
         {{23, F::unfinished_sysex}}},
        {"packets without F7",
         one_track("00 f0 01 01 00 f7 00 " + kNote + kEnd),
         {{27, F::unfinished_sysex}}},
        {"a tempo of length 0", one_track("00 ff 51 00 " + kNote + kEnd), {{23, F::meta_length}}},
        {"a tempo of 0", one_track("00 ff 51 03 00 00 00 " + kNote + kEnd), {{23, F::meta_value}}},
        {"a time signature of length 1",
         one_track("00 ff 58 01 04 " + kNote + kEnd),
         {{23, F::meta_length}}},
        {"a time signature over 2^255",
         one_track("00 ff 58 04 04 ff 18 08 " + kNote + kEnd),
         {{23, F::meta_value}}},
        {"a time signature of 0",
         one_track("00 ff 58 04 00 02 18 08 " + kNote + kEnd),
         {{23, F::meta_value}}},
        {"a key of 128 flats",
         one_track("00 ff 59 02 80 00 " + kNote + kEnd),
         {{23, F::meta_value}}},
        {"a key neither major nor minor",
         one_track("00 ff 59 02 00 02 " + kNote + kEnd),
         {{23, F::meta_value}}},
        {"a channel prefix of 16",
         one_track("00 ff 20 01 10 " + kNote + kEnd),
         {{23, F::meta_value}}},
        {"a port without number", one_track("00 ff 21 00 " + kNote + kEnd), {{23, F::meta_length}}},
        {"an SMPTE offset of 64 frames",
         one_track("00 ff 54 05 60 00 00 40 33 " + kNote + kEnd),
         {{23, F::meta_value}}},
        {"an SMPTE offset of 24 hours",
         one_track("00 ff 54 05 18 00 00 00 00 " + kNote + kEnd),
         {{23, F::meta_value}}},
        {"two longest times with nothing kept between",
         one_track("ff ff ff 7f f8 ff ff ff 7f 90 3c 40 " + kEnd),
         {{26, F::illegal_status}, {31, F::time_too_long}}},
    };
}

}  // namespace

TEST_CASE("Malformed files: recover lists each repair with its offset, strict stops at the first") {
    for (const Case& c : cases()) {
        INFO(c.name);
        const ReadResult result = parse(c.bytes);
        std::size_t notes = 0;
        for (const Track& track : result.file.tracks) notes += count_notes(track);
        CHECK(notes == c.notes);
        CHECK(result.file.tracks.size() == c.tracks);
        CHECK(result.repair_count == c.repairs.size());
        for (const Repair& repair : result.repairs) {
            UNSCOPED_INFO("repair at " << repair.offset << ": " << describe(repair.fault).expected);
        }
        CHECK(result.repairs == c.repairs);

        ReadOptions strict;
        strict.mode = ReadMode::strict;
        strict.name = "song.mid";
        try {
            const ReadResult same = parse(c.bytes, strict);
            CHECK(c.repairs.empty());
            CHECK(same.file == result.file);
        } catch (const mgan::FormatError& error) {
            REQUIRE_FALSE(c.repairs.empty());
            const std::string message = error.what();
            CHECK(message.find(mgan::concat("song.mid: byte ", error.offset(), ": expected ")) ==
                  0);
            // Recover looks ahead where a header ends; strict meets the same damage as stray bytes
            // there.
            if (c.name.find("a header length of 9") == 0) continue;
            CHECK(error.offset() == c.repairs.front().offset);
            CHECK(message.find(describe(c.repairs.front().fault).expected) != std::string::npos);
        }
    }
}

TEST_CASE("Malformed files: the table meets every kind of fault but that of too many tracks") {
    std::set<Fault> met;
    for (const Case& c : cases())
        for (const Repair& repair : c.repairs) met.insert(repair.fault);
    met.insert(Fault::too_many_tracks);  // 512 KiB: a test of its own
    for (int kind = 0; kind < kFaultKinds; ++kind) {
        INFO("fault " << kind << ": " << describe(static_cast<Fault>(kind)).expected);
        CHECK(met.count(static_cast<Fault>(kind)) == 1);
        CHECK_FALSE(describe(static_cast<Fault>(kind)).expected.empty());
        CHECK_FALSE(describe(static_cast<Fault>(kind)).repair.empty());
    }
}

TEST_CASE("What has no header is refused in both modes, with what was expected") {
    const auto message = [](const Bytes& bytes, ReadMode mode) -> std::string {
        try {
            (void)parse(bytes, {.mode = mode, .name = "x.mid"});
        } catch (const mgan::FormatError& error) {
            return error.what();
        }
        return "accepted";
    };
    for (const ReadMode mode : {ReadMode::strict, ReadMode::recover}) {
        CHECK(message({}, mode) == "x.mid: byte 0: expected a MIDI file, the file is empty");
        CHECK(message(text_bytes("M"), mode) ==
              "x.mid: byte 0: expected a MIDI file, which begins with 'MThd'");
        CHECK(message(text_bytes("MThd"), mode) ==
              "x.mid: byte 4: expected a header of 14 bytes, the file ends before");
        CHECK(message(text_bytes("mthd and some more text"), mode) ==
              "x.mid: byte 0: expected a MIDI file, which begins with 'MThd'");
        CHECK(message(hex("1f 8b 08 00"), mode) ==
              "x.mid: byte 0: expected 'MThd', this is gzip: unpack the file first");
        CHECK(message(Bytes(4096, std::byte{0xFF}), mode) ==
              "x.mid: byte 0: expected a MIDI file, which begins with 'MThd'");
    }
}

TEST_CASE("Tracks beyond 65535 are left out") {
    const Bytes bytes =
        joined({smf_header(1, 65535, 96), repeated(smf_track("00 ff 2f 00"), 65537)});
    const ReadResult result = parse(bytes);
    CHECK(result.file.tracks.size() == 65535);
    CHECK(result.repairs == std::vector<Repair>{{14 + 65535 * 12, Fault::too_many_tracks}});
}

TEST_CASE("The list of repairs has a longest length, their count has none") {
    const Bytes bytes =
        joined({smf_header(0, 1, 96),
                smf_chunk("MTrk", joined({repeated(hex("00 f8"), 5000), hex(kEnd)}))});
    CHECK(parse(bytes).repairs.size() == 1000);
    CHECK(parse(bytes).repair_count == 5000);
    CHECK(parse(bytes, {.max_repairs = 3}).repairs.size() == 3);
    CHECK(parse(bytes, {.max_repairs = 0}).repair_count == 5000);
}

TEST_CASE("A reader made from options and a name that are gone still knows them") {
    const Bytes bytes = hex("4d 54 68 64");
    SmfReader reader(bytes, {.mode = ReadMode::strict,
                             .name = "a name too long for the place of short texts.mid"});
    CHECK_THROWS_WITH(reader.read(),
                      "a name too long for the place of short texts.mid: byte 4: expected a header "
                      "of 14 bytes, the file ends before");
    STATIC_REQUIRE_FALSE(std::is_constructible_v<SmfReader, Bytes, ReadOptions>);
    STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<SmfReader>);
}

TEST_CASE("A division in frames of film has one of four rates") {
    for (const unsigned frames : {24u, 25u, 29u, 30u}) {
        CHECK(is_valid_division(static_cast<std::uint16_t>((256 - frames) << 8 | 40)));
        CHECK_FALSE(is_valid_division(static_cast<std::uint16_t>((256 - frames) << 8)));
    }
    CHECK_FALSE(is_valid_division(0xE628));  // 26
    CHECK_FALSE(is_valid_division(0));
    CHECK(is_valid_division(1));
}

TEST_CASE("Ticks stop at 2^53 instead of running over") {
    // 2^25 + 100 of the longest differences: 168 MB, so only the arithmetic is tried, on the scale.
    CHECK(TickScale::of(1)(kMaxTick) == kMaxTick * 384);
    CHECK(TickScale::of(0xE801)(kMaxTick) == kMaxTick * 32);  // 24 frames, 1 tick
    CHECK(TickScale::of(32767)(kMaxTick) == 105556337590275);
}

TEST_CASE("A division that overflowed 15 bits is halved, and the ticks with it") {
    const ReadResult result = parse(
        joined({smf_header(0, 1, 55440), smf_track("00 90 3c 40 83 b1 10 80 3c 00 " + kEnd)}));
    CHECK(result.file.division == 27720);
    const Song song = to_song(result.file);
    REQUIRE(song.notes.size() == 1);
    CHECK(song.notes[0].length == 384);  // 55440 ticks are one quarter
}
