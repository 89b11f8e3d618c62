// What controls do to the notes, and how long a player takes for one.
//
//     player controls MODEL [SONGS]       a table for docs/directing.md
//     player latency MODEL [NOTES]        percentiles for docs/benchmarks.md
//     player priming MODEL FOLDER [SONGS] does a continuation keep to its primer?

#include <mgan/generation/step_particles.hpp>
#include <mgan/midi/find_files.hpp>
#include <mgan/midi/notes.hpp>
#include <mgan/player.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace mgan;

/// Means over the notes of songs.
struct Measures {
    double onsets = 0.0, notes = 0.0, length = 0.0, velocity = 0.0, pitch = 0.0, white = 0.0,
           at_once = 0.0;
};

Measures measure(const PlayerModel& model, const PlayerControls& controls, int songs) {
    Measures sum;
    double notes = 0.0, onsets = 0.0, quarters = 0.0;
    for (int number = 0; number < songs; ++number) {
        Player player(model, 1, static_cast<std::uint64_t>(number));
        (void)player.direct(controls);
        std::vector<Note> song;
        for (int i = 0; i < 100; ++i) song.push_back(player.next());
        std::set<std::int64_t> begin;
        for (const Note& note : song) {
            begin.insert(note.onset);
            sum.length += static_cast<double>(note.length) / 384.0;
            sum.velocity += note.velocity;
            sum.pitch += note.pitch;
            sum.white += (0b101010110101 >> note.pitch % 12 & 1) != 0 ? 1.0 : 0.0;
            std::size_t sounding = 0;
            for (const Note& other : song)
                sounding += other.onset <= note.onset && other.onset + other.length > note.onset;
            sum.at_once += static_cast<double>(sounding);
        }
        notes += 100.0;
        onsets += static_cast<double>(begin.size());
        quarters += static_cast<double>(song.back().onset - song.front().onset) / 384.0;
    }
    for (double* one : {&sum.length, &sum.velocity, &sum.pitch, &sum.white, &sum.at_once})
        *one /= notes;
    sum.onsets = onsets / quarters;
    sum.notes = notes / quarters;
    return sum;
}

void controls_table(const PlayerModel& model, int songs) {
    std::cout
        << "control                 onsets/q  notes/q  length  velocity   pitch   white  at once\n";
    const auto row = [&](const std::string& name,
                         const std::vector<std::pair<std::string_view, double>>& set) {
        PlayerControls controls;
        for (const auto& [control, value] : set)
            if (!set_control(controls, control, value)) std::exit(1);
        const Measures m = measure(model, controls, songs);
        std::cout << std::left << std::setw(22) << name << std::right << std::fixed
                  << std::setprecision(2) << std::setw(10) << m.onsets << std::setw(9) << m.notes
                  << std::setw(8) << m.length << std::setprecision(1) << std::setw(10) << m.velocity
                  << std::setw(8) << m.pitch << std::setprecision(2) << std::setw(8) << m.white
                  << std::setw(9) << m.at_once << '\n';
    };
    row("none", {});
    for (const double x : {0.5, 2.0, 4.0})
        row("density " + std::to_string(x).substr(0, 3), {{"density", x}});
    for (const double x : {0.5, 2.0})
        row("legato " + std::to_string(x).substr(0, 3), {{"legato", x}});
    for (const double x : {0.7, 1.3})
        row("loudness " + std::to_string(x).substr(0, 3), {{"loudness", x}});
    for (const double x : {0.5, 1.5})
        row("temperature " + std::to_string(x).substr(0, 3), {{"temperature", x}});
    row("scale D dorian", {{"scale", *scale_of("D dorian")}});
    row("range C5-C7", {{"high", 96}, {"low", 72}});
    for (const double x : {1.0, 2.0, 3.0})
        row("voices " + std::to_string(x).substr(0, 1), {{"voices", x}});
    for (const char* word : {"register", "loudness", "density", "chords", "chromaticism",
                             "articulation", "repetition", "syncopation", "melody"})
        for (const double x : {-1.0, 1.0})
            row(std::string("style ") + word + (x > 0 ? " +1" : " -1"),
                {{"style." + std::string(word), x}});
    row("level.pitch 2/3..1", {{"level.pitch.low", 2.0 / 3.0}});
    row("level.velocity 2/3..1", {{"level.velocity.low", 2.0 / 3.0}});
}

void latency(const PlayerModel& model, int notes) {
    const auto run = [&](const char* name, const PlayerOptions& options,
                         const PlayerControls& controls, bool turns) {
        Player player(model, 1, 0, options);
        (void)player.direct(controls);
        std::vector<double> times;
        times.reserve(static_cast<std::size_t>(notes));
        double sum = 0.0;
        for (int i = 0; i < notes; ++i) {
            PlayerControls turned = controls;
            turned.temperature = i % 2 == 0 ? 1.0 : 0.99;
            const auto begin = std::chrono::steady_clock::now();
            if (turns) (void)player.direct(turned);
            sum += player.next().pitch;
            times.push_back(
                std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin)
                    .count());
        }
        std::sort(times.begin(), times.end());
        const auto at = [&](double share) {
            return times[static_cast<std::size_t>(share * static_cast<double>(notes - 1))];
        };
        std::cout << std::left << std::setw(44) << name << std::right << std::fixed
                  << std::setprecision(1) << std::setw(9) << at(0.5) << std::setw(9) << at(0.99)
                  << std::setw(9) << at(0.999) << std::setw(9) << times.back()
                  << (sum < 0.0 ? " " : "") << '\n';
    };
    std::cout
        << "microseconds a note                              50 %     99 %   99.9 %     most\n";
    PlayerOptions live;
    live.looks_ahead = false;
    live.candidates = 0;
    PlayerOptions file = live;
    file.looks_ahead = true;
    PlayerControls directed;
    directed.scale = *scale_of("D dorian");
    directed.voices = model.has_step_heads() ? 4 : 0;
    run("as it is drawn", live, {}, false);
    run("directed: scale, 4 voices", live, directed, false);
    run("directed anew before each note", live, directed, true);
    run("final lengths", file, {}, false);
    if (!model.can_be_guided()) return;
    PlayerOptions guided = live;
    guided.candidates = 8;
    PlayerControls controls;
    controls.guide = 8;
    run("guided, 8 candidates", guided, controls, false);
}

/// What a continuation should share with its primer.
struct Place {
    std::array<double, 12> classes{};  ///< share of the notes by pitch class
    std::array<double, 16> phases{};   ///< share of the onsets by phase of a quarter
    double pitch = 0.0;                ///< mean
    double gap = 0.0;                  ///< log2 of quarters from onset to onset
    double velocity = 0.0;
};

Place place_of(std::span<const Note> notes) {
    Place place;
    std::set<std::int64_t> onsets;
    for (const Note& note : notes) {
        const auto count = static_cast<double>(notes.size());
        place.classes[static_cast<std::size_t>(note.pitch % 12)] += 1.0 / count;
        place.pitch += note.pitch / count;
        place.velocity += note.velocity / count;
        onsets.insert(note.onset);
    }
    for (const std::int64_t onset : onsets)
        place.phases[static_cast<std::size_t>((onset + 12) % 384 / 24)] +=
            1.0 / static_cast<double>(onsets.size());
    const double span = static_cast<double>(*onsets.rbegin() - *onsets.begin()) / 384.0;
    place.gap = std::log2(std::max(span, 0.1) / static_cast<double>(onsets.size()));
    return place;
}

/// Means over pairs of a primer and what follows.
struct Nearness {
    double in_key = 0.0, on_grid = 0.0, pitch = 0.0, gap = 0.0, velocity = 0.0;
    int count = 0;

    void add(const Place& primer, const Place& next) {
        ++count;
        for (std::size_t c = 0; c < 12; ++c)  // of the pitch classes that the primer uses
            if (primer.classes[c] >= 0.02) in_key += next.classes[c];
        for (std::size_t p = 0; p < 16; ++p) on_grid += std::min(primer.phases[p], next.phases[p]);
        pitch += std::abs(next.pitch - primer.pitch);
        gap += std::abs(next.gap - primer.gap);
        velocity += std::abs(next.velocity - primer.velocity);
    }
};

/// The first `heard` notes of a piece, and the `next` that a model with step heads plays behind
/// them, chosen by so many particles (1: none). In the model's key, which changes nothing that is
/// compared.
std::pair<Place, Place> by_particles(const Model& model, const std::vector<Note>& piece,
                                     std::size_t heard, std::size_t next, std::uint64_t number,
                                     Index particles) {
    const StepModel& steps = *model.steps;
    const encoding::StepVocabulary& words = steps.vocabulary;
    const bool in_key = model.settings.encoding.events.normalise_key;
    const encoding::StepSong primer = encoding::crop_of(
        encoding::step_events(encoding::prepare_steps({"", piece, {}}, words.grid_ticks(), in_key),
                              words),
        0, heard, words);
    const StepStart start{encoding::step_style(primer, words), primer.first_phase};
    std::vector<encoding::StepEvent> all = primer.events;
    const auto played =
        play_particles(steps.band(), model.playing(), start, 1, static_cast<Index>(number),
                       static_cast<Index>(next), particles, primer.events);
    all.insert(all.end(), played.begin(), played.end());
    const std::vector<Note> notes = encoding::song_of(all, words).notes;
    const std::size_t middle = std::min(heard, notes.size() - 1);
    return {place_of(std::span(notes).first(middle)), place_of(std::span(notes).subspan(middle))};
}

void priming(const Model& loaded, const std::string& folder, int songs) {
    const PlayerModel model(loaded);
    constexpr std::size_t kPrimer = 64, kNext = 64;
    std::vector<std::vector<Note>> pieces;
    for (const auto& file : midi::find_midi_files(folder)) {
        if (pieces.size() == static_cast<std::size_t>(songs)) break;
        Song song = midi::load_song(file);
        std::erase_if(song.notes, [](const Note& note) { return note.channel == 9; });
        if (song.notes.size() >= kPrimer + kNext) pieces.push_back(std::move(song.notes));
    }
    Nearness real, primed, guided, other, alone;
    std::array<std::pair<Index, Nearness>, 3> weighed = {{{1, {}}, {4, {}}, {16, {}}}};
    const auto continued = [&](const std::vector<Note>* primer, std::uint64_t number, int guide) {
        PlayerOptions options;
        options.candidates = std::max(guide, 0);
        Player player(model, 1, number, options);
        PlayerControls controls;
        controls.guide = guide;
        (void)player.direct(controls);
        if (primer != nullptr) player.prime({"", *primer, {}}, kPrimer);
        std::vector<Note> notes;
        for (std::size_t i = 0; i < kNext; ++i) notes.push_back(player.next());
        return place_of(notes);
    };
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const std::span<const Note> all = pieces[i];
        const Place primer = place_of(all.first(kPrimer));
        const std::vector<Note>& another = pieces[(i + pieces.size() / 2) % pieces.size()];
        real.add(primer, place_of(all.subspan(kPrimer, kNext)));
        primed.add(primer, continued(&pieces[i], i, 0));
        if (model.can_be_guided()) guided.add(primer, continued(&pieces[i], i, 8));
        if (model.can_be_guided()) {
            for (auto& [particles, nearness] : weighed) {
                const auto [heard, played] =
                    by_particles(loaded, pieces[i], kPrimer, kNext, i, particles);
                nearness.add(heard, played);
            }
        }
        other.add(primer, continued(&another, i, 0));
        alone.add(primer, continued(nullptr, i, 0));
    }
    std::cout << pieces.size() << " pieces; " << kPrimer << " notes heard, " << kNext
              << " notes compared with them\n"
              << "                              in key  on grid  |pitch|  |log2 gap|  |velocity|\n";
    const auto row = [](const char* name, const Nearness& n) {
        if (n.count == 0) return;
        const double count = n.count;
        std::cout << std::left << std::setw(28) << name << std::right << std::fixed
                  << std::setprecision(3) << std::setw(8) << n.in_key / count << std::setw(9)
                  << n.on_grid / count << std::setprecision(2) << std::setw(9) << n.pitch / count
                  << std::setw(12) << n.gap / count << std::setw(12) << n.velocity / count << '\n';
    };
    row("the piece itself", real);
    row("primed", primed);
    row("primed, guided by 8", guided);
    for (const auto& [particles, nearness] : weighed)
        row(concat("primed, particles: ", particles).c_str(), nearness);
    row("primed by another piece", other);
    row("not primed", alone);
}

}  // namespace

int main(int argc, char** argv) try {
    const std::string_view what = argc > 1 ? argv[1] : "";
    if (argc < 3 || (what != "controls" && what != "latency" && (what != "priming" || argc < 4))) {
        std::cerr << "usage: player controls|latency MODEL [COUNT]\n"
                     "       player priming MODEL FOLDER [COUNT]\n";
        return 2;
    }
    if (what == "priming") {
        priming(load_model(argv[2]), argv[3], argc > 4 ? std::atoi(argv[4]) : 100);
        return 0;
    }
    const PlayerModel model(argv[2]);
    const int count = argc > 3 ? std::atoi(argv[3]) : what == "controls" ? 100 : 20000;
    if (what == "controls")
        controls_table(model, count);
    else
        latency(model, count);
    return 0;
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
