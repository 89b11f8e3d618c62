#include "operation_check.hpp"

#include <support/catch.hpp>

using namespace mgan;

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
