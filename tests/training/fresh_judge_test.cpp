// Which generator a training with step heads keeps: a judge that is fitted afresh says it, not D.

#include <mgan/training/fresh_judge.hpp>
#include <mgan/training/step_trainer.hpp>

#include <support/catch.hpp>
#include <training/arpeggios.hpp>
#include <training/small_step_settings.hpp>

#include <numeric>
#include <utility>
#include <vector>

using namespace mgan;
using mgan_test::arpeggios;

namespace {

/// The first `learnt` songs are learnt from, the others judge.
SongParts parts_of(std::size_t songs, std::size_t learnt) {
    SongParts parts;
    for (std::size_t i = 0; i < songs; ++i) parts[i < learnt ? 0 : 1].push_back(i);
    return parts;
}

/// The figures with every second note a semitone lower.
std::vector<midi::Song> out_of_tune(std::vector<midi::Song> songs) {
    for (midi::Song& song : songs)
        for (std::size_t i = 0; i < song.notes.size(); i += 2) song.notes[i].pitch -= 1;
    return songs;
}

/// Judges that learn in a moment.
void make_quick(FreshJudge& judge) {
    judge.options.seeds = 1;
    judge.options.training.steps = 40;
    judge.options.training.batch = 16;
    judge.options.training.sizes = {
        .embedding = 16, .channels = 16, .hidden = 12, .head = 16, .width = 5};
    judge.options.boosting.rounds = 40;
}

/// Songs of 100 notes, the fewest that are judged.
Settings judged_settings() {
    Settings settings = mgan_test::learning_step_settings();
    settings.length = 100;
    settings.adversarial.pretrain_weight = 0.0;
    settings.adversarial.average = 0.0;
    return settings;
}

}  // namespace

TEST_CASE("Fresh judge: songs of one kind are not told, others are, whatever the threads") {
    const std::vector<midi::Song> real = arpeggios(60);
    FreshJudge judge(Songs(real), parts_of(60, 30));
    make_quick(judge);
    REQUIRE(judge.can_judge(100));
    CHECK_FALSE(judge.can_judge(99));

    const auto verdict = judge(out_of_tune(arpeggios(40)), 1);
    REQUIRE(verdict.has_value());
    CHECK(verdict->network.auc > 0.8);
    CHECK(verdict->statistics.auc > 0.95);
    CHECK(verdict->auc() == (verdict->network.auc + verdict->statistics.auc) / 2.0);
    CHECK(judge(out_of_tune(arpeggios(40)), 3)->auc() == verdict->auc());
    CHECK(judge(real, 1)->auc() < 0.8);
    CHECK_FALSE(judge(arpeggios(9), 1).has_value());
}

TEST_CASE("Fresh judge: where few songs validate, a third of the training songs judges") {
    const std::vector<midi::Song> few = arpeggios(11), ten = arpeggios(10);
    CHECK(FreshJudge(Songs(few), parts_of(11, 9)).can_judge(100));
    // Of eight, two would judge.
    CHECK_FALSE(FreshJudge(Songs(ten), parts_of(10, 8)).can_judge(100));
    // Where nobody validates, the training songs themselves are named a second time: nothing is
    // judged by what it was learnt from.
    SongParts same = parts_of(8, 8);
    same[1] = same[0];
    CHECK_FALSE(FreshJudge(Songs(ten), same).can_judge(100));
    std::vector<midi::Song> brief = arpeggios(11);
    for (midi::Song& song : brief) song.notes.resize(99);
    CHECK_FALSE(FreshJudge(Songs(brief), parts_of(11, 9)).can_judge(100));
}

TEST_CASE("Fresh judge: a phase that makes the songs worse is not kept, and D is still there") {
    Settings settings = judged_settings();
    settings.adversarial.learning_rate = 1.0;  // far too much
    settings.pretrain.epochs = 2;
    StepTrainer<float> trainer(settings, arpeggios(40), 2);
    make_quick(trainer.judge());
    std::vector<EpochReport> reports;
    while (!trainer.finished()) reports.push_back(*trainer.run_epoch({}));
    REQUIRE(reports.size() == 3);
    CHECK_FALSE(reports[0].judged.has_value());
    REQUIRE(reports[1].judged.has_value());
    REQUIRE(reports[2].judged.has_value());
    CHECK(reports[2].judged->auc() > reports[1].judged->auc());
    CHECK(reports[0].best);
    CHECK(reports[1].best);
    CHECK_FALSE(reports[2].best);
    CHECK_FALSE(trainer.kept_is_adversarial());
    CHECK(trainer.begun_adversarial());
    CHECK(flat_parameters<float>(trainer.kept()) == flat_parameters<float>(trainer.nets().best));
    CHECK(flat_parameters<float>(trainer.kept()) !=
          flat_parameters<float>(trainer.nets().generator.net));
}

TEST_CASE("Fresh judge: a phase that makes the songs better is kept") {
    Settings settings = judged_settings();
    settings.pretrain.epochs = 1;
    settings.pretrain.learning_rate = 1e-4;  // hardly anything is learnt before
    settings.adversarial.pretrain_weight = 1.0;
    settings.adversarial.learning_rate = 2e-2;
    settings.adversarial.generator_steps = 4;
    StepTrainer<float> trainer(settings, arpeggios(40), 2);
    make_quick(trainer.judge());
    const EpochReport before = *trainer.run_epoch({});
    CHECK(before.best);
    CHECK_FALSE(trainer.kept_is_adversarial());
    const EpochReport after = *trainer.run_epoch({});
    REQUIRE(before.judged.has_value());
    REQUIRE(after.judged.has_value());
    CHECK(after.judged->auc() < before.judged->auc());
    CHECK(after.best);
    CHECK(trainer.kept_is_adversarial());
}
