// A program with its model inside: it reads no file, and compiles in seconds against mgan_player.
//
//     embedded_player
//
// The array comes from a file that the build makes: embed_file.cmake (see CMakeLists.txt), or
//
//     xxd -i model.safetensors | sed 's/^unsigned/extern const unsigned/' > model.cpp

#include <mgan/player.hpp>

#include <cstdio>
#include <span>

extern const unsigned char model_safetensors[];
extern const unsigned model_safetensors_len;

int main() try {
    const std::span model(model_safetensors, model_safetensors_len);
    mgan::Player player(mgan::PlayerModel(std::as_bytes(model), "the built-in model"), /*seed=*/7);
    int notes = 0;
    for (; notes < 16; ++notes) {
        const mgan::PlayedNote note = player.next();
        std::printf("%.2f s: pitch %d, velocity %d\n", note.onset_seconds, note.pitch,
                    note.velocity);
    }
    std::printf("%d notes of a model of %u bytes\n", notes, model_safetensors_len);
} catch (const mgan::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
