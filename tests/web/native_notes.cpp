// Prints the first notes that a model plays, to be compared with those in a browser.
//
//     native_notes MODEL SEED COUNT

#include <mgan/player.hpp>

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) try {
    if (argc != 4) return 2;
    mgan::Player player(mgan::PlayerModel(argv[1]), std::strtoull(argv[2], nullptr, 10));
    for (long i = std::strtol(argv[3], nullptr, 10); i > 0; --i) {
        const mgan::PlayedNote note = player.next();
        std::printf("%lld %lld %d %d\n", static_cast<long long>(note.onset),
                    static_cast<long long>(note.length), note.pitch, note.velocity);
    }
    return 0;
} catch (const mgan::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
