// ReLU without jumps is ReLU: the same bits for every number, at every length and place.
#include <mgan/layers/activation.hpp>
#include <mgan/tensor/kernels/relu.hpp>
#include <support/catch.hpp>

#include <bit>
#include <complex>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

using namespace mgan;

namespace {

template <typename Real>
using BitsOf = std::conditional_t<sizeof(Real) == 4, std::uint32_t, std::uint64_t>;

template <typename Real>
std::vector<Real> odd_numbers() {
    using Limits = std::numeric_limits<Real>;
    return {Real(1),
            Real(-1),
            Real(0),
            Real(-0.0),
            Limits::min(),
            -Limits::min(),
            Limits::max(),
            -Limits::max(),
            Limits::denorm_min(),
            -Limits::denorm_min(),
            Limits::infinity(),
            -Limits::infinity(),
            Limits::quiet_NaN(),
            Real(0.25),
            Real(-7.5)};
}

template <typename Real>
bool same_bits(const std::vector<Real>& a, const std::vector<Real>& b) {
    for (std::size_t i = 0; i < a.size(); ++i)
        if (std::bit_cast<BitsOf<Real>>(a[i]) != std::bit_cast<BitsOf<Real>>(b[i])) return false;
    return a.size() == b.size();
}

template <typename Real>
void check_kernel() {
    const std::vector<Real> odd = odd_numbers<Real>();
    for (std::size_t size = 0; size < 70; ++size) {
        INFO("size " << size);
        std::vector<Real> sign(size), x(size);
        for (std::size_t i = 0; i < size; ++i) {
            sign[i] = odd[(3 * i + size) % odd.size()];
            x[i] = odd[(7 * i + 2 * size) % odd.size()];
        }
        std::vector<Real> expected = x, itself = sign;
        for (std::size_t i = 0; i < size; ++i) {
            if (!(sign[i] > 0)) expected[i] = 0;
            if (!(itself[i] > 0)) itself[i] = 0;
        }
        const auto count = static_cast<Index>(size);
        kernels::keep_where_positive<Real>(sign.data(), x.data(), count);
        CHECK(same_bits(x, expected));
        kernels::keep_where_positive<Real>(sign.data(), sign.data(), count);
        CHECK(same_bits(sign, itself));
    }
}

}  // namespace

TEST_CASE("ReLU: of any number, at any length, what is not positive is +0, and the rest stays") {
    check_kernel<float>();
    check_kernel<double>();
}

TEST_CASE("ReLU: a part of a matrix leaves the rest of it alone") {
    for (const Index rows : {1, 5, 16, 19, 40}) {
        Matrix<float> y(rows + 3, 4), d(rows + 5, 4);
        for (Index i = 0; i < y.size(); ++i) y.data()[i] = static_cast<float>(i % 5 - 2);
        for (Index i = 0; i < d.size(); ++i) d.data()[i] = static_cast<float>(i + 1);
        Matrix<float> expected = d;
        for (Index j = 0; j < 4; ++j)
            for (Index i = 0; i < rows; ++i)
                if (y(1 + i, j) <= 0.0f) expected(2 + i, j) = 0.0f;
        activate_backward<float>(Activation::relu, y.middleRows(1, rows), d.middleRows(2, rows));
        CHECK(d == expected);
        Matrix<float> values = y;
        activate<float>(Activation::relu, values.middleRows(1, rows));
        CHECK(values.topRows(1) == y.topRows(1));
        CHECK(values.bottomRows(2) == y.bottomRows(2));
        CHECK(values.middleRows(1, rows) == y.middleRows(1, rows).cwiseMax(0.0f));
    }
}

TEST_CASE("ReLU: of complex numbers the real part decides, as the complex step needs") {
    Matrix<std::complex<double>> x(3, 1);
    x << std::complex<double>(1.0, -2.0), std::complex<double>(-1.0, 2.0),
        std::complex<double>(0.0, 1.0);
    activate<std::complex<double>>(Activation::relu, x);
    CHECK(x(0) == std::complex<double>(1.0, -2.0));
    CHECK(x(1) == 0.0);
    CHECK(x(2) == 0.0);
}
