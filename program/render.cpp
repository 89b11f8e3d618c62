/// \file
/// `mgan render`: a MIDI file as sound.

#include "console.hpp"
#include "data.hpp"
#include "interrupt.hpp"
#include "program.hpp"
#include "sound.hpp"
#include "sound_file.hpp"

#include <mgan/midi/notes.hpp>
#include <mgan/midi/sounding_notes.hpp>

#include <CLI/CLI.hpp>

#include <chrono>
#include <iostream>

namespace mgan::program {

namespace {

struct RenderOptions {
    std::string file;
    std::string out;
    std::string soundfont;
    std::int64_t song = 0;  ///< of a file with several; 0: the only one
};

/// The song to play. Files of format 2 may have several.
midi::Song chosen_song(const RenderOptions& options) {
    std::vector<midi::Song> songs = load_songs_of(options.file, {.drums = true});
    const auto count = static_cast<std::int64_t>(songs.size());
    if (options.song > count)
        fail<DataError>(printable(options.file), ": holds ", count, count == 1 ? " song" : " songs",
                        ", there is no song ", options.song);
    if (options.song == 0 && count > 1)
        fail<DataError>(printable(options.file), ": holds ", count,
                        " songs (MIDI format 2); say which one to play: --song 1");
    if (songs.empty()) return {};
    return std::move(songs[static_cast<std::size_t>(std::max<std::int64_t>(options.song, 1) - 1)]);
}

/// Says on a terminal how far a long song is.
class RenderProgress {
public:
    void operator()(double share) {
        if (!is_terminal_ || Clock::now() - last_ < std::chrono::milliseconds(300)) return;
        last_ = Clock::now();
        drawn_ = true;
        std::cerr << "\r" << fixed(100.0 * share, 0) << " %" << std::flush;
    }
    void finish() {
        if (drawn_) std::cerr << "\r\033[K" << std::flush;
        drawn_ = false;
    }

private:
    using Clock = std::chrono::steady_clock;
    bool is_terminal_ = is_error_terminal(), drawn_ = false;
    Clock::time_point last_ = Clock::now();
};

int render(const RenderOptions& options) {
    require_sound_name(options.out);
    std::error_code unknown;
    if (std::filesystem::is_directory(options.file, unknown))
        fail<DataError>(printable(options.file),
                        ": is a folder, and render plays one MIDI file; mgan generate --wav writes "
                        "sound for all songs");
    const midi::Song song = chosen_song(options);
    if (!options.soundfont.empty() && options.song > 0)
        throw UsageError("--song and --soundfont do not go together: fluidsynth plays the file");
    catch_interrupts();
    const std::filesystem::path out = options.out;
    remove_drafts(out.parent_path(), temporary_stem(out));
    RenderProgress progress;
    if (!options.soundfont.empty()) {
        save_with_soundfont(options.out, options.file, options.soundfont);
    } else {
        save_sound(options.out, song, [&](double share) { progress(share); });
    }
    progress.finish();
    const std::size_t notes = midi::sounding_notes(song).size();
    const std::size_t drums = song.notes.size() - notes;
    std::cout << printable(options.out) << ": " << clock_text(sound_seconds(song)) << " of "
              << grouped(options.soundfont.empty() ? notes : song.notes.size()) << " notes";
    if (drums > 0 && options.soundfont.empty())
        std::cout << " (" << grouped(drums) << " of drums left out; --soundfont plays them)";
    std::cout << '\n';
    return kDone;
}

}  // namespace

Run add_render(CLI::App& app) {
    app.description("Plays a MIDI file into a sound file.");
    auto options = std::make_shared<RenderOptions>();
    app.add_option("FILE", options->file, "the MIDI file")->type_name("")->required();
    app.add_option("-o,--out", options->out,
                   "the sound file: .wav and .flac hold 16 bits, .ogg is small; 44.1 kHz, mono")
        ->type_name("FILE")
        ->required();
    app.add_option("--song", options->song, "which song of a file with several (MIDI format 2)")
        ->type_name("N")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{65535}).description(""));
    app.add_option("--soundfont", options->soundfont,
                   "play with this sound font (.sf2) and the program fluidsynth, drums included")
        ->type_name("FILE");
    app.footer(
        "The tempo is that of the file, drums are left out, and all songs are equally loud.\n\n"
        "Examples:\n"
        "  mgan render song.mid -o song.wav\n"
        "  mgan render song.mid -o song.ogg\n"
        "  mgan render song.mid -o song.wav --soundfont /usr/share/sounds/sf2/default-GM.sf2");
    return [options] { return render(*options); };
}

}  // namespace mgan::program
