// The program of docs/scores.md.

#include <mgan/score/parser.hpp>
#include <mgan/score/performance.hpp>

#include <cstdio>
#include <string>

int main() {
    const std::string text =
        "X:1\nT:Scale\nC:Traditional\nM:4/4\nL:1/4\nQ:1/4=100\nK:C\n| CDEF | GABc |\n";
    const mgan::score::Score score = mgan::score::parse_score(text, "minuet.score");
    const mgan::midi::Song song =
        mgan::score::perform(score, {.transpose = 2, .tempo_percent = 95});
    std::printf("%d notes from %d\n", static_cast<int>(song.notes.size()),
                song.notes.front().pitch);
    return song.notes.size() == 8 && song.notes.front().pitch == 62 ? 0 : 1;
}
