// From written music to MIDI files: the bundled scores are text (data/scores/*.score), and a player
// makes notes with velocities of them.
//
//     scores_to_midi data/scores midi

#include <mgan/midi/notes.hpp>
#include <mgan/score/parser.hpp>
#include <mgan/score/performance.hpp>

#include <algorithm>
#include <filesystem>
#include <iostream>

namespace fs = std::filesystem;

int main(int argc, char** argv) try {
    if (argc != 3) {
        std::cerr << "usage: scores_to_midi SCORES MIDI\n";
        return 2;
    }
    const fs::path midi = argv[2];
    fs::create_directories(midi);
    std::size_t files = 0, notes = 0;
    for (const fs::directory_entry& entry : fs::directory_iterator(argv[1])) {
        if (entry.path().extension() != ".score") continue;
        const std::vector<std::byte> bytes = mgan::read_file_bytes(entry.path());
        const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        const mgan::score::Score score = mgan::score::parse_score(text, entry.path().string());
        const mgan::midi::Song song = mgan::score::perform(score, {.tempo_percent = 95});
        mgan::midi::save_song(midi / entry.path().stem().concat(".mid"), song);
        ++files;
        notes += song.notes.size();
    }
    std::cout << files << " files with " << notes << " notes\n";
    return 0;
} catch (const mgan::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
