// Back-propagation through time: one LSTM, in both directions.

#include <proofs/subjects/lstm_subject.hpp>

using namespace mgan_test;
using mgan::Direction;

TEST_CASE("LSTM: gradients of weights, biases, input and initial state are right") {
    for (const Direction direction : {Direction::forward, Direction::backward}) {
        for (const Extent extent : kExtents) {
            for (const Point point : kAllPoints) {
                LstmSubject<double> subject({.steps = extent.steps,
                                             .batch = extent.batch,
                                             .features = 3,
                                             .hidden = 4,
                                             .direction = direction});
                fill(subject, point, 1);
                prove_by_differentiation(subject, 6);
                prove_in_float(subject);
            }
        }
    }
}

TEST_CASE("LSTM: every single entry of the gradient is right") {
    for (const Direction direction : {Direction::forward, Direction::backward}) {
        LstmSubject<double> subject(
            {.steps = 3, .batch = 2, .features = 5, .hidden = 3, .direction = direction});
        fill(subject, Point::kRandom, 2);
        prove_by_differentiation(subject, 1000);
    }
}

TEST_CASE("LSTM: gradients are right where a sequence takes several blocks of columns") {
    for (const Direction direction : {Direction::forward, Direction::backward}) {
        // Blocks of two steps and a last one of a single step; blocks of one step.
        for (const Extent extent : {Extent{5, 40}, Extent{3, 60}, Extent{8, 33}}) {
            LstmSubject<double> subject({.steps = extent.steps,
                                         .batch = extent.batch,
                                         .features = 2,
                                         .hidden = 3,
                                         .direction = direction});
            fill(subject, Point::kRandom, 3);
            prove_by_differentiation(subject, 4);
        }
    }
}

TEST_CASE("LSTM: gradients of parameters add up, and a used cache is as good as a new one") {
    for (const Direction direction : {Direction::forward, Direction::backward}) {
        LstmSubject<double> subject({.steps = 3, .batch = 2, .direction = direction});
        LstmSubject<double> before({.steps = 7, .batch = 3, .direction = direction});
        fill(subject, Point::kRandom, 4);
        fill(before, Point::kRandom, 5);
        prove_accumulation(subject, before);
    }
}
