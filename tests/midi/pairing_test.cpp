#include <mgan/midi/notes.hpp>
#include <support/catch.hpp>
#include <support/smf_bytes.hpp>

#include <cstdlib>
#include <filesystem>
#include <memory>

#include <unistd.h>

using namespace mgan::midi;

namespace {

const std::string kEnd = "00 ff 2f 00 ";

// One track at 384 ticks a quarter, so that times come through unchanged.
Song song_of(const std::string& events, unsigned division = 384, const NoteOptions& options = {}) {
    return to_song(parse(joined({smf_header(0, 1, division), smf_track(events)})).file, options);
}

}  // namespace

TEST_CASE("Equal notes end in the order in which they began") {
    // On at 0 and 1, off at 3 and 5.
    const Song song = song_of("00 90 3c 0a 01 90 3c 14 02 80 3c 00 02 80 3c 00 " + kEnd);
    CHECK(song.notes == std::vector<Note>{{0, 3, 60, 10, 0}, {1, 4, 60, 20, 0}});
}

TEST_CASE("A note-on of velocity 0 is a note-off, and a note-off's velocity means nothing") {
    const Song song = song_of("00 90 3c 0a 05 90 3c 00 00 90 3e 0a 05 80 3e 7f " + kEnd);
    CHECK(song.notes == std::vector<Note>{{0, 5, 60, 10, 0}, {5, 5, 62, 10, 0}});
}

TEST_CASE("Notes that are never released end with their track") {
    const Song song = song_of("00 90 3c 0a 01 90 3c 14 02 80 3c 00 0a ff 2f 00");
    CHECK(song.notes == std::vector<Note>{{0, 3, 60, 10, 0}, {1, 12, 60, 20, 0}});
    // Without an end of track: with its last event.
    CHECK(song_of("00 90 3c 0a 07 c0 00").notes == std::vector<Note>{{0, 7, 60, 10, 0}});
}

TEST_CASE("All-notes-off releases the notes of its channel, and nothing else") {
    for (const char* controller : {"78", "7b", "7c", "7d", "7e", "7f"}) {
        const Song song = song_of(std::string("00 90 3c 0a 00 90 3e 0a 00 91 3c 0a 05 b0 ") +
                                  controller + " 00 05 90 3c 0a 05 ff 2f 00");
        INFO("controller " << controller);
        CHECK(song.notes ==
              std::vector<Note>{
                  {0, 5, 60, 10, 0}, {0, 15, 60, 10, 1}, {0, 5, 62, 10, 0}, {10, 5, 60, 10, 0}});
    }
    for (const char* controller : {"40", "77", "79", "7a"}) {
        const Song song =
            song_of(std::string("00 90 3c 0a 05 b0 ") + controller + " 00 05 80 3c 00 " + kEnd);
        CHECK(song.notes == std::vector<Note>{{0, 10, 60, 10, 0}});
    }
}

TEST_CASE("Releases without a note are nothing, and do not end later notes") {
    CHECK(song_of("00 80 3c 00 00 90 3c 0a 05 80 3c 00 00 80 3c 00 " + kEnd).notes ==
          std::vector<Note>{{0, 5, 60, 10, 0}});
}

TEST_CASE("Notes of length 0 stay") {
    CHECK(song_of("05 90 3c 0a 00 80 3c 00 " + kEnd).notes == std::vector<Note>{{5, 0, 60, 10, 0}});
}

TEST_CASE("A unison on two channels is two notes") {
    CHECK(song_of("00 90 3c 0a 00 91 3c 0b 05 80 3c 00 05 81 3c 00 " + kEnd).notes ==
          std::vector<Note>{{0, 5, 60, 10, 0}, {0, 10, 60, 11, 1}});
}

TEST_CASE("Tracks are paired one by one, and their notes merged in order") {
    const Bytes bytes = joined({smf_header(1, 2, 384), smf_track("02 90 3c 0a 02 80 3c 00 " + kEnd),
                                smf_track("00 90 3c 0b 08 80 3c 00 " + kEnd)});
    CHECK(to_song(parse(bytes).file).notes ==
          std::vector<Note>{{0, 8, 60, 11, 0}, {2, 2, 60, 10, 0}});
}

TEST_CASE("The notes of all tracks come in one order, however the tracks overlap") {
    // Chords of each track are written from the top down, and its last note before the others'.
    for (std::size_t tracks = 1; tracks <= 9; ++tracks) {
        MidiFile file;
        std::vector<Note> expected;
        for (std::size_t k = 0; k < tracks; ++k) {
            Track& track = file.tracks.emplace_back();
            for (std::size_t i = 0; i < 20; ++i) {
                const auto tick = static_cast<std::int64_t>((9 - k) * 7 + i / 3 * (k % 4));
                const auto pitch = static_cast<std::uint8_t>(80 - i % 3 * 5);
                track.add_channel(tick, 0x90, pitch, static_cast<std::uint8_t>(1 + k));
                expected.push_back({tick, 100 - tick, pitch, static_cast<int>(1 + k), 0});
            }
            track.end = 100;
        }
        std::sort(expected.begin(), expected.end(), note_order);
        INFO(tracks << " tracks");
        CHECK(to_song(file).notes == expected);
    }
}

TEST_CASE("Drums are left out unless they are asked for") {
    const std::string events = "00 99 24 0a 00 90 3c 0a 05 89 24 00 00 80 3c 00 " + kEnd;
    CHECK(song_of(events).notes == std::vector<Note>{{0, 5, 60, 10, 0}});
    CHECK(song_of(events, 384, {.drums = true}).notes ==
          std::vector<Note>{{0, 5, 36, 10, 9}, {0, 5, 60, 10, 0}});
}

TEST_CASE("Times are rounded from the start of the song: halves up, onset and end each") {
    // 256 ticks of 1000 a quarter are 98.304 of 384; 20 times 1 tick is 7.68, not 20 x 0.
    std::string steps;
    for (int i = 0; i < 20; ++i) steps += "01 b0 01 00 ";
    CHECK(song_of(steps + "00 90 3c 0a 82 00 80 3c 00 " + kEnd, 1000).notes ==
          std::vector<Note>{{8, 98, 60, 10, 0}});  // 7.68 -> 8, 276 * 0.384 = 105.984 -> 106
    // 768 a quarter: 1 tick is a half, and goes up; so does 3.
    CHECK(song_of("01 90 3c 0a 02 80 3c 00 " + kEnd, 768).notes ==
          std::vector<Note>{{1, 1, 60, 10, 0}});
    CHECK(song_of("00 90 3c 0a 01 80 3c 00 " + kEnd, 1).notes ==
          std::vector<Note>{{0, 384, 60, 10, 0}});
}

TEST_CASE("TickScale rounds as exact arithmetic does") {
    const auto check = [](std::uint16_t division, std::int64_t tick, std::int64_t expected) {
        INFO("division " << division << ", tick " << tick);
        CHECK(TickScale::of(division)(tick) == expected);
    };
    check(384, 12345, 12345);
    check(32767, 32767, 384);
    check(96, 1, 4);
    check(480, 5, 4);
    check(0xE728, 1000, 768);  // 25 frames of 40 ticks: one second
    check(0xE250, 2400, 768);  // 30 frames of 80
    check(0xE850, 1920, 768);  // 24 frames of 80
    check(0xE364, 3000, 769);  // 29.97 frames of 100: 1.001 seconds, 768.768
    check(0xE364, 3000000, 768768);
}

TEST_CASE("SMPTE: seconds at 120 quarters a minute, and tempo events mean nothing") {
    const Song song = song_of("00 ff 51 03 03 d0 90 00 90 3c 0a 87 68 80 3c 00 " + kEnd, 0xE728);
    CHECK(song.notes == std::vector<Note>{{0, 768, 60, 10, 0}});
    CHECK(song.tempo.empty());
}

TEST_CASE("The tempo map is that of all tracks, of several at one tick the last holds") {
    const Bytes bytes = joined({smf_header(1, 2, 96),
                                smf_track("00 ff 51 03 00 00 01 60 ff 51 03 00 00 02 " + kEnd),
                                smf_track("00 ff 51 03 00 00 03 30 ff 51 03 07 a1 20 " + kEnd)});
    CHECK(to_song(parse(bytes).file).tempo ==
          std::vector<TempoChange>{{0, 3}, {192, 500000}, {384, 2}});
}

TEST_CASE("The title is the name of the first track, in UTF-8 whatever it was written in") {
    const auto title = [](const std::string& name) {
        return song_of("00 ff 03 " + name + " 00 ff 03 01 7a " + kEnd).title;
    };
    CHECK(title("03 41 62 63") == "Abc");
    CHECK(title("00").empty());
    CHECK(title("02 c3 a9") == "\xC3\xA9");                // e acute in UTF-8
    CHECK(title("01 e9") == "\xC3\xA9");                   // and in Latin-1
    CHECK(title("03 e2 82 ac") == "\xE2\x82\xAC");         // the euro sign
    CHECK(title("04 f0 9f 8e b5") == "\xF0\x9F\x8E\xB5");  // a note
    CHECK(title("02 c0 80") == "\xC3\x80\xC2\x80");        // an overlong form is not UTF-8
    CHECK(title("03 e0 80 80") == "\xC3\xA0\xC2\x80\xC2\x80");
    CHECK(title("03 ed a0 80") == "\xC3\xAD\xC2\xA0\xC2\x80");             // nor is half a pair
    CHECK(title("03 ef bf bd") == "\xEF\xBF\xBD");                         // behind the pairs
    CHECK(title("04 f0 80 80 80") == "\xC3\xB0\xC2\x80\xC2\x80\xC2\x80");  // overlong
    CHECK(title("04 f4 90 80 80") ==
          "\xC3\xB4\xC2\x90\xC2\x80\xC2\x80");  // nor beyond the last letter
    CHECK(title("02 41 c3") == "A\xC3\x83");    // nor a beginning without end
    CHECK(title("01 ff") == "\xC3\xBF");
    CHECK(title("05 41 0a 62 00 63") == "A b");
    CHECK(to_song(parse(joined({smf_header(1, 2, 96), smf_track(kEnd),
                                smf_track("00 ff 03 01 41 " + kEnd)}))
                      .file)
              .title.empty());
}

TEST_CASE("Format 2: each track with notes is a song of its own") {
    const Bytes bytes = joined(
        {smf_header(2, 3, 384), smf_track("00 ff 51 03 00 00 01 00 90 3c 0a 05 80 3c 00 " + kEnd),
         smf_track(kEnd), smf_track("00 ff 03 01 42 00 90 3e 0b 05 80 3e 00 " + kEnd)});
    const MidiFile file = parse(bytes).file;
    const std::vector<Song> songs = to_songs(file);
    REQUIRE(songs.size() == 2);
    CHECK(songs[0].notes == std::vector<Note>{{0, 5, 60, 10, 0}});
    CHECK(songs[0].tempo == std::vector<TempoChange>{{0, 1}});
    CHECK(songs[1].notes == std::vector<Note>{{0, 5, 62, 11, 0}});
    CHECK(songs[1].tempo.empty());
    CHECK(songs[1].title == "B");
    CHECK_THROWS_AS(to_song(file), mgan::DataError);
    CHECK(to_songs(parse(smf_header(2, 0, 384)).file).empty());
    CHECK(to_song(parse(smf_header(2, 0, 384)).file).notes.empty());
    CHECK(to_songs(parse(smf_header(1, 0, 384)).file) == std::vector<Song>(1));
}

TEST_CASE("Tempo events that no reader lets through mean nothing") {
    MidiFile file{.format = 0, .division = 384, .tracks = {Track{}}};
    Track& track = file.tracks[0];
    track.add_meta(0, 0x51, hex("07 a1"));
    track.add_meta(0, 0x51, hex("00 00 00"));
    track.add_meta(7, 0x51, hex("07 a1 20"));
    CHECK(to_song(file).tempo == std::vector<TempoChange>{{7, 500'000}});
}

TEST_CASE("Of an event's bytes only meta and system events have any, and no more than 2^28 - 1") {
    Track track;
    track.add_channel(0, 0x90, 60, 64);
    track.add_meta(0, 0x03, hex("48 69"));
    CHECK(track.bytes_of(track.events[0]).empty());
    CHECK(track.bytes_of(track.events[1]).size() == 2);
    CHECK_FALSE(track.events[0].is_note_off());
    track.add_channel(0, 0x90, 60, 0);
    CHECK(track.events[2].is_note_off());
    // Not read before they are refused: pages that are never touched.
    const std::unique_ptr<void, void (*)(void*)> pages(std::calloc(kMaxQuantity + 1u, 1),
                                                       std::free);
    REQUIRE(pages != nullptr);
    CHECK_THROWS_AS(
        track.add_meta(0, 0x03, {static_cast<const std::byte*>(pages.get()), kMaxQuantity + 1u}),
        mgan::DataError);
    CHECK(track.events.size() == 3);
}

TEST_CASE("A file of format 2 without notes is a song without notes") {
    const std::filesystem::path path = std::filesystem::temp_directory_path() /
                                       ("mgan_no_notes_" + std::to_string(::getpid()) + ".mid");
    write_file(path, MidiFile{.format = 2, .division = 384, .tracks = {}});
    CHECK(load_song(path).notes.empty());
    CHECK(load_songs(path).empty());
    std::filesystem::remove(path);
}

TEST_CASE("A fault that is none of the list has no words") {
    CHECK(describe(static_cast<Fault>(200)).expected.empty());
    CHECK(describe(static_cast<Fault>(200)).repair.empty());
}

TEST_CASE("A division that no reader returns is an error, not a division by zero") {
    MidiFile file;
    file.division = 0;
    CHECK_THROWS_AS(to_songs(file), mgan::DataError);
}
