// Prints the notes of score files, so that scripts can look at them:
//
//     mgan_dump_scores data/scores/*.score
//
// one line a note: file, onset, length (384 ticks a quarter), pitch, velocity; parted by tabs.

#include <mgan/midi/score_parser.hpp>
#include <mgan/midi/score_performance.hpp>

#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

int main(int count, char** arguments) {
    int failed = 0;
    for (int i = 1; i < count; ++i) {
        const std::filesystem::path path = arguments[i];
        std::ostringstream text;
        text << std::ifstream(path).rdbuf();
        const std::string name = path.filename().string();
        try {
            const auto song = mgan::midi::perform(mgan::midi::parse_score(text.str(), name));
            for (const auto& note : song.notes) {
                std::cout << name << '\t' << note.onset << '\t' << note.length << '\t' << note.pitch
                          << '\t' << note.velocity << '\n';
            }
        } catch (const std::exception& error) {
            std::cerr << error.what() << '\n';
            failed = 1;
        }
    }
    return failed;
}
