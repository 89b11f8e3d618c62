/// \file
/// `mgan render`: a MIDI file as sound.

#include "data.hpp"
#include "program.hpp"
#include "sound.hpp"
#include "sound_file.hpp"

#include <mgan/midi/notes.hpp>
#include <mgan/midi/sounding_notes.hpp>

#include <CLI/CLI.hpp>

#include <iostream>

namespace mgan::program {

namespace {

struct RenderOptions {
    std::string file;
    std::string out;
    std::string soundfont;
};

int render(const RenderOptions& options) {
    require_sound_name(options.out);
    if (!(!std::filesystem::is_directory(options.file)))
        fail<DataError>(printable(options.file),
                        ": is a folder, and render plays one MIDI file; mgan generate --wav writes "
                        "sound for all songs");
    const midi::Song song = midi::load_song(options.file, {}, {.drums = true});
    if (!options.soundfont.empty()) {
        save_with_soundfont(options.out, options.file, options.soundfont);
    } else {
        save_sound(options.out, song);
    }
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
