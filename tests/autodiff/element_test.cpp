// Element-wise expressions become one step: values, gradients, and who may share.
#include "operation_check.hpp"

#include <mgan/autodiff/complex_step.hpp>
#include <mgan/tensor/kernels/functions.hpp>
#include <support/catch.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

using namespace mgan;

TEST_CASE("An expression of temporaries is one step, and a named one is kept") {
    Tape<double> tape;
    const Matrix<double> m = random_matrix(5, 7, 1);
    const Variable<double> x = tape.variable(m), y = tape.variable(m);
    tape.backward(sum(sigmoid(x) * y + tanh(y) * 2.0 - x / y));
    CHECK(tape.operations() == 1);
    CHECK(tape.size() == 2 + 8);
    const Matrix<double> once = x.gradient();
    const Variable<double> s = sigmoid(x), t = tanh(y);
    const Variable<double> z = s * y + t * 2.0 - x / y;
    tape.backward(sum(z));
    CHECK(tape.operations() == 4);  // s, t, z and the sum
    CHECK(x.gradient().isApprox(once, 1e-15));
    CHECK(s.gradient() == m);
    CHECK(z.gradient() == Matrix<double>::Ones(5, 7));
}

TEST_CASE("Copies and members are never taken over") {
    struct Holder {
        Variable<double> held;
        Variable<double> get() const { return held; }
    };
    Tape<double> tape;
    const Matrix<double> m = random_matrix(3, 4, 1);
    const Variable<double> x = tape.variable(m);
    const Holder holder{x * 2.0};
    const Variable<double> y = holder.get() * x + holder.get();  // 2 x^2 + 2 x
    tape.backward(sum(y));
    CHECK(x.gradient().isApprox(4 * m + Matrix<double>::Constant(3, 4, 2), 1e-14));
    CHECK(holder.held.gradient().isApprox(m + Matrix<double>::Ones(3, 4), 1e-14));
    CHECK(holder.held.value() == 2 * m);
    // The same with numbers.
    const Variable<double> a = tape.variable(3.0);
    const auto square = [h = a * a] { return h; };
    tape.backward(square() * a + square());  // a^3 + a^2
    CHECK(a.gradient()(0, 0) == 27 + 6);
}

TEST_CASE("A variable that was moved into an expression cannot be asked any more") {
    Tape<double> tape;
    const Variable<double> x = tape.variable(random_matrix(3, 4, 1));
    Variable<double> y = exp(x);
    const Variable<double> z = std::move(y) * 2.0;
    CHECK(z.value().isApprox((2 * x.value().array().exp()).matrix(), 1e-15));
    CHECK_THROWS_AS(y.value(), Error);     // NOLINT: that is the point
    CHECK_THROWS_AS(y * x, Error);         // NOLINT
    CHECK_THROWS_AS(y.gradient(), Error);  // NOLINT
    CHECK_THROWS_AS(tape.backward(y, Matrix<double>::Ones(3, 4)), Error);  // NOLINT
}

TEST_CASE("Sums of products are added up in one matrix, with the gradients of each") {
    const Matrix<double> w = random_matrix(4, 3, 1), u = random_matrix(4, 2, 2),
                         b = random_matrix(4, 1, 3), x = random_matrix(3, 5, 4),
                         h = random_matrix(2, 5, 5);
    const auto check = [&](const auto& f) { MGAN_CHECK_OPERATION(f, w, u, b, x, h); };
    check([](const auto& W, const auto& U, const auto& B, const auto& X, const auto& H) {
        return matmul(W, X) + matmul(U, H) + B;
    });
    check([](const auto& W, const auto& U, const auto& B, const auto& X, const auto& H) {
        return B + (matmul(W, X) + (tanh(B) * B + matmul(U, H)));
    });
    check([](const auto& W, const auto& U, const auto& B, const auto& X, const auto& H) {
        return tanh(matmul(W, X) + matmul(U, H)) * B + matmul(W, X) * 2.0;
    });
    check([](const auto& W, const auto& U, const auto& B, const auto& X, const auto& H) {
        const auto p = matmul(W, X);  // named: used twice
        return p * (B - p) + matmul(U, H) - sum(matmul(U, H) + B);
    });
    Tape<double> tape;
    const Variable<double> a = tape.variable(w), c = tape.variable(x), e = tape.variable(b);
    CHECK((matmul(a, c) + matmul(a, c) + e)
              .value()
              .isApprox((2 * w * x).colwise() + b.col(0), 1e-14));
}

TEST_CASE("Rows are read where they lie, or copied where they must be") {
    const Matrix<double> m = random_matrix(6, 5, 1), row = random_matrix(1, 5, 2);
    MGAN_CHECK_OPERATION(
        [](const auto& x, const auto& r) {
            const auto kept = slice_rows(x, 1, 2);
            return sigmoid(slice_rows(x, 0, 2)) * tanh(slice_rows(x, 4, 2)) * kept +
                   slice_rows(x, 3, 1) * r + sum(kept) + slice_rows(x, 2, 2) * slice_rows(x, 2, 2);
        },
        m, row);
}

TEST_CASE("Expressions work in blocks, whatever the shape") {
    // One row, one column, columns longer than a block, and more columns than fit one.
    for (const auto& [rows, cols] :
         {std::pair<Index, Index>{1, 1000}, {1000, 1}, {700, 3}, {3, 700}}) {
        Tape<double> tape;
        const Matrix<double> m = random_matrix(rows, cols, 1), column = random_matrix(rows, 1, 2),
                             row = random_matrix(1, cols, 3);
        const Variable<double> x = tape.variable(m), c = tape.variable(column),
                               r = tape.variable(row), s = tape.variable(0.5);
        const Variable<double> y = (x * c + r) * s - x;
        const Matrix<double> expected =
            (0.5 * ((m.array().colwise() * column.col(0).array()).rowwise() + row.row(0).array()) -
             m.array())
                .matrix();
        CHECK(y.value().isApprox(expected, 1e-14));
        const Matrix<double> weights = random_matrix(rows, cols, 4);
        tape.backward(y, weights);
        CHECK(c.gradient().isApprox((0.5 * weights.cwiseProduct(m)).rowwise().sum(), 1e-12));
        CHECK(r.gradient().isApprox(0.5 * weights.colwise().sum(), 1e-12));
        CHECK(s.gradient()(0, 0) ==
              Approx(weights.cwiseProduct(2 * (expected + m)).sum()).epsilon(1e-12));
        CHECK(sum(x * c + r).scalar() == Approx(2 * (expected + m).sum()).epsilon(1e-12));
    }
}

TEST_CASE("A very long expression is cut into several steps") {
    Tape<double> tape;
    const Variable<double> x = tape.variable(random_matrix(2, 3, 1));
    Variable<double> y = x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x +
                         x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x;
    tape.backward(sum(y));
    CHECK(x.gradient() == Matrix<double>::Constant(2, 3, 38));
    const Variable<double> a = tape.variable(2.0);
    const Variable<double> b =
        a * a + a * a + a * a + a * a + a * a + a * a + a * a + a * a + a * a;
    tape.backward(b);
    CHECK(a.gradient()(0, 0) == 36);
}

TEST_CASE("Numbers and matrices mix, in every order of recording") {
    const auto f = [](const auto& x, const auto& k) {
        const auto p = sum(x * x);  // a matrix of one entry
        const auto q = slice_columns(k, 0, 1) * 2.0;
        return p * q + x * q - sum(x) * p + mean(k);
    };
    MGAN_CHECK_OPERATION(f, random_matrix(3, 2, 1), random_matrix(1, 2, 2));
    Tape<double> tape;
    const Variable<double> a = tape.variable(0.5), b = tape.variable(-1.5);
    const Variable<double> x = tape.variable(random_matrix(2, 2, 1));
    const Variable<double> c = a * b + a;
    const Variable<double> m = x * c + b * a;
    const Variable<double> d = (a - b) * c;  // numbers again, after matrices
    const Variable<double> loss = sum(m * d) + d;
    tape.backward(loss);
    const auto value = [&](auto u, auto v) {
        using Scalar = decltype(u);
        const Scalar w = u * v + u, e = (u - v) * w;
        return Scalar(x.value().sum()) * w * e + 4.0 * v * u * e + e;
    };
    CHECK(loss.scalar() == Approx(value(0.5, -1.5)).epsilon(1e-14));
    CHECK(a.gradient()(0, 0) ==
          Approx(complex_step_derivative([&](auto u) { return value(u, decltype(u)(-1.5)); }, 0.5))
              .epsilon(1e-13));
    CHECK(b.gradient()(0, 0) ==
          Approx(complex_step_derivative([&](auto v) { return value(decltype(v)(0.5), v); }, -1.5))
              .epsilon(1e-13));
}

TEST_CASE("A constant view costs no copy, and refuses gaps") {
    Tape<float> tape;
    const Matrix<float> m = random_matrix<float>(4, 3, 1);
    const Variable<float> k = tape.constant_view(m), x = tape.variable(m);
    CHECK(k.value().data() == m.data());
    tape.backward(sum(k * x));
    CHECK(x.gradient() == m);
    CHECK_THROWS_AS(k.gradient(), Error);
    CHECK_THROWS_AS(tape.constant_view(m.topRows(2)), ShapeError);
}

TEST_CASE("Functions of many floats agree with the C library, at every length and far out") {
    for (const Index n : {1, 2, 3, 7, 8, 15, 16, 17, 100}) {
        std::vector<float> x(static_cast<std::size_t>(n)), y(x.size());
        for (std::size_t i = 0; i < x.size(); ++i) x[i] = -4.0f + 0.37f * float(i);
        kernels::exp_of_all(x.data(), y.data(), n);
        for (std::size_t i = 0; i < x.size(); ++i)
            CHECK(y[i] == Approx(std::exp(x[i])).epsilon(4e-7));
        kernels::sigmoid_of_all(x.data(), y.data(), n);
        for (std::size_t i = 0; i < x.size(); ++i)
            CHECK(y[i] == Approx(1 / (1 + std::exp(-x[i]))).epsilon(4e-7));
        kernels::tanh_of_all(x.data(), y.data(), n);
        for (std::size_t i = 0; i < x.size(); ++i)
            CHECK(y[i] == Approx(std::tanh(x[i])).epsilon(4e-7).margin(1e-9));
    }
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    const std::vector<float> far{-kInfinity, -200,  -100, -88, -80,      0,
                                 80,         88.5f, 89,   200, kInfinity};
    std::vector<float> y(far.size());
    kernels::exp_of_all(far.data(), y.data(), static_cast<Index>(far.size()));
    for (std::size_t i = 0; i < far.size(); ++i) {
        INFO(far[i]);
        const float exact = std::exp(far[i]);
        if (std::isinf(exact)) {
            CHECK(y[i] == exact);
        } else {
            CHECK(y[i] == Approx(exact).epsilon(1e-6).margin(2e-45));
        }
    }
    float nan = std::numeric_limits<float>::quiet_NaN();
    kernels::exp_of_all(&nan, &nan, 1);
    CHECK(std::isnan(nan));
}
