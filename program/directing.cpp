/// \file
/// The words that direct a model.

#include "directing.hpp"

#include "data.hpp"
#include "program.hpp"

#include <mgan/core/parallel.hpp>
#include <mgan/core/quote.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string_view>

namespace mgan::program {

namespace {

/// Sets "AXIS=X,AXIS=X,..." of an option.
void set_styles(std::string_view option, std::string_view text, PlayerControls& controls) {
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        const std::string_view one = text.substr(0, comma);
        text.remove_prefix(std::min(comma + 1, text.size()));
        const std::size_t equals = one.find('=');
        const std::string_view name = one.substr(0, equals);
        if (equals == std::string_view::npos || !style_axis_of(name)) {
            std::string known;
            for (const StyleWord& word : kStyleWords)
                known += concat(known.empty() ? "" : ", ", word.word);
            const bool is_pair = equals != std::string_view::npos;
            fail<UsageError>(option, ": ", in_quotes(is_pair ? name : one),
                             is_pair ? " is no axis" : " is not AXIS=NUMBER", "; the words are ",
                             known, ", and mgan style shows the names of all axes");
        }
        const std::string_view number = one.substr(equals + 1);
        double value = 0.0;
        const auto [end, failure] =
            std::from_chars(number.data(), number.data() + number.size(), value);
        if (failure != std::errc{} || end != number.data() + number.size() ||
            !std::isfinite(value) || !set_control(controls, concat("style.", name), value))
            fail<UsageError>(option, ": ", in_quotes(one),
                             ": the number must be from -10 to 10 standard deviations");
    }
}

/// A style that is asked for from an onset on.
struct StyleChange {
    std::int64_t onset = 0;  ///< ticks
    std::string styles;
};

/// Of --style-at, by time.
std::vector<StyleChange> style_changes(const std::vector<std::string>& texts) {
    std::vector<StyleChange> changes;
    for (const std::string& text : texts) {
        double quarters = 0.0;
        const char* const end = text.data() + text.size();
        const auto [stop, failure] = std::from_chars(text.data(), end, quarters);
        if (failure != std::errc{} || end - stop < 2 || *stop != ':' ||
            !(quarters >= 0.0 && quarters <= 1e6))
            fail<UsageError>("--style-at: ", in_quotes(text),
                             " is not QUARTER:AXIS=NUMBER, as in 32:loudness=1,density=0.5; the "
                             "quarter is from 0 to 1000000");
        changes.push_back({std::llround(quarters * midi::kTicksPerQuarter), {stop + 1, end}});
        PlayerControls tried;
        set_styles("--style-at", changes.back().styles, tried);
    }
    std::stable_sort(changes.begin(), changes.end(),
                     [](const StyleChange& a, const StyleChange& b) { return a.onset < b.onset; });
    return changes;
}

/// Rounded: 0.03 minutes of 900 quarters are 27 of them, though not in binary, nor where a file
/// rounds the tempo to microseconds.
std::int64_t ticks_of(double minutes, double tempo) {
    return std::llround(minutes * tempo * static_cast<double>(midi::kTicksPerQuarter));
}

}  // namespace

Song song_of_file(const std::string& file) {
    std::vector<Song> songs = load_songs_of(file);
    const auto longest = std::max_element(
        songs.begin(), songs.end(),
        [](const Song& a, const Song& b) { return a.notes.size() < b.notes.size(); });
    require<DataError>(longest != songs.end() && !longest->notes.empty(), file, ": holds no notes");
    return std::move(*longest);
}

void check_directing(const DirectingOptions& options) {
    if (options.particles.value_or(0) > 1 && (options.directs() || options.guide.value_or(0) > 1))
        fail<UsageError>(
            "--particles chooses among whole songs; the words that direct single notes, and "
            "--guide, do not go with it");
    if ((options.with_prime || options.prime_notes > 0) && options.prime.empty())
        fail<UsageError>("--with-prime and --prime-notes need the file of --prime");
    (void)style_changes(options.style_at);
}

CLI::Validator number_within(double low, double high) {
    const auto fault = [range = CLI::Range(low, high)](std::string& text) {
        const std::string out_of_range = range(text);
        if (!out_of_range.empty() || std::isfinite(std::strtod(text.c_str(), nullptr)))
            return out_of_range;
        return "'" + text + "' is not a finite number";
    };
    return {fault, ""};
}

void add_directing_options(CLI::App& app, DirectingOptions& options, DirectingFor what) {
    app.add_option("--guide", options.guide,
                   "candidates for each event, of which the discriminator's gain\n"
                   "chooses one; 0: none; default: as the model was trained")
        ->type_name("N")
        ->check(CLI::Range(std::int64_t{0}, std::int64_t{256}).description(""));
    if (what == DirectingFor::files)
        app.add_option("--particles", options.particles,
                       "songs that grow side by side, weighed by the discriminator, of\n"
                       "which one is left; 0: none; in place of --guide; default: as the\n"
                       "model was trained")
            ->type_name("K")
            ->check(CLI::Range(std::int64_t{0}, std::int64_t{256}).description(""));
    app.add_option("--temperature", options.temperature,
                   "1: as trained; below, the likely becomes likelier; above,\n"
                   "songs become bolder")
        ->type_name("X")
        ->check(number_within(0.01, 10.0));
    app.add_option("--prime", options.prime, "a melody to go on from, in its key and on its beat")
        ->type_name("FILE.mid");
    app.add_option("--prime-notes", options.prime_notes,
                   "hear the first N notes of it only; default: all")
        ->type_name("N")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1000000}).description(""));
    if (what == DirectingFor::files)
        app.add_flag("--with-prime", options.with_prime, "songs begin with the notes of --prime");
    app.add_flag("--opening", options.opening, "begin with the first notes of a training piece")
        ->excludes("--prime");
    app.add_option("--scale", options.scale,
                   "every note is in it: a root and major, minor, harmonic,\n"
                   "dorian, phrygian, lydian, mixolydian, locrian, chromatic,\n"
                   "whole, pentatonic or blues, as in \"Bb dorian\"")
        ->type_name("SCALE");
    app.add_option("--transpose", options.transpose, "semitones up")
        ->type_name("N")
        ->check(CLI::Range(std::int64_t{-48}, std::int64_t{48}).description(""));
    app.add_option("--range", options.range,
                   "every note is in it: names (C4 is 60) or numbers, as in C3-C6")
        ->type_name("LOW-HIGH");
    app.add_option("--density", options.density, "about so many times the onsets in a quarter")
        ->type_name("X")
        ->check(number_within(0.1, 10.0));
    app.add_option("--voices", options.voices, "at most so many keys sound at once")
        ->type_name("N")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{128}).description(""));
    app.add_option("--style", options.style,
                   "axes of style, in standard deviations of the training\n"
                   "songs, as in loudness=1,repetition=-0.5 (see mgan style)")
        ->type_name("AXIS=X,...");
    app.add_option("--style-of", options.style_of, "the style of this song, axis by axis")
        ->type_name("FILE.mid");
    if (what == DirectingFor::files)
        app.add_option("--style-at", options.style_at,
                       "from this quarter of the song on: 32:loudness=1,density=0.5;\n"
                       "may be given several times")
            ->type_name("Q:AXIS=X,...")
            ->allow_extra_args(false);
    app.add_option("--minutes", options.minutes,
                   what == DirectingFor::files
                       ? "in place of --length: how long songs last,\n"
                         "the notes of --with-prime among them"
                       : "so long, to an end; where somebody plays along, as\n"
                         "--seconds")
        ->type_name("M")
        ->check(number_within(0.01, 1000.0));
    app.add_option("--seed", options.seed, "which songs")
        ->type_name("N")
        ->check(CLI::Validator(&seed_fault, ""))
        ->capture_default_str();
    app.add_option("--tempo", options.tempo,
                   "quarter notes per minute; default: 120, or as --prime has it")
        ->type_name("BPM")
        ->check(number_within(4.0, 1000.0));
}

PlayerControls controls_of(const DirectingOptions& options, const PlayerModel& model) {
    PlayerControls controls;
    const bool needs_heads = !options.style.empty() || !options.style_of.empty() ||
                             !options.style_at.empty() || options.opening ||
                             options.guide.value_or(0) > 1;
    if (needs_heads && !model.has_step_heads())
        fail<ConfigError>(
            "--style, --style-of, --style-at, --opening and --guide: a model with numeric heads "
            "has no distributions to choose from; train one with "
            "generator.heads=steps (the preset recommended)");
    if (options.temperature) controls.temperature = *options.temperature;
    if (!options.scale.empty()) {
        const std::optional<std::uint32_t> scale = scale_of(options.scale);
        if (!scale)
            fail<UsageError>("--scale: ", in_quotes(options.scale),
                             " is no scale; give a root (C, C#, Db, ... B), a blank, and major, "
                             "minor, harmonic, dorian, phrygian, lydian, mixolydian, locrian, "
                             "chromatic, whole, pentatonic or blues");
        controls.scale = *scale;
    }
    if (!options.range.empty()) {
        const std::optional<std::pair<int, int>> range = note_range(options.range);
        if (!range)
            fail<UsageError>("--range: ", in_quotes(options.range),
                             " is no range; give its lowest and highest note by name or number, "
                             "as in C3-C6 or 48-84");
        controls.low = range->first;
        controls.high = range->second;
    }
    controls.transpose = static_cast<int>(options.transpose);
    controls.density = options.density;
    controls.voices = static_cast<int>(options.voices);
    if (!options.style_of.empty()) {
        controls.style = model.style_of(song_of_file(options.style_of));
        for (double& axis : controls.style) axis = std::clamp(axis, -4.0, 4.0);
    }
    set_styles("--style", options.style, controls);
    if (options.guide) controls.guide = static_cast<int>(*options.guide);
    if (const char* const fault = fault_of(controls); fault != nullptr) fail<UsageError>(fault);
    return controls;
}

std::optional<Song> primer_of(const DirectingOptions& options) {
    if (options.prime.empty()) return std::nullopt;
    return song_of_file(options.prime);
}

Player directed_player(const DirectingOptions& options, const PlayerModel& model,
                       const PlayerControls& controls, const std::optional<Song>& primer,
                       std::uint64_t number, PlayerOptions playing) {
    // Room for as many as are asked for now, or may be later.
    if (options.guide)
        playing.candidates = std::max(playing.candidates, static_cast<int>(*options.guide));
    playing.opening = options.opening;
    Player player(model, options.seed, number, playing);
    (void)player.direct(controls);
    if (primer) player.prime(*primer, options.prime_notes);
    return player;
}

void lead_to_end(Player& player, PlayerControls& controls, const PlayerModel& model,
                 std::int64_t begin, double minutes, double tempo) {
    if (!model.has_step_heads()) return;
    const auto quarters = [](std::int64_t ticks) {
        return static_cast<double>(ticks) / midi::kTicksPerQuarter;
    };
    // The last onset lies on a quarter, a bar of four before the end, so that the last chord may
    // sound; of a short song in its middle.
    const double length = quarters(ticks_of(minutes, tempo));
    const double last = std::floor(length - std::min(4.0, length / 2.0));
    controls.end = std::max(quarters(begin) + last, quarters(player.peek().onset));
    (void)player.direct(controls);
}

namespace {

// More than twice the keys that there are.
constexpr std::size_t kMostAtOnce = 300;

[[noreturn]] void fail_stuck(std::int64_t song, std::int64_t onset) {
    fail<DataError>("--minutes: song ", song, " comes no further than quarter ",
                    onset / midi::kTicksPerQuarter, ", where ", kMostAtOnce,
                    " notes begin at once: this model has hardly learnt when to move on; with "
                    "--length N its songs end after N notes");
}

}  // namespace

std::vector<Song> directed_songs(const DirectingOptions& options, const PlayerModel& model,
                                 const std::optional<Song>& primer, std::int64_t count,
                                 std::int64_t length, double tempo, int threads,
                                 std::int64_t first) {
    const PlayerControls controls = controls_of(options, model);
    PlayerOptions playing;
    playing.length = length;
    const std::vector<StyleChange> changes = style_changes(options.style_at);
    const bool lasts = options.minutes > 0.0;
    const std::int64_t end = ticks_of(options.minutes, tempo);
    std::vector<Song> songs(static_cast<std::size_t>(count));
    parallel_for(count, threads, [&](std::ptrdiff_t number) {
        Player player = directed_player(options, model, controls, primer,
                                        static_cast<std::uint64_t>(first + number), playing);
        Song& song = songs[static_cast<std::size_t>(number)];
        std::int64_t begin = 0;
        if (primer) {
            if (options.with_prime)
                song.notes = heard_primer(*primer, options.prime_notes).notes;
            else  // from the quarter in which the first new note begins
                begin = player.peek().onset / midi::kTicksPerQuarter * midi::kTicksPerQuarter;
        }
        PlayerControls now = controls;
        if (lasts) lead_to_end(player, now, model, begin, options.minutes, tempo);
        auto change = changes.begin();
        for (std::int64_t notes = 0; lasts || notes < length; ++notes) {
            for (; change != changes.end() && player.peek().onset - begin >= change->onset;
                 ++change) {
                set_styles("--style-at", change->styles, now);
                (void)player.direct(now);
            }
            if (player.ended()) break;
            Note note = player.next();
            note.onset -= begin;
            if (lasts && note.onset >= end) break;
            if (lasts && song.notes.size() >= kMostAtOnce &&
                song.notes[song.notes.size() - kMostAtOnce].onset == note.onset)
                fail_stuck(first + number + 1, note.onset);
            if (lasts) note.length = std::min(note.length, end - note.onset);
            song.notes.push_back(note);
        }
        std::sort(song.notes.begin(), song.notes.end(), midi::note_order);
    });
    return songs;
}

}  // namespace mgan::program
