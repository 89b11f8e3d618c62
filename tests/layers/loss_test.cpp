// Losses and activations at their special points: clamps, kinks, the far ends.

#include <mgan/layers/loss.hpp>
#include <support/catch.hpp>

#include <cmath>
#include <limits>

using mgan::cross_entropy;
using mgan::generator_loss;
using mgan::GeneratorLoss;
using mgan::LossValue;
using mgan::Matrix;
using mgan::negative_log;

TEST_CASE("The logarithm is clamped at 1e-7, where the loss is flat") {
    const LossValue<double> zero = negative_log(0.0), below = negative_log(0.9e-7),
                            above = negative_log(1.1e-7);
    CHECK(zero.value == Approx(-std::log(1e-7)).epsilon(1e-15));
    CHECK(zero.derivative == 0.0);
    CHECK(below.value == zero.value);
    CHECK(below.derivative == 0.0);
    CHECK(above.value < zero.value);
    CHECK(above.derivative == Approx(-1.0 / 1.1e-7).epsilon(1e-15));
    CHECK(negative_log(1.0).value == 0.0);
    CHECK(negative_log(1.0).derivative == -1.0);
}

TEST_CASE("The losses of a GAN are finite where the discriminator is sure, right or wrong") {
    for (const double d : {0.0, 1e-300, 1e-12, 0.5, 1.0 - 1e-12, 1.0}) {
        for (const double label : {0.0, 0.9, 1.0}) {
            const LossValue<double> loss = cross_entropy(d, label);
            CHECK(std::isfinite(loss.value));
            CHECK(std::isfinite(loss.derivative));
            CHECK(loss.value >= 0.0);
        }
        for (const GeneratorLoss kind :
             {GeneratorLoss::saturating, GeneratorLoss::non_saturating}) {
            const LossValue<double> loss = generator_loss(d, kind);
            CHECK(std::isfinite(loss.value));
            CHECK(std::isfinite(loss.derivative));
            CHECK(loss.derivative <= 0.0);  // more convincing is never worse
        }
    }
    CHECK(cross_entropy(1.0, 1.0).value == 0.0);
    CHECK(cross_entropy(0.0, 0.0).value == 0.0);
    CHECK(cross_entropy(0.5, 1.0).value == Approx(std::log(2.0)).epsilon(1e-15));
    // At its own label the smoothed loss is lowest.
    CHECK(std::abs(cross_entropy(0.9, 0.9).derivative) < 1e-14);
}

TEST_CASE("The two losses of the generator are log(1 - D) and -log D") {
    for (const double d : {0.01, 0.3, 0.99}) {
        CHECK(generator_loss(d, GeneratorLoss::saturating).value ==
              Approx(std::log(1.0 - d)).epsilon(1e-14));
        CHECK(generator_loss(d, GeneratorLoss::saturating).derivative ==
              Approx(-1.0 / (1.0 - d)).epsilon(1e-14));
        CHECK(generator_loss(d, GeneratorLoss::non_saturating).value ==
              Approx(-std::log(d)).epsilon(1e-14));
        CHECK(generator_loss(d, GeneratorLoss::non_saturating).derivative ==
              Approx(-1.0 / d).epsilon(1e-14));
    }
}

TEST_CASE("Squared error and pinball loss are zero, and flat, at their targets") {
    const Matrix<double> y = Matrix<double>::Constant(3, 2, 0.25);
    const Matrix<double> level = Matrix<double>::Constant(3, 2, 0.7);
    Matrix<double> dy = Matrix<double>::Ones(3, 2);
    CHECK(mgan::squared_error<double>(y, y, 0.5, dy) == 0.0);
    CHECK(dy.isZero(0.0));
    dy.setOnes();
    CHECK(mgan::pinball<double>(y, y, level, 0.5, dy) == 0.0);
    CHECK(dy.isZero(0.0));
}

TEST_CASE("Pinball loss: an answer below the target costs z, one above costs 1 - z") {
    const Matrix<double> target = Matrix<double>::Zero(1, 2);
    Matrix<double> y(1, 2), dy(1, 2);
    y << -1.0, 1.0;
    const Matrix<double> level = Matrix<double>::Constant(1, 2, 0.7);
    CHECK(mgan::pinball<double>(y, target, level, 1.0, dy) == Approx(0.7 + 0.3).epsilon(1e-15));
    CHECK(dy(0, 0) == Approx(-0.7).epsilon(1e-15));
    CHECK(dy(0, 1) == Approx(0.3).epsilon(1e-15));
}

TEMPLATE_TEST_CASE("Sigmoid and softplus neither overflow nor lose small values", "", float,
                   double) {
    using Limits = std::numeric_limits<TestType>;
    const TestType huge = Limits::max();
    CHECK(mgan::sigmoid(huge) == TestType(1));
    CHECK(mgan::sigmoid(-huge) == TestType(0));
    CHECK(mgan::sigmoid(TestType(0)) == TestType(0.5));
    CHECK(mgan::sigmoid(TestType(-30)) == Approx(std::exp(-30.0)).epsilon(1e-5));
    CHECK(mgan::softplus(huge) == huge);
    CHECK(mgan::softplus(-huge) == TestType(0));
    CHECK(mgan::softplus(TestType(-30)) == Approx(std::exp(-30.0)).epsilon(1e-5));
    CHECK(mgan::softplus(TestType(0)) == Approx(std::log(2.0)).epsilon(1e-6));
}

TEST_CASE("ReLU is flat at zero") {
    Matrix<double> y(1, 3);
    y << 0.0, -0.0, 2.0;
    mgan::activate<double>(mgan::Activation::relu, y);
    CHECK(y(0, 0) == 0.0);
    CHECK(y(0, 2) == 2.0);
    Matrix<double> dy = Matrix<double>::Ones(1, 3);
    mgan::activate_backward<double>(mgan::Activation::relu, y, dy);
    CHECK(dy(0, 0) == 0.0);
    CHECK(dy(0, 1) == 0.0);
    CHECK(dy(0, 2) == 1.0);
}

TEST_CASE("The losses of a logit are those of its sigmoid, and go on where that is 0 or 1") {
    for (const double a : {-12.0, -3.0, -0.1, 0.0, 0.1, 3.0, 12.0}) {
        const double d = mgan::sigmoid(a), slope = d * (1.0 - d);
        for (const double label : {0.0, 0.9, 1.0}) {
            const LossValue<double> loss = mgan::logit_cross_entropy(a, label);
            CHECK(loss.value == Approx(cross_entropy(d, label).value).epsilon(1e-9));
            CHECK(loss.derivative ==
                  Approx(cross_entropy(d, label).derivative * slope).epsilon(1e-9).margin(1e-15));
        }
        for (const GeneratorLoss kind :
             {GeneratorLoss::saturating, GeneratorLoss::non_saturating}) {
            const LossValue<double> loss = mgan::logit_generator_loss(a, kind);
            CHECK(loss.value == Approx(generator_loss(d, kind).value).epsilon(1e-9));
            CHECK(loss.derivative ==
                  Approx(generator_loss(d, kind).derivative * slope).epsilon(1e-9));
        }
    }
    CHECK(mgan::logit_cross_entropy(-1000.0, 1.0).value == 1000.0);
    CHECK(mgan::logit_cross_entropy(-1000.0, 1.0).derivative == -1.0);
    CHECK(mgan::logit_generator_loss(-1000.0, GeneratorLoss::non_saturating).derivative == -1.0);
}

TEST_CASE(
    "The relativistic loss asks for the greater logit, and is deaf to what all have in common") {
    Matrix<double> a(1, 4), da(1, 4), moved(1, 4);
    a << 1.0, -0.5, 0.25, 2.0;  // two real songs, two generated ones
    const auto loss_of = [&](const Matrix<double>& logits) {
        return mgan::relativistic_loss<double>(logits, 0.5, da);
    };
    double by_hand = 0.0;
    for (const double real : {1.0, -0.5})
        for (const double generated : {0.25, 2.0})
            by_hand += 0.25 * std::log1p(std::exp(generated - real));
    CHECK(loss_of(a) == Approx(by_hand).epsilon(1e-14));
    CHECK(std::abs(da.sum()) < 1e-15);
    CHECK(da.leftCols(2).maxCoeff() < 0.0);  // real songs rise
    CHECK(da.rightCols(2).minCoeff() > 0.0);
    moved = a.array() + 7.0;
    CHECK(loss_of(moved) == Approx(by_hand).epsilon(1e-14));
    a << 1000.0, 1000.0, -1000.0, -1000.0;
    CHECK(loss_of(a) == 0.0);
    a = -a;
    CHECK(loss_of(a) == 2000.0);  // 0.5 times two real songs, each 2000 behind
}
