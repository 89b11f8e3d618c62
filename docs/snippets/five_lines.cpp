// The program of the README: in a folder with a run.

#include <mgan/mgan.hpp>

int main() {
    mgan::Player player(mgan::PlayerModel("run"), /*seed=*/7);  // endless, and can be directed
    mgan::Song song;
    for (int i = 0; i < 100; ++i) song.notes.push_back(player.next());
    mgan::midi::save_song("song.mid", song);
}
