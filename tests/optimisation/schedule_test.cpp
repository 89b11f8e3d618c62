#include <mgan/optimisation/schedule.hpp>

#include <support/catch.hpp>

using namespace mgan;

namespace {
double factor(RateSchedule schedule, std::int64_t epoch, double progress) {
    return rate_factor(schedule, epoch, progress, {25, 0.95, 0.05});
}
}  // namespace

TEST_CASE("Learning rate: the paper's falls from epoch 26 on, by a constant factor") {
    for (const std::int64_t epoch : {1, 7, 25})
        CHECK(factor(RateSchedule::anneal, epoch, 0) == 1.0);
    CHECK(factor(RateSchedule::anneal, 26, 0) == Approx(0.95));
    CHECK(factor(RateSchedule::anneal, 50, 0) == Approx(std::pow(0.95, 25)));
}

TEST_CASE("Learning rate: cosine falls from 1 to its floor, half of the way in the middle") {
    CHECK(factor(RateSchedule::cosine, 1, 0.0) == 1.0);
    CHECK(factor(RateSchedule::cosine, 1, 0.5) == Approx(0.525));
    CHECK(factor(RateSchedule::cosine, 1, 1.0) == Approx(0.05));
    for (double p = 0.0; p < 0.99; p += 0.01)
        CHECK(factor(RateSchedule::cosine, 1, p + 0.01) < factor(RateSchedule::cosine, 1, p));
}

TEST_CASE("Learning rate: constant stays") {
    CHECK(factor(RateSchedule::constant, 1000, 0.9) == 1.0);
}

TEST_CASE("Curriculum: songs grow from the first epoch's length to the full one in the last") {
    CHECK(curriculum_length(1, 6, 10, 100) == 10);
    CHECK(curriculum_length(2, 6, 10, 100) == 28);
    CHECK(curriculum_length(6, 6, 10, 100) == 100);
    for (std::int64_t epoch = 1; epoch < 6; ++epoch)
        CHECK(curriculum_length(epoch, 6, 10, 100) < curriculum_length(epoch + 1, 6, 10, 100));
}

TEST_CASE("Curriculum: one epoch, or a start beyond the end, is the full length") {
    CHECK(curriculum_length(1, 1, 10, 100) == 100);
    CHECK(curriculum_length(1, 6, 100, 100) == 100);
    CHECK(curriculum_length(1, 6, 150, 100) == 100);
    CHECK(curriculum_length(1, 6, 0, 3) == 1);
}

TEST_CASE("Freezing: the rule is silent at balance, whichever reading is taken") {
    const double balance = std::log(2.0);  // D says 1/2 to everything
    for (const FreezingRule rule : {FreezingRule::off, FreezingRule::winner, FreezingRule::loser}) {
        const Freezing frozen = freeze(rule, 2 * balance, balance, 0.7);
        CHECK_FALSE(frozen.generator);
        CHECK_FALSE(frozen.discriminator);
    }
}

TEST_CASE("Freezing: who rests, by rule and by who is ahead") {
    struct Row {
        FreezingRule rule;
        double loss_d, loss_g;
        bool generator_rests, discriminator_rests;
    };
    const Row rows[] = {
        {FreezingRule::off, 0.1, 2.0, false, false},
        {FreezingRule::off, 4.0, 0.1, false, false},
        // D is ahead: L_D / 2 = 0.05 < 0.7 * 2
        {FreezingRule::winner, 0.1, 2.0, false, true},
        {FreezingRule::loser, 0.1, 2.0, true, false},
        // G is ahead: 0.1 < 0.7 * 2
        {FreezingRule::winner, 4.0, 0.1, true, false},
        {FreezingRule::loser, 4.0, 0.1, false, true},
        // neither: 0.8 is more than 70 % of 1
        {FreezingRule::winner, 1.6, 1.0, false, false},
        {FreezingRule::loser, 1.6, 1.0, false, false},
    };
    for (const Row& row : rows) {
        const Freezing frozen = freeze(row.rule, row.loss_d, row.loss_g, 0.7);
        CHECK(frozen.generator == row.generator_rests);
        CHECK(frozen.discriminator == row.discriminator_rests);
    }
}

TEST_CASE("Freezing: never do both rest, so that a training cannot stand still") {
    for (const FreezingRule rule : {FreezingRule::winner, FreezingRule::loser}) {
        for (double d = 0.0; d < 5.0; d += 0.13) {
            for (double g = 0.0; g < 5.0; g += 0.13) {
                const Freezing frozen = freeze(rule, d, g, 1.0);
                CHECK_FALSE((frozen.generator && frozen.discriminator));
            }
        }
    }
}
