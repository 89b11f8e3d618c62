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
            plain.x = subject.tones();
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

TEST_CASE("Sound path: gradients reach the events through spectrum, sound and sum of differences") {
    for (const mgan::FrequencyBand band :
         {mgan::FrequencyBand::low_pass, mgan::FrequencyBand::full, mgan::FrequencyBand::windows}) {
        for (const Extent extent : {Extent{1, 1}, {2, 1}, {3, 3}, {7, 1}}) {
            SoundPathSubject<double> subject({band, extent.steps, extent.batch});
            fill(subject, Point::kRandom, 4);
            if (extent.steps < 3) {
                prove_by_differentiation(subject, 28);
            } else {  // with many notes some bin all but cancels, see small_path
                prove_by_differentiation<mgan::DerivativeMethods::central_difference>(subject, 28);
            }
            SoundPathSubject<double> plain({band, extent.steps, extent.batch, true});
            plain.x = subject.x;
            subject.scale(plain.x);
            prove_in_float(plain, 1e-3);
        }
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
    SoundPathSubject<double> path({mgan::FrequencyBand::full, 3, 2});
    SoundPathSubject<double> longer({mgan::FrequencyBand::full, 5, 3});
    fill(path, Point::kRandom, 8);
    fill(longer, Point::kRandom, 9);
    prove_accumulation(path, longer);
}
