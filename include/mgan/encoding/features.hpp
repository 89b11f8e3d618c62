#pragma once
/// \file
/// Events as four numbers: what each of them means, and which values of it are valid.
///
/// A network reads and writes columns of F = 4 features. There are two encodings:
///
///     tone     (ticks since the previous onset, length in ticks, pitch, velocity)    one per note
///     event    (on/off, channel, note number, velocity)                    the paper's equation 1
///
/// `tone` is that of C-RNN-GAN (Mogren 2016) and the default: it keeps rhythm, and a difference of
/// 0 makes a chord. `event` is the paper's equation 1 to the letter; it has no time, so one event
/// happens every `step_ticks`, and chords and rhythm are lost.
///
/// These raw values (ticks, MIDI numbers) differ widely in size; normalisation.hpp scales them for
/// the network, and codec.hpp does both.

#include <mgan/core/error.hpp>
#include <mgan/core/version.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace mgan::inline MGAN_ABI::encoding {

/// F: the features of an event.
inline constexpr std::size_t kFeatures = 4;

/// One event.
template <typename Scalar>
using Event = std::array<Scalar, kFeatures>;

/// A song as events, [T, F].
template <typename Scalar>
using Events = std::vector<Event<Scalar>>;

/// No difference of onsets and no length is decoded longer than this: 2730 quarter notes, 23
/// minutes at 120 a minute. Without it an extreme output could become a file that nothing can play.
inline constexpr double kLongestTicks = 1 << 20;

enum class EncodingKind { tone, event };
enum class NormalisationKind { none, minmax, zscore, log, cdf };

/// How songs become numbers; part of a model, and stored with it. The defaults are those of preset
/// `recommended`.
struct EncodingSettings {
    EncodingKind kind = EncodingKind::tone;
    NormalisationKind normalisation = NormalisationKind::cdf;  ///< see normalisation.hpp
    bool normalise_key = true;     ///< transpose each song towards white keys (key.hpp)
    double pitch_contrast = 1.0;   ///< `cdf`, `tone`: see normalisation.hpp; 1 .. 4
    bool pitch_in_hz = false;      ///< `tone`: 440 * 2^((p - 69) / 12) instead of p
    std::int64_t grid_ticks = 24;  ///< onsets and lengths are multiples of this; 1 is no grid
    std::int64_t step_ticks = 96;  ///< `event`: one event each so many ticks

    friend bool operator==(const EncodingSettings&, const EncodingSettings&) = default;
};

/// Throws ConfigError if a setting is out of its range.
inline void validate(const EncodingSettings& options) {
    const auto in_range = [](std::int64_t ticks) { return ticks >= 1 && ticks <= 1 << 16; };
    require<ConfigError>(in_range(options.grid_ticks), "encoding: grid_ticks is ",
                         options.grid_ticks, ", it must be 1 .. 65536");
    require<ConfigError>(options.pitch_contrast >= 1.0 && options.pitch_contrast <= 4.0,
                         "encoding: pitch_contrast is ", options.pitch_contrast,
                         ", it must be 1 .. 4");
    require<ConfigError>(in_range(options.step_ticks), "encoding: step_ticks is ",
                         options.step_ticks, ", it must be 1 .. 65536");
}

/// The name in configurations: "tone", "event".
[[nodiscard]] constexpr std::string_view name(EncodingKind kind) noexcept {
    return kind == EncodingKind::tone ? "tone" : "event";
}

/// The name in configurations: "none", "minmax", "zscore", "log", "cdf".
[[nodiscard]] constexpr std::string_view name(NormalisationKind kind) noexcept {
    constexpr std::array<std::string_view, 5> names = {"none", "minmax", "zscore", "log", "cdf"};
    return names[static_cast<std::size_t>(kind)];
}

/// The reverse of `name`. Throws ConfigError for another word.
[[nodiscard]] inline EncodingKind encoding_kind(std::string_view word) {
    for (const EncodingKind kind : {EncodingKind::tone, EncodingKind::event})
        if (word == name(kind)) return kind;
    fail<ConfigError>("encoding: unknown kind \"", word, "\"; it is one of tone, event");
}

/// \copydoc encoding_kind
[[nodiscard]] inline NormalisationKind normalisation_kind(std::string_view word) {
    for (int i = 0; i < 5; ++i)
        if (const auto kind = static_cast<NormalisationKind>(i); word == name(kind)) return kind;
    fail<ConfigError>("encoding: unknown normalisation \"", word,
                      "\"; it is one of none, minmax, zscore, log, cdf");
}

/// The kinds of features.
enum class Feature { onset_ticks, length_ticks, pitch, pitch_hz, on_off, channel, velocity };

/// The meaning of the four features, in their order.
[[nodiscard]] constexpr std::array<Feature, kFeatures> features(
    const EncodingSettings& options) noexcept {
    if (options.kind == EncodingKind::event)
        return {Feature::on_off, Feature::channel, Feature::pitch, Feature::velocity};
    return {Feature::onset_ticks, Feature::length_ticks,
            options.pitch_in_hz ? Feature::pitch_hz : Feature::pitch, Feature::velocity};
}

/// Whether a feature is a time, which the normalisation `log` treats by its logarithm.
[[nodiscard]] constexpr bool is_time(Feature feature) noexcept {
    return feature == Feature::onset_ticks || feature == Feature::length_ticks;
}

/// Frequency of a MIDI number in Hz: equal temperament, 69 is A at 440 Hz.
[[nodiscard]] inline double hz_of_pitch(double pitch) noexcept {
    return 440.0 * std::exp2((pitch - 69.0) / 12.0);
}

/// The reverse of `hz_of_pitch`, hz > 0.
[[nodiscard]] inline double pitch_of_hz(double hz) noexcept {
    return 69.0 + 12.0 * std::log2(hz / 440.0);
}

/// The valid value nearest to `value`, whatever it is (NaN counts as the lowest).
///
///     times      multiples of the grid up to `kLongestTicks`; lengths at least one grid step
///     pitch      0 .. 127, or the frequency of one of them
///     channel    0 .. 15 without 9, the drums: a melody must not turn into drum beats
///     velocity   with `tone` 1 .. 127; with `event` 0 .. 127
[[nodiscard]] inline double nearest_valid(Feature feature, const EncodingSettings& options,
                                          double value) noexcept {
    // Written so that NaN fails the first comparison.
    const auto clamp = [](double x, double low, double high) {
        return !(x > low) ? low : (x < high ? x : high);
    };
    const double grid = static_cast<double>(options.grid_ticks);
    switch (feature) {
        case Feature::onset_ticks:
            return std::floor(clamp(value, 0.0, kLongestTicks) / grid + 0.5) * grid;
        case Feature::length_ticks:
            return std::fmax(1.0, std::floor(clamp(value, 0.0, kLongestTicks) / grid + 0.5)) * grid;
        case Feature::pitch:
            return std::floor(clamp(value, 0.0, 127.0) + 0.5);
        case Feature::pitch_hz: {
            const double hz = clamp(value, 1.0, 20000.0);
            return hz_of_pitch(std::floor(clamp(pitch_of_hz(hz), 0.0, 127.0) + 0.5));
        }
        case Feature::on_off:
            return value >= 0.5 ? 1.0 : 0.0;
        case Feature::channel: {
            const double channel = std::floor(clamp(value, 0.0, 15.0) + 0.5);
            return channel != 9.0 ? channel : (value < 9.0 ? 8.0 : 10.0);
        }
        case Feature::velocity: {
            const double lowest = options.kind == EncodingKind::tone ? 1.0 : 0.0;
            return std::floor(clamp(value, lowest, 127.0) + 0.5);
        }
    }
    return 0.0;
}

}  // namespace mgan::inline MGAN_ABI::encoding
