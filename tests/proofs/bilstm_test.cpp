// LSTMs that read from both ends.

#include <proofs/subjects/lstm_subject.hpp>

using namespace mgan_test;

TEST_CASE("BiLSTM: gradients of parameters, input and initial states are right") {
    for (const Extent extent : kExtents) {
        for (const Point point : kAllPoints) {
            BiLstmSubject<double> subject({.steps = extent.steps, .batch = extent.batch});
            fill(subject, point, 1);
            prove_by_differentiation(subject, 3);
            prove_in_float(subject);
        }
    }
    BiLstmSubject<double> blocks(
        {.steps = 5, .batch = 40, .features = 2, .hidden = 3, .layers = 2});
    fill(blocks, Point::kRandom, 2);
    prove_by_differentiation(blocks, 2);
}

TEST_CASE("BiLSTM: gradients of parameters add up, and a used cache is as good as a new one") {
    BiLstmSubject<double> subject({.steps = 3, .batch = 2}), before({.steps = 7, .batch = 3});
    fill(subject, Point::kRandom, 3);
    fill(before, Point::kRandom, 4);
    prove_accumulation(subject, before);
}
