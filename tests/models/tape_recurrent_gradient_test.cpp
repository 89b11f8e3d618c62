// Recurrent layers as nodes between operations of the tape.

#include "mixed_gradient_check.hpp"

using namespace mgan_test;

TEST_CASE("Recurrent layers on a tape have right gradients, with and without initial states") {
    const MatrixShape x{2, kColumns}, state{4, kBatch};
    const auto lstm = []<typename Scalar>(Scalar) { return Lstm<Scalar>(2, 4); };
    check_layer(lstm, kSequence, {x});
    check_layer(lstm, kSequence, {x, state, state});
    const auto stack = []<typename Scalar>(Scalar) { return StackedLstm<Scalar>(2, 4, 2); };
    check_layer(stack, kSequence, {x});
    check_layer(stack, kSequence, {x, state, state, state, state});
    const auto both = [](Index layers) {
        return [layers]<typename Scalar>(Scalar) { return BiLstm<Scalar>(2, 4, layers); };
    };
    check_layer(both(2), kSequence, {x});
    check_layer(both(1), kSequence, {x, state, state, state, state});
}
