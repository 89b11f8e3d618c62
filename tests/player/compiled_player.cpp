// Compiled without Eigen and JSON on its path, and linked with the library mgan_player.
//
//     compiled_player MODEL

#include <mgan/player.hpp>
#include <mgan/player/block_player.hpp>

#include <cstdio>

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    mgan::Player player(mgan::PlayerModel(argv[1]), /*seed=*/3);
    mgan::PlayerControls controls;
    controls.scale = *mgan::scale_of("D dorian");
    if (!player.direct(controls)) return 1;
    long notes = 0;
    for (int i = 0; i < 100; ++i)
        notes += (controls.scale >> player.next().pitch % 12 & 1u) != 0 ? 1 : 0;
    bool refused = false;
    try {
        mgan::PlayerModel model("no such file");
    } catch (const mgan::IoError& error) {
        refused = error.what()[0] != '\0';
    }
    std::printf("%ld notes in the scale\n", notes);
    return notes == 100 && refused ? 0 : 1;
}
