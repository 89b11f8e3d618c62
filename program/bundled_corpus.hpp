#pragma once
/// \file
/// The music that comes with the program: what `mgan train` learns from without a folder.
///
/// The scores of data/scores are compiled in as text (cmake/MganEmbedScores.cmake), parsed and
/// played at start. One score becomes twelve songs, one in each key (a tune is the same tune a
/// third higher), each with a tempo, loudness and contrast of its own.

#include <mgan/score/parser.hpp>
#include <mgan/score/performance.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mgan::program {

/// One file of data/scores.
struct BundledScore {
    std::string_view name;  ///< the file's name
    std::string_view text;
};

/// Every score, by name. Defined in the target `mgan_bundled_scores`.
[[nodiscard]] std::span<const BundledScore> bundled_score_texts();

/// Songs from each score.
inline constexpr std::size_t kVariantsPerScore = 12;

/// The twelve performances: transpositions -5 .. +6, the score's own key first. The tempo moves by
/// at most 12 per cent, the loudness by 8, the contrast only widens (so a soft piece still
/// breathes).
[[nodiscard]] inline std::array<score::Performance, kVariantsPerScore> bundled_performances() {
    return {{{0, 100, 0, 100},
             {2, 94, -4, 110},
             {-3, 106, 4, 105},
             {5, 90, -8, 120},
             {-1, 103, 6, 100},
             {3, 97, -2, 115},
             {-5, 110, 8, 105},
             {1, 92, -6, 125},
             {4, 108, 2, 110},
             {-2, 95, -3, 100},
             {6, 112, 5, 115},
             {-4, 88, -7, 120}}};
}

/// The songs of one score: one for each performance, titled `composer: title (+2)`. The songs of a
/// score stand together, so whoever holds songs back for validation can hold back whole scores.
[[nodiscard]] inline std::vector<midi::Song> variants(const score::Score& score) {
    std::vector<midi::Song> songs;
    for (const score::Performance& how : bundled_performances()) {
        songs.push_back(score::perform(score, how));
        if (how.transpose == 0) continue;
        songs.back().title +=
            " (" + std::string(how.transpose > 0 ? "+" : "") + std::to_string(how.transpose) + ")";
    }
    return songs;
}

/// The whole bundled corpus: `kVariantsPerScore` songs of each score, in the order of the file
/// names. The same songs on every machine.
[[nodiscard]] inline std::vector<midi::Song> bundled_songs() {
    std::vector<midi::Song> songs;
    for (const BundledScore& each : bundled_score_texts()) {
        std::vector<midi::Song> more = variants(score::parse_score(each.text, each.name));
        songs.insert(songs.end(), more.begin(), more.end());
    }
    return songs;
}

}  // namespace mgan::program
