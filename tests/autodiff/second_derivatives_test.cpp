// Dual numbers, and what is made of them on the tape.

#include "operation_check.hpp"

#include <mgan/autodiff/second_derivatives.hpp>
#include <support/catch.hpp>

#include <cmath>

using namespace mgan;

namespace {

/// Rosenbrock's valley, whose derivatives are known.
template <typename V>
auto valley(const V& x) {
    const auto a = slice_rows(x, 0, 1), b = slice_rows(x, 1, 1);
    return sum(pow(1.0 - a, 2.0) + 100.0 * pow(b - a * a, 2.0));
}

/// Recorded functions in a list, so that all is compiled once for each scalar.
struct Recorded {
    const char* name;
    Operation<Dual<double>> dual;
    Operation<std::complex<double>> complex;
    double low = -2, high = 2;
};
template <typename Function>
Recorded recorded(const char* name, const Function& f, double low = -2, double high = 2) {
    const auto one = [f](const auto& x) { return f(x[0]); };
    return {name, one, one, low, high};
}

}  // namespace

TEST_CASE("Dual numbers: every function has the derivative that the complex step has") {
    using D = Dual<double>;
    using C = std::complex<double>;
    const auto check = [](const char* name, const auto& f, std::initializer_list<double> points) {
        for (const double x : points) {
            INFO(name << " at " << x);
            const D y = f(D(x, 1.0));
            const C z = f(C(x, 1e-100));
            CHECK(y.value == Approx(z.real()).epsilon(1e-14).margin(1e-15));
            CHECK(y.derivative == Approx(z.imag() / 1e-100).epsilon(1e-14).margin(1e-15));
        }
    };
    check("arithmetic", [](auto x) { return (x * x - 3.0) / (x + 2.5) - 1.0 / x + (-x); },
          {-1.5, 0.3, 4.0});
    check("exp", [](auto x) { return exp(x); }, {-3.0, 0.0, 2.0});
    check("log", [](auto x) { return log(x); }, {0.1, 1.0, 7.0});
    check("sqrt", [](auto x) { return sqrt(x); }, {0.1, 1.0, 7.0});
    check("tanh", [](auto x) { return tanh(x); }, {-2.0, 0.0, 0.4});
    check("sin, cos", [](auto x) { return sin(x) * cos(x); }, {-2.0, 0.0, 0.4});
    check("atan", [](auto x) { return atan(x); }, {-2.0, 0.0, 0.4});
    check("pow", [](auto x) { return pow(x, decltype(x)(2.5)) + pow(decltype(x)(2.0), x); },
          {0.5, 2.0});
    CHECK(log1p(D(0.3, 1.0)).derivative == 1.0 / 1.3);
    CHECK(expm1(D(1e-9, 1.0)).value == std::expm1(1e-9));
    CHECK(erf(D(0.0, 2.0)).derivative == Approx(4.0 / std::sqrt(std::acos(-1.0))).epsilon(1e-15));
    const D angle = atan2(D(1.0, 1.0), D(2.0, 0.0));
    CHECK(angle.derivative == Approx(0.4).epsilon(1e-15));
    CHECK(pow(D(-2.0, 1.0), D(3.0)).derivative == Approx(12.0).epsilon(1e-15));
    CHECK(abs(D(-2.0, 1.0)).derivative == -1.0);
}

TEST_CASE("Dual numbers: branches look at values, zeros at both parts, constants stay constant") {
    using D = Dual<float>;
    CHECK(D(1, 5) < D(2, -7));
    CHECK(D(1, 5) >= D(1, 9));
    CHECK(D(0, 1) != D(0));
    CHECK(D(0) == 0);
    CHECK(sqrt(D(0)).derivative == 0);  // not 0 times infinity
    CHECK(log(D(0)).derivative == 0);
    CHECK(pow(D(0), D(0.5f)).derivative == 0);
    CHECK_FALSE(isfinite(log(D(0, 1))));
    CHECK(real_part(D(3, 4)) == 3);
    CHECK(sizeof(Dual<float>) == 2 * sizeof(float));
}

TEST_CASE("Second derivatives: the Hessian of Rosenbrock's valley is the known one") {
    const auto f = [](const auto& x) { return valley(x); };
    const double a = -1.2, b = 1.0;
    const Vector<double> x{{a, b}};
    const Matrix<double> expected{{2 - 400 * b + 1200 * a * a, -400 * a}, {-400 * a, 200}};
    CHECK((hessian(f, x) - expected).cwiseAbs().maxCoeff() <= 1e-12 * expected.norm());

    const Vector<double> v{{0.3, -2.0}};
    const auto along = hessian_vector_product(f, x, v);
    CHECK((along.product - expected * v).norm() <= 1e-13 * expected.norm());
    CHECK(along.value == Approx(24.2).epsilon(1e-14));
    CHECK(along.gradient(0) == Approx(-215.6).epsilon(1e-14));
    const auto slopes = directional_derivatives(f, x, v);
    CHECK(slopes.first == Approx(v.dot(along.gradient.col(0))).epsilon(1e-14));
    CHECK(slopes.second == Approx(v.dot(expected * v)).epsilon(1e-13));
    CHECK_THROWS_AS(hessian_vector_product(f, x, Vector<double>(3)), ShapeError);

    const auto in_float =
        hessian_vector_product(f, Vector<float>(x.cast<float>()), Vector<float>(v.cast<float>()));
    CHECK((in_float.product.cast<double>() - expected * v).norm() <= 1e-6 * expected.norm());
}

TEST_CASE("Second derivatives: the Jacobian of polar coordinates is the known one") {
    const auto f = [](const auto& p) {
        std::remove_cvref_t<decltype(p)> y(3);
        y << p(0) * cos(p(1)), p(0) * sin(p(1)), p(0) * p(0);
        return y;
    };
    const Vector<double> p{{2.0, 0.7}};
    const double c = std::cos(0.7), s = std::sin(0.7);
    const Matrix<double> expected{{c, -2 * s}, {s, 2 * c}, {4, 0}};
    CHECK((jacobian(f, p) - expected).cwiseAbs().maxCoeff() <= 1e-15);
    const Vector<double> v{{0.5, -1.0}};
    const auto product = jacobian_vector_product(f, p, v);
    CHECK((product.product - expected * v).cwiseAbs().maxCoeff() <= 1e-15);
    CHECK(product.value(2) == 4.0);
}

TEST_CASE("Second derivatives: those of the tape's operations are right") {
    const std::vector<Recorded> functions = {
        recorded("exp", [](const auto& x) { return exp(x); }),
        recorded(
            "log, sqrt", [](const auto& x) { return log(x) * sqrt(x); }, 0.5, 2),
        recorded("sigmoid, tanh", [](const auto& x) { return sigmoid(x) * tanh(x); }),
        recorded(
            "powers", [](const auto& x) { return pow(x, 3.0) + pow(x, 2.0) / x; }, 0.5, 2),
        recorded("softplus, silu", [](const auto& x) { return softplus(x) + silu(x); }),
        recorded("gelu, erf", [](const auto& x) { return gelu(x) * erf(x); }),
        recorded("elu, leaky relu", [](const auto& x) { return elu(x) * leaky_relu(x, 0.2); }),
        recorded("sin, cos, atan", [](const auto& x) { return sin(x) * cos(x) + atan(x); }),
        recorded(
            "quotients", [](const auto& x) { return reciprocal(x) + log1p(x); }, 0.5, 2),
        recorded("max, min, abs, clip",
                 [](const auto& x) {
                     return max(x, 0.3) * min(x * x, 1.0) + abs(x) * clip(x, -1.0, 1.0);
                 }),
        recorded("matmul", [](const auto& x) { return matmul(transpose(x), x * x); }),
        recorded("softmax", [](const auto& x) { return softmax(x) * log_softmax(x); }),
        recorded("log_sum_exp",
                 [](const auto& x) { return log_sum_exp(x) * log_sum_exp(2.0 * x); }),
        recorded("norms", [](const auto& x) { return norm(x) * column_norms(x); }),
        recorded("normalise_columns", [](const auto& x) { return normalise_columns(x); }),
        recorded("broadcasting",
                 [](const auto& x) { return x * row_means(x) + column_sums(x * x); }),
        recorded("shapes",
                 [](const auto& x) {
                     return concat_rows({flip_rows(x) * x, cumulative_sum_rows(x * x)});
                 }),
    };
    for (const Recorded& function : functions) {
        INFO(function.name);
        const Matrix<double> x = random_matrix(3, 4, 1, function.low, function.high);
        const Matrix<double> v = random_matrix(3, 4, 2), u = random_matrix(3, 4, 3);
        const auto gradient = [&]<typename Scalar>(const Operation<Scalar>& f,
                                                   const Matrix<Scalar>& at) {
            Tape<Scalar> tape;
            const Variable<Scalar> point = tape.variable(at);
            const Variable<Scalar> y = f(std::span(&point, 1));
            tape.backward(y, random_matrix(y.rows(), y.cols(), 99).template cast<Scalar>());
            return Matrix<Scalar>(point.gradient());
        };
        const Matrix<double> product =
            derivatives_of(gradient(function.dual, Matrix<Dual<double>>(dual_matrix(x, v))));
        Matrix<std::complex<double>> moved(3, 4);
        for (Index i = 0; i < x.size(); ++i)
            moved.data()[i] = {x.data()[i], kComplexStepLength * v.data()[i]};
        const Matrix<double> reference =
            gradient(function.complex, moved).imag() / kComplexStepLength;
        CHECK((product - reference).cwiseAbs().maxCoeff() <=
              1e-12 * std::max(1.0, reference.cwiseAbs().maxCoeff()));
        const Matrix<double> other =
            derivatives_of(gradient(function.dual, Matrix<Dual<double>>(dual_matrix(x, u))));
        CHECK(std::abs(product.cwiseProduct(u).sum() - other.cwiseProduct(v).sum()) <=
              1e-12 * std::max(1.0, product.norm() * u.norm()));
    }
}

TEST_CASE("Second derivatives: single numbers on the tape have them too") {
    const auto f = [](const auto& x) { return exp(x) * sin(x) + x / (x * x + 1.0); };
    for (const double at : {-0.7, 0.0, 1.3}) {
        Tape<Dual<double>> tape;
        const auto x = tape.variable(Dual<double>(at, 1.0));
        tape.backward(f(x));
        const double expected =
            2 * std::exp(at) * std::cos(at) + 2 * at * (at * at - 3) / std::pow(at * at + 1, 3);
        CHECK(x.gradient()(0, 0).derivative == Approx(expected).epsilon(1e-13).margin(1e-14));
    }
}
