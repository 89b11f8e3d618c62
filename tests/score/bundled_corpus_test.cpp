#include <mgan/metrics/song_metrics.hpp>
#include <mgan/score/parser.hpp>

#include <bundled_corpus.hpp>
#include <support/catch.hpp>

#include <cctype>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

using namespace mgan;

namespace {

struct Measured {
    std::string name;
    metrics::SongMetrics metrics;
};

const std::vector<Measured>& measured() {
    static const std::vector<Measured> all = [] {
        std::vector<Measured> result;
        for (const midi::Song& song : program::bundled_songs()) {
            result.push_back({song.title, metrics::compute(song)});
        }
        return result;
    }();
    return all;
}

double mean(metrics::Metric metric) {
    double sum = 0.0;
    for (const Measured& song : measured()) sum += metrics::value(song.metrics, metric).value();
    return sum / static_cast<double>(measured().size());
}

/// The last number of four digits: the year of death in `Name (1685-1750)`; 0 if there is none.
int last_year(std::string_view text) {
    int year = 0, digits = 0, value = 0;
    for (const char c : text) {
        const bool digit = std::isdigit(static_cast<unsigned char>(c)) != 0;
        value = digit ? 10 * value + (c - '0') : 0;
        digits = digit ? digits + 1 : 0;
        if (digits == 4) year = value;
    }
    return year;
}

}  // namespace

TEST_CASE("bundled corpus: at least 24 scores, each with title, composer and catalogue entry") {
    const auto scores = program::bundled_score_texts();
    CHECK(scores.size() >= 24);
    std::set<std::string> titles;
    for (const program::BundledScore& each : scores) {
        INFO(each.name);
        const score::Score score = score::parse_score(each.text, each.name);
        CHECK(titles.insert(score.composer + score.title).second);
        CHECK_FALSE(score.catalogue.empty());
        // Free of copyright: traditional, or the composer died before 1950.
        const bool traditional = score.composer.starts_with("Traditional");
        const int died = last_year(score.composer);
        CHECK((traditional || (died > 1500 && died < 1950)));
    }
}

TEST_CASE("bundled corpus: at least 240 songs, each of at least 100 notes, all different") {
    const std::vector<midi::Song> songs = program::bundled_songs();
    CHECK(songs.size() >= 240);
    CHECK(songs.size() == program::bundled_score_texts().size() * program::kVariantsPerScore);
    std::set<std::string> titles;
    for (const midi::Song& song : songs) {
        INFO(song.title);
        CHECK(titles.insert(song.title).second);
        CHECK(song.notes.size() >= 100);
        // The keyboard of a piano, and velocities that are not clipped in number.
        int outside = 0, clipped = 0;
        for (const midi::Note& note : song.notes) {
            outside += note.pitch < 21 || note.pitch > 108 || note.length <= 0 ? 1 : 0;
            clipped += note.velocity == 1 || note.velocity == 127 ? 1 : 0;
        }
        CHECK(outside == 0);
        CHECK(clipped * 20 < static_cast<int>(song.notes.size()));
    }
    CHECK(songs == program::bundled_songs());
}

TEST_CASE("bundled corpus: its mean metrics lie where real music lies") {
    using metrics::Metric;
    CHECK(mean(Metric::scale_consistency) > 0.85);
    CHECK(mean(Metric::unique_tones) >= 15.0);
    CHECK(mean(Metric::unique_tones) <= 45.0);
    CHECK(mean(Metric::polyphony) >= 0.2);
    CHECK(mean(Metric::polyphony) <= 0.8);
    CHECK(mean(Metric::intensity_span) > 20.0);
}

TEST_CASE("bundled corpus: every song alone is tonal, wide enough, and breathes") {
    std::size_t polyphony_in_range = 0;
    for (const Measured& song : measured()) {
        INFO(song.name);
        CHECK(song.metrics.scale_consistency.value() > 0.85);
        CHECK(song.metrics.unique_tones >= 15);
        CHECK(song.metrics.unique_tones <= 45);
        CHECK(song.metrics.intensity_span.value() > 20.0);
        CHECK(song.metrics.longest_run <= 12);
        const double polyphony = song.metrics.polyphony.value();
        polyphony_in_range += polyphony >= 0.2 && polyphony <= 0.8 ? 1 : 0;
    }
    // A hymn in four parts moves in chords, Für Elise one key at a time: those lie outside.
    CHECK(polyphony_in_range * 10 >= measured().size() * 7);
}
