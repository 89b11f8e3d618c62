// The network of the PF classifier: shapes, errors, its seam for the wide layer, and that it
// learns.

#include <support/allocation_counter.hpp>

#include <mgan/layers/initialisation.hpp>
#include <mgan/layers/loss.hpp>
#include <mgan/models/pf_classifier.hpp>
#include <support/catch.hpp>

using Catch::Matchers::Contains;
using mgan::Index;
using mgan::Matrix;
using mgan::PfClassifier;
using mgan::PfClassifierSettings;
using mgan::PfKind;
using mgan_test::allocations_in;

namespace {

PfClassifierSettings small(PfKind kind = PfKind::bilstm) {
    return {.inputs = 30, .hidden_1 = 24, .hidden_2 = 12, .steps = 4, .hidden = 5, .kind = kind};
}

template <typename Scalar>
PfClassifier<Scalar> initialised(const PfClassifierSettings& config) {
    PfClassifier<Scalar> classifier(config);
    mgan::initialise(classifier, mgan::Random(1, "pf classifier"));
    return classifier;
}

template <typename Scalar>
Matrix<Scalar> random_values(Index rows, Index cols, std::uint64_t seed) {
    const mgan::Random random(seed, "pf values");
    Matrix<Scalar> x(rows, cols);
    for (Index i = 0; i < x.size(); ++i)
        x.data()[i] = static_cast<Scalar>(random.uniform(static_cast<std::uint64_t>(i), -1.0, 1.0));
    return x;
}

}  // namespace

TEST_CASE("PfClassifier: the defaults are the paper's sizes") {
    const PfClassifier<float> classifier{PfClassifierSettings{}};
    const auto of_direction = [](Index in) { return 400 * (in + 100) + 2 * 400; };
    CHECK(mgan::parameter_count(classifier) == 5000 * 1000 + 1000 + 1000 * 500 + 500 +
                                                   2 * of_direction(25) + 2 * of_direction(200) +
                                                   200 + 1);
    PfClassifierSettings config;
    config.kind = PfKind::dense;
    CHECK(mgan::parameter_count(PfClassifier<float>(config)) ==
          5000 * 1000 + 1000 + 1000 * 500 + 500 + 500 * 100 + 100 + 2 * (100 * 100 + 100) + 100 +
              1);
}

TEST_CASE("PfClassifier: a song's logit does not depend on the songs beside it") {
    for (const PfKind kind : {PfKind::bilstm, PfKind::dense}) {
        const auto classifier = initialised<double>(small(kind));
        const Matrix<double> x = random_values<double>(30, 6, 2);
        PfClassifier<double>::Cache together, alone;
        const Matrix<double> logits = classifier.forward(x, together);
        REQUIRE(logits.rows() == 1);
        REQUIRE(logits.cols() == 6);
        for (Index b = 0; b < 6; ++b) {
            const Matrix<double> logit = classifier.forward(x.col(b), alone);
            CHECK(std::abs(logit(0, 0) - logits(0, b)) <= 1e-14);
            CHECK((alone.features().col(0) - together.features().col(b)).norm() <= 1e-13);
        }
    }
}

TEST_CASE(
    "PfClassifier: what a generator learns from it is the whole backward pass's, to the bit") {
    for (const PfKind kind : {PfKind::bilstm, PfKind::dense}) {
        const auto classifier = initialised<double>(small(kind));
        auto gradients = classifier;
        const Matrix<double> x = random_values<double>(30, 4, 2),
                             d_logit = random_values<double>(1, 4, 3);
        PfClassifier<double>::Cache cache;
        classifier.forward(x, cache);
        const Matrix<double> d_features = random_values<double>(cache.features().rows(), 4, 4);
        Matrix<double> whole(30, 4), alone(30, 4);
        classifier.backward(d_logit, x, whole, cache, gradients, d_features);
        classifier.forward(x, cache);
        classifier.backward_through(d_logit, alone, cache, d_features);
        CHECK(alone == whole);
        CHECK(alone.norm() > 0.0);
    }
}

TEST_CASE("PfClassifier: what does not fit is named") {
    PfClassifierSettings uneven = small();
    uneven.steps = 5;
    CHECK_THROWS_WITH(PfClassifier<float>(uneven),
                      Contains("12 values") && Contains("5 equal pieces"));
    const auto classifier = initialised<float>(small());
    PfClassifier<float>::Cache cache;
    const Matrix<float> wrong = Matrix<float>::Zero(29, 3), none = Matrix<float>::Zero(30, 0),
                        x = Matrix<float>::Zero(30, 3);
    CHECK_THROWS_WITH(classifier.forward(wrong, cache), Contains("29 x 3, expected 30 values"));
    CHECK_THROWS_AS(classifier.forward(none, cache), mgan::ShapeError);
    classifier.forward(x, cache);
    mgan::PfHead<float> gradients(small());
    CHECK_THROWS_WITH(classifier.backward_head(Matrix<float>::Zero(1, 2), cache, gradients),
                      Contains("1 x 2 for 3 songs"));
}

TEST_CASE("PfClassifier: the wide layer's gradient is the same made in pieces of rows") {
    const auto classifier = initialised<float>(small());
    const Matrix<float> x = random_values<float>(30, 4, 3);
    PfClassifier<float>::Cache cache;
    classifier.forward(x, cache);
    PfClassifier<float> whole(small()), pieces(small());
    Matrix<float> dx(30, 4);
    classifier.backward(Matrix<float>::Constant(1, 4, 0.5f), x, dx, cache, whole);
    for (const Index begin : {16, 0, 8})
        PfClassifier<float>::wide_gradient(x, cache, begin, 8, pieces.wide);
    CHECK(pieces.wide.weight == whole.wide.weight);
    CHECK(pieces.wide.bias == whole.wide.bias);
    CHECK(whole.wide.weight.norm() > 0.0f);
}

TEST_CASE("PfClassifier: the second training step allocates nothing") {
    if (!mgan_test::counts_malloc()) MGAN_SKIP("malloc cannot be counted in this build");
    for (const PfKind kind : {PfKind::bilstm, PfKind::dense}) {
        PfClassifierSettings config{.inputs = 500,
                                    .hidden_1 = 200,
                                    .hidden_2 = 100,
                                    .steps = 20,
                                    .hidden = 30,
                                    .kind = kind};
        const auto classifier = initialised<float>(config);
        PfClassifier<float> gradients(config);
        const Matrix<float> x = random_values<float>(500, 10, 4),
                            d_logit = random_values<float>(1, 10, 5);
        Matrix<float> dx = x;
        PfClassifier<float>::Cache cache;
        const auto pass = [&] {
            classifier.forward(x, cache);
            classifier.backward(d_logit, x, dx, cache, gradients);
        };
        pass();
        CHECK(allocations_in(pass) == 0);
    }
}

TEST_CASE("PfClassifier: learns to tell one peak of a spectrum from two") {
    // Peaks at random places: no single value of the spectrum tells anything.
    constexpr Index kSongs = 200;
    const auto spectra = [](std::uint64_t seed, Matrix<double>& x) {
        const mgan::Random random(seed, "peaks");
        x.setZero(30, kSongs);
        for (Index b = 0; b < kSongs; ++b) {
            const auto place = [&](std::uint64_t k) {
                return static_cast<Index>(
                    random.integer(4 * static_cast<std::uint64_t>(b) + k, 15));
            };
            x(place(0), b) += 3.0;
            if (b % 2 == 1) x(15 + place(1), b) += 3.0;
            if (b % 2 == 0) x(place(0), b) += 3.0;  // the same energy in all
        }
    };
    for (const PfKind kind : {PfKind::bilstm, PfKind::dense}) {
        auto classifier = initialised<double>(small(kind));
        PfClassifier<double> gradients(small(kind));
        PfClassifier<double>::Cache cache;
        Matrix<double> x, dx(30, kSongs), d_logit(1, kSongs);
        double loss = 0.0;
        for (std::uint64_t step = 0; step < 600; ++step) {
            spectra(step, x);
            const Matrix<double>& logit = classifier.forward(x, cache);
            loss = 0.0;
            for (Index b = 0; b < kSongs; ++b) {
                const auto one = mgan::logit_cross_entropy(logit(0, b), b % 2 == 1 ? 1.0 : 0.0);
                loss += one.value / kSongs;
                d_logit(0, b) = one.derivative / kSongs;
            }
            mgan::scale_parameters(gradients, 0.9);  // momentum
            classifier.backward(d_logit, x, dx, cache, gradients);
            mgan::add_parameters(classifier, gradients, -0.1);
        }
        CAPTURE(static_cast<int>(kind));
        CHECK(loss < 0.1);
    }
}
