#include <mgan/core/random.hpp>
#include <mgan/dataset/piece_groups.hpp>
#include <mgan/dataset/repeat_filter.hpp>

#include <support/catch.hpp>

#include <string>
#include <vector>

using namespace mgan;

namespace {

/// A melody with an accompaniment, drawn at random.
midi::Song piece(std::uint64_t seed, int notes = 300) {
    const Random random(seed, "piece");
    midi::Song song;
    std::int64_t onset = 0;
    for (int i = 0; i < notes; ++i) {
        const auto at = static_cast<std::uint64_t>(3 * i);
        const int pitch = 60 + static_cast<int>(random.integer(at, 15));
        const auto length = 96 * (1 + static_cast<std::int64_t>(random.integer(at + 1, 4)));
        song.notes.push_back({onset, length, pitch, 80, 0});
        if (random.integer(at + 2, 3) == 0)
            song.notes.push_back({onset, length, pitch - 24, 60, 0});
        onset += length;
    }
    return song;
}

std::vector<std::size_t> groups_of(const std::vector<midi::Song>& songs) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < songs.size(); ++i) names.push_back(std::to_string(i));
    return piece_groups(songs, names);
}

}  // namespace

TEST_CASE("Pieces: a copy is found whatever its key, its note values, its loudness, its bass") {
    const midi::Song original = piece(1);
    midi::Song transposed = original, slow = original, soft = original, thin, cut;
    for (midi::Note& note : transposed.notes) note.pitch += 5;
    for (midi::Note& note : slow.notes) {
        note.onset *= 2;
        note.length *= 2;
    }
    for (midi::Note& note : soft.notes) note.velocity -= 30;
    for (const midi::Note& note : original.notes)
        if (note.pitch >= 60) thin.notes.push_back(note);
    for (std::size_t i = 0; i < original.notes.size() / 2; ++i)
        cut.notes.push_back(original.notes[i]);
    CHECK(groups_of({original, transposed, slow, soft, thin, cut, piece(2)}) ==
          std::vector<std::size_t>{0, 0, 0, 0, 0, 0, 6});
}

TEST_CASE("Pieces: an edition with other notes here and there is the same piece") {
    const midi::Song original = piece(3);
    midi::Song edition = original;
    for (std::size_t i = 40; i < edition.notes.size(); i += 60) edition.notes[i].pitch += 1;
    CHECK(groups_of({original, piece(4), edition}) == std::vector<std::size_t>{0, 1, 0});
}

TEST_CASE("Pieces: two hundred different pieces are two hundred groups") {
    std::vector<midi::Song> songs;
    std::vector<std::size_t> each;
    for (std::size_t i = 0; i < 200; ++i) {
        songs.push_back(piece(100 + i));
        each.push_back(i);
    }
    CHECK(groups_of(songs) == each);
}

TEST_CASE("Pieces: scales and repeated notes, which many have, make no two pieces one") {
    std::vector<midi::Song> songs;
    std::vector<std::size_t> each;
    for (std::size_t i = 0; i < 40; ++i) {
        midi::Song song = piece(500 + i);
        const std::int64_t end = song.notes.back().onset + 1000;
        for (int k = 0; k < 200; ++k)
            song.notes.push_back({end + 96 * k, 96, 60 + (k % 24), 80, 0});
        songs.push_back(song);
        each.push_back(i);
    }
    CHECK(groups_of(songs) == each);
}

TEST_CASE("Pieces: songs of one name are one group, and short or empty songs are their own") {
    const std::vector<midi::Song> songs = {piece(7), piece(8), midi::Song{}, piece(9, 3), piece(7)};
    const std::vector<std::string> names = {"a", "a", "b", "c", "d"};
    CHECK(piece_groups(songs, names) == std::vector<std::size_t>{0, 0, 2, 3, 0});
}

TEST_CASE("Pieces: in one pass or in several, by one thread or three, the groups are the same") {
    std::vector<midi::Song> songs;
    std::vector<std::string> names;
    for (std::uint64_t i = 0; i < 60; ++i) {
        songs.push_back(piece(i % 45, 100 + static_cast<int>(i)));
        if (i >= 45)
            for (midi::Note& note : songs.back().notes) note.pitch += 3;
        names.push_back(std::to_string(i / 2));
    }
    const std::vector<std::size_t> groups = piece_groups(songs, names);
    CHECK(groups[47] == groups[2]);
    CHECK(groups[30] == 30);
    for (const std::size_t most : {1u, 37u, 1000u})
        for (const int threads : {1, 3})
            CHECK(piece_groups(Songs(songs), name_groups(names), threads, most) == groups);
}

TEST_CASE("Repeats: what comes again is always found, what comes once is seldom taken for it") {
    for (const std::size_t count : {std::size_t{0}, std::size_t{10}, std::size_t{200'000}}) {
        CAPTURE(count);
        // Multiples of four, as sampled passages are; each third comes twice.
        const Random random(1, "numbers");
        const auto number = [&](std::size_t i) { return random.bits(i) / 4 * 4; };
        RepeatFilter filter(count);
        std::size_t again = 0;
        for (int round = 0; round < 2; ++round)
            for (std::size_t i = 0; i < count; ++i)
                if (round == 0 || i % 3 == 0) {
                    filter.add(number(i));
                    again += static_cast<std::size_t>(round);
                }
        filter.end();
        std::size_t taken = 0;
        bool all = true;
        for (std::size_t i = 0; i < count; ++i) {
            if (i % 3 == 0) all = all && filter.may_repeat(number(i));
            if (i % 3 != 0 && filter.may_repeat(number(i))) ++taken;
        }
        CHECK(all);
        CHECK(taken <= count / 50);
        CHECK(filter.repeats() >= again);
        CHECK(filter.repeats() <= again + count / 50);
    }
}

TEST_CASE("Repeats: of more numbers than it was made for, none that comes again is missed") {
    const Random random(2, "numbers");
    RepeatFilter filter(1);
    for (int round = 0; round < 2; ++round)
        for (std::uint64_t i = 0; i < 10'000; ++i) filter.add(random.bits(i));
    filter.end();
    bool all = true;
    for (std::uint64_t i = 0; i < 10'000; ++i) all = all && filter.may_repeat(random.bits(i));
    CHECK(all);
}
