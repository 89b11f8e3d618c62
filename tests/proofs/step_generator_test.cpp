// The step-quantile generator: every gradient of every head, through attention and LSTM down to the
// embeddings.

#include <proofs/subjects/step_generator_subject.hpp>

using namespace mgan_test;

TEST_CASE("Step generator: gradients of all parameters are right") {
    for (const Extent extent : {Extent{1, 1}, Extent{3, 2}, Extent{7, 3}}) {
        StepGeneratorSubject<double> subject(
            {.steps = extent.steps, .batch = extent.batch, .noise = 2});
        fill(subject, Point::kRandom, 1);
        prove_by_differentiation(subject, 2);
        prove_in_float(subject);
        // Every logit is nearly zero, and differences of log q lose seven digits.
        fill(subject, Point::kNearZero, 1);
        prove_by_differentiation<mgan::DerivativeMethods::complex_step>(subject, 2);
    }
}

TEST_CASE("Step generator: gradients are right through attention") {
    StepGeneratorSubject<double> subject({.steps = 5, .batch = 2, .attention_heads = 2});
    fill(subject, Point::kRandom, 3);
    prove_by_differentiation(subject, 2);
    prove_in_float(subject);
}

TEST_CASE("Step generator: gradients add up, and a used cache is as good as a new one") {
    StepGeneratorSubject<double> subject({.steps = 3, .batch = 2, .noise = 2});
    StepGeneratorSubject<double> before({.steps = 7, .batch = 3, .noise = 2});
    fill(subject, Point::kRandom, 5);
    fill(before, Point::kRandom, 6);
    prove_accumulation(subject, before);
}
