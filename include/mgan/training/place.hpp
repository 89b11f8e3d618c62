#pragma once
/// \file
/// Where a training is.

#include <mgan/core/version.hpp>

#include <cstdint>

namespace mgan::inline MGAN_ABI {

/// Where a training is.
struct TrainingPlace {
    std::int64_t epoch = 1;  ///< that is under way, from 1, through both phases
    std::int64_t step = 0;   ///< minibatches of it that are done
};

}  // namespace mgan::inline MGAN_ABI
