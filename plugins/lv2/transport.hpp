#pragma once
/// \file
/// Where a host is, in quarters, between its messages.
///
/// Hosts say where they are when something changes. Until then
///
///     quarters = q + n * tempo * speed / (60 * rate)                                         (1)
///
/// with n frames since the message that said q: nothing is added up, so that no error grows.

#include <cmath>
#include <cstdint>
#include <optional>

namespace mgan_lv2 {

/// What a host says; what it does not say stays as it was.
struct HostPosition {
    std::optional<double> bar, bar_beat, beat, beat_unit, beats_per_bar, beats_per_minute, speed;
    std::optional<std::int64_t> frame;
};

class Transport {
public:
    explicit Transport(double rate) noexcept : rate_(rate) {}

    [[nodiscard]] double quarters() const noexcept {
        return at_ + static_cast<double>(since_) * tempo() / (60.0 * rate_);
    }
    /// Quarters a minute, as time passes now.
    [[nodiscard]] double tempo() const noexcept { return tempo_ * speed_; }
    [[nodiscard]] bool rolls() const noexcept { return speed_ > 0.0; }
    void advance(int frames) noexcept {
        since_ += rolls() ? frames : 0;
        frame_ += rolls() ? frames : 0;
    }

    /// For a host that names no tempo, and for a clock of one's own.
    void set_own_tempo(double tempo) noexcept {
        if (tempo == own_tempo_) return;
        own_tempo_ = tempo;
        if (!host_tempo_) set_tempo(tempo);
    }
    void roll() noexcept { speed_ = 1.0; }

    void hear(const HostPosition& said) noexcept {
        const double before = quarters();
        const bool goes_on =
            said.frame && *said.frame == frame_ && (!said.speed || *said.speed == speed_);
        if (said.beat_unit && *said.beat_unit > 0.0) beat_unit_ = *said.beat_unit;
        if (said.beats_per_bar && *said.beats_per_bar > 0.0) beats_per_bar_ = *said.beats_per_bar;
        if (said.beats_per_minute && *said.beats_per_minute > 0.0) {
            host_tempo_ = true;
            tempo_ = *said.beats_per_minute * 4.0 / beat_unit_;
        }
        if (said.speed) speed_ = *said.speed;
        since_ = 0;
        at_ = before;
        if (said.frame) frame_ = *said.frame;
        const double a_beat = 4.0 / beat_unit_;
        if (said.beat) {
            at_ = *said.beat * a_beat;
        } else if (said.bar && said.bar_beat) {
            // A bar of another length makes all bars before it seem other ones: while time simply
            // goes on, whole beats are counted here.
            const double counted = (*said.bar * beats_per_bar_ + *said.bar_beat) * a_beat;
            shift_ = goes_on ? std::round((before - counted) / a_beat) * a_beat : 0.0;
            at_ = counted + shift_;
            // Hosts write beats with seven digits, or in ticks of 1/1920: what is counted here, or
            // where a song of one tempo is at that frame, is finer.
            const double of_frame =
                said.frame ? static_cast<double>(*said.frame) / rate_ * tempo_ / 60.0 : at_;
            if (goes_on && std::abs(at_ - before) < kTick)
                at_ = before;
            else if (std::abs(at_ - of_frame) < kTick)
                at_ = of_frame;
        } else if (said.frame && !goes_on) {
            at_ = static_cast<double>(*said.frame) / rate_ * tempo_ / 60.0;
        }
    }

private:
    /// The coarsest steps in which hosts name beats, quarters.
    static constexpr double kTick = 1.0 / 960.0;

    void set_tempo(double tempo) noexcept {
        at_ = quarters();
        since_ = 0;
        tempo_ = tempo;
    }

    double rate_;
    double at_ = 0.0, shift_ = 0.0;
    std::int64_t since_ = 0, frame_ = 0;
    double tempo_ = 120.0, own_tempo_ = 120.0, speed_ = 0.0;
    double beat_unit_ = 4.0, beats_per_bar_ = 4.0;
    bool host_tempo_ = false;
};

}  // namespace mgan_lv2
