// Compiled without Eigen and JSON on its path, and linked with the library mgan_player.
//
//     compiled_player MODEL [KERNELS]
//
// KERNELS: the class of processors that must have been chosen. 77: this processor has none of it.

#include <mgan/player.hpp>
#include <mgan/player/block_player.hpp>

#include <cstdio>
#include <cstring>

namespace {

/// 1 if MODEL does not play as it should.
int play(const mgan::PlayerModel& model, const char* kernels) {
    std::printf("nets for %s\n", model.kernels());
    if (kernels != nullptr && std::strcmp(model.kernels(), kernels) != 0) return 1;
    mgan::Player player(model, /*seed=*/3);
    mgan::PlayerControls controls;
    controls.scale = *mgan::scale_of("D dorian");
    if (!player.direct(controls)) return 1;
    long notes = 0;
    for (int i = 0; i < 100; ++i)
        notes += (controls.scale >> player.next().pitch % 12 & 1u) != 0 ? 1 : 0;
    std::printf("%ld notes in the scale\n", notes);
    return notes == 100 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    const char* const kernels = argc > 2 ? argv[2] : nullptr;
    // What the nets throw is caught by its type.
    try {
        mgan::PlayerModel model("no such file");
        return 1;
    } catch (const mgan::IoError& error) {
        if (error.what()[0] == '\0') return 1;
    } catch (const mgan::ConfigError& error) {
        std::printf("skipped: %s\n", error.what());
        return kernels != nullptr ? 77 : 1;
    }
    const mgan::PlayerModel model(argv[1]);
    try {
        mgan::Player(model).prime(mgan::Song{});
        return 1;
    } catch (const mgan::DataError& error) {
        if (error.what()[0] == '\0') return 1;
    }
    return play(model, kernels);
}
