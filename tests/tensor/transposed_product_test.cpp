#include <mgan/core/random.hpp>
#include <mgan/tensor/kernels/softmax.hpp>
#include <mgan/tensor/sequence.hpp>
#include <mgan/tensor/transposed_product.hpp>
#include <support/catch.hpp>
#include <tensor/integers.hpp>

#include <complex>

using namespace mgan;
using mgan_test::integers;

namespace {

template <typename Scalar>
void check_all_small_sizes() {
    constexpr Index kPad = 3;
    for (const Index depth : {1, 2, 3, 4, 7, 8, 15, 16, 17, 25, 31, 32, 33, 100, 129}) {
        for (const Index rows : {1, 2, 3, 4, 5, 8, 11}) {
            for (const Index columns : {1, 2, 3, 4, 5, 8, 9}) {
                const Matrix<Scalar> a = integers<Scalar>(depth, rows, 1);
                const Matrix<Scalar> b = integers<Scalar>(depth, columns, 2);
                Matrix<Scalar> c = integers<Scalar>(rows + kPad, columns + kPad, 3);
                Matrix<Scalar> expected = c;
                expected.topLeftCorner(rows, columns) = a.transpose().lazyProduct(b);
                multiply_transposed<Scalar>(a, b, c.topLeftCorner(rows, columns));
                REQUIRE(c == expected);
            }
        }
    }
}

}  // namespace

TEST_CASE("multiply_transposed: exact for all small sizes, and writes nothing beside the result") {
    check_all_small_sizes<float>();
    check_all_small_sizes<double>();
    check_all_small_sizes<std::complex<double>>();
}

TEST_CASE("multiply_transposed: complex scalars are not conjugated") {
    using Complex = std::complex<double>;
    Matrix<Complex> a(1, 1), b(1, 1), c(1, 1);
    a << Complex(1, 2);
    b << Complex(3, 4);
    multiply_transposed<Complex>(a, b, c);
    CHECK(c(0, 0) == Complex(-5, 10));
}

TEST_CASE("multiply_transposed: an entry has the same bits whatever is computed beside it") {
    const Random random(5, "values");
    Matrix<float> a(57, 13), b(57, 11), together(13, 11), alone(1, 1);
    for (Index i = 0; i < a.size(); ++i)
        a.data()[i] = static_cast<float>(random.normal(static_cast<std::uint64_t>(i)));
    for (Index i = 0; i < b.size(); ++i)
        b.data()[i] = static_cast<float>(random.at(1).normal(static_cast<std::uint64_t>(i)));
    multiply_transposed<float>(a, b, together);
    for (Index i = 0; i < 13; ++i) {
        for (Index j = 0; j < 11; ++j) {
            multiply_transposed<float>(a.col(i), b.col(j), alone);
            REQUIRE(alone(0, 0) == together(i, j));
        }
    }
}

TEST_CASE("softmax: weights are positive, sum to one, and stand up to scores of any size") {
    for (const float size : {0.0f, 1.0f, 1e4f, 1e30f}) {
        Sequence<float> column(1, 1, 32);
        for (Index j = 0; j < 32; ++j) column(0, 0, j) = size * static_cast<float>(j % 7 - 3);
        kernels::softmax(column.data(), 2, 21);
        float sum = 0.0f;
        for (Index j = 0; j < 32; ++j) {
            const float p = column(0, 0, j);
            REQUIRE((p >= 0.0f && p <= 1.0f));
            if (j < 2 || j >= 21) REQUIRE(p == 0.0f);
            sum += p;
        }
        CHECK(sum == Approx(1.0f).epsilon(1e-6));
    }
}

TEST_CASE("softmax: two equal scores share, and a constant added to all changes nothing") {
    Sequence<double> column(1, 1, 16), shifted(1, 1, 16);
    for (Index j = 0; j < 3; ++j) {
        column(0, 0, j) = j < 2 ? 0.5 : -1.0;
        shifted(0, 0, j) = column(0, 0, j) + 512.0;
    }
    kernels::softmax(column.data(), 0, 3);
    kernels::softmax(shifted.data(), 0, 3);
    const double small = std::exp(-1.5) / (2.0 + std::exp(-1.5));
    CHECK(column(0, 0, 0) == column(0, 0, 1));
    CHECK(column(0, 0, 2) == Approx(small).epsilon(1e-14));
    for (Index j = 0; j < 3; ++j) CHECK(shifted(0, 0, j) == Approx(column(0, 0, j)).epsilon(1e-14));
}
