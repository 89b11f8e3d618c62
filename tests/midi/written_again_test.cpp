// Whatever `recover` reads can be written, and comes back as it was.
#include <mgan/core/random.hpp>
#include <mgan/midi/find_files.hpp>
#include <mgan/midi/long_waits.hpp>
#include <mgan/midi/notes.hpp>

#include <support/catch.hpp>
#include <support/smf_bytes.hpp>

#include <filesystem>

using namespace mgan::midi;

namespace {

/// Reads, writes and reads again. Returns the number of songs.
std::size_t check_written_again(const std::vector<std::byte>& bytes) {
    std::vector<Song> songs;
    try {
        songs = to_songs(parse(bytes).file, {.drums = true});
    } catch (const mgan::FormatError&) {
        return 0;  // nothing was read
    }
    for (Song& song : songs) {
        for (const bool shortened : {false, true}) {
            if (shortened) (void)shorten_waits(song);
            std::vector<std::byte> written;
            REQUIRE_NOTHROW(written = serialise(to_midi_file(song)));
            const Song again =
                to_song(parse(written, {.mode = ReadMode::strict}).file, {.drums = true});
            CHECK(again.notes.size() == song.notes.size());
            CHECK(again.tempo == song.tempo);
        }
        std::vector<std::int64_t> moments{0};
        for (const Note& note : song.notes) {
            moments.push_back(note.onset);
            moments.push_back(note.onset + note.length);
        }
        std::sort(moments.begin(), moments.end());
        for (std::size_t i = 1; i < moments.size(); ++i)
            CHECK(moments[i] - moments[i - 1] <= kLongestWait);
    }
    return songs.size();
}

}  // namespace

TEST_CASE("Written again: waits longer than a time difference can say") {
    for (const int division : {1, 24, 96, 480, 32767}) {
        for (const int count : {1, 2, 100}) {
            Bytes events = hex("00 90 3c 40 10 80 3c 00");
            for (int i = 0; i < count; ++i)
                events = joined({events, hex("ff ff ff 7f ff 01 01 78 00 ff 51 03 07 a1 20")});
            events = joined({events, hex("00 90 3e 40 10 80 3e 00 00 ff 2f 00")});
            const Bytes file = joined({smf_header(0, 1, static_cast<std::uint16_t>(division)),
                                       smf_chunk("MTrk", events)});
            CHECK(check_written_again(file) == 1);
        }
    }
}

TEST_CASE("Written again: times beyond 90 years are moved there") {
    MidiFile file;
    file.division = 1;
    file.tracks.resize(1);
    file.tracks[0].add_channel(0, 0x90, 60, 64);
    file.tracks[0].add_channel(kMaxTick - 5, 0x80, 60, 64);
    file.tracks[0].add_channel(kMaxTick - 3, 0x90, 60, 64);
    file.tracks[0].add_channel(kMaxTick, 0x80, 60, 64);
    const Song song = to_song(file);
    REQUIRE(song.notes.size() == 2);
    CHECK(song.notes[1].onset == kMaxSongTick);
    const Song again = to_song(parse(serialise(to_midi_file(song))).file);
    CHECK(again.notes == song.notes);
}

TEST_CASE("Written again: the tricky files, and random changes of their bytes") {
    const std::filesystem::path folder = std::filesystem::path(MGAN_SHARED_DATA) / "data/tricky";
    std::vector<Bytes> seeds = {
        joined({smf_header(0, 1, 96), smf_track("00 90 3c 40 60 80 3c 00 00 ff 2f 00")})};
    if (std::filesystem::exists(folder)) {
        for (const std::filesystem::path& path : find_midi_files(folder)) {
            Bytes bytes = mgan::read_file_bytes(path);
            INFO(path);
            (void)check_written_again(bytes);
            if (bytes.size() < 2000) seeds.push_back(std::move(bytes));
        }
    }
    std::size_t songs = 0;
    for (std::uint64_t trial = 0; trial < 4000; ++trial) {
        const mgan::Random random(trial, "mutation");
        Bytes bytes = seeds[random.integer(0, seeds.size())];
        if (bytes.empty()) continue;
        std::uint64_t drawn = 1;
        for (std::uint64_t change = 0; change <= random.integer(drawn++, 8); ++change) {
            const std::size_t at = random.integer(drawn++, bytes.size());
            const std::uint64_t kind = random.integer(drawn++, 3);
            const auto value = static_cast<std::byte>(random.integer(drawn++, 256));
            if (kind == 0) bytes[at] = value;
            if (kind == 1) bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), value);
            if (kind == 2 && bytes.size() > 1)
                bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(at));
        }
        INFO("trial " << trial);
        songs += check_written_again(bytes);
    }
    CHECK(songs > 1000);
}
