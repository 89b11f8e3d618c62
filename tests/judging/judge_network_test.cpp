// The gradients of the recurrent judge and its pieces, by the complex step; what its features say; and
// that it learns.

#include <mgan/judging/judge_training.hpp>
#include <support/gradient_proof.hpp>

using namespace mgan_test;
using namespace mgan::judging;
using mgan::Random;

namespace {

std::vector<JudgedNote> random_notes(std::size_t count, std::uint64_t seed) {
    std::vector<JudgedNote> notes;
    const Random random(seed, "notes");
    for (std::size_t i = 0; i < count; ++i) {
        const auto draw = [&](std::uint64_t what, std::uint64_t options) {
            return static_cast<int>(random.integer(4 * i + what, options));
        };
        notes.push_back({draw(0, 20), 1 + draw(1, 30), 30 + draw(2, 60), 1 + draw(3, 127)});
    }
    return notes;
}

template <typename Scalar>
NoteFeatures<Scalar> random_features(Index steps, Index batch) {
    NoteFeatures<Scalar> features;
    features.resize(steps, batch);
    for (Index b = 0; b < batch; ++b) {
        write_features(random_notes(static_cast<std::size_t>(steps), static_cast<std::uint64_t>(b)),
                       0, b, features);
    }
    return features;
}

template <typename Scalar>
struct PoolingSubject {
    using Cache = typename TimePooling<Scalar>::Cache;
    explicit PoolingSubject(Extent e) : extent(e), x(e.steps, e.batch, 3) {}
    template <typename Other>
    PoolingSubject<Other> cast() const {
        return PoolingSubject<Other>(extent);
    }
    std::string name() const { return "mean and maximum over time"; }
    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("x", x, Role::kInput);
    }
    Vector<Scalar> forward(Cache& cache) const {
        Matrix<Scalar> y(6, extent.batch);
        TimePooling<Scalar>::forward(x.view(), y, cache);
        return y.reshaped();
    }
    void backward(const Vector<Scalar>& dy, Cache& cache, PoolingSubject& gradients) const {
        gradients.x.set_zero();
        TimePooling<Scalar>::backward(mgan::ConstMatrixMap<Scalar>(dy.data(), 6, extent.batch),
                                      gradients.x.view(), cache);
    }
    Extent extent;
    Sequence<Scalar> x;
};

template <typename Scalar>
struct ConvolutionSubject {
    using Cache = typename TimeConvolution<Scalar>::Cache;
    explicit ConvolutionSubject(Extent e) : extent(e), layer(3, 4, 5), x(e.steps, e.batch, 3) {}
    template <typename Other>
    ConvolutionSubject<Other> cast() const {
        return ConvolutionSubject<Other>(extent);
    }
    std::string name() const { return "convolution over time"; }
    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visit_layer(layer, visitor);
        visitor("x", x, Role::kInput);
    }
    Vector<Scalar> forward(Cache&) const {
        Sequence<Scalar> y(extent.steps, extent.batch, 4);
        layer.forward(x.view(), y.view());
        return y.all().reshaped();
    }
    void backward(const Vector<Scalar>& dy, Cache& cache, ConvolutionSubject& gradients) const {
        Sequence<Scalar> d(extent.steps, extent.batch, 4);
        d.all().reshaped() = dy;
        layer.backward(x.view(), std::as_const(d).view(), gradients.x.view(), cache,
                       gradients.layer);
    }
    Extent extent;
    TimeConvolution<Scalar> layer;
    Sequence<Scalar> x;
};

template <typename Scalar>
struct JudgeSubject {
    using Cache = typename JudgeNetwork<Scalar>::Cache;
    JudgeSubject(Extent e, bool drop)
        : extent(e),
          dropped(drop),
          network({.embedding = 5, .channels = 4, .hidden = 3, .head = 6, .width = 5}),
          features(random_features<Scalar>(e.steps, e.batch)) {}
    template <typename Other>
    JudgeSubject<Other> cast() const {
        return JudgeSubject<Other>(extent, dropped);
    }
    std::string name() const { return "recurrent judge"; }
    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visit_layer(network, visitor);
    }
    Vector<Scalar> forward(Cache& cache) const {
        return network.forward(features, cache, dropped ? &mask : nullptr);
    }
    void backward(const Vector<Scalar>& dy, Cache& cache, JudgeSubject& gradients) const {
        network.backward(mgan::ConstMatrixMap<Scalar>(dy.data(), 1, extent.batch), features, cache,
                         gradients.network, dropped ? &mask : nullptr);
    }
    Extent extent;
    bool dropped;
    JudgeNetwork<Scalar> network;
    NoteFeatures<Scalar> features;
    Random mask{5, "proof dropout"};
};

}  // namespace

TEST_CASE("judge: gradients of mean and maximum over time are right") {
    for (const Extent extent : kExtents) {
        PoolingSubject<double> subject(extent);
        fill(subject, Point::kRandom, 1);
        prove_by_differentiation(subject, 30);
        prove_in_float(subject);
    }
}

TEST_CASE("judge: gradients of the convolution over time are right, at its edges too") {
    for (const Point point : kAllPoints) {
        for (const Extent extent : kExtents) {
            ConvolutionSubject<double> subject(extent);
            fill(subject, point, 2);
            prove_by_differentiation(subject, 30);
        }
    }
    ConvolutionSubject<double> subject({7, 3}), before({3, 1});
    fill(subject, Point::kRandom, 3);
    fill(before, Point::kRandom, 4);
    prove_in_float(subject);
    prove_accumulation(subject, before);
}

TEST_CASE("judge: gradients of the whole network are right, with and without dropout") {
    for (const bool dropped : {false, true}) {
        for (const Extent extent : {Extent{1, 1}, {3, 2}, {9, 3}}) {
            JudgeSubject<double> subject(extent, dropped);
            fill(subject, Point::kRandom, 6);
            prove_by_differentiation<mgan::DerivativeMethods::complex_step>(subject, 30);
        }
    }
    JudgeSubject<double> subject({9, 3}, true), before({4, 2}, false);
    fill(subject, Point::kRandom, 7);
    fill(before, Point::kRandom, 8);
    prove_accumulation(subject, before);
}

TEST_CASE("judge: dropout drops a quarter, grows the rest, and is the same when asked again") {
    Matrix<double> x = Matrix<double>::Ones(64, 200), again = Matrix<double>::Ones(64, 200);
    drop_out<double>(x, Random(1, "dropout"), 0);
    drop_out<double>(again, Random(1, "dropout"), 0);
    CHECK(x == again);
    const double kept = (x.array() > 0.0).cast<double>().mean();
    CHECK(kept == Approx(0.75).margin(0.02));
    CHECK(x.maxCoeff() == Approx(4.0 / 3.0));
    CHECK(x.mean() == Approx(1.0).margin(0.02));
    drop_out<double>(again, Random(1, "dropout", 1), 0);
    CHECK((again.array() > 0.0).cast<double>().mean() == Approx(9.0 / 16.0).margin(0.02));
}

TEST_CASE("judge: features of a note are what the table says") {
    const std::vector<JudgedNote> notes = {{7, 4, 60, 64}, {4, 200, 72, 80}, {17, 1, 30, 127}};
    NoteFeatures<double> features;
    features.resize(3, 1);
    write_features(notes, 2, 0, features);
    const auto codes = [&](std::size_t t) {
        Codes values = features.codes[t];
        int first = 0;
        for (std::size_t k = 0; k < values.size(); ++k) {
            values[k] = static_cast<std::int16_t>(values[k] - first);
            first += kCodeSizes[k];
        }
        return values;
    };
    CHECK(codes(0) == Codes{1, 5, 2, 5, 0, 0, 16, 0});     // the first gap does not count
    CHECK(codes(1) == Codes{5, 31, 2, 6, 38, 0, 20, 33});  // an octave up; 16 louder
    CHECK(codes(2) == Codes{18, 2, 8, 2, 1, 1, 31, 33});   // both intervals below -25
    CHECK(features.numbers(2, 0) == Approx(2.0 / 24.0));
    CHECK(features.numbers(3, 1) == Approx(0.5));
    write_features(std::vector<JudgedNote>{{0, 1, 3, 1}, {0, 1, 0, 1}, {0, 1, 1, 1}}, -6, 0,
                   features);
    CHECK(features.numbers(2, 0) == Approx((9 - 60) / 24.0));  // an octave further in
}

TEST_CASE("judge: the rate rises to its peak and falls to almost nothing") {
    CHECK(one_cycle_rate(0, 400, 2e-3) == Approx(8e-5));
    CHECK(one_cycle_rate(59, 400, 2e-3) == Approx(2e-3));
    CHECK(one_cycle_rate(399, 400, 2e-3) == Approx(8e-9));
    for (int step = 0; step < 400; ++step) {
        const double change = one_cycle_rate(step + 1, 400, 1.0) - one_cycle_rate(step, 400, 1.0);
        CHECK((change > 0.0) == (step < 59));
        if (step == 398) break;
    }
}

TEST_CASE(
    "judge: a small network learns to tell steps from leaps in a few steps, by the seed alone") {
    std::vector<JudgedSong> steps, leaps;
    for (std::uint64_t song = 0; song < 12; ++song) {
        for (const bool leap : {false, true}) {
            std::vector<JudgedNote> notes = random_notes(kWindow + 20, song);
            int pitch = 60;
            for (JudgedNote& note : notes) {
                const int by = leap ? 7 : 1;
                pitch += pitch > 70 ? -by : pitch < 50 ? by : note.pitch % 2 == 0 ? by : -by;
                note.pitch = pitch;
            }
            (leap ? leaps : steps).push_back({"song", notes});
        }
    }
    const auto some = [](const std::vector<JudgedSong>& songs) {
        return std::vector<JudgedSong>(songs.begin(), songs.begin() + 8);
    };
    JudgeTrainingOptions options;
    options.steps = 40;
    options.batch = 16;
    options.sizes = {.embedding = 16, .channels = 16, .hidden = 12, .head = 16, .width = 5};
    const JudgeNetwork<float> network = train_judge(some(steps), some(leaps), 1, options);
    std::vector<Window> windows;
    for (const auto* side : {&steps, &leaps}) {
        for (std::size_t i = 8; i < 12; ++i)
            windows.push_back(Window((*side)[i].notes).first(kWindow));
    }
    const std::vector<double> logits = judge_windows(network, windows);
    for (std::size_t i = 0; i < logits.size(); ++i) CHECK((logits[i] > 0.0) == (i < 4));
    CHECK(judge_windows(train_judge(some(steps), some(leaps), 1, options), windows) == logits);
    CHECK(judge_windows(train_judge(some(steps), some(leaps), 2, options), windows) != logits);
}
