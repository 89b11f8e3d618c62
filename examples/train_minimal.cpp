// Trains a model on a folder of MIDI files. (With checkpoints, a history and sampled songs:
// mgan::run_training, which is what `mgan train` calls.)
//
//     train_minimal my-midi-folder model.safetensors

#include <mgan/dataset/load_data_set.hpp>
#include <mgan/runs/run_directory.hpp>

#include <iostream>

int main(int argc, char** argv) try {
    if (argc != 3) {
        std::cerr << "usage: train_minimal MIDI-FOLDER MODEL\n";
        return 2;
    }
    mgan::Settings settings;     // the defaults are the preset `recommended`;
    settings.length = 32;        // small, so that it takes seconds: shorter songs,
    settings.epoch_songs = 100;  // fewer of them in an epoch,
    settings.pretrain.epochs = 20;
    settings.adversarial.epochs = 2;
    settings.generator.hidden = settings.discriminator.hidden = 32;

    const mgan::DataSet data = mgan::load_data_set(argv[1]);
    mgan::Trainer<float> trainer(settings, data, mgan::available_threads());
    while (!trainer.finished()) {
        const auto epoch = trainer.run_epoch([](const mgan::StepReport&) { return true; });
        std::cout << "epoch " << epoch->epoch
                  << (epoch->adversarial ? " adversarial" : " pretraining") << ", loss "
                  << epoch->mean.losses.loss_pretrain << std::endl;
    }
    mgan::save_model(argv[2], mgan::model_of(trainer));
    std::cout << "trained on " << data.songs.size() << " songs, model in " << argv[2] << '\n';
    return 0;
} catch (const mgan::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
