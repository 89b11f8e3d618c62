#pragma once
/// \file
/// Progress of a training, with the time left: a bar on a terminal, elsewhere a line per epoch.

#include <mgan/settings/settings.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace mgan::program {

/// One moment of a training.
struct Moment {
    bool adversarial = false;
    std::int64_t epoch = 0;  ///< under way, from 1, through both phases
    std::int64_t step = 0;   ///< minibatches of it that are done
    std::int64_t steps = 0;  ///< of an epoch
    double loss_g = 0.0;
    double loss_d = 0.0;
    std::optional<double> loss_f = std::nullopt;  ///< of the PF classifier, where there is one
};

/// The end of an epoch.
struct EpochEnd {
    double seconds = 0.0;
    double validation_loss_g = 0.0;
    double validation_loss_d = 0.0;
    double validation_loss_f = 0.0;
    double overlap = 0.0;
    std::optional<double> gap = std::nullopt;  ///< where it is defined
    double longest_run = 0.0;
    /// How often fresh judges are right, network and trees, if they were asked.
    std::optional<std::pair<double, double>> judged = std::nullopt;
    bool best = false;
};

class Progress {
public:
    /// `quiet`: says nothing at all.
    Progress(const Settings& settings, bool quiet);

    /// The training will be this one.
    void expect(const Settings& settings);

    /// Prints a line, above the bar if there is one.
    void say(const std::string& line);

    /// After a minibatch. Redraws the bar at most ten times a second.
    void on_step(const Moment& now);

    /// While the discriminator learns alone, before the adversarial phase.
    void on_warmup(std::int64_t done, std::int64_t steps);

    /// After an epoch.
    void on_epoch(const EpochEnd& end);

    /// Removes the bar.
    void finish();

private:
    using Clock = std::chrono::steady_clock;

    /// Estimated seconds of work left from `place` on.
    [[nodiscard]] double seconds_from(const Moment& place) const;
    [[nodiscard]] double seconds_per_step(bool adversarial) const;
    [[nodiscard]] std::string where() const;
    void draw();

    std::int64_t pretrain_epochs_ = 0, adversarial_epochs_ = 0, batch_ = 0;
    bool quiet_ = false;
    bool bar_ = false;
    bool drawn_ = false;
    Moment now_;
    Clock::time_point last_step_, last_draw_, start_;
    bool measured_step_ = false;
    /// Means of pretraining and adversarial phase; 0: not measured yet.
    std::array<double, 2> step_seconds_{}, evaluation_seconds_{};
};

}  // namespace mgan::program
