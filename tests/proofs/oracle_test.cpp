// The gradients of mgan are those of PyTorch, in double, for the same numbers.

#include <proofs/subjects/dense_subject.hpp>
#include <proofs/subjects/discriminator_subject.hpp>
#include <proofs/subjects/generator_subject.hpp>
#include <proofs/subjects/loss_subject.hpp>
#include <proofs/subjects/lstm_subject.hpp>
#include <proofs/subjects/oracle_sizes.hpp>
#include <support/oracle_file.hpp>

using namespace mgan_test;

TEST_CASE("Dense layer, activations and losses agree with PyTorch") {
    const OracleFile dense("dense");
    prove_by_oracle(
        DenseSubject<double>({dense.size("in"), dense.size("out"), dense.size("columns")}), dense);
    for (const mgan::Activation activation : kAllActivations) {
        if (activation == mgan::Activation::identity) continue;
        const OracleFile oracle(name_of(activation));
        prove_by_oracle(
            ActivationSubject<double>({activation, oracle.size("rows"), oracle.size("columns")}),
            oracle);
    }
    const char* const files[] = {"squared_error", "pinball", "cross_entropy", "saturating",
                                 "non_saturating", "relativistic"};
    for (const LossKind kind : kAllLosses) {
        const OracleFile oracle(files[static_cast<std::size_t>(kind)]);
        LossSubject<double> subject({kind, oracle.size("features"), oracle.size("columns")});
        if (subject.is_regression()) {
            oracle.copy("target", mgan::as_block(subject.target));
            oracle.copy("level", mgan::as_block(subject.level));
        }
        prove_by_oracle(subject, oracle);
    }
}

TEST_CASE("LSTM, stacked LSTM and BiLSTM agree with torch.nn.LSTM, name by name") {
    const OracleFile lstm("lstm"), stacked("stacked_lstm"), bilstm("bilstm");
    prove_by_oracle(LstmSubject<double>(lstm_sizes(lstm)), lstm);
    prove_by_oracle(StackedLstmSubject<double>(lstm_sizes(stacked)), stacked);
    prove_by_oracle(BiLstmSubject<double>(lstm_sizes(bilstm)), bilstm);
}

TEST_CASE("The generator agrees with PyTorch, free running and under teacher forcing") {
    for (const bool teacher_forced : {false, true}) {
        const OracleFile oracle(teacher_forced ? "generator_teacher" : "generator_feedback");
        prove_by_oracle(GeneratorSubject<double>(generator_sizes(oracle, teacher_forced)), oracle);
    }
}

TEST_CASE("The discriminator agrees with PyTorch, with and without minibatch deviation") {
    for (const bool deviation : {false, true}) {
        const OracleFile oracle(deviation ? "discriminator_deviation" : "discriminator");
        DiscriminatorSizes sizes;
        sizes.steps = oracle.size("steps");
        sizes.batch = oracle.size("batch");
        sizes.config = {.features = oracle.size("features"),
                        .hidden = oracle.size("hidden"),
                        .layers = 2,
                        .minibatch_deviation = deviation};
        sizes.with_features = true;
        prove_by_oracle(DiscriminatorSubject<double>(sizes), oracle);
    }
}
