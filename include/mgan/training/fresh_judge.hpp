#pragma once
/// \file
/// A judge of a training: a network and trees that have never met the generator are asked whether
/// its songs can be told from the validation songs (judging/judge.hpp).
///
/// D cannot be asked: the generator was trained against it. Nor is the loss on validation songs an
/// answer. It counts how surprised the generator is by songs that it does not know, and of a small
/// collection that grows from the second epoch on, while the songs that it plays get better.

#include <mgan/dataset/songs.hpp>
#include <mgan/dataset/split.hpp>
#include <mgan/judging/judge.hpp>
#include <mgan/midi/song.hpp>
#include <mgan/training/epoch.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mgan::inline MGAN_ABI {

class FreshJudge {
public:
    /// Generated songs that it should be given.
    static constexpr std::ptrdiff_t kSongs = 500;
    /// Real songs of each part that it holds: of more, evenly spaced ones.
    static constexpr std::size_t kMostReal = 400;

    /// One that cannot judge.
    FreshJudge() { options.controls = options.reasons = false; }

    /// It learns from training songs and judges by validation songs, or, where those are fewer than
    /// three or the training songs themselves, by a third of the training songs. `parts`: indices
    /// into `songs`. Throws what reading songs throws.
    FreshJudge(const Songs& songs, const std::array<std::vector<std::size_t>, 3>& parts)
        : FreshJudge() {
        const auto read = [&](const std::vector<std::size_t>& part) {
            std::vector<judging::JudgedSong> judged;
            midi::Song memory;
            for (const std::size_t place : sample_places(part.size(), kMostReal))
                judged.push_back(judging::judged_song(songs.get(part[place], memory),
                                                      std::to_string(part[place])));
            judging::leave_out_short(judged);
            return judged;
        };
        real_.learn = read(parts[0]);
        if (parts[1] != parts[0]) real_.judge = read(parts[1]);
        if (real_.judge.size() < judging::kLeastJudge)
            judging::split_real(std::move(real_.learn), real_);
    }

    /// Whether songs of `length` notes can be judged at all: they are long enough, and so are
    /// enough real ones.
    [[nodiscard]] bool can_judge(std::int64_t length) const noexcept {
        return length >= static_cast<std::int64_t>(judging::kWindow) &&
               real_.learn.size() >= judging::kLeastLearn &&
               real_.judge.size() >= judging::kLeastJudge;
    }

    /// How the judges learn; threads are given with the songs.
    judging::JudgeOptions options;

    /// How well the songs can be told; nothing if fewer than ten of them are long enough. Threads
    /// change nothing.
    [[nodiscard]] std::optional<FreshJudgement> operator()(const std::vector<midi::Song>& generated,
                                                           int threads) const {
        judging::JudgedSongs songs = real_;
        for (const midi::Song& song : generated)
            songs.generated.push_back(
                judging::judged_song(song, std::to_string(songs.generated.size())));
        judging::leave_out_short(songs.generated);
        if (songs.generated.size() < judging::kLeastGenerated) return std::nullopt;
        judging::JudgeOptions how = options;
        how.threads = threads;
        const judging::Judgement judgement = judging::judge(std::move(songs), how);
        return FreshJudgement{judgement.network, judgement.statistics};
    }

private:
    judging::JudgedSongs real_;  ///< without generated ones
};

}  // namespace mgan::inline MGAN_ABI
