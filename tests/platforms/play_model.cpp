// Prints the notes of songs of a model, to be compared between machines.
//
//     play_model MODEL

#include <mgan/generation/model_file.hpp>

#include <cstdio>

int main(int argc, char** argv) try {
    if (argc != 2) return 2;
    const mgan::Model model = mgan::load_model(argv[1]);
    for (const mgan::midi::Song& song : model.songs(/*count=*/2, /*length=*/100, /*seed=*/7, 1))
        for (const mgan::midi::Note& note : song.notes)
            std::printf("%lld %lld %d %d\n", static_cast<long long>(note.onset),
                        static_cast<long long>(note.length), static_cast<int>(note.pitch),
                        static_cast<int>(note.velocity));
    return 0;
} catch (const mgan::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
