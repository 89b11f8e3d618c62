// The network of the PF classifier, in both kinds, in every way of proving a gradient.

#include <proofs/subjects/oracle_sizes.hpp>
#include <proofs/subjects/pf_classifier_subject.hpp>
#include <proofs/tape_equations.hpp>
#include <support/oracle_file.hpp>

using namespace mgan_test;
using mgan::PfKind;

namespace {

PfSizes sizes_of(PfKind kind, Index steps, Index batch) {
    PfSizes sizes;
    sizes.batch = batch;
    sizes.config.kind = kind;
    sizes.config.steps = steps;
    return sizes;
}

/// Every cut of the second layer's 6 values, and the dense kind.
template <typename Use>
void for_each_size(Use&& use) {
    for (const Index batch : {1, 3}) {
        for (const Index steps : {1, 2, 3, 6}) use(sizes_of(PfKind::bilstm, steps, batch));
        use(sizes_of(PfKind::dense, 1, batch));
    }
}

/// Equations (1) to (5) of models/pf_classifier.hpp.
Var pf_equations(const TapeBlocks& in, const PfSizes& sizes) {
    const mgan::PfClassifierSettings& config = sizes.config;
    const auto layer = [&](const std::string& name, const Var& x) {
        return relu(matmul(in[name + ".weight"], x) + in[name + ".bias"]);
    };
    Var a = layer("dense_2", layer("dense_1", in["x"]));
    if (config.kind == PfKind::dense) {
        for (const char* name : {"dense_3", "dense_4", "dense_5"}) a = layer(name, a);
    } else {
        const Index width = config.hidden_2 / config.steps;
        std::vector<Var> pieces;
        for (Index t = 0; t < config.steps; ++t) pieces.push_back(slice_rows(a, t * width, width));
        const std::vector<Var> h =
            bilstm_equations(in, "bilstm.", pieces, config.hidden, config.layers, false);
        a = mgan::concat_rows({slice_rows(h.back(), 0, config.hidden),
                               slice_rows(h.front(), config.hidden, config.hidden)});
    }
    const Var logit = matmul(in["output.weight"], a) + in["output.bias"];
    return mgan::concat_rows({reshape(logit, sizes.batch, 1), reshape(a, a.size(), 1)});
}

}  // namespace

TEST_CASE("PfClassifier: gradients of parameters and spectrum are right") {
    for_each_size([](const PfSizes& sizes) {
        PfClassifierSubject<double> subject(sizes);
        fill(subject, Point::kRandom, 1);
        prove_by_differentiation(subject, 3);
        prove_in_float(subject);
    });
}

// Where everything is near zero, so is what the ReLUs cut: a difference steps across, the complex
// step does not.
TEST_CASE("PfClassifier: gradients are right near zero and for a silent song") {
    for_each_size([](const PfSizes& sizes) {
        for (const Point point : {Point::kNearZero, Point::kSpecial}) {
            PfClassifierSubject<double> subject(sizes);
            fill(subject, point, 2);
            prove_by_differentiation<mgan::DerivativeMethods::complex_step>(subject, 3);
        }
    });
}

TEST_CASE("PfClassifier: the gradients are those that the tape finds from the equations") {
    for_each_size([](const PfSizes& sizes) {
        PfClassifierSubject<double> subject(sizes);
        fill(subject, Point::kRandom, 3);
        prove_by_tape(subject, [&](const TapeBlocks& in) { return pf_equations(in, sizes); });
    });
}

TEST_CASE("PfClassifier: output and gradients are PyTorch's") {
    for (const char* name :
         {"pf_classifier", "pf_classifier_steps_of_one", "pf_classifier_dense"}) {
        const OracleFile oracle(name);
        prove_by_oracle(PfClassifierSubject<double>(pf_sizes(oracle)), oracle);
    }
}

TEST_CASE("PfClassifier: gradients of parameters add up, and a used cache is as good as new") {
    for (const PfKind kind : {PfKind::bilstm, PfKind::dense}) {
        PfClassifierSubject<double> subject(sizes_of(kind, 3, 2)), before(sizes_of(kind, 3, 3));
        fill(subject, Point::kRandom, 7);
        fill(before, Point::kRandom, 8);
        prove_accumulation(subject, before);
    }
}
