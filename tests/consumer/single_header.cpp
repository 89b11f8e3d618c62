// One file that was copied beside the program: a model in, a MIDI file out.
#include "mgan.hpp"

#include <cstdio>
#include <utility>

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    static_assert(MGAN_HAS_IO, "nlohmann/json was not found");
    const mgan::Model model = mgan::load_model(argv[1]);
    const auto songs = model.songs(/*count=*/2, /*length=*/50, /*seed=*/1, /*threads=*/1);
    mgan::midi::save_song("single.mid", songs[1]);
    const mgan::midi::Song again = mgan::midi::load_song("single.mid");
    std::remove("single.mid");

    // The same, note by note: song 2 of seed 1.
    mgan::PlayerOptions options;
    options.length = 50;
    mgan::Player player(mgan::PlayerModel(argv[1]), /*seed=*/1, /*number=*/1, options);
    for (const mgan::Note& expected : songs[1].notes)
        if (!(player.next() == expected)) return 1;
    mgan::BlockPlayer blocks(std::move(player), 48000.0);
    if (blocks.process({512, 0.0, 120.0, true}).size() > 512) return 1;
    std::printf("mgan %s: %d notes\n", mgan::kVersion, static_cast<int>(again.notes.size()));
    return again.notes == songs[1].notes && again.notes.size() == 50 ? 0 : 1;
}
