// Songs in the bytes of a packed file: every valid song comes back, and no bytes give another.
#include <mgan/core/random.hpp>
#include <mgan/dataset/pack_writer.hpp>

#include <support/catch.hpp>
#include <support/packed_properties.hpp>

using namespace mgan;

namespace {

midi::Song unpacked(const PackedSong& packed) {
    midi::Song song;
    song.title = "to be forgotten";
    song.notes.resize(3);
    packed::get_song(packed.bytes, packed.entry.notes, song);
    return song;
}

midi::Song random_song(std::uint64_t seed, std::size_t notes, std::uint64_t values) {
    const Random random(seed, "song");
    midi::Song song;
    std::int64_t onset = 0;
    for (std::size_t i = 0; i < notes; ++i) {
        const auto draw = [&](std::uint64_t what, std::uint64_t most) {
            return static_cast<std::int64_t>(random.integer(5 * i + what, std::min(values, most)));
        };
        onset += draw(0, 1u << 20);
        song.notes.push_back({onset, draw(1, 1u << 20), static_cast<int>(draw(2, 128)),
                              static_cast<int>(draw(3, 128)), static_cast<int>(draw(4, 16))});
    }
    std::sort(song.notes.begin(), song.notes.end(), midi::note_order);
    return song;
}

}  // namespace

TEST_CASE("Packed song: every song comes back, whatever its notes, title and tempo") {
    for (const std::size_t notes : {0u, 1u, 2u, 7u, 8u, 9u, 300u})
        for (const std::uint64_t values : {1u, 2u, 3u, 4u, 5u, 17u, 256u, 257u, 1u << 20}) {
            midi::Song song = random_song(notes + values, notes, values);
            if (values % 2 == 0) song.title = std::string("a\0b\xFF", 4);
            for (std::uint64_t i = 0; i < values % 4; ++i)
                song.tempo.push_back({static_cast<std::int64_t>(500 * i), 400'000});
            CHECK(unpacked(pack_song(song)) == song);
        }
    midi::Song far;
    far.notes = {{packed::kMostTicks, packed::kMostTicks, 127, 127, 15}};
    CHECK(unpacked(pack_song(far)) == far);
}

TEST_CASE("Packed song: a note takes a few bits where music repeats itself") {
    midi::Song song;
    for (int i = 0; i < 1000; ++i) song.notes.push_back({96 * (i / 2), 96, 60 + i % 8, 80, 0});
    std::sort(song.notes.begin(), song.notes.end(), midi::note_order);
    // Two differences (1 bit), eight pitches (3 bits), one length, one velocity, one channel.
    CHECK(pack_song(song).bytes.size() * 8 < 1000 * 4 + 8 * 40);
}

TEST_CASE("Packed song: what is out of order or range is refused, not written") {
    const std::vector<std::vector<midi::Note>> bad = {{{96, 1, 60, 1, 0}, {0, 1, 60, 1, 0}},
                                                      {{0, 1, 64, 1, 0}, {0, 1, 60, 1, 0}},
                                                      {{-1, 1, 60, 1, 0}},
                                                      {{0, -1, 60, 1, 0}},
                                                      {{0, 1, 128, 1, 0}},
                                                      {{0, 1, -1, 1, 0}},
                                                      {{0, 1, 60, 128, 0}},
                                                      {{0, 1, 60, -1, 0}},
                                                      {{0, 1, 60, 1, 16}},
                                                      {{packed::kMostTicks + 1, 1, 60, 1, 0}}};
    for (const std::vector<midi::Note>& notes : bad) {
        midi::Song song;
        song.notes = notes;
        CHECK_THROWS_AS(pack_song(song), DataError);
    }
    midi::Song song;
    song.tempo = {{10, 1}, {5, 1}};
    CHECK_THROWS_AS(pack_song(song), DataError);
    song.tempo = {{0, -1}};
    CHECK_THROWS_AS(pack_song(song), DataError);
    song.tempo.clear();
    song.title = std::string(packed::kMostText, 'x');
    CHECK(unpacked(pack_song(song)) == song);
    song.title += 'x';
    CHECK_THROWS_AS(pack_song(song), DataError);
}

TEST_CASE("Packed song: bytes with any byte changed give a valid song or an error") {
    midi::Song song = random_song(3, 40, 9);
    song.title = "title";
    song.tempo = {{0, 500'000}, {960, 250'000}};
    const PackedSong packed = pack_song(song);
    int refused = 0, read = 0;
    for (std::size_t at = 0; at < packed.bytes.size(); ++at)
        for (int value = 0; value < 256; ++value) {
            PackedSong changed = packed;
            changed.bytes[at] = static_cast<std::byte>(value);
            try {
                const midi::Song song_read = unpacked(changed);
                if (!packed_properties::is_valid(song_read)) FAIL("byte " << at << " = " << value);
                ++read;
            } catch (const FormatError&) {
                ++refused;
            }
        }
    CHECK(refused > 1000);
    CHECK(read > 1000);
    for (std::size_t size = 0; size < packed.bytes.size(); ++size) {
        PackedSong shorter = packed;
        shorter.bytes.resize(size);
        CHECK_THROWS_AS(unpacked(shorter), FormatError);
    }
}

TEST_CASE("Packed song: a count of notes that the bytes cannot hold takes no memory") {
    PackedSong packed = pack_song(random_song(4, 100, 5));
    for (const std::uint32_t notes : {packed::kMostNotes, UINT32_MAX, 101u, 99u, 0u}) {
        packed.entry.notes = notes;
        CHECK_THROWS_AS(unpacked(packed), FormatError);
    }
}

TEST_CASE("Packed song: numbers beyond all bounds are named, and take no memory") {
    // The message for a song of these numbers, which stand one after the other.
    const auto said = [&](std::initializer_list<std::uint64_t> numbers, std::uint32_t notes = 0) {
        packed::Bytes bytes;
        for (const std::uint64_t number : numbers) packed::put_number(bytes, number);
        midi::Song song;
        try {
            packed::get_song(bytes, notes, song);
        } catch (const FormatError& error) {
            return std::string(error.what());
        }
        return std::string("nothing");
    };
    using Catch::Matchers::Contains;
    constexpr auto kMost = static_cast<std::uint64_t>(packed::kMostTicks);
    CHECK(said({0, 0}) == "nothing");
    CHECK(said({0, 1, kMost, kMost}) == "nothing");
    CHECK_THAT(said({packed::kMostText + 1}), Contains("a text of 1048577 bytes"));
    CHECK_THAT(said({0, std::uint64_t{1} << 40, 0, 1}), Contains("changes of tempo"));
    CHECK_THAT(said({0, 2, 0, 1}), Contains("2 changes of tempo"));
    CHECK_THAT(said({0, 1, kMost + 1, 1}), Contains("tempo out of range"));
    CHECK_THAT(said({0, 1, 0, kMost + 1}), Contains("tempo out of range"));
    CHECK_THAT(said({0, 2, 1, 1, kMost, 1}), Contains("tempo out of range"));
    CHECK_THAT(said({0, 0}, packed::kMostNotes + 1), Contains("notes in"));
    // Two onsets whose sum is too late: a table of one wait, twice; an index has a bit at least.
    CHECK_THAT(said({0, 0, 1, packed::folded(packed::kMostTicks), 0, 1, 0, 1, 0, 1, 0, 1, 0}, 2),
               Contains("an onset beyond"));
    packed::Bytes most;
    packed::put_number(most, ~std::uint64_t{0});
    ByteCursor greatest(most, std::string_view("song"));
    CHECK(packed::get_number(greatest) == ~std::uint64_t{0});
    packed::Bytes endless(10, std::byte{0xFF});
    ByteCursor from(endless, std::string_view("song"));
    CHECK_THROWS_WITH(packed::get_number(from), Contains("more than 64 bits"));
}
