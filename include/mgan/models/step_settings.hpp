#pragma once
/// \file
/// The sizes of the step-quantile generator and of its discriminator.

#include <mgan/tensor/matrix.hpp>

namespace mgan::inline MGAN_ABI {

/// The sizes of a generator with step heads (step_generator.hpp) that do not follow from its
/// vocabulary.
struct StepGeneratorSettings {
    Index embedding = 24;        ///< numbers for each component of a source, and for a phase
    Index input = 100;           ///< units of (2)
    Index hidden = 100;          ///< H
    Index layers = 2;            ///< of the LSTM
    Index head = 100;            ///< hidden units of each head
    Index noise = 0;             ///< Z, rows of w_t; 0: no noise path
    Index mapping_layers = 0;    ///< of the noise path's mapping network
    Index plane_length = 0;      ///< T of the mapping network
    Index convolution = 0;       ///< window over the noise plane, odd; 0: none
    Index attention_heads = 0;   ///< 0: none
    Index attention_window = 0;  ///< steps that a step sees; 0: all
    bool attention_residual = true;
    bool closed_loop = true;  ///< (1) reads what the song is so far; false: zeros in its place
};

/// The same of its discriminator (step_discriminator.hpp).
struct StepDiscriminatorSettings {
    Index embedding = 24;
    Index input = 100;   ///< units of (1)
    Index hidden = 100;  ///< H of the LSTM
    Index layers = 1;
    Index answer = 96;  ///< units of (4)
};

}  // namespace mgan::inline MGAN_ABI
