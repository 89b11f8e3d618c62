#pragma once
/// \file
/// The ports of the plug-in, in one table: the plug-in reads it, describe.cpp writes its Turtle
/// files from it, and the tests compare both.

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

namespace mgan_lv2 {

inline constexpr const char* kUri = "urn:mgan:player";
/// What the file is in the state of a session and for a host's file chooser.
inline constexpr const char* kModelUri = "urn:mgan:player#model";
/// Its bytes, where the session keeps them.
inline constexpr const char* kModelBytesUri = "urn:mgan:player#modelBytes";
/// Notes of the song that were played.
inline constexpr const char* kPlayedUri = "urn:mgan:player#played";
/// A model of this name in the bundle is played until another one is chosen.
inline constexpr const char* kBundledModel = "model.safetensors";

/// Two ports of events come first, then those of numbers, in the order of `Control`.
enum Port : unsigned { kEventsIn, kEventsOut, kFirstControl };

/// The ports of numbers.
enum Control : std::size_t {
    kEnabled,
    kClock,
    kTempo,
    kAtJump,
    kSeed,
    kSong,
    kChannel,
    kListen,
    kKeepModel,
    kRoot,
    kScale,
    kTranspose,
    kLow,
    kHigh,
    kDensity,
    kLoudness,
    kLegato,
    kVoices,
    kTemperature,
    kTimeTemperature,
    kPitchTemperature,
    kGuided,
    kGlide,
    kFirstStyle,
    kLastStyle = kFirstStyle + 8,
    kTimeLeast,
    kTimeMost,
    kPitchLeast,
    kPitchMost,
    kLengthLeast,
    kLengthMost,
    kVelocityLeast,
    kVelocityMost,
    kControls
};

[[nodiscard]] constexpr std::size_t index_of(Control control) noexcept {
    return std::size_t{kFirstControl} + control;
}

/// The values of `kClock` and of `kAtJump`.
enum Clock { kHostsTransport, kAlways };
enum AtJump { kBeginAgain, kGoOn, kFollow };

enum class Kind { number, factor, whole, choice, toggle };
enum class Group { playing, notes, boldness, style, noise };

struct PortInfo {
    Control control;
    const char* symbol;
    const char* name;
    Group group;
    Kind kind;
    float initial, least, most;
    /// What `mgan::set_control` calls it; empty: the plug-in knows what it is.
    std::string_view word;
    const char* comment;
    /// Names of 0, 1, ... of a choice, separated by bars.
    std::string_view choices = {};
};

namespace comments {
inline constexpr const char* kStyle =
    "In standard deviations from the mean of the training songs; 0 leaves it to the song. "
    "For models with step heads.";
inline constexpr const char* kNoise =
    "The range of the noise that this is drawn by: from the lower to the upper end of what the "
    "model would play.";
}  // namespace comments

inline constexpr std::array<PortInfo, kControls> kPorts = {{
    {kEnabled, "enabled", "Enabled", Group::playing, Kind::toggle, 1, 0, 1, "",
     "Off: every note ends, and nothing plays."},
    {kClock, "clock", "Clock", Group::playing, Kind::choice, 0, 0, 1, "",
     "Plays while the host's transport runs, in its tempo, or always, in the tempo below.",
     "Host's transport|Always"},
    {kTempo, "tempo", "Tempo", Group::playing, Kind::number, 120, 20, 300, "",
     "Quarters a minute where the plug-in plays always, and where the host names no tempo."},
    {kAtJump, "at_jump", "At a start or jump", Group::playing, Kind::choice, 0, 0, 2, "",
     "The song begins again at the next quarter, goes on where it was, or is bound to the host's "
     "bars: each place always has the same notes.",
     "Begin again|Go on|Follow the bars"},
    {kSeed, "seed", "Seed", Group::playing, Kind::whole, 1, 0, 9999, "",
     "Another seed is another set of songs."},
    {kSong, "song", "Song", Group::playing, Kind::whole, 1, 1, 999, "", "The song of this seed."},
    {kChannel, "channel", "MIDI channel", Group::playing, Kind::whole, 1, 1, 16, "",
     "Of the notes that are sent."},
    {kListen, "listen", "Listen", Group::playing, Kind::toggle, 1, 0, 1, "",
     "Notes that come in are heard: the model goes on from them."},
    {kKeepModel, "keep_model", "Keep the model in the session", Group::playing, Kind::toggle, 0, 0,
     1, "", "Saves the bytes of the model with the session, beside the name of its file."},
    {kRoot, "root", "Root", Group::notes, Kind::choice, 0, 0, 11, "", "Of the scale.",
     "C|C#|D|Eb|E|F|F#|G|Ab|A|Bb|B"},
    {kScale, "scale", "Scale", Group::notes, Kind::choice, 0, 0, 11, "",
     "Every note is in it. Chromatic: every note is.",
     "chromatic|major|minor|harmonic|dorian|phrygian|lydian|mixolydian|locrian|whole|pentatonic|"
     "blues"},
    {kTranspose, "transpose", "Transpose", Group::notes, Kind::whole, 0, -48, 48, "transpose",
     "Semitones up, the same music."},
    {kLow, "low", "Lowest note", Group::notes, Kind::whole, 0, 0, 127, "",
     "No note is below. 60 is the middle C."},
    {kHigh, "high", "Highest note", Group::notes, Kind::whole, 127, 0, 127, "",
     "No note is above. 60 is the middle C."},
    {kDensity, "density", "Density", Group::notes, Kind::factor, 1, 0.25F, 4, "density",
     "About so many times the onsets."},
    {kLoudness, "loudness", "Loudness", Group::notes, Kind::factor, 1, 0.25F, 4, "loudness",
     "About so many times the velocity."},
    {kLegato, "legato", "Legato", Group::notes, Kind::factor, 1, 0.25F, 4, "legato",
     "About so many times the length of notes."},
    {kVoices, "voices", "Voices", Group::notes, Kind::whole, 0, 0, 16, "voices",
     "At most so many keys sound at once; 0: any number."},
    {kTemperature, "temperature", "Temperature", Group::boldness, Kind::factor, 1, 0.25F, 4,
     "temperature", "Below 1 the likely becomes likelier, above 1 music becomes bolder."},
    {kTimeTemperature, "time_temperature", "Temperature of rhythm", Group::boldness, Kind::factor,
     1, 0.25F, 4, "time_temperature", "A further factor for onsets and lengths."},
    {kPitchTemperature, "pitch_temperature", "Temperature of pitch", Group::boldness, Kind::factor,
     1, 0.25F, 4, "pitch_temperature", "A further factor for pitches."},
    {kGuided, "guided", "Guided", Group::boldness, Kind::toggle, 0, 0, 1, "",
     "The discriminator chooses each note among eight candidates: several times the work. For "
     "models with step heads."},
    {kGlide, "glide", "Glide of style", Group::style, Kind::number, 0, 0, 64, "glide",
     "Quarters until a new style is reached."},
#define MGAN_LV2_STYLE(offset, word, name)                                                         \
    {                                                                                              \
        static_cast<Control>(kFirstStyle + (offset)), "style_" word, "Style: " name, Group::style, \
            Kind::number, 0, -3, 3, "style." word, comments::kStyle                                \
    }
    MGAN_LV2_STYLE(0, "register", "register"),
    MGAN_LV2_STYLE(1, "loudness", "loudness"),
    MGAN_LV2_STYLE(2, "density", "density"),
    MGAN_LV2_STYLE(3, "syncopation", "syncopation"),
    MGAN_LV2_STYLE(4, "articulation", "articulation"),
    MGAN_LV2_STYLE(5, "chords", "chords"),
    MGAN_LV2_STYLE(6, "chromaticism", "chromaticism"),
    MGAN_LV2_STYLE(7, "melody", "melody"),
    MGAN_LV2_STYLE(8, "repetition", "repetition"),
#undef MGAN_LV2_STYLE
    {kTimeLeast, "time_least", "Noise of time, least", Group::noise, Kind::number, 0, 0, 1,
     "level.time.low", comments::kNoise},
    {kTimeMost, "time_most", "Noise of time, most", Group::noise, Kind::number, 1, 0, 1,
     "level.time.high", comments::kNoise},
    {kPitchLeast, "pitch_least", "Noise of pitch, least", Group::noise, Kind::number, 0, 0, 1,
     "level.pitch.low", comments::kNoise},
    {kPitchMost, "pitch_most", "Noise of pitch, most", Group::noise, Kind::number, 1, 0, 1,
     "level.pitch.high", comments::kNoise},
    {kLengthLeast, "length_least", "Noise of length, least", Group::noise, Kind::number, 0, 0, 1,
     "level.length.low", comments::kNoise},
    {kLengthMost, "length_most", "Noise of length, most", Group::noise, Kind::number, 1, 0, 1,
     "level.length.high", comments::kNoise},
    {kVelocityLeast, "velocity_least", "Noise of velocity, least", Group::noise, Kind::number, 0, 0,
     1, "level.velocity.low", comments::kNoise},
    {kVelocityMost, "velocity_most", "Noise of velocity, most", Group::noise, Kind::number, 1, 0, 1,
     "level.velocity.high", comments::kNoise},
}};

static_assert([] {
    for (std::size_t i = 0; i < kControls; ++i)
        if (kPorts[i].control != i) return false;
    return true;
}());

/// Name number `n` of a choice; the last one where there are not so many.
[[nodiscard]] constexpr std::string_view choice_of(std::string_view choices,
                                                   std::size_t n) noexcept {
    for (; n > 0 && choices.find('|') != std::string_view::npos; --n)
        choices.remove_prefix(choices.find('|') + 1);
    return choices.substr(0, choices.find('|'));
}

/// Values of all ports of numbers.
using Values = std::array<float, kControls>;

[[nodiscard]] constexpr Values initial_values() noexcept {
    Values values{};
    for (const PortInfo& port : kPorts) values[port.control] = port.initial;
    return values;
}

/// A preset sets what is musical; clock, seed, song and channel stay.
struct Preset {
    const char* name;
    std::array<std::pair<Control, float>, 4> changes;  // what is not musical is not set
};

[[nodiscard]] constexpr bool is_musical(Control control) noexcept {
    return control >= kRoot;
}

inline constexpr std::array<Preset, 8> kPresets = {{
    {"As trained", {{{kDensity, 1.0F}}}},
    {"Calm", {{{kDensity, 0.5F}, {kLoudness, 0.8F}, {kLegato, 1.5F}, {kTemperature, 0.8F}}}},
    {"Busy", {{{kDensity, 2.0F}, {kLegato, 0.7F}, {kLoudness, 1.1F}}}},
    {"Bold", {{{kTemperature, 1.4F}}}},
    {"Careful", {{{kTemperature, 0.6F}}}},
    {"One voice", {{{kVoices, 1.0F}, {kLow, 60.0F}, {kHigh, 84.0F}}}},
    {"Bass", {{{kVoices, 1.0F}, {kLow, 28.0F}, {kHigh, 52.0F}, {kDensity, 0.7F}}}},
    {"D dorian", {{{kRoot, 2.0F}, {kScale, 4.0F}}}},
}};

}  // namespace mgan_lv2
