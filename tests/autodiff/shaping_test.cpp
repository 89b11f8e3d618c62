#include "operation_check.hpp"

#include <support/catch.hpp>

using namespace mgan;

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
