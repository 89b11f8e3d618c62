#pragma once
// The sizes that a script of tests/oracles had, as those of a subject.

#include <proofs/subjects/lstm_subject.hpp>
#include <proofs/subjects/pf_classifier_subject.hpp>
#include <support/oracle_file.hpp>

namespace mgan_test {

[[nodiscard]] inline LstmSizes lstm_sizes(const OracleFile& oracle) {
    return {.steps = oracle.size("steps"),
            .batch = oracle.size("batch"),
            .features = oracle.size("features"),
            .hidden = oracle.size("hidden"),
            .layers = oracle.size("layers")};
}

[[nodiscard]] inline PfSizes pf_sizes(const OracleFile& oracle) {
    PfSizes sizes;
    sizes.batch = oracle.size("batch");
    sizes.config.inputs = oracle.size("inputs");
    sizes.config.hidden_1 = oracle.size("hidden_1");
    sizes.config.hidden_2 = oracle.size("hidden_2");
    sizes.config.hidden = oracle.size("hidden");
    sizes.config.steps = oracle.size("steps");
    sizes.config.kind = oracle.size("dense") == 1 ? mgan::PfKind::dense : mgan::PfKind::bilstm;
    return sizes;
}

}  // namespace mgan_test
