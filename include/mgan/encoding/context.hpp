#pragma once
/// \file
/// What a listener knows after each event: context features for the generator.
///
/// The generator reads its last event as F numbers. A pitch is then one number on a line, from
/// which it is hard to tell whether two pitches are *the same*, or an octave apart. A listener
/// hears more. The context spells some of it out. All of it is a function of the events so far, so
/// it exists for a song that is being generated as well as for a real one:
///
///     pitch_class  12   one-hot: the pitch class of the last event
///     beat          4   cos and sin of the position of its onset in a quarter and in four quarters
///     recent       4 r  the r events before the last one, as they were encoded
///     style        11   the character of the whole song, constant over it (see `Style`)
///     recall        5   "what came next the first time?": the event that followed the earliest
///                       place with the last two pitches in this order (or with the last pitch
///                       alone, if the pair is new), as encoded, and 1; or five zeros
///
/// Music repeats itself, and `recall` is the smallest memory that can notice. The context is a
/// constant input: no gradient flows through it.

#include <mgan/encoding/codec.hpp>

#include <algorithm>

namespace mgan::inline MGAN_ABI::encoding {

/// Which context features are on. With none it is the paper's generator.
struct ContextSettings {
    bool pitch_class = false;
    bool beat = false;
    std::int64_t recent = 0;  ///< number of events before the last one, 0 .. 16
    bool recall = false;
    bool style = false;

    friend bool operator==(const ContextSettings&, const ContextSettings&) = default;
};

/// The character of a song, or of a crop of one, in eleven numbers of size about 1:
///
///     0 .. 3   mean of each encoded feature        4 .. 7   its standard deviation
///     8        how evenly the twelve pitch classes are used: 3 (entropy / log 12 - 2/3)
///     9        how often music that was heard before goes on as it did: 3 (share - 1/2)
///     10       how diatonic it is: 10 (share of notes in the best major scale - 0.9)
///
/// In training the generator is given the style of the crop that it learns from; for a new song, a
/// style is drawn from those of the training songs. Without it, a net that sees one event at a time
/// drifts: a song of loud and soft notes becomes even, and stays so, because even songs exist.
inline constexpr std::size_t kStyle = 11;
using Style = std::array<double, kStyle>;

/// Number of context features, K.
[[nodiscard]] inline std::size_t context_size(const ContextSettings& options) noexcept {
    return (options.pitch_class ? 12u : 0u) + (options.beat ? 4u : 0u) +
           kFeatures * static_cast<std::size_t>(options.recent) +
           (options.recall ? kFeatures + 1u : 0u) + (options.style ? kStyle : 0u);
}

/// The listener of one song. Fixed memory; `hear` and `write` allocate nothing.
class Listener {
public:
    /// Events that `recall` looks back over.
    static constexpr std::size_t kMemory = 256;

    Listener() = default;
    /// `codec` must outlive the listener.
    Listener(const Codec& codec, const ContextSettings& options) noexcept
        : codec_(&codec), options_(options) {}
    Listener(Codec&&, const ContextSettings&) = delete;

    /// Forgets everything; a song of that style begins.
    void reset(const Style& style = {}) noexcept {
        heard_ = 0;
        time_ = 0.0;
        style_ = style;
    }

    /// The pitch that followed when the last two pitches were heard before; -1 if they were not.
    [[nodiscard]] int recalled_pitch() const noexcept {
        const std::size_t place = heard_ == 0 ? 0 : recall();
        return place == 0 ? -1 : back(place - 1).pitch;
    }

    /// The pitch of the last event.
    [[nodiscard]] int last_pitch() const noexcept { return back(0).pitch; }

    /// Hears one event, F encoded values (quantised, or any).
    template <typename Scalar>
    void hear(const Scalar* x) noexcept {
        Heard& event = memory_[heard_ % kMemory];
        const auto meaning = features(codec_->settings());
        event.pitch = 0;
        for (std::size_t f = 0; f < kFeatures; ++f) {
            event.x[f] = static_cast<double>(x[f]);
            const double raw =
                nearest_valid(meaning[f], codec_->settings(),
                              codec_->normalisation().decode(static_cast<double>(x[f]), f));
            if (meaning[f] == Feature::pitch) event.pitch = static_cast<int>(raw);
            if (meaning[f] == Feature::pitch_hz)
                event.pitch = static_cast<int>(pitch_of_hz(raw) + 0.5);  // NOLINT: it is positive
            if (meaning[f] == Feature::onset_ticks) time_ += raw;
        }
        if (codec_->settings().kind == EncodingKind::event)
            time_ += static_cast<double>(codec_->settings().step_ticks);
        ++heard_;
    }

    /// Writes the K context values; zeros before the first event.
    template <typename Scalar>
    void write(Scalar* context) const noexcept {
        std::fill_n(context, context_size(options_), Scalar(0));
        if (options_.style) {
            for (const double value : style_) *context++ = static_cast<Scalar>(value);
        }
        if (heard_ == 0) return;
        const Heard& last = back(0);
        if (options_.pitch_class) {
            context[static_cast<std::size_t>(last.pitch % 12)] = Scalar(1);
            context += 12;
        }
        if (options_.beat) {
            constexpr double kTurn = 6.283185307179586;
            const double quarter = static_cast<double>(midi::kTicksPerQuarter);
            for (const double period : {quarter, 4.0 * quarter}) {
                const double phase = kTurn * std::fmod(time_, period) / period;
                *context++ = static_cast<Scalar>(std::cos(phase));
                *context++ = static_cast<Scalar>(std::sin(phase));
            }
        }
        for (std::size_t k = 1; k <= static_cast<std::size_t>(options_.recent); ++k) {
            if (k < std::min(heard_, kMemory)) put(back(k), context);
            context += kFeatures;
        }
        if (options_.recall) {
            if (const std::size_t place = recall(); place != 0) {
                put(back(place - 1), context);  // what followed it
                context[kFeatures] = Scalar(1);
            }
        }
    }

private:
    struct Heard {
        std::array<double, kFeatures> x{};
        int pitch = 0;
    };

    /// The event k before the last one.
    [[nodiscard]] const Heard& back(std::size_t k) const noexcept {
        return memory_[(heard_ - 1 - k) % kMemory];
    }

    template <typename Scalar>
    static void put(const Heard& event, Scalar* to) noexcept {
        for (std::size_t f = 0; f < kFeatures; ++f) to[f] = static_cast<Scalar>(event.x[f]);
    }

    /// How far back the earliest place lies with the last two pitches in this order, else the
    /// earliest with the last pitch; 0 for none. The earliest, not the latest: to go on from there
    /// retells the song; to go on from the latest soon goes round in a small circle.
    [[nodiscard]] std::size_t recall() const noexcept {
        std::size_t single = 0;
        for (std::size_t k = std::min(heard_, kMemory); k-- > 1;) {
            if (back(k).pitch != back(0).pitch) continue;
            if (single == 0) single = k;
            if (k + 1 < std::min(heard_, kMemory) && back(k + 1).pitch == back(1).pitch) return k;
        }
        return single;
    }

    const Codec* codec_ = nullptr;
    ContextSettings options_;
    std::array<Heard, kMemory> memory_{};
    std::size_t heard_ = 0;
    double time_ = 0.0;
    Style style_{};
};

/// The style of a piece: `steps` rows of encoded events, row t at rows + t * stride.
template <typename Scalar>
[[nodiscard]] Style style_of(const Scalar* rows, std::size_t steps, std::size_t stride,
                             const Codec& codec) noexcept {
    Style style{};
    if (steps == 0) return style;
    const double n = static_cast<double>(steps);
    for (std::size_t f = 0; f < kFeatures; ++f) {
        double sum = 0.0, squares = 0.0;
        for (std::size_t t = 0; t < steps; ++t) {
            const double x = static_cast<double>(rows[t * stride + f]);
            sum += x;
            squares += x * x;
        }
        style[f] = sum / n;
        style[kFeatures + f] = std::sqrt(std::max(0.0, squares / n - style[f] * style[f]));
    }
    Listener listener(codec, {});
    std::array<int, 12> used{};
    int heard_before = 0, went_on = 0;
    for (std::size_t t = 0; t < steps; ++t) {
        const int expected = t == 0 ? -1 : listener.recalled_pitch();
        listener.hear(rows + t * stride);
        ++used[static_cast<std::size_t>(listener.last_pitch() % 12)];
        if (expected < 0) continue;
        ++heard_before;
        went_on += expected == listener.last_pitch() ? 1 : 0;
    }
    double entropy = 0.0;
    for (const int count : used) {
        if (count > 0) entropy -= count / n * std::log(count / n);
    }
    style[8] = 3.0 * (entropy / std::log(12.0) - 2.0 / 3.0);
    style[9] = heard_before == 0 ? -1.5 : 3.0 * (static_cast<double>(went_on) / heard_before - 0.5);
    int most = 0;
    for (std::size_t root = 0; root < 12; ++root) {
        int in_scale = 0;
        for (const std::size_t degree : {0u, 2u, 4u, 5u, 7u, 9u, 11u})
            in_scale += used[(root + degree) % 12];
        most = std::max(most, in_scale);
    }
    style[10] = 10.0 * (static_cast<double>(most) / n - 0.9);
    return style;
}

}  // namespace mgan::inline MGAN_ABI::encoding
