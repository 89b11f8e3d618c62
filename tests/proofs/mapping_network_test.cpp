// The gradients of the mapping network.

#include <proofs/subjects/mapping_network_subject.hpp>

using namespace mgan_test;

TEST_CASE("MappingNetwork: gradients of weights, biases and noise are right") {
    for (const Extent extent : kExtents) {
        for (const Index layers : {1, 3, 8}) {
            MappingNetworkSubject<double> subject({extent.steps, extent.batch, 2, layers});
            fill(subject, Point::kRandom, 1);
            prove_by_differentiation(subject, 4);
            prove_in_float(subject, 1e-3);
        }
        // At zero a ReLU has a kink, where difference quotients mean nothing.
        MappingNetworkSubject<double> special({extent.steps, extent.batch, 2, 2});
        fill(special, Point::kSpecial, 2);
        prove_by_differentiation<mgan::DerivativeMethods::complex_step>(special, 8);
    }
}

TEST_CASE(
    "MappingNetwork: gradients of parameters add up, and a used cache is as good as a new one") {
    MappingNetworkSubject<double> subject({3, 2, 4, 3}), before({3, 5, 4, 3});
    fill(subject, Point::kRandom, 3);
    fill(before, Point::kRandom, 4);
    prove_accumulation(subject, before);
}
