// What spectral normalisation computes.

#include <mgan/autodiff/gradient_check.hpp>
#include <mgan/layers/spectral_norm.hpp>
#include <support/allocation_counter.hpp>
#include <support/catch.hpp>

using mgan::Index;
using mgan::Matrix;
using mgan::Random;
using mgan::SpectralNorm;
using mgan::Vector;

TEST_CASE("Spectral norm: power iteration finds the largest singular value") {
    // W = a b^T has one singular value, |a| |b|; a diagonal has its largest entry.
    const Vector<double> a = mgan::random_matrix(5, 1, 1), b = mgan::random_matrix(3, 1, 2);
    const Matrix<double> rank_one = a * b.transpose();
    SpectralNorm<double> norm(5, 3, Random(1, "spectral_norm_test"));
    norm.iterate(rank_one);
    CHECK(norm.sigma(rank_one) == Approx(a.norm() * b.norm()).epsilon(1e-14));

    Matrix<double> diagonal = Matrix<double>::Zero(5, 3);
    diagonal(0, 0) = 0.5;
    diagonal(1, 1) = -3.0;
    diagonal(2, 2) = 1.0;
    norm.iterate(diagonal, 40);
    CHECK(norm.sigma(diagonal) == Approx(3.0).epsilon(1e-14));
}

TEST_CASE("Spectral norm: a normalised weight stretches nothing, and a scaled one is the same") {
    const Matrix<double> weight = mgan::random_matrix(8, 6, 3);
    SpectralNorm<double> norm(8, 6, Random(2, "spectral_norm_test"));
    norm.iterate(weight, 300);
    Matrix<double> normalised, scaled;
    norm.forward(weight, normalised);
    const Matrix<double> x = mgan::random_matrix(6, 50, 4);
    for (Index j = 0; j < x.cols(); ++j)
        CHECK((normalised * x.col(j)).norm() <= (1.0 + 1e-12) * x.col(j).norm());
    norm.forward(7.0 * weight, scaled);
    CHECK((scaled - normalised).cwiseAbs().maxCoeff() < 1e-15);
}

TEST_CASE("Spectral norm: a weight of zeros leaves u and v finite") {
    SpectralNorm<float> norm(3, 2, Random(3, "spectral_norm_test"));
    norm.iterate(Matrix<float>::Zero(3, 2), 2);
    CHECK(norm.u.allFinite());
    CHECK(norm.v.allFinite());
}

TEST_CASE("Spectral norm: u and v have PyTorch's names, and are no parameters") {
    SpectralNorm<float> norm(3, 2, Random(4, "spectral_norm_test"));
    std::string names;
    SpectralNorm<float>::visit_state(
        norm, [&](const mgan::ParameterName& name, auto&) { names += name.text() + " "; },
        mgan::ParameterName("parametrizations.weight.0."));
    CHECK(names == "parametrizations.weight.0._u parametrizations.weight.0._v ");
}

TEST_CASE("Spectral norm: a second pass allocates nothing") {
    if (!mgan_test::counts_malloc()) MGAN_SKIP("malloc cannot be counted in this build");
    const Matrix<float> weight = mgan::random_matrix<float>(40, 30, 5);
    Matrix<float> normalised, gradient = Matrix<float>::Zero(40, 30);
    SpectralNorm<float> norm(40, 30, Random(5, "spectral_norm_test"));
    const auto pass = [&] {
        norm.iterate(weight);
        const float sigma = norm.forward(weight, normalised);
        norm.backward(weight, normalised, sigma, gradient);
    };
    pass();
    CHECK(mgan_test::allocations_in(pass) == 0);
}

TEST_CASE("Spectral norm: a matrix of another size is refused") {
    SpectralNorm<float> norm(3, 2, Random(6, "spectral_norm_test"));
    CHECK_THROWS_WITH(norm.iterate(Matrix<float>::Zero(2, 3)),
                      "SpectralNorm::iterate: a matrix of 2 x 3, the norm is of one of 3 x 2");
}
