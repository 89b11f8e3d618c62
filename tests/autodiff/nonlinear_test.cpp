#include "operation_check.hpp"

#include <support/catch.hpp>

#include <cmath>
#include <limits>

using namespace mgan;

TEST_CASE("Functions of one number have right gradients, at random, tiny and large arguments") {
    for (const Matrix<double>& x : kPoints) {
        MGAN_CHECK_OPERATION([](const auto& v) { return -v; }, x);
        MGAN_CHECK_OPERATION([](const auto& v) { return sigmoid(v); }, x);
        MGAN_CHECK_OPERATION([](const auto& v) { return tanh(v); }, x);
        MGAN_CHECK_OPERATION([](const auto& v) { return softplus(v); }, x);
        MGAN_CHECK_OPERATION([](const auto& v) { return sin(v); }, x);
        MGAN_CHECK_OPERATION([](const auto& v) { return cos(v); }, x);
        MGAN_CHECK_OPERATION([](const auto& v) { return relu(v); }, x);
        MGAN_CHECK_OPERATION([](const auto& v) { return abs(v); }, x);
        MGAN_CHECK_OPERATION([](const auto& v) { return exp(0.1 * v); }, x);
        MGAN_CHECK_OPERATION([](const auto& v) { return pow(v, 3.0); }, x);
        MGAN_CHECK_OPERATION([](const auto& v) { return log(v * v + 0.5); }, x);
        MGAN_CHECK_OPERATION([](const auto& v) { return sqrt(v * v + 0.5); }, x);
        MGAN_CHECK_OPERATION([](const auto& v) { return pow(v * v + 0.5, -1.5); }, x);
    }
}

TEST_CASE("Functions of one number have the values of the standard library") {
    Tape<double> tape;
    for (const double x : {-700.0, -3.0, -1e-9, 0.0, 1e-9, 0.4, 3.0, 700.0}) {
        INFO(x);
        const Variable<double> v = tape.variable(x);
        CHECK((-v).scalar() == -x);
        CHECK(sigmoid(v).scalar() == Approx(1 / (1 + std::exp(-x))).epsilon(1e-15));
        CHECK(tanh(v).scalar() == std::tanh(x));
        CHECK(sin(v).scalar() == std::sin(x));
        CHECK(cos(v).scalar() == std::cos(x));
        CHECK(exp(v).scalar() == std::exp(x));
        CHECK(abs(v).scalar() == std::abs(x));
        CHECK(relu(v).scalar() == std::max(x, 0.0));
        CHECK(pow(v, 2.0).scalar() == x * x);
        CHECK(log(abs(v) + 1.0).scalar() == std::log(std::abs(x) + 1));
        CHECK(sqrt(abs(v)).scalar() == std::sqrt(std::abs(x)));
    }
    CHECK(softplus(tape.variable(-700.0)).scalar() == std::exp(-700.0));
    CHECK(softplus(tape.variable(0.0)).scalar() == Approx(std::log(2.0)).epsilon(1e-15));
    CHECK(softplus(tape.variable(1000.0)).scalar() == 1000.0);
}

TEST_CASE("At their kinks and ties, functions have the subgradient that is documented") {
    const auto slope = [](const auto& f, double x) {
        Tape<double> tape;
        const Variable<double> v = tape.variable(x);
        tape.backward(f(v));
        return v.gradient()(0, 0);
    };
    CHECK(slope([](auto v) { return relu(v); }, 0.0) == 0);
    CHECK(slope([](auto v) { return abs(v); }, 0.0) == 0);
    CHECK(slope([](auto v) { return abs(v); }, -1e-300) == -1);
    CHECK(slope([](auto v) { return max(v, 0.5); }, 0.5) == 1);
    CHECK(slope([](auto v) { return pow(v, 0.0); }, 0.0) == 0);
    CHECK(slope([](auto v) { return pow(v, 1.0); }, 0.0) == 1);
    CHECK(slope([](auto v) { return sqrt(v); }, 0.0) == std::numeric_limits<double>::infinity());

    Tape<double> tape;
    Matrix<double> values(2, 2);
    values << 1, 3, 3, 2;
    const Variable<double> a = tape.variable(values), b = tape.variable(values);
    tape.backward(sum(max(a, b)));
    CHECK(a.gradient() == Matrix<double>::Ones(2, 2));
    CHECK(b.gradient() == Matrix<double>::Zero(2, 2));
    tape.backward(max(a));
    Matrix<double> first = Matrix<double>::Zero(2, 2);
    CHECK_THROWS_AS(max(a).gradient(), Error);
    tape.clear();
    const Variable<double> c = tape.variable(values);
    tape.backward(max(c));
    first(1, 0) = 1;  // the first of the two 3s in memory order
    CHECK(c.gradient() == first);
    // The complex step takes the same side.
    const GradientReport report = check_operation<DerivativeMethods::complex_step>(
        [](const auto& v) { return relu(v) + max(v, 0.0) + abs(v - v); }, random_matrix(2, 2, 1));
    INFO(report);
    CHECK(report.ok());
}
