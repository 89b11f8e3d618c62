#pragma once
// Matrices of small integers: every product and sum of them is exact, so that the fast and the
// plain kernels must agree to the bit.

#include <mgan/core/random.hpp>
#include <mgan/tensor/matrix.hpp>

namespace mgan_test {

template <typename Scalar>
mgan::Matrix<Scalar> integers(mgan::Index rows, mgan::Index columns, std::uint64_t seed) {
    const mgan::Random random(seed, "integers");
    mgan::Matrix<Scalar> m(rows, columns);
    for (mgan::Index i = 0; i < m.size(); ++i) {
        m.data()[i] = static_cast<mgan::RealOf<Scalar>>(
            static_cast<int>(random.integer(static_cast<std::uint64_t>(i), 17)) - 8);
    }
    return m;
}

}  // namespace mgan_test
