#pragma once
/// \file
/// The choices of what changes during training; schedule.hpp computes it.

#include <mgan/core/setting.hpp>

#include <cstdint>

namespace mgan::inline MGAN_ABI {

/// How the learning rate falls.
///
///     constant    rate
///     anneal      rate * gamma^max(e - start, 0)       the paper: from epoch 25 on (section 3.1.3)
///     cosine      rate * (floor + (1 - floor) (1 + cos(pi p)) / 2),   p = share of the steps done
enum class RateSchedule { constant, anneal, cosine };

[[nodiscard]] inline Choices<RateSchedule> schedule_choices() {
    return {{"constant", RateSchedule::constant},
            {"anneal", RateSchedule::anneal},
            {"cosine", RateSchedule::cosine}};
}

/// start, gamma and floor of the schedules above.
struct ScheduleSettings {
    std::int64_t anneal_start = 25;
    double anneal_gamma = 0.95;
    double cosine_floor = 0.05;

    template <typename Visitor>
    void visit(Visitor&& visitor) {
        visitor("anneal_start", anneal_start, Range{0, 1000000},
                "schedule anneal: the step size falls after this epoch");
        visitor("anneal_gamma", anneal_gamma, above(0.0, 1.0), "schedule anneal: decay per epoch");
        visitor("cosine_floor", cosine_floor, Range{0.0, 1.0}, "schedule cosine: final factor");
    }
};

/// Which reading of the paper's "parameter freezing" is in force.
enum class FreezingRule {
    off,
    winner,  ///< the one who is ahead rests (Mogren's code; the cited meaning)
    loser,   ///< the paper's words: G is frozen when D becomes too strong
};

[[nodiscard]] inline Choices<FreezingRule> freezing_choices() {
    return {{"off", FreezingRule::off},
            {"winner", FreezingRule::winner},
            {"loser", FreezingRule::loser}};
}

}  // namespace mgan::inline MGAN_ABI
