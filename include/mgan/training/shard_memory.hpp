#pragma once
/// \file
/// What a shard of a training with numeric heads works with.

#include <mgan/training/pf_step.hpp>

namespace mgan::inline MGAN_ABI {

/// The memory of one shard.
template <typename Scalar>
struct ShardMemory {
    using ScalarType = Scalar;

    AdversarialShard<Scalar> adversarial;
    PfShard<Scalar> pf;  ///< empty without PF classifier
};

}  // namespace mgan::inline MGAN_ABI
