#include <mgan/autodiff/complex_step.hpp>
#include <mgan/core/random.hpp>
#include <mgan/layers/feature_matching.hpp>

#include <support/catch.hpp>

using namespace mgan;
using Complex = std::complex<double>;

namespace {

template <typename Derived>
void fill(Derived&& matrix, const char* purpose) {
    const Random random(1, purpose);
    for (Index i = 0; i < matrix.rows(); ++i)
        for (Index j = 0; j < matrix.cols(); ++j)
            matrix(i, j) = random.normal(static_cast<std::uint64_t>(i * matrix.cols() + j));
}

Matrix<double> random_matrix(Index rows, Index columns, const char* purpose) {
    Matrix<double> matrix(rows, columns);
    fill(matrix, purpose);
    return matrix;
}

/// Compares the gradient that `distance(real, made, weight, d_made)` writes with the complex step.
template <typename Distance>
void check_gradient(Distance&& distance, Index features, Index real_count, Index generated_count) {
    const Matrix<double> real = random_matrix(features, real_count, "real");
    const Matrix<double> generated = random_matrix(features, generated_count, "made");
    const double weight = 0.37;
    Matrix<double> d_generated;
    distance(real, generated, weight, d_generated);
    const Vector<double> x = generated.reshaped();
    const Vector<double> expected = complex_step_gradient(
        [&](const Vector<Complex>& at) {
            const Matrix<Complex> complex_generated = at.reshaped(features, generated_count);
            const Matrix<Complex> complex_real = real.cast<Complex>();
            Matrix<Complex> unused;
            return distance(complex_real, complex_generated, weight, unused);
        },
        x);
    const Vector<double> got = d_generated.reshaped();
    CHECK((got - expected).cwiseAbs().maxCoeff() <= 1e-12 * expected.cwiseAbs().maxCoeff());
    CHECK(expected.cwiseAbs().maxCoeff() > 0.0);
}

const auto energy = [](const auto& real, const auto& generated, double weight, auto& d_generated) {
    using Scalar = typename std::remove_cvref_t<decltype(real)>::Scalar;
    return energy_distance<Scalar>(real, generated, weight, d_generated);
};
const auto mean = [](const auto& real, const auto& generated, double weight, auto& d_generated) {
    using Scalar = typename std::remove_cvref_t<decltype(real)>::Scalar;
    return mean_distance<Scalar>(real, generated, weight, d_generated);
};

}  // namespace

TEST_CASE("Feature matching: the gradients of the distances are those of the complex step") {
    for (const Index real : {1, 2, 5}) {
        for (const Index generated : {1, 3, 4}) {
            check_gradient(energy, 3, real, generated);
            check_gradient(mean, 3, real, generated);
        }
    }
    check_gradient(energy, 1, 2, 3);
}

TEST_CASE("Feature matching: the gradient of the paired distance is added to what is there") {
    Sequence<double> real(2, 3, 4), generated(2, 3, 4), d_generated(2, 3, 4);
    fill(real.all(), "real");
    fill(generated.all(), "made");
    d_generated.all().setConstant(10.0);
    const double value = paired_distance<double>(
        std::as_const(real).view(), std::as_const(generated).view(), 0.5, d_generated.view());
    const Matrix<double> difference = generated.all() - real.all();
    CHECK(value == Approx(0.5 * difference.squaredNorm()));
    const Matrix<double> error =
        d_generated.all() - Matrix<double>::Constant(4, 6, 10.0) - difference;
    CHECK(error.cwiseAbs().maxCoeff() < 1e-13);
}

TEST_CASE("Feature matching: the energy distance of a set with itself is 0, of others above it") {
    Matrix<double> unused;
    const Matrix<double> a = random_matrix(3, 6, "a");
    CHECK(energy_distance<double>(a, a, 1.0, unused) == Approx(0.0).margin(1e-14));
    CHECK(unused.cwiseAbs().maxCoeff() < 1e-14);  // and that is its least value
    const Matrix<double> b = random_matrix(3, 6, "b");
    CHECK(energy_distance<double>(a, b, 1.0, unused) > 0.0);
    // By hand, on a line: 2 mean|x - y| - mean|x - x'| - mean|y - y'|.
    Matrix<double> x(1, 2), y(1, 2);
    x << 0, 1;
    y << 2, 4;
    const double between = (2 + 4 + 1 + 3) / 4.0, within_x = 2 / 4.0, within_y = 4 / 4.0;
    CHECK(energy_distance<double>(x, y, 1.0, unused) == Approx(2 * between - within_x - within_y));
}

TEST_CASE("Feature matching: equal columns have a finite gradient") {
    Matrix<double> real = Matrix<double>::Ones(3, 2), generated = Matrix<double>::Ones(3, 2), d;
    CHECK(energy_distance<double>(real, generated, 1.0, d) == 0.0);
    CHECK(d.cwiseAbs().maxCoeff() == 0.0);
}

TEST_CASE("Feature matching: batch_mean does not see what energy sees") {
    Matrix<double> real(1, 2), generated(1, 2), unused;
    real << -1, 1;
    generated << 0, 0;  // equal means, collapsed
    CHECK(mean_distance<double>(real, generated, 1.0, unused) == 0.0);
    CHECK(energy_distance<double>(real, generated, 1.0, unused) == Approx(1.0));
}

TEST_CASE("Feature matching: pooling over time and its backward are adjoint") {
    Sequence<double> s(7, 3, 4), d_s(7, 3, 4);
    fill(s.all(), "s");
    Matrix<double> pooled;
    pool_over_time<double>(std::as_const(s).view(), pooled);
    for (Index b = 0; b < 3; ++b) {
        double sum = 0.0;
        for (Index t = 0; t < 7; ++t) sum += s(t, b, 2);
        CHECK(pooled(2, b) == Approx(sum / 7.0));
    }
    const Matrix<double> d_pooled = random_matrix(4, 3, "d pooled");
    pool_over_time_backward<double>(d_pooled, d_s.view());
    CHECK(pooled.cwiseProduct(d_pooled).sum() == Approx(s.all().cwiseProduct(d_s.all()).sum()));
}
