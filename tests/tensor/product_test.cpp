#include <mgan/core/random.hpp>
#include <mgan/tensor/product.hpp>
#include <support/catch.hpp>
#include <tensor/integers.hpp>

#include <complex>

using namespace mgan;
using mgan_test::integers;

namespace {

template <typename Scalar>
void check_all_small_sizes() {
    constexpr Index kPad = 3;  // canary rows below and columns beside the result
    for (const Index rows :
         {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 48, 63, 80, 81, 100, 163, 400}) {
        for (const Index columns : {1, 2, 3, 4, 5, 6, 9, 10, 11, 20}) {
            for (const Index depth : {0, 1, 2, 3, 8, 100, 257}) {
                const Matrix<Scalar> a = integers<Scalar>(rows, depth, 1);
                const Matrix<Scalar> b = integers<Scalar>(depth, columns, 2);
                const Matrix<Scalar> start = integers<Scalar>(rows + kPad, columns + kPad, 3);
                // (Eigen's own product of empty operands is what UBSan calls undefined.)
                Matrix<Scalar> product = Matrix<Scalar>::Zero(rows, columns);
                if (depth > 0) product = a.lazyProduct(b);

                Matrix<Scalar> c = start;
                multiply<Scalar>(a, b, c.topLeftCorner(rows, columns), Update::assign);
                Matrix<Scalar> expected = start;
                expected.topLeftCorner(rows, columns) = product;
                REQUIRE(c == expected);

                multiply<Scalar>(a, b, c.topLeftCorner(rows, columns), Update::add);
                expected.topLeftCorner(rows, columns) += product;
                REQUIRE(c == expected);

                const Matrix<Scalar> bt = b.transpose();
                c = start;
                add_outer_product<Scalar>(a, bt, c.topLeftCorner(rows, columns));
                expected = start;
                expected.topLeftCorner(rows, columns) += product;
                REQUIRE(c == expected);
            }
        }
    }
}

}  // namespace

TEST_CASE("multiply: float is exact for all small sizes and writes nothing beside the result") {
    check_all_small_sizes<float>();
}

TEST_CASE("multiply: double is exact for all small sizes and writes nothing beside the result") {
    check_all_small_sizes<double>();
}

TEST_CASE("multiply: complex scalars are not conjugated") {
    using Complex = std::complex<double>;
    Matrix<Complex> a(1, 1), b(1, 1), c(1, 1);
    a << Complex(1, 2);
    b << Complex(3, 4);
    c << Complex(0, 0);
    multiply<Complex>(a, b, c, Update::assign);
    CHECK(c(0, 0) == Complex(-5, 10));
    add_outer_product<Complex>(a, b, c);
    CHECK(c(0, 0) == Complex(-10, 20));
}

TEST_CASE("multiply: a sample's result does not depend on the batch around it") {
    const Random random(5, "values");
    Matrix<float> w(77, 41), x(41, 13);
    for (Index i = 0; i < w.size(); ++i)
        w.data()[i] = static_cast<float>(random.normal(static_cast<std::uint64_t>(i)));
    for (Index i = 0; i < x.size(); ++i)
        x.data()[i] = static_cast<float>(random.at(1).normal(static_cast<std::uint64_t>(i)));
    Matrix<float> together(77, 13), alone(77, 1);
    multiply<float>(w, x, together, Update::assign);
    for (Index b = 0; b < 13; ++b) {
        multiply<float>(w, x.col(b), alone, Update::assign);
        CHECK((alone.array() == together.col(b).array()).all());
    }
}
