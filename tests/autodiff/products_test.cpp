#include "operation_check.hpp"

#include <support/catch.hpp>

using namespace mgan;

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
