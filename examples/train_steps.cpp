// Trains a generator with step heads on a folder of MIDI files, and lets it play.
//
//     train_steps MIDI-FOLDER MODEL SONGS-FOLDER [EPOCHS]
//
// `mgan train` does this and more; here is how little of the library it takes.

#include <mgan/dataset/load_data_set.hpp>
#include <mgan/generation/model_file.hpp>
#include <mgan/midi/notes.hpp>
#include <mgan/runs/run_directory.hpp>
#include <mgan/settings/presets.hpp>

#include <cstdlib>
#include <filesystem>
#include <iostream>

int main(int argc, char** argv) try {
    if (argc < 4) {
        std::cerr << "usage: train_steps MIDI-FOLDER MODEL SONGS-FOLDER [EPOCHS]\n";
        return 2;
    }
    const int threads = mgan::available_threads();
    const mgan::DataSet data = mgan::load_data_set(argv[1], threads);

    mgan::Settings settings = mgan::recommended_settings(mgan::Variant::c_rnn_gan);
    settings.adversarial.epochs = 0;
    if (argc > 4) settings.pretrain.epochs = std::atoi(argv[4]);
    mgan::StepTrainer<float> trainer(settings, data, threads);
    while (!trainer.finished()) {
        const auto report = trainer.run_epoch({});
        std::cout << "epoch " << report->epoch << ": " << report->validation.loss_pretrain
                  << " nats an event\n";
    }
    const mgan::Model model = mgan::model_of(trainer);
    mgan::save_model(argv[2], model);

    std::filesystem::create_directories(argv[3]);
    const auto songs = model.songs(/*count=*/10, /*length=*/100, /*seed=*/1, threads);
    for (std::size_t i = 0; i < songs.size(); ++i)
        mgan::midi::save_song(
            std::filesystem::path(argv[3]) / ("song-" + std::to_string(i) + ".mid"), songs[i]);
    std::cout << songs.size() << " songs in " << argv[3] << ", the model is " << argv[2] << '\n';
    return 0;
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
