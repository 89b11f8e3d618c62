#include <mgan/core/random.hpp>
#include <mgan/metrics/song_metrics.hpp>
#include <support/catch.hpp>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

using mgan::Random;
using namespace mgan::metrics;
using mgan::midi::Note;
using mgan::midi::Song;

namespace {

/// One note a quarter.
Song melody(const std::vector<int>& pitches, int velocity = 64) {
    Song song;
    for (const int pitch : pitches) {
        const auto onset = static_cast<std::int64_t>(song.notes.size()) * 384;
        song.notes.push_back({onset, 192, pitch, velocity, 0});
    }
    return song;
}

/// `chords[i]` sounds at quarter i.
Song chords(const std::vector<std::vector<int>>& chords) {
    Song song;
    std::int64_t onset = 0;
    for (const auto& chord : chords) {
        for (const int pitch : chord) song.notes.push_back({onset, 192, pitch, 64, 0});
        onset += 384;
    }
    return song;
}

/// Few pitches and few onsets, so that triples repeat and chords appear.
Song random_song(std::uint64_t seed, std::size_t size, std::uint64_t pitches) {
    const Random random(seed, "song");
    Song song;
    std::int64_t onset = 0;
    for (std::size_t i = 0; i < size; ++i) {
        onset += static_cast<std::int64_t>(random.integer(3 * i, 3)) * 96;
        song.notes.push_back({onset, 96, 48 + static_cast<int>(random.integer(3 * i + 1, pitches)),
                              1 + static_cast<int>(random.integer(3 * i + 2, 127)), 0});
    }
    std::sort(song.notes.begin(), song.notes.end(), mgan::midi::note_order);
    return song;
}

Song transposed(Song song, int semitones) {
    for (Note& note : song.notes) note.pitch += semitones;
    return song;
}

/// The definition, as it stands: i in [0, last_i], j in [i + 3, last_j].
std::int64_t repetitions_by_definition(const Song& song, std::int64_t last_i, std::int64_t last_j) {
    const auto pitch = [&](std::int64_t k) {
        return song.notes.at(static_cast<std::size_t>(k)).pitch;
    };
    std::int64_t pairs = 0;
    for (std::int64_t i = 0; i <= last_i; ++i)
        for (std::int64_t j = i + 3; j <= last_j; ++j)
            if (pitch(i) == pitch(j) && pitch(i + 1) == pitch(j + 1) &&
                pitch(i + 2) == pitch(j + 2))
                ++pairs;
    return pairs;
}

struct Golden {
    std::string name;
    Song song;
    int notes, tone_span, unique_tones;
    double scale, reference_scale, polyphony, reference_polyphony;
    int repetitions, reference_repetitions;
};

std::vector<Golden> golden_songs() {
    Song c_major = melody({60, 62, 64, 65, 67, 69, 71, 72});
    for (std::size_t i = 0; i < 8; ++i) c_major.notes[i].velocity = 60 + static_cast<int>(i);
    const std::vector<int> three = {60, 62, 64, 60, 62, 64, 60, 62, 64, 60, 62, 64};
    const std::vector<int> triad = {60, 64, 67};
    // Where a column is a published function, the value is what that function gave on these notes.
    return {
        {"C major", c_major, 8, 12, 8, 1, 1, 0, 0, 0, 0},
        {"D major", transposed(c_major, 2), 8, 12, 8, 1, 0.875, 0, 0, 0, 0},
        {"F sharp major", transposed(c_major, 6), 8, 12, 8, 1, 0.875, 0, 0, 0, 0},
        {"A harmonic minor", melody({57, 59, 60, 62, 64, 65, 68, 69}), 8, 12, 8, 1, 0.875, 0, 0, 0,
         0},
        {"chromatic", melody({60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71}), 12, 11, 12,
         7.0 / 12, 7.0 / 12, 0, 0, 0, 0},
        {"triads", chords({triad, triad, triad, triad}), 12, 7, 3, 1, 1, 1, 11.0 / 15, 12, 9},
        {"three notes", melody(three), 12, 4, 3, 1, 1, 0, 0, 12, 9},
        {"60 x 100", melody(std::vector<int>(100, 60)), 100, 0, 1, 1, 1, 0, 0, 4560, 4465},
        {"60 x 8", melody(std::vector<int>(8, 60)), 8, 0, 1, 1, 1, 0, 0, 6, 3},
        {"60 x 7", melody(std::vector<int>(7, 60)), 7, 0, 1, 1, 1, 0, 0, 3, 0},
        {"60 and 64 together", chords({{60, 64}}), 2, 4, 2, 1, 1, 1, 0.5, 0, 0},
    };
}

}  // namespace

TEST_CASE("Song metrics of small songs are the golden values") {
    for (const Golden& golden : golden_songs()) {
        INFO(golden.name);
        const SongMetrics metrics = compute(golden.song);
        CHECK(metrics.notes == golden.notes);
        CHECK(metrics.tone_span == golden.tone_span);
        CHECK(metrics.unique_tones == golden.unique_tones);
        CHECK(metrics.scale_consistency == golden.scale);
        CHECK(metrics.polyphony == golden.polyphony);
        CHECK(metrics.repetitions_3 == golden.repetitions);
        CHECK(metrics.reference.scale_consistency == golden.reference_scale);
        CHECK(metrics.reference.polyphony == golden.reference_polyphony);
        CHECK(metrics.reference.repetitions_3 == golden.reference_repetitions);
    }
    CHECK(compute(golden_songs()[0].song).intensity_span == 7.0);
    CHECK(compute(golden_songs()[1].song).intensity_span == 7.0);
    CHECK(compute(golden_songs()[4].song).intensity_span == 0.0);
}

TEST_CASE("Song metrics agree with the shared table of golden values") {
    std::ifstream file(std::string(MGAN_SHARED_DATA) + "/golden_metrics.tsv");
    if (!file) MGAN_SKIP("no golden_metrics.tsv");
    const std::vector<Golden> songs = golden_songs();
    std::size_t row = 0;
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line[0] == '#') continue;
        REQUIRE(row < songs.size());
        INFO(line);
        std::istringstream cells(line.substr(line.find('\t')));
        double notes, span, unique, scale, reference_scale, polyphony, reference_polyphony,
            repetitions, reference_repetitions;
        REQUIRE(cells >> notes >> span >> unique >> scale >> reference_scale >> polyphony >>
                reference_polyphony >> repetitions >> reference_repetitions);
        const SongMetrics metrics = compute(songs[row++].song);
        const double printed = 5e-7;  // the table has six decimals
        CHECK(static_cast<double>(metrics.notes) == notes);
        CHECK(metrics.tone_span == span);
        CHECK(static_cast<double>(metrics.unique_tones) == unique);
        CHECK(metrics.scale_consistency.value() == Approx(scale).margin(printed));
        CHECK(metrics.reference.scale_consistency.value() ==
              Approx(reference_scale).margin(printed));
        CHECK(metrics.polyphony.value() == Approx(polyphony).margin(printed));
        CHECK(metrics.reference.polyphony == Approx(reference_polyphony).margin(printed));
        CHECK(static_cast<double>(metrics.repetitions_3) == repetitions);
        CHECK(static_cast<double>(metrics.reference.repetitions_3) == reference_repetitions);
    }
    CHECK(row == songs.size());
}

TEST_CASE("A song without notes has no spans and shares, and counts of 0") {
    Song silent;
    silent.notes = {{0, 10, 60, 0, 0}, {0, 10, 36, 100, 9}};  // velocity 0, and a drum
    for (const Song& song : {Song{}, silent}) {
        const SongMetrics metrics = compute(song);
        CHECK(metrics.notes == 0);
        CHECK(metrics.unique_tones == 0);
        CHECK(metrics.repetitions_3 == 0);
        CHECK(metrics.longest_run == 0);
        CHECK_FALSE(metrics.scale_consistency);
        CHECK_FALSE(metrics.tone_span);
        CHECK_FALSE(metrics.intensity_span);
        CHECK_FALSE(metrics.polyphony);
        CHECK_FALSE(metrics.reference.scale_consistency);
        CHECK(metrics.reference.polyphony == 0.0);
        CHECK(metrics.reference.repetitions_3 == 0);
        CHECK_FALSE(value(metrics, Metric::tone_span));
        CHECK(value(metrics, Metric::notes) == 0.0);
    }
}

TEST_CASE("Songs of one and two notes have all metrics") {
    const SongMetrics one = compute(melody({61}));
    CHECK(one.notes == 1);
    CHECK(one.scale_consistency == 1.0);
    CHECK(one.tone_span == 0.0);
    CHECK(one.polyphony == 0.0);
    CHECK(one.reference.polyphony == 0.0);
    CHECK(one.longest_run == 1);

    const SongMetrics unison = compute(chords({{60, 60}}));  // two equal notes are two notes
    CHECK(unison.notes == 2);
    CHECK(unison.unique_tones == 1);
    CHECK(unison.polyphony == 1.0);
    CHECK(unison.longest_run == 2);
}

TEST_CASE("Polyphony counts groups, the published one leaves out the last") {
    const SongMetrics metrics = compute(chords({{60, 64}, {62}, {60, 64, 67}}));
    CHECK(metrics.polyphony == 2.0 / 3);
    CHECK(metrics.reference.polyphony == (6.0 - 3 + 1) / (6 + 3 - 1));
    CHECK(compute(chords({{60, 64, 67}, {62}, {60, 64}})).reference.polyphony == (6.0 - 3 + 1) / 8);
    CHECK(compute(chords({{60, 64}, {60, 64, 67}, {62}})).reference.polyphony == (6.0 - 3 + 2) / 8);
}

TEST_CASE("The longest run of one pitch is found at either end and inside") {
    CHECK(compute(melody({60, 60, 60, 62, 62})).longest_run == 3);
    CHECK(compute(melody({60, 62, 62, 62, 62, 60})).longest_run == 4);
    CHECK(compute(melody({60, 62, 64, 64})).longest_run == 2);
}

TEST_CASE("Repetitions equal the double loop of their definition on random songs") {
    std::int64_t found = 0;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        const std::size_t size = static_cast<std::size_t>(seed % 40);
        const Song song = random_song(seed, size, 1 + seed % 5);
        const auto n = static_cast<std::int64_t>(size);
        INFO("seed " << seed << ", " << n << " notes");
        const SongMetrics metrics = compute(song);
        CHECK(metrics.repetitions_3 == repetitions_by_definition(song, n - 4, n - 3));
        CHECK(metrics.reference.repetitions_3 ==
              (n < 8 ? 0 : repetitions_by_definition(song, n - 7, n - 4)));
        found += metrics.repetitions_3;
    }
    CHECK(found > 1000);  // else the comparison above is one of zeros
}

TEST_CASE("Transposition changes no metric but the published scale consistency") {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const Song song = random_song(seed, 60, 14);
        SongMetrics before = compute(song);
        for (int semitones = -11; semitones <= 11; ++semitones) {
            SongMetrics after = compute(transposed(song, semitones));
            after.reference.scale_consistency = before.reference.scale_consistency;
            CHECK(after == before);
        }
    }
}

TEST_CASE("Neither the order in which notes are stored nor the start of the song matters") {
    const Song song = random_song(3, 60, 14);
    Song reversed = song;
    std::reverse(reversed.notes.begin(), reversed.notes.end());
    for (Note& note : reversed.notes) note.onset += 1000;
    CHECK(compute(reversed) == compute(song));
}

TEST_CASE("The published scale consistency is never above the other, and both are at least 7/12") {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        const SongMetrics metrics = compute(random_song(seed, 100, 40));
        CHECK(*metrics.reference.scale_consistency <= *metrics.scale_consistency);
        CHECK(*metrics.scale_consistency >= 7.0 / 12);
    }
}

TEST_CASE("Each metric has its key of the JSON output") {
    CHECK(key(Metric::notes) == "notes");
    CHECK(key(Metric::scale_consistency) == "scale_consistency");
    CHECK(key(Metric::tone_span) == "tone_span");
    CHECK(key(Metric::unique_tones) == "unique_tones");
    CHECK(key(Metric::intensity_span) == "intensity_span");
    CHECK(key(Metric::polyphony) == "polyphony");
    CHECK(key(Metric::repetitions_3) == "repetitions_3");
    const SongMetrics metrics = compute(golden_songs()[5].song);
    CHECK(value(metrics, Metric::notes) == 12.0);
    CHECK(value(metrics, Metric::scale_consistency) == 1.0);
    CHECK(value(metrics, Metric::tone_span) == 7.0);
    CHECK(value(metrics, Metric::unique_tones) == 3.0);
    CHECK(value(metrics, Metric::intensity_span) == 0.0);
    CHECK(value(metrics, Metric::polyphony) == 1.0);
    CHECK(value(metrics, Metric::repetitions_3) == 12.0);
}
