/// \file
/// `mgan generate`: new songs by a model.

#include "data.hpp"
#include "directing.hpp"
#include "interrupt.hpp"
#include "program.hpp"
#include "ranks.hpp"
#include "sound_file.hpp"

#include <mgan/core/file_lock.hpp>
#include <mgan/core/parallel.hpp>
#include <mgan/distributed/agreement.hpp>
#include <mgan/generation/model_file.hpp>
#include <mgan/runs/run_files.hpp>
#include <mgan/training/shared_songs.hpp>

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
    DirectingOptions directing;
    int threads = 0;  ///< 0: as many as there are
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

/// The folder of the songs, for this process alone: of two at once, each would replace some songs
/// of the other. Made if it is not there; it goes again if nothing was written.
class SongFolder {
public:
    explicit SongFolder(const std::filesystem::path& path) : path_(path) {
        is_new_ = !is_there(path);
        make_folder(path);
        if (is_new_) folder_guard_.emplace(path);
        const std::filesystem::path file = path / ".generate.lock";
        try {
            lock_.emplace(file);
            lock_guard_.emplace(file);
        } catch (const LockedError&) {
            throw;
        } catch (const IoError&) {  // whoever writes there will say what is wrong
        }
    }
    SongFolder(const SongFolder&) = delete;
    SongFolder& operator=(const SongFolder&) = delete;
    ~SongFolder() {
        lock_guard_.reset();
        lock_.reset();
        std::error_code ignored;
        if (is_new_) std::filesystem::remove(path_, ignored);  // where it is empty
    }

private:
    std::filesystem::path path_;
    bool is_new_ = false;
    std::optional<PassingLock> lock_;
    std::optional<DraftGuard> lock_guard_, folder_guard_;  // a signal takes the file first
};

/// Settles how a model plays where nothing but temperature and guidance is asked for.
void set_playing(Model& model, const GenerateOptions& options) {
    const DirectingOptions& directing = options.directing;
    PlayingSettings& playing = model.settings.playing;
    const bool weighs = directing.particles.value_or(0) > 1;
    if ((weighs || directing.guide.value_or(0) > 1) &&
        (!model.steps || !model.steps->discriminator))
        fail<ConfigError>(weighs ? "--particles" : "--guide",
                          ": this model has no discriminator to be guided by: ",
                          model.steps ? "its training had no adversarial phase (preset quick "
                                        "and small collections have none); train with "
                                        "--epochs 2"
                                      : "its heads are numeric; train one with "
                                        "generator.heads=steps (the preset recommended)");
    if (directing.guide) {
        playing.guide = *directing.guide;
        playing.particles = 0;
    }
    if (directing.particles) playing.particles = *directing.particles;
    if (weighs) playing.guide = 0;
    if (directing.temperature) {
        for (double* one : {&playing.time, &playing.pitch, &playing.velocity})
            *one = std::clamp(*one * *directing.temperature, 1e-3, 10.0);
    }
}

/// Says how much there is to play where it is so much that it takes minutes, in which nothing is
/// seen. A model may ask for it, too: it comes from elsewhere, perhaps. `directs`: songs are
/// directed event by event, without particles.
void say_work(const Model& model, const GenerateOptions& options, std::int64_t length,
              bool directs) {
    constexpr double kMuch = 1e6;  // events
    if (options.directing.minutes > 0.0) return;
    const PlayingSettings playing = model.playing();
    const bool weighs = playing.particles > 1 && !directs;
    const std::int64_t candidates = std::max<std::int64_t>(
        1, weighs ? playing.particles : options.directing.guide.value_or(playing.guide));
    const std::int64_t songs = options.interpolate > 0 ? options.interpolate : options.count;
    const double events =
        static_cast<double>(songs) * static_cast<double>(length) * static_cast<double>(candidates);
    if (events < kMuch) return;
    const bool asked =
        weighs ? options.directing.particles.has_value() : options.directing.guide.has_value();
    std::string choice;
    if (candidates > 1)
        choice = concat(", each chosen among ", candidates, " (",
                        asked    ? weighs ? "--particles" : "--guide"
                        : weighs ? "playing.particles of the model"
                                 : "playing.guide of the model",
                        ")");
    std::cerr << concat("mgan: ", songs, songs == 1 ? " song" : " songs", " of ", length,
                        " events (", options.length > 0 ? "--length" : "length of the model", ")",
                        choice, ": ", grouped(static_cast<std::size_t>(events)),
                        " events to play, which may take minutes; Ctrl-C stops it\n");
}

/// The songs: all, or of several ranks this one's share.
struct Made {
    std::vector<Song> songs;
    std::int64_t length = 0;  ///< events of each
};

Made make_songs(const GenerateOptions& options, const Communicator& ranks,
                std::optional<SongFolder>& folder) {
    check_directing(options.directing);
    if (ranks.writes()) remove_drafts(options.out, "song-");
    const std::string missing = sound_files_missing("song.wav");
    require<ConfigError>(!options.wav || missing.empty(), "--wav: ", missing);
    Model model = load_model(options.model);
    const std::int64_t length = options.length > 0 ? options.length : model.settings.length;
    const DirectingOptions& directing = options.directing;
    const bool directs = directing.directs() || (directing.temperature && !model.steps);
    if (directs && options.interpolate > 0)
        fail<UsageError>("--interpolate: songs on the way from one to another cannot be directed");
    // Without a tempo of its own, what goes on from a melody keeps that of the melody.
    std::vector<midi::TempoChange> tempo = {
        {0,
         static_cast<std::int64_t>(std::llround(60e6 / options.directing.tempo.value_or(120.0)))}};
    const std::optional<Song> primer = primer_of(directing);
    if (!options.directing.tempo && primer && !primer->tempo.empty()) {
        if (directing.with_prime)
            tempo = primer->tempo;
        else
            tempo = {{0, primer->tempo.back().microseconds_per_quarter}};
    }
    if (!directs) set_playing(model, options);
    if (ranks.writes()) {
        folder.emplace(options.out);
        say_work(model, options, length, directs);
    }
    Made made;
    made.length = length;
    Shard mine = own_share(options.count, ranks);
    if (options.interpolate > 0) {  // by one rank
        mine = {};
        if (ranks.writes())
            made.songs = model.interpolate(options.interpolate, length, options.directing.seed,
                                           options.threads);
    } else if (mine.size() > 0) {
        made.songs =
            directs ? directed_songs(
                          directing, PlayerModel(std::move(model)), primer, mine.size(), length,
                          60e6 / static_cast<double>(tempo.front().microseconds_per_quarter),
                          options.threads, mine.begin)
                    : model.songs(mine.size(), length, options.directing.seed, options.threads,
                                  mine.begin);
    }
    // A model knows rhythm in quarters, not how fast they go.
    auto number = static_cast<std::size_t>(mine.begin);
    for (Song& song : made.songs) {
        song.title = concat("mgan, seed ", options.directing.seed, ", song ", ++number);
        song.tempo = tempo;
    }
    return made;
}

void write_songs(const GenerateOptions& options, const std::vector<Song>& songs,
                 std::int64_t length) {
    save_songs(options.out, songs);
    if (options.wav) {
        parallel_for(
            static_cast<std::ptrdiff_t>(songs.size()), options.threads, [&](std::ptrdiff_t i) {
                const auto number = static_cast<std::size_t>(i);
                const std::filesystem::path name = numbered_name("song", number + 1, songs.size());
                save_sound((std::filesystem::path(options.out) / name).replace_extension(".wav"),
                           songs[number]);
            });
    }
    const double minutes = options.directing.minutes;
    std::cout << songs.size() << (songs.size() == 1 ? " song" : " songs")
              << (minutes > 0.0 ? concat(" of ", fixed(minutes, 1), " minutes")
                                : concat(" of ", length, " events"))
              << (songs.size() == 1 ? "" : " each")
              << (options.directing.with_prime
                      ? concat(", the melody of ", printable(options.directing.prime),
                               " before them")
                      : "")
              << " in " << printable(options.out) << (options.wav ? ", as MIDI and as sound" : "")
              << " (seed " << options.directing.seed << "; another --seed gives others)\n";
    if (const std::size_t others = count_others(options.out, songs.size(), options.wav); others > 0)
        std::cout << "  " << grouped(others)
                  << (others == 1 ? " other file of music was" : " other files of music were")
                  << " in " << printable(options.out) << " before; --out takes another folder\n";
}

int generate(GenerateOptions options) {
    catch_interrupts();
    Ranks joined;
    if (options.threads == 0) options.threads = joined.threads();
    options.threads = possible_threads(options.threads);
    return joined.run([&] {
        Communicator& ranks = joined.all();
        require_alike(ranks, build_facts());
        require_alike(ranks, {{"--count", std::to_string(options.count)},
                              {"--seed", std::to_string(options.directing.seed)}});
        std::optional<SongFolder> folder;
        Made made;
        together(ranks, [&] { made = make_songs(options, ranks, folder); });
        const std::vector<Song> songs = gather_songs(ranks, std::move(made.songs));
        together(ranks, [&] {
            if (ranks.writes()) write_songs(options, songs, made.length);
        });
        return int{kDone};
    });
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
    CLI::Option* const length =
        app.add_option("--length", options->length,
                       "events (notes) of a song; default: as in training;\n"
                       "any number, even more than in training")
            ->type_name("N")
            ->check(CLI::Range(std::int64_t{1}, std::int64_t{1000000}).description(""));
    add_directing_options(app, options->directing);
    app.get_option("--minutes")->excludes(length);
    app.add_option("-o,--out", options->out, "folder to write to")
        ->type_name("DIR")
        ->capture_default_str();
    app.add_option("--threads", options->threads, "number of threads")
        ->type_name("N")
        ->check(CLI::Range(1, 1024).description(""))
        ->default_str(std::to_string(available_threads()));
    app.add_flag("--wav", options->wav, "sound files as well: song-01.wav beside song-01.mid");
    app.footer(
        "The files are song-01.mid, song-02.mid, ...; files of these names are replaced. Song 7 of "
        "a\n"
        "seed is the same however many songs are generated.\n\n"
        "Examples:\n"
        "  mgan generate run --count 20 --out songs\n"
        "  mgan generate run/model.safetensors --length 400 --tempo 96 --seed 3\n"
        "  mgan generate run --prime melody.mid --with-prime --scale \"D minor\" --minutes 2");
    return [options] { return generate(*options); };
}

}  // namespace mgan::program
