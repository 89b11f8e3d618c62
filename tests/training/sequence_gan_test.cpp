// GANs on sequences that are not music, their windows, and the scores of what they generate.

#include <mgan/training/sequence_gan.hpp>
#include <mgan/training/sequence_scores.hpp>

#include <support/catch.hpp>

#include <cmath>
#include <cstdint>
#include <vector>

using mgan::Index, mgan::Matrix, mgan::Random, mgan::Sequence;

namespace {

/// Waves of one frequency, in radians a step, from any phase.
Sequence<float> waves(Index count, double frequency, std::uint64_t seed, Index steps = 12) {
    Sequence<float> x(steps, count, 2);
    const Random random(seed, "waves");
    for (Index t = 0; t < steps; ++t)
        for (Index n = 0; n < count; ++n)
            for (Index c = 0; c < 2; ++c) {
                const double phase = random.uniform(static_cast<std::uint64_t>(n), 0.0, 6.28);
                x(t, n, c) =
                    static_cast<float>(0.5 + 0.5 * std::sin(frequency * static_cast<double>(t) +
                                                            phase + static_cast<double>(c)));
            }
    return x;
}

const mgan::ScoreSettings kQuick{.hidden = 8, .epochs = 60, .batch = 32, .learning_rate = 1e-2};

}  // namespace

TEST_CASE("Sequences: windows are scaled, a stride apart, and never reach over two recordings") {
    const mgan::NumberTable table =
        mgan::parse_number_table("0,5\n1,5\n2,5\n3,5\n\n4,5\n2,5\n0,5\n", "t");
    const mgan::ChannelScale scale = mgan::channel_scale(table, table.rows());
    CHECK(scale.low == std::vector<double>{0, 5});
    CHECK(scale.range == std::vector<double>{4, 1});
    const Sequence<float> x = mgan::windows_of(table, scale, 3, table.rows());
    REQUIRE(x.batch() == 3);  // rows 0, 1, and 4
    CHECK(x(2, 1, 0) == 0.75f);
    CHECK(x(0, 2, 0) == 1.0f);
    CHECK(x(0, 2, 1) == 0.0f);
    CHECK(mgan::windows_of(table, scale, 3, table.rows(), 2).batch() == 2);
    CHECK(mgan::windows_of(table, scale, 3, 4).batch() == 2);
    CHECK_THROWS_AS(mgan::windows_of(table, scale, 5, table.rows()), mgan::DataError);
    CHECK_THROWS_AS(mgan::windows_of(table, scale, 3, 4, 0), mgan::ConfigError);
}

TEST_CASE("Sequences: the spectrum of a wave has its power at the wave's frequency") {
    mgan::Tape<double> tape;
    Matrix<double> x(2, 8 * 2);  // C = 2, T = 8, B = 2
    for (Index t = 0; t < 8; ++t)
        for (Index b = 0; b < 2; ++b)
            for (Index c = 0; c < 2; ++c)
                x(c, 2 * t + b) = std::cos(2.0 * 3.14159265358979 * double(t * (1 + b + c)) / 8.0);
    const Matrix<double> s =
        log_spectrum(tape.constant(x), mgan::spectrum_waves<double>(8)).value();
    REQUIRE(s.rows() == 2 * 5);
    REQUIRE(s.cols() == 2);
    for (Index b = 0; b < 2; ++b)
        for (Index c = 0; c < 2; ++c)
            for (Index k = 0; k < 5; ++k)
                CHECK(s(5 * c + k, b) ==
                      Approx(std::log((k == 1 + b + c ? 16.0 : 0.0) + 0.01)).margin(1e-9));
}

TEST_CASE("Sequences: like sequences are not told apart, others always are") {
    CHECK(mgan::discriminative_score(waves(200, 0.5, 1), waves(200, 0.5, 2), kQuick) < 0.25);
    CHECK(mgan::discriminative_score(waves(200, 0.5, 1), waves(200, 1.5, 2), kQuick) > 0.4);
    CHECK_THROWS_AS(mgan::discriminative_score(waves(9, 1, 1), waves(9, 1, 1, 7), kQuick),
                    mgan::ShapeError);
}

TEST_CASE("Sequences: whoever learned from the like predicts better than from others") {
    const Sequence<float> real = waves(100, 0.5, 1);
    const double own = mgan::predictive_score(waves(200, 0.5, 2), real, kQuick);
    const double other = mgan::predictive_score(waves(200, 1.5, 2), real, kQuick);
    CHECK(own < 0.5 * other);
}

TEST_CASE("Sequences: all three GANs learn, and play the same bits again") {
    for (int gan = 1; gan <= 3; ++gan) {
        mgan::SequenceGanSettings settings;
        settings.generator.hidden = settings.generator.head = 8;
        settings.discriminator.hidden = 6;
        settings.batch = 8;
        if (gan > 1) {
            settings.generator.mapping_layers = 1;
            settings.generator.convolution = 3;
            settings.generator.attention_heads = 1;
        }
        if (gan > 2)
            settings.classifier = mgan::PfClassifierSettings{
                .hidden_1 = 12, .hidden_2 = 8, .steps = 4, .hidden = 3, .layers = 1};
        const Sequence<float> data = waves(40, 0.5, 1);
        mgan::SequenceGan first(data, settings), second(data, settings);
        const double told_nothing = first.pretrain();
        double told = second.pretrain();
        REQUIRE(told == told_nothing);
        for (int step = 0; step < 60; ++step) {
            told = first.pretrain();
            REQUIRE(told == second.pretrain());
        }
        CHECK(told < 0.5 * told_nothing);
        const Sequence<float> before = first.generate(20, 5);
        for (int step = 0; step < 30; ++step) {
            const mgan::SequenceGanLosses a = first.step(), b = second.step();
            REQUIRE(std::isfinite(a.discriminator + a.classifier + a.generator));
            REQUIRE(a.generator == b.generator);
            REQUIRE((a.classifier > 0.0) == (gan > 2));
        }
        const Sequence<float> after = first.generate(20, 5);
        CHECK(after.batch() == 20);
        CHECK(after.all() == second.generate(20, 5).all());
        CHECK(after.all() != before.all());
    }
}
