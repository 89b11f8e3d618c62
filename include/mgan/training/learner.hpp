#pragma once
/// \file
/// A net and the optimiser that moves it.

#include <mgan/optimisation/optimiser.hpp>

namespace mgan::inline MGAN_ABI {

template <typename Net>
struct Learner {
    Net net;
    Optimiser<typename Net::ScalarType> optimiser;
};

}  // namespace mgan::inline MGAN_ABI
