// The CARNN layers and generator against PyTorch: tests/oracles/carnn.py.

#include <proofs/subjects/attention_subject.hpp>
#include <proofs/subjects/carnn_subject.hpp>
#include <proofs/subjects/conv2d_subject.hpp>
#include <proofs/subjects/mapping_network_subject.hpp>
#include <proofs/subjects/oracle_sizes.hpp>
#include <support/oracle_file.hpp>

using namespace mgan_test;

TEST_CASE("Conv2d: output and gradients are PyTorch's") {
    for (const char* name : {"conv2d", "conv2d_short", "conv2d_channels"}) {
        const OracleFile oracle(name);
        const mgan::Conv2dSettings config{oracle.size("width"), oracle.size("channels_in"),
                                          oracle.size("channels_out"), oracle.size("window_time"),
                                          oracle.size("window_width")};
        prove_by_oracle(Conv2dSubject<double>({oracle.size("steps"), oracle.size("batch"), config}),
                        oracle);
    }
}

TEST_CASE("Attention: output and gradients are PyTorch's, as a sequence and step by step") {
    for (const char* name :
         {"attention_causal", "attention_heads", "attention_window", "attention_full"}) {
        const OracleFile oracle(name);
        const bool causal = oracle.size("causal") == 1;
        const mgan::AttentionSettings config{oracle.size("features"), oracle.size("heads"), causal,
                                             oracle.size("window")};
        for (const bool by_steps : {false, true}) {
            if (by_steps && !causal) continue;
            prove_by_oracle(AttentionSubject<double>(
                                {oracle.size("steps"), oracle.size("batch"), config, by_steps}),
                            oracle);
        }
    }
}

TEST_CASE("MappingNetwork: output and gradients are PyTorch's") {
    const OracleFile oracle("mapping_network");
    prove_by_oracle(MappingNetworkSubject<double>({oracle.size("steps"), oracle.size("batch"),
                                                   oracle.size("features"), oracle.size("layers")}),
                    oracle);
}

TEST_CASE("CARNN generator: output and gradients are PyTorch's, free running and teacher forced") {
    for (const bool teacher_forced : {false, true}) {
        const OracleFile oracle(teacher_forced ? "carnn_teacher" : "carnn_feedback");
        prove_by_oracle(CarnnSubject<double>(carnn_sizes(oracle, teacher_forced)), oracle);
    }
}
