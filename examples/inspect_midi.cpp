// Reads a MIDI file of any kind, says what had to be mended and what is in it. Needs mgan::midi
// alone: no Eigen, nothing but the standard library.
//
//     inspect_midi song.mid

#include <mgan/metrics/song_metrics.hpp>
#include <mgan/midi/notes.hpp>

#include <iostream>

int main(int argc, char** argv) try {
    if (argc != 2) {
        std::cerr << "usage: inspect_midi FILE\n";
        return 2;
    }
    // By default what is sound is kept and every repair is listed; `.mode = strict` refuses
    // instead.
    const mgan::midi::ReadResult read = mgan::midi::read_file(argv[1]);
    std::cout << "format " << read.file.format << ", " << read.file.tracks.size() << " tracks\n";
    for (const mgan::midi::Repair& repair : read.repairs) {
        const mgan::midi::FaultText text = mgan::midi::describe(repair.fault);
        std::cout << "byte " << repair.offset << ": expected " << text.expected << "; "
                  << text.repair << '\n';
    }
    // Format 2 holds several songs; the others one. Time is in ticks, 384 a quarter note.
    for (const mgan::midi::Song& song : mgan::midi::to_songs(read.file)) {
        for (std::size_t i = 0; i < std::min<std::size_t>(song.notes.size(), 3); ++i) {
            const mgan::midi::Note& note = song.notes[i];
            std::cout << "  at " << note.onset << " pitch " << note.pitch << " for " << note.length
                      << " ticks, velocity " << note.velocity << '\n';
        }
        const mgan::metrics::SongMetrics metrics = mgan::metrics::compute(song);
        for (const mgan::metrics::Metric metric : mgan::metrics::kMetrics) {
            std::cout << mgan::metrics::key(metric) << ' ';
            if (const auto value = mgan::metrics::value(metrics, metric))
                std::cout << *value << '\n';
            else
                std::cout << "undefined\n";
        }
    }
    return 0;
} catch (const mgan::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
