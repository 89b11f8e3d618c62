// Prints the notes of songs of a model, to be compared between machines.
//
//     play_model MODEL [FOLDER]    with a FOLDER: writes there the files of `mgan generate`

#include <mgan/generation/model_file.hpp>
#include <mgan/runs/run_files.hpp>

#include <cstdio>

int main(int argc, char** argv) try {
    if (argc != 2 && argc != 3) return 2;
    const mgan::Model model = mgan::load_model(argv[1]);
    std::vector<mgan::midi::Song> songs = model.songs(/*count=*/2, /*length=*/100, /*seed=*/7, 1);
    for (std::size_t i = 0; i < songs.size(); ++i) {
        songs[i].title = mgan::concat("mgan, seed 7, song ", i + 1);
        songs[i].tempo = {{0, 500'000}};
        for (const mgan::midi::Note& note : songs[i].notes)
            std::printf("%lld %lld %d %d\n", static_cast<long long>(note.onset),
                        static_cast<long long>(note.length), static_cast<int>(note.pitch),
                        static_cast<int>(note.velocity));
    }
    if (argc == 3) mgan::save_songs(argv[2], songs);
    return 0;
} catch (const mgan::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
