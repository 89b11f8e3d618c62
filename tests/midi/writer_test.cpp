#include <mgan/midi/notes.hpp>
#include <support/catch.hpp>
#include <support/smf_bytes.hpp>

#include <mgan/core/random.hpp>

#include <filesystem>
#include <functional>

using namespace mgan::midi;

namespace {

const ReadOptions kStrict{.mode = ReadMode::strict};

MidiFile arranged(const Song& song, int format) {
    return to_midi_file(song, {.format = format});
}

// Notes of which none contains an equal one, so that first in, first out is right: many at equal
// ticks, of length 0, repeated at once, overlapping.
Song busy_song(std::uint64_t seed) {
    const mgan::Random random(seed, "busy song");
    Song song;
    song.title = "Busy \xC3\xA9";
    song.tempo = {{0, 500000}, {100, 1}, {5000, 16777215}};
    std::uint64_t i = 0;
    const auto next = [&](std::uint64_t below) {
        return static_cast<std::int64_t>(random.integer(i++, below));
    };
    for (int channel = 0; channel < 16; channel += 3) {
        for (int pitch = 60; pitch < 63; ++pitch) {
            std::int64_t onset = 0, end = 0;
            for (int n = 0; n < 40; ++n) {
                onset += next(3) * 7;
                end = std::max(end, onset + next(3) * 14);
                song.notes.push_back(
                    {onset, end - onset, pitch, static_cast<int>(1 + next(127)), channel});
            }
        }
    }
    std::sort(song.notes.begin(), song.notes.end(), note_order);
    return song;
}

}  // namespace

TEST_CASE("A written song is these bytes") {
    Song song;
    song.title = "Hi";
    song.tempo = {{0, 500000}};
    song.notes = {{0, 384, 60, 64, 0}, {384, 100, 60, 65, 0}, {384, 0, 64, 66, 0}};
    CHECK(serialise(arranged(song, 0)) ==
          hex("4d546864 00000006 0000 0001 0180"
              "4d54726b 0000002a"
              "00 ff 03 02 48 69"
              "00 ff 51 03 07 a1 20"
              "00 90 3c 40"
              "83 00 80 3c 40"           // released before it is struck again
              "00 90 40 42 00 80 40 40"  // length 0: struck and released
              "00 90 3c 41"
              "64 80 3c 40"
              "00 ff 2f 00"));
    CHECK(serialise(arranged(song, 1)) ==
          hex("4d546864 00000006 0001 0002 0180"
              "4d54726b 00000011 00 ff 03 02 48 69 00 ff 51 03 07 a1 20 00 ff 2f 00"
              "4d54726b 0000001d 00 90 3c 40 83 00 80 3c 40 00 90 40 42 00 80 40 40 00 90 3c 41 64 "
              "80 3c 40 00 ff 2f 00"));
    CHECK(serialise(arranged(Song{}, 1)) ==
          hex("4d546864 00000006 0001 0001 0180 4d54726b 00000004 00 ff 2f 00"));
}

TEST_CASE("Running status is used between channel messages and never across others") {
    MidiFile file;
    file.format = 0;
    Track& track = file.tracks.emplace_back();
    track.add_channel(0, 0x90, 60, 1);
    track.add_channel(0, 0x90, 61, 1);
    track.add_meta(0, kMetaText, {});
    track.add_channel(0, 0x90, 62, 1);
    track.add_system(0, 0xF0, hex("01 f7"));
    track.add_channel(0, 0x90, 63, 1);
    track.add_channel(0, 0xC0, 5, 99);
    track.add_channel(0, 0xC0, 6);
    CHECK(serialise(file) ==
          hex("4d546864 00000006 0000 0001 0180 4d54726b 00000021"
              "00 90 3c 01 00 3d 01 00 ff 01 00 00 90 3e 01 00 f0 02 01 f7 00 90 3f 01"
              "00 c0 05 00 06 00 ff 2f 00"));
    CHECK(parse(serialise(file), kStrict).file == file);
}

TEST_CASE("Quantities take as few bytes as they need") {
    const auto written = [](std::uint32_t value) {
        Bytes bytes;
        append_quantity(bytes, value);
        return bytes;
    };
    // The table of the specification.
    CHECK(written(0) == hex("00"));
    CHECK(written(0x40) == hex("40"));
    CHECK(written(0x7F) == hex("7f"));
    CHECK(written(0x80) == hex("81 00"));
    CHECK(written(0x2000) == hex("c0 00"));
    CHECK(written(0x3FFF) == hex("ff 7f"));
    CHECK(written(0x4000) == hex("81 80 00"));
    CHECK(written(0x100000) == hex("c0 80 00"));
    CHECK(written(0x1FFFFF) == hex("ff ff 7f"));
    CHECK(written(0x200000) == hex("81 80 80 00"));
    CHECK(written(0x8000000) == hex("c0 80 80 00"));
    CHECK(written(0x0FFFFFFF) == hex("ff ff ff 7f"));
}

TEST_CASE("A song that was written reads as the same song, in both formats") {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const Song song = busy_song(seed);
        for (const int format : {0, 1}) {
            const MidiFile file = arranged(song, format);
            CHECK(file.tracks.size() == (format == 0 ? 1u : 7u));
            const ReadResult result = parse(serialise(file), kStrict);
            CHECK(result.file == file);
            CHECK(to_song(result.file, {.drums = true}) == song);
        }
    }
}

TEST_CASE("A note that contains an equal one swaps ends with it") {
    Song song;
    song.notes = {{0, 10, 60, 1, 0}, {2, 3, 60, 2, 0}};
    const Song back = to_song(arranged(song, 0));
    CHECK(back.notes == std::vector<Note>{{0, 5, 60, 1, 0}, {2, 8, 60, 2, 0}});
    CHECK(to_song(arranged(back, 0)) == back);
}

TEST_CASE("What has no MIDI form is refused and named") {
    const auto refused = [](const Note& note) {
        Song song;
        song.notes = {note};
        try {
            (void)to_midi_file(song);
        } catch (const mgan::DataError& error) {
            return std::string(error.what()).find("midi::arrange: a note with onset ") == 0;
        }
        return false;
    };
    CHECK_FALSE(refused({0, 0, 0, 1, 0}));
    CHECK_FALSE(refused({0, 0, 127, 127, 15}));
    CHECK(refused({-1, 0, 60, 64, 0}));
    CHECK(refused({0, -1, 60, 64, 0}));
    CHECK(refused({kMaxTick + 1, 0, 60, 64, 0}));
    CHECK(refused({0, kMaxTick + 1, 60, 64, 0}));
    CHECK(refused({0, 0, -1, 64, 0}));
    CHECK(refused({0, 0, 128, 64, 0}));
    CHECK(refused({0, 0, 60, 0, 0}));
    CHECK(refused({0, 0, 60, 128, 0}));
    CHECK(refused({0, 0, 60, 64, -1}));
    CHECK(refused({0, 0, 60, 64, 16}));

    const auto tempo_refused = [](std::vector<TempoChange> tempo) {
        Song song;
        song.tempo = std::move(tempo);
        try {
            (void)to_midi_file(song);
        } catch (const mgan::DataError&) {
            return true;
        }
        return false;
    };
    CHECK_FALSE(tempo_refused({{0, 1}, {0, 16777215}}));
    CHECK(tempo_refused({{0, 0}}));
    CHECK(tempo_refused({{0, 16777216}}));
    CHECK(tempo_refused({{-1, 1}}));
    CHECK(tempo_refused({{kMaxSongTick + 1, 1}}));
    CHECK(tempo_refused({{1, 1}, {0, 1}}));
    CHECK_THROWS_AS(to_midi_file(Song{}, {.format = 2}), mgan::DataError);
}

TEST_CASE("A file that cannot be written as it is is refused") {
    const auto refused = [](const std::function<void(MidiFile&)>& damage) {
        MidiFile file;
        file.tracks.resize(1);
        file.tracks[0].add_channel(5, 0x90, 60, 64);
        (void)serialise(file);
        damage(file);
        try {
            (void)serialise(file);
        } catch (const mgan::DataError& error) {
            return std::string(error.what()).find("midi::serialise: ") == 0;
        }
        return false;
    };
    CHECK_FALSE(refused([](MidiFile&) {}));
    CHECK_FALSE(refused([](MidiFile& f) { f.tracks[0].end += kMaxQuantity; }));
    CHECK(refused([](MidiFile& f) { f.tracks[0].end += std::int64_t{kMaxQuantity} + 1; }));
    CHECK(refused([](MidiFile& f) { f.tracks[0].end = 4; }));
    CHECK(refused([](MidiFile& f) { f.tracks[0].add_channel(4, 0x90, 60, 64); }));
    CHECK(refused([](MidiFile& f) { f.tracks[0].events[0].tick = -1; }));
    CHECK(refused([](MidiFile& f) { f.tracks[0].events[0].status = 0x7F; }));
    CHECK(refused([](MidiFile& f) { f.tracks[0].events[0].data1 = 0x80; }));
    CHECK(refused([](MidiFile& f) { f.tracks[0].events[0].data2 = 0x80; }));
    CHECK(refused([](MidiFile& f) { f.tracks[0].add_system(5, 0xF4, hex("01")); }));
    CHECK(refused([](MidiFile& f) { f.tracks[0].add_meta(5, kMetaEndOfTrack, {}); }));
    CHECK(refused([](MidiFile& f) { f.format = 3; }));
    CHECK(refused([](MidiFile& f) { f.format = -1; }));
    CHECK(refused([](MidiFile& f) { f.division = 0; }));
    CHECK(refused([](MidiFile& f) { f.division = 0x8001; }));
    CHECK(refused([](MidiFile& f) { f.tracks.resize(65536); }));
    CHECK(refused([](MidiFile& f) {
        f.format = 0;
        f.tracks.clear();
    }));
}

TEST_CASE("save_song and load_song: a song on disk is the same song") {
    const auto path =
        std::filesystem::temp_directory_path() / mgan::temporary_path("mgan_song.mid").filename();
    const Song song = busy_song(99);
    save_song(path, song);
    CHECK(load_song(path, kStrict, {.drums = true}) == song);
    CHECK(load_songs(path, {}, {.drums = true}) == std::vector<Song>{song});
    write_file(path, MidiFile{2, 96, std::vector<Track>(2)});
    CHECK(load_songs(path).empty());
    mgan::write_file_atomically(path, hex("4d54"));
    try {
        (void)load_song(path);
        FAIL("two bytes were read as a song");
    } catch (const mgan::FormatError& error) {
        CHECK(std::string(error.what()) ==
              path.string() + ": byte 0: expected a MIDI file, which begins with 'MThd'");
    }
    std::filesystem::remove(path);
    CHECK_THROWS_AS(load_song(path), mgan::IoError);
}
