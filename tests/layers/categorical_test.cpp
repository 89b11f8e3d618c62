// Softmax, its loss, and the quantile function of a choice.

#include <mgan/autodiff/gradient_check.hpp>
#include <mgan/core/random.hpp>
#include <mgan/layers/categorical.hpp>
#include <support/allocation_counter.hpp>
#include <support/catch.hpp>

#include <array>

using mgan::Index;
using mgan::interval;
using mgan::kMasked;
using mgan::LevelInterval;
using mgan::Matrix;
using mgan::quantile;
using mgan::Random;
using mgan::Vector;

namespace {

constexpr double kBelowOne = 1.0 - 0x1.0p-53;  // the largest level that Random::uniform gives

/// Random logits of very different spread, some masked, never all.
template <typename Scalar>
Vector<Scalar> random_logits(std::uint64_t seed) {
    const Random random(seed, "categorical_test");
    const auto size = static_cast<Index>(1 + random.integer(0, 40));
    const double spread = std::pow(10.0, random.uniform(1, -2.0, 3.0));
    Vector<Scalar> logits(size);
    for (Index i = 0; i < size; ++i) {
        const auto index = static_cast<std::uint64_t>(10 + 2 * i);
        logits(i) = static_cast<Scalar>(random.uniform(index, -spread, spread));
        if (random.uniform(index + 1) < 0.3) logits(i) = kMasked<Scalar>;
    }
    logits(static_cast<Index>(random.integer(2, static_cast<std::uint64_t>(size)))) = 0;
    return logits;
}

}  // namespace

TEST_CASE("Softmax: probabilities sum to 1, a temperature sharpens or flattens, masks give zero") {
    Matrix<double> logits(3, 2), p(3, 2), log_p(3, 2);
    logits << std::log(1.0), 5.0,  //
        std::log(2.0), kMasked<double>, std::log(5.0), 5.0;
    mgan::softmax<double>(logits, p);
    CHECK((p.col(0) - Vector<double>{{0.125, 0.25, 0.625}}).cwiseAbs().maxCoeff() < 1e-15);
    CHECK(p.col(1) == Vector<double>{{0.5, 0.0, 0.5}});
    mgan::softmax<double>(logits, p, 0.5);  // squares, normalised
    CHECK((p.col(0) - Vector<double>{{1.0, 4.0, 25.0}} / 30.0).cwiseAbs().maxCoeff() < 1e-15);
    mgan::log_softmax<double>(logits, log_p, 0.5);
    CHECK((log_p.col(0).array().exp().matrix() - p.col(0)).cwiseAbs().maxCoeff() < 1e-15);
    CHECK(log_p(1, 1) == kMasked<double>);
}

TEST_CASE(
    "Cross-entropy: log of the number of values for a net that knows nothing, 0 for a sure one") {
    Matrix<float> logits = Matrix<float>::Zero(8, 3), d(8, 3);
    const Index targets[] = {2, -1, 7};
    CHECK(mgan::softmax_cross_entropy<float>(logits, targets, 0.5f, d) == Approx(std::log(8.0)));
    CHECK(d.col(1).cwiseAbs().maxCoeff() == 0.0f);  // does not count
    CHECK(d(2, 0) == Approx(0.5 * (0.125 - 1.0)));
    CHECK(d(3, 0) == Approx(0.5 * 0.125));
    logits(2, 0) = logits(7, 2) = 1e4f;
    CHECK(mgan::softmax_cross_entropy<float>(logits, targets, 0.5f, d) == 0.0f);
    CHECK(d.cwiseAbs().maxCoeff() == 0.0f);
    logits.row(7).setConstant(kMasked<float>);
    CHECK_THROWS_AS(mgan::softmax_cross_entropy<float>(logits, targets, 0.5f, d),
                    mgan::NumericalError);
}

TEST_CASE("Quantile: the staircase of the header") {
    const Vector<double> logits = Vector<double>{{0.2, 0.1, 0.6, 0.1}}.array().log();
    CHECK(quantile(logits, 0.0) == 0);
    CHECK(quantile(logits, 0.19) == 0);
    CHECK(quantile(logits, 0.21) == 1);
    CHECK(quantile(logits, 0.31) == 2);
    CHECK(quantile(logits, 0.5) == 2);
    CHECK(quantile(logits, 0.91) == 3);
    CHECK(quantile(logits, kBelowOne) == 3);
    CHECK(interval(logits, 2).begin == Approx(0.3));
    CHECK(interval(logits, 2).end == Approx(0.9));
}

TEMPLATE_TEST_CASE(
    "Quantile and interval: the parts cover 0 to 1 without a gap, and agree at their edges", "",
    float, double) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        const Vector<TestType> logits = random_logits<TestType>(seed);
        for (const double temperature : {1.0, 0.3, 20.0}) {
            double end = 0.0;
            for (Index v = 0; v < logits.size(); ++v) {
                const LevelInterval part = interval(logits, v, temperature);
                if (logits(v) == kMasked<TestType>) REQUIRE(part.empty());
                REQUIRE((part.empty() || part.begin == end));
                if (part.empty()) continue;
                end = part.end;
                for (const double share : {0.0, 0.3, kBelowOne}) {
                    REQUIRE(part.contains(part.at(share)));
                    REQUIRE(quantile(logits, part.at(share), temperature) == v);
                }
                REQUIRE(quantile(logits, part.begin, temperature) == v);
                REQUIRE(quantile(logits, std::nextafter(part.end, 0.0), temperature) == v);
                if (end < 1.0) REQUIRE(quantile(logits, end, temperature) > v);
            }
            REQUIRE(end == 1.0);
            const Index first = quantile(logits, 0.0, temperature);
            const Index last = quantile(logits, kBelowOne, temperature);
            REQUIRE(interval(logits, first, temperature).begin == 0.0);
            REQUIRE(interval(logits, last, temperature).end == 1.0);
            REQUIRE(quantile(logits, 1.0, temperature) == last);
            REQUIRE(quantile(logits, -1.0, temperature) == first);
        }
    }
}

TEST_CASE("Quantile: all mass on one value, and values masked at both ends") {
    Vector<float> logits = Vector<float>::Constant(5, -1e4f);
    logits(3) = 1e4f;
    for (const double z : {0.0, 0.5, kBelowOne, 1.0}) CHECK(quantile(logits, z) == 3);
    CHECK(interval(logits, 3).begin == 0.0);
    CHECK(interval(logits, 3).end == 1.0);
    CHECK(interval(logits, 2).empty());

    logits.setZero();
    logits(0) = logits(2) = logits(4) = kMasked<float>;
    CHECK(quantile(logits, 0.0) == 1);
    CHECK(quantile(logits, 0.5) == 3);
    CHECK(quantile(logits, kBelowOne) == 3);
    CHECK(interval(logits, -1).empty());
    CHECK(interval(logits, 5).empty());
}

TEST_CASE("Quantile: with nothing to choose from it says so") {
    Vector<float> logits = Vector<float>::Constant(3, kMasked<float>);
    CHECK(quantile(logits, 0.5) == -1);
    CHECK(interval(logits, 0).empty());
    logits(1) = std::numeric_limits<float>::quiet_NaN();
    logits(2) = 0.0f;
    CHECK(quantile(logits, 0.5) == -1);
    logits(1) = std::numeric_limits<float>::infinity();
    CHECK(quantile(logits, 0.5) == -1);
    CHECK(quantile(Vector<float>(), 0.5) == -1);
}

TEST_CASE("Quantile: uniform levels choose every value as often as softmax says") {
    Matrix<double> logits(6, 1), p(6, 1);
    logits << 0.3, -1.0, kMasked<double>, 2.0, 0.0, -0.5;
    mgan::softmax<double>(logits, p, 1.3);
    std::array<double, 6> counts{};
    const Random random(1, "categorical_test");
    constexpr int kDraws = 100000;
    for (int i = 0; i < kDraws; ++i) {
        const Index v = quantile(logits.col(0), random.uniform(static_cast<std::uint64_t>(i)), 1.3);
        counts[static_cast<std::size_t>(v)] += 1.0 / kDraws;
    }
    for (Index v = 0; v < 6; ++v) {
        const double expected = p(v, 0);
        CHECK(std::abs(counts[static_cast<std::size_t>(v)] - expected) <=
              5.0 * std::sqrt(expected * (1.0 - expected) / kDraws));
    }
}

TEST_CASE("Quantile: never decreases as z grows, and nothing here allocates") {
    const Vector<float> logits = random_logits<float>(7);
    static_assert(noexcept(quantile(logits, 0.5))&& noexcept(interval(logits, 0)));
    Index before = 0;
    for (int i = 0; i < 1000; ++i) {
        const Index v = quantile(logits, i / 1000.0);
        CHECK(v >= before);
        before = v;
    }
    if (!mgan_test::counts_malloc()) MGAN_SKIP("malloc cannot be counted in this build");
    Matrix<float> columns = mgan::random_matrix<float>(9, 4, 1), d(9, 4);
    const Index targets[] = {2, -1, 7, 0};
    double sum = 0.0;
    CHECK(mgan_test::allocations_in([&] {
              sum += static_cast<double>(quantile(columns.col(1), 0.7, 0.5));
              sum += interval(columns.col(1), 3).begin;
              sum += static_cast<double>(
                  mgan::softmax_cross_entropy<float>(columns, targets, 0.5f, d));
              mgan::log_softmax<float>(columns, columns);
              mgan::log_softmax_backward<float>(columns, d, d);
              mgan::softmax<float>(columns, columns);
          }) == 0);
    CHECK(std::isfinite(sum));
}
