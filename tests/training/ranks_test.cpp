// A training on several ranks has the bytes of one process: for both kinds of heads, every variant,
// and any number of ranks, more than there are shards included. The ranks are threads here;
// tests/program/ranks_test.cpp has processes and MPI.
#include <mgan/hearing/make_ear.hpp>
#include <mgan/runs/checkpoint.hpp>
#include <mgan/runs/run_directory.hpp>
#include <mgan/settings/presets.hpp>
#include <mgan/training/shared_songs.hpp>

#include <support/catch.hpp>
#include <support/thread_ranks.hpp>
#include <support/training_lab.hpp>
#include <training/arpeggios.hpp>
#include <training/small_step_settings.hpp>

#include <mutex>

using namespace mgan;

namespace {

/// Three shards a minibatch, of 2, 2 and 1 songs.
Settings numeric(Variant variant, bool paper) {
    Settings settings = lab::small_preset(paper, variant);
    settings.adversarial.discriminator_warmup = 2;
    return settings;
}

/// Three shards of crops, of 2 songs; two of roll-outs, of 2 and 1.
Settings steps(Variant variant) {
    Settings s = mgan_test::learning_step_settings(variant);
    s.length = 16;
    s.batch = 6;
    s.shard_songs = 2;
    s.epoch_songs = 12;
    s.generator.input = s.generator.hidden = s.generator.head = 12;
    s.discriminator.input = s.discriminator.hidden = s.discriminator.answer = 8;
    s.pretrain.epochs = 1;
    s.pretrain.warmup = recommended_settings(variant).pretrain.warmup;
    s.adversarial.epochs = 2;
    s.adversarial.songs = 3;
    return s;
}

/// What is compared: model and checkpoint at the end, and what was reported on the way.
template <typename AnyTrainer>
std::string bytes_of(AnyTrainer& trainer) {
    std::string text;
    while (!trainer.finished()) {
        const auto report = trainer.run_epoch({});
        for (const auto& mean : report->metric_means) text += concat(mean.value_or(-1.0), " ");
        report->validation.visit(
            [&](const LossName&, const double& loss) { text += concat(loss, " "); });
    }
    for (const TensorFile& file : {make_checkpoint(trainer, 1)}) {
        const std::vector<std::byte> bytes = safetensors::serialize(file);
        text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
    return text;
}

/// The texts that make(ranks) gives on each of `size` ranks.
std::vector<std::string> on_ranks(int size, const std::function<std::string(Communicator&)>& make) {
    std::vector<std::string> texts(static_cast<std::size_t>(size));
    ranks::run_well(size, [&](Communicator& communicator) {
        texts[static_cast<std::size_t>(communicator.rank())] = make(communicator);
    });
    return texts;
}

}  // namespace

TEST_CASE("Ranks: numeric heads, every variant, both presets: the bytes are those of one process") {
    const DataSet data = lab::small_data(9);
    std::vector<Variant> variants = {Variant::c_rnn_gan, Variant::carnn_gan, Variant::carnn_mgan};
    if (kHasEar) variants.push_back(Variant::carnn_pf_mgan);
    for (const Variant variant : variants) {
        for (const bool paper : {false, true}) {
            const Settings settings = numeric(variant, paper);
            lab::Training alone(settings, data);
            alone.run();
            const std::string expected = alone.checkpoint_bytes();
            for (const int size : {2, 3, 4}) {
                CAPTURE(static_cast<int>(variant), paper, size);
                const auto found = on_ranks(size, [&](Communicator& communicator) {
                    lab::Training training(settings, data, communicator.rank() + 1, communicator);
                    training.run();
                    return training.checkpoint_bytes();
                });
                for (const std::string& bytes : found) CHECK(bytes == expected);
            }
        }
    }
}

TEST_CASE("Ranks: where a loss is not finite, all go back to the beginning of the epoch") {
    const DataSet data = lab::small_data(9);
    const Settings settings = numeric(Variant::carnn_mgan, false);
    const auto harmed = [&](Communicator& communicator) {
        lab::Training training(settings, data, 1, communicator);
        training.run(training.steps_per_epoch() + 1);
        training.harm(false);
        training.run();
        CHECK(training.rollbacks() == 1);
        return training.checkpoint_bytes();
    };
    const std::string expected = harmed(one_process());
    for (const std::string& bytes : on_ranks(3, harmed)) CHECK(bytes == expected);
}

TEST_CASE("Ranks: step heads, every variant: the bytes are those of one process") {
    const std::vector<midi::Song> songs = mgan_test::arpeggios(12);
    for (const Variant variant : {Variant::c_rnn_gan, Variant::carnn_gan, Variant::carnn_mgan}) {
        const Settings settings = steps(variant);
        StepTrainer<float> alone(settings, songs, 1);
        const std::string expected = bytes_of(alone);
        for (const int size : {2, 3, 5}) {
            CAPTURE(static_cast<int>(variant), size);
            const auto found = on_ranks(size, [&](Communicator& communicator) {
                StepTrainer<float> trainer(settings, data_set_of(songs), communicator.rank() + 1,
                                           communicator);
                return bytes_of(trainer);
            });
            for (const std::string& bytes : found) CHECK(bytes == expected);
        }
    }
}

TEST_CASE("Ranks: songs that are generated together arrive whole, on every rank, in their order") {
    const std::vector<midi::Song> arpeggios = mgan_test::arpeggios(5);
    std::vector<midi::Song> all = arpeggios;
    all[1].title = "Präludium";
    all[2].tempo = {{0, 400'000}, {96, 700'000}};
    all[3].notes.clear();
    for (const int size : {1, 2, 3, 7}) {
        CAPTURE(size);
        std::mutex mutex;
        std::vector<int> generated(all.size());
        ranks::run_well(size, [&](Communicator& communicator) {
            const auto songs =
                share_songs(communicator, std::ssize(all), [&](Index first, Index count) {
                    const std::lock_guard lock(mutex);
                    for (Index i = first; i < first + count; ++i)
                        ++generated[static_cast<std::size_t>(i)];
                    return std::vector<midi::Song>(all.begin() + first,
                                                   all.begin() + first + count);
                });
            if (songs != all) throw Error("other songs");
        });
        CHECK(generated == std::vector<int>(all.size(), 1));
    }
}

TEST_CASE("Ranks: a run directory has the files of one process, written by one rank") {
    const DataSet data = lab::small_data(9);
    const Settings settings = numeric(Variant::c_rnn_gan, false);
    const lab::TemporaryFolder alone;
    lab::Training training(settings, data);
    REQUIRE(training.run_in(alone / "run", false));
    const lab::TemporaryFolder shared;
    ranks::run_well(3, [&](Communicator& communicator) {
        lab::Training part(settings, data, 1, communicator);
        // The folders of other ranks are not used.
        const auto place = shared / concat("run", communicator.rank());
        if (part.run_in(place, false, 5)) throw Error("not stopped");
    });
    CHECK_FALSE(std::filesystem::exists(shared / "run1"));
    CHECK_FALSE(std::filesystem::exists(shared / "run2"));
    ranks::run_well(2, [&](Communicator& communicator) {
        lab::Training part(settings, data, 1, communicator);
        if (!part.run_in(shared / concat("run", communicator.rank()), true))
            throw Error("not at the end");
    });
    for (const char* file : {"model.safetensors", "checkpoint.safetensors", "config.json",
                             "split.tsv", "songs/song-01.mid"}) {
        CAPTURE(file);
        REQUIRE(std::filesystem::exists(alone / concat("run/", file)));
        CHECK((lab::read_text(shared / concat("run0/", file)) ==
               lab::read_text(alone / concat("run/", file))));
    }
    CHECK_FALSE(std::filesystem::exists(shared / "run1"));
}
