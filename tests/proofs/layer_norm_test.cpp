// The gradients of layer normalisation.

#include <proofs/subjects/layer_norm_subject.hpp>
#include <support/oracle_file.hpp>
#include <support/tape_proof.hpp>

using namespace mgan_test;

namespace {

// Of two numbers nothing is left but which one is larger, and eps; so that case has a large one.
const LayerNormSizes kSizes[] = {{5, 4}, {2, 1, 0.3}, {16, 3}, {37, 2}, {5, 4, 0.3}};

}  // namespace

TEST_CASE("Layer norm: gradients of gain, offset and input are right") {
    for (const LayerNormSizes sizes : kSizes) {
        LayerNormSubject<double> subject(sizes);
        fill(subject, Point::kRandom, 1);
        prove_by_differentiation(subject, 40);
        prove_in_float(subject);
    }
}

TEST_CASE("Layer norm: gradients are right where a column is nearly or exactly constant") {
    // eps is what bounds 1 / sigma there: large enough for differences and float to resolve it.
    for (const Point point : {Point::kNearZero, Point::kSpecial}) {
        for (LayerNormSizes sizes : kSizes) {
            sizes.eps = 0.1;
            LayerNormSubject<double> subject(sizes);
            fill(subject, point, 2);
            prove_by_differentiation(subject, 40);
            prove_in_float(subject);
        }
    }
    // And with the usual eps, where the complex step alone sees clearly.
    LayerNormSubject<double> subject({});
    fill(subject, Point::kSpecial, 3);
    prove_by_differentiation<mgan::DerivativeMethods::complex_step>(subject, 40);
}

TEST_CASE("Layer norm: a column of one number gives its offset, and no gradient") {
    LayerNormSubject<double> subject({1, 3});
    fill(subject, Point::kRandom, 4);
    LayerNormSubject<double>::Cache cache;
    CHECK(subject.forward(cache) == Vector<double>::Constant(3, subject.layer.bias(0)));
    const LayerNormSubject<double> gradients =
        gradient_of(subject, Vector<double>(loss_weights(3)));
    CHECK(gradients.x.cwiseAbs().maxCoeff() == 0.0);
}

TEST_CASE("Layer norm: gradients of parameters add up, and a used cache is as good as a new one") {
    LayerNormSubject<double> subject({}), before({5, 9});
    fill(subject, Point::kRandom, 5);
    fill(before, Point::kRandom, 6);
    prove_accumulation(subject, before);
}

TEST_CASE("Layer norm agrees with the tape") {
    for (const LayerNormSizes sizes : kSizes) {
        LayerNormSubject<double> subject(sizes);
        fill(subject, Point::kRandom, 7);
        prove_by_tape(subject, [&](const TapeBlocks& in) {
            const auto features = static_cast<double>(sizes.features);
            const Var centred = in["x"] - column_sums(in["x"]) / features;
            const Var variance = column_sums(centred * centred) / features;
            const Var n = centred / sqrt(variance + sizes.eps);
            return in["weight"] * n + in["bias"];
        });
    }
}

TEST_CASE("Layer norm agrees with torch.nn.LayerNorm") {
    const OracleFile oracle("layer_norm");
    prove_by_oracle(LayerNormSubject<double>({oracle.size("features"), oracle.size("columns")}),
                    oracle);
}
