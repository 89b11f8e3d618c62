#include "progress.hpp"

#include "console.hpp"
#include "data.hpp"

#include <algorithm>
#include <cstdlib>
#include <iostream>

namespace mgan::program {

namespace {

/// A running mean that follows slow changes.
void follow(double& mean, double sample, double weight) {
    mean = mean == 0.0 ? sample : mean + weight * (sample - mean);
}

}  // namespace

Progress::Progress(const Settings& settings, bool quiet)
    : quiet_(quiet),
      bar_(!quiet && is_output_terminal()),
      last_step_(Clock::now()),
      last_draw_(last_step_),
      start_(last_step_) {
    expect(settings);
}

void Progress::expect(const Settings& settings) {
    pretrain_epochs_ = settings.pretrain.epochs;
    adversarial_epochs_ = settings.adversarial.epochs;
    batch_ = settings.batch;
}

void Progress::say(const std::string& line) {
    if (quiet_) return;
    finish();
    std::cout << line << std::endl;
}

void Progress::finish() {
    if (drawn_) std::cout << "\r\033[K" << std::flush;
    drawn_ = false;
}

void Progress::on_step(const Moment& now) {
    const Clock::time_point time = Clock::now();
    const double seconds = std::chrono::duration<double>(time - last_step_).count();
    // The first step of a process, or of the adversarial phase (with D's warm-up), is not like
    // others.
    if (measured_step_ && now.adversarial == now_.adversarial)
        follow(step_seconds_[now.adversarial ? 1 : 0], seconds, 0.05);
    measured_step_ = true;
    last_step_ = time;
    now_ = now;
    if (bar_ && std::chrono::duration<double>(time - last_draw_).count() > 0.1) draw();
}

void Progress::on_warmup(std::int64_t done, std::int64_t steps) {
    if (done == 0) say(concat("The discriminator learns alone first, ", steps, " minibatches."));
    if (!bar_) return;
    std::cout << "\r\033[K"
              << "the discriminator alone: " << done << " of " << steps << std::flush;
    drawn_ = true;
}

void Progress::on_epoch(const EpochEnd& end) {
    const Clock::time_point time = Clock::now();
    follow(evaluation_seconds_[now_.adversarial ? 1 : 0],
           std::chrono::duration<double>(time - last_step_).count(), 0.3);
    last_step_ = time;
    if (quiet_) return;
    const double left = seconds_from(now_);
    std::string line = concat(where(), "  loss ", fixed(now_.loss_g, 4));
    if (now_.adversarial) line += concat(" D ", fixed(now_.loss_d, 4));
    if (now_.loss_f) line += concat(" F ", fixed(*now_.loss_f, 4));
    line += concat(" (validation ", fixed(end.validation_loss_g, 4));
    if (now_.adversarial) line += concat(" D ", fixed(end.validation_loss_d, 4));
    if (now_.loss_f) line += concat(" F ", fixed(end.validation_loss_f, 4));
    line +=
        concat(")  overlap ", fixed(end.overlap, 3), "  gap ", end.gap ? fixed(*end.gap, 2) : "-",
               "  longest run ", fixed(end.longest_run, 1), "  ", fixed(end.seconds, 1), " s");
    if (end.judged)
        line += concat("  told ", fixed(100.0 * end.judged->first, 0), " %, ",
                       fixed(100.0 * end.judged->second, 0), " %");
    const double step = seconds_per_step(now_.adversarial);
    if (step > 0.0) line += concat("  ", fixed(static_cast<double>(batch_) / step, 0), " songs/s");
    if (left > 0.0) line += concat("  left ", clock_text(left));
    if (end.best) line += "  *";
    say(line);
    if (bar_ && left > 0.0) draw();
}

std::string Progress::where() const {
    const std::int64_t epoch = now_.adversarial ? now_.epoch - pretrain_epochs_ : now_.epoch;
    return concat(now_.adversarial ? "adversarial " : "pretraining ", epoch, "/",
                  now_.adversarial ? adversarial_epochs_ : pretrain_epochs_);
}

double Progress::seconds_per_step(bool adversarial) const {
    const double own = step_seconds_[adversarial ? 1 : 0];
    // Free running, the discriminator twice forward and backward: a dozen pretraining steps.
    constexpr double kRatio = 12.0;
    return own > 0.0 ? own : (adversarial ? kRatio * step_seconds_[0] : 0.0);
}

double Progress::seconds_from(const Moment& place) const {
    const auto phase = [&](bool adversarial, std::int64_t first, std::int64_t epochs) {
        const std::int64_t done = std::clamp<std::int64_t>(place.epoch - first, 0, epochs);
        std::int64_t steps = (epochs - done) * place.steps;
        if (place.adversarial == adversarial && epochs > done) steps -= place.step;
        const double evaluation = evaluation_seconds_[adversarial ? 1 : 0] > 0.0
                                      ? evaluation_seconds_[adversarial ? 1 : 0]
                                      : evaluation_seconds_[0];
        const bool ended = place.adversarial == adversarial && place.step == place.steps;
        return static_cast<double>(steps) * seconds_per_step(adversarial) +
               static_cast<double>(epochs - done - (ended && epochs > done ? 1 : 0)) * evaluation;
    };
    return phase(false, 1, pretrain_epochs_) +
           phase(true, 1 + pretrain_epochs_, adversarial_epochs_);
}

void Progress::draw() {
    // The bar grows with the time, of which an adversarial epoch takes far more.
    const double whole = seconds_from({.epoch = 1, .steps = now_.steps});
    const double left = seconds_from(now_);
    const double done = whole > 0.0 ? std::clamp(1.0 - left / whole, 0.0, 1.0) : 0.0;
    constexpr std::size_t kBar = 20;
    const auto filled = std::min(kBar, static_cast<std::size_t>(done * static_cast<double>(kBar)));
    std::string line = concat(where(), " [", std::string(filled, '#'),
                              std::string(kBar - filled, '.'), "] loss ", fixed(now_.loss_g, 4));
    if (now_.adversarial) line += concat(" D ", fixed(now_.loss_d, 4));
    if (now_.loss_f) line += concat(" F ", fixed(*now_.loss_f, 4));
    const double step = seconds_per_step(now_.adversarial);
    if (step > 0.0) {
        line += concat("  ", fixed(static_cast<double>(batch_) / step, 0), " songs/s  left ",
                       clock_text(left));
    }
    std::cout << "\r\033[K" << line.substr(0, terminal_width() - 1) << std::flush;
    drawn_ = true;
    last_draw_ = Clock::now();
}

}  // namespace mgan::program
