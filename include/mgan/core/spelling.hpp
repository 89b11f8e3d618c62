#pragma once
/// \file
/// The word that a mistyped one was meant to be: `hiden` -> `hidden`.

#include <mgan/core/version.hpp>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

/// Letters to insert, remove or replace to turn `a` into `b` (Levenshtein).
[[nodiscard]] inline std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);  // distances from a's first i letters
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replace = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replace, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

/// The word nearest to `word`, or "" where none is near (at most a third of its letters wrong). The
/// last part of a dotted key is compared as well: "hidden" finds "generator.hidden".
[[nodiscard]] inline std::string nearest_word(std::string_view word,
                                              const std::vector<std::string>& words) {
    if (word.size() > 100) return "";
    std::string nearest;
    std::size_t best = std::max<std::size_t>(2, word.size() / 3) + 1;
    const auto compare = [&](std::string_view part, const std::string& candidate) {
        // What is so much longer or shorter is no nearer; most words are, and cost no more.
        const std::size_t sizes = std::max(word.size(), part.size());
        if (sizes - std::min(word.size(), part.size()) >= best) return;
        const std::size_t distance = edit_distance(word, part);
        if (distance >= best || distance >= word.size()) return;
        best = distance;
        nearest = candidate;
    };
    for (const std::string& candidate : words) {
        compare(candidate, candidate);
        compare(std::string_view(candidate).substr(candidate.rfind('.') + 1), candidate);
    }
    return nearest;
}

}  // namespace mgan::inline MGAN_ABI
