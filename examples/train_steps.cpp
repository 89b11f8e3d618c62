// Trains a step-quantile generator on a folder of MIDI files, and lets it play.
//
//     train_steps MIDI-FOLDER MODEL SONGS-FOLDER [MINIBATCHES]
//
// 800 minibatches (a minute on two cores) are what the library recommends for a few hundred songs.

#include <mgan/dataset/load_data_set.hpp>
#include <mgan/midi/notes.hpp>
#include <mgan/training/step_pretraining.hpp>

#include <cstdlib>
#include <filesystem>
#include <iostream>

int main(int argc, char** argv) try {
    if (argc < 4) {
        std::cerr << "usage: train_steps MIDI-FOLDER MODEL SONGS-FOLDER [MINIBATCHES]\n";
        return 2;
    }
    const int threads = mgan::available_threads();
    const mgan::DataSet data = mgan::load_data_set(argv[1], threads);

    mgan::StepPretrainingOptions options;
    if (argc > 4) options.steps = std::atoi(argv[4]);
    mgan::StepPretraining<float> training(data.songs, options, /*seed=*/1, threads);
    while (!training.finished()) {
        const double loss = training.step();
        if (training.done() % 100 == 0 || training.finished())
            std::cout << "minibatch " << training.done() << ": " << loss << " nats an event\n";
    }
    const mgan::StepModel model = training.model();
    mgan::save_step_model(argv[2], model);

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
