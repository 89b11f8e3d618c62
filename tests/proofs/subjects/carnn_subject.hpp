#pragma once
// The generator of CARNN mGAN as a subject of support/gradient_proof.hpp: mapping network,
// convolution, LSTMs, attention and head. The song may be shorter than its noise plane.

#include <proofs/subjects/generator_subject.hpp>

namespace mgan_test {

/// Mapping, convolution, attention with two heads, all small.
struct CarnnSizes : GeneratorSizes {
    CarnnSizes() {
        config = {};
        config.features = 3;
        config.noise = 2;
        config.hidden = 4;
        config.head = 5;
        config.mapping_layers = 2;
        config.convolution = 5;
        config.attention_heads = 2;
    }
};

template <typename Scalar>
using CarnnSubject = GeneratorSubject<Scalar>;

}  // namespace mgan_test
