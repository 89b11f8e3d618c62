#pragma once
/// \file
/// What plays inside the plug-in, without a word of LV2: a model that is swapped while it plays,
/// and controls from the values of ports.

#include "ports.hpp"

#include <mgan/player.hpp>
#include <mgan/player/block_player.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace mgan_lv2 {

/// A whole number that a port means.
[[nodiscard]] inline int whole(float value) noexcept {
    return static_cast<int>(std::lround(value));
}

/// A host may write anything into a port.
[[nodiscard]] inline Values sane(Values values) noexcept {
    for (const PortInfo& port : kPorts) {
        float& value = values[port.control];
        value = std::isnan(value) ? port.initial : std::clamp(value, port.least, port.most);
        if (port.kind != Kind::number && port.kind != Kind::factor) value = std::round(value);
    }
    return values;
}

/// The scale of a root and a mode.
[[nodiscard]] inline std::uint32_t scale_of_ports(const Values& values) noexcept {
    std::array<char, 24> text{};
    std::size_t size = 0;
    const auto add = [&](std::string_view part) {
        size += part.copy(text.data() + size, text.size() - size);
    };
    const auto chosen = [&](Control control) {
        return choice_of(kPorts[control].choices, static_cast<std::size_t>(values[control]));
    };
    add(chosen(kRoot));
    add(" ");
    add(chosen(kScale));
    return mgan::scale_of({text.data(), size}).value_or(0xFFF);
}

/// The controls that sane values mean. A range that holds no note of the scale leaves both out.
[[nodiscard]] inline mgan::PlayerControls controls_of(const Values& values) noexcept {
    mgan::PlayerControls controls;
    for (const PortInfo& port : kPorts) {
        if (port.word.empty() || port.group == Group::noise) continue;
        if (port.word.starts_with("style.") && values[port.control] == 0.0F) continue;
        (void)mgan::set_control(controls, port.word, static_cast<double>(values[port.control]));
    }
    for (std::size_t part = 0; part < mgan::kParts; ++part) {
        const auto [low, high] =
            std::minmax(values[kTimeLeast + 2 * part], values[kTimeMost + 2 * part]);
        controls.levels[part] = {static_cast<double>(low), static_cast<double>(high)};
    }
    controls.guide = values[kGuided] != 0.0F ? mgan::kUsualCandidates : 0;
    mgan::PlayerControls bound = controls;
    bound.scale = scale_of_ports(values);
    bound.low = whole(std::min(values[kLow], values[kHigh]));
    bound.high = whole(std::max(values[kLow], values[kHigh]));
    return mgan::fault_of(bound) == nullptr ? bound : controls;
}

[[nodiscard]] inline mgan::OnJump on_jump_of(const Values& values) noexcept {
    const int chosen = whole(values[kAtJump]);
    if (chosen == kFollow) return mgan::OnJump::follow;
    return chosen == kGoOn ? mgan::OnJump::go_on : mgan::OnJump::restart;
}

/// A model with its player: made by a worker, played by the audio thread, freed by the worker.
struct Prepared {
    std::string path;
    std::unique_ptr<mgan::BlockPlayer> blocks;
    std::int64_t played = 0;
};

/// By the worker: makes a player as the ports want it, after `played` notes of its song. Throws
/// what `Player` throws.
[[nodiscard]] inline std::unique_ptr<Prepared> prepare(const mgan::PlayerModel& model,
                                                       std::string path, const Values& values,
                                                       double rate, std::int64_t played = 0) {
    mgan::PlayerOptions options;
    options.looks_ahead = false;  // BlockPlayer ends the notes
    options.candidates = model.room_for_guidance();
    mgan::Player player(model, static_cast<std::uint64_t>(values[kSeed]),
                        static_cast<std::uint64_t>(values[kSong] - 1.0F), options);
    (void)player.direct(controls_of(values));
    for (std::int64_t i = 0; i < played; ++i) (void)player.next();
    (void)player.peek();  // drawn here rather than by the audio thread
    auto prepared = std::make_unique<Prepared>();
    prepared->path = std::move(path);
    prepared->blocks = std::make_unique<mgan::BlockPlayer>(std::move(player), rate, 32,
                                                           on_jump_of(values), played);
    prepared->played = played;
    return prepared;
}

/// Real-time throughout. Without a model it plays nothing.
class Instrument {
public:
    /// `next` plays from the next quarter on; what sounds ends in its time. What played before
    /// comes out in `next`, for the worker to free.
    void install(Prepared& next) noexcept {
        std::swap(now_.path, next.path);
        if (now_.blocks) {
            now_.blocks->swap_player(next.blocks->player(), next.played);
        } else {
            std::swap(now_.blocks, next.blocks);
        }
        turned_ = true;
    }

    /// What the ports say now.
    void turn(const Values& values) noexcept {
        if (!turned_ && values == values_) return;
        values_ = values;
        turned_ = false;
        if (!now_.blocks) return;
        const auto seed = static_cast<std::uint64_t>(values[kSeed]);
        const auto song = static_cast<std::uint64_t>(values[kSong] - 1.0F);
        mgan::Player& player = now_.blocks->player();
        now_.blocks->set_on_jump(on_jump_of(values));
        const mgan::PlayerControls controls = controls_of(values);
        if (!(controls == player.controls())) (void)player.direct(controls);
        if (player.seed() != seed || player.number() != song) now_.blocks->reset(seed, song);
    }

    [[nodiscard]] std::span<const mgan::BlockEvent> process(const mgan::BlockTime& time) noexcept {
        if (!now_.blocks) return {};
        return now_.blocks->process(time);
    }

    /// Hears a note that begins where the next block does.
    void feed(int pitch, int velocity, const mgan::BlockTime& time) noexcept {
        if (now_.blocks) now_.blocks->feed(0, pitch, velocity, time.quarters, time.tempo);
    }

    /// Ends all notes in the next block.
    void stop() noexcept {
        if (now_.blocks) now_.blocks->stop();
    }

    [[nodiscard]] const std::string& path() const noexcept { return now_.path; }
    [[nodiscard]] std::int64_t played() const noexcept {
        return now_.blocks ? now_.blocks->played() : 0;
    }

private:
    Prepared now_;
    Values values_ = initial_values();
    bool turned_ = true;
};

}  // namespace mgan_lv2
