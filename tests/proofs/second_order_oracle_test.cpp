// Second derivatives against PyTorch's double backward: tests/oracles/second_order.py.

#include <proofs/subjects/attention_subject.hpp>
#include <proofs/subjects/categorical_subject.hpp>
#include <proofs/subjects/conv2d_subject.hpp>
#include <proofs/subjects/dense_subject.hpp>
#include <proofs/subjects/discriminator_subject.hpp>
#include <proofs/subjects/gru_subject.hpp>
#include <proofs/subjects/layer_norm_subject.hpp>
#include <proofs/subjects/lstm_subject.hpp>
#include <proofs/subjects/mapping_network_subject.hpp>
#include <proofs/subjects/oracle_sizes.hpp>
#include <proofs/subjects/pf_classifier_subject.hpp>
#include <support/oracle_file.hpp>
#include <support/second_order_proof.hpp>

using namespace mgan_test;

namespace {

/// H v of the case `name` is PyTorch's, to 1e-10.
template <typename Subject>
void prove_by_double_backward(Subject subject, const std::string& name, const OracleFile& oracle) {
    const OracleFile second("second_order_" + name);
    Subject v = subject, product = subject;
    subject.visit([&](std::string_view leaf, auto&& numbers, Role) {
        oracle.copy(std::string(leaf), mgan::as_block(numbers));
    });
    v.visit([&](std::string_view leaf, auto&& numbers, Role) {
        second.copy("v/" + std::string(leaf), mgan::as_block(numbers));
    });
    product.visit([&](std::string_view leaf, auto&& numbers, Role) {
        second.copy("product/" + std::string(leaf), mgan::as_block(numbers));
    });
    Vector<double> direction(number_count(v)), expected(direction.size());
    for_each_number(v, [&](Index i, const double& x) { direction(i) = x; });
    for_each_number(product, [&](Index i, const double& x) { expected(i) = x; });
    const auto found = dual_gradient(subject, direction, Vector<double>(oracle["weights"]));
    INFO(name);
    const double error = distance_of(found.product, expected);
    CHECK(expected.cwiseAbs().maxCoeff() > 1e-3);
    CHECK(error <= 1e-10);
    record_error(subject.name(), "PyTorch, second order", error);
}

}  // namespace

TEST_CASE("Second derivatives of recurrent layers are those of PyTorch's double backward") {
    const OracleFile lstm("lstm"), stacked("stacked_lstm"), bilstm("bilstm"), gru("gru");
    prove_by_double_backward(LstmSubject<double>(lstm_sizes(lstm)), "lstm", lstm);
    prove_by_double_backward(StackedLstmSubject<double>(lstm_sizes(stacked)), "stacked_lstm",
                             stacked);
    prove_by_double_backward(BiLstmSubject<double>(lstm_sizes(bilstm)), "bilstm", bilstm);
    prove_by_double_backward(GruSubject<double>({.steps = gru.size("steps"),
                                                 .batch = gru.size("batch"),
                                                 .features = gru.size("features"),
                                                 .hidden = gru.size("hidden")}),
                             "gru", gru);
}

TEST_CASE("Second derivatives of other layers are those of PyTorch's double backward") {
    const OracleFile dense("dense");
    prove_by_double_backward(
        DenseSubject<double>({dense.size("in"), dense.size("out"), dense.size("columns")}), "dense",
        dense);
    for (const auto activation :
         {mgan::Activation::sigmoid, mgan::Activation::tanh, mgan::Activation::softplus}) {
        const OracleFile oracle(name_of(activation));
        prove_by_double_backward(
            ActivationSubject<double>({activation, oracle.size("rows"), oracle.size("columns")}),
            name_of(activation), oracle);
    }
    const OracleFile norm("layer_norm");
    prove_by_double_backward(
        LayerNormSubject<double>({norm.size("features"), norm.size("columns")}), "layer_norm",
        norm);
    const OracleFile entropy("softmax_cross_entropy");
    CategoricalSizes sizes{true, entropy["temperature"](0, 0), entropy.size("values"), {}};
    for (const double target : entropy["targets"].reshaped())
        sizes.targets.push_back(static_cast<Index>(target));
    prove_by_double_backward(CategoricalSubject<double>(sizes), "softmax_cross_entropy", entropy);
    const OracleFile conv("conv2d");
    prove_by_double_backward(
        Conv2dSubject<double>(
            {conv.size("steps"),
             conv.size("batch"),
             {conv.size("width"), conv.size("channels_in"), conv.size("channels_out"),
              conv.size("window_time"), conv.size("window_width")}}),
        "conv2d", conv);
    for (const char* name : {"attention_heads", "attention_full"}) {
        const OracleFile oracle(name);
        prove_by_double_backward(
            AttentionSubject<double>({oracle.size("steps"),
                                      oracle.size("batch"),
                                      {oracle.size("features"), oracle.size("heads"),
                                       oracle.size("causal") == 1, oracle.size("window")},
                                      false}),
            name, oracle);
    }
    const OracleFile mapping("mapping_network");
    prove_by_double_backward(
        MappingNetworkSubject<double>({mapping.size("steps"), mapping.size("batch"),
                                       mapping.size("features"), mapping.size("layers")}),
        "mapping_network", mapping);
}

TEST_CASE("Second derivatives of discriminators are those of PyTorch's double backward") {
    for (const bool deviation : {false, true}) {
        const std::string name = deviation ? "discriminator_deviation" : "discriminator";
        const OracleFile oracle(name);
        DiscriminatorSizes sizes;
        sizes.steps = oracle.size("steps");
        sizes.batch = oracle.size("batch");
        sizes.config.features = oracle.size("features");
        sizes.config.hidden = oracle.size("hidden");
        sizes.config.minibatch_deviation = deviation;
        sizes.with_features = true;
        prove_by_double_backward(DiscriminatorSubject<double>(sizes), name, oracle);
    }
    const OracleFile oracle("pf_classifier");
    prove_by_double_backward(PfClassifierSubject<double>(pf_sizes(oracle)), "pf_classifier",
                             oracle);
}

TEST_CASE("Second derivatives of generators are those of PyTorch's double backward") {
    for (const bool teacher_forced : {false, true}) {
        const std::string way = teacher_forced ? "teacher" : "feedback";
        const OracleFile baseline("generator_" + way), carnn("carnn_" + way);
        prove_by_double_backward(
            GeneratorSubject<double>(generator_sizes(baseline, teacher_forced)), "generator_" + way,
            baseline);
        prove_by_double_backward(CarnnSubject<double>(carnn_sizes(carnn, teacher_forced)),
                                 "carnn_" + way, carnn);
    }
}
