#include "operation_check.hpp"

#include <support/catch.hpp>

#include <limits>

using namespace mgan;

TEST_CASE("Choices have right gradients, with broadcasting") {
    const Matrix<double> m = random_matrix(3, 4, 1), n = random_matrix(3, 4, 2),
                         row = random_matrix(1, 4, 3);
    const auto condition = (random_matrix(3, 4, 4).array() > 0).eval();
    MGAN_CHECK_OPERATION([](const auto& a, const auto& b) { return min(a, b); }, m, n);
    MGAN_CHECK_OPERATION([](const auto& a, const auto& b) { return min(sin(a), b * b); }, m, row);
    MGAN_CHECK_OPERATION([](const auto& a) { return min(a, 0.25) * a; }, m);
    MGAN_CHECK_OPERATION([](const auto& a) { return clip(a * 2.0, -0.5, 0.75); }, m);
    MGAN_CHECK_OPERATION(
        [&](const auto& a, const auto& b) { return where(condition, sin(a), b * 2.0); }, m, row);
    MGAN_CHECK_OPERATION([](const auto& a) { return column_max(a * a); }, m);
    MGAN_CHECK_OPERATION([](const auto& a) { return min(a * a); }, m);
    MGAN_CHECK_OPERATION([](const auto& a) { return dropout(a, 0.4, Random(7, "mask")); }, m);
}

TEST_CASE("Choices have the values that they say") {
    Tape<double> tape;
    Matrix<double> m(2, 3);
    m << 1, -2, 3, 4, -2, 0;
    const Variable<double> a = tape.variable(m);
    CHECK(min(a, 1.0).value() == m.cwiseMin(1.0));
    CHECK(clip(a, -1.0, 2.0).value() == m.cwiseMax(-1.0).cwiseMin(2.0));
    CHECK(column_max(a).value() == m.colwise().maxCoeff());
    CHECK(min(a).scalar() == -2);
    CHECK(column_argmax(a) == std::vector<Index>{1, 0, 0});
    CHECK(where(m.array() > 0, a, -a).value() == m.cwiseAbs());
    CHECK_THROWS_AS(clip(a, 2.0, 1.0), ConfigError);
    CHECK_THROWS_AS(column_max(slice_rows(a, 0, 0)), ShapeError);
    CHECK_THROWS_AS(dropout(a, 1.0, Random(1, "mask")), ConfigError);
}

TEST_CASE("At ties and limits, choices have the subgradient that is documented") {
    const auto slope = [](const auto& f, double x) {
        Tape<double> tape;
        const Variable<double> v = tape.variable(x);
        tape.backward(f(v));
        return v.gradient()(0, 0);
    };
    CHECK(slope([](const auto& v) { return min(v, 0.5); }, 0.5) == 1);
    CHECK(slope([](const auto& v) { return clip(v, 0.0, 0.5); }, 0.0) == 1);
    CHECK(slope([](const auto& v) { return clip(v, 0.0, 0.5); }, 0.5) == 1);
    CHECK(slope([](const auto& v) { return clip(v, 0.0, 0.5); }, 0.6) == 0);
    Tape<double> tape;
    const Variable<double> a = tape.variable(Matrix<double>::Ones(2, 2));
    const Variable<double> b = tape.variable(Matrix<double>::Ones(2, 2));
    tape.backward(sum(min(a, b)) + sum(column_max(a)));
    Matrix<double> expected = Matrix<double>::Ones(2, 2);
    expected.row(0).setConstant(2);
    CHECK(a.gradient() == expected);
    CHECK(b.gradient() == Matrix<double>::Zero(2, 2));
}

TEST_CASE("What `where` does not choose has no influence, even if it is infinite") {
    Tape<double> tape;
    Matrix<double> m(1, 3);
    m << 0, 2, 4;
    const Variable<double> x = tape.variable(m);
    const Variable<double> y = where(m.array() > 0, log(x), x);
    CHECK(y.value()(0, 0) == 0);
    CHECK(y.value()(0, 2) == std::log(4.0));
}

TEST_CASE("Dropout draws the same mask for the same seed, and keeps the mean") {
    Tape<double> tape;
    const Variable<double> ones = tape.variable(Matrix<double>::Ones(100, 100));
    const Matrix<double> first = dropout(ones, 0.3, Random(1, "mask")).value();
    CHECK(dropout(ones, 0.3, Random(1, "mask")).value() == first);
    CHECK(dropout(ones, 0.3, Random(2, "mask")).value() != first);
    CHECK(dropout(ones, 0.0, Random(2, "mask")).value() == ones.value());
    CHECK(first.mean() == Approx(1).margin(0.03));
    CHECK(first.maxCoeff() == 1 / 0.7);
    CHECK(first.minCoeff() == 0);
}
