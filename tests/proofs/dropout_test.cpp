// The gradients of dropout and zoneout.

#include <proofs/subjects/dropout_subject.hpp>
#include <support/tape_proof.hpp>

using namespace mgan_test;
using mgan::DropoutMask;

TEST_CASE("Dropout: the gradient is right, with a mask a step and with one for all") {
    for (const DropoutMask form : {DropoutMask::each_step, DropoutMask::whole_sequence}) {
        for (const Extent extent : kExtents) {
            for (const Point point : kAllPoints) {
                for (const double rate : {0.0, 0.4}) {
                    DropoutSubject<double> subject({extent.steps, extent.batch, 4, rate, form});
                    fill(subject, point, 1);
                    prove_by_differentiation(subject, 12);
                    prove_in_float(subject);
                }
            }
        }
    }
}

TEST_CASE("Zoneout: gradients of candidates and earlier states are right") {
    for (const Extent extent : kExtents) {
        for (const Point point : kAllPoints) {
            for (const double rate : {0.0, 0.4}) {
                ZoneoutSubject<double> subject({extent.steps, extent.batch, 4, rate});
                fill(subject, point, 2);
                prove_by_differentiation(subject, 12);
                prove_in_float(subject);
            }
        }
    }
}

TEST_CASE("Dropout and zoneout: a used cache is as good as a new one") {
    for (const DropoutMask form : {DropoutMask::each_step, DropoutMask::whole_sequence}) {
        DropoutSubject<double> subject({3, 2, 4, 0.4, form}), before({7, 3, 4, 0.4, form});
        fill(subject, Point::kRandom, 3);
        fill(before, Point::kRandom, 4);
        prove_accumulation(subject, before);
    }
    ZoneoutSubject<double> subject({3, 2, 4, 0.4}), before({7, 3, 4, 0.4});
    fill(subject, Point::kRandom, 5);
    fill(before, Point::kRandom, 6);
    prove_accumulation(subject, before);
}

TEST_CASE("Dropout and zoneout agree with the tape") {
    for (const DropoutMask form : {DropoutMask::each_step, DropoutMask::whole_sequence}) {
        DropoutSubject<double> subject({3, 2, 4, 0.4, form});
        fill(subject, Point::kRandom, 7);
        DropoutSubject<double>::Cache cache;
        (void)subject.forward(cache);
        prove_by_tape(subject, [&](const TapeBlocks& in) {
            Matrix<double> mask(4, 6);
            for (Index t = 0; t < 3; ++t)
                mask.middleCols(2 * t, 2) = cache.mask.step(form == DropoutMask::each_step ? t : 0);
            return in["x"] * in.constant(mask);
        });
    }
    ZoneoutSubject<double> subject({3, 2, 4, 0.4});
    fill(subject, Point::kRandom, 8);
    ZoneoutSubject<double>::Cache cache;
    (void)subject.forward(cache);
    prove_by_tape(subject, [&](const TapeBlocks& in) {
        Var h = in["h_0"];
        std::vector<Var> outputs;
        for (const Var& x : in.steps("x", 3)) {
            const Var m = in.constant(cache.zoneout.mask.step(static_cast<Index>(outputs.size())));
            h = m * h + (1.0 - m) * (x * (1.0 + h));
            outputs.push_back(h);
        }
        return side_by_side(outputs);
    });
}
