#pragma once
// Sequences of random numbers, for tests.

#include <mgan/core/random.hpp>
#include <mgan/tensor/sequence.hpp>

namespace mgan_test {

/// [T, B, F], uniform on [low, high).
template <typename Scalar>
mgan::Sequence<Scalar> random_sequence(mgan::Index steps, mgan::Index batch, mgan::Index features,
                                       const mgan::Random& random, double low = 0.0,
                                       double high = 1.0) {
    mgan::Sequence<Scalar> x(steps, batch, features);
    for (mgan::Index i = 0; i < x.size(); ++i)
        x.data()[i] = static_cast<Scalar>(random.uniform(static_cast<std::uint64_t>(i), low, high));
    return x;
}

}  // namespace mgan_test
