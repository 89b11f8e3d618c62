#pragma once
/// \file
/// How a player is directed: one struct of plain numbers, and the words for them.
///
///     mgan::PlayerControls controls;
///     controls.scale = *mgan::scale_of("D dorian");
///     controls.density = 1.5;
///     mgan::set_control(controls, "style.loudness", 1.0);
///     player.direct(controls);
///
/// Everything acts before an event is heard by the model, so that it goes on from what is played.
/// Controls as they are constructed change nothing, not a bit of any note.

#include <mgan/core/version.hpp>
#include <mgan/encoding/style_axes.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

namespace mgan::inline MGAN_BOUNDARY {

/// The parts of an event that noise is drawn for.
enum class EventPart : std::size_t { time, pitch, length, velocity };
inline constexpr std::size_t kParts = 4;

/// What a style axis has that nobody set.
inline constexpr double kAsDrawn = std::numeric_limits<double>::quiet_NaN();

struct PlayerControls {
    /// Below 1 the likely becomes likelier, above 1 music becomes bolder: for a model with step
    /// heads a factor of the temperature of every distribution; for numeric heads the noise is
    /// drawn towards its median, or away from it. 0.01 .. 10.
    double temperature = 1.0;
    double time_temperature = 1.0;   ///< a further factor for onsets and lengths
    double pitch_temperature = 1.0;  ///< a further factor for pitches

    std::uint32_t scale = 0xFFF;  ///< pitch classes that may sound: bit 0 is C; not 0
    int transpose = 0;            ///< semitones up, -48 .. 48
    int low = 0, high = 127;      ///< no note is below or above; MIDI numbers

    double density = 1.0;   ///< about so many times the onsets in a quarter, 0.1 .. 10
    double loudness = 1.0;  ///< about so many times the velocity, 0.1 .. 10
    double legato = 1.0;    ///< about so many times the length of notes, 0.1 .. 10
    /// At most so many keys sound at once; 0: any number. With numeric heads notes wait for a free
    /// voice; with the encoding `event` there is no limit.
    int voices = 0;

    /// Candidates for each event, of which the discriminator chooses; 0: none, -1: as the model was
    /// trained. No more than the player was made for (`PlayerOptions::candidates`): of a greater
    /// number as many as there is room for.
    int guide = -1;

    /// The style that music shall have, for each axis of `encoding::kStyleAxisInfo` in standard
    /// deviations from the mean of the training songs; `kAsDrawn` leaves an axis to the song. What
    /// goes with the axes that are set follows them, as it does in the training songs.
    std::array<double, encoding::kStyleAxes> style = all_as_drawn();
    double glide = 0.0;  ///< quarters until the style is what was asked for; 0: at once

    /// Quarters from the song's beginning to its last onset, 0 .. 1e6; -1: music goes on for ever.
    /// A model with step heads learnt how real songs end, and leads there (`Player::ended`).
    double end = -1.0;

    /// The range of the noise z of each part, within 0 .. 1: {2/3, 1} plays from the upper third of
    /// what the model would play.
    struct Level {
        double low = 0.0, high = 1.0;
        /// Where a level of 0 .. 1 comes to; what is below 1 stays below 1.
        [[nodiscard]] double of(double z) const noexcept {
            return std::min(low + (high - low) * z, 0x1.fffffffffffffp-1);
        }
        friend bool operator==(const Level&, const Level&) = default;
    };
    std::array<Level, kParts> levels{};

    /// Whether everything is the same, axes that are left to the song included.
    friend bool operator==(const PlayerControls& a, const PlayerControls& b) noexcept {
        for (std::size_t i = 0; i < a.style.size(); ++i)
            if (!(a.style[i] == b.style[i]) && !(std::isnan(a.style[i]) && std::isnan(b.style[i])))
                return false;
        return a.temperature == b.temperature && a.time_temperature == b.time_temperature &&
               a.pitch_temperature == b.pitch_temperature && a.scale == b.scale &&
               a.transpose == b.transpose && a.low == b.low && a.high == b.high &&
               a.density == b.density && a.loudness == b.loudness && a.legato == b.legato &&
               a.voices == b.voices && a.guide == b.guide && a.glide == b.glide && a.end == b.end &&
               a.levels == b.levels;
    }

private:
    [[nodiscard]] static constexpr std::array<double, encoding::kStyleAxes>
    all_as_drawn() noexcept {
        std::array<double, encoding::kStyleAxes> style{};
        style.fill(kAsDrawn);
        return style;
    }
};

/// Whether a pitch is in the scale and the range.
[[nodiscard]] inline bool may_sound(const PlayerControls& controls, int pitch) noexcept {
    return pitch >= controls.low && pitch <= controls.high &&
           (controls.scale >> (pitch + 1200) % 12 & 1u) != 0;
}

/// Whether these controls leave every distribution as it is; who chooses among candidates may be
/// another matter.
[[nodiscard]] inline bool directs_nothing(PlayerControls controls) noexcept {
    controls.guide = -1;
    controls.glide = 0.0;
    return controls == PlayerControls{};
}

/// What is wrong with controls: a text that names the number and its range, or null.
[[nodiscard]] inline const char* fault_of(const PlayerControls& d) noexcept {
    const auto within = [](double x, double low, double high) { return x >= low && x <= high; };
    if (!within(d.temperature, 0.01, 10) || !within(d.time_temperature, 0.01, 10) ||
        !within(d.pitch_temperature, 0.01, 10))
        return "a temperature must be from 0.01 to 10";
    if ((d.scale & 0xFFF) == 0 || d.scale > 0xFFF)
        return "the scale must have a pitch class: a number from 1 to 4095, bit 0 is C";
    if (d.transpose < -48 || d.transpose > 48) return "transpose must be from -48 to 48 semitones";
    if (d.low < 0 || d.high > 127 || d.low > d.high)
        return "the range must lie within 0 to 127, its low end first";
    bool any = false;
    for (int pitch = d.low; pitch <= d.high; ++pitch) any |= may_sound(d, pitch);
    if (!any) return "the range holds no note of the scale";
    if (!within(d.density, 0.1, 10) || !within(d.loudness, 0.1, 10) || !within(d.legato, 0.1, 10))
        return "density, loudness and legato must be from 0.1 to 10";
    if (d.voices < 0 || d.voices > 128) return "voices must be from 0 (any number) to 128";
    if (d.guide < -1 || d.guide > 256) return "guide must be from 0 to 256, or -1";
    if (!within(d.glide, 0, 10000)) return "glide must be from 0 to 10000 quarters";
    if (!within(d.end, 0, 1e6) && d.end != -1.0)
        return "the end must be from 0 to 1000000 quarters, or -1";
    for (const double x : d.style)
        if (!std::isnan(x) && !within(x, -10, 10))
            return "a style must be from -10 to 10 standard deviations";
    for (const PlayerControls::Level& level : d.levels)
        if (!within(level.low, 0, 1) || !within(level.high, 0, 1) || level.low > level.high)
            return "levels must lie within 0 to 1, the low one first";
    return nullptr;
}

// ---- words --------------------------------------------------------------------------------------

/// A word for a side of style, the axis that stands for it, and which way is more.
struct StyleWord {
    std::string_view word;
    encoding::StyleAxis axis;
    double sign;
};

/// The words beside the names of the axes.
inline constexpr std::array<StyleWord, 11> kStyleWords = {{
    {"register", encoding::StyleAxis::pitch_mean, 1.0},
    {"loudness", encoding::StyleAxis::velocity_mean, 1.0},
    {"loud", encoding::StyleAxis::velocity_mean, 1.0},
    {"density", encoding::StyleAxis::time_mean, -1.0},
    {"rhythm", encoding::StyleAxis::rhythm_repeated, 1.0},
    {"syncopation", encoding::StyleAxis::on_eighths, -1.0},
    {"articulation", encoding::StyleAxis::length_mean, 1.0},
    {"chords", encoding::StyleAxis::onsets, -1.0},
    {"chromaticism", encoding::StyleAxis::diatonic, -1.0},
    {"melody", encoding::StyleAxis::interval_mean, 1.0},
    {"repetition", encoding::StyleAxis::repetitions, 1.0},
}};

/// The axis that a word or the name of an axis means, and its sign; none for another word.
[[nodiscard]] constexpr std::optional<std::pair<std::size_t, double>> style_axis_of(
    std::string_view word) noexcept {
    for (const StyleWord& one : kStyleWords)
        if (one.word == word) return std::pair(static_cast<std::size_t>(one.axis), one.sign);
    for (std::size_t a = 0; a < encoding::kStyleAxes; ++a)
        if (encoding::kStyleAxisInfo[a].name == word) return std::pair(a, 1.0);
    return std::nullopt;
}

namespace control_words {

[[nodiscard]] constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
[[nodiscard]] constexpr bool same(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}

/// Takes the name of a pitch class, C to B with # or b, from the beginning of `text`.
[[nodiscard]] constexpr std::optional<int> take_pitch_class(std::string_view& text) noexcept {
    if (text.empty()) return std::nullopt;
    constexpr std::array<int, 7> kOfLetter = {9, 11, 0, 2, 4, 5, 7};  // A to G
    const char letter = lower(text.front());
    if (letter < 'a' || letter > 'g') return std::nullopt;
    int pitch_class = kOfLetter[static_cast<std::size_t>(letter - 'a')];
    text.remove_prefix(1);
    if (!text.empty() && (text.front() == '#' || text.front() == 'b')) {
        pitch_class += text.front() == '#' ? 1 : 11;
        text.remove_prefix(1);
    }
    return pitch_class % 12;
}

/// Takes a whole number, with a minus or not.
[[nodiscard]] inline std::optional<int> take_number(std::string_view& text) noexcept {
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

/// Takes "C4", "Bb-1" or "60".
[[nodiscard]] inline std::optional<int> take_note(std::string_view& text) noexcept {
    std::string_view rest = text;
    std::optional<int> pitch;
    if (const std::optional<int> pitch_class = take_pitch_class(rest)) {
        const std::string_view root = text.substr(0, text.size() - rest.size());
        const std::optional<int> octave = take_number(rest);
        if (!octave || *octave < -1 || *octave > 9) return std::nullopt;
        // Cb4 lies below C4, B#4 above B4.
        int around = 0;
        if (same(root, "cb")) around = -12;
        if (same(root, "b#")) around = 12;
        pitch = 12 * (*octave + 1) + *pitch_class + around;
    } else {
        pitch = take_number(rest);
    }
    if (!pitch || *pitch < 0 || *pitch > 127) return std::nullopt;
    text = rest;
    return pitch;
}

}  // namespace control_words

/// The pitch classes of a scale, bit 0 is C: a root (C, C#, Db, ... B), a blank, and one of major,
/// minor, harmonic, dorian, phrygian, lydian, mixolydian, locrian, chromatic, whole, pentatonic,
/// blues. None for other words.
[[nodiscard]] constexpr std::optional<std::uint32_t> scale_of(std::string_view text) noexcept {
    struct Mode {
        std::string_view name;
        std::uint32_t classes;  // from the root up, the lowest bit first
    };
    constexpr std::array<Mode, 12> kModes = {{
        {"major", 0b101010110101},
        {"minor", 0b010110101101},
        {"harmonic", 0b100110101101},
        {"dorian", 0b011010101101},
        {"phrygian", 0b010110101011},
        {"lydian", 0b101011010101},
        {"mixolydian", 0b011010110101},
        {"locrian", 0b010101101011},
        {"chromatic", 0b111111111111},
        {"whole", 0b010101010101},
        {"pentatonic", 0b001010010101},
        {"blues", 0b010011101001},
    }};
    std::string_view rest = text;
    const std::optional<int> root = control_words::take_pitch_class(rest);
    if (!root || rest.empty() || rest.front() != ' ') return std::nullopt;
    while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
    for (const Mode& mode : kModes) {
        if (!control_words::same(mode.name, rest)) continue;
        const auto shift = static_cast<unsigned>(*root);
        return (mode.classes << shift | mode.classes >> (12 - shift)) & 0xFFFu;
    }
    return std::nullopt;
}

/// The MIDI number of "C4" (60), "F#3", "Bb-1" or "60"; none for other words.
[[nodiscard]] inline std::optional<int> note_number(std::string_view text) noexcept {
    const std::optional<int> pitch = control_words::take_note(text);
    return text.empty() ? pitch : std::nullopt;
}

/// The ends of "C3-C6" or "48-84"; none for other words, or where the first is the higher one.
[[nodiscard]] inline std::optional<std::pair<int, int>> note_range(std::string_view text) noexcept {
    const std::optional<int> low = control_words::take_note(text);
    if (!low || text.empty() || text.front() != '-') return std::nullopt;
    text.remove_prefix(1);
    const std::optional<int> high = note_number(text);
    if (!high || *high < *low) return std::nullopt;
    return std::pair(*low, *high);
}

/// Sets one number by its name: those of `PlayerControls`, "style.AXIS" with the name of an axis or
/// a word for it, "level.PART.low" and "level.PART.high" with PART time, pitch, length or velocity.
/// A style of NaN leaves the axis to the song again. Returns false, and changes nothing, where
/// there is no such name or the controls would be at fault.
[[nodiscard]] inline bool set_control(PlayerControls& controls, std::string_view name,
                                      double value) noexcept {
    PlayerControls changed = controls;
    struct Number {
        std::string_view name;
        double PlayerControls::*number;
    };
    constexpr std::array<Number, 8> kNumbers = {{
        {"temperature", &PlayerControls::temperature},
        {"time_temperature", &PlayerControls::time_temperature},
        {"pitch_temperature", &PlayerControls::pitch_temperature},
        {"density", &PlayerControls::density},
        {"loudness", &PlayerControls::loudness},
        {"legato", &PlayerControls::legato},
        {"glide", &PlayerControls::glide},
        {"end", &PlayerControls::end},
    }};
    struct WholeNumber {
        std::string_view name;
        int PlayerControls::*number;
    };
    constexpr std::array<WholeNumber, 5> kWholeNumbers = {{
        {"transpose", &PlayerControls::transpose},
        {"low", &PlayerControls::low},
        {"high", &PlayerControls::high},
        {"voices", &PlayerControls::voices},
        {"guide", &PlayerControls::guide},
    }};
    const bool is_whole = value >= -1e6 && value <= 1e6 && value == std::floor(value);
    bool known = false;
    for (const Number& one : kNumbers)
        if (name == one.name) changed.*one.number = value, known = true;
    for (const WholeNumber& one : kWholeNumbers)
        if (name == one.name && is_whole)
            changed.*one.number = static_cast<int>(value), known = true;
    if (name == "scale" && is_whole && value >= 0.0) {
        changed.scale = static_cast<std::uint32_t>(value);
        known = true;
    } else if (name.substr(0, 6) == "style.") {
        const auto axis = style_axis_of(name.substr(6));
        known = axis.has_value();
        if (known) changed.style[axis->first] = axis->second * value;
    } else if (name.substr(0, 6) == "level.") {
        constexpr std::array<std::string_view, kParts> kNames = {"time", "pitch", "length",
                                                                 "velocity"};
        for (std::size_t p = 0; p < kParts; ++p) {
            if (name.substr(6, kNames[p].size() + 1).substr(0, kNames[p].size()) != kNames[p])
                continue;
            const std::string_view end = name.substr(6 + kNames[p].size());
            if (end == ".low") changed.levels[p].low = value, known = true;
            if (end == ".high") changed.levels[p].high = value, known = true;
        }
    }
    if (!known || fault_of(changed) != nullptr) return false;
    controls = changed;
    return true;
}

}  // namespace mgan::inline MGAN_BOUNDARY
