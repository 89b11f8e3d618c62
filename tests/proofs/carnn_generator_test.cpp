// The whole CARNN generator: through the mapping network, the convolution, both LSTMs, the
// attention over all earlier LSTM outputs, the head, and every event that was fed back.

#include <proofs/subjects/carnn_subject.hpp>

using namespace mgan_test;

namespace {

CarnnSizes sizes_of(Extent extent, bool teacher_forced) {
    CarnnSizes sizes;
    sizes.steps = extent.steps;
    sizes.batch = extent.batch;
    sizes.teacher_forced = teacher_forced;
    return sizes;
}

}  // namespace

TEST_CASE("CARNN generator: all gradients are right, with output feedback and without") {
    for (const Extent extent : kExtents) {
        for (const bool teacher_forced : {false, true}) {
            CarnnSubject<double> random(sizes_of(extent, teacher_forced));
            fill(random, Point::kRandom, 1);
            prove_by_differentiation(random, 3);
            prove_in_float(random, 2e-3);
            for (const Point point : {Point::kNearZero, Point::kSpecial}) {
                CarnnSubject<double> subject(sizes_of(extent, teacher_forced));
                fill(subject, point, 2);
                prove_by_differentiation<mgan::DerivativeMethods::complex_step>(subject, 3);
            }
        }
    }
}

TEST_CASE("CARNN generator: gradients are right whichever parts are there") {
    for (const bool teacher_forced : {false, true}) {
        for (int parts = 0; parts < 32; ++parts) {
            CarnnSizes sizes = sizes_of({4, 2}, teacher_forced);
            sizes.config.mapping_layers = (parts & 1) != 0 ? 1 : 0;
            sizes.config.convolution = (parts & 2) != 0 ? 3 : 0;
            sizes.config.attention_heads = (parts & 4) != 0 ? 1 : 0;
            sizes.config.attention_residual = (parts & 8) != 0;
            sizes.config.noise_to_head = (parts & 16) != 0;
            CarnnSubject<double> subject(sizes);
            fill(subject, Point::kRandom, 3);
            prove_by_differentiation<mgan::DerivativeMethods::complex_step>(subject, 3);
        }
    }
}

TEST_CASE("CARNN generator: gradients are right for a song that is shorter than its noise plane") {
    for (const bool teacher_forced : {false, true}) {
        CarnnSizes sizes = sizes_of({3, 2}, teacher_forced);
        sizes.plane = 7;
        sizes.config.noise_to_head = true;
        CarnnSubject<double> subject(sizes);
        fill(subject, Point::kRandom, 4);
        prove_by_differentiation(subject, 6);
    }
}

TEST_CASE("CARNN generator: gradients are right with an attention window, over several blocks") {
    for (const bool teacher_forced : {false, true}) {
        CarnnSizes sizes = sizes_of({37, 2}, teacher_forced);
        sizes.config.mapping_layers = 0;
        sizes.config.attention_window = 4;
        CarnnSubject<double> subject(sizes);
        fill(subject, Point::kRandom, 5);
        prove_by_differentiation<mgan::DerivativeMethods::complex_step>(subject, 3);
    }
}

TEST_CASE(
    "CARNN generator: without the way through the feedback, the gradient is that of teacher "
    "forcing") {
    CarnnSubject<double> free(sizes_of({7, 3}, false));
    fill(free, Point::kRandom, 6);
    CarnnSubject<double>::Cache cache;
    const Vector<double> dy = loss_weights(free.forward(cache).size());
    const Sequence<double> dy_sequence = as_sequence(dy, 7, 3, free.sizes.config.features);
    mgan::Generator<double> gradients(free.sizes.full_config());
    free.generator.backward(dy_sequence.view(), cache, gradients, false);

    CarnnSubject<double> forced(sizes_of({7, 3}, true));
    forced.generator = free.generator;
    forced.noise = free.noise;
    forced.before.all() = cache.input.all().bottomRows(forced.before.features());
    const CarnnSubject<double> expected = gradient_of(forced, dy);
    mgan::for_each_pair(
        gradients, expected.generator,
        [](const mgan::ParameterName& name, const auto& a, const auto& b) {
            INFO(name.text());
            CHECK((a.reshaped() - b).cwiseAbs().maxCoeff() <= 1e-13 * b.cwiseAbs().maxCoeff());
        });
}

TEST_CASE(
    "CARNN generator: gradients of parameters add up, and a used cache is as good as a new one") {
    for (const bool teacher_forced : {false, true}) {
        CarnnSizes sizes = sizes_of({3, 2}, teacher_forced);
        sizes.plane = 9;
        CarnnSizes other = sizes;
        other.steps = 9;
        other.batch = 4;
        CarnnSubject<double> subject(sizes), before(other);
        fill(subject, Point::kRandom, 7);
        fill(before, Point::kRandom, 8);
        prove_accumulation(subject, before);
    }
}
