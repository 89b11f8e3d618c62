// Prints the notes of score files, so that scripts can look at them:
//
//     mgan_dump_scores data/scores/*.score
//
// one line a note: file, onset, length (384 ticks a quarter), pitch, velocity, and 1 if the first
// voice plays it; parted by tabs. Each bar is played once, without repeats, so that what is counted
// is what was typed.

#include <mgan/score/parser.hpp>
#include <mgan/score/performance.hpp>

#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <numeric>
#include <set>
#include <sstream>
#include <string>
#include <utility>

namespace {

mgan::score::Score without_repeats(mgan::score::Score score) {
    for (auto& part : score.parts) {
        for (auto& voice : part.bars) {
            for (auto& bar : voice) {
                bar.repeat_start = bar.repeat_end = false;
                bar.ending = 0;
            }
        }
    }
    score.order.resize(score.parts.size());
    std::iota(score.order.begin(), score.order.end(), 0U);
    return score;
}

/// Onset and pitch of what the first voice plays.
std::set<std::pair<std::int64_t, int>> first_voice(mgan::score::Score score) {
    score.voices.resize(1);
    for (auto& part : score.parts) part.bars.resize(1);
    std::set<std::pair<std::int64_t, int>> result;
    for (const auto& note : mgan::score::perform(score).notes)
        result.insert({note.onset, note.pitch});
    return result;
}

}  // namespace

int main(int count, char** arguments) {
    int failed = 0;
    for (int i = 1; i < count; ++i) {
        const std::filesystem::path path = arguments[i];
        std::ostringstream text;
        text << std::ifstream(path).rdbuf();
        const std::string name = path.filename().string();
        try {
            const auto score = without_repeats(mgan::score::parse_score(text.str(), name));
            const auto song = mgan::score::perform(score);
            const auto first = first_voice(score);
            for (const auto& note : song.notes) {
                std::cout << name << '\t' << note.onset << '\t' << note.length << '\t' << note.pitch
                          << '\t' << note.velocity << '\t' << first.count({note.onset, note.pitch})
                          << '\n';
            }
        } catch (const std::exception& error) {
            std::cerr << error.what() << '\n';
            failed = 1;
        }
    }
    return failed;
}
