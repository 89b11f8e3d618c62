#include "operation_check.hpp"

#include <support/catch.hpp>

using namespace mgan;

TEST_CASE("Operations that arrange entries have right gradients") {
    const Matrix<double> m = random_matrix(4, 6, 1), n = random_matrix(4, 6, 2),
                         row = random_matrix(1, 6, 3);
    const std::array<Index, 7> words{3, 0, 3, 5, 1, 3, 0};
    MGAN_CHECK_OPERATION(
        [](const auto& x) {
            const auto parts = split_rows(x, {1, 3});
            return parts[0] * parts[1];
        },
        m);
    MGAN_CHECK_OPERATION(
        [](const auto& x) {
            const auto parts = split_columns(x, {3, 0, 3});
            return parts[0] * sin(parts[2]);
        },
        m);
    MGAN_CHECK_OPERATION(
        [](const auto& x, const auto& y) {
            return sin(stack({x, y, x * y}));
        },
        m, n);
    MGAN_CHECK_OPERATION([](const auto& x) { return exp(pad(x, {1, 2, 3, 0}, 0.5)); }, m);
    MGAN_CHECK_OPERATION([](const auto& x) { return flip_rows(x) * x; }, m);
    MGAN_CHECK_OPERATION([](const auto& x) { return flip_columns(x) * x; }, m);
    MGAN_CHECK_OPERATION([](const auto& x) { return flip_columns(x, 2) * x; }, m);
    MGAN_CHECK_OPERATION([](const auto& x) { return sin(broadcast_to(x, 3, 6)); }, row);
    MGAN_CHECK_OPERATION(
        [&](const auto& x) { return sin(embedding(x, std::span<const Index>(words))); }, m);
    MGAN_CHECK_OPERATION([](const auto& x) { return sin(cumulative_sum_rows(x)); }, m);
    MGAN_CHECK_OPERATION([](const auto& x) { return sin(cumulative_sum_columns(x)); }, m);
    MGAN_CHECK_OPERATION([](const auto& x) { return sin(cumulative_sum_columns(x, 2)); }, m);
    MGAN_CHECK_OPERATION(
        [](const auto& x, const auto& y) { return matmul_blocks(x, transpose(y), 1); }, m, n);
    MGAN_CHECK_OPERATION([](const auto& x, const auto& y) { return matmul_blocks(x, y, 3); },
                         random_matrix(5, 6, 4), random_matrix(2, 12, 5));
}

TEST_CASE("Operations that arrange entries put them where they say") {
    Tape<double> tape;
    Matrix<double> m(2, 4);
    m << 1, 2, 3, 4, 5, 6, 7, 8;
    const Variable<double> x = tape.variable(m);
    CHECK(split_rows(x, {1, 1})[1].value() == m.row(1));
    CHECK(split_columns(x, {1, 3})[1].value() == m.rightCols(3));
    CHECK(stack({x, 2.0 * x}).value().col(1) == 2 * m.reshaped());
    const Matrix<double> framed = pad(x, {1, 0, 0, 2}, 9.0).value();
    CHECK(framed.rows() == 3);
    CHECK(framed.cols() == 6);
    CHECK(framed.bottomLeftCorner(2, 4) == m);
    CHECK(framed(0, 0) == 9);
    CHECK(flip_rows(x).value() == m.colwise().reverse());
    CHECK(flip_columns(x).value() == m.rowwise().reverse());
    Matrix<double> by_two(2, 4);
    by_two << 3, 4, 1, 2, 7, 8, 5, 6;
    CHECK(flip_columns(x, 2).value() == by_two);
    CHECK(broadcast_to(slice_rows(x, 0, 1), 3, 4).value() == m.row(0).replicate(3, 1));
    by_two << 1, 2, 4, 6, 5, 6, 12, 14;
    CHECK(cumulative_sum_columns(x, 2).value() == by_two);
    by_two << 1, 2, 3, 4, 6, 8, 10, 12;
    CHECK(cumulative_sum_rows(x).value() == by_two);
    const Matrix<double> blocks = matmul_blocks(x, x, 2).value();
    CHECK(blocks.leftCols(2) == m.leftCols(2) * m.leftCols(2));
    CHECK(blocks.rightCols(2) == m.rightCols(2) * m.rightCols(2));
    CHECK_THROWS_AS(split_rows(x, {1, 2}), ShapeError);
    CHECK_THROWS_AS(pad(x, {0, 0, -1, 0}), ShapeError);
    CHECK_THROWS_AS(flip_columns(x, 3), ShapeError);
    CHECK_THROWS_AS(broadcast_to(x, 3, 4), ShapeError);
    CHECK_THROWS_AS(matmul_blocks(x, x, 3), ShapeError);
}

TEST_CASE("Pooling has right values and gradients") {
    const Pool2dShape shape{.height = 5,
                            .width = 4,
                            .channels = 2,
                            .window_height = 2,
                            .window_width = 3,
                            .stride_height = 2,
                            .stride_width = 1};
    const Matrix<double> images = random_matrix(shape.in_rows(), 3, 1);
    MGAN_CHECK_OPERATION([&](const auto& x) { return max_pool2d(x, shape); }, images);
    MGAN_CHECK_OPERATION([&](const auto& x) { return mean_pool2d(x, shape); }, images);
    Tape<double> tape;
    const Variable<double> x = tape.variable(images);
    const Matrix<double> largest = max_pool2d(x, shape).value(),
                         mean = mean_pool2d(x, shape).value();
    REQUIRE(largest.rows() == 2 * 2 * 2);
    for (Index c = 0; c < 2; ++c) {
        for (Index a = 0; a < 2; ++a) {
            for (Index b = 0; b < 2; ++b) {
                double most = -2, total = 0;
                for (Index i = 0; i < 2; ++i) {
                    for (Index j = 0; j < 3; ++j) {
                        const double entry = images((c * 5 + 2 * a + i) * 4 + b + j, 1);
                        most = std::max(most, entry);
                        total += entry;
                    }
                }
                CHECK(largest((c * 2 + a) * 2 + b, 1) == most);
                CHECK(mean((c * 2 + a) * 2 + b, 1) == Approx(total / 6).epsilon(1e-14));
            }
        }
    }
    CHECK_THROWS_AS(max_pool2d(slice_rows(x, 0, 3), shape), ShapeError);
    CHECK_THROWS_AS(mean_pool2d(x, Pool2dShape{.window_height = 2}), ShapeError);
}
