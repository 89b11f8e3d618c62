#pragma once
// The equations of the recurrent layers in the primitives of the tape: forward only, as one would
// write them on paper. The tape finds the gradients by itself.

#include <support/tape_proof.hpp>

namespace mgan_test {

/// One LSTM over the steps x (F x B each); the outputs in the order of time.
inline std::vector<Var> lstm_equations(const TapeBlocks& in, const std::string& prefix,
                                       const std::string& suffix, const std::vector<Var>& x, Var h,
                                       Var c, bool backwards = false) {
    const Index hidden = h.rows();
    std::vector<Var> outputs(x.size());
    for (std::size_t s = 0; s < x.size(); ++s) {
        const std::size_t t = backwards ? x.size() - 1 - s : s;
        const Var a = matmul(in[prefix + "weight_ih" + suffix], x[t]) +
                      matmul(in[prefix + "weight_hh" + suffix], h) +
                      in[prefix + "bias_ih" + suffix] + in[prefix + "bias_hh" + suffix];
        const Var i = sigmoid(slice_rows(a, 0, hidden));
        const Var f = sigmoid(slice_rows(a, hidden, hidden));
        const Var g = tanh(slice_rows(a, 2 * hidden, hidden));
        const Var o = sigmoid(slice_rows(a, 3 * hidden, hidden));
        c = f * c + i * g;
        h = o * tanh(c);
        outputs[t] = h;
    }
    return outputs;
}

/// `layers` bidirectional LSTMs; `states`: whether the subject has initial states.
inline std::vector<Var> bilstm_equations(const TapeBlocks& in, const std::string& prefix,
                                         std::vector<Var> x, Index hidden, Index layers,
                                         bool states) {
    for (Index k = 0; k < layers; ++k) {
        const std::string layer = "_l" + std::to_string(k);
        const auto state = [&](const std::string& name) {
            return states ? in[name + "_0" + layer] : in.zeros(hidden, x[0].cols());
        };
        const auto state_reverse = [&](const std::string& name) {
            return states ? in[name + "_0" + layer + "_reverse"] : in.zeros(hidden, x[0].cols());
        };
        const std::vector<Var> there = lstm_equations(in, prefix, layer, x, state("h"), state("c"));
        const std::vector<Var> back = lstm_equations(in, prefix, layer + "_reverse", x,
                                                     state_reverse("h"), state_reverse("c"), true);
        for (std::size_t t = 0; t < x.size(); ++t) x[t] = mgan::concat_rows({there[t], back[t]});
    }
    return x;
}

}  // namespace mgan_test
