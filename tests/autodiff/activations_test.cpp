#include "operation_check.hpp"

#include <support/catch.hpp>

#include <cmath>
#include <numbers>

using namespace mgan;

TEST_CASE("Activations have right gradients, at random, tiny and large arguments") {
    for (const Matrix<double>& x : kPoints) {
        MGAN_CHECK_OPERATION([](const auto& v) { return silu(v); }, x);
        MGAN_CHECK_OPERATION([](const auto& v) { return leaky_relu(v, 0.2); }, x);
        // Its second derivative jumps at 0, where central differences are less precise.
        CHECK(check_operation<DerivativeMethods::complex_step>([](const auto& v) { return elu(v); },
                                                               x)
                  .ok());
        MGAN_CHECK_OPERATION([](const auto& v) { return atan(v); }, x);
        MGAN_CHECK_OPERATION([](const auto& v) { return log1p(v * v); }, x);
        MGAN_CHECK_OPERATION([](const auto& v) { return reciprocal(v * v + 0.5); }, x);
    }
    for (const double low : {-2.0, 0.1})
        MGAN_CHECK_OPERATION([](const auto& v) { return elu(v); },
                             random_matrix(3, 5, 1, low, low + 1.8));
    // Beyond |x| = 5 the slope of erf is below 1e-10: what remains is the rounding of the values.
    for (const Matrix<double>& x :
         {random_matrix(3, 5, 1, -2, 2), random_matrix(3, 5, 2, -1e-3, 1e-3),
          random_matrix(3, 5, 3, -4, 4)}) {
        MGAN_CHECK_OPERATION([](const auto& v) { return erf(v); }, x);
        MGAN_CHECK_OPERATION([](const auto& v) { return gelu(v); }, x);
    }
}

TEST_CASE("Activations have the values of the standard library, and of their definitions") {
    Tape<double> tape;
    for (const double x : {-30.0, -3.0, -1e-9, 0.0, 1e-9, 0.4, 3.0, 30.0}) {
        INFO(x);
        const Variable<double> v = tape.variable(x);
        const double s = 1 / (1 + std::exp(-x));
        CHECK(silu(v).scalar() == Approx(x * s).epsilon(1e-14).margin(1e-300));
        CHECK(erf(v).scalar() == std::erf(x));
        CHECK(gelu(v).scalar() == Approx(x * 0.5 * (1 + std::erf(x / std::numbers::sqrt2)))
                                      .epsilon(1e-12)
                                      .margin(1e-300));
        CHECK(leaky_relu(v, 0.01).scalar() == (x > 0 ? x : 0.01 * x));
        CHECK(elu(v).scalar() == (x > 0 ? x : std::expm1(x)));
        CHECK(atan(v).scalar() == std::atan(x));
        CHECK(log1p(abs(v)).scalar() == std::log1p(std::abs(x)));
    }
}

TEST_CASE("erf of a complex number agrees with its power series") {
    using Complex = std::complex<double>;
    Tape<Complex> tape;
    for (const Complex z :
         {Complex(0.3, 0.2), Complex(-1.1, 0.4), Complex(0, 0.7), Complex(1, 0)}) {
        // 2 / sqrt(pi) sum of (-1)^n z^(2n+1) / (n! (2n+1))
        Complex sum = 0, power = z;
        for (int n = 0; n < 60; ++n) {
            sum += power / (2.0 * n + 1);
            power *= -z * z / (n + 1.0);
        }
        const Complex expected = 2 * std::numbers::inv_sqrtpi * sum;
        CHECK(std::abs(erf(tape.variable(z)).scalar() - expected) < 1e-15);
    }
}

TEST_CASE("atan2 has right values and gradients in all four quadrants") {
    Matrix<double> y(2, 4), x(2, 4);
    y << 0.3, 0.3, -0.3, -0.3, 1.2, 1.2, -1.2, -1.2;
    x << 0.7, -0.7, 0.7, -0.7, 0.4, -0.4, 0.4, -0.4;
    MGAN_CHECK_OPERATION([](const auto& a, const auto& b) { return atan2(a, b); }, y, x);
    Tape<double> tape;
    const Variable<double> angle = atan2(tape.variable(y), tape.variable(x));
    for (Index i = 0; i < y.size(); ++i)
        CHECK(angle.value().data()[i] == std::atan2(y.data()[i], x.data()[i]));
    Tape<std::complex<double>> complex;
    const auto same = atan2(complex.variable(y), complex.variable(x));
    CHECK(same.value().real().isApprox(angle.value(), 1e-15));
}
