#pragma once
/// \file
/// What boosted trees say of songs by their statistics alone: a judge that is asked in seconds.

#include <mgan/core/parallel.hpp>
#include <mgan/judging/boosting.hpp>
#include <mgan/judging/contest.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI::judging {

/// How well trees, fitted for this alone, tell generated songs from real ones (boosting.hpp,
/// song_statistics.hpp). The scores of `seeds` sets of trees are averaged; threads share them and
/// change nothing. Nothing where there are too few songs of kWindow notes.
[[nodiscard]] inline std::optional<Verdict> judge_by_trees(JudgedSongs songs, int seeds = 3,
                                                           int threads = 1) {
    using namespace judge_detail;
    for (auto* side : {&songs.learn, &songs.judge, &songs.generated}) leave_out_short(*side);
    if (!count_files(songs).suffice()) return std::nullopt;
    const Contest sides = contest(std::move(songs.learn), std::move(songs.judge), songs.generated);
    JudgedWindows judged = windows_to_judge(sides.real, sides.generated);
    const Lesson taught = lesson(sides, judged);
    std::vector<Vector<double>> logits(static_cast<std::size_t>(seeds));
    parallel_for(seeds, threads, [&](std::ptrdiff_t seed) {
        logits[static_cast<std::size_t>(seed)] =
            Boosting::fit(taught.learn, taught.labels, static_cast<std::uint64_t>(seed))
                .logits(taught.judge);
    });
    for (const Vector<double>& of_seed : logits)
        for (std::size_t i = 0; i < judged.results.size(); ++i)
            judged.results[i].score += of_seed(static_cast<Index>(i));
    return verdict(judged.results);
}

}  // namespace mgan::inline MGAN_ABI::judging
