// The gradients of a chain: each layer's own, passed on in the right order.

#include <proofs/subjects/chain_subject.hpp>
#include <support/tape_proof.hpp>

using namespace mgan_test;

namespace {

const ChainSizes kSizes[] = {{3, 2}, {1, 1}, {7, 3}};

/// Layer k's parameter `name` of the subject.
Var parameter(const TapeBlocks& in, int k, const std::string& name) {
    return in[std::to_string(k) + "." + name];
}

}  // namespace

TEST_CASE("Chain: gradients of all layers' parameters and of the input are right") {
    for (const ChainSizes sizes : kSizes) {
        for (const Point point : kAllPoints) {
            ChainSubject<double> subject(sizes);
            fill(subject, point, 1);
            prove_by_differentiation(subject);
            prove_in_float(subject);
        }
    }
}

TEST_CASE("Chain: gradients of parameters add up, and a used cache is as good as a new one") {
    ChainSubject<double> subject({}), before({5, 3});
    fill(subject, Point::kRandom, 2);
    fill(before, Point::kRandom, 3);
    prove_accumulation(subject, before);
}

TEST_CASE("Chain agrees with the tape") {
    for (const ChainSizes sizes : kSizes) {
        ChainSubject<double> subject(sizes);
        fill(subject, Point::kRandom, 4);
        prove_by_tape(subject, [&](const TapeBlocks& in) {
            const Index n = sizes.hidden + 1, m = sizes.hidden, batch = sizes.batch;
            Var h = in.zeros(n, batch), c = in.zeros(n, batch), s = in.zeros(m, batch);
            std::vector<Var> outputs;
            for (const Var& x : in.steps("x", sizes.steps)) {
                const Var first =
                    tanh(matmul(parameter(in, 0, "weight"), x) + parameter(in, 0, "bias"));
                const Var a = matmul(parameter(in, 2, "weight_ih_l0"), first) +
                              parameter(in, 2, "bias_ih_l0") +
                              matmul(parameter(in, 2, "weight_hh_l0"), h) +
                              parameter(in, 2, "bias_hh_l0");
                const auto gate = [&](Index k) { return slice_rows(a, k * n, n); };
                c = sigmoid(gate(1)) * c + sigmoid(gate(0)) * tanh(gate(2));
                h = sigmoid(gate(3)) * tanh(c);
                const Var normalised =
                    layer_norm(h, parameter(in, 3, "weight"), parameter(in, 3, "bias"), 0.3);
                const Var i = matmul(parameter(in, 4, "weight_ih_l0"), normalised) +
                              parameter(in, 4, "bias_ih_l0");
                const Var r =
                    matmul(parameter(in, 4, "weight_hh_l0"), s) + parameter(in, 4, "bias_hh_l0");
                const auto part = [&](const Var& of, Index k) { return slice_rows(of, k * m, m); };
                const Var reset = sigmoid(part(i, 0) + part(r, 0));
                const Var update = sigmoid(part(i, 1) + part(r, 1));
                const Var candidate = tanh(part(i, 2) + reset * part(r, 2));
                s = (1.0 - update) * candidate + update * s;
                outputs.push_back(matmul(parameter(in, 5, "weight"), s) + parameter(in, 5, "bias"));
            }
            return side_by_side(outputs);
        });
    }
}
