// Every layer as a node between operations of the tape.

#include "mixed_gradient_check.hpp"

using namespace mgan_test;

TEST_CASE("Dense on a tape has right gradients") {
    check_layer(
        []<typename Scalar>(Scalar) { return Dense<Scalar>(3, 4); },
        []<typename Scalar>(Scalar) { return typename TapeCall<Dense<Scalar>>::Settings(); },
        {{3, 5}});
}

TEST_CASE("Activations on a tape have right gradients") {
    for (const Activation kind : {Activation::identity, Activation::relu, Activation::sigmoid,
                                  Activation::tanh, Activation::softplus}) {
        check_layer([&]<typename Scalar>(Scalar) { return ActivationLayer<Scalar>{kind}; },
                    []<typename Scalar>(Scalar) {
                        return typename TapeCall<ActivationLayer<Scalar>>::Settings();
                    },
                    {{3, 5}});
    }
}

TEST_CASE("Conv2d, Attention and MappingNetwork on a tape have right gradients") {
    check_layer(
        []<typename Scalar>(Scalar) {
            return Conv2d<Scalar>(Conv2dSettings{3, 2, 1, 3, 3});
        },
        kSequence, {{6, kColumns}});
    for (const bool causal : {true, false}) {
        check_layer(
            [&]<typename Scalar>(Scalar) {
                return Attention<Scalar>(AttentionSettings{4, 2, causal, 0});
            },
            kSequence, {{4, kColumns}});
    }
    check_layer([]<typename Scalar>(Scalar) { return MappingNetwork<Scalar>(kSteps, 2, 2); },
                kSequence, {{2, kColumns}});
}
