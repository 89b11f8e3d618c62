// Second derivatives through time: dual numbers in the hand-written backward passes of the
// recurrent layers.

#include <proofs/subjects/gru_subject.hpp>
#include <proofs/subjects/lstm_subject.hpp>
#include <support/second_order_proof.hpp>

using namespace mgan_test;

namespace {
constexpr Extent kSome[] = {{1, 1}, {3, 2}, {7, 3}};
}  // namespace

TEST_CASE("Second derivatives: an LSTM's are right, in both directions and at all points") {
    for (const auto direction : {mgan::Direction::forward, mgan::Direction::backward}) {
        for (const Extent extent : kSome) {
            for (const Point point : kAllPoints) {
                LstmSubject<double> subject({.steps = extent.steps,
                                             .batch = extent.batch,
                                             .features = 3,
                                             .hidden = 4,
                                             .direction = direction});
                fill(subject, point, 1);
                prove_second_order(subject);
            }
        }
    }
}

TEST_CASE("Second derivatives: an LSTM's are right where products take several blocks") {
    // More rows, columns and terms than one block of dual_gemm.hpp holds.
    LstmSubject<double> subject({.steps = 3, .batch = 45, .features = 37, .hidden = 41});
    fill(subject, Point::kRandom, 2);
    prove_second_order(subject);
}

TEST_CASE("Second derivatives: those of stacked LSTMs and of a BiLSTM are right") {
    for (const Extent extent : kSome) {
        const LstmSizes sizes{
            .steps = extent.steps, .batch = extent.batch, .features = 3, .hidden = 4, .layers = 2};
        StackedLstmSubject<double> stacked(sizes);
        fill(stacked, Point::kRandom, 3);
        prove_second_order(stacked);
        BiLstmSubject<double> both(sizes);
        fill(both, Point::kRandom, 4);
        prove_second_order(both);
    }
}

TEST_CASE("Second derivatives: a GRU's are right") {
    for (const Extent extent : kSome) {
        for (const Point point : kAllPoints) {
            GruSubject<double> subject({.steps = extent.steps, .batch = extent.batch});
            fill(subject, point, 5);
            prove_second_order(subject);
        }
    }
}
