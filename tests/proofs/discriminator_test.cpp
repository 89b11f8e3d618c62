// The whole discriminator, with and without the minibatch deviation.

#include <proofs/subjects/discriminator_subject.hpp>

using namespace mgan_test;

namespace {

DiscriminatorSizes sizes_of(Extent extent, bool deviation, bool with_features) {
    DiscriminatorSizes sizes;
    sizes.steps = extent.steps;
    sizes.batch = extent.batch;
    sizes.config.minibatch_deviation = deviation;
    sizes.with_features = with_features;
    return sizes;
}

}  // namespace

TEST_CASE("Discriminator: gradients of parameters and song are right") {
    for (const Extent extent : kExtents) {
        for (const Point point : kAllPoints) {
            DiscriminatorSubject<double> subject(sizes_of(extent, false, false));
            fill(subject, point, 1);
            prove_by_differentiation(subject, 2);
            prove_in_float(subject);
        }
    }
    DiscriminatorSubject<double> features(sizes_of({7, 3}, false, true));
    fill(features, Point::kRandom, 2);
    prove_by_differentiation(features, 3);
}

TEST_CASE("Discriminator: gradients are right with the minibatch deviation") {
    for (const Extent extent : kExtents) {
        DiscriminatorSubject<double> subject(sizes_of(extent, true, false));
        fill(subject, Point::kRandom, 3);
        prove_by_differentiation(subject, 2);
        prove_in_float(subject);
    }
    DiscriminatorSubject<double> features(sizes_of({3, 3}, true, true));
    fill(features, Point::kRandom, 4);
    prove_by_differentiation(features, 3);
}

TEST_CASE("Discriminator: equal songs have a deviation at its floor, and a finite gradient") {
    DiscriminatorSubject<double> subject(sizes_of({3, 3}, true, false));
    fill(subject, Point::kSpecial, 5);  // all songs are zero
    prove_by_differentiation(subject, 3);
    fill(subject, Point::kNearZero, 6);  // the deviation is of the size of its floor
    prove_by_differentiation<mgan::DerivativeMethods::complex_step>(subject, 3);
}

TEST_CASE(
    "Discriminator: gradients of parameters add up, and a used cache is as good as a new one") {
    for (const bool deviation : {false, true}) {
        DiscriminatorSubject<double> subject(sizes_of({3, 2}, deviation, false));
        DiscriminatorSubject<double> before(sizes_of({7, 3}, deviation, false));
        fill(subject, Point::kRandom, 7);
        fill(before, Point::kRandom, 8);
        prove_accumulation(subject, before);
    }
}
