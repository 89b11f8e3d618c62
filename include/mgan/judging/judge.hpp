#pragma once
/// \file
/// A fresh judge: can a classifier, trained from nothing, tell generated songs from real ones?
///
///               real songs           generated songs
///     learn     files of one part    70 %               a recurrent net and boosted trees
///     judge     files of another     30 %               windows of 100 notes from each song
///
///     balanced accuracy, AUC, 95 % interval:   .5 cannot be told apart,   1 told every time
///
/// Metrics compare what somebody thought of measuring; a judge finds what nobody thought of. Two of
/// different make are asked, since each is blind to something: a recurrent net on the notes
/// (judge_network.hpp) and trees on statistics (song_statistics.hpp, boosting.hpp). Real songs are
/// split by file, several seeds are averaged window by window, and the interval is drawn over
/// songs.
///
/// Two controls say whether the judge itself works. *Real against real*: some of the real songs
/// take the part of generated ones; about .5 is right. *Shuffled*: real songs with their pitches in
/// random order; a judge that cannot tell these could tell nothing.
///
/// What gives the songs away is read from the statistics: each by its AUC, each group by what the
/// trees reach with it alone. And copying.hpp tells how much has been learned by heart.

#include <mgan/core/error.hpp>
#include <mgan/core/parallel.hpp>
#include <mgan/judging/boosting.hpp>
#include <mgan/judging/contest.hpp>
#include <mgan/judging/copying.hpp>
#include <mgan/judging/judge_training.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI::judging {

struct JudgeOptions {
    int seeds = 3;  ///< networks, and sets of trees, whose scores are averaged; >= 1
    int threads = available_threads();
    bool controls = true;
    bool reasons = true;  ///< what gives the songs away, by statistic and group, and what is copied
    JudgeTrainingOptions training;
    BoostingOptions boosting;
};

/// One statistic alone.
struct GiveAway {
    std::string name;
    double auc = 0.5;        ///< of the better direction: .5 to 1
    double real = 0.0;       ///< mean
    double generated = 0.0;  ///< mean
};

/// Accuracies of both judges.
struct Accuracies {
    double network = 0.5;
    double statistics = 0.5;
};

struct Judgement {
    Verdict network;
    Verdict statistics;
    Accuracies real_real;
    Accuracies shuffled;
    // If `reasons` were asked for:
    std::vector<GiveAway> give_aways;                               ///< most telling first
    std::vector<std::pair<StatisticGroup, double>> group_accuracy;  ///< highest first
    Copying copied;
    std::size_t real_songs = 0;       ///< that judged windows come from
    std::size_t generated_songs = 0;  ///< all that were long enough
    std::size_t learned_songs = 0;    ///< real songs that were learned from
};

namespace judge_detail {

/// The rows of a group.
inline Matrix<double> rows_of(StatisticGroup group, const Matrix<double>& values) {
    const std::vector<Statistic>& names = statistics();
    std::vector<Index> rows;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i].group == group) rows.push_back(static_cast<Index>(i));
    }
    Matrix<double> chosen(static_cast<Index>(rows.size()), values.cols());
    for (std::size_t i = 0; i < rows.size(); ++i)
        chosen.row(static_cast<Index>(i)) = values.row(rows[i]);
    return chosen;
}

/// Every statistic by how well it tells the sides apart alone, on the windows that are judged.
inline std::vector<GiveAway> give_aways(const Matrix<double>& values) {
    const Index count = values.cols() / 2;
    std::vector<GiveAway> all;
    for (std::size_t i = 0; i < statistics().size(); ++i) {
        std::vector<double> real, generated;
        for (Index j = 0; j < count; ++j) {
            real.push_back(values(static_cast<Index>(i), j));
            generated.push_back(values(static_cast<Index>(i), count + j));
        }
        const double area = auc(real, generated);
        all.push_back({statistics()[i].name, std::max(area, 1.0 - area),
                       statistics_detail::mean(real), statistics_detail::mean(generated)});
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const GiveAway& a, const GiveAway& b) { return a.auc > b.auc; });
    return all;
}

/// A song with its pitches in random order; notes that begin together are put in order again.
inline JudgedSong shuffled(const JudgedSong& song, std::uint64_t number) {
    JudgedSong result = song;
    const Random random(0, "shuffled pitches", number);
    for (std::size_t i = result.notes.size(); i > 1; --i)
        std::swap(result.notes[i - 1].pitch, result.notes[random.integer(i, i)].pitch);
    for (std::size_t begin = 0; begin < result.notes.size();) {
        std::size_t end = begin + 1;
        while (end < result.notes.size() && result.notes[end].gap == 0) ++end;
        const int gap = std::exchange(result.notes[begin].gap, 0);
        std::sort(result.notes.begin() + static_cast<std::ptrdiff_t>(begin),
                  result.notes.begin() + static_cast<std::ptrdiff_t>(end),
                  [](const JudgedNote& a, const JudgedNote& b) {
                      return std::pair(a.pitch, a.length) < std::pair(b.pitch, b.length);
                  });
        result.notes[begin].gap = gap;
        begin = end;
    }
    return result;
}

inline Songs shuffled(const Songs& songs) {
    Songs result;
    for (const JudgedSong& song : songs) result.push_back(shuffled(song, result.size()));
    return result;
}

/// Counts files, not songs: the songs of a file stay together.
inline void check_counts(const JudgedSongs& songs) {
    const auto files = [](const Songs& side) {
        std::set<std::string_view> names;
        for (const JudgedSong& song : side) names.insert(song.file);
        return names.size();
    };
    const std::size_t generated = files(songs.generated), learn = files(songs.learn),
                      judge = files(songs.judge);
    if (generated < kLeastGenerated)
        fail<DataError>("the judge needs ", kLeastGenerated, " generated songs of ", kWindow,
                        " notes or more, better 200, and found ", generated,
                        "; make more, or longer ones (mgan generate --count 200 --length ", kWindow,
                        ")");
    if (learn < kLeastLearn || judge < kLeastJudge)
        fail<DataError>("the judge needs ", kLeastLearn, " real songs of ", kWindow,
                        " notes or more to learn from and ", kLeastJudge, " to judge, and found ",
                        learn, " and ", judge, "; give a folder with more music");
}

}  // namespace judge_detail

/// The judgement of `songs`. Threads share the trainings and change nothing. Throws DataError where
/// there are too few songs; the message says what to do.
[[nodiscard]] inline Judgement judge(JudgedSongs songs, const JudgeOptions& options = {}) {
    using namespace judge_detail;
    // Short songs teach no judge, but may have been copied.
    std::vector<JudgedSong> short_ones = leave_out_short(songs.learn);
    for (auto* side : {&songs.judge, &songs.generated}) leave_out_short(*side);
    check_counts(songs);

    std::vector<Contest> contests = {contest(songs.learn, songs.judge, songs.generated)};
    if (options.controls) {
        // A third of the real songs takes the part of the generated ones. Of shuffled songs those
        // are judged whose true form was not learned either: it would be known by its rhythm.
        const Parts real = deal(songs.learn, 1, 3, "real songs as generated ones");
        contests.push_back(contest(real.others, songs.judge, real.some));
        contests.push_back({real.others, songs.judge, shuffled(real.others), shuffled(real.some)});
    }
    std::vector<JudgedWindows> judged;
    for (const Contest& one : contests) judged.push_back(windows_to_judge(one.real, one.generated));
    std::vector<Lesson> lessons(contests.size());

    // Trees need their lessons first. Of the other jobs the networks take longest, so they begin.
    parallel_for(static_cast<std::ptrdiff_t>(contests.size()), options.threads,
                 [&](std::ptrdiff_t k) {
                     const auto i = static_cast<std::size_t>(k);
                     lessons[i] = lesson(contests[i], judged[i]);
                 });
    struct Job {
        std::size_t contest;
        std::uint64_t seed;
        enum Kind { network, trees, group } kind;
        StatisticGroup of = StatisticGroup::metre;
        std::vector<double> scores{};
    };
    std::vector<Job> jobs;
    for (const auto kind : {Job::network, Job::trees}) {
        for (std::size_t k = 0; k < contests.size(); ++k) {
            for (int seed = 0; seed < (k == 0 || kind == Job::trees ? options.seeds : 1); ++seed)
                jobs.push_back({k, static_cast<std::uint64_t>(seed), kind});
        }
    }
    if (options.reasons) {
        for (const StatisticGroup group : kStatisticGroups)
            jobs.push_back({0, 0, Job::group, group});
    }
    const auto count = static_cast<std::ptrdiff_t>(jobs.size());
    parallel_tasks(count, options.threads, [&](std::ptrdiff_t k) {
        Job& job = jobs[static_cast<std::size_t>(k)];
        const Contest& one = contests[job.contest];
        if (job.kind == Job::network) {
            job.scores = judge_windows(
                train_judge(one.learn_real, one.learn_generated, job.seed, options.training),
                judged[job.contest].windows);
            return;
        }
        const Lesson& l = lessons[job.contest];
        const bool all = job.kind == Job::trees;
        const Boosting trees =
            all ? Boosting::fit(l.learn, l.labels, job.seed, options.boosting)
                : Boosting::fit(rows_of(job.of, l.learn), l.labels, job.seed, options.boosting);
        const Vector<double> logits = trees.logits(all ? l.judge : rows_of(job.of, l.judge));
        job.scores.assign(logits.data(), logits.data() + logits.size());
    });

    const auto verdict_of = [&](const auto& wanted) {
        JudgedWindows result;
        for (const Job& job : jobs) {
            if (!wanted(job)) continue;
            if (result.results.empty()) result.results = judged[job.contest].results;
            for (std::size_t i = 0; i < job.scores.size(); ++i)
                result.results[i].score += job.scores[i];
        }
        return verdict(result.results);
    };
    const auto verdict_in = [&](std::size_t contest, int kind) {
        return verdict_of(
            [=](const Job& job) { return job.contest == contest && job.kind == kind; });
    };

    Judgement result;
    result.network = verdict_in(0, Job::network);
    result.statistics = verdict_in(0, Job::trees);
    if (options.controls) {
        result.real_real = {verdict_in(1, Job::network).accuracy,
                            verdict_in(1, Job::trees).accuracy};
        result.shuffled = {verdict_in(2, Job::network).accuracy,
                           verdict_in(2, Job::trees).accuracy};
    }
    result.real_songs = songs.judge.size();
    result.generated_songs = songs.generated.size();
    result.learned_songs = songs.learn.size();
    if (!options.reasons) return result;
    result.give_aways = give_aways(lessons[0].judge);
    for (const StatisticGroup group : kStatisticGroups) {
        const Verdict of_group =
            verdict_of([=](const Job& job) { return job.kind == Job::group && job.of == group; });
        result.group_accuracy.emplace_back(group, of_group.accuracy);
    }
    std::stable_sort(result.group_accuracy.begin(), result.group_accuracy.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    for (JudgedSong& song : short_ones) songs.learn.push_back(std::move(song));
    result.copied = copying(songs.learn, songs.judge, songs.generated);
    return result;
}

}  // namespace mgan::inline MGAN_ABI::judging
