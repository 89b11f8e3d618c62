#include "operation_check.hpp"

#include <support/catch.hpp>

using namespace mgan;

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
