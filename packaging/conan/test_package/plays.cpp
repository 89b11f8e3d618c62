// A net, a song and its bytes: what the package's components midi and nets hold.
#include <mgan/layers/dense.hpp>
#include <mgan/midi/notes.hpp>

#include <cstdio>

int main() {
    mgan::Dense<float> dense(2, 1);
    dense.weight << 30.0F, 60.0F;
    mgan::Matrix<float> y(1, 1);
    dense.forward(mgan::Matrix<float>::Ones(2, 1) * 0.7F, y);
    mgan::midi::Song song;
    song.notes = {{0, 384, static_cast<int>(y(0, 0)), 100}};
    const auto read = mgan::midi::parse(mgan::midi::serialise(mgan::midi::to_midi_file(song)));
    std::printf("mgan %s plays %d\n", mgan::kVersion,
                mgan::midi::to_song(read.file).notes.at(0).pitch);
    return mgan::midi::to_song(read.file).notes == song.notes ? 0 : 1;
}
