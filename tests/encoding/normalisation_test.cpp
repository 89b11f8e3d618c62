#include <encoding/songs.hpp>
#include <mgan/encoding/normalisation.hpp>
#include <support/catch.hpp>

#include <cmath>
#include <limits>

using namespace mgan::encoding;

namespace {

constexpr std::array<bool, kFeatures> kTimes = {true, true, false, false};
const double kSqrt12 = std::sqrt(12.0);

/// One song for each list, all four features equal.
std::vector<Events<double>> corpus(const std::vector<std::vector<double>>& songs) {
    std::vector<Events<double>> events;
    for (const auto& song : songs) {
        events.emplace_back();
        for (const double v : song) events.back().push_back({v, v, v, v});
    }
    return events;
}

}  // namespace

TEST_CASE("none changes nothing, minmax fills [0, 1], zscore has mean 0 and deviation 1") {
    const auto songs = corpus({{2, 4, 4, 6, 10}});
    const auto none = Normalisation::fit(NormalisationKind::none, kTimes, songs);
    CHECK(none.encode(7.5, 2) == 7.5);
    CHECK(none.decode(7.5, 2) == 7.5);
    const auto minmax = Normalisation::fit(NormalisationKind::minmax, kTimes, songs);
    CHECK(minmax.encode(2, 0) == 0.0);
    CHECK(minmax.encode(10, 0) == 1.0);
    CHECK(minmax.decode(0.25, 0) == 4.0);
    const auto zscore = Normalisation::fit(NormalisationKind::zscore, kTimes, songs);
    double sum = 0, squares = 0;
    for (const double v : {2, 4, 4, 6, 10}) {
        const double x = zscore.encode(v, 0);
        sum += x;
        squares += x * x;
        CHECK(zscore.decode(x, 0) == Approx(v).epsilon(1e-14));
    }
    CHECK(sum == Approx(0.0).margin(1e-12));
    CHECK(squares / 5 == Approx(1.0).epsilon(1e-12));
}

TEST_CASE("log is a zscore of log(1 + v) for times, and of v for the others") {
    const auto songs = corpus({{0, 10, 100, 1000}});
    const auto log = Normalisation::fit(NormalisationKind::log, kTimes, songs);
    const auto zscore = Normalisation::fit(NormalisationKind::zscore, kTimes, songs);
    CHECK(log.encode(10, 2) == zscore.encode(10, 2));
    const double mean = (std::log(11.0) + std::log(101.0) + std::log(1001.0)) / 4;
    CHECK(log.tables()[1].offset == Approx(mean).epsilon(1e-12));
    CHECK(log.encode(std::expm1(mean), 1) == Approx(0.0).margin(1e-12));
    for (const double v : {0.0, 10.0, 100.0, 1000.0})
        CHECK(log.decode(log.encode(v, 0), 0) == Approx(v).epsilon(1e-12).margin(1e-12));
}

TEST_CASE("Every song weighs the same, however long") {
    std::vector<double> lengthy(1000, 1.0);
    const auto songs = corpus({lengthy, {3}});
    CHECK(Normalisation::fit(NormalisationKind::zscore, kTimes, songs).tables()[0].offset ==
          Approx(2.0));
    const auto cdf = Normalisation::fit(NormalisationKind::cdf, kTimes, songs);
    CHECK(cdf.encode(1, 0) == Approx((0.25 - 0.5) * kSqrt12));
    CHECK(cdf.encode(3, 0) == Approx((0.75 - 0.5) * kSqrt12));
    // a song without notes has no weight at all
    const auto with_empty = corpus({lengthy, {3}, {}});
    CHECK(Normalisation::fit(NormalisationKind::cdf, kTimes, with_empty).tables() == cdf.tables());
}

TEST_CASE("cdf encodes by the mid-rank and decodes by the part that x lies in") {
    const auto cdf = Normalisation::fit(NormalisationKind::cdf, kTimes,
                                        corpus({{0, 0, 0, 0, 0, 24, 96, 96, 384, 384}}));
    const auto x_of = [](double probability) { return (probability - 0.5) * kSqrt12; };
    CHECK(cdf.encode(0, 0) == Approx(x_of(0.25)));
    CHECK(cdf.encode(24, 0) == Approx(x_of(0.55)));
    CHECK(cdf.encode(96, 0) == Approx(x_of(0.7)));
    CHECK(cdf.encode(384, 0) == Approx(x_of(0.9)));
    for (const double p : {0.0, 0.1, 0.25, 0.499}) CHECK(cdf.decode(x_of(p), 0) == 0.0);  // a chord
    for (const double p : {0.501, 0.599}) CHECK(cdf.decode(x_of(p), 0) == 24.0);
    for (const double p : {0.601, 0.799}) CHECK(cdf.decode(x_of(p), 0) == 96.0);
    for (const double p : {0.801, 0.99, 1.0, 5.0}) CHECK(cdf.decode(x_of(p), 0) == 384.0);
    CHECK(cdf.decode(-9.0, 0) == 0.0);
    // values that the corpus does not have: their nearest neighbour
    CHECK(cdf.encode(-5, 0) == cdf.encode(0, 0));
    CHECK(cdf.encode(13, 0) == cdf.encode(24, 0));
    CHECK(cdf.encode(59, 0) == cdf.encode(24, 0));
    CHECK(cdf.encode(61, 0) == cdf.encode(96, 0));
    CHECK(cdf.encode(1e9, 0) == cdf.encode(384, 0));
}

TEST_CASE("cdf makes a corpus uniform with mean 0 and variance near 1") {
    std::vector<double> values;
    const mgan::Random random(5, "values");
    for (std::uint64_t i = 0; i < 2000; ++i) values.push_back(std::exp(random.normal(i)));
    const auto cdf = Normalisation::fit(NormalisationKind::cdf, kTimes, corpus({values}));
    double sum = 0, squares = 0;
    for (const double v : values) {
        sum += cdf.encode(v, 0);
        squares += cdf.encode(v, 0) * cdf.encode(v, 0);
    }
    CHECK(sum / 2000 == Approx(0.0).margin(1e-12));
    CHECK(squares / 2000 == Approx(1.0).margin(1e-6));  // 1 - 1/2000^2 for distinct values
}

TEST_CASE("cdf gives every value back in float, be it one in a million") {
    std::vector<std::vector<double>> songs(1, std::vector<double>(1000000, 48.0));
    songs.front()[7] = 12;
    songs.front()[8] = 13;
    for (std::size_t i = 0; i < 500; ++i) songs.front()[100 + i] = 1000.0 + static_cast<double>(i);
    // 50 songs more dilute those to 2e-8 each, less than a float tells apart near sqrt 3
    songs.resize(51, {48.0});
    const auto cdf = Normalisation::fit(NormalisationKind::cdf, kTimes, corpus(songs));
    for (const double v : cdf.tables()[0].values)
        CHECK(cdf.decode(static_cast<double>(static_cast<float>(cdf.encode(v, 0))), 0) == v);
}

TEST_CASE("A feature that never changes decodes to its one value, for every kind") {
    const auto songs = corpus({{64, 64}, {64}});
    for (const auto kind :
         {NormalisationKind::none, NormalisationKind::minmax, NormalisationKind::zscore,
          NormalisationKind::log, NormalisationKind::cdf}) {
        const auto normalisation = Normalisation::fit(kind, kTimes, songs);
        for (std::size_t f = 0; f < kFeatures; ++f) {
            CHECK(std::isfinite(normalisation.encode(64, f)));
            for (const double x : {-3.0, 0.0, normalisation.encode(64, f), 1e30})
                CHECK(normalisation.decode(x, f) == 64.0);
        }
    }
}

TEST_CASE("Decoding stays in the corpus' range, NaN gives its middle") {
    const auto songs = corpus({{3, 5, 5, 7, 90}});
    const double inf = std::numeric_limits<double>::infinity();
    const double nan = std::numeric_limits<double>::quiet_NaN();
    for (const auto kind :
         {NormalisationKind::none, NormalisationKind::minmax, NormalisationKind::zscore,
          NormalisationKind::log, NormalisationKind::cdf}) {
        const auto normalisation = Normalisation::fit(kind, kTimes, songs);
        for (std::size_t f = 0; f < kFeatures; ++f) {
            CHECK(normalisation.decode(inf, f) == 90.0);
            CHECK(normalisation.decode(1e300, f) == 90.0);
            CHECK(normalisation.decode(-inf, f) == 3.0);
            CHECK(normalisation.decode(-1e300, f) == 3.0);
            CHECK(normalisation.decode(nan, f) > 3.0);
            CHECK(normalisation.decode(nan, f) < 90.0);
            CHECK(std::isfinite(normalisation.decode_smooth(nan, f).value));
        }
    }
}

TEST_CASE(
    "decode_smooth passes through the encoded values, with the slope of central differences") {
    const auto songs = corpus({{0, 0, 0, 10, 25, 25, 60, 100, 400}});
    for (const auto kind :
         {NormalisationKind::none, NormalisationKind::minmax, NormalisationKind::zscore,
          NormalisationKind::log, NormalisationKind::cdf}) {
        const auto normalisation = Normalisation::fit(kind, kTimes, songs);
        for (std::size_t f = 0; f < kFeatures; ++f) {
            for (const double v : {0.0, 10.0, 25.0, 60.0, 100.0, 400.0})
                CHECK(normalisation.decode_smooth(normalisation.encode(v, f), f).value ==
                      Approx(v).epsilon(1e-12).margin(1e-12));
            const double from = normalisation.encode(0, f), to = normalisation.encode(400, f);
            for (int i = 0; i < 30; ++i) {
                const double x = from + (to - from) * (i + 0.37) / 30;
                const double h = 1e-6 * (to - from);
                const double slope = (normalisation.decode_smooth(x + h, f).value -
                                      normalisation.decode_smooth(x - h, f).value) /
                                     (2 * h);
                CHECK(normalisation.decode_smooth(x, f).slope == Approx(slope).epsilon(1e-6));
            }
            CHECK(normalisation.decode_smooth(to + 1e-3 * (to - from), f).slope == 0.0);
            CHECK(normalisation.decode_smooth(from - 1e-3 * (to - from), f).slope == 0.0);
        }
    }
}

TEST_CASE("Damaged tables are refused") {
    const auto songs = corpus({{0, 0, 24, 96}});
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double inf = std::numeric_limits<double>::infinity();
    const auto good = Normalisation::fit(NormalisationKind::cdf, kTimes, songs).tables();
    CHECK_NOTHROW(Normalisation(NormalisationKind::cdf, kTimes, good));
    const auto refused = [&](auto damage) {
        auto tables = good;
        damage(tables[2]);
        CHECK_THROWS_AS(Normalisation(NormalisationKind::cdf, kTimes, tables), mgan::ConfigError);
    };
    refused([&](FeatureTable& t) { t.values[1] = nan; });
    refused([&](FeatureTable& t) { t.values[2] = inf; });
    refused([&](FeatureTable& t) { t.values[1] = t.values[2]; });
    refused([&](FeatureTable& t) { std::swap(t.values[0], t.values[1]); });
    refused([&](FeatureTable& t) { std::swap(t.upper[0], t.upper[1]); });
    refused([&](FeatureTable& t) { t.upper[0] = nan; });
    refused([&](FeatureTable& t) { t.upper[0] = -2.0; });
    refused([&](FeatureTable& t) { t.upper[2] = 1.5; });
    refused([&](FeatureTable& t) { t.upper.pop_back(); });
    refused([&](FeatureTable& t) {
        t.values.clear();
        t.upper.clear();
    });
    refused([&](FeatureTable& t) { t.low = nan; });
    refused([&](FeatureTable& t) { t.high = inf; });
    refused([&](FeatureTable& t) { std::swap(t.low, t.high); });
    refused([&](FeatureTable& t) { t.scale = 0.0; });
    refused([&](FeatureTable& t) { t.scale = nan; });
    refused([&](FeatureTable& t) { t.offset = -inf; });

    // a table where the kind has none, and a time below 0 under a logarithm
    CHECK_THROWS_AS(Normalisation(NormalisationKind::zscore, kTimes, good), mgan::ConfigError);
    auto tables = Normalisation::fit(NormalisationKind::log, kTimes, songs).tables();
    tables[0].low = -2.0;
    CHECK_THROWS_AS(Normalisation(NormalisationKind::log, kTimes, tables), mgan::ConfigError);
}
