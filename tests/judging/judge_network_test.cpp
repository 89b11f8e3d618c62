// What the recurrent judge reads, how it is trained, and that it learns. Its gradients are proved
// in tests/proofs/judge_network_test.cpp.

#include <mgan/judging/judge_training.hpp>
#include <support/catch.hpp>
#include <support/judged_notes.hpp>

#include <limits>

using namespace mgan::judging;
using mgan::Matrix;
using mgan::Random;
using mgan_test::random_notes;

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

TEST_CASE("judge: the first step of AdamW has the size of the rate, and decay comes on top") {
    mgan::Dense<double> model(1, 1), gradient(1, 1);
    model.weight(0, 0) = 2.0;
    model.bias(0) = -1.0;
    gradient.weight(0, 0) = 300.0;  // cut, which the first step does not see
    gradient.bias(0) = -0.5;
    AdamW<double> optimiser(0.1, 5.0);
    optimiser.step(model, gradient, 0.01);
    CHECK(model.weight(0, 0) == Approx(2.0 * (1.0 - 0.001) - 0.01));
    CHECK(model.bias(0) == Approx(-1.0 * (1.0 - 0.001) + 0.01).epsilon(1e-4));
    gradient.bias(0) = std::numeric_limits<double>::infinity();
    CHECK_THROWS_AS(optimiser.step(model, gradient, 0.01), mgan::NumericalError);
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
