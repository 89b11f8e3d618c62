#include <mgan/tensor/sequence.hpp>
#include <mgan/tensor/tensor.hpp>
#include <support/catch.hpp>

#include <complex>
#include <cstdint>

using namespace mgan;

TEST_CASE(
    "Tensor: the last index runs fastest, and the matrix has one column for each of the others") {
    Tensor<double> x({2, 3, 4});
    for (Index i = 0; i < 2; ++i)
        for (Index j = 0; j < 3; ++j)
            for (Index k = 0; k < 4; ++k) x(i, j, k) = static_cast<double>(100 * i + 10 * j + k);
    CHECK(x.data()[4] == 10);
    CHECK(x.data()[12] == 100);
    CHECK(x.matrix().rows() == 4);
    CHECK(x.matrix().cols() == 6);
    CHECK(x.matrix()(3, 4) == 113);
    CHECK(x.shape().text() == "[2, 3, 4]");
    CHECK(reinterpret_cast<std::uintptr_t>(x.data()) % kAlignment == 0);
}

TEST_CASE("Tensor: starts at zero, copies are deep, moves leave nothing behind") {
    Tensor<std::complex<double>> x({2, 2});
    CHECK(x(1, 1) == 0.0);
    Tensor<std::complex<double>> y = x;
    y(0, 1) = {1, 2};
    CHECK(x(0, 1) == 0.0);
    const Tensor<std::complex<double>> z = std::move(y);
    CHECK(z(0, 1) == std::complex<double>(1, 2));
    CHECK(y.size() == 0);  // NOLINT: moved from, on purpose
}

TEST_CASE("Tensor: resize within what was allocated stays in place, reshape keeps the values") {
    Tensor<float> x({4, 5});
    x(1, 0) = 7;
    const float* before = x.data();
    x.reshape({2, 2, 5});
    CHECK(x(0, 1, 0) == 7);
    x.resize({3, 5});
    x.resize({20});
    CHECK(x.data() == before);
    CHECK(x.size() == 20);
}

TEST_CASE("Tensor: shapes that cannot be are refused with both shapes named") {
    CHECK_THROWS_AS(Shape({1, 2, 3, 4, 5}), ShapeError);
    CHECK_THROWS_AS(Shape({2, -1}), ShapeError);
    Tensor<float> x({2, 3});
    CHECK_THROWS_WITH(x.reshape({4}), "Tensor::reshape: [2, 3] has 6 entries, [4] has 4");
    CHECK(x.shape() == Shape({2, 3}));
}

TEST_CASE("Tensor: none, one number and no entries are three things") {
    CHECK(Tensor<float>().size() == 0);
    Tensor<float> number(Shape{});
    CHECK(number.size() == 1);
    number() = 3;
    CHECK(number.matrix()(0, 0) == 3);
    CHECK(Tensor<float>({3, 0}).size() == 0);
    CHECK(Tensor<float>({3, 0}).matrix().cols() == 0);
}

TEST_CASE("Sequence: is a tensor of shape [T, B, F]") {
    Sequence<float> x(3, 2, 4);
    x(2, 1, 3) = 5;
    CHECK(x.tensor().shape() == Shape({3, 2, 4}));
    CHECK(x.tensor()(2, 1, 3) == 5);
}
