#include <mgan/encoding/step_events.hpp>
#include <mgan/midi/find_files.hpp>
#include <mgan/midi/notes.hpp>

#include "songs.hpp"
#include "steps.hpp"

#include <bundled_corpus.hpp>
#include <support/catch.hpp>
#include <support/channels.hpp>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

using namespace mgan::encoding;
using mgan::midi::Note;
using mgan::midi::Song;
using mgan_test::without_channels;

namespace {

std::vector<Note> round_trip(const Song& prepared, const StepVocabulary& words) {
    const StepSong events = step_events(prepared, words);
    return song_of(events.events, words, events.first_phase).notes;
}

/// How far onsets are off after a round trip, in steps: the worst, and whether the beat is kept.
struct Drift {
    std::int64_t worst = 0;
    std::size_t differing = 0;
};
Drift drift(const Song& prepared, const StepVocabulary& words) {
    const StepSong song = step_events(prepared, words);
    Drift result;
    std::int64_t onset = song.first_phase;
    for (std::size_t i = 0; i < song.events.size(); ++i) {
        if (i > 0 && song.events[i].value[0] != 0)
            onset += words.value(1, song.events[i - 1].value[1]);
        const std::int64_t off =
            std::abs(onset - prepared.notes[i].onset / words.grid_ticks()) % words.quarter_steps();
        result.worst = std::max(result.worst, std::min(off, words.quarter_steps() - off));
        result.differing += off != 0 ? 1 : 0;
    }
    return result;
}

/// Share of notes that do not come back, and every song's onsets on the beat that they had.
void check_corpus(const std::vector<Song>& songs, std::int64_t grid, double least_share) {
    std::vector<Song> prepared;
    for (const Song& song : songs) prepared.push_back(prepare_steps(song, grid));
    StepVocabularyOptions options;
    options.grid_ticks = grid;
    const StepVocabulary words = StepVocabulary::fit(prepared, options);
    std::size_t exact = 0, off_beat = 0, notes = 0;
    for (const Song& song : prepared) {
        const std::vector<Note>& expected = song.notes;
        const std::vector<Note> back = without_channels(round_trip(song, words));
        std::vector<Note> same;
        std::set_intersection(expected.begin(), expected.end(), back.begin(), back.end(),
                              std::back_inserter(same), mgan::midi::note_order);
        exact += same.size();
        notes += expected.size();
        off_beat += drift(song, words).differing;
    }
    std::string lists;
    for (const StepComponent& component : words.components())
        lists += component.name + " " + std::to_string(component.values.size()) + " ";
    INFO("grid " << grid << ": " << lists << "; exact " << exact << " of " << notes << ", off beat "
                 << off_beat);
    CHECK(static_cast<double>(exact) >= least_share * static_cast<double>(notes));
    CHECK(off_beat * 50 <= notes);
}

}  // namespace

TEST_CASE("Step events: a chord and two notes, by hand") {
    const StepVocabulary words = steps::plain_vocabulary();
    Song song;
    song.notes = {
        {384, 384, 60, 80, 0}, {384, 384, 64, 80, 0}, {768, 192, 67, 60, 0}, {960, 384, 72, 60, 0}};
    const StepSong events = step_events(song, words);
    CHECK(events.first_phase == 16);
    CHECK(events.events == std::vector<StepEvent>{steps::event(words, 1, 16, 60, 16, 80),
                                                  steps::event(words, 0, 16, 64, 16, 80),
                                                  steps::event(words, 1, 8, 67, 8, 60),
                                                  steps::event(words, 1, 16, 72, 16, 60)});
    CHECK(round_trip(song, words) == song.notes);
    CHECK(song_of(events.events, words).notes.front().onset == 0);
    CHECK(step_events(Song{}, words) == StepSong{});
    CHECK(song_of({}, words).notes.empty());
}

TEST_CASE("Step events: a crop knows its phase, begins with a move, and its last gap") {
    const StepVocabulary words = steps::plain_vocabulary();
    Song song;
    for (int i = 0; i < 40; ++i) {
        song.notes.push_back({i * 96 + 192, 96, 60, 64, 0});
        song.notes.push_back({i * 96 + 192, 96, 67, 64, 0});
    }
    const StepSong whole = step_events(song, words);
    const StepSong crop = crop_of(whole, 11, 5, words);  // within the chord at 5 * 96 + 192
    REQUIRE(crop.events.size() == 5);
    CHECK(crop.first_phase == (5 * 96 + 192) / 24);
    CHECK(crop.events[0].value[0] == 1);
    CHECK(crop.events[1].value[0] == 1);
    CHECK(crop.events[2].value[0] == 0);
    CHECK(crop.events[4] == whole.events[15]);
    CHECK(crop_of(whole, 78, 100, words).events.size() == 2);
    CHECK(crop_of(whole, 0, 80, words) == whole);
    CHECK(crop_of(whole, 80, 1, words).events.empty());
    CHECK(crop_of(whole, 78, 100, words).first_phase == (39 * 4 + 8) % 192);
}

TEST_CASE("Step events: the end of a song, where it begins anew") {
    const StepVocabulary words = steps::plain_vocabulary();
    Song song;
    for (int i = 0; i < 10; ++i) song.notes.push_back({i * 96 + 192, 96, 60 + i, 64, 0});
    song.notes.push_back({9 * 96 + 192, 96, 80, 64, 0});
    const StepSong whole = step_events(song, words);
    const StepSong ending = ending_of(whole, 5, words);
    REQUIRE(ending.events.size() == 5);
    CHECK(ending.ends == 4);
    CHECK(ending.first_phase == (7 * 96 + 192) / 24);
    CHECK(std::equal(ending.events.begin(), ending.events.begin() + 4, whole.events.begin() + 7));
    CHECK(ending.events[4] == whole.events[0]);
    CHECK(steps_to(ending, 2, words) == 8);
    CHECK(steps_to(ending, 3, words) == 8);       // the chord at the end
    CHECK(steps_to(ending, 4, words) == 8 + 16);  // a quarter later it begins anew
    CHECK(steps_to(ending, 0, words) == 0);
    CHECK(ending_of(whole, 12, words).events.size() == 12);
    CHECK(crop_of(whole, 3, 4, words).ends == 0);
}

TEST_CASE("Step events: a key that sounds is struck in another channel") {
    Voices voices;
    const auto channel_of = [&](std::int64_t onset, std::int64_t length, int pitch) {
        Note note{onset, length, pitch, 80, 0};
        note.channel = voices.channel_of(note);
        voices.strike(note);
        return note.channel;
    };
    CHECK(channel_of(0, 960, 60) == 0);
    CHECK(channel_of(0, 48, 64) == 0);
    CHECK(channel_of(0, 240, 60) == 1);
    CHECK(channel_of(240, 240, 60) == 1);
    CHECK(channel_of(479, 10, 60) == 2);
    CHECK(channel_of(480, 10, 64) == 0);
    CHECK(channel_of(960, 10, 60) == 0);
    // Fifteen times at once: every channel but that of the drums; then the one that ends first.
    voices.reset();
    std::vector<int> channels;
    for (int i = 0; i < 15; ++i) channels.push_back(channel_of(0, i == 6 ? 90 : 100 + i, 60));
    CHECK(channels == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15});
    CHECK(channel_of(5, 500, 60) == 6);
    CHECK(channel_of(5, 500, 60) == 0);
    voices.reset();
    CHECK(channel_of(0, 1, 60) == 0);
}

TEST_CASE(
    "Step events: any events make a song that keeps every note, each key free in its channel") {
    const StepVocabulary words = steps::plain_vocabulary();
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const StepSong tune{steps::tune(words, seed, 300), 0};
        const Song song = song_of(tune.events, words);
        CHECK(song.notes.size() == tune.events.size());
        const std::vector<Note> plain = without_channels(song.notes);
        CHECK(std::is_sorted(plain.begin(), plain.end(), mgan::midi::note_order));
        for (std::size_t i = 0; i < song.notes.size(); ++i)
            for (std::size_t j = i + 1; j < song.notes.size(); ++j) {
                const Note &a = song.notes[i], &b = song.notes[j];
                const bool overlap = a.pitch == b.pitch && b.onset < a.onset + a.length;
                if (overlap) CHECK(a.channel != b.channel);
            }
        // And the song is one that comes back.
        CHECK(round_trip({"", plain, {}}, words) == song.notes);
    }
}

TEST_CASE("Step events: errors of rounded gaps do not add up, long rests keep the beat") {
    const StepVocabulary plain = steps::plain_vocabulary();
    std::vector<StepComponent> components(plain.components().begin(), plain.components().end());
    components[1].values = {1, 2, 4, 6, 8, 12, 16, 24, 32};
    const StepVocabulary words(24, components);
    Song song;
    for (int i = 0; i < 500; ++i)  // gaps of 5 steps, which are no value
        song.notes.push_back({i * 5 * 24, 24, 60, 64, 0});
    CHECK(drift(song, words).worst <= 1);
    Song rests;
    for (int i = 0; i < 50; ++i)  // rests of 5 quarters and a half
        rests.notes.push_back({i * 88 * 24, 24, 60, 64, 0});
    CHECK(drift(rests, words).differing == 0);
    for (const StepEvent& event : step_events(rests, words).events)
        CHECK(words.value(1, event.value[1]) <= 32);
    CHECK(song_of(step_events(rests, words).events, words).notes[1].onset == 24 * 24);
    Song endless;
    endless.notes = {{0, 24, 60, 64, 0}, {std::int64_t(1) << 40, 24, 60, 64, 0}};
    CHECK(step_events(endless, words).events.size() == 2);
}

TEST_CASE("Step events: preparing keeps the place in the bar, and leaves out drums") {
    Song song;
    song.tempo = {{0, 500'000}, {30 * 4608, 400'000}};
    song.notes = {{30 * 4608 + 100, 10, 61, 64, 3},
                  {30 * 4608 + 100, 50, 40, 64, 9},
                  {30 * 4608 + 500, 200, 66, 64, 3}};
    const Song prepared = prepare_steps(song, 24);
    CHECK(prepared.notes == std::vector<Note>{{96, 24, 60, 64, 0}, {504, 192, 65, 64, 0}});
    CHECK(prepared.tempo[1].tick == 0);
    CHECK(prepare_steps(song, 24, false).notes[0].pitch == 61);
    CHECK(prepare_steps(Song{}, 24).notes.empty());
}

TEST_CASE("Step events: random songs come back exactly where their values are in the lists") {
    for (const std::int64_t grid : {24, 12, 8, 6}) {
        const StepVocabulary words = steps::plain_vocabulary(grid);
        const int longest = words.components()[1].values.back();
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
            const mgan::Random random(seed, "step songs");
            Song song;
            std::int64_t onset = static_cast<std::int64_t>(seed) * grid;
            for (std::uint64_t i = 0; i < 200; ++i) {
                const auto draw = [&](std::uint64_t what, int count) {
                    return static_cast<int>(
                        random.integer(8 * i + what, static_cast<std::uint64_t>(count)));
                };
                if (draw(0, 3) > 0) onset += grid * (1 + draw(1, longest));
                song.notes.push_back(
                    {onset, grid * (1 + draw(2, longest)), draw(3, 128), 1 + draw(4, 127), 0});
            }
            std::sort(song.notes.begin(), song.notes.end(), mgan::midi::note_order);
            CHECK(without_channels(round_trip(song, words)) == song.notes);
        }
    }
}

TEST_CASE("Step events: the bundled songs come back, nearly all to the note, on every grid") {
    const std::vector<Song> songs = mgan::program::bundled_songs();
    check_corpus(songs, 24, 0.99);
    for (const std::int64_t grid : {12, 8, 6}) check_corpus(songs, grid, 0.99);
}

TEST_CASE("Step events: real songs come back, nearly all to the note") {
    const std::filesystem::path folder = std::string(MGAN_SHARED_DATA) + "/data/corpus";
    if (!std::filesystem::exists(folder)) MGAN_SKIP("no corpus of real songs");
    std::vector<Song> songs;
    for (const auto& path : mgan::midi::find_midi_files(folder))
        for (Song& song : mgan::midi::load_songs(path)) songs.push_back(std::move(song));
    REQUIRE(songs.size() > 100);
    check_corpus(songs, 24, 0.9);
    check_corpus(songs, 6, 0.8);
}
