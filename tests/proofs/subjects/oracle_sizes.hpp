#pragma once
// The sizes that a script of tests/oracles had, as those of a subject.

#include <proofs/subjects/carnn_subject.hpp>
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

[[nodiscard]] inline GeneratorSizes generator_sizes(const OracleFile& oracle, bool teacher_forced) {
    GeneratorSizes sizes;
    sizes.steps = oracle.size("steps");
    sizes.batch = oracle.size("batch");
    sizes.teacher_forced = teacher_forced;
    sizes.config = {.features = oracle.size("features"),
                    .noise = oracle.size("noise_size"),
                    .context = oracle.size("context_size"),
                    .hidden = oracle.size("hidden"),
                    .layers = 2,
                    .head = oracle.size("head"),
                    .noise_to_head = true};
    return sizes;
}

[[nodiscard]] inline CarnnSizes carnn_sizes(const OracleFile& oracle, bool teacher_forced) {
    CarnnSizes sizes;
    sizes.steps = oracle.size("steps");
    sizes.batch = oracle.size("batch");
    sizes.plane = oracle.size("plane");
    sizes.teacher_forced = teacher_forced;
    sizes.config.features = oracle.size("features");
    sizes.config.noise = oracle.size("noise_size");
    sizes.config.hidden = oracle.size("hidden");
    sizes.config.head = oracle.size("head");
    sizes.config.attention_heads = oracle.size("heads");
    sizes.config.mapping_layers = oracle.size("mapping_layers");
    return sizes;
}

}  // namespace mgan_test
