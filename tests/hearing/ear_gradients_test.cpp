// The gradient of the ear reaches the events, and is right: complex step, differences, float.

#if MGAN_HAS_FFTW

#include <hearing/ear_subject.hpp>

using namespace mgan_test;

TEST_CASE("Ear: gradients reach the events through spectrum, sound and sum of differences") {
    for (const mgan::FrequencyBand band : kBands) {
        for (const Extent extent : {Extent{1, 1}, {2, 1}, {3, 3}, {7, 1}}) {
            EarSubject<double> subject({band, extent.steps, extent.batch});
            fill(subject, Point::kRandom, 4);
            if (extent.steps < 3) {
                prove_by_differentiation(subject, 28);
            } else {  // with many notes some bin all but cancels, see small_ear
                prove_by_differentiation<mgan::DerivativeMethods::central_difference>(subject, 28);
            }
            EarSubject<double> plain({band, extent.steps, extent.batch, true});
            plain.x = subject.x;
            subject.scale(plain.x);
            prove_in_float(plain, 1e-3);
        }
    }
}

TEST_CASE("Ear: one that has heard another batch gives the same bits") {
    for (const mgan::FrequencyBand band : kBands) {
        EarSubject<double> ear({band, 3, 2}), longer({band, 5, 3});
        fill(ear, Point::kRandom, 8);
        fill(longer, Point::kRandom, 9);
        prove_accumulation(ear, longer);
        prove_accumulation(longer, ear);
    }
}

TEST_CASE("Ear: backward adds to what is there") {
    EarSubject<double> subject({mgan::FrequencyBand::full, 3, 2});
    fill(subject, Point::kRandom, 10);
    EarSubject<double>::Cache cache;
    const Vector<double> values = subject.forward(cache);
    const Matrix<double> dy = loss_weights(values.size()).reshaped(values.size() / 2, 2);
    Sequence<double> once(3, 2, 4), twice(3, 2, 4);
    once.set_zero();
    twice.set_zero();
    cache.ear->backward(dy, once.view());
    cache.ear->backward(dy, twice.view());
    cache.ear->backward(dy, twice.view());
    CHECK(once.all().norm() > 0.0);
    CHECK((twice.all() - 2.0 * once.all()).cwiseAbs().maxCoeff() <= 1e-15 * once.all().norm());
}

TEST_CASE("Ear: a song without events is silence, and wrong shapes are refused") {
    EarSubject<double> subject({mgan::FrequencyBand::full, 0, 2});
    EarSubject<double>::Cache cache;
    const Vector<double> values = subject.forward(cache);
    CHECK((values.array() == values(0)).all());  // every bin is 0
    Sequence<double> d_events(0, 2, 4), other(0, 1, 4);
    CHECK_NOTHROW(
        cache.ear->backward(values.reshaped(values.size() / 2, 2).eval(), d_events.view()));
    CHECK_THROWS_AS(cache.ear->backward(values.reshaped(values.size() / 2, 2).eval(), other.view()),
                    mgan::ShapeError);
    CHECK_THROWS_AS(cache.ear->backward(Matrix<double>::Zero(3, 2), d_events.view()),
                    mgan::ShapeError);
}

TEST_CASE("Ear: it keeps no codec that is gone") {
    STATIC_REQUIRE_FALSE(std::is_constructible_v<mgan::FrequencyEar<float>, mgan::PfSettings,
                                                 mgan::encoding::Codec>);
    STATIC_REQUIRE_FALSE(
        std::is_constructible_v<mgan::SongNotes<float>, mgan::encoding::Codec, bool>);
}

#endif
