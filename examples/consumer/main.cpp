// Makes one song with a trained model: my_program model.safetensors song.mid
#include <mgan/generation/model_file.hpp>
#include <mgan/midi/notes.hpp>

#include <exception>
#include <iostream>

int main(int argc, char** argv) {
    if (argc != 3) {
        std::cerr << "usage: my_program MODEL SONG\n";
        return 2;
    }
    try {
        const mgan::Model model = mgan::load_model(argv[1]);
        const auto songs = model.songs(/*count=*/1, /*length=*/50, /*seed=*/1, /*threads=*/1);
        mgan::midi::save_song(argv[2], songs.front());
        std::cout << "mgan " << mgan::kVersion << " wrote " << songs.front().notes.size()
                  << " notes to " << argv[2] << '\n';
        return 0;
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
}
