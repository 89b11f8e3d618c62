// The gradients of the dense layer, the activations and the losses.

#include <proofs/subjects/dense_subject.hpp>
#include <proofs/subjects/loss_subject.hpp>

using namespace mgan_test;

TEST_CASE("Dense: gradients of weights, bias and input are right") {
    for (const Point point : kAllPoints) {
        for (const DenseSizes sizes : {DenseSizes{4, 3, 5}, {1, 6, 1}, {5, 1, 7}, {19, 83, 11}}) {
            DenseSubject<double> subject(sizes);
            fill(subject, point, 1);
            prove_by_differentiation(subject, 30);
            prove_in_float(subject);
        }
    }
}

TEST_CASE("Dense: gradients of parameters add up") {
    DenseSubject<double> subject({}), before({4, 3, 9});
    fill(subject, Point::kRandom, 2);
    fill(before, Point::kRandom, 3);
    prove_accumulation(subject, before);
}

TEST_CASE("Activations: the derivative is right at random points") {
    for (const mgan::Activation activation : kAllActivations) {
        for (const Point point : {Point::kRandom, Point::kNearZero}) {
            ActivationSubject<double> subject({activation});
            fill(subject, point, 4);
            prove_by_differentiation(subject);
            prove_in_float(subject);
        }
        ActivationSubject<double> wide({activation});
        fill(wide, Point::kRandom, 5);
        wide.x *= 6.0;
        prove_by_differentiation(wide);
        prove_in_float(wide, 1e-3);  // 1 - y in float, for y near 1
    }
}

TEST_CASE("Activations: the derivative is right at zero and where the function is flat") {
    for (const mgan::Activation activation : kAllActivations) {
        ActivationSubject<double> subject({activation, 1, 7});
        subject.x << 0.0, -0.0, 1e-300, -1e-300, 40.0, -40.0, 1e-12;
        // A difference quotient means nothing at a kink; the complex step takes relu'(0) = 0.
        prove_by_differentiation<mgan::DerivativeMethods::complex_step>(subject);
    }
}

TEST_CASE("Losses: the derivative is right") {
    for (const LossKind kind : kAllLosses) {
        for (const Point point : kAllPoints) {
            LossSubject<double> subject({kind});
            fill(subject, point, 6);
            prove_by_differentiation(subject, 30);
            prove_in_float(subject);
        }
    }
}
