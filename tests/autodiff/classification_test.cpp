#include "operation_check.hpp"

#include <support/catch.hpp>

#include <cmath>

using namespace mgan;

namespace {
const std::array<Index, 5> kLabels{2, 0, 1, 1, 2};
}

TEST_CASE("Losses on logits have right gradients, at random, tiny and large logits") {
    const Matrix<double> target = random_matrix(3, 5, 9, 0, 1);
    for (const Matrix<double>& x : kPoints) {
        MGAN_CHECK_OPERATION([](const auto& a) { return log_sum_exp(a); }, x);
        MGAN_CHECK_OPERATION([](const auto& a) { return log_softmax(a); }, x);
        MGAN_CHECK_OPERATION(
            [](const auto& a) { return cross_entropy(a, std::span<const Index>(kLabels)); }, x);
        MGAN_CHECK_OPERATION([](const auto& a, const auto& t) { return cross_entropy(a, t); }, x,
                             target);
        MGAN_CHECK_OPERATION(
            [](const auto& a, const auto& t) { return binary_cross_entropy_with_logits(a, t); }, x,
            target);
    }
}

TEST_CASE("Losses on logits agree with their definitions, and stay finite far out") {
    Tape<double> tape;
    const Matrix<double> m = random_matrix(3, 5, 1);
    const Variable<double> a = tape.variable(m);
    const Matrix<double> p = softmax(a).value();
    CHECK(log_softmax(a).value().isApprox(p.array().log().matrix(), 1e-14));
    double expected = 0;
    for (Index j = 0; j < 5; ++j) expected -= std::log(p(kLabels[std::size_t(j)], j)) / 5;
    CHECK(cross_entropy(a, std::span<const Index>(kLabels)).scalar() ==
          Approx(expected).epsilon(1e-14));
    const Matrix<double> far = log_softmax(2000.0 * a).value();
    CHECK(far.allFinite());
    CHECK(far.minCoeff() < -1000);
    CHECK(log_sum_exp(1000.0 + a)
              .value()
              .isApprox((1000 + m.array().exp().colwise().sum().log()).matrix(), 1e-14));
    const Matrix<double> t = Matrix<double>::Constant(3, 5, 0.25);
    const auto s = (1 / (1 + (-m.array()).exp())).eval();
    CHECK(binary_cross_entropy_with_logits(a, tape.constant(t)).scalar() ==
          Approx(-(0.25 * s.log() + 0.75 * (1 - s).log()).mean()).epsilon(1e-14));
    CHECK(std::isfinite(binary_cross_entropy_with_logits(a * 1e4, tape.constant(t)).scalar()));
}

TEST_CASE("Losses on logits name what does not fit") {
    Tape<double> tape;
    const Variable<double> a = tape.variable(random_matrix(3, 5, 1));
    const std::array<Index, 5> wrong{0, 1, 2, 3, 0};
    CHECK_THROWS_AS(cross_entropy(a, std::span<const Index>(wrong)), ShapeError);
    CHECK_THROWS_AS(cross_entropy(a, std::span<const Index>(wrong).first(4)), ShapeError);
    CHECK_THROWS_AS(cross_entropy(a, transpose(a)), ShapeError);
    CHECK_THROWS_AS(binary_cross_entropy_with_logits(a, slice_columns(a, 0, 2)), ShapeError);
    CHECK_THROWS_AS(log_softmax(slice_rows(a, 0, 0)), ShapeError);
}

TEST_CASE("Norms and layer norm have right gradients") {
    const Matrix<double> x = random_matrix(4, 5, 1), gain = random_matrix(4, 1, 2),
                         bias = random_matrix(4, 1, 3);
    MGAN_CHECK_OPERATION([](const auto& a) { return norm(a); }, x);
    MGAN_CHECK_OPERATION([](const auto& a) { return column_norms(sin(a)); }, x);
    MGAN_CHECK_OPERATION([](const auto& a) { return normalise_columns(a); }, x);
    MGAN_CHECK_OPERATION([](const auto& a) { return normalise_columns(a, 0.5); }, x);
    MGAN_CHECK_OPERATION(
        [](const auto& a, const auto& g, const auto& b) { return layer_norm(a, g, b); }, x, gain,
        bias);
    MGAN_CHECK_OPERATION([](const auto& a) { return row_means(a * a); }, x);
    MGAN_CHECK_OPERATION([](const auto& a) { return column_means(a * a); }, x);
}

TEST_CASE("A norm has gradient 0 at 0, and columns are normalised to mean 0 and deviation 1") {
    Tape<double> tape;
    Matrix<double> m = random_matrix(6, 3, 1, 2, 5);
    m.col(1).setZero();
    const Variable<double> x = tape.variable(m);
    CHECK(norm(x).scalar() == Approx(m.norm()).epsilon(1e-15));
    tape.backward(sum(column_norms(x)));
    CHECK(x.gradient().col(0).isApprox(m.col(0).normalized(), 1e-15));
    CHECK(x.gradient().col(1) == Matrix<double>::Zero(6, 1));
    const Matrix<double> n = normalise_columns(x, 1e-12).value();
    CHECK(std::abs(n.col(0).sum()) < 1e-14);
    CHECK(n.col(0).squaredNorm() == Approx(6).epsilon(1e-10));
    CHECK(n.col(1) == Matrix<double>::Zero(6, 1));
    CHECK_THROWS_AS(layer_norm(x, x, x), ShapeError);
}
