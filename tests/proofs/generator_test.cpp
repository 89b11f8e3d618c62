// The whole generator: through both LSTMs, the head, and every event that was fed back.

#include <proofs/subjects/generator_subject.hpp>

using namespace mgan_test;

namespace {

GeneratorSizes sizes_of(Extent extent, bool teacher_forced, bool noise_to_head, Index context) {
    GeneratorSizes sizes;
    sizes.steps = extent.steps;
    sizes.batch = extent.batch;
    sizes.teacher_forced = teacher_forced;
    sizes.config.noise_to_head = noise_to_head;
    sizes.config.context = context;
    return sizes;
}

}  // namespace

TEST_CASE("Generator: gradients of parameters, noise and first event pass through the feedback") {
    for (const Extent extent : kExtents) {
        for (const Point point : kAllPoints) {
            GeneratorSubject<double> subject(sizes_of(extent, false, false, 0));
            fill(subject, point, 1);
            prove_by_differentiation(subject, 3);
            prove_in_float(subject);
        }
    }
}

TEST_CASE("Generator: gradients are right with noise to the head and with context") {
    for (const Extent extent : {Extent{1, 1}, Extent{3, 1}, Extent{7, 3}}) {
        for (const bool teacher_forced : {false, true}) {
            GeneratorSubject<double> noise(sizes_of(extent, teacher_forced, true, 0));
            fill(noise, Point::kRandom, 2);
            prove_by_differentiation(noise, 3);
            GeneratorSubject<double> both(sizes_of(extent, teacher_forced, true, 2));
            fill(both, Point::kRandom, 3);
            prove_by_differentiation(both, 3);
            prove_in_float(both);
        }
    }
}

TEST_CASE("Generator: gradients are right under teacher forcing") {
    for (const Extent extent : kExtents) {
        for (const Point point : kAllPoints) {
            GeneratorSubject<double> subject(sizes_of(extent, true, false, 0));
            fill(subject, point, 4);
            prove_by_differentiation(subject, 3);
            prove_in_float(subject);
        }
    }
}

TEST_CASE("Generator: gradients are right where a sequence takes several blocks of columns") {
    for (const bool teacher_forced : {false, true}) {
        GeneratorSubject<double> subject(sizes_of({5, 40}, teacher_forced, true, 1));
        fill(subject, Point::kRandom, 5);
        prove_by_differentiation(subject, 2);
    }
}

TEST_CASE("Generator: what is rounded on its way back counts as the identity in the gradient") {
    GeneratorSizes sizes = sizes_of({7, 3}, false, true, 0);
    sizes.rounded_feedback = true;
    GeneratorSubject<double> subject(sizes);
    fill(subject, Point::kRandom, 6);
    prove_by_differentiation<mgan::DerivativeMethods::complex_step>(subject, 6);
}

TEST_CASE(
    "Generator: without the way through the feedback, the gradient is that of teacher forcing") {
    GeneratorSubject<double> free(sizes_of({7, 3}, false, true, 2));
    fill(free, Point::kRandom, 7);
    GeneratorSubject<double>::Cache cache;
    const Vector<double> dy = loss_weights(free.forward(cache).size());
    const Sequence<double> dy_sequence = as_sequence(dy, 7, 3, free.sizes.config.features);
    mgan::Generator<double> gradients(free.sizes.config);
    free.generator.backward(dy_sequence.view(), cache, gradients, false);

    GeneratorSubject<double> forced(sizes_of({7, 3}, true, true, 2));
    forced.generator = free.generator;
    forced.noise = free.noise;
    forced.before.all() = cache.input.all().bottomRows(forced.before.features());
    const GeneratorSubject<double> expected = gradient_of(forced, dy);
    mgan::for_each_pair(
        gradients, expected.generator,
        [](const mgan::ParameterName& name, const auto& a, const auto& b) {
            INFO(name.text());
            CHECK((a.reshaped() - b).cwiseAbs().maxCoeff() <= 1e-13 * b.cwiseAbs().maxCoeff());
        });
}

TEST_CASE("Generator: gradients of parameters add up, and a used cache is as good as a new one") {
    for (const bool teacher_forced : {false, true}) {
        GeneratorSubject<double> subject(sizes_of({3, 2}, teacher_forced, true, 1));
        GeneratorSubject<double> before(sizes_of({7, 3}, teacher_forced, true, 1));
        fill(subject, Point::kRandom, 8);
        fill(before, Point::kRandom, 9);
        prove_accumulation(subject, before);
    }
}
