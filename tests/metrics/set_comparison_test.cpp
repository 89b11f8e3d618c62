#include <mgan/core/random.hpp>
#include <mgan/metrics/crop.hpp>
#include <mgan/metrics/set_comparison.hpp>
#include <support/catch.hpp>

#include <cmath>
#include <set>
#include <vector>

using mgan::Random;
using namespace mgan::metrics;
using mgan::midi::Song;

namespace {

std::vector<double> normals(std::uint64_t seed, std::size_t count, double mean, double sd) {
    const Random random(seed, "normals");
    std::vector<double> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = mean + sd * random.normal(i);
    return values;
}

constexpr double kStep = 0.001;

/// N(mean, sd^2) at -20, -19.999, ..., 20.
std::vector<double> gaussian(double mean, double sd) {
    std::vector<double> density(40001);
    for (std::size_t i = 0; i < density.size(); ++i) {
        const double u = (-20.0 + kStep * static_cast<double>(i) - mean) / sd;
        density[i] = std::exp(-0.5 * u * u) / (sd * std::sqrt(2 * 3.14159265358979323846));
    }
    return density;
}

double normal_cdf(double x) {
    return 0.5 * std::erfc(-x / std::sqrt(2.0));
}

Song scale_song(std::size_t notes, int step = 1) {
    Song song;
    for (std::size_t i = 0; i < notes; ++i)
        song.notes.push_back(
            {static_cast<std::int64_t>(i) * 100, 50, 20 + step * static_cast<int>(i % 80), 64, 0});
    return song;
}

}  // namespace

TEST_CASE("overlap_area of two Gaussians is 2 Phi(-|difference| / 2 sd)") {
    for (const double shift : {0.0, 0.5, 1.0, 3.0})
        CHECK(overlap_area(gaussian(0, 1), gaussian(shift, 1), kStep) ==
              Approx(2 * normal_cdf(-shift / 2)).margin(1e-6));
    CHECK(overlap_area(gaussian(-8, 0.5), gaussian(8, 0.5), kStep) < 1e-12);
}

TEST_CASE("kl_divergence of two Gaussians is log(s2/s1) + (s1^2 + d^2) / 2 s2^2 - 1/2") {
    const auto closed_form = [](double d, double s1, double s2) {
        return std::log(s2 / s1) + (s1 * s1 + d * d) / (2 * s2 * s2) - 0.5;
    };
    CHECK(kl_divergence(gaussian(0, 1), gaussian(0, 1), kStep) == 0.0);
    CHECK(kl_divergence(gaussian(0, 1), gaussian(1, 1), kStep) == Approx(0.5).margin(1e-6));
    CHECK(kl_divergence(gaussian(0, 1), gaussian(0, 2), kStep) ==
          Approx(closed_form(0, 1, 2)).margin(1e-6));
    CHECK(kl_divergence(gaussian(0, 2), gaussian(1, 3), kStep) ==
          Approx(closed_form(1, 2, 3)).margin(1e-6));
}

TEST_CASE("kl_divergence stays finite where the second density vanishes") {
    std::vector<double> p(100, 0.0), q(100, 0.0);
    p[10] = 1.0;
    q[90] = 1.0;
    // p log(p / floor): floor is 1e-10 of the uniform density 1/100
    CHECK(kl_divergence(p, q, 1.0) == Approx(std::log(1e12)).epsilon(1e-6));
}

TEST_CASE("wasserstein_1 of a shifted sample is the shift, for equal sizes and other ones") {
    const std::vector<double> x = {1, 2, 4, 8};
    CHECK(wasserstein_1(x, {8.5, 4.5, 2.5, 1.5}) == Approx(0.5));
    CHECK(wasserstein_1(x, x) == 0.0);
    // every value twice is the same distribution
    CHECK(wasserstein_1(x, {1, 1, 2, 2, 4, 4, 8, 8}) == 0.0);
    CHECK(wasserstein_1(x, {4, 4, 5, 5, 7, 7, 11, 11}) == Approx(3.0));
    // mass 1/3 goes from 0 to 3 at the cost of 1: {0, 0, 3} against {0}
    CHECK(wasserstein_1({0, 0, 3}, {0}) == Approx(1.0));
    CHECK(wasserstein_1({0}, {0, 0, 3}) == Approx(1.0));
    CHECK(wasserstein_1({5}, {-2}) == 7.0);
}

TEST_CASE("Distance densities integrate to one and follow the closed form for normal samples") {
    // Differences of two N(0, 1) are N(0, 2); their absolute values have density 2 phi(d / sqrt 2)
    // / sqrt 2.
    const auto real = normals(1, 1000, 0, 1);
    const auto generated = normals(2, 800, 0, 1);
    const auto densities = distance_densities(real, generated);
    REQUIRE(densities);
    double intra = 0, inter = 0, worst = 0;
    for (std::size_t i = 0; i < densities->intra.size(); ++i) {
        intra += densities->intra[i] * densities->step;
        inter += densities->inter[i] * densities->step;
        const double d = densities->low + densities->step * static_cast<double>(i);
        if (d < 0.5) continue;  // nearer to 0 the kernel smooths over the edge
        const double exact = std::exp(-d * d / 4) / std::sqrt(3.14159265358979323846);
        worst = std::max(worst, std::abs(densities->intra[i] - exact));
    }
    CHECK(intra == Approx(1.0).epsilon(1e-12));
    CHECK(inter == Approx(1.0).epsilon(1e-12));
    CHECK(worst < 0.04);  // of about 0.56
}

TEST_CASE("Distance densities equal the sum of kernels that defines them") {
    const auto real = normals(3, 12, 0, 1);
    const auto generated = normals(4, 9, 2, 3);
    const auto densities = distance_densities(real, generated);
    REQUIRE(densities);
    std::vector<double> distances;
    for (std::size_t i = 0; i < real.size(); ++i)
        for (std::size_t k = 0; k < real.size(); ++k)
            if (i != k) distances.push_back(std::abs(real[i] - real[k]));
    const double n = static_cast<double>(distances.size());
    double mean = 0, variance = 0;
    for (const double d : distances) mean += d / n;
    for (const double d : distances) variance += (d - mean) * (d - mean) / (n - 1);
    const double bandwidth = std::sqrt(variance) * std::pow(n, -0.2);
    double worst = 0;
    for (std::size_t i = 0; i < densities->intra.size(); ++i) {
        const double at = densities->low + densities->step * static_cast<double>(i);
        double sum = 0;
        for (const double d : distances) {
            const double u = (at - d) / bandwidth;
            sum += std::exp(-0.5 * u * u);
        }
        const double exact = sum / (n * bandwidth * std::sqrt(2 * 3.14159265358979323846));
        worst = std::max(worst, std::abs(densities->intra[i] - exact));
    }
    // Linear binning errs by at most step^2 / 8 max|kernel''|; a bandwidth is about 40 steps here.
    CHECK(worst < 1e-3);
}

TEST_CASE("Two samples of one distribution overlap, distant ones do not") {
    const auto real = normals(5, 200, 10, 2);
    CHECK(compare_values(real, real).overlap_area > 0.98);
    CHECK(compare_values(real, real).kl_divergence.value() < 0.01);
    CHECK(compare_values(real, real).gap == 0.0);
    CHECK(compare_values(real, real).wasserstein == 0.0);

    const MetricComparison same = compare_values(real, normals(6, 200, 10, 2));
    CHECK(same.overlap_area > 0.9);
    const MetricComparison shifted = compare_values(real, normals(6, 200, 14, 2));
    CHECK(shifted.overlap_area < 0.65);
    CHECK(shifted.overlap_area > 0.3);
    CHECK(*shifted.kl_divergence > *same.kl_divergence);
    CHECK(*shifted.gap == Approx(2.0).margin(0.3));
    CHECK(*shifted.wasserstein == Approx(4.0).margin(0.5));
    CHECK(compare_values(real, normals(6, 200, 1000, 2)).overlap_area < 1e-6);
}

TEST_CASE("The comparison does not depend on the metric's unit") {
    const auto real = normals(7, 60, 10, 2);
    const auto generated = normals(8, 50, 12, 3);
    const MetricComparison one = compare_values(real, generated);
    auto scaled_real = real, scaled_generated = generated;
    for (double& x : scaled_real) x *= 1000;
    for (double& x : scaled_generated) x *= 1000;
    const MetricComparison other = compare_values(scaled_real, scaled_generated);
    CHECK(other.overlap_area == Approx(one.overlap_area).epsilon(1e-9));
    CHECK(*other.kl_divergence == Approx(*one.kl_divergence).epsilon(1e-9));
    CHECK(*other.gap == Approx(*one.gap).epsilon(1e-9));
    CHECK(*other.wasserstein == Approx(*one.wasserstein * 1000).epsilon(1e-9));
}

TEST_CASE("A set without variance has overlap 0, and is no error") {
    const std::vector<double> varied = {1, 2, 4, 7, 9};
    const std::vector<double> flat(5, 0.1);  // a value whose sum rounds
    const MetricComparison collapsed = compare_values(varied, flat);
    CHECK(collapsed.overlap_area == 0.0);
    CHECK_FALSE(collapsed.kl_divergence);
    CHECK(collapsed.generated.sd == 0.0);
    CHECK(collapsed.generated.mean == 0.1);
    CHECK(collapsed.gap.value() > 1.0);
    CHECK(collapsed.wasserstein.value() == Approx(4.5));

    const MetricComparison flat_real = compare_values(flat, varied);
    CHECK(flat_real.overlap_area == 0.0);
    CHECK_FALSE(flat_real.gap);  // it would be infinite

    const MetricComparison both = compare_values(flat, flat);
    CHECK(both.overlap_area == 0.0);
    CHECK(both.gap == 0.0);
    CHECK(both.wasserstein == 0.0);
}

TEST_CASE("Sets of no, one or two songs are compared without an error") {
    const std::vector<double> none, one = {3}, two = {3, 5}, many = {1, 2, 4, 7, 9};
    for (const auto& real : {none, one, two, many})
        for (const auto& generated : {none, one, two, many}) {
            const MetricComparison comparison = compare_values(real, generated);
            CHECK(comparison.overlap_area >= 0.0);
            CHECK(comparison.overlap_area <= 1.0);
            CHECK(comparison.wasserstein.has_value() == (!real.empty() && !generated.empty()));
        }
    CHECK_FALSE(compare_values(none, many).real.mean);
    CHECK(compare_values(two, many).real.sd == 1.0);
}

TEST_CASE("compare leaves songs without a metric out of it, and `notes` out of the means") {
    std::vector<SongMetrics> real, generated;
    for (int i = 0; i < 8; ++i) {
        SongMetrics song;
        song.notes = 100;
        song.scale_consistency = 0.7 + 0.03 * i;
        song.tone_span = 10 + i;
        song.unique_tones = 5 + i;
        song.intensity_span = 3.0 * i;
        song.polyphony = 0.1 * i;
        song.repetitions_3 = 10 * i;
        song.longest_run = i;
        real.push_back(song);
        song.tone_span = 12.5 + i;
        generated.push_back(song);
    }
    generated.push_back(SongMetrics{});  // empty: it counts in the counts only
    const SetComparison result = compare(real, generated);
    CHECK(result.songs_real == 8);
    CHECK(result.songs_generated == 9);
    CHECK(result[Metric::tone_span].generated.count == 8);
    CHECK(result[Metric::tone_span].wasserstein.value() == Approx(2.5));
    CHECK(result[Metric::unique_tones].generated.count == 9);
    CHECK(result[Metric::notes].overlap_area == 0.0);  // all real songs have 100 notes
    CHECK(result.longest_run_real.value() == Approx(3.5));
    CHECK(result.longest_run_generated.value() == Approx(28.0 / 9));

    double overlaps = 0, gaps = 0;
    for (const Metric metric : kMetrics) {
        if (metric == Metric::notes) continue;
        overlaps += result[metric].overlap_area;
        gaps += result[metric].gap.value();
    }
    CHECK(result.mean_overlap_area == Approx(overlaps / 6));
    CHECK(result.mean_gap.value() == Approx(gaps / 6));

    const SetComparison empty = compare({}, generated);
    CHECK(empty.mean_overlap_area == 0.0);
    CHECK_FALSE(empty.mean_gap);
    CHECK_FALSE(empty.longest_run_real);
}

TEST_CASE("crop keeps consecutive notes") {
    const Song song = scale_song(10);
    const Song piece = crop(song, 3, 4);
    REQUIRE(piece.notes.size() == 4);
    CHECK(piece.notes.front() == song.notes[3]);
    CHECK(piece.notes.back() == song.notes[6]);
    CHECK(crop(song, 8, 4).notes.size() == 2);
    CHECK(crop(song, 11, 4).notes.empty());
}

TEST_CASE("random_crops take the generated songs' lengths, at places that the seed decides") {
    const std::vector<Song> real(40, scale_song(300));
    const std::vector<Song> like = {scale_song(20), scale_song(50), Song{}};
    const auto pieces = random_crops(real, like, 7);
    REQUIRE(pieces.size() == 40);
    std::set<std::size_t> lengths;
    std::set<std::int64_t> places;
    for (const Song& piece : pieces) {
        lengths.insert(piece.notes.size());
        places.insert(piece.notes.front().onset);
    }
    CHECK(lengths == std::set<std::size_t>{20, 50});
    CHECK(places.size() > 20);
    CHECK(random_crops(real, like, 7) == pieces);
    CHECK(random_crops(real, like, 8) != pieces);
}

TEST_CASE("random_crops use short songs whole, and reach both ends of long ones") {
    const std::vector<Song> short_songs = {scale_song(5), scale_song(20), Song{}};
    CHECK(random_crops(short_songs, std::vector<Song>{scale_song(20)}, 1) == short_songs);
    CHECK(random_crops(short_songs, {}, 1) == short_songs);

    std::set<std::int64_t> places;
    for (const Song& piece : random_crops(std::vector<Song>(200, scale_song(12)),
                                          std::vector<Song>{scale_song(10)}, 1)) {
        CHECK(piece.notes.size() == 10);
        places.insert(piece.notes.front().onset);
    }
    CHECK(places == std::set<std::int64_t>{0, 100, 200});
}
