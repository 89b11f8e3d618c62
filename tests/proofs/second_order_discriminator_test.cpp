// Second derivatives of every discriminator: the one on features, with and without the minibatch
// deviation, and the one that answers after every event; and of the PF classifier.

#include <proofs/subjects/discriminator_subject.hpp>
#include <proofs/subjects/pf_classifier_subject.hpp>
#include <proofs/subjects/step_generator_subject.hpp>
#include <support/second_order_proof.hpp>

using namespace mgan_test;

TEST_CASE("Second derivatives: the discriminator's are right, with and without deviation") {
    for (const bool deviation : {false, true}) {
        for (const Extent extent : {Extent{1, 1}, Extent{3, 2}, Extent{7, 3}}) {
            DiscriminatorSizes sizes;
            sizes.steps = extent.steps;
            sizes.batch = extent.batch;
            sizes.config.minibatch_deviation = deviation;
            sizes.with_features = extent.batch > 1;
            DiscriminatorSubject<double> subject(sizes);
            fill(subject, Point::kRandom, 1);
            // A single song's deviation is at its floor, 1e-4: too narrow for differences.
            prove_second_order(subject, !(deviation && extent.batch == 1));
        }
    }
}

TEST_CASE("Second derivatives: the step discriminator's are right") {
    for (const Extent extent : {Extent{1, 1}, Extent{3, 2}, Extent{7, 3}}) {
        StepDiscriminatorSubject<double> subject({.steps = extent.steps, .batch = extent.batch});
        fill(subject, Point::kRandom, 2);
        prove_second_order(subject);
    }
}

TEST_CASE("Second derivatives: the PF classifier's are right") {
    for (const mgan::PfKind kind : {mgan::PfKind::bilstm, mgan::PfKind::dense}) {
        PfSizes sizes;
        sizes.config.kind = kind;
        PfClassifierSubject<double> subject(sizes);
        fill(subject, Point::kRandom, 3);
        prove_second_order(subject);
    }
}
