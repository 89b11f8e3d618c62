#include "operation_check.hpp"

#include <support/catch.hpp>

#include <cmath>
#include <limits>

using namespace mgan;

namespace {

/// Random, near zero, and where an exponential would overflow.
const std::array<Matrix<double>, 3> kPoints{random_matrix(3, 5, 1, -2, 2),
                                            random_matrix(3, 5, 2, -1e-3, 1e-3),
                                            random_matrix(3, 5, 3, -40, 40)};

#define MGAN_CHECK_OPERATION(...)                                   \
    do {                                                            \
        const GradientReport report = check_operation(__VA_ARGS__); \
        INFO(report);                                               \
        CHECK(report.ok());                                         \
    } while (false)

}  // namespace

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
    const GradientReport report = check_operation<DerivativeMethods::kComplexStep>(
        [](const auto& v) { return relu(v) + max(v, 0.0) + abs(v - v); }, random_matrix(2, 2, 1));
    INFO(report);
    CHECK(report.ok());
}

TEST_CASE("Arithmetic has right gradients, with every way of broadcasting") {
    const Matrix<double> full = random_matrix(3, 4, 1, 0.5, 2);
    for (const auto& [rows, cols] : {std::pair{3, 4}, {3, 1}, {1, 4}, {1, 1}}) {
        const Matrix<double> part = random_matrix(rows, cols, 2, 0.5, 2);
        const auto both = [&](const auto& f) {
            MGAN_CHECK_OPERATION(f, full, part);
            MGAN_CHECK_OPERATION(f, part, full);
        };
        both([](const auto& a, const auto& b) { return a + b; });
        both([](const auto& a, const auto& b) { return a - b; });
        both([](const auto& a, const auto& b) { return a * b; });
        both([](const auto& a, const auto& b) { return a / b; });
        both([](const auto& a, const auto& b) { return pow(a, b); });
        both([](const auto& a, const auto& b) { return max(a, b); });
    }
    MGAN_CHECK_OPERATION([](const auto& a, const auto& b) { return a * b; }, random_matrix(3, 1, 3),
                         random_matrix(1, 4, 4));
    MGAN_CHECK_OPERATION([](const auto& a) { return 2.0 / (1.0 - a * 3.0) + (a + 1.0) / 2.0; },
                         random_matrix(2, 3, 5, -0.2, 0.2));
    MGAN_CHECK_OPERATION([](const auto& a) { return (2 - a) * (a - 1) + 4 * max(a, 1.0); },
                         random_matrix(2, 3, 5, 0.5, 2));
}

TEST_CASE("Arithmetic has the values of Eigen") {
    Tape<double> tape;
    const Matrix<double> m = random_matrix(3, 4, 1, 0.5, 2), n = random_matrix(3, 4, 2, 0.5, 2);
    const Vector<double> v = random_matrix(3, 1, 3);
    const Variable<double> a = tape.variable(m), b = tape.variable(n), c = tape.variable(v);
    CHECK((a + b).value() == m + n);
    CHECK((a - b).value() == m - n);
    CHECK((a * b).value() == m.cwiseProduct(n));
    CHECK((a / b).value() == m.cwiseQuotient(n));
    CHECK(pow(a, b).value().isApprox(m.array().pow(n.array()).matrix(), 1e-14));
    CHECK(max(a, b).value() == m.cwiseMax(n));
    CHECK((a + c).value() == m.colwise() + v);
    CHECK((2.0 - a).value() == (2.0 - m.array()).matrix());
    CHECK(matmul(transpose(a), b).value().isApprox(m.transpose() * n, 1e-14));
    CHECK(sum(a).scalar() == Approx(m.sum()).epsilon(1e-15));
    CHECK(mean(a).scalar() == Approx(m.mean()).epsilon(1e-15));
    CHECK(max(a).scalar() == m.maxCoeff());
    CHECK(row_sums(a).value().isApprox(m.rowwise().sum(), 1e-15));
    CHECK(column_sums(a).value().isApprox(m.colwise().sum(), 1e-15));
    const Matrix<double> s = softmax(1000.0 * a).value();  // would overflow without care
    CHECK(s.allFinite());
    CHECK(s.colwise().sum().isApprox(Matrix<double>::Ones(1, 4), 1e-15));
    const Matrix<double> e = m.array().exp().matrix();
    CHECK(softmax(a).value().isApprox(e.cwiseQuotient(e.colwise().sum().replicate(3, 1)), 1e-14));
}

TEST_CASE("Products and reductions have right gradients") {
    for (const auto& [m, k, n] : {std::array{3, 4, 5}, {1, 7, 1}, {5, 1, 2}, {20, 33, 17}}) {
        MGAN_CHECK_OPERATION([](const auto& a, const auto& b) { return matmul(a, b); },
                             random_matrix(m, k, 1), random_matrix(k, n, 2));
    }
    const Matrix<double> square = random_matrix(4, 4, 3), x = random_matrix(3, 5, 4, -2, 2);
    MGAN_CHECK_OPERATION([](const auto& a) { return matmul(a, a); }, square);
    MGAN_CHECK_OPERATION([](const auto& a) { return sum(a * a); }, x);
    MGAN_CHECK_OPERATION([](const auto& a) { return mean(a * a); }, x);
    MGAN_CHECK_OPERATION([](const auto& a) { return max(a * a); }, x);
    MGAN_CHECK_OPERATION([](const auto& a) { return row_sums(a * a); }, x);
    MGAN_CHECK_OPERATION([](const auto& a) { return column_sums(a * a); }, x);
    for (const Matrix<double>& point : kPoints)
        MGAN_CHECK_OPERATION([](const auto& a) { return softmax(a); }, point);
}

TEST_CASE("Operations that move entries have right values and gradients") {
    const Matrix<double> m = random_matrix(4, 6, 1), n = random_matrix(2, 6, 2),
                         p = random_matrix(4, 3, 3);
    const std::array<Index, 5> picks{3, 0, 3, 1, 3};
    Tape<double> tape;
    const Variable<double> a = tape.variable(m), b = tape.variable(n), c = tape.variable(p);
    CHECK(transpose(a).value() == m.transpose());
    CHECK(reshape(a, 8, 3).value() == m.reshaped(8, 3));
    CHECK(slice_columns(a, 2, 3).value() == m.middleCols(2, 3));
    CHECK(slice_rows(a, 1, 2).value() == m.middleRows(1, 2));
    CHECK(concat_rows({a, b}).value().bottomRows(2) == n);
    CHECK(concat_columns({a, c, a}).value().middleCols(6, 3) == p);
    CHECK(gather_columns<double>(a, picks).value().col(4) == m.col(3));
    CHECK(gather_rows<double>(a, picks).value().row(3) == m.row(1));
    CHECK(repeat_rows(b, 3).value().row(5) == n.row(1));

    MGAN_CHECK_OPERATION([](const auto& x) { return transpose(x) * transpose(x); }, m);
    MGAN_CHECK_OPERATION([](const auto& x) { return sin(reshape(x, 8, 3)); }, m);
    MGAN_CHECK_OPERATION(
        [](const auto& x) {
            // Two views that overlap, a view of a view, and the whole, all used at once.
            const auto left = slice_columns(x, 0, 4), right = slice_columns(x, 2, 4);
            return left * right + sum(x * x) + sum(exp(slice_columns(reshape(x, 12, 2), 1, 1)));
        },
        m);
    MGAN_CHECK_OPERATION([](const auto& x) { return slice_rows(x, 1, 2) * slice_rows(x, 2, 2); },
                         m);
    MGAN_CHECK_OPERATION(
        [](const auto& x, const auto& y) {
            return tanh(concat_rows({x, y, x * x}));
        },
        m, n);
    MGAN_CHECK_OPERATION(
        [](const auto& x, const auto& y) {
            return tanh(concat_columns({x, y, x * x}));
        },
        m, p);
    MGAN_CHECK_OPERATION(
        [&](const auto& x) {
            using Scalar = typename std::decay_t<decltype(x)>::ScalarType;
            return sin(gather_columns<Scalar>(x, picks));
        },
        m);
    MGAN_CHECK_OPERATION(
        [&](const auto& x) {
            using Scalar = typename std::decay_t<decltype(x)>::ScalarType;
            return sin(gather_rows<Scalar>(x, picks));
        },
        m);
    MGAN_CHECK_OPERATION([](const auto& x) { return sin(repeat_rows(x, 3)); }, n);
}

TEST_CASE("No gradient flows through stop_gradient, nor into a constant") {
    Tape<double> tape;
    const Variable<double> x = tape.variable(3.0), k = tape.constant(2.0);
    const Variable<double> y = stop_gradient(x);
    CHECK(y.scalar() == 3);
    tape.backward(x * y * k);
    CHECK(x.gradient()(0, 0) == 6);  // not 12
    CHECK_THROWS_AS(y.gradient(), Error);
    CHECK_THROWS_AS(k.gradient(), Error);
    tape.backward(y * k);  // depends on no variable at all
    CHECK(x.gradient()(0, 0) == 0);
}

TEST_CASE("conv2d has the values of the sum that defines it") {
    // One channel, 3 x 4, a kernel of 2 x 2 without pads: by hand.
    Tape<double> tape;
    Vector<double> image(12), kernel(4), expected(6);
    image << 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12;
    kernel << 1, -1, 2, 0.5;
    for (Index h = 0; h < 2; ++h)
        for (Index w = 0; w < 3; ++w)
            expected(h * 3 + w) = image(h * 4 + w) - image(h * 4 + w + 1) +
                                  2 * image(h * 4 + 4 + w) + 0.5 * image(h * 4 + 5 + w);
    const Conv2dShape shape{3, 4, 1, 1, 2, 2};
    CHECK(conv2d(tape.constant(image), tape.constant(kernel.transpose()), shape).value() ==
          expected);
    // A 3 x 3 kernel that is 1 in the middle, with equal size: the image itself, for each channel.
    const Conv2dShape same = Conv2dShape::same(3, 2, 2, 2, 3, 3);
    const Matrix<double> images = random_matrix(12, 3, 1);
    Matrix<double> identity = Matrix<double>::Zero(2, 18), bias(2, 1);
    identity(0, 4) = identity(1, 13) = 1;
    bias << 0.5, -2;
    const Matrix<double> out =
        conv2d(tape.constant(images), tape.constant(identity), tape.constant(bias), same).value();
    CHECK(out.topRows(6) == (images.topRows(6).array() + 0.5).matrix());
    CHECK(out.bottomRows(6) == (images.bottomRows(6).array() - 2).matrix());
}

TEST_CASE("conv2d has right gradients") {
    for (const Conv2dShape& s :
         {Conv2dShape{4, 5, 1, 1, 3, 2}, Conv2dShape::same(4, 3, 2, 3, 3, 3),
          Conv2dShape::same(3, 4, 1, 1, 5, 5), Conv2dShape{3, 3, 2, 2, 2, 3, 2, 1}}) {
        const Matrix<double> x = random_matrix(s.in_rows(), 3, 1);
        const Matrix<double> k = random_matrix(s.out_channels, s.kernel_cols(), 2);
        const Matrix<double> b = random_matrix(s.out_channels, 1, 3);
        MGAN_CHECK_OPERATION([&](const auto& in, const auto& kernel,
                                 const auto& bias) { return tanh(conv2d(in, kernel, bias, s)); },
                             x, k, b);
    }
}

TEST_CASE("A tape of floats gives what a tape of doubles gives, to the precision of floats") {
    const auto gradient = [](auto zero) {
        using Scalar = decltype(zero);
        Tape<Scalar> tape;
        const auto w = tape.variable(random_matrix<Scalar>(4, 3, 1));
        const auto x = tape.constant(random_matrix<Scalar>(3, 5, 2));
        const auto h = tanh(matmul(w, x)) * sigmoid(matmul(w, x)) + softplus(matmul(w, x));
        tape.backward(mean(softmax(h) * exp(2 * sin(h)) / (1 + h * h)));
        return Matrix<double>(w.gradient().template cast<double>());
    };
    CHECK(gradient(0.0f).isApprox(gradient(0.0), 1e-5));
}
