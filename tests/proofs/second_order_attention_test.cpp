// Second derivatives of attention and of the mapping network.

#include <proofs/subjects/attention_subject.hpp>
#include <proofs/subjects/mapping_network_subject.hpp>
#include <support/second_order_proof.hpp>

using namespace mgan_test;

TEST_CASE("Second derivatives: those of attention are right: causal, windowed, full, by steps") {
    for (const Index heads : {1, 2}) {
        for (const bool causal : {true, false}) {
            AttentionSubject<double> subject({7, 3, {6, heads, causal, 0}, false});
            fill(subject, Point::kRandom, 1);
            prove_second_order(subject);
        }
        for (const bool by_steps : {true, false}) {
            AttentionSubject<double> subject({7, 3, {6, heads, true, 3}, by_steps});
            fill(subject, Point::kRandom, 2);
            prove_second_order(subject);
        }
    }
}

TEST_CASE("Second derivatives: those of the mapping network are right") {
    MappingNetworkSubject<double> subject({3, 3, 2, 3});
    fill(subject, Point::kRandom, 3);
    prove_second_order(subject);
}
