#include <encoding/songs.hpp>
#include <mgan/encoding/codec.hpp>
#include <support/catch.hpp>

#include <limits>

using namespace mgan::encoding;
using mgan::midi::Note;
using mgan::midi::Song;

namespace {

constexpr NormalisationKind kKinds[] = {NormalisationKind::none, NormalisationKind::minmax,
                                        NormalisationKind::zscore, NormalisationKind::log,
                                        NormalisationKind::cdf};

/// Every combination of settings under which the encodings promise the same.
std::vector<EncodingSettings> all_options() {
    std::vector<EncodingSettings> all;
    for (const EncodingKind kind : {EncodingKind::tone, EncodingKind::event})
        for (const NormalisationKind normalisation : kKinds)
            for (const bool hz : {false, true})
                for (const std::int64_t grid : {1, 24})
                    for (const bool key : {false, true}) {
                        if (kind == EncodingKind::event && hz) continue;
                        all.push_back({.kind = kind,
                                       .normalisation = normalisation,
                                       .normalise_key = key,
                                       .pitch_in_hz = hz,
                                       .grid_ticks = grid});
                    }
    return all;
}

std::string describe(const EncodingSettings& options) {
    return mgan::concat(name(options.kind), " ", name(options.normalisation),
                        options.pitch_in_hz ? " Hz" : "", options.normalise_key ? " key" : "",
                        " grid ", options.grid_ticks);
}

void check_valid(const Song& song, const EncodingSettings& options) {
    CHECK(std::is_sorted(song.notes.begin(), song.notes.end(), mgan::midi::note_order));
    bool good = true;
    for (const Note& note : song.notes) {
        good = good && note.onset >= 0 && note.length >= 1;
        good = good && note.pitch >= 0 && note.pitch <= 127 && note.velocity >= 1 &&
               note.velocity <= 127;
        good = good && note.channel >= 0 && note.channel <= 15 && note.channel != 9;
        const std::int64_t grid =
            options.kind == EncodingKind::tone ? options.grid_ticks : options.step_ticks;
        good = good && note.onset % grid == 0 && note.length % grid == 0;
    }
    CHECK(good);
}

}  // namespace

TEST_CASE("tone: decode(encode(song)) is the prepared song, for every normalisation") {
    const auto songs = songs::corpus(6);
    for (const EncodingSettings& options : all_options()) {
        if (options.kind != EncodingKind::tone) continue;
        INFO(describe(options));
        const Codec codec = Codec::fit(options, songs);
        for (const Song& song : songs) {
            const Song prepared = prepare(song, options);
            CHECK(codec.decode(codec.encode<double>(song)).notes == prepared.notes);
            CHECK(codec.decode(codec.encode<float>(song)).notes == prepared.notes);
        }
    }
}

TEST_CASE("tone without grid and key gives every onset, length, pitch and velocity back") {
    EncodingSettings options;
    options.grid_ticks = 1;
    options.normalise_key = false;
    const auto songs = songs::corpus(4);
    const Codec codec = Codec::fit(options, songs);
    Song song = songs[3];
    for (Note& note : song.notes) {  // what tone does not write down
        note.channel = 0;
        note.onset -= songs[3].notes.front().onset;
    }
    std::sort(song.notes.begin(), song.notes.end(), mgan::midi::note_order);
    CHECK(codec.decode(codec.encode<float>(songs[3])).notes == song.notes);
}

TEST_CASE("event: a song that was decoded once comes back whole, for every normalisation") {
    const auto songs = songs::corpus(6);
    for (EncodingSettings options : all_options()) {
        if (options.kind != EncodingKind::event) continue;
        options.grid_ticks = 1;
        INFO(describe(options));
        const Codec codec = Codec::fit(options, songs);
        for (const Song& song : songs) {
            const auto rows = codec.encode<float>(song);
            CHECK(rows.size() == 2 * song.notes.size());
            const Song once = codec.decode(rows);
            check_valid(once, options);
            CHECK(once.notes.size() == song.notes.size());
            CHECK(codec.encode<float>(once) == rows);
            CHECK(codec.decode(codec.encode<float>(once)).notes == once.notes);
        }
    }
}

TEST_CASE("Wild network outputs decode to valid notes within the corpus' range") {
    const auto songs = songs::corpus(4);
    const float inf = std::numeric_limits<float>::infinity();
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const std::vector<float> wild = {nan,  inf,  -inf,  1e30f,  -1e30f,
                                     0.0f, 1.7f, -1.7f, 1e-40f, 3e38f};
    Events<float> rows;
    for (std::size_t i = 0; i < 400; ++i) {
        Event<float> row;
        for (std::size_t f = 0; f < kFeatures; ++f)
            row[f] = wild[mgan::Random(1, "wild", f).integer(i, wild.size())];
        rows.push_back(row);
    }
    for (const EncodingSettings& options : all_options()) {
        INFO(describe(options));
        const Codec codec = Codec::fit(options, songs);
        const Song song = codec.decode(rows);
        check_valid(song, options);
        if (options.kind == EncodingKind::tone) {
            CHECK(song.notes.size() == rows.size());
            int lowest = 127, highest = 0;
            for (const Song& s : songs)
                for (const Note& note : prepare(s, options).notes) {
                    lowest = std::min(lowest, note.pitch);
                    highest = std::max(highest, note.pitch);
                }
            for (const Note& note : song.notes) {
                CHECK(note.pitch >= lowest);
                CHECK(note.pitch <= highest);
            }
        }
        for (Event<float> row : rows) {
            codec.quantise(row.data());
            for (const float x : row) CHECK(std::isfinite(x));
        }
    }
}

TEST_CASE("quantise is encode after decode, and idempotent") {
    const auto songs = songs::corpus(5);
    for (const EncodingSettings& options : all_options()) {
        INFO(describe(options));
        const Codec codec = Codec::fit(options, songs);
        const mgan::Random random(4, "rows");
        int moved = 0;
        for (std::size_t i = 0; i < 100; ++i) {
            Event<float> row;
            for (std::size_t f = 0; f < kFeatures; ++f) {
                const FeatureTable& table = codec.normalisation().tables()[f];
                const double v =
                    random.uniform(i * kFeatures + f, table.low - 1.0, table.high + 1.0);
                row[f] =
                    static_cast<float>(options.normalisation == NormalisationKind::cdf
                                           ? random.uniform(i * kFeatures + f, -2.0, 2.0)
                                           : codec.normalisation().encode(std::fmax(v, 0.0), f));
            }
            Event<float> once = row;
            codec.quantise(once.data());
            Event<float> twice = once;
            codec.quantise(twice.data());
            CHECK(twice == once);
            moved += once != row ? 1 : 0;
            // The song is the same.
            CHECK(codec.decode(Events<float>{row}).notes ==
                  codec.decode(Events<float>{once}).notes);
        }
        CHECK(moved > 50);
    }
}

TEST_CASE("quantise leaves the rows of a real song alone") {
    const auto songs = songs::corpus(5, 24);
    for (const EncodingSettings& options : all_options()) {
        INFO(describe(options));
        const Codec codec = Codec::fit(options, songs);
        for (Event<double> row : codec.encode<double>(songs[4])) {
            const Event<double> before = row;
            codec.quantise(row.data());
            for (std::size_t f = 0; f < kFeatures; ++f)
                CHECK(row[f] == Approx(before[f]).margin(1e-9));
        }
    }
}

TEST_CASE("decode reads one sample of a batch by its stride") {
    const auto songs = songs::corpus(3);
    const Codec codec = Codec::fit({}, songs);
    const auto rows = codec.encode<float>(songs[1]);
    std::vector<float> batch(rows.size() * 3 * kFeatures, 0.0f);  // [T, B = 3, F]
    for (std::size_t t = 0; t < rows.size(); ++t)
        std::copy(rows[t].begin(), rows[t].end(), batch.data() + (t * 3 + 2) * kFeatures);
    CHECK(codec.decode(batch.data() + 2 * kFeatures, rows.size(), 3 * kFeatures) ==
          codec.decode(rows));
    CHECK(codec.decode(Events<float>{}).notes.empty());
}

TEST_CASE("A codec is restored from its options and tables") {
    const auto songs = songs::corpus(3);
    for (const EncodingSettings& options : all_options()) {
        const Codec codec = Codec::fit(options, songs);
        const Codec restored(options, codec.normalisation().tables());
        CHECK(restored.encode<double>(songs[2]) == codec.encode<double>(songs[2]));
    }
    EncodingSettings other;
    other.normalisation = NormalisationKind::zscore;
    CHECK_THROWS_AS(Codec(other, Codec::fit({}, songs).normalisation()), mgan::ConfigError);
}

TEST_CASE("Options out of range and unknown words are errors that name them") {
    EncodingSettings options;
    options.grid_ticks = 0;
    CHECK_THROWS_WITH(validate(options), Catch::Matchers::Contains("grid_ticks is 0"));
    options.grid_ticks = 24;
    options.step_ticks = -3;
    CHECK_THROWS_WITH(validate(options), Catch::Matchers::Contains("step_ticks is -3"));
    CHECK_THROWS_AS(Codec::fit(options, songs::corpus(1)), mgan::ConfigError);
    CHECK_THROWS_AS(Codec::fit({}, {}), mgan::DataError);
    CHECK_THROWS_AS(Codec::fit({}, std::vector<Song>(3)), mgan::DataError);
    for (const EncodingKind kind : {EncodingKind::tone, EncodingKind::event})
        CHECK(encoding_kind(name(kind)) == kind);
    for (const NormalisationKind kind : kKinds) CHECK(normalisation_kind(name(kind)) == kind);
    CHECK_THROWS_AS(encoding_kind("Tone"), mgan::ConfigError);
    CHECK_THROWS_WITH(normalisation_kind("cfd"), Catch::Matchers::Contains("\"cfd\""));
}
