// The gradients of sound and spectrum are right: complex step, differences, float.

#include <audio/audio_subjects.hpp>

using namespace mgan_test;

TEST_CASE("Synthesiser: gradients of onset, length, pitch and velocity are right") {
    for (const Point point : kAllPoints) {
        for (const Index notes : {1, 2, 3, 7}) {
            SynthesiserSubject<double> subject({notes});
            fill(subject, point, 1);
            prove_by_differentiation(subject, 28);
            SynthesiserSubject<double> plain({notes, true});
            plain.x = subject.notes();
            prove_in_float(plain);
        }
    }
}

TEST_CASE("Frequency converter: gradients of the waveform are right in every band") {
    for (const ConverterSizes& sizes : kConverters) {
        ConverterSubject<double> subject(sizes);
        fill(subject, Point::kRandom, 2);
        prove_by_differentiation(subject, 20);
        prove_in_float(subject);
        fill(subject, Point::kNearZero, 3);
        prove_by_differentiation<mgan::DerivativeMethods::complex_step>(subject, 20);
        prove_in_float(subject);
    }
}

TEST_CASE("Frequency converter: the gradient of silence is zero, and the complex step agrees") {
    for (const ConverterSizes& sizes : kConverters) {
        ConverterSubject<double> subject(sizes);
        prove_by_differentiation<mgan::DerivativeMethods::complex_step>(subject, 5);
        const ConverterSubject<double> gradients =
            gradient_of(subject, loss_weights(output_size(subject)));
        CHECK(gradients.x.isZero(0.0));
    }
}

TEST_CASE("Sound: a cache that has served another batch gives the same bits") {
    SynthesiserSubject<double> notes({3}), other_notes({7});
    fill(notes, Point::kRandom, 5);
    prove_accumulation(notes, other_notes);
    for (const ConverterSizes& sizes : kConverters) {
        ConverterSizes more = sizes;
        more.batch += 2;
        ConverterSubject<double> subject(sizes), before(more);
        fill(subject, Point::kRandom, 6);
        fill(before, Point::kRandom, 7);
        prove_accumulation(subject, before);
    }
}
