#include <encoding/songs.hpp>
#include <mgan/encoding/codec.hpp>
#include <support/catch.hpp>

#include <limits>

using namespace mgan::encoding;
using mgan::midi::Note;
using mgan::midi::Song;

namespace {

EncodingSettings plain(EncodingKind kind = EncodingKind::tone) {
    return {.kind = kind,
            .normalisation = NormalisationKind::none,
            .normalise_key = false,
            .grid_ticks = 1,
            .step_ticks = 10};
}

std::vector<int> pitches(const std::vector<Note>& notes) {
    std::vector<int> found;
    for (const Note& note : notes) found.push_back(note.pitch);
    return found;
}

}  // namespace

TEST_CASE("tone writes differences of onsets, lengths, pitches and velocities") {
    Song song;
    song.notes = {{96, 50, 60, 70, 0}, {96, 60, 64, 71, 1}, {480, 384, 67, 72, 2}};
    CHECK(raw_events(song, plain()) ==
          Events<double>{{0, 50, 60, 70}, {0, 60, 64, 71}, {384, 384, 67, 72}});
}

TEST_CASE("tone gives chords back as equal onsets, whatever the order of their events") {
    const Events<double> events = {
        {0, 96, 67, 70}, {0.3, 96, 60, 70}, {-5, 96, 64, 70}, {96, 96, 62, 70}};
    const Song song = song_of(events, plain());
    CHECK(pitches(song.notes) == std::vector<int>{60, 64, 67, 62});
    CHECK(song.notes[2].onset == 0);
    CHECK(song.notes[3].onset == 96);
}

TEST_CASE("Pitch in Hz is equal temperament, and comes back for every MIDI number") {
    EncodingSettings options = plain();
    options.pitch_in_hz = true;
    Song song;
    for (int pitch = 0; pitch <= 127; ++pitch) song.notes.push_back({pitch * 10, 5, pitch, 64, 0});
    const Events<double> events = raw_events(song, options);
    CHECK(events[69][2] == 440.0);
    CHECK(events[57][2] == 220.0);
    CHECK(events[60][2] == Approx(261.6255653005986).epsilon(1e-14));
    CHECK(song_of(events, options).notes == song.notes);
    // A quarter tone up or down is still the same key.
    Events<double> detuned = events;
    for (auto& event : detuned) event[2] *= 1.028;
    CHECK(song_of(detuned, options).notes == song.notes);
}

TEST_CASE("event writes the note-ons and note-offs of eq. 1 in order of time, note-offs first") {
    Song song;
    song.notes = {{0, 100, 60, 80, 2}, {50, 100, 64, 70, 0}, {100, 100, 60, 90, 2}};
    CHECK(raw_events(song, plain(EncodingKind::event)) == Events<double>{{1, 2, 60, 80},
                                                                         {1, 0, 64, 70},
                                                                         {0, 2, 60, 0},
                                                                         {1, 2, 60, 90},
                                                                         {0, 0, 64, 0},
                                                                         {0, 2, 60, 0}});
}

TEST_CASE("event decodes one event every step_ticks") {
    const auto options = plain(EncodingKind::event);
    const Song song = song_of(
        Events<double>{{1, 0, 60, 80}, {1, 1, 60, 70}, {0, 0, 60, 0}, {0, 1, 60, 0}}, options);
    CHECK(song.notes == std::vector<Note>{{0, 20, 60, 80, 0}, {10, 20, 60, 70, 1}});
}

TEST_CASE("event: the oldest note of a pitch ends first, strays are ignored, the end ends all") {
    const auto options = plain(EncodingKind::event);
    const Song song = song_of(
        Events<double>{
            {0, 0, 60, 0},   // nothing sounds
            {1, 0, 60, 80},  // tick 10
            {1, 0, 60, 70},  // 20
            {1, 0, 60, 60},  // 30
            {0, 0, 60, 0},   // 40 ends the first
            {1, 0, 60, 0},   // 50: velocity 0 is a note-off, and ends the second
            {0, 3, 60, 0},   // another channel
        },
        options);
    CHECK(song.notes ==
          std::vector<Note>{{10, 30, 60, 80, 0}, {20, 30, 60, 70, 0}, {30, 40, 60, 60, 0}});
}

TEST_CASE("event never decodes a melody onto the drum channel") {
    const auto options = plain(EncodingKind::event);
    CHECK(nearest_valid(Feature::channel, options, 8.7) == 8.0);
    CHECK(nearest_valid(Feature::channel, options, 9.0) == 10.0);
    CHECK(nearest_valid(Feature::channel, options, 9.2) == 10.0);
    CHECK(nearest_valid(Feature::channel, options, 99.0) == 15.0);
}

TEST_CASE("Drums and silent notes are not encoded") {
    Song song;
    song.notes = {{0, 10, 36, 100, 9}, {0, 10, 60, 0, 0}, {0, 10, 62, 64, 0}};
    CHECK(raw_events(song, plain()) == Events<double>{{0, 10, 62, 64}});
    CHECK(raw_events(song, plain(EncodingKind::event)).size() == 2);
}

TEST_CASE("nearest_valid: the ends of every feature, NaN and infinity") {
    EncodingSettings options = plain();
    options.grid_ticks = 24;
    const double inf = std::numeric_limits<double>::infinity();
    const double nan = std::numeric_limits<double>::quiet_NaN();
    CHECK(nearest_valid(Feature::onset_ticks, options, -7) == 0.0);
    CHECK(nearest_valid(Feature::onset_ticks, options, 11.9) == 0.0);
    CHECK(nearest_valid(Feature::onset_ticks, options, 12) == 24.0);
    CHECK(nearest_valid(Feature::onset_ticks, options, nan) == 0.0);
    CHECK(nearest_valid(Feature::onset_ticks, options, inf) <= kLongestTicks + 12);
    CHECK(nearest_valid(Feature::length_ticks, options, 0) == 24.0);
    CHECK(nearest_valid(Feature::length_ticks, options, nan) == 24.0);
    CHECK(nearest_valid(Feature::length_ticks, options, 37) == 48.0);
    CHECK(nearest_valid(Feature::pitch, options, -inf) == 0.0);
    CHECK(nearest_valid(Feature::pitch, options, 1e30) == 127.0);
    CHECK(nearest_valid(Feature::pitch, options, 60.5) == 61.0);
    CHECK(nearest_valid(Feature::pitch_hz, options, nan) == hz_of_pitch(0));
    CHECK(nearest_valid(Feature::pitch_hz, options, inf) == hz_of_pitch(127));
    CHECK(nearest_valid(Feature::pitch_hz, options, 450) == 440.0);
    CHECK(nearest_valid(Feature::on_off, options, nan) == 0.0);
    CHECK(nearest_valid(Feature::on_off, options, 0.5) == 1.0);
    CHECK(nearest_valid(Feature::velocity, options, 0.2) == 1.0);
    CHECK(nearest_valid(Feature::velocity, plain(EncodingKind::event), 0.2) == 0.0);
    CHECK(nearest_valid(Feature::velocity, options, 500) == 127.0);
}

TEST_CASE("The grid rounds absolute onsets, so that rounding never adds up") {
    Song song;  // differences of 11 ticks: rounded one by one they would all be 0
    for (int i = 0; i < 100; ++i) song.notes.push_back({11 * i, 5, 60, 64, 0});
    EncodingSettings options = plain();
    options.grid_ticks = 24;
    const Song snapped = song_of(raw_events(song, options), options);
    for (std::size_t i = 0; i < 100; ++i) {
        CHECK(std::abs(snapped.notes[i].onset - song.notes[i].onset) <= 12);
        CHECK(snapped.notes[i].onset % 24 == 0);
        CHECK(snapped.notes[i].length == 24);
    }
    CHECK(snap(35, 24) == 24);
    CHECK(snap(36, 24) == 48);  // halves go up
    CHECK(snap(17, 1) == 17);
}

TEST_CASE("Silence before the first note is cut, whole grid steps of it, with its tempo changes") {
    Song song;
    song.notes = {{1000005, 50, 60, 70, 0}, {1000053, 50, 62, 70, 0}};
    song.tempo = {{0, 400000}, {1000000, 450000}, {1000053, 600000}};
    EncodingSettings options = plain();
    options.grid_ticks = 24;
    const Song prepared = prepare(song, options);
    CHECK(prepared.notes == std::vector<Note>{{0, 48, 60, 70, 0}, {48, 48, 62, 70, 0}});
    CHECK(prepared.tempo.size() == 3);
    CHECK(prepared.tempo[1].tick == 0);
    CHECK(prepared.tempo[2].tick == 45);  // 1000008 is the nearest multiple of 24
    CHECK(prepare(Song{}, options) == Song{});
}

TEST_CASE("The grid makes a chord of notes that a player spread") {
    Song song;
    song.notes = {{380, 100, 67, 64, 0}, {384, 100, 60, 64, 0}, {391, 100, 64, 64, 0}};
    EncodingSettings options = plain();
    options.grid_ticks = 24;
    const Events<double> events = raw_events(song, options);
    CHECK(events == Events<double>{{0, 96, 60, 64}, {0, 96, 64, 64}, {0, 96, 67, 64}});
}

TEST_CASE("Key normalisation takes every major and natural minor scale to the white keys") {
    const std::vector<int> major = {0, 2, 4, 5, 7, 9, 11, 12};
    for (int root = 50; root < 62; ++root) {
        std::vector<int> scale;
        for (const int step : major) scale.push_back(root + step);
        auto notes = songs::melody(scale).notes;
        const int shift = key_shift(notes);
        CHECK(shift >= -5);
        CHECK(shift <= 6);
        CHECK((root + shift) % 12 == 0);  // C major is the only major scale of white keys
    }
    const std::vector<int> minor = {0, 2, 3, 5, 7, 8, 10, 12};
    for (int root = 50; root < 62; ++root) {
        std::vector<int> scale;
        for (const int step : minor) scale.push_back(root + step);
        CHECK((root + key_shift(songs::melody(scale).notes)) % 12 == 9);  // A minor
    }
}

TEST_CASE("Of equally good keys the nearest is taken, downwards before upwards") {
    CHECK(key_shift(songs::melody({60, 62, 64}).notes) == 0);  // fits C, F and G
    CHECK(key_shift(songs::melody({61}).notes) == -1);         // C or D
    CHECK(key_shift(songs::melody({66, 70, 73}).notes) ==
          -1);  // F sharp major: F, or G a semitone up
    CHECK(key_shift({}) == 0);
}

TEST_CASE("Transposition keeps pitches in 0 .. 127, by octaves") {
    auto notes = songs::melody({0, 3, 60, 127}).notes;
    transpose(notes, -5);
    CHECK(pitches(notes) == std::vector<int>{7, 10, 55, 122});
    notes = songs::melody({0, 60, 125}).notes;
    transpose(notes, 6);
    CHECK(pitches(notes) == std::vector<int>{6, 66, 119});
}
