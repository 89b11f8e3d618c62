#include <mgan/tensor/product.hpp>
#include <support/catch.hpp>
#include <tensor/integers.hpp>

#include <complex>

using namespace mgan;
using mgan_test::integers;

namespace {

/// Every entry at its place, none beside the result written, strides of both sides heeded.
template <typename Scalar>
void check_sizes() {
    constexpr Index kPad = 3;
    for (const Index rows : {0, 1, 2, 3, 4, 7, 8, 9, 16, 17, 100}) {
        for (const Index columns : {0, 1, 2, 3, 5, 8, 15, 16, 33, 100}) {
            const Matrix<Scalar> a = integers<Scalar>(rows + kPad, columns + kPad, 1);
            Matrix<Scalar> result = integers<Scalar>(columns + kPad, rows + kPad, 2);
            Matrix<Scalar> expected = result;
            for (Index j = 0; j < columns; ++j)
                for (Index i = 0; i < rows; ++i) expected(j, i) = a(i, j);
            kernels::transpose<Scalar>(a.data(), a.outerStride(), result.data(),
                                       result.outerStride(), rows, columns);
            REQUIRE(result == expected);
        }
    }
}

}  // namespace

TEST_CASE("transpose: exact for all small sizes, and writes nothing beside the result") {
    check_sizes<float>();
    check_sizes<double>();
    check_sizes<std::complex<double>>();
}

TEST_CASE("transpose: takes the size of its argument, and conjugates nothing") {
    Matrix<std::complex<double>> w(1, 2), v = Matrix<std::complex<double>>::Zero(7, 7);
    w << std::complex<double>(1, 2), std::complex<double>(3, 4);
    transpose<std::complex<double>>(w, v);
    REQUIRE(v.rows() == 2);
    REQUIRE(v.cols() == 1);
    CHECK(v(0, 0) == std::complex<double>(1, 2));
    CHECK(v(1, 0) == std::complex<double>(3, 4));
}
