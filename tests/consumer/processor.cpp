// Compiled twice, for two processors; see processors.cpp.
#include "processor.hpp"

#include <cmath>
#include <mgan/layers/lstm.hpp>

Steps MGAN_PROCESSOR(int steps) {
    constexpr mgan::Index kFeatures = 7, kHidden = 37, kBatch = 3;
    mgan::Lstm<float> lstm(kFeatures, kHidden);
    const auto fill = [](auto& weights, float phase) {
        for (mgan::Index i = 0; i < weights.size(); ++i)
            weights.data()[i] = 0.4F * std::sin(static_cast<float>(i) * 0.7F + phase);
    };
    fill(lstm.weight_ih, 0);
    fill(lstm.weight_hh, 1);
    fill(lstm.bias_ih, 2);
    mgan::LstmState<float> state;
    state.set_zero(kHidden, kBatch);
    mgan::Matrix<float> gates(4 * kHidden, kBatch);
    mgan::Matrix<float> x(kFeatures, kBatch);
    for (int t = 0; t < steps; ++t) {
        fill(x, static_cast<float>(t));
        lstm.step(x, state, gates);
    }
    return {mgan::kSimdName, {state.hidden.data(), state.hidden.data() + state.hidden.size()}};
}
