#pragma once
/// \file
/// Which losses there are to choose from; loss.hpp and feature_matching.hpp compute them.

#include <mgan/core/version.hpp>

namespace mgan::inline MGAN_ABI {

/// The two losses a generator can be trained with (section 3.1.3 and Goodfellow et al. 2014).
enum class GeneratorLoss {
    saturating,      ///< log(1 - D): the paper's equation (3); flat where D is sure
    non_saturating,  ///< -log D: the same fixed point, steep where D is sure
};

/// What a discriminator that answers after every event is trained with (loss.hpp).
enum class DiscriminatorLoss {
    cross_entropy,  ///< is this song real?
    relativistic,   ///< which of these two songs is the real one?
};

/// What is matched between real and generated songs (feature_matching.hpp).
enum class FeatureMatching { none, output, discriminator, batch_mean, energy };

}  // namespace mgan::inline MGAN_ABI
