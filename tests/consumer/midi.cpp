// A program that knows music and no nets: it writes two notes, reads them again, and measures them.
#include <mgan/mgan.hpp>

#include <cstdio>

#ifdef MGAN_EXPECT_MUSIC_ALONE
static_assert(!MGAN_HAS_NETS && !MGAN_HAS_IO, "Eigen is not there, and yet mgan has nets");
#endif

int main() {
    mgan::midi::Song song;
    song.notes = {{0, 384, 60, 100}, {384, 384, 64, 80}};
    const mgan::midi::MidiFile file = mgan::midi::to_midi_file(song);
    const mgan::midi::ReadResult read = mgan::midi::parse(mgan::midi::serialise(file));
    const auto metrics = mgan::metrics::compute(mgan::midi::to_song(read.file));
    std::printf("mgan %s: %d notes\n", mgan::kVersion, static_cast<int>(metrics.notes));
    return metrics.notes == 2 && read.repair_count == 0 ? 0 : 1;
}
