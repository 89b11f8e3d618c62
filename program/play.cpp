/// \file
/// `mgan play`: a model plays, alone or with somebody, until it is told to stop.
///
/// One thread does everything, a millisecond at a time: keys, what other programs ask for, what a
/// person plays, the model's notes. A model needs tens of microseconds for an event.

#include "console.hpp"
#include "data.hpp"
#include "directing.hpp"
#include "interrupt.hpp"
#include "keyboard.hpp"
#include "live_keys.hpp"
#include "midi_ports.hpp"
#include "osc.hpp"
#include "program.hpp"

#include <mgan/core/quote.hpp>
#include <mgan/midi/notes.hpp>
#include <mgan/player/accompanist.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <optional>
#include <thread>

namespace mgan::program {

namespace {

struct PlayOptions {
    std::string model;
    std::string port, input, record, answer;
    bool virtual_port = false, silent = false, list_ports = false;
    int osc = 0;
    double seconds = 0.0;
    DirectingOptions directing;
};

using Clock = std::chrono::steady_clock;

constexpr double kRate = 48000.0;  // frames a second
constexpr int kFrames = 48;        // of a block: a millisecond
constexpr auto kBlock = std::chrono::milliseconds(1);
/// A longer pause than this (the machine slept) is not made up for, blocks.
constexpr std::int64_t kMostBehind = 500;

/// Writes down who played what. The model is channel 1, the person channel 2.
class Recorder {
public:
    explicit Recorder(double tempo) { tempo_changed(0.0, tempo); }

    void key(int channel, double quarter, int pitch, int velocity) {
        std::optional<Note>& open = open_[key_of(channel, pitch)];
        const std::int64_t tick = tick_of(quarter);
        if (open) {
            open->length = std::max<std::int64_t>(tick - open->onset, 1);
            song_.notes.push_back(*open);
            open.reset();
        }
        if (velocity > 0) open = Note{tick, 0, pitch, velocity, channel};
    }
    void tempo_changed(double quarter, double tempo) {
        const TempoChange change{tick_of(quarter), std::llround(60e6 / tempo)};
        // Several turns of the knob between two notes are one change.
        if (!song_.tempo.empty() && song_.tempo.back().tick == change.tick)
            song_.tempo.back() = change;
        else
            song_.tempo.push_back(change);
    }
    /// What sounds ends at `quarter`.
    [[nodiscard]] Song finish(double quarter, std::string title) {
        for (int channel = 0; channel < 2; ++channel)
            for (int pitch = 0; pitch < 128; ++pitch)
                if (open_[key_of(channel, pitch)]) key(channel, quarter, pitch, 0);
        std::sort(song_.notes.begin(), song_.notes.end(), midi::note_order);
        song_.title = std::move(title);
        return std::move(song_);
    }

private:
    [[nodiscard]] static std::size_t key_of(int channel, int pitch) {
        return static_cast<std::size_t>(128 * channel + pitch);
    }
    [[nodiscard]] static std::int64_t tick_of(double quarter) {
        return std::llround(quarter * static_cast<double>(midi::kTicksPerQuarter));
    }
    Song song_;
    std::array<std::optional<Note>, 256> open_{};
};

Answer answer_of(const std::string& word) {
    if (word == "turns") return Answer::turns;
    return word == "harmony" ? Answer::harmony : Answer::duet;
}

/// The port to play to: the one that was asked for; else one of our own, or none where nobody needs
/// to hear anything.
std::optional<MidiOutput> open_output(const PlayOptions& options) {
    if (options.silent) return std::nullopt;
    if (!options.port.empty()) return MidiOutput(options.port);
    const bool heard_elsewhere = !options.record.empty() || options.osc != 0;
    try {
        return MidiOutput("");
    } catch (const ConfigError& error) {
        if (options.virtual_port || !heard_elsewhere)
            fail<ConfigError>(error.what(), "; or --record FILE.mid writes what is played");
        std::cerr << "mgan: plays in silence: " << error.what() << std::endl;
        return std::nullopt;
    }
}

/// Everything that goes on while a model plays.
class Session {
public:
    Session(const PlayOptions& options, const PlayerModel& model, Accompanist& band, double tempo,
            const PlayerControls& controls)
        : options_(options),
          model_(model),
          band_(band),
          output_(open_output(options)),
          recorder_(tempo),
          waits_(options.silent && options.osc != 0 && options.record.empty()),
          ends_(controls.end >= 0.0) {
        if (!options.input.empty()) input_.emplace(options.input);
        if (options.osc != 0) osc_.emplace(options.osc, osc_actions());
        live_.controls = controls;
        live_.tempo = tempo;
        live_.answer = band.answer();
    }

    /// What it plays to, and listens to.
    void announce() const {
        std::cout << "Playing " << printable(options_.model) << " to "
                  << (output_ ? printable(output_->where()) : std::string("no port"));
        if (input_) std::cout << ", with " << printable(input_->where());
        if (osc_) std::cout << ", OSC at UDP port " << options_.osc;
        std::cout << (keyboard_.is_there() ? " (? shows the keys, q ends)" : "") << std::endl;
    }

    void run(double seconds) {
        const auto blocks = seconds > 0.0 ? static_cast<std::int64_t>(std::ceil(seconds * 1000.0))
                                          : std::int64_t{-1};
        Clock::time_point due = Clock::now();
        for (std::int64_t block = 0;
             block != blocks && !live_.quit && !interrupted() && !has_ended(); ++block) {
            due += kBlock;
            std::this_thread::sleep_until(due);
            if (Clock::now() - due > kMostBehind * kBlock) due = Clock::now();
            obey();
            play_block();
            if (block % 100 == 0) show();
        }
        play_frames(false);  // ends what sounds
        if (shown_) std::cout << "\r\033[K";
    }

    /// Writes --record, and says what there was.
    void finish() {
        if (!options_.record.empty()) {
            const std::filesystem::path file = options_.record;
            remove_drafts(file.parent_path(), temporary_stem(file));
            midi::save_song(
                options_.record,
                recorder_.finish(quarter_, concat("mgan, seed ", options_.directing.seed)));
            std::cout << grouped(notes_) << (notes_ == 1 ? " note" : " notes") << " in "
                      << printable(options_.record) << '\n';
        } else {
            std::cout << grouped(notes_) << (notes_ == 1 ? " note" : " notes") << '\n';
        }
    }

private:
    void play_block() {
        if (input_) {
            for (std::span<const unsigned char> m = input_->next(); !m.empty(); m = input_->next())
                heard(m);
        }
        if (waits_) return;
        play_frames(!live_.paused);
        if (!live_.paused) quarter_ = now(true).quarter_at(kFrames, kRate);
    }

    /// Whether the song has come to its end (`PlayerControls::end`), and has died away. One that
    /// a key began plays on.
    [[nodiscard]] bool has_ended() {
        return ends_ && band_.player().ended() && band_.sounding() == 0;
    }

    /// The block that is due.
    [[nodiscard]] BlockTime now(bool playing) const {
        return {kFrames, quarter_, live_.tempo, playing};
    }
    void play_frames(bool playing) {
        const BlockTime block = now(playing);
        for (const BlockEvent& event : band_.process(block)) {
            const std::array<unsigned char, 3> message = {
                static_cast<unsigned char>(event.on ? 0x90 : 0x80),
                static_cast<unsigned char>(event.pitch),
                static_cast<unsigned char>(event.velocity)};
            if (output_) output_->send(message);
            recorder_.key(0, block.quarter_at(event.frame, kRate), event.pitch,
                          event.on ? event.velocity : 0);
            if (event.on) ++notes_;
        }
    }

    /// A message of the person's: keys; anything else is not for us.
    void heard(std::span<const unsigned char> message) {
        if (message.size() < 3) return;
        const int kind = message[0] & 0xF0;
        if (kind != 0x90 && kind != 0x80) return;
        person_plays(message[1] & 0x7F, kind == 0x90 ? message[2] & 0x7F : 0);
    }
    void person_plays(int pitch, int velocity) {
        if (live_.paused) return;
        if (waits_) {
            Player& player = band_.player();
            if (velocity > 0) player.feed({player.peek().onset, 0, pitch, velocity, 0});
            return;
        }
        band_.hear(0, pitch, velocity);
        recorder_.key(1, quarter_, pitch, velocity);
    }

    /// Keys, and what other programs ask for.
    void obey() {
        const double tempo = live_.tempo;
        const PlayerControls before = live_.controls;
        if (osc_) osc_->serve();
        while (const std::optional<char> key = keyboard_.key())
            press(live_, *key, model_.has_step_heads());
        Player& player = band_.player();
        if (!(live_.controls == before)) (void)player.direct(live_.controls);
        if (live_.answer != band_.answer()) {
            if (live_.answer != Answer::duet && !input_ && !osc_) live_.answer = Answer::duet;
            band_.set_answer(live_.answer);
        }
        if (live_.tempo != tempo) {
            player.set_tempo(live_.tempo);
            recorder_.tempo_changed(quarter_, live_.tempo);
        }
        if (live_.again || live_.next_song) {
            begin(player.seed(), live_.again ? player.number() : player.number() + 1);
            live_.again = live_.next_song = false;
        }
        if (live_.help) {
            if (shown_) std::cout << "\r\033[K";
            std::cout << kKeysHelp << std::flush;
            live_.help = false;
        }
    }

    void begin(std::uint64_t seed, std::uint64_t song) {
        if (ends_) {
            ends_ = false;
            live_.controls.end = -1.0;
            (void)band_.player().direct(live_.controls);
        }
        play_frames(false);
        band_.player().reset(seed, song);
        band_.realign();
    }

    void show() {
        if (!keyboard_.is_there() || !is_output_terminal()) return;
        std::string line = describe(live_);
        if (line == line_) return;
        line_ = std::move(line);
        std::cout << "\r\033[K" << line_ << std::flush;
        shown_ = true;
    }

    /// Candidates that there is room for.
    [[nodiscard]] int most_candidates() const {
        return std::max(model_.room_for_guidance(),
                        static_cast<int>(options_.directing.guide.value_or(0)));
    }

    /// At once: the next note may be asked for in the same breath.
    std::string direct() {
        (void)band_.player().direct(live_.controls);
        return "";
    }

    OscActions osc_actions() {
        OscActions actions;
        actions.set = [this](const std::string& name, double value) -> std::string {
            PlayerControls controls = live_.controls;
            if (!set_control(controls, name, value))
                return concat("no control ", name, " takes ", value);
            if (controls.guide > std::max(1, most_candidates()))
                return concat("guide takes no more than ", most_candidates(),
                              model_.can_be_guided() ? "" : ": the model has no discriminator");
            live_.controls = controls;
            return direct();
        };
        actions.scale = [this](const std::string& text) -> std::string {
            const auto scale = scale_of(text);
            return scale && set_control(live_.controls, "scale", *scale)
                       ? direct()
                       : concat("no scale: ", text);
        };
        actions.tempo = [this](double tempo) -> std::string {
            if (!(tempo >= 4.0 && tempo <= 1000.0)) return "the tempo must be from 4 to 1000";
            live_.tempo = tempo;
            return "";
        };
        actions.feed = [this](int pitch, int velocity) -> std::string {
            if (pitch < 0 || pitch > 127 || velocity < 0 || velocity > 127)
                return "feed takes a pitch and a velocity from 0 to 127 (0: released)";
            person_plays(pitch, velocity);
            return "";
        };
        actions.pause = [this](bool pause) -> std::string {
            live_.paused = pause;
            return "";
        };
        actions.reset = [this](std::int64_t seed, std::int64_t song) -> std::string {
            if (seed < 0 || song < 0) return "reset takes a seed and a song from 0 on";
            begin(static_cast<std::uint64_t>(seed), static_cast<std::uint64_t>(song));
            return "";
        };
        actions.next = [this]() -> OscActions::Reply {
            const PlayedNote note = band_.player().next();
            return {note.onset, note.length, note.pitch, note.velocity};
        };
        return actions;
    }

    const PlayOptions& options_;
    const PlayerModel& model_;
    Accompanist& band_;
    Live live_;
    std::optional<MidiOutput> output_;
    std::optional<MidiInput> input_;
    std::optional<OscServer> osc_;
    Keyboard keyboard_;
    Recorder recorder_;
    bool waits_;  ///< whether others ask for each note, so that nothing is played here
    bool ends_;   ///< whether the song was asked to end, by `controls.end`
    double quarter_ = 0.0;
    std::size_t notes_ = 0;
    std::string line_;
    bool shown_ = false;
};

/// A session must not be lost at its end.
void check_record(const std::string& record) {
    if (record.empty()) return;
    const std::filesystem::path folder = std::filesystem::path(record).parent_path();
    if (!folder.empty() && !is_folder(folder))
        fail<IoError>("--record: ", in_quotes(printable(folder.string())),
                      " is no folder; make it first");
    if (is_folder(record))
        fail<IoError>("--record: ", in_quotes(printable(record)), " is a folder; name a file");
}

int list_ports() {
    if (const std::string missing = midi_ports_missing(); !missing.empty())
        throw ConfigError(missing);
    const MidiPortNames names = midi_port_names();
    for (const auto& [kind, ports] :
         {std::pair("--port ", &names.outputs), std::pair("--input", &names.inputs)}) {
        for (const std::string& port : *ports) std::cout << kind << "  " << printable(port) << '\n';
        if (ports->empty()) std::cout << kind << "  none\n";
    }
    return kDone;
}

int play(const PlayOptions& options) {
    if (options.list_ports) return list_ports();
    if (options.model.empty()) throw UsageError("MODEL is required");
    const bool listens = !options.input.empty() || options.osc != 0;
    if (!options.answer.empty() && !listens)
        throw UsageError("--answer needs somebody to answer: --input PORT or --osc PORT");
    if (const std::string missing = osc_missing(); options.osc != 0 && !missing.empty())
        fail<ConfigError>("--osc: ", missing);
    check_directing(options.directing);
    check_record(options.record);
    const PlayerModel model(options.model);
    PlayerControls controls = controls_of(options.directing, model);
    const std::optional<Song> primer = primer_of(options.directing);
    double tempo = options.directing.tempo.value_or(120.0);
    if (!options.directing.tempo && primer && !primer->tempo.empty())
        tempo = 60e6 / static_cast<double>(primer->tempo.back().microseconds_per_quarter);

    // Where nobody interferes, notes come with their final lengths, as in a file.
    PlayerOptions playing;
    playing.looks_ahead = !listens;
    if (options.osc != 0) playing.candidates = model.room_for_guidance();  // /mgan/set guide
    Player player = directed_player(options.directing, model, controls, primer, 0, playing);
    player.set_tempo(tempo);
    if (options.directing.minutes > 0.0 && !listens)
        lead_to_end(player, controls, model,
                    player.peek().onset / midi::kTicksPerQuarter * midi::kTicksPerQuarter,
                    options.directing.minutes, tempo);
    Accompanist band(std::move(player), kRate, answer_of(options.answer));

    catch_interrupts();
    begin_saving();
    Session session(options, model, band, tempo, controls);
    session.announce();
    session.run(options.directing.minutes > 0.0 ? 60.0 * options.directing.minutes
                                                : options.seconds);
    session.finish();
    return kDone;
}

}  // namespace

Run add_play(CLI::App& app) {
    app.description(
        "Plays a model to a MIDI port, endlessly, alone or with somebody; keys direct it.");
    auto options = std::make_shared<PlayOptions>();
    app.add_option("MODEL", options->model, "a run's folder, or a .safetensors file")
        ->type_name("");
    CLI::Option* const port =
        app.add_option("--port", options->port,
                       "play to the port with this in its name; default: a port of\n"
                       "our own, \"mgan\", to which you connect a synthesiser")
            ->type_name("NAME");
    CLI::Option* const own =
        app.add_flag("--virtual-port", options->virtual_port, "a port of our own, and nothing else")
            ->excludes(port);
    app.add_flag("--silent", options->silent, "no port: for --record, or OSC's /mgan/next")
        ->excludes(port)
        ->excludes(own);
    app.add_flag("--list-ports", options->list_ports, "shows the names of all ports, and ends");
    app.add_option("--input", options->input, "listen to the port with this in its name")
        ->type_name("NAME");
    app.add_option("--answer", options->answer,
                   "how it plays with whom it hears: duet (default), turns\n"
                   "(call and response) or harmony (a note below each key)")
        ->type_name("HOW")
        ->check(CLI::IsMember({"duet", "turns", "harmony"}).description(""));
    app.add_option("--osc", options->osc, "take orders at this UDP port by Open Sound Control")
        ->type_name("PORT")
        ->check(CLI::Range(1, 65535).description(""));
    app.add_option("--record", options->record, "write what was played at the end")
        ->type_name("FILE.mid");
    app.add_option("--seconds", options->seconds, "end after so long; default: play on")
        ->type_name("X")
        ->check(number_within(0.001, 1e9));
    add_directing_options(app, options->directing, DirectingFor::playing);
    app.footer(std::string("Keys while it plays:\n") + kKeysHelp +
               "\nExamples:\n"
               "  mgan play run --list-ports\n"
               "  mgan play run --port FLUID --scale \"D dorian\" --density 0.7\n"
               "  mgan play run --input Keystation --answer turns --record session.mid");
    return [options] { return play(*options); };
}

}  // namespace mgan::program
