#include <mgan/autodiff/complex_step.hpp>
#include <support/catch.hpp>

#include <cmath>

using mgan::complex_step_derivative;
using mgan::complex_step_gradient;
using mgan::directional_derivative;
using mgan::Index;
using mgan::Vector;

TEST_CASE("The complex step gives derivatives to the last bits") {
    for (const double x : {-3.0, -0.5, 1e-12, 0.0, 0.7, 2.0, 20.0}) {
        INFO(x);
        const auto near = [](double a, double b) {
            return std::abs(a - b) <= 4e-16 * std::abs(b) + 1.01e-200;  // the last: h^2
        };
        CHECK(near(complex_step_derivative([](auto z) { return std::exp(z); }, x), std::exp(x)));
        CHECK(near(complex_step_derivative([](auto z) { return std::sin(z); }, x), std::cos(x)));
        CHECK(near(complex_step_derivative([](auto z) { return z * z * z; }, x), 3 * x * x));
        const double t = 1 / std::cosh(x);
        CHECK(complex_step_derivative([](auto z) { return std::tanh(z); }, x) ==
              Approx(t * t).epsilon(2e-15));
        const double q = 1 / ((2 + x * x) * (2 + x * x));
        CHECK(complex_step_derivative([](auto z) { return 1.0 / (2.0 + z * z); }, x) ==
              Approx(-2 * x * q).epsilon(2e-15));
    }
}

TEST_CASE("The complex step keeps derivatives that are tiny or huge") {
    for (const double scale : {1e-150, 1e150})
        CHECK(complex_step_derivative([=](auto z) { return scale * std::sin(z); }, 1.0) ==
              Approx(scale * std::cos(1.0)).epsilon(1e-15));
}

TEST_CASE("A directional derivative is the product of gradient and direction") {
    const auto f = [](const auto& x) { return x(0) * x(1) + std::exp(x(2)) * x(0); };
    Vector<double> x(3), v(3), gradient(3);
    x << 0.3, -1.2, 0.5;
    v << 2.0, -0.1, 0.7;
    gradient << x(1) + std::exp(x(2)), x(0), x(0) * std::exp(x(2));
    const Vector<double> found = complex_step_gradient(f, x);
    for (Index i = 0; i < 3; ++i) CHECK(found(i) == Approx(gradient(i)).epsilon(1e-15));
    const double expected = gradient.cwiseProduct(v).sum();
    CHECK(directional_derivative(f, x, v) == Approx(expected).epsilon(1e-15));
    CHECK_THROWS_AS(directional_derivative(f, x, Vector<double>(2)), mgan::ShapeError);
}
