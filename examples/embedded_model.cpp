// A model inside the program: trained on songs in memory, kept as bytes, played from bytes. No file
// is read or written.
//
//     embedded_model
//
// A program that ships with the bytes of a model as an array: embedded_player.cpp.

#include <mgan/generation/model_file.hpp>
#include <mgan/midi/arrangement.hpp>
#include <mgan/midi/notes.hpp>
#include <mgan/midi/reader.hpp>
#include <mgan/midi/writer.hpp>
#include <mgan/player.hpp>
#include <mgan/runs/run_directory.hpp>
#include <mgan/settings/presets.hpp>

#include <cstddef>
#include <iostream>
#include <vector>

/// Something to learn from: broken chords.
static std::vector<mgan::Song> some_songs() {
    std::vector<mgan::Song> songs(6);
    for (int i = 0; i < 6; ++i) {
        for (int n = 0; n < 120; ++n) {
            const int chord = (n / 12 + i) % 3;
            const int pitch = 60 + 5 * chord - 3 * (chord == 2) + 4 * (n % 3) - (n % 3 == 2);
            songs[static_cast<std::size_t>(i)].notes.push_back({192 * n, 192, pitch, 70 + i, 0});
        }
    }
    return songs;
}

/// Trains a small model, and returns it as the bytes of a model file.
static std::vector<std::byte> train() {
    mgan::Settings settings = mgan::recommended_settings(mgan::Variant::c_rnn_gan);
    settings.length = 40;
    settings.generator.hidden = settings.generator.head = settings.generator.input = 24;
    settings.generator.embedding = 8;
    settings.pretrain.epochs = 4;
    settings.adversarial.epochs = 0;
    mgan::StepTrainer<float> trainer(settings, some_songs(), /*threads=*/1);
    while (!trainer.finished()) (void)trainer.run_epoch({});
    return mgan::save_model(mgan::model_of(trainer));
}

int main() try {
    const std::vector<std::byte> model_bytes = train();

    mgan::Player player(mgan::PlayerModel(model_bytes, "the built-in model"), /*seed=*/1);
    mgan::Song song;
    for (int i = 0; i < 50; ++i) song.notes.push_back(player.next());

    // A song as the bytes of a MIDI file, and back.
    const std::vector<std::byte> midi_bytes = mgan::midi::serialise(mgan::midi::to_midi_file(song));
    const auto back = mgan::midi::to_songs(mgan::midi::parse(midi_bytes).file);
    std::cout << model_bytes.size() << " bytes of model, " << midi_bytes.size() << " of MIDI, "
              << back.front().notes.size() << " notes\n";
    return back.front().notes == song.notes ? 0 : 1;
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
