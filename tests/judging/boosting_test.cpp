// Boosted trees: what they can learn, and that nothing but the seed decides.

#include <mgan/core/parallel.hpp>
#include <mgan/judging/boosting.hpp>
#include <support/catch.hpp>

using namespace mgan::judging;
using mgan::Index;
using mgan::Matrix;
using mgan::Vector;

namespace {

struct Toy {
    Matrix<double> x;
    std::vector<int> labels;
};

/// Six uniform features; the label is [x_1 > 0] xor [x_2 > 0.3], which no single feature tells.
Toy exclusive_or(Index samples, std::uint64_t seed) {
    Toy toy{Matrix<double>(6, samples), {}};
    const mgan::Random random(seed, "toy");
    for (Index i = 0; i < toy.x.size(); ++i)
        toy.x.data()[i] = random.uniform(static_cast<std::uint64_t>(i), -1.0, 1.0);
    for (Index j = 0; j < samples; ++j)
        toy.labels.push_back((toy.x(1, j) > 0.0) != (toy.x(2, j) > 0.3) ? 1 : 0);
    return toy;
}

double accuracy(const Boosting& model, const Toy& toy) {
    const Vector<double> f = model.logits(toy.x);
    int right = 0;
    for (Index j = 0; j < f.size(); ++j)
        right += (f(j) > 0.0) == (toy.labels[static_cast<std::size_t>(j)] == 1) ? 1 : 0;
    return right / static_cast<double>(f.size());
}

}  // namespace

TEST_CASE("boosting learns a rule that no single feature tells") {
    const Toy learn = exclusive_or(1500, 1), judge = exclusive_or(1000, 2);
    const Boosting model = Boosting::fit(learn.x, learn.labels, 0);
    CHECK(model.trees() == 150);
    CHECK(accuracy(model, judge) > 0.95);
}

TEST_CASE("boosting: labels without a rule stay near chance on samples that were not learned") {
    Toy learn = exclusive_or(1500, 1), judge = exclusive_or(1000, 2);
    for (Toy* toy : {&learn, &judge}) {
        const mgan::Random random(toy == &learn ? 3U : 4U, "labels");
        for (std::size_t i = 0; i < toy->labels.size(); ++i)
            toy->labels[i] = static_cast<int>(random.integer(i, 2));
    }
    CHECK(accuracy(Boosting::fit(learn.x, learn.labels, 0), judge) == Approx(0.5).margin(0.06));
}

TEST_CASE("boosting: one tree of two leaves is what equation (2) says") {
    // Feature 0 tells 30 samples from 30; f starts at 0, so g = +-1/2 and h = 1/4.
    Matrix<double> x(1, 60);
    std::vector<int> labels;
    for (Index j = 0; j < 60; ++j) {
        x(0, j) = j < 30 ? 1.0 : 2.0;
        labels.push_back(j < 30 ? 0 : 1);
    }
    BoostingOptions options;
    options.rounds = 1;
    options.feature_share = 1.0;
    const Vector<double> f = Boosting::fit(x, labels, 0, options).logits(x);
    const double expected = options.rate * 15.0 / (7.5 + options.l2);
    CHECK(f(0) == Approx(-expected));
    CHECK(f(59) == Approx(expected));
}

TEST_CASE("boosting: a leaf has the least number of samples, and a constant feature no split") {
    Matrix<double> x = Matrix<double>::Zero(2, 60);
    std::vector<int> labels(60, 0);
    for (Index j = 0; j < 10; ++j) {  // ten samples are fewer than a leaf may have
        x(0, j) = 1.0;
        labels[static_cast<std::size_t>(j)] = 1;
    }
    const Vector<double> f = Boosting::fit(x, labels, 0).logits(x);
    CHECK(f(0) == f(59));
    CHECK(f(0) == Approx(std::log(10.0 / 50.0)));
}

TEST_CASE("boosting: many distinct values are cut at quantiles and lose little") {
    Toy learn = exclusive_or(3000, 5), judge = exclusive_or(1000, 6);
    BoostingOptions options;
    options.bins = 16;
    CHECK(accuracy(Boosting::fit(learn.x, learn.labels, 0, options), judge) > 0.9);
}

TEST_CASE("boosting: the seed decides every bit, and threads decide none") {
    const Toy toy = exclusive_or(600, 7);
    const auto fits = [&](int threads) {
        std::vector<Vector<double>> all(4);
        mgan::parallel_for(4, threads, [&](std::ptrdiff_t k) {
            all[static_cast<std::size_t>(k)] =
                Boosting::fit(toy.x, toy.labels, static_cast<std::uint64_t>(k)).logits(toy.x);
        });
        return all;
    };
    const std::vector<Vector<double>> one = fits(1), three = fits(3);
    for (std::size_t k = 0; k < one.size(); ++k) CHECK(one[k] == three[k]);
    CHECK(one[0] != one[1]);
}

TEST_CASE("boosting refuses what it cannot learn from") {
    Toy toy = exclusive_or(60, 8);
    std::vector<int> wrong(60, 1);
    CHECK_THROWS_AS(Boosting::fit(toy.x, wrong, 0), mgan::DataError);
    CHECK_THROWS_AS(Boosting::fit(toy.x, std::span(toy.labels).first(59), 0), mgan::ShapeError);
    toy.x(0, 0) = std::numeric_limits<double>::quiet_NaN();
    CHECK_THROWS_AS(Boosting::fit(toy.x, toy.labels, 0), mgan::DataError);
}
