// The GRU: back-propagation through time, in every way.

#include <proofs/subjects/gru_subject.hpp>
#include <support/oracle_file.hpp>
#include <support/tape_proof.hpp>

using namespace mgan_test;

TEST_CASE("GRU: gradients of weights, biases, input and initial state are right") {
    for (const bool step_by_step : {false, true}) {
        for (const Extent extent : kExtents) {
            for (const Point point : kAllPoints) {
                GruSubject<double> subject(
                    {.steps = extent.steps, .batch = extent.batch, .step_by_step = step_by_step});
                fill(subject, point, 1);
                prove_by_differentiation(subject, 6);
                prove_in_float(subject);
            }
        }
    }
}

TEST_CASE("GRU: every single entry of the gradient is right") {
    GruSubject<double> subject({.steps = 3, .batch = 2, .features = 5, .hidden = 3});
    fill(subject, Point::kRandom, 2);
    prove_by_differentiation(subject, 1000);
}

TEST_CASE("GRU: gradients are right where a sequence takes several blocks of columns") {
    // Blocks of two steps and a last one of a single step; blocks of one step; of three, then two.
    for (const bool step_by_step : {false, true}) {
        for (const Extent extent : {Extent{5, 40}, Extent{3, 60}, Extent{8, 33}}) {
            GruSubject<double> subject({.steps = extent.steps,
                                        .batch = extent.batch,
                                        .features = 2,
                                        .hidden = 3,
                                        .step_by_step = step_by_step});
            fill(subject, Point::kRandom, 3);
            prove_by_differentiation(subject, 4);
        }
    }
}

TEST_CASE("GRU: gradients of parameters add up, and a used cache is as good as a new one") {
    GruSubject<double> subject({.steps = 3, .batch = 2}), before({.steps = 7, .batch = 3});
    fill(subject, Point::kRandom, 4);
    fill(before, Point::kRandom, 5);
    prove_accumulation(subject, before);
}

TEST_CASE("GRU agrees with the tape") {
    for (const Extent extent : kExtents) {
        for (const Point point : kAllPoints) {
            GruSubject<double> subject({.steps = extent.steps, .batch = extent.batch});
            fill(subject, point, 6);
            prove_by_tape(subject, [&](const TapeBlocks& in) {
                const Index hidden = subject.sizes.hidden;
                Var h = in["h_0"];
                std::vector<Var> outputs;
                for (const Var& x : in.steps("x", extent.steps)) {
                    const Var a = matmul(in["weight_ih_l0"], x) + in["bias_ih_l0"];
                    const Var s = matmul(in["weight_hh_l0"], h) + in["bias_hh_l0"];
                    const auto gate = [&](const Var& of, Index k) {
                        return slice_rows(of, k * hidden, hidden);
                    };
                    const Var r = sigmoid(gate(a, 0) + gate(s, 0));
                    const Var z = sigmoid(gate(a, 1) + gate(s, 1));
                    const Var n = tanh(gate(a, 2) + r * gate(s, 2));
                    h = (1.0 - z) * n + z * h;
                    outputs.push_back(h);
                }
                return side_by_side(outputs);
            });
        }
    }
}

TEST_CASE("GRU agrees with torch.nn.GRU, name by name") {
    const OracleFile oracle("gru");
    prove_by_oracle(GruSubject<double>({.steps = oracle.size("steps"),
                                        .batch = oracle.size("batch"),
                                        .features = oracle.size("features"),
                                        .hidden = oracle.size("hidden")}),
                    oracle);
}
