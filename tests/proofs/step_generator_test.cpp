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

TEST_CASE("Step generator: gradients of sharpened distributions are right") {
    StepGeneratorSubject<double> subject({.steps = 4, .batch = 2, .sharpened = true});
    fill(subject, Point::kRandom, 4);
    prove_by_differentiation(subject, 2);
    prove_in_float(subject);
}

TEST_CASE("Step generator: gradients are right through the noise path") {
    StepGeneratorSubject<double> subject({.steps = 4, .batch = 2, .noise = 2, .noise_path = true});
    fill(subject, Point::kRandom, 4);
    prove_by_differentiation(subject, 2);
    prove_in_float(subject);
}

TEST_CASE("Step generator: without a closed loop it hears nothing of the song so far") {
    for (const bool closed_loop : {true, false}) {
        StepGeneratorSubject<double> subject({.steps = 3, .batch = 2, .closed_loop = closed_loop});
        fill(subject, Point::kRandom, 7);
        prove_by_differentiation(subject, 2);
        StepGeneratorSubject<double>::Cache cache;
        const Vector<double> answer = subject.forward(cache);
        const Index so_far = 2, asked = 3;  // of five numbers the last two are the style
        subject.in.numbers.row(so_far).array() += 0.5;
        CHECK((subject.forward(cache) != answer) == closed_loop);
        subject.in.numbers.row(asked).array() += 0.5;
        CHECK(subject.forward(cache) != answer);
    }
}

TEST_CASE("Step generator: an event outside the limits was possible all the same") {
    // As in crops that are longer than the window in which a style is measured.
    StepGeneratorSubject<double> subject({.steps = 3, .batch = 2, .outside = true});
    fill(subject, Point::kRandom, 8);
    prove_by_differentiation(subject, 2);
    StepGeneratorSubject<double>::Cache cache;
    CHECK(subject.forward(cache).minCoeff() >= 0.0);
}

TEST_CASE("Step generator: gradients add up, and a used cache is as good as a new one") {
    StepGeneratorSubject<double> subject({.steps = 3, .batch = 2, .noise = 2});
    StepGeneratorSubject<double> before({.steps = 7, .batch = 3, .noise = 2});
    fill(subject, Point::kRandom, 5);
    fill(before, Point::kRandom, 6);
    prove_accumulation(subject, before);
}

TEST_CASE("Step discriminator: gradients are right, through the running means") {
    for (const Extent extent : {Extent{1, 1}, Extent{3, 2}, Extent{7, 3}}) {
        StepDiscriminatorSubject<double> subject({.steps = extent.steps, .batch = extent.batch});
        fill(subject, Point::kRandom, 7);
        prove_by_differentiation(subject, 2);
        prove_in_float(subject);
    }
    StepDiscriminatorSubject<double> subject({.steps = 3, .batch = 2});
    StepDiscriminatorSubject<double> before({.steps = 7, .batch = 3});
    fill(subject, Point::kRandom, 8);
    fill(before, Point::kRandom, 9);
    prove_accumulation(subject, before);
}

namespace {

/// The columns of step t of a batch.
template <typename Scalar>
mgan::StepInputs<Scalar> step_of(const mgan::StepInputs<Scalar>& in, const mgan::StepShape& shape,
                                 Index t, Index batch) {
    mgan::StepInputs<Scalar> one;
    one.resize(shape, batch);
    for (Index b = 0; b < batch; ++b) one.copy_column(b, in, t * batch + b);
    return one;
}

}  // namespace

TEST_CASE("Step generator: played event by event, its numbers are those of the sequence") {
    for (const Index heads : {0, 2}) {
        StepGeneratorSubject<float> subject({.steps = 9, .batch = 3, .attention_heads = heads});
        fill(subject, Point::kRandom, 10);
        const auto& generator = subject.generator;
        StepGeneratorSubject<float>::Cache cache;
        const auto h = generator.forward(subject.in, 9, 3, {}, {}, cache);
        mgan::StepGenerator<float>::Stream stream;
        generator.start(stream, 3, 9);
        for (Index t = 0; t < 9; ++t) {
            auto in = step_of(subject.in, generator.shape(), t, 3);
            generator.listen(in, {}, stream);
            CHECK(stream.h == h.step(t));
            for (Index k = 0; k < generator.shape().count(); ++k) {
                generator.draw(
                    in, k, [](Index b) { return 0.3 * static_cast<double>(b + 1); }, {}, stream);
                for (Index b = 0; b < 3; ++b) {
                    const auto [low, high] = in.limit(b, k);
                    CHECK(in.value(b, k) >= low);
                    CHECK(in.value(b, k) <= high);
                    in.value(b, k) = subject.in.value(t * 3 + b, k);
                }
            }
        }
    }
}

TEST_CASE("Step discriminator: asked event by event, it answers as for the whole song") {
    StepDiscriminatorSubject<float> subject({.steps = 9, .batch = 3});
    fill(subject, Point::kRandom, 11);
    StepDiscriminatorSubject<float>::Cache cache;
    const auto logit = subject.discriminator.forward(subject.in, 9, 3, {}, cache);
    mgan::StepDiscriminator<float>::Stream stream;
    subject.discriminator.start(stream, 3);
    for (Index t = 0; t < 9; ++t) {
        const auto in = step_of(subject.in, small_step_shape(), t, 3);
        CHECK(subject.discriminator.step(in, stream) == logit.step(t));
    }
}

TEST_CASE("Step head: the level of the noise chooses the value whose part holds it") {
    StepGeneratorSubject<double> subject({.steps = 1, .batch = 1});
    fill(subject, Point::kRandom, 12);
    const auto& head = subject.generator.heads[2];  // pitch
    mgan::StepHead<double>::Cache cache;
    const Matrix<double> h = Matrix<double>::Zero(4, 1);
    head.forward(subject.in, 0, h, cache);
    double below = 0.0;
    for (Index v = 0; v < head.values(); ++v) {
        const double q = cache.probability(v, 0);
        if (q > 0.0) {
            CHECK(head.quantile(cache, 0, below + 0.01 * q) == v);
            CHECK(head.quantile(cache, 0, below + 0.99 * q) == v);
        }
        below += q;
    }
    CHECK(below == Approx(1.0));
    const auto [low, high] = subject.in.limit(0, 2);
    CHECK(head.quantile(cache, 0, 0.0) == low);
    CHECK(head.quantile(cache, 0, 0x1.fffffffffffffp-1) == high);
}

TEST_CASE("Step head: a row for a pitch class learns from all of its octaves") {
    mgan::StepShape shape = small_step_shape();
    std::vector<std::int32_t>& pitches = shape.components[2].values;
    pitches.clear();
    for (std::int32_t key = 50; key < 50 + 3 * 12; ++key) pitches.push_back(key);
    constexpr Index kColumns = 6, kHidden = 4;
    mgan::StepInputs<double> in;
    mgan_test::fill_step_inputs(shape, 1, kColumns, 21, in);
    mgan::StepHead<double> head(shape, 2, kHidden, 5), gradients = head;
    const mgan::Random random(22, "weights");
    std::uint64_t drawn = 0;
    mgan::for_each_parameter(head, [&](const mgan::ParameterName&, auto& parameter) {
        for (Index i = 0; i < parameter.size(); ++i)
            parameter.data()[i] = random.uniform(drawn++, -0.7, 0.7);
    });
    Matrix<double> h(kHidden, kColumns);
    for (Index i = 0; i < h.size(); ++i) h.data()[i] = random.uniform(drawn++, -1.0, 1.0);
    mgan::StepHead<double>::Cache cache;
    const auto loss = [&] {
        head.forward(in, 0, h, cache);
        return cache.negative_log.sum();
    };
    (void)loss();
    const Vector<double> weight = Vector<double>::Ones(kColumns);
    Matrix<double> dh = Matrix<double>::Zero(kHidden, kColumns);
    head.backward(in, 0, {weight.data(), kColumns}, cache, dh, gradients);
    const Vector<double> learned = gradients.write.bias;
    int classes = 0;
    for (Index row = 0; row < learned.size(); ++row) {
        const double was = head.write.bias(row), step = 1e-5;
        head.write.bias(row) = was + step;
        const double above = loss();
        head.write.bias(row) = was - step;
        const double below = loss();
        head.write.bias(row) = was;
        INFO("row " << row);
        CHECK(learned(row) == Approx((above - below) / (2.0 * step)).margin(1e-7));
        const bool is_harmony = row >= head.rows().harmony && row < head.rows().keys;
        classes += is_harmony && std::abs(learned(row)) > 1e-3 ? 1 : 0;
    }
    CHECK(classes > 12);
}

TEST_CASE("Step head: a pitch of a closed class is not drawn, unless the event has one") {
    StepGeneratorSubject<double> subject({.steps = 1, .batch = 1});
    fill(subject, Point::kRandom, 12);
    auto& in = subject.in;
    const auto& head = subject.generator.heads[2];
    const std::vector<std::int32_t> pitches = small_step_shape().components[2].values;  // 58 .. 64
    const Matrix<double> h = Matrix<double>::Zero(4, 1);
    mgan::StepHead<double>::Cache open, closed;
    in.limit(0, 2) = {0, 6};
    in.value(0, 2) = mgan::kNoValue;
    head.forward(in, 0, h, open);

    constexpr std::uint16_t kWhiteKeys = 0b1010'1011'0101;
    in.classes[0] = kWhiteKeys;
    head.forward(in, 0, h, closed);
    double kept = 0.0;
    for (Index v = 0; v < head.values(); ++v) {
        const bool white = (kWhiteKeys >> pitches[static_cast<std::size_t>(v)] % 12 & 1) != 0;
        if (white) kept += open.probability(v, 0);
        CHECK((closed.probability(v, 0) > 0.0) == white);
    }
    CHECK(kept < 0.99);
    for (Index v = 0; v < head.values(); ++v) {
        if (closed.probability(v, 0) > 0.0)
            CHECK(closed.probability(v, 0) == Approx(open.probability(v, 0) / kept));
    }

    in.value(0, 2) = 0;  // 58, a black key: what is there was possible
    head.forward(in, 0, h, closed);
    CHECK(closed.probability == open.probability);

    // A director closes altogether. Where he leaves open black keys alone, they are drawn as if
    // nothing else had closed them.
    in.value(0, 2) = mgan::kNoValue;
    std::vector<double> bias(7, 0.0);
    for (const std::size_t white : {1u, 2u, 4u, 6u}) bias[white] = mgan::StepHead<double>::kClosed;
    head.forward(in, 0, h, closed, {}, bias);
    const double black = open.probability(0, 0) + open.probability(3, 0) + open.probability(5, 0);
    for (const Index v : {0, 3, 5})
        CHECK(closed.probability(v, 0) == Approx(open.probability(v, 0) / black));
}

TEST_CASE("Step head: where enough keys sound there is no further one, and none lasts too long") {
    StepGeneratorSubject<double> subject({.steps = 1, .batch = 1});
    fill(subject, Point::kRandom, 13);
    auto& in = subject.in;
    const Matrix<double> h = Matrix<double>::Zero(4, 1);
    mgan::StepHead<double>::Cache cache;
    const auto open_values = [&](Index component) {
        in.limit(0, component) = {
            0, static_cast<std::int16_t>(
                   subject.generator.heads[static_cast<std::size_t>(component)].values() - 1)};
        in.value(0, component) = mgan::kNoValue;
        subject.generator.heads[static_cast<std::size_t>(component)].forward(in, 0, h, cache);
        std::vector<bool> open;
        for (Index v = 0; v < cache.probability.rows(); ++v)
            open.push_back(cache.probability(v, 0) > 0.0);
        return open;
    };
    CHECK(open_values(0) == std::vector<bool>{true, true});
    in.full[0] = 1;
    CHECK(open_values(0) == std::vector<bool>{false, true});
    in.value(0, 0) = 1;
    in.value(0, 2) = 0;
    in.value(0, 1) = 2;  // a gap of 2; the lengths are 1, 2, 3, 5
    for (const std::int32_t hold : {0, 2}) {
        in.hold[0] = hold;
        CHECK(open_values(3) == std::vector<bool>{true, true, true, true});
    }
    in.hold[0] = 3;
    CHECK(open_values(3) == std::vector<bool>{true, true, false, false});
    in.value(0, 1) = 0;  // no length is so short: none comes before another
    CHECK(open_values(3) == std::vector<bool>{true, true, true, true});
}

TEST_CASE("Step head: each row by role speaks for the values that have the role") {
    StepGeneratorSubject<double> subject({.steps = 1, .batch = 1});
    fill(subject, Point::kNearZero, 14);
    auto& in = subject.in;
    const Matrix<double> h = Matrix<double>::Zero(4, 1);
    // The values that become likelier when one row of a head answers 1 instead of 0.
    const auto spoken_for = [&](Index component, Index row) {
        mgan::StepHead<double> head = subject.generator.heads[static_cast<std::size_t>(component)];
        head.write.weight.setZero();
        head.write.bias.setZero();
        in.limit(0, component) = {0, static_cast<std::int16_t>(head.values() - 1)};
        in.value(0, component) = mgan::kNoValue;
        mgan::StepHead<double>::Cache after;
        head.write.bias(row) = 1.0;
        head.forward(in, 0, h, after);
        std::vector<Index> values;
        for (Index v = 0; v < head.values(); ++v)
            if (after.probability(v, 0) > 1.5 * after.probability.col(0).minCoeff())
                values.push_back(v);
        return values;
    };
    const auto rows = [&](Index component) {
        return subject.generator.heads[static_cast<std::size_t>(component)].rows();
    };
    using Values = std::vector<Index>;
    in.classes[0] = mgan::kEveryClass;
    in.full[0] = 0;
    in.hold[0] = 0;
    for (const Index s : {0, 1, 2, 3})
        for (Index c = 0; c < 6; ++c) in.source(0, s, c) = mgan::kNoValue;

    // Pitches 58 .. 64; the second voice, source 2, has 61.
    in.source(0, 2, 2) = 3;
    CHECK(spoken_for(2, rows(2).copy + 2) == Values{3});
    CHECK(spoken_for(2, rows(2).copy + 1).empty());
    const Index second = rows(2).harmony + 12;
    CHECK(spoken_for(2, second) == Values{3});
    CHECK(spoken_for(2, second + 2) == Values{5});
    CHECK(spoken_for(2, second + 9) == Values{0});  // 58: nine above 61, an octave lower
    CHECK(spoken_for(2, second + 5).empty());
    CHECK(spoken_for(2, second - 12).empty());  // the first voice has no pitch
    in.key_set(0, 0) = {std::uint64_t{1} << 59 | std::uint64_t{1} << 62, 0};
    in.key_set(0, 1) = {0, 1};
    CHECK(spoken_for(2, rows(2).keys) == Values{1, 4});
    CHECK(spoken_for(2, rows(2).keys + 1) == Values{6});
    in.sounding[0] = {0, 1};
    CHECK(spoken_for(2, rows(2).sounding) == Values{6});
    // Once 58, and once 64: of their pitch classes 58 and 64 alone are in the list.
    in.counts.setZero();
    const Index pitches = small_step_shape().counts_before(2);
    in.counts(pitches, 0) = 0.5 * std::log1p(1.0);
    in.counts(pitches + 6, 0) = 4.0;
    CHECK(spoken_for(2, rows(2).used) == Values{0, 6});
    CHECK(spoken_for(2, rows(2).used_class) == Values{0, 6});
    CHECK(spoken_for(2, rows(2).used_class + 1) == Values{6});  // 58 has 1.4 times, not 1.5

    // Gaps 0, 1, 2, 3, 6; lengths 1, 2, 3, 5.
    in.new_phase[0] = 3;
    in.value(0, 0) = 1;
    in.release(0, 0) = {4, 2};
    in.release(0, 1) = {mgan::kNoValue, mgan::kNoValue};
    CHECK(spoken_for(1, rows(1).release) == Values{4});
    CHECK(spoken_for(1, rows(1).release + 1).empty());
    CHECK(spoken_for(1, rows(1).arrival) == Values{1});         // 3 + 1, of 4
    CHECK(spoken_for(1, rows(1).arrival + 1) == Values{2, 4});  // 3 + 2 and 3 + 6
    in.value(0, 1) = 3;
    in.value(0, 2) = 0;
    CHECK(spoken_for(3, rows(3).release) == Values{2});
    CHECK(spoken_for(3, rows(3).legato + 4) == Values{2});  // as long as the gap
    CHECK(spoken_for(3, rows(3).legato + 3) == Values{1});

    // Velocities 40, 60, 90; the second voice has the one in the middle.
    in.value(0, 3) = 0;
    in.source(0, 2, 4) = 1;
    const Index loudness = rows(4).loudness + 13;
    CHECK(spoken_for(4, loudness + 6) == Values{1});
    CHECK(spoken_for(4, loudness + 7) == Values{2});
    CHECK(spoken_for(4, loudness + 5) == Values{0});
    CHECK(spoken_for(4, loudness + 4).empty());
    CHECK(rows(4).end == rows(4).loudness + 2 * 13);
}
