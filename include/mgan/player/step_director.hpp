#pragma once
/// \file
/// Controls at work on a model with step heads: before each component is drawn, values are closed
/// or made likelier, and the rest is made to sum to 1 again.
///
///     scale, range      pitches that may not sound are closed
///     density X         q(gap) is multiplied by gap^(-a log2 X), a = 2.6
///     legato X          q(length) by length^(b log2 X), b = 2.2
///     voices V          a new note is not drawn at an onset where V keys sound, and no longer than
///                       to the next onset where V - 1 others sound there already
///     temperature, levels   as PlayerControls says
///
/// The model thinks in its own key: pitch played = pitch drawn + `shift`.

#include <mgan/encoding/step_listener.hpp>
#include <mgan/models/step_head.hpp>
#include <mgan/player/core.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// How an event is asked for; -1 stands for "any".
struct StepAsk {
    int move = -1;                ///< 0: at the last onset, 1: at a new one
    std::int64_t least_gap = -1;  ///< from the event's onset to the next, grid steps
    std::int64_t greatest_gap = -1;
    int low = -1, high = -1;                   ///< pitch, as the model draws it
    std::int64_t shortest = -1, longest = -1;  ///< grid steps
    int softest = -1, loudest = -1;

    [[nodiscard]] bool asks() const noexcept { return *this != StepAsk{}; }
    friend bool operator==(const StepAsk&, const StepAsk&) = default;
};

/// Semitones from the pitches that a model draws, most of them white keys, to a scale: the smallest
/// shift after `fixed` under which most white keys are in it.
[[nodiscard]] inline int shift_to_scale(std::uint32_t scale, int fixed) noexcept {
    if (scale == 0xFFF) return fixed;
    int best = 0, most = -1;
    for (const int shift : {0, -1, 1, -2, 2, -3, 3, -4, 4, -5, 5, 6}) {
        int inside = 0;
        for (const int white : {0, 2, 4, 5, 7, 9, 11})
            inside += (scale >> ((white + shift + fixed + 120) % 12) & 1u) != 0 ? 1 : 0;
        if (inside > most) {
            most = inside;
            best = shift;
        }
    }
    return fixed + best;
}

/// Pitch played - pitch drawn. `key`: semitones from the model's key to that of a primer; a model
/// that is not `in_key` plays in any key, and is held to a scale where it is.
[[nodiscard]] inline int pitch_shift(const PlayerControls& controls, int key,
                                     bool in_key) noexcept {
    const int fixed = key + controls.transpose;
    return in_key ? shift_to_scale(controls.scale, fixed) : fixed;
}

/// The pitch to be drawn for one that sounds: its octave gives way where there are no such keys.
[[nodiscard]] inline int drawn_pitch(int played, int shift) noexcept {
    int pitch = played - shift;
    while (pitch < 0) pitch += 12;
    while (pitch > 127) pitch -= 12;
    return pitch;
}

/// What is asked of an event of these bounds, which are in pitches that sound and in ticks, by a
/// model on a grid of so many ticks.
[[nodiscard]] inline StepAsk ask_of(const NoteBounds& bounds, int move, int shift,
                                    std::int64_t grid) noexcept {
    StepAsk ask;
    ask.move = move;
    if (bounds.low > 0 || bounds.high < 127) {
        ask.low = std::clamp(bounds.low - shift, 0, 127);
        ask.high = std::clamp(bounds.high - shift, ask.low, 127);
    }
    if (bounds.shortest > 0 || bounds.longest < NoteBounds{}.longest) {
        ask.shortest = std::max<std::int64_t>(1, (bounds.shortest + grid - 1) / grid);
        ask.longest = std::max(ask.shortest, bounds.longest / grid);
    }
    if (bounds.softest > 1 || bounds.loudest < 127) {
        ask.softest = bounds.softest;
        ask.loudest = bounds.loudest;
    }
    return ask;
}

template <typename Scalar>
class StepDirector {
public:
    using Real = RealOf<Scalar>;
    static constexpr bool kDirects = true;

    explicit StepDirector(const encoding::StepVocabulary& vocabulary) : words_(&vocabulary) {
        const auto& components = vocabulary.components();
        gap_.resize(components[encoding::StepVocabulary::gap()].values.size());
        length_.resize(components[vocabulary.length()].values.size());
        set(PlayerControls{}, 0);
    }

    /// From now on these controls; `shift`: pitch played - pitch drawn.
    void set(const PlayerControls& controls, int shift) noexcept {
        controls_ = controls;
        shift_ = shift;
        for (int pitch = 0; pitch < 128; ++pitch) {
            open_[static_cast<std::size_t>(pitch)] = may_sound(controls, pitch + shift);
        }
        closes_pitches_ = !std::all_of(open_.begin(), open_.end(), [](bool one) { return one; });
        tilt(encoding::StepVocabulary::gap(), -2.6 * std::log2(controls.density), gap_);
        tilt(words_->length(), 2.2 * std::log2(controls.legato), length_);
    }
    [[nodiscard]] const PlayerControls& controls() const noexcept { return controls_; }
    [[nodiscard]] int shift() const noexcept { return shift_; }

    /// What the next event shall be.
    void ask(const StepAsk& ask) noexcept { ask_ = ask; }

    // ---- what StepPlay asks (step_play.hpp, Undirected) -----------------------------------------

    [[nodiscard]] double temperature(StepKind kind) const noexcept {
        const bool time =
            kind == StepKind::move || kind == StepKind::gap || kind == StepKind::length;
        return controls_.temperature * (time                      ? controls_.time_temperature
                                        : kind == StepKind::pitch ? controls_.pitch_temperature
                                                                  : 1.0);
    }

    [[nodiscard]] double level(StepKind kind, double z) const noexcept {
        return controls_.levels[static_cast<std::size_t>(part_of(kind))].of(z);
    }

    /// Narrows the limits of component k, and sets what is added to its logits.
    void open(Index k, const encoding::StepListener& listener,
              typename StepInputs<Scalar>::Limits& limit, const std::int16_t* values,
              std::span<Real> bias) const noexcept {
        std::fill(bias.begin(), bias.end(), Real(0));
        const auto component = static_cast<std::size_t>(k);
        if (component == encoding::StepVocabulary::move()) {
            open_move(listener, bias);
        } else if (component == encoding::StepVocabulary::gap()) {
            std::copy(gap_.begin(), gap_.end(), bias.begin());
            close_beyond(component, ask_.least_gap, ask_.greatest_gap, bias);
        } else if (component == words_->pitch()) {
            open_pitches(bias);
            if (controls_.voices > 0 && ask_.low < 0)
                close_sounding(listener.after(values[encoding::StepVocabulary::move()]), bias);
        } else if (component == words_->length()) {
            std::copy(length_.begin(), length_.end(), bias.begin());
            close_beyond(component, ask_.shortest, ask_.longest, bias);
            if (controls_.voices > 0 && ask_.shortest < 0) leave_voices(listener, values, bias);
        } else if (component == words_->velocity()) {
            if (ask_.softest >= 0) {
                limit = whole(component);
                close_beyond(component, ask_.softest, ask_.loudest, bias);
            }
        }
        keep_one_open(component, limit, bias);
    }

private:
    static constexpr Real kClosed = StepHead<Scalar>::kClosed;

    [[nodiscard]] static EventPart part_of(StepKind kind) noexcept {
        switch (kind) {
            case StepKind::pitch:
                return EventPart::pitch;
            case StepKind::length:
                return EventPart::length;
            case StepKind::velocity:
            case StepKind::label:
                return EventPart::velocity;
            case StepKind::move:
            case StepKind::gap:
                break;
        }
        return EventPart::time;
    }

    [[nodiscard]] typename StepInputs<Scalar>::Limits whole(std::size_t component) const noexcept {
        return {0, static_cast<std::int16_t>(words_->components()[component].values.size() - 1)};
    }

    /// bias(v) = exponent log(value of v).
    void tilt(std::size_t component, double exponent, std::vector<Real>& bias) const noexcept {
        for (std::size_t v = 0; v < bias.size(); ++v)
            bias[v] = static_cast<Real>(
                exponent == 0.0
                    ? 0.0
                    : exponent *
                          std::log(static_cast<double>(words_->components()[component].values[v])));
    }

    /// Closes values outside least .. greatest. Where none lies within, the one nearest to their
    /// middle stays.
    void close_beyond(std::size_t component, std::int64_t least, std::int64_t greatest,
                      std::span<Real> bias) const noexcept {
        if (least < 0) return;
        const std::vector<std::int32_t>& values = words_->components()[component].values;
        bool any = false;
        for (const std::int32_t value : values) any |= value >= least && value <= greatest;
        const auto middle =
            static_cast<std::size_t>(words_->nearest(component, least + (greatest - least) / 2));
        for (std::size_t v = 0; v < values.size(); ++v)
            if (any ? values[v] < least || values[v] > greatest : v != middle) bias[v] = kClosed;
    }

    void open_move(const encoding::StepListener& listener, std::span<Real> bias) const noexcept {
        if (ask_.move >= 0) {
            bias[ask_.move == 0 ? 1 : 0] = kClosed;
        } else if (controls_.voices > 0 && listener.sounding(0) >= controls_.voices) {
            bias[0] = kClosed;
        }
    }

    void open_pitches(std::span<Real> bias) const noexcept {
        if (ask_.low >= 0) {
            // Who asks for pitches gets them, of the scale where there are any.
            bool any = false;
            for (int p = ask_.low; p <= ask_.high; ++p) any |= open_[static_cast<std::size_t>(p)];
            for (int p = 0; p < 128; ++p)
                if (p < ask_.low || p > ask_.high || (any && !open_[static_cast<std::size_t>(p)]))
                    bias[static_cast<std::size_t>(p)] = kClosed;
        } else if (closes_pitches_) {
            for (std::size_t p = 0; p < 128; ++p)
                if (!open_[p]) bias[p] = kClosed;
        }
    }

    /// A key that is struck while it sounds would sound in two voices: closed, unless all that is
    /// open sounds.
    void close_sounding(const encoding::StepArrival& arrival, std::span<Real> bias) const noexcept {
        const auto is_open = [&](int key) {
            return bias[static_cast<std::size_t>(key)] > kClosed / 2;
        };
        bool others = false;
        for (int key = 0; key < 128; ++key) others |= is_open(key) && !arrival.sounds(key);
        for (int key = 0; others && key < 128; ++key)
            if (arrival.sounds(key)) bias[static_cast<std::size_t>(key)] = kClosed;
    }

    /// Lengths that reach beyond the next onset are closed where enough keys sound there already.
    void leave_voices(const encoding::StepListener& listener, const std::int16_t* values,
                      std::span<Real> bias) const noexcept {
        const bool moves = values[encoding::StepVocabulary::move()] != 0;
        const auto gap =
            words_->value(encoding::StepVocabulary::gap(), values[encoding::StepVocabulary::gap()]);
        const int pitch = words_->value(words_->pitch(), values[words_->pitch()]);
        const std::int32_t next = (moves ? listener.gap() : 0) + gap;
        if (listener.sounding(next, pitch) < controls_.voices - 1) return;
        const std::vector<std::int32_t>& lengths = words_->components()[words_->length()].values;
        for (std::size_t v = 1; v < lengths.size(); ++v)
            if (lengths[v] > gap) bias[v] = kClosed;
    }

    /// The limits of the style give way where they hold no open value.
    void keep_one_open(std::size_t component, typename StepInputs<Scalar>::Limits& limit,
                       std::span<Real> bias) const noexcept {
        const auto any = [&](int from, int to) {
            for (int v = from; v <= to; ++v)
                if (bias[static_cast<std::size_t>(v)] > kClosed / 2) return true;
            return false;
        };
        if (any(limit[0], limit[1])) return;
        limit = whole(component);
        if (!any(limit[0], limit[1])) std::fill(bias.begin(), bias.end(), Real(0));
    }

    const encoding::StepVocabulary* words_;
    PlayerControls controls_;
    StepAsk ask_;
    int shift_ = 0;
    bool closes_pitches_ = false;
    std::array<bool, 128> open_{};
    std::vector<Real> gap_, length_;
};

}  // namespace mgan::inline MGAN_ABI
