#pragma once
/// \file
/// A contest between real and generated songs: who learns from which, and which windows are judged.
///
///               real songs           generated songs
///     learn     files of one part    70 %
///     judge     files of another     30 %              windows of 100 notes from each song
///
/// What is judged has never been seen: not the song, and not another song of its file.

#include <mgan/judging/separation.hpp>
#include <mgan/judging/song_statistics.hpp>
#include <mgan/tensor/matrix.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI::judging {

/// What is judged. Songs of fewer than kWindow notes are left out.
struct JudgedSongs {
    std::vector<JudgedSong> learn;      ///< real songs to learn from
    std::vector<JudgedSong> judge;      ///< other real songs, of other files
    std::vector<JudgedSong> generated;  ///< 70 % to learn from, the others to judge
};

/// The fewest songs (of kWindow notes) that anything can be said of.
inline constexpr std::size_t kLeastLearn = 6;
inline constexpr std::size_t kLeastJudge = 3;
inline constexpr std::size_t kLeastGenerated = 10;

/// Leaves out songs of fewer than kWindow notes, and returns these.
inline std::vector<JudgedSong> leave_out_short(std::vector<JudgedSong>& songs) {
    const auto rest = std::stable_partition(songs.begin(), songs.end(), [](const JudgedSong& song) {
        return song.notes.size() >= kWindow;
    });
    std::vector<JudgedSong> short_ones(std::make_move_iterator(rest),
                                       std::make_move_iterator(songs.end()));
    songs.erase(rest, songs.end());
    return short_ones;
}

namespace judge_detail {

using Songs = std::vector<JudgedSong>;

/// Songs parted by file, at random: `numerator` of `denominator` files go to `some`. Files are in
/// order of composers or collections, so an order that was not random would part those.
struct Parts {
    Songs some, others;
};
inline Parts deal(const Songs& songs, std::size_t numerator, std::size_t denominator,
                  std::string_view purpose) {
    std::map<std::string_view, std::size_t> place;
    for (const JudgedSong& song : songs) place.emplace(song.file, 0);
    std::vector<std::size_t> order(place.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const Random random(0, purpose);
    for (std::size_t i = order.size(); i > 1; --i)
        std::swap(order[i - 1], order[random.integer(i, i)]);
    std::size_t next = 0;
    for (auto& entry : place) entry.second = order[next++];
    const std::size_t some = place.size() * numerator / denominator;
    Parts parts;
    for (const JudgedSong& song : songs)
        (place[song.file] < some ? parts.some : parts.others).push_back(song);
    return parts;
}

/// Two sides, each parted into songs to learn from and songs to judge.
struct Contest {
    Songs learn_real, real, learn_generated, generated;
};
inline Contest contest(Songs learn, Songs judge, const Songs& generated) {
    Parts parts = deal(generated, 7, 10, "generated songs to learn from");
    return {std::move(learn), std::move(judge), std::move(parts.some), std::move(parts.others)};
}

/// Four windows of each real song to judge, and as many of generated songs.
struct JudgedWindows {
    std::vector<Window> windows;        ///< real ones, then generated ones
    std::vector<JudgedWindow> results;  ///< of the same windows; scores are added up
};
inline JudgedWindows windows_to_judge(const Songs& real, const Songs& generated) {
    JudgedWindows judged;
    const std::size_t count = 4 * real.size();
    for (const Songs* side : {&real, &generated}) {
        const bool is_real = side == &real;
        const Random random(0, is_real ? "judged real windows" : "judged generated windows");
        std::map<std::string_view, std::size_t> number;  // songs of a file count as one
        for (std::size_t i = 0; i < count; ++i) {
            const JudgedSong& song = (*side)[i % side->size()];
            judged.windows.push_back(random_window(song, random, i));
            const std::size_t of_file =
                number.emplace(std::string_view(song.file), number.size()).first->second;
            judged.results.push_back({0.0, is_real, of_file});
        }
    }
    return judged;
}

/// The statistics of windows, a column each.
inline Matrix<double> table(const std::vector<Window>& windows) {
    Matrix<double> values(static_cast<Index>(statistics().size()),
                          static_cast<Index>(windows.size()));
    for (std::size_t i = 0; i < windows.size(); ++i) {
        const std::vector<double> of_window = measure(windows[i]);
        values.col(static_cast<Index>(i)) =
            ConstVectorMap<double>(of_window.data(), static_cast<Index>(of_window.size()));
    }
    return values;
}

/// What the trees learn from: as many windows of both sides, at most 1500.
struct Lesson {
    Matrix<double> learn;
    std::vector<int> labels;
    Matrix<double> judge;
};
inline Lesson lesson(const Contest& contest, const JudgedWindows& judged) {
    const std::size_t count = std::min<std::size_t>(
        1500, std::max(4 * contest.learn_real.size(), contest.learn_generated.size()));
    std::vector<Window> windows;
    Lesson result;
    for (const auto* side : {&contest.learn_real, &contest.learn_generated}) {
        const bool real = side == &contest.learn_real;
        const Random random(0, real ? "real windows of trees" : "generated windows of trees");
        for (std::size_t i = 0; i < count; ++i) {
            windows.push_back(random_window((*side)[i % side->size()], random, i));
            result.labels.push_back(real ? 1 : 0);
        }
    }
    result.learn = table(windows);
    result.judge = table(judged.windows);
    return result;
}

}  // namespace judge_detail

/// Splits real songs without a run: random two thirds of the files to learn from, one third to
/// judge. Those that are too short for judges stay with the former, unless their file judges:
/// they may have been copied.
inline void split_real(std::vector<JudgedSong> real, JudgedSongs& songs) {
    std::vector<JudgedSong> short_ones = leave_out_short(real);
    judge_detail::Parts parts = judge_detail::deal(real, 1, 3, "real songs to judge");
    songs.judge = std::move(parts.some);
    songs.learn = std::move(parts.others);
    for (JudgedSong& song : short_ones) {
        const auto same_file = [&](const JudgedSong& other) { return other.file == song.file; };
        if (std::none_of(songs.judge.begin(), songs.judge.end(), same_file))
            songs.learn.push_back(std::move(song));
    }
}

}  // namespace mgan::inline MGAN_ABI::judging
