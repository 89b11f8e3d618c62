// The Fourier transform against its definition, its adjoint, and many threads at once.

#include <mgan/audio/fft.hpp>
#include <mgan/autodiff/gradient_check.hpp>
#include <support/catch.hpp>

#include <cmath>
#include <complex>
#include <numbers>
#include <thread>
#include <vector>

using mgan::Index;
using mgan::Matrix;
using mgan::RealFft;
using mgan::Vector;

namespace {

/// Equation (1) of fft.hpp, term by term.
Matrix<double> direct(const Vector<double>& x) {
    const Index samples = x.size();
    Matrix<double> spectrum = Matrix<double>::Zero(2, samples / 2 + 1);
    for (Index k = 0; k < spectrum.cols(); ++k) {
        for (Index n = 0; n < samples; ++n) {
            const double angle = -2.0 * std::numbers::pi * static_cast<double>(k * n % samples) /
                                 static_cast<double>(samples);
            spectrum(0, k) += x(n) * std::cos(angle);
            spectrum(1, k) += x(n) * std::sin(angle);
        }
    }
    return spectrum;
}

const Index kLengths[] = {1, 2, 3, 4, 5, 8, 15, 30, 64, 97, 300};

}  // namespace

TEST_CASE("RealFft: the transform is the sum that defines it") {
    for (const Index samples : kLengths) {
        INFO(samples << " samples");
        const RealFft<double> fft(samples);
        const Vector<double> x = mgan::random_matrix(samples, 1, 1);
        const Vector<double> before = x;
        Matrix<double> spectrum(2, fft.bins());
        fft.forward(x.data(), spectrum.data());
        CHECK((spectrum - direct(x)).cwiseAbs().maxCoeff() <= 1e-13 * static_cast<double>(samples));
        CHECK(x == before);
        const RealFft<float> in_float(samples);
        const Vector<float> xf = x.cast<float>();
        Matrix<float> spectrum_float(2, in_float.bins());
        in_float.forward(xf.data(), spectrum_float.data());
        CHECK((spectrum_float.cast<double>() - spectrum).cwiseAbs().maxCoeff() <=
              1e-6 * std::sqrt(static_cast<double>(samples)));
    }
}

TEST_CASE("RealFft: <A x, y> is <x, A' y>") {
    for (const Index samples : kLengths) {
        INFO(samples << " samples");
        const RealFft<double> fft(samples);
        const Vector<double> x = mgan::random_matrix(samples, 1, 2);
        const Matrix<double> y = mgan::random_matrix(2, fft.bins(), 3);
        Matrix<double> forward(2, fft.bins()), scratch = y;
        fft.forward(x.data(), forward.data());
        Vector<double> adjoint(samples);
        fft.adjoint(scratch.data(), adjoint.data());
        const double left = forward.cwiseProduct(y).sum(), right = x.cwiseProduct(adjoint).sum();
        const double size = forward.norm() * y.norm();
        CHECK(std::abs(left - right) <= 1e-14 * size);
    }
}

TEST_CASE("RealFft: energy in time is energy in frequency (Parseval)") {
    for (const Index samples : {64, 97}) {
        const RealFft<double> fft(samples);
        const Vector<double> x = mgan::random_matrix(samples, 1, 4);
        Matrix<double> spectrum(2, fft.bins());
        fft.forward(x.data(), spectrum.data());
        double energy = 0.0;
        for (Index k = 0; k < fft.bins(); ++k) {
            const bool own_mirror = k == 0 || 2 * k == samples;
            energy += (own_mirror ? 1.0 : 2.0) * spectrum.col(k).squaredNorm();
        }
        const double expected = x.squaredNorm();
        CHECK(std::abs(energy / static_cast<double>(samples) - expected) <= 1e-13 * expected);
    }
}

TEST_CASE("RealFft: complex samples are transformed part by part") {
    using Complex = std::complex<double>;
    const Index samples = 30;
    const RealFft<Complex> fft(samples);
    const Vector<double> re = mgan::random_matrix(samples, 1, 5);
    const Vector<double> im = mgan::random_matrix(samples, 1, 6);
    Vector<Complex> x(samples);
    for (Index n = 0; n < samples; ++n) x(n) = {re(n), im(n)};
    Matrix<Complex> spectrum(2, fft.bins());
    fft.forward(x.data(), spectrum.data());
    CHECK((spectrum.real() - direct(re)).cwiseAbs().maxCoeff() <= 1e-12);
    CHECK((spectrum.imag() - direct(im)).cwiseAbs().maxCoeff() <= 1e-12);
}

TEST_CASE("RealFft: memory may lie at any address") {
    const Index samples = 64;
    const RealFft<float> fft(samples);
    const Vector<float> x = mgan::random_matrix<float>(samples, 1, 7);
    mgan::AlignedVector<float> at(200), out(200), expected(200);
    std::copy_n(x.data(), samples, at.data());
    fft.forward(at.data(), expected.data());
    for (const Index shift : {1, 2, 3}) {
        std::copy_n(x.data(), samples, at.data() + shift);
        fft.forward(at.data() + shift, out.data() + shift);
        for (Index k = 0; k < 2 * fft.bins(); ++k)
            CHECK(std::abs(out[static_cast<std::size_t>(k + shift)] -
                           expected[static_cast<std::size_t>(k)]) <= 1e-5F);
    }
}

TEST_CASE("RealFft: threads make plans and share them, and all get the same bits") {
    const Index samples = 1000;
    const RealFft<double> shared(samples);
    const Vector<double> x = mgan::random_matrix(samples, 1, 8);
    Matrix<double> expected(2, shared.bins());
    shared.forward(x.data(), expected.data());
    std::vector<Matrix<double>> results(8, Matrix<double>(2, shared.bins()));
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < results.size(); ++i) {
        threads.emplace_back([&, i] {
            for (int repeat = 0; repeat < 20; ++repeat) {
                const RealFft<double> own(samples), other(samples + repeat);
                (i % 2 == 0 ? shared : own).forward(x.data(), results[i].data());
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    for (const Matrix<double>& result : results) CHECK(result == expected);
}

TEST_CASE("RealFft: a length without meaning is refused by name") {
    CHECK_THROWS_AS(RealFft<float>(0), mgan::ConfigError);
    CHECK_THROWS_AS(RealFft<float>(-5), mgan::ConfigError);
}
