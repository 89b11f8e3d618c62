// LSTMs on top of each other.

#include <proofs/subjects/lstm_subject.hpp>

using namespace mgan_test;

TEST_CASE("Stacked LSTM: gradients of parameters, input and initial states are right") {
    for (const Extent extent : kExtents) {
        for (const Point point : kAllPoints) {
            StackedLstmSubject<double> subject({.steps = extent.steps, .batch = extent.batch});
            fill(subject, point, 1);
            prove_by_differentiation(subject, 4);
            prove_in_float(subject);
        }
    }
    StackedLstmSubject<double> high({.steps = 4, .batch = 2, .layers = 3});
    fill(high, Point::kRandom, 2);
    prove_by_differentiation(high, 5);
    StackedLstmSubject<double> blocks(
        {.steps = 5, .batch = 40, .features = 2, .hidden = 3, .layers = 2});
    fill(blocks, Point::kRandom, 3);
    prove_by_differentiation(blocks, 3);
}

TEST_CASE(
    "Stacked LSTM: gradients of parameters add up, and a used cache is as good as a new one") {
    StackedLstmSubject<double> subject({.steps = 3, .batch = 2}), before({.steps = 7, .batch = 3});
    fill(subject, Point::kRandom, 4);
    fill(before, Point::kRandom, 5);
    prove_accumulation(subject, before);
}

TEST_CASE("Stacked LSTM: walking back step by step gives what backward gives") {
    for (const Extent extent : {Extent{7, 3}, Extent{5, 40}}) {
        StackedLstmSubject<double> subject({.steps = extent.steps, .batch = extent.batch});
        fill(subject, Point::kRandom, 6);
        const Vector<double> dy = loss_weights(output_size(subject));
        const std::vector<NamedNumbers> whole = numbers_of(gradient_of(subject, dy));

        StackedLstmSubject<double> steps = subject;
        clear(steps);
        StackedLstmSubject<double>::Cache cache;
        (void)subject.forward(cache);
        const Sequence<double> dy_sequence =
            as_sequence(dy, extent.steps, extent.batch, subject.sizes.hidden);
        subject.lstm.begin_backward(cache);
        for (Index t = extent.steps - 1; t >= 0; --t)
            subject.lstm.backward_step(t, dy_sequence.step(t), cache, steps.x.step(t), steps.lstm);
        subject.lstm.end_backward(cache, steps.initial);
        std::string where;
        const double error = largest_error(numbers_of(steps), whole, where);
        INFO(where);
        CHECK(error <= 1e-13);
    }
}
