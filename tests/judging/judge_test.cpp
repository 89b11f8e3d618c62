// The judge as a whole: verdicts, copying, controls.

#include <mgan/judging/judge.hpp>
#include <support/catch.hpp>

using namespace mgan::judging;
using Catch::Matchers::Contains;
using mgan::Random;

namespace {

/// A walk of steps within an octave and a half, with a rhythm of fours and eights: a "real" song.
JudgedSong tune(std::uint64_t number, std::size_t count = 160) {
    JudgedSong song{mgan::concat("tune ", number), {}};
    const Random random(number, "tune");
    int pitch = 60;
    for (std::size_t i = 0; i < count; ++i) {
        const auto draw = [&](std::uint64_t what, std::uint64_t options) {
            return static_cast<int>(random.integer(4 * i + what, options));
        };
        pitch += draw(0, 5) - 2;
        pitch = std::clamp(pitch, 52, 70);
        const int gap = draw(1, 3) == 0 ? 8 : 4;
        song.notes.push_back({i == 0 ? 0 : gap, gap, pitch, 64 + 4 * draw(3, 4)});
    }
    return song;
}

std::vector<JudgedSong> tunes(std::uint64_t first, std::size_t count) {
    std::vector<JudgedSong> songs;
    for (std::size_t i = 0; i < count; ++i) songs.push_back(tune(first + i));
    return songs;
}

/// Judges that learn in a moment.
JudgeOptions quick() {
    JudgeOptions options;
    options.seeds = 2;
    options.training.steps = 60;
    options.training.batch = 16;
    options.training.sizes = {
        .embedding = 16, .channels = 16, .hidden = 12, .head = 16, .width = 5};
    options.boosting.rounds = 40;
    return options;
}

}  // namespace

TEST_CASE("separation: accuracy is balanced, and AUC counts ties half") {
    std::vector<JudgedWindow> windows;
    for (std::size_t i = 0; i < 8; ++i) windows.push_back({1.0, true, i});
    windows.push_back({-1.0, false, 0});
    windows.push_back({1.0, false, 1});
    CHECK(shares_right(windows).real == 1.0);
    CHECK(shares_right(windows).generated == 0.5);
    CHECK(verdict(windows).accuracy == 0.75);
    CHECK(auc(windows) == 0.75);
    CHECK(auc(std::vector<double>{1, 2, 3}, std::vector<double>{0, 2}) == Approx(4.5 / 6.0));
    CHECK(auc(std::vector<double>{}, std::vector<double>{1}) == 0.5);
}

TEST_CASE("separation: the interval is drawn over songs, so windows of one song count once") {
    // 40 songs of each side, half of them judged right, in one window or in ten equal ones.
    const auto interval = [](std::size_t copies) {
        std::vector<JudgedWindow> windows;
        for (std::size_t song = 0; song < 80; ++song) {
            for (std::size_t k = 0; k < copies; ++k)
                windows.push_back({song % 2 == 0 ? 1.0 : -1.0, song < 40, song});
        }
        return verdict(windows);
    };
    const Verdict one = interval(1), ten = interval(10);
    CHECK(one.accuracy == 0.5);
    CHECK(one.low == Approx(0.5 - 1.96 * 0.5 / std::sqrt(80.0)).margin(0.02));
    CHECK(one.high == Approx(0.5 + 1.96 * 0.5 / std::sqrt(80.0)).margin(0.02));
    CHECK(ten.low == one.low);
    CHECK(ten.high == one.high);
}

TEST_CASE("copying: a transposed passage is found with its file and its length") {
    const std::vector<JudgedSong> training = tunes(0, 10);
    std::vector<JudgedSong> generated = tunes(100, 5);
    const std::vector<JudgedSong> real = tunes(200, 5);
    CHECK(copying(training, real, generated).longest.notes < 12);
    for (std::size_t i = 0; i < 31; ++i) {
        generated[2].notes[40 + i] = training[7].notes[90 + i];
        generated[2].notes[40 + i].pitch += 5;
    }
    // The moves on both sides of the passage are no copies.
    generated[2].notes[40].gap = generated[2].notes[71].gap = 11;
    const Copying result = copying(training, real, generated);
    CHECK(result.longest.notes == 31);
    CHECK(result.longest.generated == "tune 102");
    CHECK(result.longest.generated_begin == 40);
    CHECK(result.longest.training == "tune 7");
    CHECK(result.longest.training_begin == 90);
    CHECK(result.shares[2].length == 24);
    CHECK(result.shares[2].generated == Approx(7.0 / (5.0 * 136.0)));
    CHECK(result.shares[2].real == 0.0);
    CHECK(copying(training, real, training).shares[1].generated == 1.0);
}

TEST_CASE("copying: songs that are too short to be judged may have been copied") {
    JudgedSongs songs;
    split_real(tunes(0, 30), songs);
    const std::size_t long_ones = songs.learn.size(), judging = songs.judge.size();
    std::vector<JudgedSong> real = tunes(0, 30);
    real.insert(real.begin() + 10, tune(99, 90));
    split_real(real, songs);
    CHECK(songs.learn.size() == long_ones + 1);
    CHECK(songs.judge.size() == judging);
    songs.generated = tunes(2000, 12);
    JudgeOptions options = quick();
    options.controls = false;
    const Judgement before = judge(songs, options);
    CHECK(before.copied.longest.notes < 20);
    for (std::size_t i = 0; i < 40; ++i)
        songs.generated[3].notes[20 + i] = songs.learn.back().notes[30 + i];
    const Judgement after = judge(songs, options);
    CHECK(after.copied.longest.notes >= 40);
    CHECK(after.copied.longest.training == "tune 99");
    CHECK(after.learned_songs == long_ones);
}

TEST_CASE("judge: shuffled songs are told, songs of one source are not, whatever the threads") {
    JudgedSongs songs{tunes(0, 60), tunes(1000, 40), tunes(2000, 60)};
    JudgeOptions options = quick();
    options.threads = 1;
    const Judgement same = judge(songs, options);
    CHECK(same.real_songs == 40);
    CHECK(same.generated_songs == 60);
    CHECK(same.learned_songs == 60);
    CHECK(same.network.accuracy == Approx(0.5).margin(0.12));
    CHECK(same.statistics.accuracy == Approx(0.5).margin(0.12));
    CHECK(same.network.low <= same.network.accuracy);
    CHECK(same.network.high >= same.network.accuracy);
    CHECK(same.real_real.statistics == Approx(0.5).margin(0.15));
    CHECK(same.real_real.network == Approx(0.5).margin(0.15));
    CHECK(same.shuffled.statistics > 0.95);
    CHECK(same.shuffled.network > 0.9);
    CHECK(same.give_aways.size() == statistics().size());
    CHECK(same.give_aways.front().auc < 0.7);
    CHECK(same.group_accuracy.size() == kStatisticGroups.size());

    options.threads = 3;
    const Judgement again = judge(songs, options);
    CHECK(again.network.auc == same.network.auc);
    CHECK(again.statistics.auc == same.statistics.auc);
    CHECK(again.shuffled.network == same.shuffled.network);
}

TEST_CASE("judge: what gives songs away is named first") {
    JudgedSongs songs{tunes(0, 30), tunes(1000, 20), tunes(2000, 40)};
    for (JudgedSong& song : songs.generated) {
        for (JudgedNote& note : song.notes) note.velocity = 90;
    }
    JudgeOptions options = quick();
    options.controls = false;
    const Judgement result = judge(songs, options);
    CHECK(result.network.accuracy > 0.95);
    CHECK(result.statistics.accuracy > 0.95);
    CHECK_THAT(result.give_aways.front().name, Contains("velocity"));
    CHECK(result.give_aways.front().auc == 1.0);
    CHECK(result.group_accuracy.front().second == 1.0);
    CHECK(result.group_accuracy.back().first != StatisticGroup::velocities);

    options.reasons = false;  // the same verdicts, sooner
    const Judgement verdicts = judge(songs, options);
    CHECK(verdicts.network.auc == result.network.auc);
    CHECK(verdicts.statistics.auc == result.statistics.auc);
    CHECK(verdicts.real_songs == result.real_songs);
    CHECK(verdicts.learned_songs == result.learned_songs);
    CHECK(verdicts.give_aways.empty());
    CHECK(verdicts.group_accuracy.empty());
}

TEST_CASE("judge: too few songs, or too short ones, are refused with what to do") {
    const JudgeOptions options = quick();
    CHECK_THROWS_WITH(judge({tunes(0, 30), tunes(100, 20), tunes(200, 9)}, options),
                      Contains("10 generated songs of 100 notes") && Contains("found 9") &&
                          Contains("mgan generate --count 200 --length 100"));
    CHECK_THROWS_WITH(judge({tunes(0, 5), tunes(100, 20), tunes(200, 30)}, options),
                      Contains("found 5 and 20") && Contains("more music"));
    std::vector<JudgedSong> brief;
    for (std::uint64_t i = 0; i < 30; ++i) brief.push_back(tune(i, 99));
    CHECK_THROWS_AS(judge({tunes(0, 30), tunes(100, 20), brief}, options), mgan::DataError);
}

TEST_CASE(
    "judge: without a run, files are split two thirds to one third, songs of a file together") {
    std::vector<JudgedSong> real = tunes(0, 30);
    for (std::uint64_t i = 0; i < 30; ++i) {
        real.push_back(tune(500 + i));
        real.back().file = mgan::concat("tune ", i);
    }
    // Too short to be judged; the second is of a file that judges or that is learnt from.
    real.push_back(tune(900, 50));
    real.push_back(tune(3, 50));
    JudgedSongs songs;
    split_real(real, songs);
    CHECK(songs.judge.size() == 20);
    const auto is_third = [](const JudgedSong& song) { return song.file == "tune 3"; };
    const bool judges = std::any_of(songs.judge.begin(), songs.judge.end(), is_third);
    CHECK(songs.learn.size() == (judges ? 41 : 42));
    for (const JudgedSong& judged : songs.judge) {
        for (const JudgedSong& learned : songs.learn) CHECK(judged.file != learned.file);
    }
}

TEST_CASE("judge: notes are read on the grid, without drums, in order of onset and pitch") {
    mgan::midi::Song song;
    song.notes = {
        {100, 90, 64, 70, 0}, {97, 3, 60, 80, 0}, {101, 50, 40, 99, 9}, {200, 11, 62, 1, 1}};
    const JudgedSong judged = judged_song(song, "a.mid");
    CHECK(judged.notes == std::vector<JudgedNote>{{0, 1, 60, 80}, {0, 4, 64, 70}, {4, 1, 62, 1}});
    CHECK(judged.file == "a.mid");
}
