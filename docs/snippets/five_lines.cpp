// The program of the README: in a folder with a run.

#include <mgan/mgan.hpp>

int main() {
    const mgan::Model model = mgan::load_model("run");
    const auto songs = model.songs(/*count=*/1, /*events=*/100, /*seed=*/7, /*threads=*/1);
    mgan::midi::save_song("song.mid", songs.front());
}
