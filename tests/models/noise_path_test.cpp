#include <mgan/core/random.hpp>
#include <mgan/layers/initialisation.hpp>
#include <mgan/models/noise_path.hpp>
#include <support/catch.hpp>

using namespace mgan;

namespace {

constexpr Index kPlane = 16, kNoise = 4, kBatch = 2;

NoisePath<double> random_path(Index convolution) {
    NoisePath<double> path(
        {.noise = kNoise, .mapping_layers = 2, .plane_length = kPlane, .convolution = convolution});
    initialise(path, Random(1, "weights"));
    initialise_mapping(path.mapping, Random(1, "mapping"));
    return path;
}

Sequence<double> random_noise(Index steps) {
    Sequence<double> z(steps, kBatch, kNoise);
    const Random random(2, "noise");
    std::uint64_t drawn = 0;
    for (Index t = 0; t < steps; ++t)
        for (Index b = 0; b < kBatch; ++b)
            for (Index f = 0; f < kNoise; ++f) z(t, b, f) = random.uniform(drawn++);
    return z;
}

/// The mapped window that begins at `first`.
Sequence<double> window_of(const NoisePath<double>& path, const Sequence<double>& z, Index first) {
    Sequence<double> window(kPlane, kBatch, kNoise);
    MappingNetwork<double>::Cache cache;
    path.mapping.forward(z.view().steps(first, kPlane), window.view(), cache);
    return window;
}

}  // namespace

TEST_CASE("NoisePath: a long song needs whole windows") {
    const NoisePath<double> path = random_path(0);
    CHECK(path.overlap() == 4);
    CHECK(path.plane_steps(1) == 16);
    CHECK(path.plane_steps(16) == 16);
    CHECK(path.plane_steps(17) == 28);
    CHECK(path.plane_steps(28) == 28);
    CHECK(path.plane_steps(29) == 40);
    NoisePath<double>::Cache cache;
    const Sequence<double> noise = random_noise(17);
    CHECK_THROWS_AS(path.forward_long(noise.view(), cache), ShapeError);
    const NoisePath<double> unmapped({.noise = kNoise, .convolution = 5});
    CHECK(unmapped.plane_steps(17) == 17);
}

TEST_CASE("NoisePath: one window is the forward pass") {
    const NoisePath<double> path = random_path(5);
    const Sequence<double> z = random_noise(kPlane);
    NoisePath<double>::Cache one, other;
    CHECK(path.forward_long(z.view(), one).all() == path.forward(z.view(), other).all());
}

TEST_CASE("NoisePath: between two windows the noise fades, and no step is larger for it") {
    const NoisePath<double> path = random_path(0);
    const Sequence<double> z = random_noise(40);
    NoisePath<double>::Cache cache;
    const Sequence<double>& w = path.forward_long(z.view(), cache);
    REQUIRE(w.steps() == 40);
    const Sequence<double> a = window_of(path, z, 0), b = window_of(path, z, 12),
                           c = window_of(path, z, 24);
    REQUIRE((a.range(12, 4) - b.range(0, 4)).norm() > 0.1);  // the windows do differ there
    // Alone, each window is itself.
    CHECK(w.range(0, 12) == a.range(0, 12));
    CHECK(w.range(16, 8) == b.range(4, 8));
    CHECK(w.range(28, 12) == c.range(4, 12));
    for (Index i = 0; i < 4; ++i) {
        const double share = static_cast<double>(i + 1) / 5.0;
        CHECK((w.step(12 + i) - ((1.0 - share) * a.step(12 + i) + share * b.step(i))).norm() <
              1e-14);
    }
    // A step through the seam, i - 1 to i, is a mean of the windows' own steps and a fifth of what
    // parts them: never the jump of a plain join.
    for (Index i = 1; i < 4; ++i) {
        const double share = static_cast<double>(i) / 5.0;
        const double own = (1.0 - share) * (a.step(12 + i) - a.step(11 + i)).norm() +
                           share * (b.step(i) - b.step(i - 1)).norm();
        const double apart = (b.step(i) - a.step(12 + i)).norm() / 5.0;
        CHECK((w.step(12 + i) - w.step(11 + i)).norm() <= own + apart + 1e-12);
    }
}

TEST_CASE("NoisePath: the convolution goes over the joined plane") {
    const NoisePath<double> path = random_path(5);
    NoisePath<double> unconvolved = random_path(0);
    unconvolved.mapping = path.mapping;
    const Sequence<double> z = random_noise(28);
    NoisePath<double>::Cache cache, mapped;
    const Sequence<double>& w = path.forward_long(z.view(), cache);
    Sequence<double> expected(28, kBatch, kNoise);
    Conv2d<double>::Cache convolution;
    path.convolution.forward(unconvolved.forward_long(z.view(), mapped).view(), expected.view(),
                             convolution);
    CHECK((w.all() - expected.all()).norm() < 1e-13);
}
