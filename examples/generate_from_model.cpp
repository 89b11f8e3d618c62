// Loads a trained model and makes songs with it.
//
//     generate_from_model model.safetensors songs

#include <mgan/generation/model_file.hpp>
#include <mgan/midi/notes.hpp>

#include <filesystem>
#include <iostream>

int main(int argc, char** argv) try {
    if (argc != 3) {
        std::cerr << "usage: generate_from_model MODEL FOLDER\n";
        return 2;
    }
    // One file holds all that is needed: weights, how events are scaled, settings.
    const mgan::Model model = mgan::load_model(argv[1]);

    // Song i of a seed is the same song whenever, and with however many others, it is made.
    const std::uint64_t seed = 7;
    const auto songs = model.songs(/*count=*/3, /*length=*/100, seed, mgan::available_threads());

    const std::filesystem::path folder = argv[2];
    std::filesystem::create_directories(folder);
    std::size_t notes = 0;
    for (std::size_t i = 0; i < songs.size(); ++i) {
        mgan::midi::Song song = songs[i];
        song.tempo = {{0, 600'000}};  // microseconds a quarter: a model knows rhythm, not speed
        mgan::midi::save_song(folder / mgan::concat("song", i + 1, ".mid"), song);
        notes += song.notes.size();
    }
    std::cout << songs.size() << " songs with " << notes << " notes in " << argv[2] << '\n';
    return notes > 0 ? 0 : 1;
} catch (const mgan::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
