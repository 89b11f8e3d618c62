/// \file
/// `mgan generate`: new songs by a model.

#include "data.hpp"
#include "interrupt.hpp"
#include "program.hpp"
#include "sound_file.hpp"

#include <mgan/core/parallel.hpp>
#include <mgan/generation/model_file.hpp>
#include <mgan/runs/run_files.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
#include <optional>
#include <set>

namespace mgan::program {

namespace {

struct GenerateOptions {
    std::string model;
    std::string out = "songs";
    std::int64_t count = 10;
    std::int64_t length = 0;
    std::int64_t interpolate = 0;
    std::optional<std::int64_t> guide;
    std::optional<double> temperature;
    std::uint64_t seed = 1;
    double tempo = 120.0;
    int threads = available_threads();
    bool wav = false;
};

/// Music in `folder` that is not among the songs just written: of an earlier call with more songs,
/// or with --wav. It stays, but nobody should take it for that of this model and seed.
std::size_t count_others(const std::filesystem::path& folder, std::size_t songs, bool wav) {
    std::set<std::string> ours;
    for (std::size_t i = 1; i <= songs; ++i) {
        std::filesystem::path name = numbered_name("song", i, songs);
        ours.insert(name.string());
        if (wav) ours.insert(name.replace_extension(".wav").string());
    }
    std::size_t others = 0;
    std::error_code failure;
    for (std::filesystem::directory_iterator entry(folder, failure), end; !failure && entry != end;
         entry.increment(failure)) {
        const std::filesystem::path name = entry->path().filename();
        const bool is_music = name.extension() == ".mid" || name.extension() == ".wav";
        if (is_music && !ours.contains(name.string())) ++others;
    }
    return others;
}

/// What the options say of how the model plays.
void direct(Model& model, const GenerateOptions& options) {
    PlayingSettings& playing = model.settings.playing;
    if (!options.guide && !options.temperature) return;
    if (!model.steps)
        fail<ConfigError>(options.guide ? "--guide" : "--temperature",
                          ": a model with numeric heads has no distributions to choose from; "
                          "train one with generator.heads=steps (the preset recommended)");
    if (options.guide) playing.guide = *options.guide;
    if (options.temperature) {
        for (double* one : {&playing.time, &playing.pitch, &playing.velocity})
            *one = std::clamp(*one * *options.temperature, 1e-3, 10.0);
    }
    if (options.guide.value_or(0) > 1 && !model.steps->discriminator)
        fail<ConfigError>(
            "--guide: this model has no discriminator to be guided by: it was saved "
            "before the adversarial phase");
}

int generate(const GenerateOptions& options) {
    catch_interrupts();
    remove_drafts(options.out, "song-");
    const int threads = possible_threads(options.threads);
    const std::string missing = sound_files_missing();
    require<ConfigError>(!options.wav || missing.empty(), "--wav: ", missing);
    Model model = load_model(options.model);
    direct(model, options);
    const std::int64_t length = options.length > 0 ? options.length : model.settings.length;
    std::vector<midi::Song> songs =
        options.interpolate > 0
            ? model.interpolate(options.interpolate, length, options.seed, threads)
            : model.songs(options.count, length, options.seed, threads);
    // A model knows rhythm in quarters, not how fast they go.
    const midi::TempoChange tempo{0, static_cast<std::int64_t>(std::llround(60e6 / options.tempo))};
    for (std::size_t i = 0; i < songs.size(); ++i) {
        songs[i].title = concat("mgan, seed ", options.seed, ", song ", i + 1);
        songs[i].tempo = {tempo};
    }
    save_songs(options.out, songs);
    if (options.wav) {
        parallel_for(static_cast<std::ptrdiff_t>(songs.size()), threads, [&](std::ptrdiff_t i) {
            const auto number = static_cast<std::size_t>(i);
            const std::filesystem::path name = numbered_name("song", number + 1, songs.size());
            save_sound((std::filesystem::path(options.out) / name).replace_extension(".wav"),
                       songs[number]);
        });
    }
    std::cout << songs.size() << (songs.size() == 1 ? " song of " : " songs of ") << length
              << (songs.size() == 1 ? " events in " : " events each in ") << printable(options.out)
              << (options.wav ? ", as MIDI and as sound" : "") << " (seed " << options.seed
              << "; another --seed gives others)\n";
    if (const std::size_t others = count_others(options.out, songs.size(), options.wav); others > 0)
        std::cout << "  " << grouped(others)
                  << (others == 1 ? " other file of music was" : " other files of music were")
                  << " in " << printable(options.out) << " before; --out takes another folder\n";
    return kDone;
}

}  // namespace

Run add_generate(CLI::App& app) {
    app.description("Generates new songs with a trained model and writes them as MIDI files.");
    auto options = std::make_shared<GenerateOptions>();
    app.add_option("MODEL", options->model, "a run's folder, or a .safetensors file")
        ->type_name("")
        ->required();
    CLI::Option* const count =
        app.add_option("--count", options->count, "number of songs")
            ->type_name("N")
            ->check(CLI::Range(std::int64_t{1}, std::int64_t{1000000}).description(""))
            ->capture_default_str();
    app.add_option("--interpolate", options->interpolate,
                   "instead: N songs that lead from song 1 of the seed to song 2")
        ->type_name("N")
        ->check(CLI::Range(std::int64_t{2}, std::int64_t{1000000}).description(""))
        ->excludes(count);
    app.add_option("--length", options->length,
                   "events (notes) of a song; default: as in training;\n"
                   "any number, even more than in training")
        ->type_name("N")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1000000}).description(""));
    app.add_option("--guide", options->guide,
                   "candidates for each event, of which the discriminator's gain\n"
                   "chooses one; 0: none; default: as the model was trained")
        ->type_name("N")
        ->check(CLI::Range(std::int64_t{0}, std::int64_t{256}).description(""));
    app.add_option("--temperature", options->temperature,
                   "1: as trained; below, the likely becomes likelier; above,\n"
                   "songs become bolder")
        ->type_name("X")
        ->check(CLI::Range(0.01, 10.0).description(""));
    app.add_option("--seed", options->seed, "which songs")
        ->type_name("N")
        ->check(CLI::Validator(&seed_fault, ""))
        ->capture_default_str();
    app.add_option("--tempo", options->tempo, "quarter notes per minute")
        ->type_name("BPM")
        ->check(CLI::Range(4.0, 1000.0).description(""))
        ->capture_default_str();
    app.add_option("-o,--out", options->out, "folder to write to")
        ->type_name("DIR")
        ->capture_default_str();
    app.add_option("--threads", options->threads, "number of threads")
        ->type_name("N")
        ->check(CLI::Range(1, 1024).description(""))
        ->capture_default_str();
    app.add_flag("--wav", options->wav, "sound files as well: song-01.wav beside song-01.mid");
    app.footer(
        "The files are song-01.mid, song-02.mid, ...; files of these names are replaced. Song 7 of "
        "a\n"
        "seed is the same however many songs are generated.\n\n"
        "Examples:\n"
        "  mgan generate run --count 20 --out songs\n"
        "  mgan generate run/model.safetensors --length 400 --tempo 96 --seed 3");
    return [options] { return generate(*options); };
}

}  // namespace mgan::program
